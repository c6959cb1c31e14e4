"""What is written to and read from ``cart_abandonment_log``, as values."""

from collections.abc import Iterable
from dataclasses import dataclass
from decimal import Decimal

from binlog_watcher.core.cart import Cart
from binlog_watcher.core.decision import HIGHEST_TOTAL
from binlog_watcher.core.erased_keys import ErasedKeys
from binlog_watcher.core.events import CartKey
from binlog_watcher.core.log_status import Reason, Status

STEP = 1
"""A recovery may become a sequence of mails; today it has one step."""

MOST_ITEMS = 2**32 - 1

LONGEST_STORE, LONGEST_LANGUAGE = 64, 35
"""Characters of the columns."""


def by_logged_key(keys: Iterable[CartKey], erased: ErasedKeys | None = None) -> dict[str, list[CartKey]]:
    """Keys by the text in which our tables know them: spaces at the end count for nothing there.

    With ``erased`` also by the names that they would have if they were erased.
    """
    found: dict[str, list[CartKey]] = {}
    for key in keys:
        text = str(key).rstrip(" ")
        found.setdefault(text, []).append(key)
        if erased is not None:
            found.setdefault(erased(text), []).append(key)
    return found


@dataclass(frozen=True, slots=True)
class Episode:
    """What is written when a cart is claimed or skipped. Money in the shop's currency."""

    cart: Cart
    version: int
    activity_us: int
    currency: str
    discount_percent: Decimal

    @property
    def key(self) -> CartKey:
        """The cart key."""
        return self.cart.key

    @property
    def cart_total(self) -> Decimal | None:
        """The cart's total; None for one that the column can't hold."""
        total = self.cart.total
        return total if abs(total) <= HIGHEST_TOTAL else None

    @property
    def item_count(self) -> int:
        """Pieces, as many as the column can hold."""
        return min(self.cart.item_count, MOST_ITEMS)

    @property
    def store(self) -> str | None:
        """The storefront, as far as the column holds its name."""
        return None if self.cart.store is None else self.cart.store[:LONGEST_STORE]

    @property
    def language(self) -> str | None:
        """The customer's; None for what is no code of a language."""
        code = self.cart.customer.language if self.cart.customer else None
        return code if code and code.isascii() and len(code) <= LONGEST_LANGUAGE else None

    @property
    def address_hash(self) -> bytes | None:
        """The hash of the customer's address."""
        return self.cart.customer.address_hash if self.cart.customer else None


@dataclass(frozen=True, slots=True)
class Claims:
    """``ids``: log row by key of what is ours now. ``waits``: (until, why) by key of what another mail holds back.

    A key in neither was taken by another instance.
    """

    ids: dict[CartKey, int]
    waits: dict[CartKey, tuple[int, Reason]]


@dataclass(frozen=True, slots=True)
class Fenced:
    """One mail at the fence: its row, and the cart as it was decided on."""

    log_id: int
    cart: Cart


@dataclass(frozen=True, slots=True)
class Outcome:
    """How an attempt ended. ``next_attempt_us``: when the cart is looked at again, if at all.

    ``bounced``: the address, masked, where the server says that there is no such mailbox. ``is_attempt``: False if it
    is none of the mail's attempts, whether or not it has passed the fence.
    """

    log_id: int
    status: Status
    reason: Reason | None = None
    error: str | None = None
    at_us: int = 0
    next_attempt_us: int | None = None
    address_hash: bytes | None = None
    message_id: str | None = None
    bounced: str | None = None
    is_attempt: bool = True


@dataclass(frozen=True, slots=True)
class OpenRow:
    """A row of the log that is waiting for someone."""

    key: str
    due_us: int
