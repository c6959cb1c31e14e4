"""The whole pass on real servers, and each fault really made: what is said of it, and that nothing else is."""

import asyncio
import contextlib
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from fakes.binlog_follower import settings_for
from fakes.examined import FILLED_IN, examined, found, mark_of, not_well
from fakes.mail_server import MailServer
from pymysqlreplication.binlogstream import ReportSlave

from binlog_watcher.commands.doctor import Report
from binlog_watcher.demo import sample_shop
from binlog_watcher.demo.server import Server, private_server
from binlog_watcher.doctor.examination import IDS
from binlog_watcher.doctor.finding import Finding, Mark
from binlog_watcher.doctor.preflight import check_server
from binlog_watcher.doctor.server_check import SESSIONS
from binlog_watcher.errors import ConfigError
from binlog_watcher.settings.grants import Grants
from binlog_watcher.shop.presets import SAMPLE, preset_text

GOOD_DNS = {
    "shop.example.com": ["v=spf1 mx -all"],
    "_dmarc.shop.example.com": ["v=DMARC1; p=reject"],
}
CLERK = "'clerk'@'127.0.0.1'"


class Case:
    """A sample shop and an account with exactly its rights, on a server of the tests."""

    def __init__(self, server: Server, name: str) -> None:
        self.server = server
        self.name = name
        self._root = server.connect(database=name)
        with server.connect() as connection:
            sample_shop.create(connection, name, users=())
        self.grants = Grants("clerk", "127.0.0.1", name, tuple(SAMPLE.tables()))
        self.run(f"DROP USER IF EXISTS {CLERK}", f"CREATE USER {CLERK} IDENTIFIED BY 'clerk-pass'")
        self.run(*(statement.rstrip(";") for statement in self.grants.statements()))

    def run(self, *statements: str) -> list[tuple[Any, ...]]:
        with self._root.cursor() as cursor:
            for statement in statements:
                cursor.execute(statement)
            return list(cursor.fetchall())

    def looked_at(self, *only: str, **settings: Any) -> Report:
        given: dict[str, Any] = {
            "MYSQL_PORT": self.server.port, "MYSQL_USER": "clerk", "MYSQL_PASSWORD": "clerk-pass",
            "MYSQL_DATABASE": self.name,
        }  # fmt: skip
        return examined(*only, ask_dns=lambda name: GOOD_DNS.get(name, []), **(given | settings))

    def finding(self, check: str, **settings: Any) -> Finding:
        (finding,) = found(self.looked_at(check, **settings), check)
        return finding

    @contextlib.contextmanager
    def set_globally(self, **variables: object) -> Iterator[None]:
        """The server's variables; afterwards they are as they were."""
        before = {name: self.run(f"SELECT @@GLOBAL.{name}")[0][0] for name in variables}
        self.run(*(f"SET GLOBAL {name} = {value!r}" for name, value in variables.items()))
        try:
            yield
        finally:
            self.run(*(f"SET GLOBAL {name} = {value!r}" for name, value in before.items()))

    def close(self) -> None:
        self.run(f"DROP USER {CLERK}")
        self._root.close()


@pytest.fixture(scope="module")
def case(server: Server, shared_database: str) -> Iterator[Case]:
    opened = Case(server, shared_database)
    yield opened
    opened.close()


async def test_all_is_well(case: Case, smtp: MailServer) -> None:
    report = await asyncio.to_thread(case.looked_at, SMTP_PORT=smtp.port)
    assert not_well(report) == set()
    assert report.exit_code == 0
    assert {one.id for one, _ in report.results} == {one for one in IDS if not one.startswith("kafka.")} - {
        "smtp.trial"
    }
    assert smtp.accepted == []


