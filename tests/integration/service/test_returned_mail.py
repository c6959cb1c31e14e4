"""From a mail that went out to the report about it, and what becomes of the address."""

import asyncio
import io
import subprocess
import sys
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
import structlog
from fakes.mail_server import MailServer
from fakes.recovering import Recovering, abandon, recovering
from fakes.returned_mail import specimen
from fakes.running_service import following
from fakes.waiting import until

from binlog_watcher.commands import bounce
from binlog_watcher.commands.optout import optouts
from binlog_watcher.commands.report import read_report
from binlog_watcher.commands.report_tables import shown
from binlog_watcher.errors import DatabaseUnavailableError
from binlog_watcher.service.returned_mail import desk
from binlog_watcher.service.signers import mail_ids
from binlog_watcher.service.wiring import links
from binlog_watcher.store.own_tables.overview import Suppressed
from binlog_watcher.store.own_tables.returned_mails import ReturnedCount

VERP: dict[str, Any] = {
    "BOUNCE_ADDRESS": "bounce+{verp}@example.com",
    "UNSUBSCRIBE_EMAIL": "bounce+unsubscribe@example.com",
}
JANE = "user1@example.com"


def report_on(cartwake: Recovering, name: str, log_id: int, address: str = JANE) -> bytes:
    """A specimen about the mail of this row, which names this address."""
    secret = cartwake.resources.link_secret
    raw = specimen(name, mail_ids(cartwake.settings, secret), links(cartwake.settings, secret), log_id)
    return raw.replace(b"jane@example.org", address.encode()).replace(b"Jane@Example.org", address.encode())


def reason(cartwake: Recovering) -> list[str]:
    return [entry.reason for entry in optouts(cartwake.settings).list()]


async def test_a_mail_that_went_out_and_bounced_is_the_last_one(shop: Any, smtp: MailServer) -> None:
    abandon(shop, [1], minutes_ago=120)
    async with recovering(shop, smtp, EMAIL_COOLDOWN_HOURS="0", **VERP) as cartwake:
        await cartwake.recover(1)
        (row,) = shop.log()
        ids = mail_ids(cartwake.settings, cartwake.resources.link_secret)
        (envelope,), (mail,) = smtp.accepted, smtp.mails_to(JANE)
        assert envelope.mail_from == f"bounce+{ids.sign(row['id'])}@example.com"
        assert ids.find(str(mail["Message-ID"])) == row["id"]
        assert row["message_id"] == str(mail["Message-ID"])
        assert str(mail["From"]) == "The Sample Shop <hello@shop.example.com>"
        assert "mailto:bounce%2Bunsubscribe@example.com" in str(mail["List-Unsubscribe"])
        counter = desk(cartwake.settings, cartwake.resources)
        with structlog.testing.capture_logs() as logs:
            assert counter.handle(report_on(cartwake, "postfix-unknown", row["id"])) == "hard"
            assert counter.handle(report_on(cartwake, "postfix-unknown", row["id"])) == "hard"
        assert [entry["event"] for entry in logs].count("recipient.suppressed") == 1
        assert JANE not in str(logs)
        shop.add(1, 2, minutes_ago=60)
        await cartwake.recover(1)
        assert cartwake.rows()[-1] == ("1", "skipped", "bounced", 0)
        report = read_report(cartwake.settings, days=Decimal(1), limit=20)
        assert report is not None
        assert report.returned == [ReturnedCount("hard", 2)]
        assert report.suppressed == [Suppressed("bounced", 1)]
        assert "mails that came back: 2 hard bounces" in shown(report)
    assert len(smtp.mails_to(JANE)) == 1


