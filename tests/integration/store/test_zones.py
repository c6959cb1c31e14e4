"""In which zone a shop's DATETIMEs are read, on servers that were started in one."""

import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import pytest
import structlog
from fakes.waiting import wait_until

from binlog_watcher.clock import ServerClock
from binlog_watcher.demo import sample_shop
from binlog_watcher.demo.server import Server, private_server
from binlog_watcher.errors import ConfigError, ZoneError
from binlog_watcher.service import regular_tasks
from binlog_watcher.settings.connection import ConnectionSettings
from binlog_watcher.shop.presets import SAMPLE
from binlog_watcher.store.database import Database
from binlog_watcher.store.shop_tables.open_carts import CartScan
from binlog_watcher.store.shop_tables.shop import Shop
from binlog_watcher.store.zones import shop_zone

if TYPE_CHECKING:
    from binlog_watcher.demo.programs import Flavor

NAME = "shop_of_zones"
OpenShop = Callable[..., Shop]


@pytest.fixture(scope="module", params=["mysql", "mariadb"])
def zoned_server(request: pytest.FixtureRequest) -> Iterator[Server]:
    """A server that the tests of this module restart in another zone."""
    flavor: Flavor = request.param
    with private_server(flavor) as server:
        with server.connect() as connection, connection.cursor() as cursor:
            cursor.execute(f"CREATE DATABASE {NAME}")
        with server.connect() as connection:
            sample_shop.create(connection, NAME, users=())
        yield server


@pytest.fixture
def in_zone(zoned_server: Server, monkeypatch: pytest.MonkeyPatch) -> Callable[[str], Server]:
    """Restart the server with this TZ."""

    def restart(zone: str) -> Server:
        monkeypatch.setenv("TZ", zone)
        zoned_server.restart()
        return zoned_server

    return restart


@pytest.fixture
def open_shop(zoned_server: Server) -> Iterator[OpenShop]:
    """A new Cartwake on the shop, whose moments have these types; the shop is empty."""
    opened: list[Database] = []

    def make(cart: str = "DATETIME", order: str = "DATETIME", timezone: str | None = None) -> Shop:
        run(zoned_server, f"ALTER TABLE cart MODIFY created_at {cart} NOT NULL DEFAULT CURRENT_TIMESTAMP")
        run(zoned_server, f"ALTER TABLE orders MODIFY created_at {order} NOT NULL DEFAULT CURRENT_TIMESTAMP")
        for table in ("cart", "orders"):
            run(zoned_server, f"TRUNCATE {table}")
        settings = ConnectionSettings(
            host=zoned_server.host, port=zoned_server.port, user=zoned_server.user,
            password=zoned_server.password, database=NAME,
        )  # fmt: skip
        opened.append(Database(settings))
        return Shop(opened[-1], SAMPLE, timezone=timezone)

    yield make
    for database in opened:
        database.close()


def run(server: Server, *statements: str) -> list[tuple[Any, ...]]:
    """In one session, as the shop's: in the server's own zone."""
    with server.connect(database=NAME) as connection, connection.cursor() as cursor:
        for statement in statements:
            cursor.execute(statement)
        return list(cursor.fetchall())


def bought(shop: Shop) -> bool:
    """Whether the one cart has been bought, as it is read one by one and with all carts."""
    loaded = shop.load([1], hash_address=lambda _: b"", logged=lambda *_: {}, recipients=lambda *_: {})
    by_key = not loaded.carts[1].lines
    assert by_key is not any(CartScan(shop).open_carts(0))
    return by_key


