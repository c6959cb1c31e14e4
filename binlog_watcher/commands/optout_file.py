"""`cartwake optout import` and `export`: the list as CSV."""

import csv
import io
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from datetime import UTC, datetime

from binlog_watcher.core.log_status import Reason
from binlog_watcher.errors import ConfigError
from binlog_watcher.store.own_tables.recipients import OptOuts, Suppression
from mailer import InvalidAddressError, mask, parse_address

COLUMNS = ("hash", "hint", "since", "reason")
IMPORTED = "imported"
AT_ONCE = 500
_REASON = re.compile(r"[a-z][a-z0-9_]{0,31}")
_HASH = re.compile(r"[0-9a-fA-F]{64}")


@dataclass(frozen=True, slots=True)
class Imported:
    """``new``: not suppressed before; ``problems``: one line for each line of the file that was left out."""

    new: int
    known: int
    problems: tuple[str, ...]


def exported(opt_outs: OptOuts) -> str:
    """All suppressed addresses, by their hashes: the addresses themselves are nowhere."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(COLUMNS)
    for entry in opt_outs.export():
        since = entry.since.isoformat() if entry.since else ""
        writer.writerow([entry.address_hash.hex(), entry.hint, since, entry.reason])
    return text.getvalue()


def take_in(opt_outs: OptOuts, data: bytes) -> Imported:
    """Suppress all addresses of a file. Blocking.

    It has a heading with a column ``address`` (or ``email``), or ``hash`` as an export has it, and may have ``since``
    and ``reason``; without a heading its first column has the addresses. Lines that can't be read are left out and
    told. Raises ConfigError for a file that is no text.
    """
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError:
        raise ConfigError("the file is not UTF-8: save it with the encoding UTF-8") from None
    problems = []
    entries: dict[bytes, Suppression] = {}
    for number, row in _rows(text):
        try:
            entry = _entry(row, opt_outs)
        except ValueError as error:
            problems.append(f"line {number}: {error}")
            continue
        before = entries.get(entry.address_hash)
        if before is None or before.reason == Reason.BOUNCED:
            entries[entry.address_hash] = entry
    every = list(entries.values())
    new = sum(opt_outs.take_in(every[start : start + AT_ONCE]) for start in range(0, len(every), AT_ONCE))
    return Imported(new, len(every) - new, tuple(problems))


def _rows(text: str) -> Iterator[tuple[int, dict[str, str]]]:
    """Each line with its number, by the names of its columns."""
    head = text.partition("\n")[0]
    reader = csv.reader(io.StringIO(text), delimiter=";" if ";" in head and "," not in head else ",")
    names: list[str] | None = None
    for cells in _lines(reader):
        row = [cell.strip() for cell in cells]
        if not any(row):
            continue
        if names is None:
            heading = [cell.lower().replace("e-mail", "email") for cell in row]
            names = heading if {"address", "email", "hash"} & set(heading) else ["address"]
            if names is heading:
                continue
        yield reader.line_num, dict(zip(names, row, strict=False))


def _lines(reader: Iterable[list[str]]) -> Iterator[list[str]]:
    try:
        yield from reader
    except csv.Error as error:
        raise ConfigError(f"the file is no CSV ({error})") from None


def _entry(row: dict[str, str], opt_outs: OptOuts) -> Suppression:
    """Raises ValueError, which says what is wrong with the line."""
    reason = row.get("reason") or IMPORTED
    if not _REASON.fullmatch(reason):
        raise ValueError("the reason must be one word of small letters, such as unsubscribed")
    entry = Suppression(b"", "", _moment(row.get("since", "")), reason)
    if address := row.get("address") or row.get("email"):
        try:
            digest = opt_outs.hash(address)
        except InvalidAddressError as error:
            raise ValueError(str(error)) from None
        return replace(entry, address_hash=digest, hint=mask(parse_address(address).normalised))
    digest_text = row.get("hash", "")
    if not _HASH.fullmatch(digest_text):
        raise ValueError("there is neither an address nor a hash of 64 hexadecimal digits")
    return replace(entry, address_hash=bytes.fromhex(digest_text), hint=row.get("hint", "?")[:255] or "?")


def _moment(text: str) -> datetime | None:
    if not text:
        return None
    complaint = f"{text[:40]!r} is no moment between 1970 and 2038 such as 2026-05-17T12:00:00+00:00"
    try:
        moment = datetime.fromisoformat(text)
        moment = (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).astimezone(UTC)
    except (ValueError, OverflowError):
        raise ValueError(complaint) from None
    if not 1971 <= moment.year <= 2037:
        raise ValueError(complaint)
    return moment
