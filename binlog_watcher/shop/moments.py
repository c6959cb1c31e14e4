"""Columns that hold a moment otherwise than as a TIMESTAMP or DATETIME: what a preset says of them. Pure."""

from enum import StrEnum
from typing import Annotated, Any, Self

from pydantic import BeforeValidator, PlainSerializer, PlainValidator

from binlog_watcher.shop.fields import check_name


class Format(StrEnum):
    """How a column holds a moment. Of texts the time is UTC, unless they carry an offset themselves."""

    UNIX = "unix"
    """Whole seconds since 1970."""
    UNIX_MS = "unix_ms"
    """Milliseconds since 1970."""
    DAY = "yyyymmdd"
    """The shop's day, as a number or text: 20260131."""
    TEXT = "text"
    """2026-01-31 12:00:00"""
    ISO = "iso"
    """2026-01-31T12:00:00Z"""


class Moment(str):
    """A column's name. ``held_as``: how it holds a moment; None: it is a TIMESTAMP or DATETIME."""

    __slots__ = ("held_as",)

    held_as: Format | None

    def __new__(cls, name: str, held_as: Format | None = None) -> Self:
        """Of a name that may be one."""
        moment = super().__new__(cls, name)
        moment.held_as = held_as
        return moment


def format_of(name: str) -> Format | None:
    """How a column, as a preset names it, holds a moment; None: as its type does."""
    return name.held_as if isinstance(name, Moment) else None


def _moment(value: Any) -> Moment:
    if isinstance(value, Moment):
        return value
    if isinstance(value, str):
        return Moment(check_name(value))
    formats = ", ".join(Format)
    if (
        not isinstance(value, dict)
        or value.keys() != {"column", "format"}
        or value["format"] not in [*Format]
    ):
        raise ValueError(f"a column's name, or {{ column = …, format = … }} with one of: {formats}")
    return Moment(check_name(value["column"]), Format(value["format"]))


def _dumped(value: Moment) -> str | dict[str, str]:
    return str(value) if value.held_as is None else {"column": str(value), "format": str(value.held_as)}


def _in_a_list(value: Any) -> Any:
    return value if isinstance(value, list | tuple) else [value]


MomentColumn = Annotated[Moment, PlainValidator(_moment), PlainSerializer(_dumped)]
MomentColumns = Annotated[tuple[MomentColumn, ...], BeforeValidator(_in_a_list)]
"""One column, or several."""
