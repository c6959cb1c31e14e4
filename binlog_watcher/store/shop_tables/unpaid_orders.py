"""Which carts still wait for an order that was cancelled since nobody paid: it has bought nothing."""

from collections.abc import Iterable, Iterator

from binlog_watcher.store.database import Session
from binlog_watcher.store.shop_tables.compiled import ShopTables
from binlog_watcher.store.shop_tables.found import Found, FoundCarts
from binlog_watcher.store.shop_tables.order_queries import UNPAID_ORDER, unpaid_orders


def read_unpaid(session: Session, tables: ShopTables, found: FoundCarts) -> None:
    """Which carts still name an order that is cancelled and was never paid, and that part of the fingerprint."""
    orders = tables.schema.orders
    if orders.unpaid is None:
        return
    column = tables.columns.get(orders.table, orders.id)
    named = [(one, column.key(str(one.order_id))) for one in found.values() if one.order_id is not None]
    ids = {key for _, key in named if key is not None}
    if not ids:
        return
    rows = session.rows(unpaid_orders(tables.queries), tables.parameters(keys=column.asked(ids)))
    marks = {column.fold(id_): mark for id_, mark in rows}
    for one, key in named:
        mark = None if key is None else marks.get(column.fold(key))
        if mark is not None:
            one.unpaid = key
            one.prints[UNPAID_ORDER] = str(mark)


def by_unpaid(found: FoundCarts) -> Iterator[tuple[dict[str, object], FoundCarts]]:
    """The parameter that leaves an unpaid order out, and the carts it is left out for: of most carts none is."""
    carts: dict[int | str | None, FoundCarts] = {}
    for folded, one in found.items():
        carts.setdefault(one.unpaid, {})[folded] = one
    for unpaid, some in carts.items():
        yield {"unpaid": unpaid}, some


def all_unpaid(tables: ShopTables, found: Iterable[Found]) -> tuple[object, ...]:
    """The unpaid orders of these carts, as a parameter."""
    column = tables.columns.get(tables.schema.orders.table, tables.schema.orders.id)
    return column.asked(one.unpaid for one in found if one.unpaid is not None)
