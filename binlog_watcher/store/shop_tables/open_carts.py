"""Reads over all carts: those that are open (hydrate), and those that fell due in a span (reconcile).

What is read here is a hint, like an event: whether a cart is mailed is decided by what ``Shop.load`` reads later.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from binlog_watcher.core.events import CartKey
from binlog_watcher.shop.fields import fixed_columns
from binlog_watcher.shop.keys import as_key
from binlog_watcher.shop.sql_text import quote
from binlog_watcher.store.database import Session
from binlog_watcher.store.shop_tables.columns import named
from binlog_watcher.store.shop_tables.found import FOREVER_US
from binlog_watcher.store.shop_tables.order_queries import orders_of
from binlog_watcher.store.shop_tables.shop import Shop
from binlog_watcher.store.shop_tables.values import as_version, newest, second
from binlog_watcher.store.times import TimeColumn

FUTURE_US = 3_600_000_000
"""How far the creation of a row may lie ahead of MySQL's clock."""

CART_PAGE_SIZE = 5_000
"""Carts a page: bounds the memory and the time of one statement."""


@dataclass(frozen=True, slots=True)
class OpenCart:
    """A cart with counted rows, or with such that only lack their product. ``created_us``: creation of the newest.

    ``activity_us``: the last activity that the tables tell of; ``version`` as the episode's. ``digest``: of what is in
    a document, if that is to be noted.
    """

    key: CartKey
    created_us: int
    activity_us: int
    version: int
    digest: bytes | None = None


@dataclass(frozen=True, slots=True)
class Span:
    """A column by which a span of time is read. ``id``: orders rows of one moment; None: the key does.

    ``index``: how an index leads to it, see ``ShopColumns.index_to``; behind a shop's number,
    say. ``rises``: ids are whole numbers, which grow with time. ``tells_all``: each new row of a cart moves it: the
    creation of a header does not, nor an update column that is NULL at first.
    """

    table: str
    alias: str
    key: str
    moment: str
    id: str | None
    time: TimeColumn
    index: str | None
    rises: bool
    tells_all: bool

    def column(self, name: str | None) -> str:
        """SQL for one of the columns; the key where there is none."""
        return named(self.alias, name or self.key)


