"""What a key of a preset may hold: names of tables and columns, a time zone, a currency, and conditions. Pure."""

import re
from functools import cached_property
from typing import Annotated, Any
from zoneinfo import ZoneInfo

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, model_validator


def _name(text: str) -> str:
    if not text or len(text) > 64 or text != text.strip() or any(char in text for char in "\0%.`\r\n"):
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


Name = Annotated[str, AfterValidator(_name)]
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