@pytest.mark.parametrize(("zone", "name"), [
    ("EST4", "EST"), ("GMT-1", "GMT"), ("MST6", "MST"), ("Europe/Berlin", "CET|CEST"), ("GMT0", "GMT"),
])  # fmt: skip
def test_an_abbreviation_is_refused_where_datetime_meets_timestamp(
    in_zone: Callable[[str], Server], open_shop: OpenShop, zone: str, name: str
) -> None:
    in_zone(zone)
    for cart, order in (("DATETIME", "TIMESTAMP"), ("TIMESTAMP", "DATETIME")):
        with pytest.raises(ConfigError, match=rf"time zone '({name})' does not say.*set SHOP_TIMEZONE"):
            open_shop(cart, order)
    open_shop("DATETIME", "TIMESTAMP", timezone="Europe/Berlin")  # with the setting it starts
    with structlog.testing.capture_logs() as logs:
        open_shop("TIMESTAMP", "TIMESTAMP")
        assert logs == [], "no column of this shop needs a zone"
        open_shop("DATETIME", "DATETIME")
    assert [entry["event"] for entry in logs] == ["time.zone_unnamed"]


def test_utc_and_a_number_are_exact(in_zone: Callable[[str], Server], open_shop: OpenShop) -> None:
    server = in_zone("UTC")
    assert open_shop("DATETIME", "TIMESTAMP").cart_time.zone is UTC
    for number, hours in (("+02:00", 2), ("-03:30", -3.5)):
        run(server, f"SET GLOBAL time_zone = '{number}'")
        shop = open_shop("DATETIME", "TIMESTAMP")
        assert shop.cart_time.zone.utcoffset(None) == timedelta(hours=hours)
        run(server, "INSERT INTO cart (user_id, product_id) VALUES (1, 1)")
        assert not bought(shop)
        run(server, "INSERT INTO orders (user_id, total_amount) VALUES (1, 1)")
        assert bought(shop)


def test_an_order_after_the_cart_counts_on_a_server_with_tz_gmt_1(
    in_zone: Callable[[str], Server], open_shop: OpenShop
) -> None:
    """The cart is 70 minutes old, its order 65: read an hour late the cart was younger than its order."""
    server = in_zone("GMT-1")
    shop = open_shop("DATETIME", "TIMESTAMP", timezone="Etc/GMT-1")
    run(
        server, "INSERT INTO cart (user_id, product_id, created_at) VALUES (1, 1, NOW() - INTERVAL 70 MINUTE)"
    )
    assert not bought(shop)
    run(
        server,
        "INSERT INTO orders (user_id, total_amount, created_at) VALUES (1, 1, NOW() - INTERVAL 65 MINUTE)",
    )
    assert bought(shop)


def test_a_server_tells_when_its_clock_changes(in_zone: Callable[[str], Server], open_shop: OpenShop) -> None:
    """Berlin has no name on a server whose zone is SYSTEM, and is read like Berlin all the same."""
    in_zone("Europe/Berlin")
    shop = open_shop()
    named = open_shop(timezone="Europe/Berlin")
    hour = timedelta(hours=1)
    value = datetime.now(UTC).replace(tzinfo=None) - timedelta(days=380)
    for _ in range(760 * 24):
        value += hour
        assert shop.cart_time.to_us(value) == named.cart_time.to_us(value), value
        assert shop.cart_time.earliest_us(value) == named.cart_time.earliest_us(value), value
    with shop.database.session() as session:
        assert shop_zone(session, None).exact is False


def test_an_order_in_the_repeated_hour_is_later_than_its_cart(
    in_zone: Callable[[str], Server], open_shop: OpenShop
) -> None:
    """The server's clock goes from 2:59:58 back to 2:00:02 between the cart and its order."""
    server = in_zone("Europe/Berlin")
    shop = open_shop()
    change = int(datetime(2026, 10, 25, 1, tzinfo=UTC).timestamp())
    run(server, f"SET timestamp = {change - 2}", "INSERT INTO cart (user_id, product_id) VALUES (1, 1)")
    run(server, f"SET timestamp = {change + 2}", "INSERT INTO orders (user_id, total_amount) VALUES (1, 1)")
    assert run(server, "SELECT c.created_at > o.created_at FROM cart c, orders o") == [(1,)]
    assert bought(shop)


