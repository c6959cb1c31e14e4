"""The orders that belong to a row of the log, for the monitoring views and the report. Pure."""

from collections.abc import Iterator, Sequence
from datetime import UTC, datetime, timedelta, tzinfo

from binlog_watcher.shop.sql_text import quote
from binlog_watcher.store.shop_tables.columns import PRIMARY, named
from binlog_watcher.store.shop_tables.queries import Queries
from binlog_watcher.store.times import from_us

YEARS = (datetime(2022, 1, 1, tzinfo=UTC), datetime(2037, 1, 1, tzinfo=UTC))
"""For which a view knows how a zone's clock is changed."""

AMOUNT = "DECIMAL(14,2)"
"""As the log's totals."""


def orders_of_episode(queries: Queries) -> dict[str, str]:
    """Names for ``views.sql``: the orders ``o`` of a row ``l`` of the log, and when they were bought."""
    orders = queries.schema.orders
    of_shop = {"cart": orders.cart, "customer": orders.customer}
    ways = [f"{named('o', of_shop[name] or '')} = {of_log}" for name, of_log in ways_to_orders(queries)]
    return {
        "orders": quote(orders.table),
        "matches": f"({' OR '.join(ways) or 'FALSE'}) AND {queries.bought}",
        "bought_at": queries.columns.time(orders.table, orders.bought_at).comparable(
            named("o", orders.bought_at)
        ),
    }


def ways_to_orders(queries: Queries) -> list[tuple[str, str]]:
    """(``cart`` or ``customer`` of the orders, SQL of what it equals in a row ``l`` of the log).

    Empty for a shop whose orders no SQL can trace to their carts.
    """
    orders, header = queries.schema.orders, queries.schema.header
    ways = []
    if orders.cart is not None:
        ways.append(("cart", queries.columns.get(orders.table, orders.cart).cast("l.cart_key")))
    if orders.customer is not None:
        column = queries.columns.get(orders.table, orders.customer)
        if column.is_number and not (header is None and column.outgrows_the_log):
            ways.append(("customer", "l.user_id"))
        elif header is None:  # the customer is the cart key; the log has no other text, nor the highest ids
            ways.append(("customer", column.cast("l.cart_key")))
    return ways


def orders_that_stand(
    queries: Queries,
    window_us: tuple[int, int] | None = None,
    *,
    in_memory: bool = False,
    by_id: bool = False,
) -> str:
    """SELECT of order_id, cart, customer, bought_at (UTC), amount, currency of orders that were not cancelled since.

    ``window_us``: only those of its moments, by the parameters ``orders_from`` and ``orders_to`` of ``orders_span``.
    ``in_memory``: they are to be read once, by an index on their moments, and joined by numbers that no index holds.
    ``by_id``: by their ids instead, from the parameter ``first_id`` on: rows lie in the order of their ids, while
    another index leads to each row by itself.
    amount and currency are NULL where the shop does not say.
    """
    orders = queries.schema.orders
    fields = {
        "order_id": named("o", orders.id),
        "cart": _key(queries, orders.cart, in_memory=in_memory),
        "customer": _key(queries, orders.customer, in_memory=in_memory),
        "bought_at": bought_at(queries, window_us),
        "amount": _amount(queries),
        "currency": f"UPPER(LEFT(CONVERT({named('o', orders.currency)} USING ascii), 3))"
        if orders.currency
        else "NULL",
    }
    selected = ", ".join(f"{sql} AS {field}" for field, sql in fields.items())
    column = named("o", orders.bought_at)
    within = "" if window_us is None else f" AND {column} >= %(orders_from)s AND {column} <= %(orders_to)s"
    stands = queries.conditions.holds("o", "orders.stands")
    indexes: Sequence[str] = ()
    if in_memory and by_id:
        within += f" AND {named('o', orders.id)} >= %(first_id)s"
        indexes = (PRIMARY,)
    elif in_memory:
        indexes = queries.columns.indexes_by(orders.table, orders.bought_at)
    by = f" FORCE INDEX ({', '.join(map(quote, indexes))})" if indexes else ""
    return f"SELECT {selected} FROM {queries.orders_table}{by} WHERE {queries.bought} AND {stands}{within}"


def highest_id(queries: Queries) -> str | None:
    """SELECT of the highest id of all orders; None where ids are no numbers, or no primary key of their own."""
    orders = queries.schema.orders
    if not queries.columns.is_primary_number(orders.table, orders.id):
        return None
    return f"SELECT MAX({named('every', orders.id)}) FROM {quote(orders.table)} {quote('every')}"


def _key(queries: Queries, name: str | None, *, in_memory: bool) -> str:
    if name is None:
        return "NULL"
    is_number = queries.columns.get(queries.schema.orders.table, name).is_number
    return f"{named('o', name)} + 0" if in_memory and is_number else named("o", name)


def orders_span(queries: Queries, window_us: tuple[int, int]) -> dict[str, object]:
    """The parameters of a window, which is a little wider: days and the hours of a changed clock overlap."""
    orders = queries.schema.orders
    column = queries.columns.time(orders.table, orders.bought_at)
    first, _ = column.span(window_us[0] - 1, window_us[1])
    last = column.from_us(window_us[1] + 2 * 3_600_000_000)
    return {"orders_from": first, "orders_to": last}


def bought_at(queries: Queries, window_us: tuple[int, int] | None = None) -> str:
    """SQL: when an order ``o`` was bought, in UTC for a session in UTC; by the later reading in a doubled hour."""
    orders = queries.schema.orders
    column = queries.columns.time(orders.table, orders.bought_at)
    moment = column.comparable(named("o", orders.bought_at))
    if column.zone is UTC:
        return moment
    after, until = YEARS if window_us is None else (from_us(us) for us in window_us)
    changes = list(_changes(column.zone, after - timedelta(days=1), until + timedelta(days=1)))
    cases = [
        f"WHEN {moment} < '{(at + offset):%Y-%m-%d %H:%M:%S}' THEN {_earlier(moment, before)}"
        for at, before, offset in changes
    ]
    last = changes[-1][2] if changes else _offset(column.zone, until)
    return f"CASE {' '.join(cases)} ELSE {_earlier(moment, last)} END" if cases else _earlier(moment, last)


def _earlier(moment: str, offset: timedelta) -> str:
    return f"{moment} - INTERVAL {int(offset.total_seconds())} SECOND"


def _offset(zone: tzinfo, at: datetime) -> timedelta:
    return at.astimezone(zone).utcoffset() or timedelta(0)


def _changes(
    zone: tzinfo, after: datetime, until: datetime
) -> Iterator[tuple[datetime, timedelta, timedelta]]:
    """(naive UTC moment, offset before, offset after) of each change of a zone's clock."""
    at, day = after, timedelta(days=1)
    while at < until:
        before, later = _offset(zone, at), _offset(zone, at + day)
        if before != later:
            low, high = at, at + day
            while high - low > timedelta(seconds=1):
                middle = low + (high - low) // 2
                low, high = (middle, high) if _offset(zone, middle) == before else (low, middle)
            change = high.replace(microsecond=0)
            yield change.replace(tzinfo=None), before, later
        at += day


def _amount(queries: Queries) -> str:
    orders = queries.schema.orders
    if orders.total is None:
        return "NULL"
    amount = named("o", orders.total)
    if orders.refunded is not None:
        amount = f"GREATEST({amount} - COALESCE({named('o', orders.refunded)}, 0), 0)"
    if orders.hundredths:
        amount = f"{amount} / 100"
    if orders.rate is not None:
        amount = f"{amount} * {named('o', orders.rate)}"
    return f"CAST({amount} AS {AMOUNT})"