SORTS = [
    ("gmail-no-such-user", "hard", ["bounced"]),
    ("exchange-not-found", "hard", ["bounced"]),
    ("qmail-no-mailbox", "hard", ["bounced"]),
    ("postfix-full", "soft", []),
    ("postfix-delayed", "soft", []),
    ("postfix-spam", "about_us", []),
    ("postfix-relayed", "delivered", []),
    ("forwarded", "soft", []),
    ("unsigned", "unsigned", []),
    ("arf-abuse", "complaint", ["complained"]),
    ("arf-not-spam", "other", []),
    ("out-of-office", "auto_reply", []),
    ("unsubscribe-gmail", "unsubscribe", ["unsubscribed"]),
    ("unsubscribe-forwarded", "unsubscribe", ["unsubscribed"]),
    ("person", "other", []),
]


@pytest.mark.parametrize("server", ["mysql"], indirect=True)
async def test_what_follows_from_each_sort(shop: Any, smtp: MailServer) -> None:
    abandon(shop, [1])
    async with recovering(shop, smtp) as cartwake:
        await cartwake.recover(1)
        (row,) = shop.log()
        counter = desk(cartwake.settings, cartwake.resources)
        for name, kind, reasons in SORTS:
            raw = report_on(cartwake, name, row["id"])
            assert (name, counter.look(raw)) == (name, counter.look(raw))
            assert (name, counter.handle(raw), reason(cartwake)) == (name, kind, reasons)
            optouts(cartwake.settings).remove(JANE)
            shop.run("UPDATE cart_abandonment_log SET bounce = NULL, bounced_at = NULL")
        assert counter.handle(report_on(cartwake, "postfix-unknown", 777)) == "unknown_row"
        assert counter.handle(report_on(cartwake, "arf-abuse", 777)) == "unknown_row"


