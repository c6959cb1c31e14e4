"""A server that can't give one of its messages: no server that can be had does so when asked to."""

from typing import Any, cast

from mailer.mailbox.imap import ImapStore


class Client:
    """Three messages, the first of which can't be fetched."""

    def __init__(self) -> None:
        self.stored: list[tuple[str, ...]] = []

    def uid(self, command: str, *arguments: str) -> tuple[str, list[Any]]:
        if command == "SEARCH":
            return "OK", [b"1 2 3"]
        if command == "STORE":
            self.stored.append(arguments)
            return "OK", [None]
        if arguments[0] == "1":
            return "NO", [b"[SERVERBUG] internal error"]
        return "OK", [(f"{arguments[0]} (UID {arguments[0]} BODY[]<0>".encode(), arguments[0].encode()), b")"]


def test_a_message_that_can_not_be_fetched_is_flagged_and_holds_up_no_other() -> None:
    client = Client()
    found = list(ImapStore(cast("Any", client), 3).fresh(10))
    assert [message.raw for message in found] == [b"2", b"3"]
    assert client.stored == [("1", "+FLAGS.SILENT", r"(\Flagged)")]
