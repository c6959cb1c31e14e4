"""What the account may do: the rights that the advice gives, and a server that takes them away while Cartwake runs."""

import asyncio
import contextlib
import re
from collections.abc import Callable, Iterator
from decimal import Decimal
from typing import Any

import pytest
import structlog
from fakes.mail_server import MailServer
from fakes.recovering import abandon, recovering, settings_of
from fakes.running_service import following
from fakes.waiting import until

from binlog_watcher.answers.erase import erase_person
from binlog_watcher.answers.person import Whom
from binlog_watcher.commands.export import export
from binlog_watcher.commands.grants import grants
from binlog_watcher.commands.report import read_report
from binlog_watcher.demo.server import Server
from binlog_watcher.errors import ConfigError, DatabaseUnavailableError
from binlog_watcher.service import write_check as write_check_module
from binlog_watcher.service.service import opened
from binlog_watcher.settings.grants import OWN_TABLES, OWN_VIEWS, Grants
from binlog_watcher.settings.settings import Settings
from binlog_watcher.shop.presets import SAMPLE
from binlog_watcher.store.own_tables import visits

CLERK = "'clerk'@'127.0.0.1'"
OWNERS_TABLE = (
    "CREATE TABLE cart_abandonment_log (id INT AUTO_INCREMENT PRIMARY KEY, user_id INT NOT NULL, "
    "cart_total DECIMAL(10,2) NOT NULL, email_sent BOOLEAN NOT NULL DEFAULT FALSE, "
    "created_at TIMESTAMP DEFAULT CURRENT_TIMESTAMP)"
)
MYSQL_ONLY = pytest.mark.parametrize("server", ["mysql"], indirect=True)


@pytest.fixture
def clerk(server: Server, fresh_database: str) -> Iterator[Callable[[str], None]]:
    """An account without any rights; call it with statements to run as root, such as its GRANTs."""

    def run(statements: str) -> None:
        with server.connect(database=fresh_database) as connection, connection.cursor() as cursor:
            code = re.sub(r"^--.*$", "", statements, flags=re.MULTILINE)
            for statement in filter(None, map(str.strip, code.split(";"))):
                cursor.execute(statement)

    run(f"CREATE USER {CLERK} IDENTIFIED BY 'clerk-pass'")
    yield run
    run(f"DROP USER {CLERK}")


def clerks(shop: Any, smtp: MailServer, **settings: str) -> Settings:
    return settings_of(
        shop,
        smtp,
        **{
            "MYSQL_USER": "clerk", "MYSQL_PASSWORD": "clerk-pass", "ABANDONMENT_THRESHOLD_MINUTES": "0.02",
            "CHECK_INTERVAL_SECONDS": "1",
        } | settings,
    )  # fmt: skip


def grants_of(shop: Any, *, writes: bool = True) -> Grants:
    return Grants("clerk", "127.0.0.1", shop.name, tuple(SAMPLE.tables()), writes=writes)


def all_rights(shop: Any) -> str:
    return " ".join(grants_of(shop).statements())


async def test_whoever_follows_the_advice_gets_mails_sent(
    bare_shop: Any, smtp: MailServer, clerk: Callable[[str], None]
) -> None:
    """From an account without any rights to a whole recovery, by nothing but what the messages say."""
    shop = bare_shop()
    settings = clerks(shop, smtp)
    shop.user(1, "user1@example.com")
    smtp.answer("RCPT", "user1@example.com", "451 later")
    with pytest.raises(ConfigError, match="`cartwake grants`"):
        async with opened(settings):
            pass
    clerk(grants(settings, "clerk@127.0.0.1").script())
    async with following(settings) as service:
        shop.add(1, 1, minutes_ago=0)
        await until(lambda: [row["status"] for row in shop.log()] == ["retry"])
        shop.run("UPDATE cart_abandonment_log SET next_attempt_at = UTC_TIMESTAMP(6)")
        await until(lambda: [row["status"] for row in shop.log()] == ["sent"])
        assert service.is_ready()
    assert len(smtp.mails_to("user1@example.com")) == 1
    report = await asyncio.to_thread(read_report, settings, days=Decimal(1), limit=20)
    assert report is not None
    assert report.figures is not None
    assert [(row.status, row.carts) for row in report.figures.outcomes] == [("sent", 1)]


async def test_the_same_rights_upgrade_what_is_there(
    bare_shop: Any, smtp: MailServer, clerk: Callable[[str], None]
) -> None:
    shop = bare_shop()
    shop.run(OWNERS_TABLE)
    shop.run("INSERT INTO cart_abandonment_log (user_id, cart_total, email_sent) VALUES (7, 1, 1)")
    clerk(all_rights(shop))
    async with opened(clerks(shop, smtp)):
        assert [row["status"] for row in shop.log()] == ["sent"]
    # Another preset has other views.
    shop.run("UPDATE cart_abandonment_meta SET value = 'older' WHERE name = 'views'")
    async with opened(clerks(shop, smtp)):
        pass


