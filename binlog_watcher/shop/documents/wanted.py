"""All paths of a preset as one tree: what a reader wants of each container, so that one pass reads them all."""

from collections.abc import Sequence
from typing import Protocol

from binlog_watcher.shop.documents.bounds import Budget
from binlog_watcher.shop.documents.errors import DocumentError
from binlog_watcher.shop.documents.paths import Decode, Each, Key, Path
from binlog_watcher.shop.documents.php_runs import Elements, elements_of
from binlog_watcher.shop.documents.php_shapes import Shapes
from binlog_watcher.shop.documents.scalars import Scalar


class _Container:
    """Where a scalar was expected there is an array or an object."""

    def __repr__(self) -> str:
        return "CONTAINER"


CONTAINER = _Container()

Found = Scalar | _Container
Record = list[Found]
"""What one pass has found: one place for each path. The last place has the byte offset at which the record begins."""


class Wanted:
    """What is wanted of one value.

    ``places``: where in the record it goes itself. ``keys`` and ``each``: of its elements. ``decoded``: of what its
    string holds. ``line``: each such value begins a record of a line, of ``size`` places; ``key_places``: where in it
    its key goes. ``elements``, ``rows`` and ``shapes``: see ``make_ready``.
    """

    __slots__ = (
        "decoded", "each", "elements", "key_places", "keys", "line", "places", "rows", "shapes", "size",
    )  # fmt: skip

    def __init__(self) -> None:
        self.places: list[int] = []
        self.keys: dict[bytes, Wanted] = {}
        self.each: Wanted | None = None
        self.decoded: dict[Decode, Wanted] = {}
        self.line = False
        self.size = 0
        self.key_places: list[int] = []
        self.elements: Elements | None = None
        self.rows = False
        self.shapes: Shapes | None = None

    @property
    def of_elements(self) -> bool:
        """Whether anything is wanted of its elements."""
        return bool(self.keys) or self.each is not None

    def follow(self, path: Path) -> "Wanted":
        """The place at the end of a path; made where it is not there yet."""
        here = self
        for step in path.steps:
            if isinstance(step, Key):
                here = here.keys.setdefault(step.name, Wanted())
            elif isinstance(step, Each):
                here.each = here.each or Wanted()
                here = here.each
            else:
                here = here.decoded.setdefault(step, Wanted())
        return here

    def make_ready(self) -> None:
        """For many documents: what takes a while to make, and takes much less to read by. No path may follow."""
        if self.keys and self.each is None:
            scalars = [
                name for name, sub in self.keys.items() if not (sub.decoded or sub.of_elements or sub.line)
            ]
            self.elements = elements_of(frozenset(self.keys), frozenset(scalars))
        for sub in (*self.keys.values(), *self.decoded.values(), *filter(None, [self.each])):
            sub.make_ready()
        each = self.each
        self.rows = (
            each is not None
            and not self.keys
            and each.elements is not None
            and each.line
            and not (each.decoded or each.places)
        )
        if self.rows and each is not None and each.elements is not None:
            keys, every = each.elements.keys, each.elements.all_keys
            each.shapes = Shapes(keys, frozenset(every) - frozenset(keys))


class Pass(Protocol):
    """One pass over a document, as the readers of its formats see it."""

    budget: Budget

    def text(self, data: bytes, start: int, end: int, wanted: Wanted, record: Record, depth: int) -> None:
        """Take what is wanted of a string."""

    def begin_line(self, line: Wanted, name: bytes, at: int) -> Record:
        """The record of a line that begins at byte ``at`` and stands under the key ``name``."""


def nothing_in(value: Found, at: int) -> None:
    """That a path leads on from a value without elements: nothing is there if PHP calls it empty (0 and "" too).

    Raises DocumentError for any other.
    """
    if value not in (None, False, b"", b"0"):
        raise DocumentError("shape", at)


def wanted_of(
    codecs: Sequence[Decode], lines: Path, of_line: Sequence[Path], of_document: Sequence[Path]
) -> Wanted:
    """The tree: ``of_line`` by the places of a line's record, ``of_document`` by those of the document's."""
    root = Wanted()
    top = root.follow(Path(tuple(codecs)))
    for place, path in enumerate(of_document):
        top.follow(path).places.append(place)
    last_each = max(number for number, step in enumerate(lines.steps) if isinstance(step, Each))
    line = top.follow(Path(lines.steps[: last_each + 1]))
    line.line = True
    line.size = len(of_line)
    inner = line.follow(Path(lines.steps[last_each + 1 :]))
    for place, path in enumerate(of_line):
        if path.of_key:
            line.key_places.append(place)
        else:
            inner.follow(path).places.append(place)
    return root
