"""`cartwake optout`: on a shop where Cartwake was never switched on, and by the token of an unsubscribe mail."""

import re
from pathlib import Path
from typing import Any

import pytest
from fakes.command_line import cartwake
from fakes.mail_server import MailServer
from fakes.recovering import abandon, recovering, settings_of

from binlog_watcher.commands import optout_file
from binlog_watcher.commands.optout import add_by_token, optouts
from binlog_watcher.core.decision import Send, Skip
from binlog_watcher.core.log_status import Reason
from binlog_watcher.errors import CartwakeError, ConfigError
from mailer import Links, WrongSignatureError


def test_opting_somebody_out_does_not_switch_cartwake_on(bare_shop: Any, smtp: MailServer) -> None:
    shop = bare_shop()
    assert optouts(settings_of(shop, smtp)).add("jane@example.com")
    assert shop.run("SELECT value FROM cart_abandonment_meta WHERE name = 'activated_at'") == []


async def test_the_token_of_a_mail_opts_its_recipient_out(shop: Any, smtp: MailServer) -> None:
    first, second = abandon(shop, range(1, 3))
    async with recovering(shop, smtp) as cartwake:
        await cartwake.recover(1, 2)
        link = re.search(r"mailto:\S+", str(smtp.mails_to(first)[0]["List-Unsubscribe"]))
        assert link is not None
        # Who has a new address meanwhile is known by the one that was mailed.
        shop.run("UPDATE users SET email = 'new@example.com' WHERE id = 1")
        assert add_by_token(cartwake.settings, link[0])
        assert not add_by_token(cartwake.settings, link[0].rpartition("%20")[2].rstrip(">"))
        (row,) = [row for row in shop.log() if row["cart_key"] == "1"]
        (entry,) = optouts(cartwake.settings).list()
        assert (entry.hint, entry.reason) == (f"recipient of mail {row['id']}", "unsubscribed")
        for user, address in ((3, first), (4, second)):
            shop.user(user, address)
            shop.add(user, 1, minutes_ago=60)
        shop.run("UPDATE cart_abandonment_recipient SET last_mail_at = NULL")
        decisions = await cartwake.recover(3, 4)
        assert isinstance(decisions[3], Skip)
        assert decisions[3].reason is Reason.OPTED_OUT
        assert isinstance(decisions[4], Send)
    assert optouts(cartwake.settings).remove(first)


def test_a_token_of_no_mail_opts_nobody_out(bare_shop: Any, smtp: MailServer) -> None:
    secret = "a secret of more than 16 characters"
    settings = settings_of(bare_shop(), smtp, LINK_SECRET=secret)
    links = Links(secret, support_email="help@example.com")
    with pytest.raises(CartwakeError, match="the log has no mail 77 any more"):
        add_by_token(settings, links.token(77))
    with pytest.raises(WrongSignatureError):
        add_by_token(settings, Links("another secret of that length", support_email="a@b.test").token(77))
    assert optouts(settings).list() == []


def test_a_list_of_another_tool_is_imported(shop: Any, smtp: MailServer) -> None:
    opt_outs = optouts(settings_of(shop, smtp))
    opt_outs.add("bounced@example.com", reason="bounced")
    opt_outs.add("jane@example.com")
    file = (
        "\ufeffName;E-Mail;Reason;Since\r\n"
        "Ada;Ada@Example.com;unsubscribed;2025-01-02\r\n"
        "\r\n"
        "Ada;ada@example.com;;\r\n"
        "Bob;bob@example.com;complained;2025-01-02T03:04:05+02:00\r\n"
        "Jane;jane@example.com;;\r\n"
        "Eve;bounced@example.com;;\r\n"
        "Nobody;not an address;;\r\n"
        "Zoe;zoe@example.com;Not A Word;\r\n"
        "Zoe;zoe@example.com;;99999-01-01\r\n"
        "Short\r\n"
    )
    done = optout_file.take_in(opt_outs, file.encode())
    assert (done.new, done.known) == (3, 1)
    assert [problem.partition(":")[0] for problem in done.problems] == [f"line {nth}" for nth in range(8, 12)]
    assert "not an address" not in str(done.problems), "addresses are shown masked at most"
    entries = {(entry.hint, entry.reason, f"{entry.since:%Y-%m-%d %H}") for entry in opt_outs.list()}
    assert {
        ("a***@example.com", "unsubscribed", "2025-01-02 00"),
        ("b***@example.com", "complained", "2025-01-02 01"),
    } < entries
    assert {(hint, reason) for hint, reason, _ in entries} == {
        ("a***@example.com", "unsubscribed"), ("b***@example.com", "complained"),
        ("j***@example.com", "manual"), ("b***@example.com", "imported"),
    }  # fmt: skip
    again = optout_file.take_in(opt_outs, file.encode())
    assert (again.new, again.known) == (0, 4)


