"""`cartwake init` on real servers: what it recognises, writes, gives rights to, and says at the end."""

import re
import secrets
import stat
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from fakes.dialogue import Script
from fakes.opencart import shop as opencart
from fakes.prestashop.catalogue import LAMP
from fakes.prestashop.shop import PrestaShop
from fakes.shop_statements import create_tables

from binlog_watcher.commands.init.dialogue import Dialogue, Unattended
from binlog_watcher.commands.init.looking import Admin
from binlog_watcher.commands.init.steps import Wishes, init
from binlog_watcher.demo import sample_shop
from binlog_watcher.demo.catcher import MailCatcher
from binlog_watcher.demo.server import Server
from binlog_watcher.errors import CartwakeError, ConfigError, DatabaseUnavailableError
from binlog_watcher.settings.load import given_in, load_settings

MAILS = {
    "STORE_NAME": "Jane's #1 $hop",
    "STORE_URL": "https://shop.example.com",
    "STORE_ADDRESS": "1 Market Street\n12345 Sampletown",
    "SENDER_EMAIL": "hello@shop.example.com",
    "SMTP_HOST": "127.0.0.1",
}

ALL_ANSWERED = {
    "CART_URL": "https://shop.example.com/cart", "CURRENCY": "USD", "SUPPORT_EMAIL": "s@example.com",
    "SMTP_TLS": "none", "SMTP_USER": "",
}  # fmt: skip
"""What else is asked about mails, so that it is not."""

NOTHING_PROMISED = "2"


class Place:
    """A database, a folder, and an account that may be made. ``said``: what `init` said, on one line."""

    def __init__(self, server: Server, database: str, folder: Path, smtp_port: int, capsys: Any) -> None:
        self.server = server
        self.smtp_port = smtp_port
        self.database = database
        self.file = folder / ".env"
        self.user = f"init{secrets.token_hex(4)}"
        self.admin = Admin(server.user, server.password)
        self._capsys = capsys
        self._session = server.connect(database=database, autocommit=True)
        self.run(opencart.SHOP_MODE)
        self.run("SET time_zone = '+00:00'")

    def run(self, sql: str, parameters: Any = None) -> list[tuple[Any, ...]]:
        with self._session.cursor() as cursor:
            cursor.execute(sql, parameters)
            return list(cursor.fetchall())

    def init(
        self, dialogue: Dialogue | None = None, *, given: dict[str, str] | None = None, admin: Admin | None = None,
        replace: bool = False,
    ) -> bool:  # fmt: skip
        """``admin``: the server's own, unless another one is named; one without a name runs no statements."""
        server = {
            "MYSQL_HOST": self.server.host, "MYSQL_PORT": str(self.server.port), "MYSQL_USER": self.user,
            "MYSQL_DATABASE": self.database, "SMTP_PORT": str(self.smtp_port),
        }  # fmt: skip
        wishes = Wishes(
            server | MAILS | (given or {}), self.file, admin=admin or self.admin, apply=True, replace=replace
        )
        return init(wishes, dialogue or Unattended())

    @property
    def said(self) -> str:
        return " ".join(self._capsys.readouterr().out.split())

    def written(self) -> dict[str, str]:
        return given_in(self.file, {})

    def account(self) -> list[tuple[Any, ...]]:
        return self.run("SELECT user FROM mysql.user WHERE user = %s", (self.user,))

    def close(self) -> None:
        self.run(f"DROP USER IF EXISTS '{self.user}'@'%'")
        self._session.close()


@pytest.fixture
def place(server: Server, fresh_database: str, tmp_path: Path, capsys: Any) -> Iterator[Place]:
    folder = tmp_path / "here"
    folder.mkdir()
    with (
        MailCatcher(tmp_path / "mails") as catcher,
        closing(Place(server, fresh_database, folder, catcher.port, capsys)) as made,
    ):
        yield made


@pytest.fixture
def sample(place: Place) -> Place:
    sample_shop.create(place._session, place.database, users=())
    return place


def leave_a_cart(sample: Place) -> None:
    sample.run("INSERT INTO users (id, name, email) VALUES (7, 'Jane Doe', 'jane@example.com')")
    sample.run("INSERT INTO cart (user_id, product_id, created_at) VALUES (7, 1, NOW() - INTERVAL 2 HOUR)")


def test_a_woocommerce_with_a_prefix_and_no_cart_yet(place: Place) -> None:
    create_tables(place.run, "woocommerce.sql")
    tables = [name for (name,) in place.run("SHOW TABLES")]
    for name in tables:
        place.run(f"RENAME TABLE {name} TO {name.replace('wp_', 'shop_')}")
    assert place.init()
    said = place.said
    assert "This looks like WooCommerce with prefix shop_ (preset woocommerce)." in said
    assert "It may also be WooCommerce with prefix shop_, orders legacy" in said
    assert f"'{place.user}'@'%' was made." in said
    assert "There is no cart in the shop yet" in said
    written = place.written()
    assert written["SHOP_VARIABLES"] == "prefix=shop_, users_prefix=shop_"
    assert {name: written[name] for name in MAILS} == MAILS
    assert stat.S_IMODE(place.file.stat().st_mode) == 0o600


