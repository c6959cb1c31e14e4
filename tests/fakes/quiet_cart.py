"""One cart that is mailed when it is due, for tests that change what speaks against it."""

from decimal import Decimal
from typing import Any

from binlog_watcher.core.cart import Cart, Customer, Line, LoggedEpisode
from binlog_watcher.core.decision import Policy, Send
from binlog_watcher.core.log_status import Status

SECOND = 1_000_000
MINUTE = 60 * SECOND
HOUR = 60 * MINUTE
THRESHOLD = 30 * MINUTE
T0 = 1_790_000_000 * SECOND  # when the newest row was created

POLICY = Policy(
    threshold_us=THRESHOLD,
    cooldown_us=24 * HOUR,
    max_age_us=72 * HOUR,
    activated_us=T0 - 10 * HOUR,
    excluded_roles=frozenset({"admin", "staff"}),
)
CUSTOMER = Customer(42, "Ada", "ada@example.com", "customer", b"\x01" * 32)
LINE = Line(5, "Mouse", "Input", Decimal("19.99"), 2, None)
CART = Cart(key=42, customer=CUSTOMER, lines=(LINE,), version=T0, newest_order_us=None)
DUE = T0 + THRESHOLD
GO_ON = Send(T0, DUE)


def logged(status: Status, *, version: int = T0, **more: Any) -> LoggedEpisode:
    fields = {"attempts": 1, "next_attempt_us": None, "lease_until_us": None} | more
    return LoggedEpisode(id=9, version=version, status=status, **fields)