async def test_the_same_rights_hand_out_and_erase_a_person(
    shop: Any, smtp: MailServer, clerk: Callable[[str], None]
) -> None:
    clerk(all_rights(shop))
    abandon(shop, [7])
    async with recovering(shop, smtp, MYSQL_USER="clerk", MYSQL_PASSWORD="clerk-pass") as cartwake:
        await cartwake.recover(7)
        for flag in ("head", None):
            visits.record(cartwake.resources.database, shop.log()[0]["id"], "cart", 0, flag, max_age_s=None)
        shop.run(
            "INSERT INTO cart_abandonment_cart (shop, cart_key) VALUES (%s, '7')",
            (cartwake.resources.episodes.shop_id,),
        )
        shop.add(7, 2, minutes_ago=50)
        whom = Whom(address="user7@example.com")
        assert len(export(cartwake.settings, whom).tables["cart_abandonment_log"]) == 1
        done = erase_person(cartwake.settings, whom).done
    assert (done.rows, done.clicks, done.notes, done.marked) == (1, 1, 1, 1)


async def test_an_account_that_may_only_read_is_refused(
    shop: Any, smtp: MailServer, clerk: Callable[[str], None]
) -> None:
    clerk(" ".join(grants_of(shop, writes=False).statements()))
    with pytest.raises(ConfigError, match="lacks SELECT, INSERT, UPDATE, CREATE, ALTER on") as caught:
        async with opened(clerks(shop, smtp)):
            pass
    (problem,) = caught.value.problems
    assert all(f"{shop.name}.{name}" in problem for name in (*OWN_TABLES, *OWN_VIEWS))
    async with opened(clerks(shop, smtp, DRY_RUN="true")):
        pass


async def test_without_the_right_to_create_all_that_is_missing_is_named(
    bare_shop: Any, smtp: MailServer, clerk: Callable[[str], None]
) -> None:
    shop = bare_shop()
    clerk(all_rights(shop))
    for view in OWN_VIEWS:
        clerk(f"REVOKE CREATE VIEW ON `{shop.name}`.{view} FROM {CLERK}")
    with pytest.raises(ConfigError, match="CREATE VIEW command denied") as caught:
        async with opened(clerks(shop, smtp)):
            pass
    assert "it lacks CREATE VIEW on" in str(caught.value)
    assert all(f"{shop.name}.{view}" in str(caught.value) for view in OWN_VIEWS)
    clerk(all_rights(shop))
    async with opened(clerks(shop, smtp)):
        pass


@contextlib.contextmanager
def asked_often(monkeypatch: pytest.MonkeyPatch, *, patience_s: float = 60) -> Iterator[list[Any]]:
    monkeypatch.setattr(write_check_module, "ASK_S", 0.1)
    monkeypatch.setattr(write_check_module, "PATIENCE_S", patience_s)
    with structlog.testing.capture_logs() as logs:
        yield logs


@pytest.fixture
def variables(server: Server) -> Iterator[Callable[[str, str], None]]:
    """Sets global variables; afterwards they are as they were."""
    changed: list[str] = []

    def set_global(name: str, value: str) -> None:
        with server.connect() as connection, connection.cursor() as cursor:
            cursor.execute(f"SET GLOBAL {name} = {value}")
        changed.append(name)

    yield set_global
    for name in dict.fromkeys(changed):
        set_global(name, "OFF")


@pytest.mark.parametrize(
    ("server", "variable"),
    [("mysql", "read_only"), ("mysql", "super_read_only"), ("mariadb", "read_only")],
    indirect=["server"],
)
async def test_a_server_that_turns_read_only_and_back(
    shop: Any,
    smtp: MailServer,
    clerk: Callable[[str], None],
    variables: Callable[[str, str], None],
    monkeypatch: pytest.MonkeyPatch,
    variable: str,
) -> None:
    clerk(all_rights(shop))
    shop.user(1, "user1@example.com")
    with asked_often(monkeypatch) as logs:
        async with following(clerks(shop, smtp)) as service:
            await until(lambda: "service.ready" in {entry["event"] for entry in logs})
            shop.add(1, 1, minutes_ago=0)
            variables(variable, "ON")
            await until(lambda: not service.is_ready())
            assert "MYSQL_HOST must lead to the server that the shop writes to" in str(service.not_ready())
            await until(lambda: service.metrics.registry.get_sample_value("cartwake_ready") == 0)
            await until(lambda: "recovery.postponed" in {entry["event"] for entry in logs})
            assert smtp.accepted == []
            with pytest.raises(DatabaseUnavailableError, match="MYSQL_HOST must lead to"):
                async with opened(clerks(shop, smtp)):
                    pass
            variables("super_read_only" if variable == "super_read_only" else variable, "OFF")
            variables("read_only", "OFF")
            await until(lambda: service.is_ready() and len(smtp.accepted) == 1)
    events = [entry["event"] for entry in logs]
    assert (events.count("service.cannot_write"), events.count("service.can_write")) == (1, 1)
    assert next(entry["why"] for entry in logs if entry["event"] == "service.not_ready").startswith("write: ")


