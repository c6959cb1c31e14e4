"""What an operator sees: one clear line a mistake, a sensible exit code, and the commands beside `run`."""

from importlib.metadata import version
from pathlib import Path
from typing import Any

import pytest
from fakes.command_line import cartwake

from binlog_watcher.demo.process import free_port
from binlog_watcher.demo.server import private_server


@pytest.fixture
def run(running_shop: Any, tmp_path: Path) -> Any:
    def go(*arguments: str, **overrides: str) -> Any:
        settings = {name: value for name, value in running_shop.settings(**overrides).items() if value != "-"}
        return cartwake(settings, *arguments, folder=tmp_path)

    return go


def one_line(done: Any, code: int, *words: str) -> None:
    assert done.returncode == code, done.stderr
    lines = [line for line in done.stderr.splitlines() if " INFO " not in line]
    assert len(lines) == 1, done.stderr
    assert "Traceback" not in done.stderr
    for word in words:
        assert word in lines[0], done.stderr


def test_all_wrong_settings_are_reported_together(run: Any) -> None:
    done = run(
        "run", ABANDONMENT_THRESHOLD_MINUTES="soon", ROLLOUT_PERCENT="101", SMTP_TLS="maybe", SENDER_EMAIL="nobody",
        MYSQL_PORT="0", MYSQL_PASSWORD="geheim-42", STORE_NAME="-",
    )  # fmt: skip
    assert done.returncode == 2
    for name, value in (
        ("ABANDONMENT_THRESHOLD_MINUTES", "soon"), ("ROLLOUT_PERCENT", "101"), ("SMTP_TLS", "maybe"),
        ("SENDER_EMAIL", "nobody"), ("MYSQL_PORT", "0"), ("STORE_NAME", ""),
    ):  # fmt: skip
        assert any(name in line and value in line for line in done.stderr.splitlines()), (name, done.stderr)
    assert "geheim" not in done.stderr


def test_the_version(tmp_path: Path) -> None:
    assert cartwake({}, "--version", folder=tmp_path).stdout.split() == ["cartwake", version("cartwake")]


def test_a_wrong_password(run: Any) -> None:
    done = run("run", MYSQL_PASSWORD="wrong-geheim")
    one_line(done, 2, "root", "password")
    assert "geheim" not in done.stderr


def test_no_server(run: Any) -> None:
    port = str(free_port())
    one_line(run("run", MYSQL_PORT=port), 69, port)


def test_an_unknown_database(run: Any) -> None:
    one_line(run("run", MYSQL_DATABASE="no_such_shop"), 2, "no_such_shop")


def test_a_missing_table_and_a_missing_column(run: Any, running_shop: Any) -> None:
    running_shop.run("DROP TABLE orders")
    running_shop.run("ALTER TABLE users DROP COLUMN role")
    done = run("run")
    assert done.returncode == 2
    assert any("orders" in line for line in done.stderr.splitlines())
    assert any("role" in line for line in done.stderr.splitlines())


def test_missing_privileges_are_named_and_where_to_get_the_grants(run: Any, running_shop: Any) -> None:
    name = f"poor{running_shop.database[-6:]}"
    running_shop.run(f"CREATE USER '{name}'@'%%' IDENTIFIED BY 'pass-word-1'")
    running_shop.run(f"GRANT SELECT ON `{running_shop.database}`.* TO '{name}'@'%%'")
    try:
        done = run("run", MYSQL_USER=name, MYSQL_PASSWORD="pass-word-1")
    finally:
        running_shop.run(f"DROP USER '{name}'@'%%'")
    assert done.returncode == 2
    assert "lacks REPLICATION SLAVE, REPLICATION CLIENT on *.*" in done.stderr
    assert "cart_abandonment_tiers" in done.stderr
    assert "`cartwake grants`" in done.stderr
    assert "Traceback" not in done.stderr


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"skip-log-bin": None}, ("binlog", "log_bin")),
        ({"binlog-format": "STATEMENT"}, ("binlog_format", "ROW")),
    ],
)
def test_a_server_that_writes_no_usable_binlog(
    options: dict[str, str | None], words: tuple[str, ...], running_shop: Any, run: Any
) -> None:
    flavor = running_shop.server.flavor
    if flavor == "mysql" and "skip-log-bin" in options:
        options = {**options, "gtid-mode": "OFF", "enforce-gtid-consistency": "OFF"}
    with private_server(flavor, options=options) as server:
        with server.connect() as connection, connection.cursor() as cursor:
            cursor.execute("CREATE DATABASE shop")
            for table in ("cart", "users", "products", "orders"):
                rows = running_shop.run(f"SHOW CREATE TABLE {table}")
                cursor.execute("USE shop")
                cursor.execute(rows[0][1])
        done = run("run", MYSQL_PORT=str(server.port), MYSQL_PASSWORD=server.password, MYSQL_DATABASE="shop")
    one_line(done, 2, *words)


def test_a_log_file_on_a_full_disk(run: Any) -> None:
    one_line(run("run", LOG_FILE="/dev/full"), 73, "/dev/full")


