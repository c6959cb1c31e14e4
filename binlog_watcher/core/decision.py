"""What is to be done with a cart: one pure function, shared by the live path, reconcile and preview.

All times are epoch microseconds of MySQL's clock.

See docs/design.md, *What abandoned means*.
"""

import hashlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from decimal import Decimal

from binlog_watcher.core.cart import Cart
from binlog_watcher.core.log_status import Reason, Status

LOGGED_SKIPS = frozenset(
    {
        Reason.NO_ADDRESS, Reason.OPTED_OUT, Reason.NO_CONSENT, Reason.ROLLOUT, Reason.HOLDOUT, Reason.ROLE,
        Reason.ZERO_TOTAL, Reason.TOTAL_TOO_HIGH, Reason.UNAVAILABLE, Reason.JUST_BOUGHT,
        Reason.EXCLUDED_ADDRESS, Reason.BOUNCED, Reason.UNREADABLE,
    }
)  # fmt: skip

HIGHEST_TOTAL = Decimal("999999999999.99")
"""What the log's cart_total can hold."""

LEAST_TOTAL = Decimal("0.005")
"""What is less shows as 0.00."""

SOONEST_AGAIN_US, LATEST_AGAIN_US = 2_000_000, 3_600_000_000
"""How soon, and how late, a cart is looked at again whose products or customer are missing."""


def nobody(_address: str | None) -> bool:
    """No address is excluded."""
    return False


@dataclass(frozen=True, slots=True)
class Policy:
    """The shop's rules. Durations in microseconds.

    ``activated_us``: nothing that fell due up to then is mailed. That is the first run that was not dry, or earlier
    by what `--include-older-than` said. ``excludes_address``: whether an address, as the shop has it, is one of those
    that are never mailed. ``order_grace_us``: who puts what he has just bought into a cart again, within this time, is
    not reminded of it; 0: he is. ``stores``: those whose carts are ours; None: all.
    """

    threshold_us: int
    cooldown_us: int
    max_age_us: int
    activated_us: int
    excluded_roles: frozenset[str] = frozenset()
    excludes_address: Callable[[str | None], bool] = nobody
    rollout_percent: Decimal = Decimal(100)
    holdout_percent: Decimal = Decimal(0)
    mail_zero_totals: bool = False
    mail_unavailable: bool = False
    order_grace_us: int = 0
    stores: frozenset[str] | None = None


_SECOND_US = 1_000_000

CLOCK_ERROR_US = 5 * 60_000_000
"""A row that is further ahead of MySQL's clock was not written by that clock."""


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


def decide(
    cart: Cart, known_activity_us: int | None, now_us: int, policy: Policy, *, ordered: bool = False
) -> Decision:
    """Decide on one cart; ``known_activity_us`` is the newest activity that the source saw (None: none).

    ``ordered``: the source saw an order after that; tables that read otherwise don't overrule it.

    The order of the checks is the order of the design: is it an episode, is it in the window, is it quiet, may
    this customer be mailed, and only then: is it too early for this address.
    """
    # That order is what the source told of: whether there is another one is for the tables to say.
    bought = cart.unpaid_order is None and (ordered or _was_bought(cart, known_activity_us))
    nothing = Reason.BOUGHT_MEANWHILE if bought else _why_no_episode(cart)
    if nothing is not None:
        return Skip(nothing)
    attempt = _look_at_log(cart, now_us)
    if attempt is not None:
        return attempt
    activity_us = last_activity(cart, known_activity_us, now_us)
    due_us = activity_us + policy.threshold_us
    if due_us > now_us:
        return Wait(due_us, Reason.ACTIVITY)
    outside = _why_outside(cart, due_us, now_us, policy)
    if outside is not None:
        return Skip(outside, activity_us)
    lacking = _wait_for_rows(cart, now_us, policy)
    if lacking is not None:
        return lacking
    refused = next(refusals(cart, policy), None)
    if refused is not None:
        return Skip(refused, activity_us)
    if _share("holdout", _person(cart)) < policy.holdout_percent:
        return Holdout(activity_us)
    held_us = cart.recipient.held_until_us(policy.cooldown_us, cart.own_mail_us)
    if held_us > now_us:
        return Wait(held_us, Reason.COOLDOWN)
    return Send(activity_us, due_us)


def _why_outside(cart: Cart, due_us: int, now_us: int, policy: Policy) -> Reason | None:
    """Why its episode is not one that this service has to do with, if so. What is too old is so for every instance."""
    if due_us <= policy.activated_us:
        return Reason.BEFORE_ACTIVATION
    if now_us - cart.newest_row_us > policy.max_age_us:
        # By creation, not by activity: an UPDATE over the whole table must not wake carts of last year.
        return Reason.TOO_OLD
    # What the SELECT of customers would tell is waited for with its row.
    told = cart.store is not None or not cart.lacks_customer
    return Reason.STORE if told and not is_ours(cart, policy) else None


