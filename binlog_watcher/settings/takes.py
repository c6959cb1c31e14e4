"""What a kind of value is, in the words of the settings' reference (``make reference``)."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Takes:
    """A part of a type's Annotated: ``what`` stands in the column *takes*."""

    what: str