@pytest.mark.parametrize(
    ("variable", "value", "check", "mark"),
    [
        ("binlog_format", "STATEMENT", "binlog.format", Mark.FAILED),
        ("binlog_row_image", "MINIMAL", "binlog.row_image", Mark.WARNING),
        ("binlog_expire_logs_seconds", 3600, "binlog.retention", Mark.WARNING),
        ("read_only", 1, "mysql.writable", Mark.FAILED),
        ("max_connections", SESSIONS, "mysql.sessions", Mark.WARNING),
    ],
)
def test_a_variable_of_the_server(case: Case, variable: str, value: Any, check: str, mark: Mark) -> None:
    with case.set_globally(**{variable: value}):
        report = case.looked_at("mysql", "binlog", "account", "shop", "log")
    # To hold rows against their commits takes two sessions more, of which there may be none.
    assert not_well(report) - ({"shop.commit_times"} if variable == "max_connections" else set()) == {check}
    (finding,) = found(report, check)
    assert finding.mark is mark
    assert finding.why
    setting = "SET PERSIST" if case.server.flavor == "mysql" else "SET GLOBAL"
    assert variable == "read_only" or f"{setting} {variable} = " in finding.mend


def test_a_role_that_reaches_too_far(case: Case) -> None:
    assert case.finding("account.excess").mark is Mark.OK
    role = "shopkeeper"
    case.run(f"CREATE ROLE {role}", f"GRANT DELETE ON `{case.name}`.* TO {role}", f"GRANT {role} TO {CLERK}")
    try:
        finding = case.finding("account.excess")
    finally:
        case.run(f"DROP ROLE {role}")
    assert finding.mark is Mark.WARNING
    assert f"DELETE on {case.name}.*" in finding.seen


def test_a_right_that_is_missing(case: Case) -> None:
    case.run(f"REVOKE SELECT ON `{case.name}`.users FROM {CLERK}")
    try:
        report = case.looked_at("binlog", "account", "shop.tables", "log")
    finally:
        case.run(f"GRANT SELECT ON `{case.name}`.users TO {CLERK}")
    assert "account.rights" in not_well(report)
    (finding,) = found(report, "account.rights")
    assert f"lacks SELECT on {case.name}.users" in finding.seen
    assert "cartwake grants" in finding.mend
    assert mark_of(report, "shop.tables") is Mark.NOT_LOOKED_AT
    assert mark_of(report, "binlog.format") is Mark.OK


@pytest.mark.parametrize(
    ("right", "words"),
    [("SUPER ON *.*", "SUPER on *.*"), ("ALL PRIVILEGES ON `{}`.*", "ALL PRIVILEGES on {}.*"),
     ("UPDATE ON `{}`.orders", "UPDATE on {}.orders")],
)  # fmt: skip
def test_rights_that_reach_too_far(case: Case, right: str, words: str) -> None:
    statement = right.format(case.name)
    case.run(f"GRANT {statement} TO {CLERK}")
    try:
        finding = case.finding("account.excess")
    finally:
        case.run(f"REVOKE {statement} FROM {CLERK}")
    assert finding.mark is Mark.WARNING
    assert words.format(case.name) in finding.seen
    assert f"FROM {CLERK}" in finding.mend


def test_few_sessions_for_the_account(case: Case) -> None:
    case.run(f"ALTER USER {CLERK} WITH MAX_USER_CONNECTIONS 5")
    try:
        assert case.finding("mysql.sessions").seen == "the account may open 5 sessions"
    finally:
        case.run(f"ALTER USER {CLERK} WITH MAX_USER_CONNECTIONS 0")


def test_the_server_id(case: Case) -> None:
    assert case.finding("binlog.server_id", MYSQL_SERVER_ID="1").mark is Mark.WARNING
    free = case.finding("binlog.server_id", MYSQL_SERVER_ID="4711")
    if case.server.flavor == "mariadb":
        assert free.mark is Mark.NOT_LOOKED_AT
        case.run(f"GRANT REPLICATION MASTER ADMIN ON *.* TO {CLERK}")
        free = case.finding("binlog.server_id", MYSQL_SERVER_ID="4711")
        case.run(f"REVOKE REPLICATION MASTER ADMIN ON *.* FROM {CLERK}")
    assert free.seen == "no replica that the server lists has server id 4711"


