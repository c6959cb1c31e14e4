"""Whom a refusal is about, as the large providers say it: the table ``refusals.toml``, with its sources."""

import re
import tomllib
from dataclasses import dataclass
from enum import StrEnum
from importlib.resources import files


class About(StrEnum):
    """Whom a refusal is about.

    ``US``: nobody gets a mail until a human acts; ``US_NOW``: that passes; ``GONE``: there is no such mailbox, or it is
    closed; ``FULL``: it takes none now, or none from us; ``MESSAGE``: its size or content.
    """

    US = "us"
    US_NOW = "us_now"
    GONE = "gone"
    FULL = "full"
    MESSAGE = "message"


@dataclass(frozen=True, slots=True)
class Refusal:
    """A row: who says it, in which words, where that is documented; ``reply`` is one as it is sent."""

    by: str
    source: str
    reply: str
    match: re.Pattern[str]
    about: About


def _read() -> tuple[Refusal, ...]:
    rows = tomllib.loads((files("mailer") / "refusals.toml").read_text(encoding="utf-8"))["refusal"]
    return tuple(
        Refusal(
            row["by"],
            row["source"],
            row["reply"],
            re.compile(row["match"], re.IGNORECASE),
            About(row["about"]),
        )
        for row in rows
    )


REFUSALS = _read()


def known(words: str) -> About | None:
    """Whom a refusal is about, by the reply's text without its code and without addresses; None: nobody knows."""
    return next((one.about for one in REFUSALS if one.match.search(words)), None)