def test_a_prestashop_ends_in_the_newest_carts_mail(place: Place) -> None:
    shop = PrestaShop(place.run)
    shop.create()
    cart = shop.new_cart(customer=shop.register("jane@example.com", firstname="Jane"), minutes_ago=60)
    shop.add(cart, LAMP.id, minutes_ago=60)
    assert place.init(given={"CURRENCY": "EUR"})
    said = place.said
    assert "This looks like PrestaShop 8 with prefix ps_ (preset prestashop-8)." in said
    assert "Jane, you left something in your cart" in said
    assert LAMP.names[1] in (place.file.parent / "cartwake-preview.html").read_text()


def test_what_is_written_is_enough_and_the_account_has_no_more_than_it_needs(sample: Place) -> None:
    leave_a_cart(sample)
    assert sample.init()
    said = sample.said
    assert "! mail.promises" in said
    assert not set(re.findall(r"! ([a-z]+\.[a-z_]+) ", said)) - {"mail.promises", "dns.spf", "dns.dmarc"}, (
        said
    )
    settings = load_settings(sample.file, environ={})
    assert settings.store_address.splitlines() == MAILS["STORE_ADDRESS"].splitlines()
    given = [str(row[0]) for row in sample.run(f"SHOW GRANTS FOR '{sample.user}'@'%'")]
    assert not any(f"`{sample.database}`.*" in row for row in given)
    assert "Jane" in (sample.file.parent / "cartwake-preview.html").read_text()


def test_without_an_administrator_the_statements_are_printed(sample: Place) -> None:
    assert not sample.init(admin=Admin(), given={"SHOP_SCHEMA": "sample"})
    said = sample.said
    assert "cartwake grants --create | mysql --user=root --password" in said
    assert f"GRANT SELECT ON `{sample.database}`.`cart` TO '{sample.user}'@'%';" in said
    assert len(sample.written()["MYSQL_PASSWORD"]) == 32
    assert sample.account() == []
    assert sample.written()["MYSQL_PASSWORD"] not in said


def test_an_account_that_has_its_rights_looks_for_itself(sample: Place) -> None:
    leave_a_cart(sample)
    assert sample.init()
    password = sample.written()["MYSQL_PASSWORD"]
    sample.file.unlink()
    assert sample.init(admin=Admin(), given={"MYSQL_PASSWORD": password})
    assert "preset sample" in sample.said


def test_it_may_be_done_again(sample: Place) -> None:
    assert sample.init(
        given={"EMAIL_COOLDOWN_HOURS": "12", "PUBLIC_URL": "https://c.example.com", "WEB_PORT": "8080"}
    )
    before = sample.written()
    assert len(before["LINK_SECRET"]) == len(before["RETURN_SECRET"]) == 64
    with pytest.raises(ConfigError, match="is there already: --replace"):
        sample.init()
    assert sample.init(replace=True, given={"STORE_NAME": "New Name"})
    assert "was there already." in sample.said
    assert sample.written() == before | {"STORE_NAME": "New Name"}
    assert given_in(sample.file.with_name(".env.bak"), {}) == before


def test_an_account_with_another_password(sample: Place) -> None:
    sample.run(f"CREATE USER '{sample.user}'@'%' IDENTIFIED BY 'of-Old-1'")
    with pytest.raises(ConfigError, match="is there already, with another password: give MYSQL_PASSWORD"):
        sample.init()
    assert not sample.file.exists()
    right, keep, no_code = "", "0", ""
    script = Script(right, keep, no_code, no_code, "", "wrong", "of-Old-1")
    assert sample.init(script, given=ALL_ANSWERED)
    assert script.all_said
    assert len(script.complaints) == 2
    assert sample.written()["MYSQL_PASSWORD"] == "of-Old-1"


@pytest.mark.parametrize(
    ("admin", "message"),
    [
        (Admin("root", "wrong"), "Access denied for user 'root'.*check the login and its password"),
        (Admin(), "can't look at the tables yet: name the preset by --shop, or an administrator by --admin"),
    ],
)
def test_who_can_not_look(sample: Place, admin: Admin, message: str) -> None:
    with pytest.raises(ConfigError, match=message):
        sample.init(admin=admin)
    assert not sample.file.exists()


def test_no_server_there(sample: Place) -> None:
    with pytest.raises(CartwakeError, match=r"127\.0\.0\.1:1 can't be reached") as caught:
        sample.init(given={"MYSQL_PORT": "1"})
    assert isinstance(caught.value, DatabaseUnavailableError)


def test_an_empty_database_an_unknown_shop_and_one_that_nearly_fits(place: Place) -> None:
    with pytest.raises(ConfigError, match="there is no table in"):
        place.init()
    place.run("CREATE TABLE basket (id INT PRIMARY KEY)")
    with pytest.raises(
        ConfigError, match=r"1 tables, which no preset fits; write a preset .*docs/schemas\.md"
    ):
        place.init()
    sample_shop.create(place._session, place.database, users=())
    place.run("ALTER TABLE orders RENAME COLUMN user_id TO buyer")
    with pytest.raises(
        ConfigError, match=r"the nearest is .*preset sample\), but there is no orders\.user_id"
    ):
        place.init()
    assert not place.file.exists()
    with pytest.raises(ConfigError, match="no database 'nowhere' that this login sees"):
        place.init(given={"MYSQL_DATABASE": "nowhere"})


