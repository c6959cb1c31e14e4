"""What stands in braces in a preset: variables as pieces of names, and places for values in its SELECTs. Pure."""

import re

Variables = dict[str, str | int]
"""A preset's variables: pieces of table names, and values that its SELECTs are given."""

KEYS = "keys"
"""The placeholder of every SELECT: the cart keys, or the products' ids, that are asked for."""

NAME = re.compile(r"[A-Za-z_]\w*")
PLACEHOLDER = re.compile(rf"\{{({NAME.pattern})\}}")
_PIECE = re.compile(r"[0-9A-Za-z_$]*")
_TOUCHING = re.compile(rf"(?<=[\w$.`])\{{{NAME.pattern}\}}|\{{{NAME.pattern}\}}(?=[\w$.`])")


def fill_in(text: str, variables: Variables) -> str:
    """``text`` with the variables put in that are pieces of names: ``{prefix}cart``, or ``{table}`` alone.

    Raises ValueError for a piece that can't be one.
    """

    def piece(match: re.Match[str]) -> str:
        value = variables.get(match[1])
        if value is None:
            raise ValueError(f"{{{match[1]}}} is no variable; add it to [variables]")
        if not _PIECE.fullmatch(str(value)):
            raise ValueError(
                f"variables.{match[1]}: is {value!r}; a piece of a name has only letters, digits, _ and $"
            )
        return str(value)

    return PLACEHOLDER.sub(piece, text)


def fill_in_names(select: str, variables: Variables) -> str:
    """A SELECT with the pieces of names put in: the placeholders that touch a name. The others stand for values."""
    return _TOUCHING.sub(
        lambda match: match[0] if match[0] == f"{{{KEYS}}}" else fill_in(match[0], variables), select
    )


def touching(placeholder: re.Match[str]) -> bool:
    """Whether it is a piece of the name that it touches."""
    return _TOUCHING.match(placeholder.string, placeholder.start()) is not None
