"""The form of ``[cart.document]`` in a preset, and the plan that is made of it."""

import hashlib
import json
from dataclasses import replace
from functools import cached_property
from typing import Annotated, Any

from pydantic import AfterValidator, BeforeValidator, Field, model_validator

from binlog_watcher.shop.documents.codecs import UNPACK
from binlog_watcher.shop.documents.paths import Decode, Key, Path, parse_codec, parse_path
from binlog_watcher.shop.documents.plan import DocumentPaths, DocumentPlan
from binlog_watcher.shop.documents.sameness import Sameness
from binlog_watcher.shop.fields import Condition, Name, Section


def _in_a_list(value: Any) -> Any:
    return value if isinstance(value, list | tuple) else [value]


def _lines(text: str) -> str:
    if not parse_path(text).has_each:
        raise ValueError(f"{text!r}: needs a * where the lines are, as in cart.*")
    return text


def _of_document(text: str) -> str:
    if parse_path(text).has_each:
        raise ValueError(f"{text!r}: step '*': there is one of it; name a key, such as 0 for the first")
    return text


def _of_line(text: str) -> str:
    parse_path(text, in_line=True)
    return text


def _codecs(texts: tuple[str, ...]) -> tuple[str, ...]:
    steps = [parse_codec(text) for text in texts]
    if not steps or steps[-1].codec in UNPACK or any(step.codec not in UNPACK for step in steps[:-1]):
        raise ValueError("first how it is packed, if it is, then one format: php, php-session or json")
    return texts


LinesPath = Annotated[str, AfterValidator(_lines)]
DocumentPath = Annotated[str, AfterValidator(_of_document)]
LinePath = Annotated[str, AfterValidator(_of_line)]
DocumentPathList = Annotated[tuple[DocumentPath, ...], BeforeValidator(_in_a_list)]
LinePathList = Annotated[tuple[LinePath, ...], BeforeValidator(_in_a_list)]
"""One path, or several."""

Codecs = Annotated[tuple[str, ...], BeforeValidator(_in_a_list), AfterValidator(_codecs)]


class LineCondition(Condition):
    """Which lines count: those at whose ``path`` a value is among the listed ones, or is not."""

    column: LinePath = Field(alias="path")


class DocumentColumn(Section):
    """A column with the whole cart. Paths: see ``paths``; those from ``product`` to ``only`` begin at a line.

    ``codec``: how its bytes become a document. ``price``: what one piece costs; ``total``: what the line costs
    instead. Of several paths, amounts are added up, of ``product``, ``email`` and ``order`` the first that is not
    empty counts, and ``name``s of the customer are put together. ``line_name``: what the line is called in the cart.
    ``order``: the id of an order that was begun with the cart. ``select``: how the products and variants that lines
    name are read (None: as the catalogue is).
    """

    column: Name
    codec: Codecs
    lines: LinesPath
    product: Annotated[LinePathList, Field(min_length=1)]
    quantity: LinePath
    variant: LinePath | None = None
    price: LinePathList = ()
    total: LinePathList = ()
    line_name: LinePath | None = None
    only: Annotated[tuple[LineCondition, ...], BeforeValidator(_in_a_list)] = ()
    email: DocumentPathList = ()
    name: DocumentPathList = ()
    currency: DocumentPath | None = None
    order: DocumentPathList = ()
    select: str | None = None

    @model_validator(mode="after")
    def _one_price(self) -> "DocumentColumn":
        if self.price and self.total:
            raise ValueError("price or total, not both")
        return self

    @cached_property
    def plan(self) -> DocumentPlan:
        """What reads documents by these paths."""
        return DocumentPlan(
            DocumentPaths(
                codecs=self._steps,
                lines=parse_path(self.lines),
                products=tuple(parse_path(text, in_line=True) for text in self.product),
                quantity=parse_path(self.quantity, in_line=True),
                variant=_perhaps(self.variant, in_line=True),
                prices=tuple(parse_path(text, in_line=True) for text in self.price),
                totals=tuple(parse_path(text, in_line=True) for text in self.total),
                name=_perhaps(self.line_name, in_line=True),
                only=tuple((parse_path(one.column, in_line=True), one) for one in self.only),
                emails=tuple(map(parse_path, self.email)),
                names=tuple(map(parse_path, self.name)),
                currency=_perhaps(self.currency),
                orders=tuple(map(parse_path, self.order)),
            )
        )

    @cached_property
    def content(self) -> DocumentPlan:
        """What reads of documents what the customer changes, and no more."""
        paths = replace(self.plan.paths, prices=(), totals=(), name=None, names=(), currency=None, orders=())
        return DocumentPlan(paths, many=True)

    @cached_property
    def form(self) -> str:
        """By what digests are made of documents: after an edit of it they tell nothing of those that were noted."""
        parts = {"column", "codec", "lines", "product", "variant", "quantity", "only", "email"}
        text = json.dumps(self.model_dump(mode="json", include=parts), sort_keys=True, default=str)
        return hashlib.sha256(text.encode()).hexdigest()[:32]

    @cached_property
    def sameness(self) -> Sameness:
        """What tells that a change of the column has left lines and address as they were."""
        paths = [parse_path(self.lines), *map(parse_path, self.email)]
        keys = [_key_at_the_root(path) for path in paths]
        return Sameness(self._steps, [key for key in keys if key is not None] if all(keys) else [])

    @property
    def _steps(self) -> tuple[Decode, ...]:
        return tuple(map(parse_codec, self.codec))


def _perhaps(text: str | None, *, in_line: bool = False) -> Path | None:
    return None if text is None else parse_path(text, in_line=in_line)


def _key_at_the_root(path: Path) -> bytes | None:
    first = path.steps[0]
    return first.name if isinstance(first, Key) else None