@pytest.mark.parametrize("server", ["mysql"], indirect=True)  # MariaDB's GTIDs are always on
def test_gtids_that_are_not_on_yet(case: Case) -> None:
    with case.set_globally(gtid_mode="ON_PERMISSIVE"):
        finding = case.finding("binlog.gtid")
    assert finding.mark is Mark.WARNING
    assert finding.seen == "gtid_mode is ON_PERMISSIVE"
    assert finding.mend == "SET PERSIST gtid_mode = 'ON'"


def test_a_server_id_that_a_replica_has(case: Case) -> None:
    replica: Any = case.server.connect()
    with contextlib.closing(replica):
        replica._write_bytes(ReportSlave("replica").encoded(4712))  # COM_REGISTER_SLAVE
        replica._next_seq_id = 1
        replica._read_packet()
        root = {"MYSQL_USER": case.server.user, "MYSQL_PASSWORD": case.server.password}
        finding = case.finding("binlog.server_id", MYSQL_SERVER_ID="4712", **root)
    assert finding.seen == "server id 4712 is a replica's"
    assert "MYSQL_SERVER_ID" in finding.mend


def test_how_long_amazon_keeps_the_binlog(case: Case) -> None:
    """Its own table, which tells NULL for: as short as may be."""
    root = {"MYSQL_USER": case.server.user, "MYSQL_PASSWORD": case.server.password}
    case.run("CREATE TABLE mysql.rds_configuration (name VARCHAR(100), value VARCHAR(100))")
    try:
        case.run("INSERT INTO mysql.rds_configuration VALUES ('binlog retention hours', NULL)")
        finding = case.finding("binlog.retention", **root)
        assert finding.seen == "RDS deletes the binlog at once"
        assert finding.mend == "CALL mysql.rds_set_configuration('binlog retention hours', 24)"
        case.run("UPDATE mysql.rds_configuration SET value = '48'")
        assert case.finding("binlog.retention", **root).mark is Mark.OK
    finally:
        case.run("DROP TABLE mysql.rds_configuration")


def test_a_connection_that_others_can_read(case: Case) -> None:
    finding = case.finding("mysql.tls", MYSQL_HOST="127.1")  # not this machine by its looks
    assert finding.mark is Mark.WARNING
    assert "MYSQL_TLS=required" in finding.mend


def test_an_order_that_lies_ahead(case: Case) -> None:
    case.run(
        "INSERT INTO orders (user_id, total_amount, created_at) VALUES (1, 5, NOW() + INTERVAL 60 MINUTE)"
    )
    try:
        finding = case.finding("shop.clock")
    finally:
        case.run("DELETE FROM orders")
    assert finding.mark is Mark.WARNING
    assert "orders.created_at lies 60 minutes ahead" in finding.seen
    assert "SHOP_TIMEZONE" in finding.mend


def test_reads_that_go_through_a_large_table(case: Case) -> None:
    assert "no cart yet" in case.finding("shop.plans").seen
    case.run("INSERT INTO users (id, name, email) VALUES (1, 'Jane', 'jane@example.com')")
    case.run("INSERT INTO cart (user_id, product_id) VALUES (1, 1)")
    digits = " UNION ALL ".join(f"SELECT {digit} AS d" for digit in range(10))
    crowd = ", ".join(f"({digits}) t{nth}" for nth in range(5))
    try:
        assert case.finding("shop.plans").seen.endswith("tried with 1 carts, go by indexes")
        case.run(f"INSERT INTO orders (user_id, total_amount) SELECT 9, 5 FROM {crowd} LIMIT 30000")
        case.run("ANALYZE TABLE orders")
        assert case.finding("shop.plans").mark is Mark.OK
        case.run("ALTER TABLE orders DROP KEY user_id")
        try:
            finding = case.finding("shop.plans")
        finally:
            case.run("DELETE FROM orders", "ALTER TABLE orders ADD KEY user_id (user_id, created_at)")
    finally:
        case.run("DELETE FROM cart", "DELETE FROM users", "DELETE FROM orders")
    assert finding.mark is Mark.WARNING
    assert re.search(
        r"for 1 carts the server reads \w+ from end to end, some [23]\d{4} rows", finding.seen
    ), finding