@pytest.mark.parametrize("server", ["mysql"], indirect=True)
def test_a_plain_list_needs_no_heading(shop: Any, smtp: MailServer) -> None:
    opt_outs = optouts(settings_of(shop, smtp))
    many = "".join(f"user{number}@example.com\n" for number in range(1_201))
    assert optout_file.take_in(opt_outs, many.encode()).new == 1_201
    assert not opt_outs.add("user1200@example.com")
    assert optout_file.take_in(opt_outs, b"") == optout_file.Imported(0, 0, ())


def test_what_is_exported_is_imported_elsewhere(shop: Any, smtp: MailServer) -> None:
    opt_outs = optouts(settings_of(shop, smtp))
    for reason in ("manual", "bounced"):
        opt_outs.add(f"{reason}@example.com", reason=reason)
    text = optout_file.exported(opt_outs)
    assert "@example.com" in text
    assert "manual@example.com" not in text
    before = list(opt_outs.export())
    for entry in before:
        shop.run("DELETE FROM cart_abandonment_recipient WHERE address_hash = %s", (entry.address_hash,))
    assert optout_file.take_in(opt_outs, text.encode()) == optout_file.Imported(2, 0, ())
    assert list(opt_outs.export()) == before
    assert opt_outs.remove("manual@example.com")


@pytest.mark.parametrize("data", [b"\xff\xfea\x00", b'address\n"' + b"a" * 200_000])
@pytest.mark.parametrize("server", ["mysql"], indirect=True)
def test_a_file_that_is_no_list_says_so(shop: Any, smtp: MailServer, data: bytes) -> None:
    with pytest.raises(ConfigError, match="the file is"):
        optout_file.take_in(optouts(settings_of(shop, smtp)), data)


@pytest.mark.parametrize("server", ["mysql"], indirect=True)
def test_the_command_line_imports_and_exports(shop: Any, tmp_path: Path) -> None:
    environ = {
        "MYSQL_HOST": "127.0.0.1", "MYSQL_PORT": str(shop.server.port), "MYSQL_USER": shop.server.user,
        "MYSQL_PASSWORD": shop.server.password, "MYSQL_DATABASE": shop.name, "MYSQL_TLS": "off",
    }  # fmt: skip
    (tmp_path / "list.csv").write_text("jane@example.com\nnobody\n")
    done = cartwake(environ, "optout", "import", "list.csv", folder=tmp_path)
    assert (done.returncode, done.stdout.splitlines()[-1]) == (
        1,
        "1 opted out, 0 were already, 1 lines left out",
    )
    assert "line 2" in done.stdout
    assert cartwake(environ, "optout", "export", "out.csv", folder=tmp_path).returncode == 0
    shown = cartwake(environ, "optout", "export", folder=tmp_path).stdout
    assert shown == (tmp_path / "out.csv").read_text()
    assert "j***@example.com" in shown
    missing = cartwake(environ, "optout", "import", "gone.csv", folder=tmp_path)
    assert (missing.returncode, missing.stderr) == (2, "cartwake: gone.csv: No such file or directory\n")
