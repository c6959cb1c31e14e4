"""QUERY events: what a statement in the binlog means for the watched tables.

With row-based logging only transaction brackets and DDL arrive as statements; but any session may switch to
STATEMENT or MIXED, and then DML does too. Event format: MySQL internals documentation, QUERY_EVENT. The status
variables are stepped over by their length, since new servers add new ones.
"""

import re
from collections.abc import Collection
from dataclasses import dataclass
from enum import Enum, auto

from binlog_watcher.binlog.protocol.wire import DecodeError, piece

_POST_HEADER = 13
_LOAD_POST_HEADER = 13
"""EXECUTE_LOAD_QUERY: file id and offsets behind the QUERY event's own post-header."""


class Meaning(Enum):
    """What the reader has to do about a statement."""

    BEGIN = auto()
    COMMIT = auto()
    ROLLBACK = auto()
    XA_START = auto()
    XA_END = auto()
    XA_COMMIT = auto()
    XA_ROLLBACK = auto()
    NOTHING = auto()
    NEW_LAYOUT = auto()
    """A watched table was altered: its rows may look different from now on."""
    UNSEEN_CHANGE = auto()
    """Rows of a watched table changed without row events: the tables must be read anew."""


@dataclass(frozen=True, slots=True)
class Statement:
    """A QUERY event's default schema and text."""

    schema: str
    text: bytes


def parse_query(body: bytes, *, load: bool = False) -> Statement:
    """Decode the body of a QUERY event (``load``: of EXECUTE_LOAD_QUERY). Raises DecodeError."""
    schema_size = piece(body, 8, 1)[0]
    variables = int.from_bytes(piece(body, 11, 2), "little")
    at = _POST_HEADER + (_LOAD_POST_HEADER if load else 0) + variables
    schema = piece(body, at, schema_size)
    end_of_schema = piece(body, at + schema_size, 1)
    if end_of_schema != b"\0":
        raise DecodeError("the schema's name in a QUERY event has no end")
    return Statement(schema.decode("utf-8", "replace"), body[at + schema_size + 1 :])


_BRACKETS = {
    b"BEGIN": Meaning.BEGIN,
    b"COMMIT": Meaning.COMMIT,
    b"ROLLBACK": Meaning.ROLLBACK,
}
_XA = {
    b"START": Meaning.XA_START,
    b"BEGIN": Meaning.XA_START,
    b"END": Meaning.XA_END,
    b"COMMIT": Meaning.XA_COMMIT,
    b"ROLLBACK": Meaning.XA_ROLLBACK,
}
_COMMENT = re.compile(rb"\s*(?:/\*(?!M?!).*?\*/|/\*M?!\d*|(?:--\s|#)[^\n]*(?:\n|$))\s*", re.DOTALL)
_FIRST_WORDS = re.compile(rb"\s*([A-Za-z]+)\s*([A-Za-z]*)\s*([A-Za-z]*)")
_HARMLESS_FIRST = frozenset(
    b"SAVEPOINT RELEASE ANALYZE OPTIMIZE REPAIR CHECK FLUSH GRANT REVOKE SET LOCK UNLOCK USE COMMENT".split()
)
_TABLES_THEMSELVES = frozenset({b"TABLE", b"TABLES", b"DATABASE", b"SCHEMA"})
_LOSES_ROWS = re.compile(
    rb"\bRENAME\s+(?!COLUMN\b|INDEX\b|KEY\b)|\b(?:DROP|TRUNCATE|EXCHANGE|IMPORT|DISCARD|REORGANIZE|COALESCE)"
    rb"\s+(?:PARTITION|TABLESPACE)",
    re.IGNORECASE,
)
_REFERS = re.compile(rb"\bREFERENCES\b", re.IGNORECASE)


