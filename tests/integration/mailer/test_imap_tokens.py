"""Mailboxes that take no password: XOAUTH2, with the token that a command prints."""

import sys
from collections.abc import Iterator, Sequence
from pathlib import Path

import pytest
from fakes.imap_server import TokenServer

from mailer.mailbox import MailboxError
from mailer.mailbox import tokens as tokens_module
from mailer.mailbox.imap import ImapMailbox
from mailer.mailbox.tokens import printed_by

TOKEN = "eyJ0eXAi.of-the-test"


@pytest.fixture
def server(tmp_path: Path) -> Iterator[TokenServer]:
    with TokenServer(tmp_path, TOKEN).running() as running:
        yield running


def printing(code: str) -> Sequence[str]:
    return (sys.executable, "-c", code)


def mailbox(server: TokenServer, command: Sequence[str]) -> ImapMailbox:
    return ImapMailbox(
        "127.0.0.1", server.port, "bounce@example.com", "", token=printed_by(command), tls_context=server.trust
    )  # fmt: skip


def test_a_token_opens_the_mailbox(server: TokenServer) -> None:
    with mailbox(server, printing(f"print('{TOKEN}'); print('more')")).opened() as store:
        assert list(store.fresh(10)) == []
    assert server.seen == [f"user=bounce@example.com\x01auth=Bearer {TOKEN}\x01\x01"]


def test_a_refused_token_is_told_and_not_shown(server: TokenServer) -> None:
    with (
        pytest.raises(MailboxError, match=r"AUTHENTICATE failed.*BOUNCE_TOKEN_COMMAND") as caught,
        mailbox(server, printing("print('of-somebody-else')")).opened(),
    ):
        pass
    assert "of-somebody-else" not in str(caught.value)


@pytest.mark.parametrize(
    ("command", "complaint"),
    [
        (printing("raise SystemExit(3)"), "exit 3"),
        (printing("print()"), "no token"),
        (printing("print('tök')"), "no token"),
        (printing("print('a' * 20_000)"), "no token"),
        (["/nowhere/token"], "can't be run"),
    ],
)
def test_a_command_that_gives_none_says_so(command: Sequence[str], complaint: str) -> None:
    with pytest.raises(MailboxError, match=complaint):
        printed_by(command)()


def test_a_command_that_hangs_is_ended(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tokens_module, "TIMEOUT_S", 0.2)
    with pytest.raises(MailboxError, match="longer than"):
        printed_by(printing("import time; time.sleep(60)"))()
