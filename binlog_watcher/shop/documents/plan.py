"""A preset's paths, made ready, and the reading of documents by them."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Protocol

from binlog_watcher.shop.documents.bounds import MAX_DEPTH, Budget
from binlog_watcher.shop.documents.cart import DocumentCart, DocumentLine
from binlog_watcher.shop.documents.codecs import UNPACK, looks_packed
from binlog_watcher.shop.documents.errors import DocumentError, Reason
from binlog_watcher.shop.documents.json_text import JsonReader
from binlog_watcher.shop.documents.paths import Decode, Path
from binlog_watcher.shop.documents.php import PhpReader
from binlog_watcher.shop.documents.php_runs import make_ready
from binlog_watcher.shop.documents.values import as_amount, as_compared, as_id, as_quantity, as_text, rounded
from binlog_watcher.shop.documents.wanted import Record, Wanted, nothing_in, wanted_of

_PHP_BEGINNINGS = frozenset({b"a:", b"O:", b"s:", b"i:", b"d:", b"b:", b"N;", b"E:", b"C:"})

_LINES_BETWEEN_LOOKS = 64  # at the clock
_ELEMENT_DEPTH = 2
"""Of what is in the array that a document is."""


class Holds(Protocol):
    """A condition that a value meets or not."""

    def holds(self, value: str | int | bool | None) -> bool:
        """Whether the value counts."""


@dataclass(frozen=True, slots=True)
class DocumentPaths:
    """Where in a document everything is. Those of the second block begin at a line.

    ``codecs``: how the column's bytes become a document. ``products``, ``emails``: the first that is not empty
    counts. ``names``: parts of one name. ``prices``: what one piece costs, added up; or ``totals``: what the line
    does. ``only``: the conditions that lines must meet; those that don't are none.
    """

    codecs: tuple[Decode, ...]
    lines: Path
    products: tuple[Path, ...]
    quantity: Path
    variant: Path | None = None
    prices: tuple[Path, ...] = ()
    totals: tuple[Path, ...] = ()
    name: Path | None = None
    only: tuple[tuple[Path, Holds], ...] = ()
    emails: tuple[Path, ...] = ()
    names: tuple[Path, ...] = ()
    currency: Path | None = None
    orders: tuple[Path, ...] = ()


class DocumentPlan:
    """Reads documents by one preset's paths; holds nothing of them.

    ``many``: it is made for many of them, which is worth a while before the first.
    """

    def __init__(self, paths: DocumentPaths, *, many: bool = False) -> None:
        self.paths = paths
        self._line = _Places()
        self._document = _Places()
        add = self._line.add
        self._product = add(*paths.products)
        self._quantity = add(paths.quantity)
        self._variant, self._name = add(*_some(paths.variant)), add(*_some(paths.name))
        self._prices, self._totals = add(*paths.prices), add(*paths.totals)
        self._only = [(add(path).start, condition) for path, condition in paths.only]
        add = self._document.add
        self._emails, self._names = add(*paths.emails), add(*paths.names)
        self._currency, self._order = add(*_some(paths.currency)), add(*paths.orders)
        self._wanted = wanted_of(paths.codecs, paths.lines, self._line.paths, self._document.paths)
        make_ready()  # outside of any document's time
        if many:
            self._wanted.make_ready()

    def read(self, document: bytes, clock: Callable[[], int] | None = None) -> DocumentCart:
        """The cart in ``document``: the column's bytes as the shop wrote them, text in the charset it wrote it in.

        ``clock``: see ``Budget``. Raises DocumentError, and nothing else whatever the bytes are.
        """
        reading = Reading(Budget(clock))
        reading.budget.take_bytes(len(document))
        record: Record = [None] * len(self._document.paths)
        reading.text(document, 0, len(document), self._wanted, record, 0)
        return self._cart(reading, record)

    def read_parts(
        self, parts: Mapping[bytes, bytes], clock: Callable[[], int] | None = None
    ) -> DocumentCart:
        """What ``read`` finds in a serialised array that has these elements (key → bytes of the value).

        For the parts that ``Sameness`` has found: to go over the others once more would cost as much as a short cart.
        """
        reading = Reading(Budget(clock))
        record: Record = [None] * len(self._document.paths)
        (root,) = self._wanted.decoded.values()
        for name, part in parts.items():
            reading.budget.take_bytes(len(part))
            PhpReader(reading, part, 0, len(part)).read(root.keys[name], record, _ELEMENT_DEPTH)
        return self._cart(reading, record)

    def _cart(self, reading: "Reading", record: Record) -> DocumentCart:
        lines: list[DocumentLine] = []
        for number, found in enumerate(reading.lines):
            if number % _LINES_BETWEEN_LOOKS == 0:
                reading.budget.look(0)
            line = self._read_line(found)
            if line is not None:
                lines.append(line)
        orders = (as_id(value, 0, "order") for value in record[self._order])
        names = [text for value in record[self._names] if (text := as_text(value, 0, "name"))]
        return DocumentCart(
            lines=tuple(lines),
            email=_first_text(record[self._emails], "email"),
            name=" ".join(names) or None,
            currency=_first_text(record[self._currency], "currency"),
            order=next((order for order in orders if order), None),
        )

    def _read_line(self, line: Record) -> DocumentLine | None:
        """A line; None for one that is none: of 0 pieces, or left out by a condition."""
        at = line[-1]
        assert isinstance(at, int)  # noqa: S101 -- begin_line put it there
        for place, condition in self._only:
            if not condition.holds(as_compared(line[place], at)):
                return None
        quantity = as_quantity(line[self._quantity.start], at)
        if not quantity:
            return None
        product = _first_id(line[self._product], at, "product", "product")
        if product is None:
            raise DocumentError("product", at, "product")
        prices, totals, name = line[self._prices], line[self._totals], line[self._name]
        price, total = _amounts(prices, totals, quantity, at) if prices or totals else (None, None)
        variant = _first_id(line[self._variant], at, "variant")
        return DocumentLine(
            product, variant, quantity, price, total, as_text(name[0], at, "name") if name else None
        )


def _first_text(values: Record, what: str) -> str | None:
    for value in values:
        text = as_text(value, 0, what)
        if text is not None:
            return text
    return None


def _first_id(values: Record, at: int, what: str, reason: Reason = "shape") -> int | str | None:
    for value in values:
        found = as_id(value, at, what, reason)
        if found is not None:
            return found
    return None


def _amounts(
    prices: Record, totals: Record, quantity: Decimal, at: int
) -> tuple[Decimal | None, Decimal | None]:
    """(what one piece costs, what the line does); either may be in the document."""
    price = as_amount(prices, at, "price")
    total = as_amount(totals, at, "total")
    if total is not None:
        price = rounded(total / quantity)
    elif price is not None:
        total = as_amount([price * quantity], at, "price")
    return price, total


class _Places:
    """Gives each path its place in a record."""

    def __init__(self) -> None:
        self.paths: list[Path] = []

    def add(self, *paths: Path) -> slice:
        start = len(self.paths)
        self.paths += paths
        return slice(start, len(self.paths))


def _some(path: Path | None) -> Sequence[Path]:
    return () if path is None else (path,)


class Reading:
    """One pass over one document; see ``wanted.Pass``."""

    __slots__ = ("budget", "lines")

    def __init__(self, budget: Budget) -> None:
        self.budget = budget
        self.lines: list[Record] = []

    def begin_line(self, line: Wanted, name: bytes, at: int) -> Record:
        """The record of a line that begins at byte ``at`` and stands under the key ``name``."""
        record: Record = [None] * line.size
        for place in line.key_places:
            record[place] = name
        record.append(at)
        self.lines.append(record)
        return record

    def text(self, data: bytes, start: int, end: int, wanted: Wanted, record: Record, depth: int) -> None:
        """Take what is wanted of the string in ``data`` from ``start`` to ``end``."""
        if wanted.places:
            value = data[start:end]
            for place in wanted.places:
                record[place] = value
        for step, sub in wanted.decoded.items():
            if not step.optional and start == end:
                continue  # PHP's empty: nothing was kept there
            if step.optional and not _is_such(step.codec, data[start : min(end, start + 256)]):
                self.text(data, start, end, sub, record, depth)
            else:
                self._decode(step, data, start, end, sub, record, depth)
        if wanted.of_elements:
            nothing_in(data[start:end], start)

    def _decode(
        self, step: Decode, data: bytes, start: int, end: int, wanted: Wanted, record: Record, depth: int
    ) -> None:
        if depth >= MAX_DEPTH:
            raise DocumentError("depth", start)
        unpack = UNPACK.get(step.codec)
        if unpack is not None:
            unpacked = unpack(data[start:end], self.budget.bytes_left)
            self.budget.take_bytes(len(unpacked))
            self.text(unpacked, 0, len(unpacked), wanted, record, depth + 1)
        elif step.codec == "json":
            JsonReader(self, data, start, end).read(wanted, record, depth + 1)
        else:
            session = step.codec == "php-session"
            PhpReader(self, data, start, end, session=session).read(wanted, record, depth + 1)


def _is_such(codec: str, beginning: bytes) -> bool:
    """Whether a string is of a codec, or at least begins so, as far as ``beginning`` shows it."""
    if codec == "php":
        return beginning[:2] in _PHP_BEGINNINGS
    if codec == "json":
        return beginning.lstrip(b" \t\r\n")[:1] in {b"{", b"["}
    return looks_packed(codec, beginning)
