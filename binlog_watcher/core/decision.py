"""What is to be done with a cart: one pure function, shared by the live path, reconcile and preview.

All times are epoch microseconds of MySQL's clock.

See docs/design.md, *What abandoned means*.
"""

import hashlib
from dataclasses import dataclass
from decimal import Decimal

from binlog_watcher.core.cart import Cart
from binlog_watcher.core.log_status import Reason, Status

LOGGED_SKIPS = frozenset(
    {
        Reason.NO_ADDRESS, Reason.OPTED_OUT, Reason.NO_CONSENT, Reason.ROLLOUT, Reason.HOLDOUT, Reason.ROLE,
    }
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Policy:
    """The shop's rules. Durations in microseconds.

    ``activated_us``: nothing that fell due up to then is mailed. That is the first run that was not dry, or earlier
    by what `--include-older-than` said.
    """

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
    nothing = _why_no_episode(cart)
    if nothing is not None:
        return Skip(nothing)
    attempt = _look_at_log(cart, now_us)
    if attempt is not None:
        return attempt
    activity_us = max(cart.newest_row_us, cart.activity_us or 0, known_activity_us or 0)
    due_us = activity_us + policy.threshold_us
    if due_us > now_us:
        return Wait(due_us, Reason.ACTIVITY)
    if due_us <= policy.activated_us:
        return Skip(Reason.BEFORE_ACTIVATION, activity_us)
    if now_us - cart.newest_row_us > policy.max_age_us:
        # By creation, not by activity: an UPDATE over the whole table must not wake carts of last year.
        return Skip(Reason.TOO_OLD, activity_us)
    refused = _refuse(cart, policy)
    if refused is not None:
        return Skip(refused, activity_us)
    if _share("holdout", _person(cart)) < policy.holdout_percent:
        return Holdout(activity_us)
    held_us = cart.recipient.held_until_us(policy.cooldown_us, cart.own_mail_us)
    if held_us > now_us:
        return Wait(held_us, Reason.COOLDOWN)
    return Send(activity_us, due_us)


def _why_no_episode(cart: Cart) -> Reason | None:
    """Why there is nothing to recover, if so."""
    if cart.closed:
        return Reason.CLOSED
    if cart.version is None or not cart.lines:
        return Reason.EMPTY
    return Reason.GUEST if cart.anonymous else None


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
    if not customer.consent:
        return Reason.NO_CONSENT
    if cart.recipient.suppressed:
        return Reason.OPTED_OUT
    if _share("rollout", _person(cart)) >= policy.rollout_percent:
        return Reason.ROLLOUT
    return None


def _person(cart: Cart) -> int | str:
    """Who is meant by a share of the customers: the same person with every cart; a guest goes by the address."""
    if cart.customer_id is not None:
        return cart.customer_id
    digest = cart.customer.address_hash if cart.customer else None
    return digest.hex() if cart.customer and cart.customer.id is None and digest else cart.key


def _share(salt: str, key: int | str) -> Decimal:
    """A stable number from 0 to below 100 for a customer: the same in every run, independent between salts."""
    digest = hashlib.sha256(f"cartwake:{salt}:{key}".encode()).digest()
    return Decimal(int.from_bytes(digest[:8]) % 10_000) / 100
