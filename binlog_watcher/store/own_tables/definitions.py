"""What the figures mean, once: fragments of SQL on the log, the clicks and the shop's orders. Pure.

The views are made of them, and the report's statements (``earnings``) with a window in their places. So whoever asks
the views by a tool of their own gets what `cartwake report` says. docs/report.md has it in plain words.
"""

from dataclasses import dataclass

from binlog_watcher.core.log_status import Reason, Status
from binlog_watcher.store.shop_tables.episode_orders import (
    orders_that_stand,
    ways_to_orders,
)
from binlog_watcher.store.shop_tables.queries import Queries

NOT_ABANDONED = (Reason.SUPERSEDED, Reason.BOUGHT_MEANWHILE, Reason.EMPTIED, Reason.CLOSED, Reason.DECLINED)
"""Reasons of rows whose cart was bought, emptied or changed before its mail."""

_REASONS = ", ".join(f"'{reason}'" for reason in NOT_ABANDONED)

ABANDONED = f"(l.reason IS NULL OR l.reason NOT IN ({_REASONS}))"
"""A row of the log is a cart that somebody left: not one that was bought, emptied or changed before its mail."""

MAILED = "l.status = %(mailed)s"
"""A mail server has taken the mail; with the parameters ``CONSTANTS``."""

CONSTANTS = {"mailed": Status.SENT}

FIRST_DAYS = 5
"""ATTRIBUTION_DAYS, where nobody says otherwise."""


@dataclass(frozen=True, slots=True)
class Definitions:
    """``days``: ATTRIBUTION_DAYS. ``window_us``: of the rows that are looked at, and the end of their orders.

    Its parameters (``window``) are named; without a window all rows are meant. ``erasable``: the log has the columns
    for what is kept of erased rows, as of the fifth layout. ``among``: only rows with an id of
    this parameter are meant.
    """

    queries: Queries
    days: int = FIRST_DAYS
    window_us: tuple[int, int] | None = None
    erasable: bool = True
    among: bool = False

    @property
    def rows(self) -> str:
        """A condition: the row ``l`` is of the window, and was not erased."""
        erased = " AND l.ordered IS NULL" if self.erasable else ""
        return f"{self.of_window}{erased}"

    @property
    def of_window(self) -> str:
        """A condition: the row ``l`` is of the window."""
        if self.among:
            return "l.id IN %(among)s"
        if self.window_us is None:
            return "TRUE"
        return "l.created_at >= %(rows_from)s AND l.created_at <= %(rows_to)s"

    @property
    def _by(self) -> str:
        """Of a window most rows are looked at: to go through them once is quicker than an index, row by row."""
        return " IGNORE INDEX (cartwake_user)" if self.window_us is not None and self.erasable else ""

    @property
    def orders(self) -> str:
        """SELECT of the orders that count and stand."""
        return orders_that_stand(self.queries, self.window_us)

    def pairs(self, orders: str) -> str:
        """SELECT of each cart with each order that followed it within so many days of the row, or of its mail.

        ``by_mail``: it followed the mail; ``clicked``: and a click in the mail.
        """
        ways = ways_to_orders(self.queries)
        return " UNION ALL ".join(self._pairs(orders, name, of_log) for name, of_log in ways) or (
            "SELECT l.id AS log_id, NULL AS order_id, l.created_at AS bought_at, l.cart_total AS amount, "
            "l.currency AS currency, l.sent_at AS sent_at, 0 AS by_mail, 0 AS clicked "
            "FROM cart_abandonment_log l WHERE FALSE"
        )

    def _pairs(self, orders: str, name: str, of_log: str) -> str:
        after_mail = (
            f"{MAILED} AND NOT l.bounce <=> 'hard' AND o.bought_at > l.sent_at "
            f"AND o.bought_at <= l.sent_at + INTERVAL {self.days} DAY"
        )
        click = (
            "EXISTS (SELECT 1 FROM cart_abandonment_click c WHERE c.log_id = l.id AND c.flag IS NULL "
            "AND c.kind <> 'open' AND c.clicked_at <= o.bought_at)"
        )
        return (
            "SELECT l.id AS log_id, o.order_id AS order_id, o.bought_at AS bought_at, "
            "COALESCE(o.amount, l.cart_total) AS amount, COALESCE(o.currency, l.currency) AS currency, "
            f"l.sent_at AS sent_at, COALESCE({after_mail}, 0) AS by_mail, {click} AS clicked "
            f"FROM {orders} o JOIN cart_abandonment_log l{self._by} ON {of_log} = o.{name} "
            f"WHERE {self.rows} AND o.bought_at > l.created_at "
            f"AND o.bought_at <= COALESCE(l.sent_at, l.created_at) + INTERVAL {self.days} DAY"
        )

    @staticmethod
    def recovered(pairs: str) -> str:
        """SELECT of the order that each mail recovered: its first one, of those that are this mail's.

        An order is that of one mail: of one that was clicked before all others, else of the last one before it.
        """
        return (
            "SELECT m.log_id, m.order_id, m.bought_at, m.amount, m.currency, m.clicked FROM ("
            "SELECT n.*, ROW_NUMBER() OVER (PARTITION BY n.log_id ORDER BY n.bought_at, n.order_id) AS nth_order FROM ("
            "SELECT p.*, ROW_NUMBER() OVER (PARTITION BY p.order_id ORDER BY p.clicked DESC, p.sent_at DESC, "
            f"p.log_id DESC) AS nth_mail FROM {pairs} p WHERE p.by_mail = 1"
            ") n WHERE n.nth_mail = 1) m WHERE m.nth_order = 1"
        )

    def newer(self) -> str:
        """A condition: the cart of the row ``l`` was left again within the days, so its money is counted there."""
        return (
            "EXISTS (SELECT 1 FROM cart_abandonment_log n WHERE n.cart_key = l.cart_key AND n.step = l.step "
            "AND n.cart_version > l.cart_version "
            f"AND (n.reason IS NULL OR n.reason NOT IN ({_REASONS})) "
            f"AND n.created_at <= l.created_at + INTERVAL {self.days} DAY)"
        )


