"""What is to be done with a cart: one pure function, shared by the live path, reconcile and preview (design §2).

All times are epoch microseconds of MySQL's clock. Only *counted* rows reach this module: created after the
customer's newest order (same second = bought), quantity above 0, product exists; ``store`` applies that definition.
"""

import enum
import hashlib
from dataclasses import dataclass, field
from decimal import Decimal

from binlog_watcher.events import CartKey


class Status(enum.StrEnum):
    """The states of a row of ``cart_abandonment_log``."""

    CLAIMED = "claimed"  # an instance works on it until its lease ends
    SENDING = "sending"  # past the fence: handed to SMTP
    SENT = "sent"
    RETRY = "retry"  # to be tried again at next_attempt_at
    FAILED = "failed"  # given up; `cartwake retry --failed` tries again
    SKIPPED = "skipped"  # not mailed, see reason
    UNKNOWN = "unknown"  # the connection broke inside the hand-over: counts as mailed


class Reason(enum.StrEnum):
    """Why a cart is not mailed, or not yet."""

    # logged with status skipped
    NO_ADDRESS = "no_address"
    OPTED_OUT = "opted_out"
    ROLLOUT = "rollout"
    HOLDOUT = "holdout"
    ROLE = "role"
    SUPERSEDED = "superseded"
    BOUGHT_MEANWHILE = "bought_meanwhile"
    EMPTIED = "emptied"
    # not an episode: nothing is logged
    EMPTY = "empty"
    HANDLED = "handled"
    TOO_OLD = "too_old"
    BEFORE_ACTIVATION = "before_activation"
    # wait
    ACTIVITY = "activity"
    COOLDOWN = "cooldown"
    RETRY = "retry"
    LEASED = "leased"
    ADDRESS_BUSY = "address_busy"
    RATE_LIMIT = "rate_limit"
    SMTP_STOPPED = "smtp_stopped"


LOGGED_SKIPS = frozenset({Reason.NO_ADDRESS, Reason.OPTED_OUT, Reason.ROLLOUT, Reason.HOLDOUT, Reason.ROLE})


@dataclass(frozen=True, slots=True)
class Line:
    """One counted cart row with its product. ``price`` is the price of one piece."""

    product_id: int | str
    name: str
    category: str
    price: Decimal
    quantity: int
    image: str | None


@dataclass(frozen=True, slots=True)
class Customer:
    """Whom the cart belongs to. ``address_hash`` is None when there is no valid address."""

    id: int | str
    name: str | None
    email: str | None
    role: str | None
    address_hash: bytes | None


@dataclass(frozen=True, slots=True)
class LoggedEpisode:
    """The newest row that the log has for a cart key."""

    id: int
    version: int
    status: Status
    attempts: int
    next_attempt_us: int | None
    lease_until_us: int | None
    owner_alive: bool = True


@dataclass(frozen=True, slots=True)
class Recipient:
    """What is known of an address, whichever user has it."""

    last_mail_us: int | None = None
    suppressed: bool = False


@dataclass(frozen=True, slots=True)
class Cart:
    """One cart as read from the database. ``fingerprint`` lets the fence see any later change."""

    key: CartKey
    customer: Customer | None
    lines: tuple[Line, ...]
    version: int | None
    newest_order_us: int | None
    logged: LoggedEpisode | None = None
    recipient: Recipient = field(default_factory=Recipient)
    fingerprint: str = ""

    @property
    def total(self) -> Decimal:
        """Sum of price times quantity, before any discount."""
        return sum((line.price * line.quantity for line in self.lines), Decimal(0))

    @property
    def item_count(self) -> int:
        """Number of pieces."""
        return sum(line.quantity for line in self.lines)


@dataclass(frozen=True, slots=True)
class Policy:
    """The shop's rules. Durations in microseconds; ``activated_us`` is the first run that was not dry."""

    threshold_us: int
    cooldown_us: int
    max_age_us: int
    activated_us: int
    excluded_roles: frozenset[str] = frozenset()
    rollout_percent: Decimal = Decimal(100)
    holdout_percent: Decimal = Decimal(0)