def test_the_mailbox_of_returned_mails(case: Case, tmp_path: Path) -> None:
    assert "no mailbox" in case.finding("mailbox.login").seen
    folder = tmp_path / "Maildir"
    finding = case.finding("mailbox.login", BOUNCE_MAILBOX=f"maildir:{folder}")
    assert finding.mark is Mark.FAILED
    assert str(folder) in finding.seen
    for name in ("new", "cur", "tmp"):
        (folder / name).mkdir(parents=True)
    assert case.finding("mailbox.login", BOUNCE_MAILBOX=f"maildir:{folder}").mark is Mark.OK


@pytest.mark.parametrize(("hours", "told"), [(-5, "300 minutes behind"), (2, "120 minutes ahead of")])
def test_new_carts_in_another_zone_than_their_commits(case: Case, hours: int, told: str) -> None:
    row = "INSERT INTO cart (user_id, product_id, created_at) VALUES (1, 1, NOW(6) + INTERVAL {} HOUR)"
    case.run("FLUSH BINARY LOGS", "FLUSH BINARY LOGS")
    assert "too few new rows" in case.finding("shop.commit_times").seen
    try:
        case.run(*[row.format(0)] * 4)
        finding = case.finding("shop.commit_times")
        assert (finding.mark, "in the last 4 new rows" in finding.seen) == (Mark.OK, True), finding
        case.run(*[row.format(hours)] * 6)
        finding = case.finding("shop.commit_times")
    finally:
        case.run("DELETE FROM cart")
    assert finding.mark is Mark.WARNING
    assert f"cart.created_at lies {told} the commit, in the last 10 new rows" in finding.seen
    assert "SHOP_TIMEZONE" in finding.mend


def test_a_statement_over_the_whole_table(case: Case, tmp_path: Path) -> None:
    path = tmp_path / "own.toml"
    text = preset_text("sample")
    path.write_text(
        text.replace('created = "created_at"', 'created = "created_at"\nupdated = "changed_at"', 1)
    )
    case.run("ALTER TABLE cart ADD COLUMN changed_at TIMESTAMP NULL, ADD KEY (changed_at)")
    try:
        assert case.finding("shop.mass_updates", SHOP_SCHEMA=path).mark is Mark.OK
        digits = " UNION ALL ".join(f"SELECT {digit} AS d" for digit in range(10))
        crowd = ", ".join(f"({digits}) t{nth}" for nth in range(3))
        case.run(
            "INSERT INTO cart (user_id, product_id, quantity, changed_at) "
            f"SELECT 1, 1, 1, '2026-01-02 03:04:05' FROM {crowd}"
        )
        finding = case.finding("shop.mass_updates", SHOP_SCHEMA=path)
    finally:
        case.run("DELETE FROM cart", "ALTER TABLE cart DROP COLUMN changed_at")
    assert finding.mark is Mark.WARNING
    assert "1000 rows of cart were changed in one moment" in finding.seen


def test_storefronts_that_the_preset_does_not_tell(case: Case, tmp_path: Path) -> None:
    stores = tmp_path / "stores.toml"
    stores.write_text('[de]\nstore_name = "Der Laden"\n')
    finding = case.finding("shop.stores", STORES=stores)
    assert finding.mark is Mark.FAILED
    assert "does not say which store a cart is of" in finding.seen
    assert case.finding("shop.stores").mark is Mark.OK


