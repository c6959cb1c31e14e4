"""Foreign keys whose actions change rows of watched tables behind the binlog's back.

InnoDB carries out ON DELETE CASCADE and its like by itself: up to MySQL 9.5 and in MariaDB the rows of the child
table do not appear in the binlog (nor in 9.6 and later under ``innodb_native_foreign_keys``). There the rows of
the *parent* are watched, and a change of theirs that has an action means that the tables must be read anew.

Pure: the definitions are handed in. They are those of SHOW CREATE TABLE, since MariaDB shows REFERENTIAL_CONSTRAINTS
to nobody who may only SELECT.
"""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from binlog_watcher.binlog.meaning.effects import Role, Watched

_NAME = r"`((?:[^`]|``)+)`"
_FOREIGN_KEY = re.compile(
    rf"FOREIGN KEY \(([^)]*)\) REFERENCES (?:{_NAME}\.)?{_NAME} \(([^)]*)\)"
    r"((?: ON (?:DELETE|UPDATE) (?:RESTRICT|NO ACTION|CASCADE|SET NULL|SET DEFAULT))*)"
)
_ACTION = re.compile(r"ON (DELETE|UPDATE) (CASCADE|SET NULL|SET DEFAULT)")

TableName = tuple[str, str]
"""Schema and table."""

Entities = Mapping[TableName, Mapping[str, str]]
"""Of each watched table, the columns (in lower case) by which its rows belong to a cart or a product."""

_ENTITIES = {Role.CART: "cart", Role.HEADER: "cart", Role.PRODUCTS: "product"}


@dataclass(frozen=True, slots=True)
class Parent:
    """Whose rows others refer to. ``deletes``: deleting one has an action; ``updates``: so has changing these."""

    deletes: bool = False
    updates: frozenset[str] = frozenset()

    def __or__(self, other: "Parent") -> "Parent":
        return Parent(self.deletes or other.deletes, self.updates | other.updates)


def parents_of(
    schema: str, watched: Mapping[str, tuple[Watched, ...]], definition: Callable[[TableName], str]
) -> dict[TableName, Parent]:
    """The parents of the watched tables, and theirs in turn. ``definition``: a table's, empty if it is not known."""
    entities = {
        (schema, table): {
            role.key_column.casefold(): _ENTITIES[role.role] for role in roles if role.role in _ENTITIES
        }
        for table, roles in watched.items()
    }
    parents: dict[TableName, Parent] = {}
    waiting = list(entities)
    seen = set(waiting)
    while waiting:
        child = waiting.pop()
        for name, parent in parse_foreign_keys(definition(child), child, entities):
            parents[name] = parents.get(name, Parent()) | parent
            if name not in seen:
                seen.add(name)
                waiting.append(name)
    return parents


def parse_foreign_keys(
    definition: str, child: TableName, entities: Entities | None = None
) -> list[tuple[TableName, Parent]]:
    """The parents that a table's definition names, as far as they have an action that nothing else tells of.

    Deleting a cart's header says all that its lines' own deletion would, and the same goes for products; and so does
    deleting a line that others of the same cart hang on (the parts of a bundle).
    """
    found = []
    entities = entities or {}
    for match in _FOREIGN_KEY.finditer(definition):
        actions = set(_ACTION.findall(match[5]))
        name = (_plain(match[2]) if match[2] else child[0], _plain(match[3]))
        own, columns = (
            tuple(_plain(one).casefold() for one in re.findall(_NAME, match[at])) for at in (1, 4)
        )
        belongs = entities.get(child, {}).get(own[0]) if len(own) == 1 else None
        told = belongs is not None and belongs == entities.get(name, {}).get(columns[0])
        if told or (name == child and "cart" in entities.get(child, {}).values()):
            actions.discard(("DELETE", "CASCADE"))
        deletes, updates = (any(event == one for event, _ in actions) for one in ("DELETE", "UPDATE"))
        if deletes or updates:
            found.append((name, Parent(deletes, frozenset(columns if updates else ()))))
    return found


def _plain(quoted: str) -> str:
    return quoted.replace("``", "`")
