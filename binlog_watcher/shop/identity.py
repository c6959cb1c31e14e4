"""Which shop a preset is about: what the rows of the log belong to. Pure.

One shop's preset may be edited, moved and upgraded, and its open mails go on. Another shop's is told from it by its
name, its variables, or by which rows are whose carts.
"""

import hashlib
import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from binlog_watcher.shop.schema import Schema


@dataclass(frozen=True, slots=True)
class ShopIdentity:
    """``id``: the same after an edit; ``content``: another one after any edit. ``description``: for people."""

    id: str
    content: str
    description: str


def identity_of(schema: Schema) -> ShopIdentity:
    """The shop of a preset with its variables. A shipped preset is its name: its text changes with Cartwake."""
    shipped = not (schema.origin.endswith(".toml") or "/" in schema.origin)
    name = Path(schema.origin).name
    variables = sorted(schema.variables.items())
    words = [name, *(f"{variable} = {value}" for variable, value in variables)]
    return ShopIdentity(
        id=_digest([name, variables, None if shipped else _whose_carts(schema)]),
        content=_digest([name, variables] if shipped else _all_of(schema)),
        description=", ".join(words).encode("ascii", "backslashreplace").decode()[:200],
    )


def _whose_carts(schema: Schema) -> list[Any]:
    """The tables and columns that make a cart, whose it is, and which rows are none."""
    cart, lines = schema.cart, schema.lines
    opened = cart.model_dump(mode="json", include={"open"})["open"] or None
    found = [cart.table, *schema.key_column, cart.customer, opened, lines and [lines.table, lines.cart]]
    filters = [
        (part.table, part.model_dump(mode="json", include={"only"}))
        for part in (cart, lines)
        if part and part.only
    ]
    return (
        [*found, filters] if filters else found
    )  # without one as ever: the log's rows name what is made of it


def _all_of(schema: Schema) -> dict[str, Any]:
    """Without what a newer Cartwake may add to the form of presets."""
    return schema.model_dump(mode="json", exclude={"origin", "description"}, exclude_defaults=True)


def _digest(value: Any) -> str:
    text = json.dumps(value, sort_keys=True, default=str)
    return hashlib.sha256(text.encode()).hexdigest()[:12]