def test_webhooks_that_are_not_told(case: Case) -> None:
    told = {"WEBHOOK_URL": "https://crm.example.com/x", "WEBHOOK_SECRET": f"whsec_{'a' * 40}"}
    assert "nobody is told" in case.finding("webhooks.told").seen
    assert "creates the table" in case.finding("webhooks.told", **told).seen
    case.run(
        "CREATE TABLE cart_abandonment_webhook (status VARCHAR(16), happened_at TIMESTAMP NULL)",
        "INSERT INTO cart_abandonment_webhook VALUES ('waiting', UTC_TIMESTAMP())",
    )
    try:
        assert case.finding("webhooks.told", **told).seen == "events are told (1 wait)"
        case.run("UPDATE cart_abandonment_webhook SET happened_at = UTC_TIMESTAMP() - INTERVAL 2 HOUR")
        late = case.finding("webhooks.told", **told)
        assert (late.mark, late.seen) == (Mark.WARNING, "1 events wait, the oldest for 120 minutes")
        case.run("UPDATE cart_abandonment_webhook SET status = 'dead'")
        dead = case.finding("webhooks.told", **told)
        assert (dead.mark, dead.seen.startswith("1 events of the last")) == (Mark.WARNING, True)
    finally:
        case.run("DROP TABLE cart_abandonment_webhook")


def test_the_log(case: Case) -> None:
    """What is there before the first run, after a newer Cartwake's, and in a copy."""
    assert {one.finding.mark for one, _ in case.looked_at("log").results} == {Mark.OK}
    case.run("CREATE TABLE cart_abandonment_meta (name VARCHAR(64) PRIMARY KEY, value VARCHAR(255))")
    try:
        case.run("INSERT INTO cart_abandonment_meta VALUES ('schema_version', '3')")
        assert {one.finding.mark for one, _ in case.looked_at("log").results} == {Mark.OK}
        case.run(
            "INSERT INTO cart_abandonment_meta VALUES ('origin.server', 'another'), ('origin.host', 'production'), "
            "('origin.database', 'shop')",
            "UPDATE cart_abandonment_meta SET value = '99' WHERE name = 'schema_version'",
        )
        copied = case.finding("log.origin")
        assert copied.mark is Mark.FAILED
        assert "written in shop on production" in copied.seen
        assert "--adopt" in copied.mend
        assert case.finding("log.origin", DRY_RUN="true").mark is Mark.WARNING
        newer = case.finding("log.layout")
        assert newer.mark is Mark.FAILED
        assert "upgrade Cartwake" in newer.seen
    finally:
        case.run("DROP TABLE cart_abandonment_meta")


def test_a_start_is_refused_in_the_same_words(case: Case) -> None:
    case.run("RENAME TABLE users TO people")
    try:
        with case.set_globally(binlog_format="STATEMENT"):
            report = case.looked_at("binlog", "account", "shop")
            account = settings_for(case.server, case.name, user="clerk", password="clerk-pass")
            with pytest.raises(ConfigError) as refused:
                check_server(account, SAMPLE)
    finally:
        case.run("RENAME TABLE people TO users")
    told = [one.finding.line for one, _ in report.results if one.finding.mark is Mark.FAILED]
    assert list(refused.value.problems) == told
    assert len(told) == 2


