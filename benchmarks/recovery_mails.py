"""The mails that the sink of the recovery benchmark took: starts it, collects them, and parses each."""

import json
import re
import subprocess
import sys
from collections import Counter
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from email import message_from_bytes
from email.header import decode_header, make_header
from email.utils import parseaddr
from pathlib import Path
from typing import TYPE_CHECKING, Self

from recovery_shop import PICKS

from mailer.languages import languages, shipped

if TYPE_CHECKING:
    from email.message import Message

LEAST_BYTES = 20_000
"""Of a message, as it came over the wire."""

_SUBJECTS = re.compile(
    "|".join(
        re.escape(language.text("You left something in your cart")[1:]) for language in languages(shipped())
    )
)
"""What every subject says, in any language."""

_PICK = re.compile(r"^\* ", re.MULTILINE)


@dataclass(frozen=True, slots=True)
class Mail:
    """One mail: envelope recipient, arrival of its last byte in epoch seconds, and its bytes (dots as sent)."""

    recipient: str
    arrived: float
    content: bytes


class Sink:
    """The sink's process. A context manager; ``port`` is known inside it."""

    def __init__(self, folder: Path) -> None:
        self._process = subprocess.Popen(
            [sys.executable, str(Path(__file__).with_name("recovery_sink.py")), str(folder)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        self.pid = self._process.pid
        self.port = int(self._read())

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._process.communicate()  # closes its stdin, which ends it

    def count(self) -> int:
        """How many mails came since the last ``take``."""
        return int(self._ask("count"))

    def take(self) -> list[Mail]:
        """All of them, in the order of their arrival; the count begins anew."""
        path = Path(self._ask("take"))
        stored = path.with_suffix(".bin")
        content = stored.read_bytes()
        index = json.loads(path.read_text())
        stored.unlink()
        path.unlink()
        return [Mail(to, arrived, content[start : start + size]) for to, arrived, start, size in index]

    def _ask(self, command: str) -> str:
        assert self._process.stdin is not None
        self._process.stdin.write(f"{command}\n")
        self._process.stdin.flush()
        return self._read()

    def _read(self) -> str:
        assert self._process.stdout is not None
        line = self._process.stdout.readline().strip()
        if not line:
            raise SystemExit("the sink ended")
        return line


def check(mails: Sequence[Mail], expected: Collection[str], who: str) -> None:
    """End the program unless each address got exactly one mail, and each mail is whole and large enough."""
    came = Counter(mail.recipient for mail in mails)
    if came != Counter(expected):
        doubled = [address for address, times in came.items() if times > 1]
        raise SystemExit(
            f"{who}: {len(mails)} mails to {len(came)} addresses for {len(expected)} carts, {len(doubled)} doubled"
        )
    smallest = min(len(mail.content) for mail in mails)
    if smallest < LEAST_BYTES:
        raise SystemExit(f"{who}: a mail has {smallest} bytes, at least {LEAST_BYTES} are wanted")
    ids = {_check_one(mail, who) for mail in mails}
    if len(ids) != len(mails):
        raise SystemExit(f"{who}: {len(mails)} mails have {len(ids)} Message-IDs")


def mean_kb(mails: Iterable[Mail]) -> float:
    """Their mean size in KB."""
    sizes = [len(mail.content) for mail in mails]
    return sum(sizes) / len(sizes) / 1000


def _check_one(mail: Mail, who: str) -> str:
    """Parse a mail and see that nothing is missing; its Message-ID."""
    message = message_from_bytes(mail.content.replace(b"\r\n..", b"\r\n."))
    parts = {part.get_content_type(): _text(part) for part in message.walk() if not part.is_multipart()}
    text, html = parts.get("text/plain", ""), parts.get("text/html", "")
    wrong = {
        "subject": not _SUBJECTS.search(str(make_header(decode_header(message["Subject"] or "")))),
        "recipient": parseaddr(message["To"] or "")[1] != mail.recipient,
        "plain text": len(_PICK.findall(text)) != PICKS,
        "html": not html.rstrip().endswith("</html>"),
        "message id": not re.fullmatch(r"<[^<>@]+@[^<>@]+>", message["Message-ID"] or ""),
    }
    if any(wrong.values()):
        raise SystemExit(
            f"{who}: a mail to {mail.recipient} has a wrong {[what for what in wrong if wrong[what]]}"
        )
    return str(message["Message-ID"])


def _text(part: "Message[str, str]") -> str:
    content = part.get_payload(decode=True)
    assert isinstance(content, bytes)
    return content.decode()
