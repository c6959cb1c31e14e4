"""What docker/ gives to MySQL, given to a real one: the server's settings, the account and its rights."""

import configparser
import re
import secrets
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from binlog_watcher.core.cart_note import CartNote
from binlog_watcher.demo.server import Server, private_server
from binlog_watcher.errors import ConfigError
from binlog_watcher.settings.connection import ConnectionSettings
from binlog_watcher.settings.grants import OWN_VIEWS
from binlog_watcher.shop.presets import SAMPLE
from binlog_watcher.store.database import Database
from binlog_watcher.store.own_tables import rights, tables
from binlog_watcher.store.own_tables.cart_notes import CartNotes
from binlog_watcher.store.shop_tables.shop import Shop

ROOT = Path(__file__).parents[3]
DOCKER = ROOT / "docker"
OWN_TABLES = (tables.LOG, tables.RECIPIENT, tables.META)
VIEWS = OWN_VIEWS
NASTY_PASSWORD = 'it\'s \\ a "pass" $(word) `x` %s\\'


def statements(path: Path) -> list[str]:
    text = re.sub(r"^--.*$", "", path.read_text(), flags=re.MULTILINE)
    return [statement.strip() for statement in text.split(";\n") if statement.strip()]


def create_user() -> str:
    """What the shell script of docker/initdb hands to MySQL."""
    script = DOCKER / "initdb" / "20-cartwake-user.sh"
    done = subprocess.run(
        ["bash", "-eo", "pipefail", "-c", 'docker_process_sql() { cat; }; . "$0"', str(script)],
        env={"PATH": "/usr/bin:/bin", "CARTWAKE_PASSWORD": NASTY_PASSWORD},
        capture_output=True, text=True, timeout=30, check=True,
    )  # fmt: skip
    return done.stdout.strip().removesuffix(";")


class Container:
    """The database as docker/compose.yaml would set it up, under a name and an account of this test's own."""

    def __init__(self, server: Server, name: str) -> None:
        self.server = server
        self.name = name
        self.account = f"cartwake_{secrets.token_hex(4)}"
        self.grants = [self.mine(sql) for sql in statements(ROOT / "binlog_watcher" / "demo" / "account.sql")]
        self.run(
            *statements(ROOT / "binlog_watcher" / "demo" / "shop.sql"), self.mine(create_user()), *self.grants
        )

    def mine(self, sql: str) -> str:
        return sql.replace("`shop`", f"`{self.name}`").replace("'cartwake'", f"'{self.account}'")

    def run(self, *sql: str) -> None:
        with self.server.connect(database=self.name) as connection, connection.cursor() as cursor:
            for statement in sql:
                cursor.execute(statement)

    def connection(self) -> ConnectionSettings:
        return ConnectionSettings(
            host=self.server.host, port=self.server.port, user=self.account, password=NASTY_PASSWORD, database=self.name
        )  # fmt: skip

    def forget(self) -> None:
        self.run(*(f"DROP VIEW IF EXISTS {view}" for view in VIEWS))
        self.run(*(f"DROP TABLE IF EXISTS {table}" for table in OWN_TABLES))

    def work(self) -> None:
        """Every kind of thing that Cartwake does, once; raises when a right is missing."""
        database = Database(self.connection())
        try:
            shop = Shop(database, SAMPLE)
            tables.migrate(database, shop)
            with database.session() as session:
                for table, columns in SAMPLE.columns().items():
                    session.rows("SELECT {} FROM {}".format(", ".join(columns), table))
                session.run(
                    "INSERT INTO cart_abandonment_log (cart_key, cart_version, step, status) "
                    "VALUES ('1', 1, 1, 'claimed') ON DUPLICATE KEY UPDATE id = id"
                )
                session.run(
                    "UPDATE cart_abandonment_log SET status = 'sent', discount_percent = 10, cart_total = 1"
                )
                session.run(
                    "INSERT INTO cart_abandonment_recipient (address_hash) VALUES (REPEAT('x', 32)) "
                    "ON DUPLICATE KEY UPDATE address_hash = address_hash"
                )
                session.run("UPDATE cart_abandonment_recipient SET last_mail_at = UTC_TIMESTAMP(6)")
                session.rows("SELECT * FROM cart_abandonment_recipient FOR UPDATE")
                session.run("UPDATE cart_abandonment_meta SET value = '1' WHERE name = 'activated'")
                for view in VIEWS:
                    session.rows("TABLE " + view)
                keep_a_note(database)
                for statement in (
                    rights.keeping_clicks(),
                    rights.forgetting_clicks(),
                    rights.counting_returned(),
                    rights.keeping_events(),
                    rights.forgetting_events(),
                ):
                    session.run(*statement)
                # A later version replaces the views.
                session.run("UPDATE cart_abandonment_meta SET value = 'older' WHERE name = 'views'")
                tables.create_views(session, shop)
                session.rows("SHOW BINARY LOG STATUS")  # REPLICATION CLIENT
                session.rows("SHOW BINLOG EVENTS LIMIT 1")  # REPLICATION SLAVE, as following the stream does
        finally:
            database.close()