@pytest.mark.parametrize("server", ["mysql"], indirect=True)
async def test_a_mail_that_nobody_thought_of_keeps_no_other_waiting(
    shop: Any, smtp: MailServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with recovering(shop, smtp) as cartwake:
        counter = desk(cartwake.settings, cartwake.resources)

        def broken(*_arguments: object) -> None:
            raise RecursionError("too deep")

        monkeypatch.setattr("binlog_watcher.service.returned_mail.read_mail", broken)
        assert counter.handle(b"To: somebody") == "unreadable"
    assert shop.run("SELECT kind, mails FROM cart_abandonment_returned") == [("unreadable", 1)]


async def test_the_service_reads_its_mailbox(shop: Any, smtp: MailServer, tmp_path: Path) -> None:
    for name in ("new", "cur", "tmp"):
        (tmp_path / name).mkdir()
    abandon(shop, [1, 2], minutes_ago=60)
    async with recovering(shop, smtp, BOUNCE_MAILBOX=f"maildir:{tmp_path}", **VERP) as cartwake:
        await cartwake.recover(1, 2)
        first, second = sorted(shop.log(), key=lambda row: str(row["cart_key"]))
        for nth, raw in enumerate((
            report_on(cartwake, "postfix-unknown", first["id"]),
            report_on(cartwake, "unsubscribe-gmail", second["id"]),
            report_on(cartwake, "person", first["id"]),
        )):  # fmt: skip
            (tmp_path / f"new/{nth}.mx").write_bytes(raw)
        settings = cartwake.settings

    def settled() -> list[str]:
        return sorted(path.name for path in (tmp_path / "cur").iterdir())

    async with following(settings) as service:
        await until(lambda: len(settled()) == 3)
        assert (
            service.metrics.registry.get_sample_value("cartwake_mails_returned_total", {"kind": "hard"}) == 1
        )
    assert settled() == ["0.mx:2,S", "1.mx:2,S", "2.mx:2,F"]
    assert sorted(entry.reason for entry in optouts(settings).list()) == ["bounced", "unsubscribed"]


@pytest.mark.parametrize("server", ["mysql"], indirect=True)
async def test_a_mailbox_that_is_gone_delays_no_mail(shop: Any, smtp: MailServer, tmp_path: Path) -> None:
    async with recovering(shop, smtp, BOUNCE_MAILBOX=f"maildir:{tmp_path / 'gone'}",
                          ABANDONMENT_THRESHOLD_MINUTES="0.02") as cartwake:  # fmt: skip
        settings = cartwake.settings
    shop.user(1, JANE)
    with structlog.testing.capture_logs() as logs:
        async with following(settings) as service:
            await until(lambda: "mailbox.not_readable" in {entry["event"] for entry in logs})
            shop.add(1, 1, minutes_ago=0)
            await until(lambda: bool(smtp.mails_to(JANE)))
            assert service.is_ready()


def environment(cartwake: Recovering) -> dict[str, str]:
    """The settings that the command needs to reach MySQL."""
    settings = cartwake.settings
    return {
        "MYSQL_HOST": settings.mysql_host, "MYSQL_PORT": str(settings.mysql_port), "MYSQL_TLS": "off",
        "MYSQL_USER": settings.mysql_user, "MYSQL_PASSWORD": settings.mysql_password.get_secret_value(),
        "MYSQL_DATABASE": settings.mysql_database, "PATH": "/usr/bin:/bin", "PYTHONUTF8": "1",
    }  # fmt: skip


def pipe(message: bytes, environ: dict[str, str], folder: Path) -> subprocess.CompletedProcess[bytes]:
    return subprocess.run(
        [sys.executable, "-m", "binlog_watcher", "bounce"],
        input=message, env=environ, cwd=folder, capture_output=True, timeout=60, check=False,
    )  # fmt: skip


@pytest.mark.parametrize("server", ["mysql"], indirect=True)
async def test_a_mail_server_pipes_a_mail_in(shop: Any, smtp: MailServer, tmp_path: Path) -> None:
    abandon(shop, [1])
    async with recovering(shop, smtp) as cartwake:
        await cartwake.recover(1)
        (row,) = shop.log()
        raw = report_on(cartwake, "postfix-unknown", row["id"])
        environ = environment(cartwake)
        dry = await asyncio.to_thread(pipe, raw, environ | {"DRY_RUN": "true"}, tmp_path)
        assert (dry.returncode, dry.stdout, reason(cartwake)) == (0, b"bounce\n", [])
        done = await asyncio.to_thread(pipe, raw + b"padding " * 1_000_000, environ, tmp_path)
        assert (done.returncode, done.stdout) == (0, b"hard\n")
        assert reason(cartwake) == ["bounced"]
        # The mail server keeps a mail that can't be taken in, whatever the cause.
        for wrong in ({"MYSQL_PORT": "1"}, {"MYSQL_USER": ""}, {"MYSQL_PASSWORD": "not that"}):
            kept = await asyncio.to_thread(pipe, raw, environ | wrong, tmp_path)
            assert kept.returncode == 75
            assert kept.stderr.startswith(b"cartwake: ")
            assert b"Traceback" not in kept.stderr


@pytest.mark.parametrize("server", ["mysql"], indirect=True)
async def test_what_can_not_be_written_is_not_taken_for_done(
    shop: Any, smtp: MailServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    abandon(shop, [1])
    async with recovering(shop, smtp) as cartwake:
        await cartwake.recover(1)
        (row,) = shop.log()
        counter = desk(cartwake.settings, cartwake.resources)

        def gone(*_arguments: object) -> None:
            raise DatabaseUnavailableError("MySQL is gone")

        with monkeypatch.context() as broken:
            broken.setattr(cartwake.resources.database, "in_transaction", gone)
            with pytest.raises(DatabaseUnavailableError):
                counter.handle(report_on(cartwake, "postfix-unknown", row["id"]))
        assert shop.run("SELECT COUNT(*) FROM cart_abandonment_returned") == [(0,)]


def test_all_of_a_large_mail_is_read_and_only_its_beginning_kept() -> None:
    stream = io.BytesIO(b"a" * 3_000_000)
    assert bounce.read_message(stream) == b"a" * 1_000_000
    assert stream.read() == b""
