"""Reads a caught mail the way a customer's program shows it, for comparison with the expectations."""

import re
from functools import cache
from html.parser import HTMLParser

from binlog_watcher.demo.catcher import CaughtMail
from binlog_watcher.demo.expectations import ReceivedMail
from binlog_watcher.demo.sample_shop import products

_HIDDEN = {"style", "script", "title", "head"}
_FORBIDDEN = {"script", "iframe", "object", "embed", "form", "input"}


class _Page(HTMLParser):
    """Collects the visible text, and whatever is active in the page."""

    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.words: list[str] = []
        self.active: list[str] = []
        self._hidden = 0

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag in _HIDDEN:
            self._hidden += 1
        if tag in _FORBIDDEN:
            self.active.append(f"<{tag}>")
        for name, value in attrs:
            if name.startswith("on") or (value or "").strip().lower().startswith("javascript:"):
                self.active.append(f"<{tag} {name}=…>")

    def handle_endtag(self, tag: str) -> None:
        if tag in _HIDDEN and self._hidden:
            self._hidden -= 1

    def handle_data(self, data: str) -> None:
        if not self._hidden:
            self.words.append(data)


def read_page(page: str) -> tuple[str, tuple[str, ...]]:
    """The visible text of an HTML page with single spaces, and the active markup found in it."""
    parser = _Page()
    parser.feed(page)
    parser.close()
    return " ".join(" ".join(parser.words).split()), tuple(parser.active)


@cache
def _names() -> re.Pattern[str]:
    """Finds the names of products, the longer of two that begin alike first."""
    names = sorted((product.name for product in products()), key=len, reverse=True)
    return re.compile(r"(?<!\w)(?:" + "|".join(map(re.escape, names)) + r")(?!\w)")


def read_mail(mail: CaughtMail) -> ReceivedMail:
    """The mail as its customer sees it; the address is that of the envelope."""
    page, active = read_page(mail.part("html"))
    return ReceivedMail(
        number=mail.number,
        arrived_at=mail.arrived_at,
        address=mail.recipients[0] if mail.recipients else "",
        header_to=str(mail.message.get("To", "")),
        subject=mail.subject,
        page=page,
        text=mail.part("plain"),
        active=active,
        products=frozenset(_names().findall(page)),
        unsubscribe=str(mail.message.get("List-Unsubscribe", "")),
        message_id=str(mail.message.get("Message-ID", "")),
    )