class StatementReader:
    """Classifies statements with regard to the watched tables of one schema."""

    def __init__(self, schema: str, tables: Collection[str]) -> None:
        self._schema = schema.casefold()
        names = b"|".join(re.escape(name.encode()) for name in tables)
        self._mentions_table = re.compile(rb"(?<![\w$])(?:" + names + rb")(?![\w$])", re.IGNORECASE)
        self._mentions_schema = re.compile(
            rb"(?<![\w$])" + re.escape(schema.encode()) + rb"(?![\w$])", re.IGNORECASE
        )

    def read(self, statement: Statement) -> Meaning:
        """What to do about the statement. Cheap for the brackets, which are nearly all there are."""
        text = statement.text
        bracket = _BRACKETS.get(text)
        if bracket is not None:
            return bracket
        text = _without_leading_comments(text)
        words = _FIRST_WORDS.match(text)
        if words is None:
            return self._unless_elsewhere(statement, text, Meaning.UNSEEN_CHANGE)
        first, second, third = (word.upper() for word in words.groups())
        if first in _BRACKETS:
            # ROLLBACK TO a savepoint ends nothing.
            return Meaning.NOTHING if second == b"TO" or third == b"TO" else _BRACKETS[first]
        if first == b"XA":
            return _XA.get(second, Meaning.NOTHING)
        meaning = _meaning(first, second, third, text)
        if meaning is Meaning.NEW_LAYOUT and _REFERS.search(text):
            return meaning  # cascades may reach the watched tables by way of any table, in any schema
        return self._unless_elsewhere(statement, text, meaning)

    def _unless_elsewhere(self, statement: Statement, text: bytes, meaning: Meaning) -> Meaning:
        if meaning is Meaning.NOTHING:
            return meaning
        here = statement.schema.casefold() == self._schema or self._mentions_schema.search(text)
        if not here:
            return Meaning.NOTHING
        whole_schema = re.match(rb"\s*DROP\s+(?:DATABASE|SCHEMA)\b", text, re.IGNORECASE)
        if whole_schema and self._mentions_schema.search(text):
            return meaning
        return meaning if self._mentions_table.search(text) else Meaning.NOTHING


def xid_of(text: bytes) -> bytes:
    """The transaction id of an XA statement, as the server writes it: ``X'…',X'…',1``. Raises DecodeError."""
    words = text.split(None, 2)
    if len(words) < 3:
        raise DecodeError(f"an XA statement without an id: {text[:80]!r}")
    return b",".join(part.strip().lower() for part in words[2].split(b","))


def xid_from(format_id: int, branch: bytes, qualifier: bytes) -> bytes:
    """The same id from its parts, as XA_PREPARE events carry them."""
    return b"x'%s',x'%s',%d" % (branch.hex().encode(), qualifier.hex().encode(), format_id)


def _meaning(first: bytes, second: bytes, third: bytes, text: bytes) -> Meaning:
    """The meaning of a statement that mentions a watched table. What is not known to be harmless is not."""
    match first:
        case b"ALTER" if b"TABLE" not in (second, third):  # ALTER ONLINE TABLE, in MariaDB
            return Meaning.NOTHING
        case b"ALTER":
            return Meaning.UNSEEN_CHANGE if _LOSES_ROWS.search(text) else Meaning.NEW_LAYOUT
        case b"CREATE":
            replaced = second == b"OR" and re.match(
                rb"\s*CREATE\s+OR\s+REPLACE\s+TABLE\b", text, re.IGNORECASE
            )
            if replaced:
                return Meaning.UNSEEN_CHANGE
            return Meaning.NEW_LAYOUT if b"TABLE" in (second, third) else Meaning.NOTHING
        case b"DROP":
            return Meaning.UNSEEN_CHANGE if second in _TABLES_THEMSELVES else Meaning.NOTHING
        case _ if first in _HARMLESS_FIRST:
            return Meaning.NOTHING
        case _:
            return Meaning.UNSEEN_CHANGE


def _without_leading_comments(text: bytes) -> bytes:
    """Executable comments (``/*!50000 …``) lose their opening only: what they hold is executed."""
    while found := _COMMENT.match(text):
        text = text[found.end() :]
    return text