def keep_a_note(database: Database) -> None:
    notes = CartNotes(database, "shop")
    notes.write([CartNote(1, 1_790_000_000_000_000), CartNote(2)])
    assert set(notes.read([1, 2])) == {1}
    notes.purge(1_790_000_000_000_000)


@pytest.fixture
def container(mysql_server: Server, mysql_database: str) -> Iterator[Container]:
    made = Container(mysql_server, mysql_database)
    yield made
    made.run(f"DROP USER '{made.account}'@'%'")


def test_the_account_can_do_its_work_and_nothing_to_the_shop(container: Container) -> None:
    container.work()
    database = Database(container.connection())
    with database.session() as session:
        for (grant,) in session.rows("SHOW GRANTS"):
            assert "ALL PRIVILEGES" not in grant
            assert "GRANT OPTION" not in grant
    for sql in (
        "DELETE FROM cart",
        "UPDATE users SET email = ''",
        "CREATE TABLE mine (id INT)",
        "DROP TABLE cart_abandonment_log",
        "SELECT * FROM mysql.user",
    ):
        with pytest.raises(ConfigError, match="refuses"), database.session() as session:
            session.run(sql)
    database.close()


SPARE = {
    # A later version may have to alter these as it does the log.
    ("ALTER", tables.RECIPIENT),
    ("ALTER", tables.META),
    ("ALTER", tables.CLICK),
    ("ALTER", tables.RETURNED),
    ("ALTER", tables.WEBHOOK),
    # MySQL refuses to grant anything on what does not exist yet, unless CREATE is among it.
    *(("CREATE", view) for view in VIEWS),
}


def test_each_right_is_needed(container: Container) -> None:
    needless: list[Any] = []
    for grant in container.grants:
        rights, where = re.fullmatch(r"GRANT (.+) ON (\S+) TO .+", grant, re.DOTALL).groups()  # type: ignore[union-attr] # a failure here is one
        for right in rights.split(", "):
            container.forget()
            container.run(f"REVOKE {right} ON {where} FROM '{container.account}'@'%'")
            try:
                container.work()
            except ConfigError:
                pass
            else:
                needless.append((right, where.split(".")[1].strip("`")))
            container.run(grant)
    assert set(needless) == SPARE


def test_the_settings_of_the_server() -> None:
    parser = configparser.ConfigParser()
    parser.read(DOCKER / "mysql.cnf")
    options = dict(parser["mysqld"])
    with (
        private_server("mysql", options=options) as server,
        server.connect() as connection,
        connection.cursor() as cursor,
    ):
        cursor.execute(
            "SELECT @@log_bin, @@binlog_format, @@binlog_row_image, @@binlog_row_metadata, @@gtid_mode, "
            "@@enforce_gtid_consistency, @@server_id, @@binlog_expire_logs_seconds"
        )
        assert cursor.fetchone() == (1, "ROW", "FULL", "FULL", "ON", "ON", 1, 259200)