def test_a_check_that_breaks_hides_no_other(case: Case, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("binlog_watcher.doctor.server_check.ServerClock", lambda: 1 // 0)
    report = case.looked_at("mysql", "binlog")
    (finding,) = found(report, "mysql.clock")
    assert finding.mark is Mark.NOT_LOOKED_AT
    assert "please report it: ZeroDivisionError" in finding.seen
    assert not_well(report) == {"mysql.clock"}


def test_a_preset_that_is_none_leaves_the_rest_to_be_seen(case: Case) -> None:
    report = case.looked_at("mysql", "binlog", "account", "shop", SHOP_SCHEMA="nowhere")
    assert mark_of(report, "shop.preset") is Mark.FAILED
    assert mark_of(report, "binlog.row_image") is Mark.OK
    assert {one.since for one, _ in report.results} == {None, "shop.preset"}


def test_a_wrong_password_is_said_once(case: Case) -> None:
    report = case.looked_at(MYSQL_PASSWORD="guess-me-not", SMTP_HOST="127.0.0.1")
    (finding,) = found(report, "mysql.connection")
    assert "MYSQL_PASSWORD" in finding.seen
    assert "guess-me-not" not in report.json()
    assert mark_of(report, "dns.spf") is Mark.OK
    assert mark_of(report, "shop.tables") is Mark.NOT_LOOKED_AT


async def test_a_login_that_the_mail_server_refuses(case: Case) -> None:
    async with MailServer(password="right").running() as server:
        login = {"SMTP_PORT": server.port, "SMTP_USER": "shop", "SMTP_PASSWORD": "wrong-one"}
        report = await asyncio.to_thread(case.looked_at, "smtp", **login)
        (finding,) = found(report, "smtp.login")
        assert finding.mark is Mark.FAILED
        assert "check SMTP_USER and SMTP_PASSWORD" in finding.seen
        assert "wrong-one" not in report.json()
        login["SMTP_PASSWORD"] = "right"
        assert (await asyncio.to_thread(case.looked_at, "smtp", **login)).exit_code == 0


async def test_a_mail_on_trial(smtp: MailServer) -> None:
    report = await asyncio.to_thread(
        lambda: examined(
            "smtp", send_to="Jane@example.com", SMTP_PORT=smtp.port, BOUNCE_ADDRESS="b@shop.example.com"
        )
    )
    assert [(one.id, one.finding.mark) for one, _ in report.results] == [
        ("smtp.login", Mark.OK), ("smtp.trial", Mark.OK),
    ]  # fmt: skip
    (mail,) = smtp.mails_to("Jane@example.com")
    assert mail["From"] == FILLED_IN["SENDER_EMAIL"]
    assert "doctor --send-to" in mail.get_content()
    assert smtp.accepted[0].mail_from == "b@shop.example.com"


async def test_a_mail_on_trial_that_is_refused(smtp: MailServer) -> None:
    smtp.answer("RCPT", "jane@example.com", "550 5.1.1 no such user")
    report = await asyncio.to_thread(
        lambda: examined("smtp", send_to="jane@example.com", SMTP_PORT=smtp.port)
    )
    assert mark_of(report, "smtp.trial") is Mark.FAILED
    assert report.exit_code == 1


def test_without_a_binlog_all_the_rest_is_told(server: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    """And in a zone that the server knows by an abbreviation only."""
    monkeypatch.setenv("TZ", "Europe/Berlin")
    with private_server(server.flavor, options={"skip_log_bin": None}) as silent:
        with silent.connect() as connection, connection.cursor() as cursor:
            cursor.execute("CREATE DATABASE shop")
        case = Case(silent, "shop")
        report = case.looked_at("mysql", "binlog", "account", "shop", "log")
        (finding,) = found(report, "binlog.enabled")
        assert finding.mark is Mark.FAILED
        assert not_well(report) == {one for one in IDS if one.startswith("binlog.")} | {"shop.commit_times"}
        assert mark_of(report, "account.rights") is Mark.OK

        case.run("ALTER TABLE orders MODIFY created_at DATETIME")
        mixed = case.finding("shop.time_zone")
        assert mixed.mark is Mark.FAILED
        assert "SHOP_TIMEZONE" in mixed.line
        assert case.finding("shop.time_zone", SHOP_TIMEZONE="Europe/Berlin").mark is Mark.OK
        case.run("ALTER TABLE cart MODIFY created_at DATETIME")
        local = case.finding("shop.time_zone")
        assert local.mark is Mark.WARNING
        assert "which is no zone's name" in local.seen
        case.close()
