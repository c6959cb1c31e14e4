import asyncio
import threading
from email.message import EmailMessage
from pathlib import Path

import aiosmtplib
import pytest

from binlog_watcher.demo import catcher as catcher_module
from binlog_watcher.demo.catcher import CaughtMail, MailCatcher


def a_mail(to: str, subject: str = "Grüße, 山田") -> EmailMessage:
    message = EmailMessage()
    message["From"] = "shop@example.com"
    message["To"] = to
    message["Subject"] = subject
    message.set_content("Total: $12.00\n")
    message.add_alternative("<p>Total: <b>$12.00</b></p>", subtype="html")
    return message


async def send(catcher: MailCatcher, *messages: EmailMessage) -> None:
    client = aiosmtplib.SMTP(hostname="127.0.0.1", port=catcher.port, start_tls=False)
    async with client:
        for message in messages:
            await client.send_message(message)


async def test_a_mail_is_kept_as_eml_and_html(tmp_path: Path) -> None:
    with MailCatcher(tmp_path / "mails") as catcher:
        await send(catcher, a_mail("ada@example.com"))
        (mail,) = catcher.mails

    assert mail.recipients == ("ada@example.com",)
    assert mail.sender == "shop@example.com"
    assert mail.subject == "Grüße, 山田"
    assert mail.part("plain").strip() == "Total: $12.00"
    assert mail.path.read_bytes() == mail.content
    assert "<b>$12.00</b>" in mail.path.with_suffix(".html").read_text(encoding="utf-8")


async def test_the_index_lists_all_mails_and_escapes_them(tmp_path: Path) -> None:
    with MailCatcher(tmp_path) as catcher:
        await send(catcher, a_mail("a@example.com", "<script>alert(1)</script>"), a_mail("b@example.com"))

    index = (tmp_path / "index.html").read_text(encoding="utf-8")
    assert "2 mails" in index
    assert "b@example.com" in index
    assert "<script>" not in index


async def test_the_catcher_tells_who_listens(tmp_path: Path) -> None:
    heard: list[CaughtMail] = []
    with MailCatcher(tmp_path, heard.append) as catcher:
        await send(catcher, a_mail("a@example.com"), a_mail("b@example.com"))
    assert [mail.number for mail in heard] == [1, 2]


async def test_waiting_goes_on_until_the_mail_is_there(tmp_path: Path) -> None:
    looked = threading.Event()

    def one(mails: tuple[CaughtMail, ...]) -> bool:
        looked.set()
        return len(mails) == 1

    with MailCatcher(tmp_path) as catcher:
        waiting = asyncio.create_task(asyncio.to_thread(catcher.wait, one, 20))
        assert await asyncio.to_thread(looked.wait, 20)  # it found no mail: nothing is sent before
        await send(catcher, a_mail("a@example.com"))
        assert await waiting


async def test_waiting_ends_in_vain_after_its_time(tmp_path: Path) -> None:
    with MailCatcher(tmp_path) as catcher:
        await send(catcher, a_mail("a@example.com"))
        assert not catcher.wait(lambda mails: len(mails) == 2, seconds=0.01)


async def test_the_catcher_is_bounded(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(catcher_module, "MAX_MAILS", 1)
    with MailCatcher(tmp_path) as catcher:
        await send(catcher, a_mail("a@example.com"))
        with pytest.raises(aiosmtplib.SMTPDataError, match="keeps 1 mails"):
            await send(catcher, a_mail("b@example.com"))
        assert catcher.refused == 1
        assert len(catcher.mails) == 1


async def test_it_stops_although_a_client_is_connected(tmp_path: Path) -> None:
    catcher = MailCatcher(tmp_path)
    with catcher:
        client = aiosmtplib.SMTP(hostname="127.0.0.1", port=catcher.port, start_tls=False)
        await client.connect()
    client.close()
    with pytest.raises(aiosmtplib.SMTPConnectError):
        await aiosmtplib.SMTP(hostname="127.0.0.1", port=catcher.port, start_tls=False).connect()
