"""Looks for orders that mails recovered and nobody was told of. What that means stands in ``definitions``."""

import json
from datetime import datetime
from decimal import Decimal
from typing import Any

from binlog_watcher.core.webhook_events import WebhookEvent
from binlog_watcher.store.database import Database
from binlog_watcher.store.own_tables.definitions import CONSTANTS, Definitions
from binlog_watcher.store.own_tables.statement import Statement
from binlog_watcher.store.own_tables.tables import WEBHOOK
from binlog_watcher.store.own_tables.webhook_events import Fact, WebhookEvents
from binlog_watcher.store.own_tables.webhook_queue import iso
from binlog_watcher.store.shop_tables.episode_orders import orders_span
from binlog_watcher.store.shop_tables.queries import Queries
from binlog_watcher.store.shop_tables.shop import Shop
from binlog_watcher.store.times import utc_naive

_AT_ONCE = 200
_LONGEST_ORDER_ID = 100
_LONGEST_AS_JSON = 300
"""The column for details has 500; in its ASCII one character may take twelve."""


def untold(queries: Queries, days: int, since_us: int, until_us: int) -> Statement:
    """Some of the orders that mails of rows since a moment recovered, and no webhook knows of."""
    window = (since_us, until_us)
    define = Definitions(queries, days, window)
    return Statement(
        f"WITH orders_of_window AS ({define.orders}), pairs AS ({define.pairs('orders_of_window')}) "
        "SELECT r.log_id, r.order_id, r.bought_at, r.amount, r.currency, r.clicked "
        f"FROM ({define.recovered('pairs')}) r LEFT JOIN {WEBHOOK} w "
        f"ON w.log_id = r.log_id AND w.event = '{WebhookEvent.RECOVERED}' WHERE w.id IS NULL LIMIT {_AT_ONCE}",
        {
            **queries.constants,
            **CONSTANTS,
            **orders_span(queries, window),
            "rows_from": utc_naive(since_us),
            "rows_to": utc_naive(until_us),
        },
    )


class RecoveredCarts:
    """Of one shop. ``days``: ATTRIBUTION_DAYS; ``back_us``: how old the row of a mail may be that still recovers."""

    def __init__(
        self, database: Database, shop: Shop, events: WebhookEvents, *, days: int, back_us: int
    ) -> None:
        self._database = database
        self._shop = shop
        self._events = events
        self._days = days
        self._back_us = back_us

    def look(self, now_us: int) -> int:
        """Write down all that is new; how many orders that are. Blocking."""
        found = 0
        if WebhookEvent.RECOVERED not in self._events.wanted:
            return found
        statement = untold(self._shop.queries, self._days, now_us - self._back_us, now_us)
        while True:
            with self._database.session() as session:
                rows = session.rows(*statement)
                self._events.note(session, [_fact(row) for row in rows])
            found += len(rows)
            if len(rows) < _AT_ONCE:
                return found


def _fact(row: tuple[Any, ...]) -> Fact:
    log_id, order, bought_at, amount, currency, clicked = row
    detail = {
        "order_id": _order_id(order),
        "amount": None if amount is None else str(Decimal(amount)),
        "currency": currency,
        "ordered_at": iso(
            bought_at if isinstance(bought_at, datetime) else datetime.fromisoformat(str(bought_at))
        ),
        "clicked": bool(clicked),
    }
    return Fact(WebhookEvent.RECOVERED, int(log_id), detail=detail)


def _order_id(order: Any) -> str | None:
    """As text: bytes in hex; a long one is cut, since its event must be told all the same."""
    if order is None:
        return None
    text = bytes(order).hex() if isinstance(order, bytes | bytearray) else str(order)
    text = text[:_LONGEST_ORDER_ID]
    while len(json.dumps(text)) > _LONGEST_AS_JSON:
        text = text[:-1]
    return text