def test_an_administrator_who_may_not_give_rights(sample: Place) -> None:
    clerk = f"clerk{sample.user[-6:]}"
    sample.run(f"CREATE USER '{clerk}'@'%' IDENTIFIED BY 'clerk-Pass-1'")
    sample.run(f"GRANT SELECT ON `{sample.database}`.* TO '{clerk}'@'%'")
    try:
        with pytest.raises(
            CartwakeError, match=r"the server refuses “CREATE USER”.*cartwake grants --create"
        ) as caught:
            sample.init(admin=Admin(clerk, "clerk-Pass-1"))
    finally:
        sample.run(f"DROP USER '{clerk}'@'%'")
    assert caught.value.exit_code == 1
    assert sample.written()["MYSQL_PASSWORD"] not in str(caught.value)


def test_a_server_that_can_not_be_followed_is_told_after_the_file_is_written(sample: Place) -> None:
    sample.run("ALTER TABLE users DROP COLUMN email")
    assert not sample.init(given={"SHOP_SCHEMA": "sample"})
    said = sample.said
    assert "✗ shop.columns sample: customers.email: table" in said
    assert "is written. Mend what has a ✗, and type: cartwake doctor" in said
    assert sample.file.exists()


def test_a_woocommerce_whose_orders_are_elsewhere_and_what_is_none_of_these(place: Place) -> None:
    create_tables(place.run, "woocommerce.sql")
    given = ALL_ANSWERED | {"MYSQL_PASSWORD": "Of-My-Own-1"}
    script = Script("1", NOTHING_PROMISED)
    assert place.init(script, given=given | {"SHOP_VARIABLES": "uploads=media/"})
    assert "WooCommerce with prefix wp_, orders legacy" in script.asked[0]
    assert place.written()["SHOP_VARIABLES"] == "orders=legacy, uploads=media/"
    assert place.init(Script("0", NOTHING_PROMISED), given=given, replace=True)
    assert place.written()["SHOP_VARIABLES"] == "uploads=media/"
    none_of_these = "2"
    script = Script(none_of_these, "woocomerce", "woocommerce", "wp_x;", "woocommerce", "", NOTHING_PROMISED)
    assert place.init(script, given=given, replace=True)
    assert script.complaints[0].startswith("there is no preset 'woocomerce'; did you mean woocommerce?")
    assert "a piece of a name has only letters" in script.complaints[1]
    assert place.written()["SHOP_VARIABLES"] == "uploads=media/"


def test_an_account_without_rights_yet_and_a_preset_by_name(sample: Place) -> None:
    sample.run(f"CREATE USER '{sample.user}'@'%' IDENTIFIED BY 'Of-My-Own-1'")
    later = "n"
    script = Script("sample", NOTHING_PROMISED, later)
    given = ALL_ANSWERED | {"MYSQL_PASSWORD": "Of-My-Own-1"}
    assert not sample.init(script, given=given, admin=Admin())
    assert "there is no table in" in script.complaints[0]
    assert sample.written()["SHOP_SCHEMA"] == "sample"


def test_a_dry_run_needs_no_mail_server_and_fewer_rights(sample: Place) -> None:
    given = {name: text for name, text in MAILS.items() if name != "SMTP_HOST"}
    assert sample.init(given={"DRY_RUN": "true", "SMTP_HOST": "", **given})
    assert "SMTP_HOST" not in sample.written()
    assert not any("INSERT" in str(row[0]) for row in sample.run(f"SHOW GRANTS FOR '{sample.user}'@'%'"))


def test_a_preset_that_goes_by_the_currency_and_by_what_no_table_tells(place: Place) -> None:
    create_tables(place.run, "opencart_3.sql")
    for index in opencart.INDEXES:
        place.run(index)
    assert place.init(given={"CURRENCY": "eur", "SHOP_VARIABLES": "language=2"})
    assert "What no table tells: store=0, stores=one, language=2, customer_group=1" in place.said
    assert place.written()["SHOP_VARIABLES"] == "language=2, currency=EUR"
    assert place.init(given={"CURRENCY": "GBP"}, replace=True)
    assert place.written()["SHOP_VARIABLES"] == "language=2, currency=EUR", "it is the same shop"


def test_half_a_login_at_the_mail_server_is_asked_for_or_told(sample: Place) -> None:
    half = {"SMTP_USER": "shop", "SMTP_TLS": "none"}
    with pytest.raises(ConfigError, match="SMTP_PASSWORD: give it"):
        sample.init(given=half)
    script = Script("mail-secret", "", NOTHING_PROMISED, "")
    assert not sample.init(script, given=ALL_ANSWERED | half), "this server knows no logins"
    assert "✗ smtp.login" in sample.said
    assert "Password of that login" in script.asked[0]
    assert sample.written()["SMTP_PASSWORD"] == "mail-secret"