class CartScan:
    """Reads of many carts, in keyset pages. ``spans``: where an index leads to moments, else one to go by its ids."""

    def __init__(self, shop: Shop) -> None:
        self._shop = shop
        self._schema = shop.schema
        found = list(self._possible_spans())
        by_index = [span for span in found if span.index is not None and span.tells_all]
        self.by_time = bool(by_index) or not any(span.rises for span in found)
        self.spans = by_index or [next((span for span in found if span.rises), found[0])]

    def _possible_spans(self) -> Iterator[Span]:
        """The moments of the rows, then those of the header."""
        rows, header, columns = self._schema.rows, self._schema.header, self._shop.columns
        fixed = {"l": fixed_columns(rows.only), "h": fixed_columns(self._schema.cart.only)}
        places = [
            (rows.table, "l", rows.key, rows.id, [*([rows.created] if rows.created else []), *rows.updated])
        ]
        if header is not None:
            moments = [*header.updated, *([header.created] if header.created else [])]
            places.append((header.table, "h", header.id or "", header.id, moments))
        for table, alias, key, row_id, moments in places:
            rises = row_id is not None and columns.get(table, row_id).is_number
            for moment in moments:
                keys = [key, *([row_id] if row_id else [])]
                index = columns.index_to(table, moment, keys=keys, fixed=fixed[alias])
                tells_all = moment == rows.created if alias == "l" else False
                tells_all = tells_all or (
                    moment != self._schema.cart.created and not columns.get(table, moment).nullable
                )
                yield Span(
                    table, alias, key, moment, row_id, columns.time(table, moment), index, rises, tells_all
                )

    # --- all open carts (hydrate) ---------------------------------------------------------------------------

    def open_carts(
        self, since_us: int, now_us: int | None = None, *, among: Sequence[CartKey] | None = None
    ) -> Iterator[list[OpenCart]]:
        """Pages of the carts whose newest counted row was created since ``since_us``, in key order.

        ``now_us``: no activity is later, where the tables tell its day only. ``among``: of these carts only.
        """
        last: Any = None
        while True:
            parameters = self._shop.parameters(
                since=self._shop.cart_time.from_us(since_us),
                last=last,
                page=CART_PAGE_SIZE,
                keys=self._shop.keys(among or ()),
            )
            with self._shop.database.session() as session:
                statement = self._open_statement(after=last is not None, some=among is not None)
                rows = session.rows(statement, parameters)
                page = self._not_bought(session, rows, now_us)
            if page:
                yield page
            if len(rows) < CART_PAGE_SIZE:
                return
            last = rows[-1][0]

    def _open_statement(self, *, after: bool, some: bool) -> str:
        """key, customer, newest creation, version, newest of each update column."""
        queries, rows, header = self._shop.queries, self._schema.rows, self._schema.header
        version = self._schema.version
        key = queries.row_key
        tables = queries.rows_table
        above_zero = f"{named('l', rows.quantity or '')} > 0{queries.conditions.meant('l')}"
        where = [above_zero, f"{queries.created} >= %(since)s", f"{key} IS NOT NULL"]
        customer, updates = key, [named("l", name) for name in rows.updated]
        if header is None:
            where.append(queries.somebody(key))
        else:
            tables += f" JOIN {quote(header.table)} h ON {named('h', header.id or '')} = {key}"
            customer = named("h", header.customer) if header.customer else "NULL"
            updates += [named("h", name) for name in header.updated]
            where.append(queries.open)
            if self._schema.customers.select is None:  # a SELECT may find an address of its own
                where.append(self._somebody_to_write_to())
        if after:
            where.append(f"{key} > %(last)s")
        if some:
            where.append(f"{key} IN %(keys)s")
        of_rows, column = version or (True, "")
        fields = [
            customer,
            queries.created,
            named("l" if of_rows else "h", column) if column else "NULL",
            *updates,
        ]
        return (
            f"SELECT {key}, {', '.join(f'MAX({field})' for field in fields)} FROM {tables} "
            f"WHERE {' AND '.join(where)} GROUP BY {key} ORDER BY {key} LIMIT %(page)s"
        )

    def _somebody_to_write_to(self) -> str:
        header = self._schema.cart
        ways = [self._shop.queries.somebody(named("h", header.customer))] if header.customer else []
        if header.email:
            ways.append(f"COALESCE({named('h', header.email)}, '') <> ''")
        return f"({' OR '.join(ways)})"

    def _not_bought(
        self, session: Session, rows: Sequence[tuple[Any, ...]], now_us: int | None
    ) -> list[OpenCart]:
        """Without those whose newest order is not older than their newest row."""
        shop, orders = self._shop, self._schema.orders
        bought: dict[tuple[str, str], int] = {}
        folds = (shop.fold, shop.fold_customer)
        for column, place in ((orders.cart, 0), (orders.customer, 1)):
            asked = tuple({row[place] for row in rows if row[place] is not None}) if column else ()
            if not asked or column is None:
                continue
            statement = orders_of(shop.queries, column).newest()
            for whose, last, _ in session.rows(statement, shop.parameters(keys=asked)):
                newest_us = shop.order_time.latest_us(last)
                bought[column, folds[place](whose)] = FOREVER_US if newest_us is None else newest_us
        page = []
        updates = shop.update_columns
        for key, customer, created, version, *moments in rows:
            created_us, earliest_us = shop.cart_time.to_us(created), shop.cart_time.earliest_us(created)
            ordered = [
                bought.get((column, fold(whose)), 0)
                for column, whose, fold in (
                    (orders.cart, key, folds[0]),
                    (orders.customer, customer, folds[1]),
                )
                if column
            ]
            if created_us is None or earliest_us is None or second(earliest_us) <= second(max(ordered)):
                continue
            updated_us = newest(zip(updates, moments, strict=True)) or 0
            latest_us = shop.cart_time.latest_us(created) or created_us
            latest_us = max(created_us, latest_us if now_us is None else min(latest_us, now_us))
            own = as_version(version)
            own = created_us if own is None else own
            page.append(OpenCart(as_key(key), created_us, max(latest_us, updated_us), own))
        return page

    def newest(self, count: int) -> list[CartKey]:
        """Keys of some of the newest carts, as examples: by the highest ids, else by the newest moments."""
        rows, header = self._schema.rows, self._schema.header
        if header is not None:
            table, alias, key, order = header.table, "h", header.id or "", header.id
        else:
            table, alias, key, order = rows.table, "l", rows.key, rows.id
        column = named(alias, key)
        where = self._shop.queries.somebody(column) if header is None else "TRUE"
        where += self._shop.queries.conditions.meant(alias)
        with self._shop.database.session() as session:
            found = session.rows(
                f"SELECT {column} FROM {quote(table)} {alias} WHERE {where} "
                f"ORDER BY {named(alias, order or key)} DESC LIMIT %(page)s",
                self._shop.parameters(page=count * 20 if header is None else count),
            )
        return list(dict.fromkeys(as_key(row[0]) for row in found))[:count]

    # --- what fell due since the last pass (reconcile) ------------------------------------------------------

    def between(self, after_us: int, until_us: int) -> Iterator[list[CartKey]]:
        """Keys with a moment in ``(after, until]``, in keyset pages."""
        for span in self.spans:
            yield from self._between(span, after_us, until_us)

    def _between(self, span: Span, after_us: int, until_us: int) -> Iterator[list[CartKey]]:
        key, moment, row_id = (span.column(name) for name in (span.key, span.moment, span.id))
        where = f"{moment} >= %(since)s AND {moment} <= %(until)s AND {self._of_somebody(span)}"
        since, until = span.time.span(after_us, until_us)
        parameters = self._shop.parameters(until=until, page=CART_PAGE_SIZE, since=since, id=None)
        if span.index:
            parameters["shelves"] = self._shelves(span)
            where += f" AND {span.column(span.index)} IN %(shelves)s"
        # Keyset on the moment and the id: a page never skips or repeats a row, however many share a second.
        further = f" AND ({moment}, {row_id}) > (%(since)s, %(id)s)"
        while True:
            with self._shop.database.session() as session:
                rows = session.rows(
                    f"SELECT DISTINCT {key}, {moment}, {row_id} FROM {quote(span.table)} {span.alias} "
                    f"WHERE {where}{further if parameters['id'] is not None else ''} "
                    f"ORDER BY {moment}, {row_id} LIMIT %(page)s",
                    parameters,
                )
            yield list(dict.fromkeys(as_key(row[0]) for row in rows))
            if len(rows) < CART_PAGE_SIZE:
                return
            parameters["since"], parameters["id"] = rows[-1][1:]

    def _shelves(self, span: Span) -> tuple[Any, ...]:
        """The values of the column before the moment in its index: few, and found by that index."""
        column = span.column(span.index)
        with self._shop.database.session() as session:
            rows = session.rows(f"SELECT DISTINCT {column} FROM {quote(span.table)} {span.alias}")
        return tuple(row[0] for row in rows if row[0] is not None) or (None,)

    def _of_somebody(self, span: Span) -> str:
        key = span.column(span.key)
        somebody = self._shop.queries.somebody(key) if self._schema.header is None else f"{key} IS NOT NULL"
        return somebody + self._shop.queries.conditions.meant(span.alias)

    def id_watermark(self, created_us: int) -> Any:
        """The highest id of a row created up to ``created_us``; ids grow with time. 0 when there is none."""
        (span,) = self.spans
        row_id = span.column(span.id)
        with self._shop.database.session() as session:
            row = session.row(
                f"SELECT {row_id} FROM {quote(span.table)} {span.alias} "
                f"WHERE {span.column(span.moment)} <= %(until)s ORDER BY {row_id} DESC LIMIT 1",
                {"until": span.time.over(created_us)},
            )
        return row[0] if row else 0

    def rows_after_id(self, after_id: Any, until_us: int, now_us: int) -> Iterator[tuple[list[CartKey], Any]]:
        """Where no moment has an index: keys of due rows with an id above the watermark, and the new watermark.

        The watermark stops before the first row that is not due yet, so that one is read again next time; a row
        from the future (a clock gone wrong) does not hold it up, since it could for ever.
        """
        (span,) = self.spans
        key, moment, row_id = (span.column(name) for name in (span.key, span.moment, span.id))
        watermark, blocked = after_id, False
        while True:
            with self._shop.database.session() as session:
                rows = session.rows(
                    f"SELECT {key}, {moment}, {row_id}, ({self._of_somebody(span)}) "
                    f"FROM {quote(span.table)} {span.alias} "
                    f"WHERE {row_id} > %(after)s ORDER BY {row_id} LIMIT %(page)s",
                    self._shop.parameters(after=after_id, page=CART_PAGE_SIZE),
                )
            keys: dict[CartKey, None] = {}
            for cart_key, created, at_id, somebody in rows:
                created_us = span.time.latest_us(created)
                due = created_us is None or created_us <= until_us
                if due and somebody:
                    keys[as_key(cart_key)] = None
                far_us = now_us + FUTURE_US
                blocked = blocked or (not due and (span.time.to_us(created) or 0) <= far_us)
                watermark = watermark if blocked else at_id
                after_id = at_id
            yield list(keys), watermark
            if len(rows) < CART_PAGE_SIZE:
                return