def views(queries: Queries, days: int) -> list[str]:
    """CREATE statements, in the order in which one needs the other."""
    define = Definitions(queries, days)
    orders = "cart_abandonment_orders"
    pairs = define.pairs(orders)
    made = {
        orders: define.orders,
        "cart_abandonment_carts": (
            "SELECT l.id AS log_id, l.cart_key, l.cart_version, l.step, l.created_at, l.status, l.reason, "
            "l.cart_total, l.currency, l.discount_percent, l.store, l.language, l.sent_at "
            f"FROM cart_abandonment_log l WHERE {ABANDONED}"
        ),
        "cart_abandonment_bought": (
            f"SELECT p.log_id, MIN(p.bought_at) AS bought_at FROM ({pairs}) p GROUP BY p.log_id "
            "UNION ALL SELECT l.id, NULL FROM cart_abandonment_log l WHERE l.ordered = 1"
        ),
        "cart_abandonment_recovered": (
            f"SELECT r.log_id, r.order_id, r.bought_at, r.amount, r.currency, r.clicked FROM "
            f"({define.recovered(f'({pairs})')}) r "
            "UNION ALL SELECT l.id, NULL, NULL, l.recovered, l.recovered_in, l.recovered_click "
            "FROM cart_abandonment_log l WHERE l.recovered IS NOT NULL"
        ),
        "cart_abandonment_left_again": (
            f"SELECT l.id AS log_id FROM cart_abandonment_log l WHERE l.left_again = 1 "
            f"OR (l.left_again IS NULL AND {ABANDONED} AND {define.newer()} "
            "AND NOT EXISTS (SELECT 1 FROM cart_abandonment_bought b WHERE b.log_id = l.id))"
        ),
        "cart_abandonment_lost": (
            "SELECT c.* FROM cart_abandonment_carts c "
            "LEFT JOIN cart_abandonment_bought b ON b.log_id = c.log_id "
            "LEFT JOIN cart_abandonment_left_again a ON a.log_id = c.log_id "
            "WHERE b.log_id IS NULL AND a.log_id IS NULL"
        ),
    }
    return [
        f"CREATE OR REPLACE SQL SECURITY INVOKER VIEW {name} AS {select}" for name, select in made.items()
    ]
