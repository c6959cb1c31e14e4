"""What a key of a preset may hold: names of tables and columns, a time zone, a currency, and conditions. Pure."""

import re
from collections.abc import Iterable
from functools import cached_property
from typing import Annotated, Any
from zoneinfo import ZoneInfo

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    SerializerFunctionWrapHandler,
    WrapSerializer,
    model_validator,
)


def check_name(text: Any) -> str:
    """The name of a table or column. Raises ValueError for what can't be one."""
    if (
        not isinstance(text, str)
        or not 0 < len(text) <= 64
        or text != text.strip()
        or set(text) & set("\0%.`\r\n")
    ):
        raise ValueError("a table or column name of 1 to 64 characters, without % . and backticks")
    return text


def _in_a_list(value: Any) -> Any:
    return [value] if isinstance(value, str) else value


def _zone(text: str) -> str:
    try:
        ZoneInfo(text)
    except (ValueError, OSError, KeyError):
        raise ValueError("a time zone by its IANA name such as Europe/Berlin or UTC") from None
    return text


def _currency(text: str) -> str:
    if not re.fullmatch(r"[A-Z]{3}", text):
        raise ValueError("an ISO 4217 code such as EUR")
    return text


Name = Annotated[str, AfterValidator(check_name)]
Names = Annotated[tuple[Name, ...], BeforeValidator(_in_a_list)]
"""One column, or several."""

Zone = Annotated[str, AfterValidator(_zone)]
Currency = Annotated[str, AfterValidator(_currency)]


class Section(BaseModel):
    """Frozen; refuses keys that it does not know."""

    model_config = ConfigDict(frozen=True, extra="forbid", strict=False, populate_by_name=True)


class Condition(Section):
    """Which values of a column count. Text is compared as MySQL does it by default: without regard to case."""

    column: Name
    among: tuple[str | int, ...] | None = Field(None, alias="in")
    not_in: tuple[str | int, ...] | None = None
    is_null: bool | None = None

    @model_validator(mode="after")
    def _one_form(self) -> "Condition":
        given = [name for name in ("among", "not_in", "is_null") if getattr(self, name) is not None]
        if len(given) != 1 or self.among == () or self.not_in == ():
            raise ValueError("column and one of: in = [values], not_in = [values], is_null = true or false")
        return self

    @cached_property
    def _values(self) -> frozenset[str]:
        return frozenset(_text(value) for value in self.among or self.not_in or ())

    def holds(self, value: str | int | bool | None) -> bool:
        """Whether a value of the column counts."""
        if self.is_null is not None:
            return (value is None) is self.is_null
        listed = value is not None and _text(value) in self._values
        return listed is (self.among is not None)


def _text(value: str | int) -> str:
    return str(value).strip().casefold()


def _as_conditions(value: Any) -> Any:
    if isinstance(value, list | tuple):
        if not value:
            raise ValueError("{ column = …, in = […] }, or a list of such, all of which must hold")
        return value
    return [value]


def _alone(value: Any, handler: SerializerFunctionWrapHandler) -> Any:
    """One condition as it has always been written: what is made of a preset's content must not change with us."""
    dumped = handler(value)
    return dumped[0] if len(dumped) == 1 else dumped


Conditions = Annotated[tuple[Condition, ...], BeforeValidator(_as_conditions), WrapSerializer(_alone)]
"""One condition, or several that must all hold. None at all: everything counts."""


def fixed_columns(conditions: Iterable[Condition]) -> frozenset[str]:
    """The columns, in lower case, that can have one value only where the conditions hold."""
    return frozenset(
        one.column.casefold() for one in conditions if one.is_null or (one.among and len(one.among) == 1)
    )


class Watch(Section):
    """A further table: its column for the key. ``only``: which of its rows are meant."""

    column: Name
    only: Conditions = ()


def _as_watch(value: Any) -> Any:
    return {"column": value} if isinstance(value, str) else value


def _column_alone(value: Watch, handler: SerializerFunctionWrapHandler) -> Any:
    return handler(value) if value.only else value.column


Watches = dict[Name, Annotated[Watch, BeforeValidator(_as_watch), WrapSerializer(_column_alone)]]
"""Table → the column with the key, by its name alone or with the rows that are meant."""
