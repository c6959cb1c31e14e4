from pathlib import Path

import pytest

from mailer.mailbox import MailboxAddress, open_mailbox, parse_mailbox
from mailer.mailbox.imap import ImapMailbox, _utf7
from mailer.mailbox.maildir import Maildir


@pytest.mark.parametrize(
    ("text", "address"),
    [
        ("imaps://me@imap.example.com", MailboxAddress("INBOX", "imap.example.com", 993, "me")),
        ("imaps://me@imap.example.com:1993/", MailboxAddress("INBOX", "imap.example.com", 1993, "me")),
        ("imaps://a%40b.test@[::1]/Shop/Bounces%20in", MailboxAddress("Shop/Bounces in", "::1", 993, "a@b.test")),
        ("maildir:/var/mail/a b", MailboxAddress("/var/mail/a b")),
    ],
)  # fmt: skip
def test_what_it_says(text: str, address: MailboxAddress) -> None:
    assert parse_mailbox(text) == address


@pytest.mark.parametrize(
    ("text", "advice"),
    [
        ("imap://me@imap.example.com", "imaps://"),
        ("imaps://imap.example.com", "imaps://user@host/INBOX"),
        ("imaps://me:secret@imap.example.com", "BOUNCE_PASSWORD"),
        ("imaps://me@imap.example.com:none", "imaps://user@host/INBOX"),
        ("imaps://me@imap.example.com/a%0d%0ab", "imaps://user@host/INBOX"),
        ("pop3://me@imap.example.com", "imaps://user@host/INBOX"),
        ("maildir:var/mail", "whole path"),
        ("/var/mail", "imaps://user@host/INBOX"),
    ],
)
def test_what_it_can_not_be(text: str, advice: str) -> None:
    with pytest.raises(ValueError, match=advice) as caught:
        parse_mailbox(text)
    assert "secret" not in str(caught.value)


def test_each_kind_has_its_mailbox() -> None:
    imap = open_mailbox(parse_mailbox("imaps://me@imap.example.com/A"), "hunter22")
    assert imap == ImapMailbox("imap.example.com", 993, "me", "hunter22", "A")
    assert "hunter22" not in repr(imap)
    assert open_mailbox(parse_mailbox("maildir:/var/mail")) == Maildir(Path("/var/mail"))


@pytest.mark.parametrize(
    ("name", "encoded"),
    [
        ("INBOX", "INBOX"),
        ("Shop & Co", "Shop &- Co"),
        ("Rückläufer", "R&APw-ckl&AOQ-ufer"),
        ("~peter/mail/台北/日本語", "~peter/mail/&U,BTFw-/&ZeVnLIqe-"),  # RFC 3501, 5.1.3
        ('a"b', 'a\\"b'),
    ],
)
def test_names_of_folders_are_written_as_imap_does(name: str, encoded: str) -> None:
    assert _utf7(name) == encoded