def is_ours(cart: Cart, policy: Policy) -> bool:
    """Whether the cart is of a store that is listed; another one's is nobody's episode here, and may be another's."""
    return policy.stores is None or cart.store in policy.stores


def _was_bought(cart: Cart, known_us: int | None) -> bool:
    """Whether an order that was told of before the last start followed all activity that is known."""
    if cart.told_order_us is None:
        return False
    latest_us = max(known_us or 0, cart.newest_row_us, cart.activity_us or 0)
    return cart.told_order_us // _SECOND_US >= latest_us // _SECOND_US


def last_activity(cart: Cart, known_us: int | None, now_us: int) -> int:
    """The newest activity that is told of. A row from the future is not believed: it has come by now.

    Sessions may have a clock of their own (SET timestamp), and a shop one that goes wrong, or another zone. A little
    ahead is no such thing: the row is newer than the event that is known, and our clock not quite the server's.
    """
    told = (cart.newest_row_us, cart.activity_us or 0)
    latest_us = now_us + CLOCK_ERROR_US
    if known_us is None and max(told) > latest_us:
        return now_us
    return max([known_us or 0, *(us for us in told if us <= latest_us)])


def _why_no_episode(cart: Cart) -> Reason | None:
    """Why there is nothing to recover, if so."""
    if cart.closed:
        return Reason.CLOSED
    if cart.unreadable is not None:
        return None
    if cart.version is None or not (cart.lines or cart.missing):
        return Reason.EMPTY
    return Reason.GUEST if cart.anonymous else None


def _look_at_log(cart: Cart, now_us: int) -> Wait | Skip | None:
    """What the log says of this version or a newer one; None: free to go on."""
    logged = cart.logged
    if logged is None or cart.version is None or logged.version < cart.version:
        return None
    if logged.version > cart.version or not logged.ours:
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


def _wait_for_rows(cart: Cart, now_us: int, policy: Policy) -> Wait | None:
    """Wait for rows that the shop may be importing; each time for a quarter as long as they have been missing.

    For products as long as the cart may be mailed; where some are there, for a tenth of the threshold, since the
    others may be gone for good. For a customer as long as the threshold: who was deleted is no customer any more. A
    cart that may be another store's is for whoever mails that store: nothing is said about it.
    """
    since_us = now_us if cart.lacking_since_us is None else cart.lacking_since_us
    until_us = now_us + min(max((now_us - since_us) // 4, SOONEST_AGAIN_US), LATEST_AGAIN_US)
    if cart.missing and not cart.lines:
        return Wait(until_us, Reason.NO_PRODUCT)
    if cart.elsewhere:
        return Wait(until_us, Reason.NO_CUSTOMER)
    for lacks, at_most_us, reason in (
        (cart.missing, policy.threshold_us // 10, Reason.NO_PRODUCT),
        (cart.lacks_customer, policy.threshold_us, Reason.NO_CUSTOMER),
    ):
        if lacks and now_us < since_us + at_most_us:
            return Wait(min(until_us, since_us + at_most_us), reason)
    return None


def refusals(cart: Cart, policy: Policy) -> Iterator[Reason]:
    """Why this customer is never mailed for this episode: all that holds, and first what is logged."""
    customer = cart.customer
    if not is_ours(cart, policy):
        yield Reason.STORE
    if cart.unreadable is not None:
        yield Reason.UNREADABLE
    if customer is not None and (customer.role or "").strip().casefold() in policy.excluded_roles:
        yield Reason.ROLE
    if customer is None or customer.address_hash is None:
        yield Reason.NO_ADDRESS
    else:
        if policy.excludes_address(customer.email):
            yield Reason.EXCLUDED_ADDRESS
        if not customer.consent:
            yield Reason.NO_CONSENT
    if cart.recipient.suppressed:
        yield Reason.BOUNCED if cart.recipient.bounced else Reason.OPTED_OUT
    if _share("rollout", _person(cart)) >= policy.rollout_percent:
        yield Reason.ROLLOUT
    if cart.unreadable is None:
        yield from _not_worth_a_mail(cart, policy)


def _not_worth_a_mail(cart: Cart, policy: Policy) -> Iterator[Reason]:
    """Why nobody would want to be reminded of what is in the cart."""
    total = cart.total
    if total < LEAST_TOTAL and not (policy.mail_zero_totals and total >= 0):
        yield Reason.ZERO_TOTAL
    if total > HIGHEST_TOTAL:
        yield Reason.TOTAL_TOO_HIGH
    if not policy.mail_unavailable and not any(line.available for line in cart.lines):
        yield Reason.UNAVAILABLE
    grace_us = policy.order_grace_us
    if grace_us and all(
        line.since_order_us is not None and line.since_order_us <= grace_us for line in cart.lines
    ):
        yield Reason.JUST_BOUGHT


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
