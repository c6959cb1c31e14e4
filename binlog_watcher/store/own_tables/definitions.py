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

_MINE = "m.by_mail = 1 AND m.nth_mail = 1 AND m.nth_order = 1"

FIRST_DAYS = 5
"""ATTRIBUTION_DAYS, where nobody says otherwise."""

IN_MEMORY = (
    "/*M! SET STATEMENT optimizer_switch = 'derived_merge=off', max_heap_table_size = 268435456, "
    "tmp_table_size = 268435456 FOR */ "
)
"""Before a statement whose parts are joined in memory, for MariaDB: it makes a table with a key of a part.

MySQL takes it for a comment: it joins by a hash, which wants an expression in the place of a column with an index, and
``HASHED``.
"""

HASHED = "/*+ SET_VAR(join_buffer_size = 134217728) */"
"""In such a statement, for MySQL. MariaDB takes it for a comment."""


SORTED = "/*!80000 SQL_BIG_RESULT */"
"""Groups are made by sorting, on MySQL: to look the group of each row up takes it half as long again, and MariaDB not.

MariaDB takes it for a comment, as all that is for MySQL from 5.7 on.
"""


@dataclass(frozen=True, slots=True)
class Definitions:
    """``days``: ATTRIBUTION_DAYS. ``window_us``: of the rows that are looked at, and the end of their orders.

    Its parameters (``window``) are named; without a window all rows are meant. ``erasable``: the log has the columns
    for what is kept of erased rows, as of the fifth layout. ``among``: only rows with an id of
    this parameter are meant. ``in_memory``: rows and orders of the window are read once each and joined in memory;
    else the orders of each row are looked up, which is quicker for few rows beside many orders. ``by_id``: see
    ``orders_that_stand``.
    """

    queries: Queries
    days: int = FIRST_DAYS
    window_us: tuple[int, int] | None = None
    erasable: bool = True
    among: bool = False
    in_memory: bool = False
    by_id: bool = False

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
        return orders_that_stand(self.queries, self.window_us, in_memory=self.in_memory, by_id=self.by_id)

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
            # Where the shop does not say what an order came to, the cart's total stands in, in the cart's own money.
            "COALESCE(o.amount, l.cart_total) AS amount, "
            "IF(o.amount IS NULL, l.currency, COALESCE(o.currency, l.currency)) AS currency, "
            f"l.sent_at AS sent_at, COALESCE({after_mail}, 0) AS by_mail, {click} AS clicked "
            f"FROM {self._joined(orders)} ON {of_log} = o.{name} "
            f"WHERE {self.rows} AND o.bought_at > l.created_at "
            f"AND o.bought_at <= COALESCE(l.sent_at, l.created_at) + INTERVAL {self.days} DAY"
        )

    def _joined(self, orders: str) -> str:
        log = f"cart_abandonment_log l{self._by}"
        return f"{log} STRAIGHT_JOIN {orders} o" if self.in_memory else f"{orders} o JOIN {log}"

    @staticmethod
    def _ranked(pairs: str) -> str:
        """SELECT of the pairs, and of those that follow a mail which one is the order's and which one the mail's.

        An order is that of one mail: of one that was clicked before all others, else of the last one before it. Of a
        mail's orders it is the first one.
        """
        return (
            "SELECT n.*, ROW_NUMBER() OVER ("
            "PARTITION BY n.log_id, n.by_mail, n.nth_mail = 1 ORDER BY n.bought_at, n.order_id) AS nth_order FROM ("
            "SELECT p.*, ROW_NUMBER() OVER (PARTITION BY p.order_id, p.by_mail "
            f"ORDER BY p.clicked DESC, p.sent_at DESC, p.log_id DESC) AS nth_mail FROM {pairs} p) n"
        )

    @classmethod
    def recovered(cls, pairs: str) -> str:
        """SELECT of the order that each mail recovered: its first one, of those that are this mail's."""
        return (
            "SELECT m.log_id, m.order_id, m.bought_at, m.amount, m.currency, m.clicked "
            f"FROM ({cls._ranked(pairs)}) m WHERE {_MINE}"
        )

    @classmethod
    def followed(cls, pairs: str) -> str:
        """SELECT of each row that an order followed, with what its mail recovered; the pairs are read once."""
        values = ", ".join(
            f"MAX(IF({_MINE}, m.{name}, NULL)) AS {name}" for name in ("amount", "currency", "clicked")
        )
        return f"SELECT m.log_id, {values} FROM ({cls._ranked(pairs)}) m GROUP BY m.log_id"

    def newer(self) -> str:
        """A condition: the cart of the row ``l`` was left again within the days, so its money is counted there."""
        return (
            "EXISTS (SELECT 1 FROM cart_abandonment_log n WHERE n.cart_key = l.cart_key AND n.step = l.step "
            "AND n.cart_version > l.cart_version "
            f"AND (n.reason IS NULL OR n.reason NOT IN ({_REASONS})) "
            f"AND n.created_at >= l.created_at AND n.created_at <= l.created_at + INTERVAL {self.days} DAY)"
        )

    def left_again(self) -> str:
        """SELECT of the rows of a window for which ``newer`` holds, joined in memory.

        By a number that stands for the key: to look a key up takes as long as ten comparisons of numbers, and there
        are as many as rows. Which keys are the same is asked of the few that are left.
        """
        by = "IGNORE INDEX (cartwake_episode, cartwake_status)"
        return (
            f"SELECT DISTINCT l.id AS log_id FROM cart_abandonment_log l {by} STRAIGHT_JOIN ("
            "SELECT v.id, CRC32(v.cart_key) AS hash, v.cart_version, v.created_at "
            f"FROM cart_abandonment_log v {by} "
            f"WHERE v.created_at >= %(rows_from)s AND (v.reason IS NULL OR v.reason NOT IN ({_REASONS}))"
            ") n ON n.hash = CRC32(l.cart_key) AND n.cart_version > l.cart_version "
            f"AND n.created_at >= l.created_at AND n.created_at <= l.created_at + INTERVAL {self.days} DAY "
            "STRAIGHT_JOIN cart_abandonment_log s ON s.id = n.id AND s.cart_key = l.cart_key AND s.step = l.step "
            f"WHERE {self.rows} AND {ABANDONED}"
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