@pytest.mark.parametrize(("order_type", "cart", "order"), [
    ("TIMESTAMP", "2026-10-25 02:30:00", "2026-10-25 00:45:00"),  # the order's is UTC
    ("DATETIME", "2026-10-25 02:50:00", "2026-10-25 02:10:00"),
])  # fmt: skip
def test_in_doubt_a_cart_is_older_than_its_order(
    in_zone: Callable[[str], Server], open_shop: OpenShop, order_type: str, cart: str, order: str
) -> None:
    server = in_zone("UTC")
    shop = open_shop("DATETIME", order_type, timezone="Europe/Berlin")
    run(server, f"INSERT INTO cart (user_id, product_id, created_at) VALUES (1, 1, '{cart}')")
    assert not bought(shop)
    run(server, f"INSERT INTO orders (user_id, total_amount, created_at) VALUES (1, 1, '{order}')")
    assert bought(shop)


def test_daylight_saving_may_end_while_running(in_zone: Callable[[str], Server], open_shop: OpenShop) -> None:
    """A zone made for this test: its summer ends some seconds after the server's start."""
    end = datetime.now(UTC) + timedelta(hours=2, seconds=25)  # by its summer's clock
    server = in_zone(f"WIN-1SUM-2,{day(end - timedelta(days=100))}/0,{day(end)}/{end:%H:%M:%S}")
    shop = open_shop()
    assert offset(server) == 2, "the server needed longer than its summer"
    run(server, "INSERT INTO cart (user_id, product_id) VALUES (1, 1)")
    before = shop.load([1], hash_address=lambda _: b"", logged=lambda *_: {}, recipients=lambda *_: {}).carts[
        1
    ]
    wait_until(lambda: offset(server) == 1, 60)
    after = shop.load([1], hash_address=lambda _: b"", logged=lambda *_: {}, recipients=lambda *_: {}).carts[
        1
    ]
    ((created,),) = run(server, "SELECT created_at FROM cart")
    assert abs((shop.cart_time.earliest_us(created) or 0) / 1e6 - time.time()) < 120, (
        "read by the summer's clock"
    )
    assert after.version == before.version, "the same episode, and no second mail"
    assert shop.zone_problem() is None, "it was told before"
    run(server, "INSERT INTO orders (user_id, total_amount) VALUES (1, 1)")
    assert bought(shop)


def day(moment: datetime) -> str:
    """As POSIX counts days: without the 29th of February."""
    leap = moment.month > 2 and moment.year % 4 == 0
    return f"J{moment.timetuple().tm_yday - leap}"


def offset(server: Server) -> int:
    ((hours,),) = run(server, "SELECT ROUND(TIMESTAMPDIFF(SECOND, UTC_TIMESTAMP(), NOW()) / 3600)")
    return int(hours)


async def test_a_zone_that_changes_while_running_ends_the_service(
    in_zone: Callable[[str], Server], open_shop: OpenShop, monkeypatch: pytest.MonkeyPatch
) -> None:
    server = in_zone("UTC")
    monkeypatch.setattr(regular_tasks, "CLOCK_INTERVAL_S", 0.01)
    shop = open_shop("DATETIME", "TIMESTAMP")
    run(server, "SET GLOBAL time_zone = '+01:00'")
    with pytest.raises(ZoneError, match=r"\+1 h from UTC now.*SHOP_TIMEZONE"):
        await regular_tasks.keep_time(ServerClock(), shop)
    run(server, "SET GLOBAL time_zone = 'SYSTEM'")
    alike = open_shop("DATETIME", "DATETIME")
    run(server, "SET GLOBAL time_zone = '+01:00'")
    with structlog.testing.capture_logs() as logs:
        assert [alike.zone_problem(), alike.zone_problem()] == [None, None], "both are off alike"
    assert [entry["event"] for entry in logs] == ["time.zone_changed"]