def test_preview_writes_the_mail_and_sends_nothing(run: Any, running_shop: Any, tmp_path: Path) -> None:
    running_shop.user(5, name="Grace Hopper")
    running_shop.add(5, "Laptop")
    files = ("--html", "mail.html", "--text", "mail.txt")
    done = run("preview", "--user", "5", *files, ABANDONMENT_THRESHOLD_MINUTES="30")
    assert done.returncode == 0, done.stderr
    assert "wait until" in done.stdout
    assert "Grace, you left something in your cart" in done.stdout
    assert "Return to" in (tmp_path / "mail.html").read_text()
    assert "SAVE20" in (tmp_path / "mail.txt").read_text()
    assert running_shop.catcher.mails == ()
    assert running_shop.run("SHOW TABLES LIKE 'cart_abandonment%'") == []
    nobody = run("preview", "--user", "99")
    assert nobody.returncode == 1
    assert "the shop has no customer 99" in nobody.stdout


def test_preview_sends_a_mail_on_trial_to_somebody_else(run: Any, running_shop: Any) -> None:
    running_shop.user(5, name="Grace Hopper")
    running_shop.add(5, "Laptop")
    done = run("preview", "--user", "5", "--send-to", "owner@example.com")
    assert done.returncode == 0, done.stderr
    assert "owner@example.com; the mail server says" in " ".join(done.stdout.split())
    assert running_shop.catcher.wait(lambda mails: len(mails) == 1, 20)
    (mail,) = running_shop.catcher.mails
    assert mail.recipients == ("owner@example.com",)
    assert mail.subject.startswith("Grace, you left something in your cart")
    assert running_shop.run("SHOW TABLES LIKE 'cart_abandonment%'") == []
    wrong = run("preview", "--user", "5", "--send-to", "nobody")
    one_line(wrong, 2, "--send-to", "@")
    refused = run("preview", "--user", "5", "--send-to", "owner@example.com", SMTP_PORT=str(free_port()))
    assert refused.returncode not in (0, 2)
    assert "the mail was not sent" in refused.stderr


def test_a_theme_is_begun_checked_and_refused(tmp_path: Path) -> None:
    begun = cartwake(
        {}, "theme", "new", "mine", "--based-on", "bold", "--block", "footer.html", folder=tmp_path
    )
    assert begun.returncode == 0, begun.stderr
    assert "MAIL_THEME=mine" in begun.stdout
    assert cartwake({}, "theme", "check", "mine", folder=tmp_path).returncode == 0
    (tmp_path / "mine/blocks/footer.html").write_text("<tr><td>bye</td></tr>")
    checked = cartwake({}, "theme", "check", "mine", folder=tmp_path)
    assert checked.returncode == 1
    assert "the link to unsubscribe is missing in the HTML" in " ".join(checked.stdout.split())
    again = cartwake({}, "theme", "new", "mine", folder=tmp_path)
    one_line(again, 2, "theme.toml already")


def test_recommend(run: Any, running_shop: Any) -> None:
    product = running_shop.product_id("Laptop")
    done = run("recommend", "--product", str(product))
    assert done.returncode == 0, done.stderr
    assert len([line for line in done.stdout.splitlines() if "0." in line]) >= 1
    one_line(run("recommend", "--product", "999999"), 2, "999999")


def test_opting_out_by_hand_stops_the_mail(run: Any, running_shop: Any) -> None:
    out, other = running_shop.user(1), running_shop.user(2)
    assert run("optout", "add", out).returncode == 0
    listed = run("optout", "list").stdout
    assert "u***@example.com" in listed
    assert out not in listed
    running_shop.service()
    running_shop.add(1)
    running_shop.add(2)
    running_shop.wait_for_mail(other)
    assert running_shop.mails_to(out) == []
    assert ("1", "skipped", "opted_out", 0) in running_shop.log()
    assert run("optout", "remove", out).returncode == 0
    assert run("optout", "remove", out).returncode == 1
    one_line(run("optout", "add", "no address"), 2, "@-sign")
    one_line(
        run("optout", "add", "--token", "unsubscribe EQ.cut"), 2, "the unsubscribe token is cut or changed"
    )


def test_reconcile_mails_what_nobody_follows_and_only_reports_beside_a_service(
    run: Any, running_shop: Any
) -> None:
    address = running_shop.user(1)
    assert run("reconcile").returncode == 0  # activates Cartwake in this shop
    running_shop.run("UPDATE cart_abandonment_meta SET value = '1' WHERE name = 'activated_at'")
    running_shop.run(
        "INSERT INTO cart (user_id, product_id, created_at) VALUES (1, 1, NOW() - INTERVAL 1 HOUR)"
    )
    dry = run("reconcile", "--dry-run")
    assert dry.returncode == 0, dry.stderr
    assert "abandoned and not in the log: 1" in dry.stdout
    assert running_shop.catcher.mails == ()
    done = run("reconcile")
    assert "mailed: 1" in done.stdout, done.stderr
    assert len(running_shop.mails_to(address)) == 1
    assert "abandoned and not in the log: 0" in run("reconcile").stdout
    running_shop.service()
    assert "a service follows this database" in run("reconcile").stdout