async def test_a_right_that_is_taken_away(
    shop: Any, smtp: MailServer, clerk: Callable[[str], None], monkeypatch: pytest.MonkeyPatch
) -> None:
    clerk(all_rights(shop))
    with asked_often(monkeypatch):
        async with following(clerks(shop, smtp)) as service:
            clerk(f"REVOKE INSERT ON `{shop.name}`.cart_abandonment_log FROM {CLERK}")
            await until(lambda: not service.is_ready())
            assert "INSERT command denied" in str(service.not_ready())
            clerk(all_rights(shop))
            await until(service.is_ready)


async def test_while_all_tables_are_locked_nobody_is_ready(
    shop: Any, smtp: MailServer, clerk: Callable[[str], None], monkeypatch: pytest.MonkeyPatch
) -> None:
    clerk(all_rights(shop))
    with asked_often(monkeypatch, patience_s=0.5):
        async with following(clerks(shop, smtp)) as service:
            with shop.server.connect() as locking, locking.cursor() as cursor:
                cursor.execute("FLUSH TABLES WITH READ LOCK")
                await until(lambda: not service.is_ready())
                assert "are its tables locked?" in str(service.not_ready())
                cursor.execute("UNLOCK TABLES")
                await until(service.is_ready)


async def test_an_account_that_may_do_no_more_this_hour(
    shop: Any, smtp: MailServer, clerk: Callable[[str], None], monkeypatch: pytest.MonkeyPatch
) -> None:
    clerk(all_rights(shop))
    shop.user(1, "user1@example.com")
    with asked_often(monkeypatch) as logs:
        async with following(clerks(shop, smtp)) as service:
            clerk(f"ALTER USER {CLERK} WITH MAX_QUERIES_PER_HOUR 1")
            hang_up_on(shop, "clerk")
            shop.add(1, 1, minutes_ago=0)
            await until(lambda: "MAX_QUERIES_PER_HOUR 0" in str(service.not_ready()))
            # The sessions that were there are gone first.
            told = [entry for entry in logs if entry["event"] == "service.cannot_write"][-1]
            assert told["log_level"] == "error"
            assert re.search("max_questions|max_queries_per_hour", told["error"])  # MySQL's word, MariaDB's
            assert "broken" not in str(logs)
            clerk(f"ALTER USER {CLERK} WITH MAX_QUERIES_PER_HOUR 0; FLUSH USER_RESOURCES")
            await until(lambda: service.is_ready() and len(smtp.accepted) == 1, 60)


@MYSQL_ONLY
async def test_a_server_in_offline_mode(
    shop: Any,
    smtp: MailServer,
    clerk: Callable[[str], None],
    variables: Callable[[str, str], None],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    clerk(all_rights(shop))
    shop.user(1, "user1@example.com")
    with asked_often(monkeypatch) as logs:
        async with following(clerks(shop, smtp)) as service:
            shop.add(1, 1, minutes_ago=0)
            variables("offline_mode", "ON")
            await until(lambda: not service.is_ready())
            await until(lambda: "offline_mode = OFF" in str(service.not_ready()), 60)
            with pytest.raises(
                DatabaseUnavailableError, match=r"refuses: .*\(3032\); SET GLOBAL offline_mode = OFF"
            ):
                async with opened(clerks(shop, smtp)):
                    pass
            variables("offline_mode", "OFF")
            await until(lambda: service.is_ready() and len(smtp.accepted) == 1, 60)
    assert not [entry for entry in logs if entry.get("exc_info")]
    assert "recovery.set_aside" not in {entry["event"] for entry in logs}


def hang_up_on(shop: Any, user: str) -> None:
    """End all sessions of an account: its new limits hold for those that it opens from now on."""
    for (session,) in shop.run("SELECT ID FROM information_schema.PROCESSLIST WHERE USER = %s", (user,)):
        with contextlib.suppress(Exception):
            shop.run("KILL %s", (session,))