@dataclass(frozen=True, slots=True)
class Send:
    """Mail it now. ``activity_us``: the last activity; ``due_us``: when it became due."""

    activity_us: int
    due_us: int


@dataclass(frozen=True, slots=True)
class Wait:
    """Look again at ``until_us``."""

    until_us: int
    reason: Reason


@dataclass(frozen=True, slots=True)
class Skip:
    """Never mail this episode; ``logged`` tells whether it is one and gets its row."""

    reason: Reason
    activity_us: int | None = None

    @property
    def logged(self) -> bool:
        """Whether the episode gets a row with status ``skipped``."""
        return self.reason in LOGGED_SKIPS


@dataclass(frozen=True, slots=True)
class Holdout:
    """Logged but not mailed, so that the lift can be measured."""

    activity_us: int


Decision = Send | Wait | Skip | Holdout


def decide(cart: Cart, known_activity_us: int | None, now_us: int, policy: Policy) -> Decision:
    """Decide on one cart; ``known_activity_us`` is the newest activity that the source saw (None: none).

    The order of the checks is the order of the design: is it an episode, is it in the window, is it quiet, may
    this customer be mailed, and only then: is it too early for this address.
    """
    if cart.version is None or not cart.lines:
        return Skip(Reason.EMPTY)
    attempt = _look_at_log(cart, now_us)
    if attempt is not None:
        return attempt
    activity_us = max(cart.version, known_activity_us or 0)
    due_us = activity_us + policy.threshold_us
    if due_us > now_us:
        return Wait(due_us, Reason.ACTIVITY)
    if due_us <= policy.activated_us:
        return Skip(Reason.BEFORE_ACTIVATION, activity_us)
    if now_us - cart.version > policy.max_age_us:
        # By creation, not by activity: an UPDATE over the whole table must not wake carts of last year.
        return Skip(Reason.TOO_OLD, activity_us)
    refused = _refuse(cart, policy)
    if refused is not None:
        return Skip(refused, activity_us)
    if _share("holdout", cart.key) < policy.holdout_percent:
        return Holdout(activity_us)
    last_mail_us = cart.recipient.last_mail_us
    if last_mail_us is not None and last_mail_us + policy.cooldown_us > now_us:
        return Wait(last_mail_us + policy.cooldown_us, Reason.COOLDOWN)
    return Send(activity_us, due_us)


def _look_at_log(cart: Cart, now_us: int) -> Wait | Skip | None:
    """What the log says of this version or a newer one; None: free to go on."""
    logged = cart.logged
    if logged is None or cart.version is None or logged.version < cart.version:
        return None
    if logged.version > cart.version:
        return Skip(Reason.HANDLED)
    match logged.status:
        case Status.RETRY:
            if logged.next_attempt_us is not None and logged.next_attempt_us > now_us:
                return Wait(logged.next_attempt_us, Reason.RETRY)
            return None
        case Status.CLAIMED:
            if logged.owner_alive and logged.lease_until_us is not None and logged.lease_until_us > now_us:
                return Wait(logged.lease_until_us, Reason.LEASED)
            return None
        case _:
            return Skip(Reason.HANDLED)


def _refuse(cart: Cart, policy: Policy) -> Reason | None:
    """Why this customer is never mailed for this episode, if so."""
    customer = cart.customer
    if customer is not None and (customer.role or "").strip().casefold() in policy.excluded_roles:
        return Reason.ROLE
    if customer is None or customer.address_hash is None:
        return Reason.NO_ADDRESS
    if cart.recipient.suppressed:
        return Reason.OPTED_OUT
    if _share("rollout", cart.key) >= policy.rollout_percent:
        return Reason.ROLLOUT
    return None


def _share(salt: str, key: CartKey) -> Decimal:
    """A stable number from 0 to below 100 for a customer: the same in every run, independent between salts."""
    digest = hashlib.sha256(f"cartwake:{salt}:{key}".encode()).digest()
    return Decimal(int.from_bytes(digest[:8]) % 10_000) / 100
