"""A cart's story: what is known of it, and its history as events in the order of time. Pure."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from binlog_watcher.answers.wording import (
    FLAGS,
    LOGGED_WHY,
    ORDERED_BY,
    SUPPRESSED_WHY,
    VISITED,
    moment,
    span,
)
from binlog_watcher.core.cart import Cart
from binlog_watcher.core.cart_note import CartNote
from binlog_watcher.core.decision import Policy, last_activity
from binlog_watcher.core.events import CartRead
from binlog_watcher.core.log_status import Reason, Status
from binlog_watcher.core.outlook import Look
from binlog_watcher.store.own_tables.history import LogRow, Suppressed, Visits
from binlog_watcher.store.shop_tables.orders import NamedOrder
from binlog_watcher.store.times import from_us
from binlog_watcher.telemetry.redact import mask_addresses
from mailer import mask

READABLE_US = 2**60
"""Later moments stand for "nobody can read when"."""


@dataclass(frozen=True, slots=True)
class Moments:
    """What the moments of a cart's rows are called in the shop, as ``table.column``; ``document``: carts are one."""

    created: str | None
    updated: tuple[str, ...]
    document: bool


@dataclass(frozen=True, slots=True)
class Known:
    """All that was read of one cart.

    ``armed``: what a service that starts now would arm; ``hindrance``: until when and why no claim would be made;
    ``changed``: the parts by which the fence would stop its mail; ``holder``: row and cart of the last mail to its
    address; ``advice``: what to do about rows that were given up, by id; ``rows``: how many the shop has.
    """

    cart: Cart
    now_us: int
    policy: Policy
    moments: Moments
    looks: Sequence[Look]
    rows: int
    armed: CartRead | None = None
    note: CartNote | None = None
    log: Sequence[LogRow] = ()
    visits: Sequence[Visits] = ()
    orders: Sequence[NamedOrder] = ()
    suppressed: Suppressed | None = None
    holder: tuple[int, str] | None = None
    hindrance: tuple[int, Reason] | None = None
    changed: Sequence[str] = ()
    advice: Mapping[int, str] = field(default_factory=dict)
    show_address: bool = False

    @property
    def activity_us(self) -> int | None:
        """The last activity that is known, as ``decide`` takes it; None: there is none."""
        known_us = None if self.armed is None else self.armed.activity_us
        return last_activity(self.cart, known_us, self.now_us) or None

    def shown(self, text: str) -> str:
        """A text with its addresses masked, unless they are to be shown."""
        return text if self.show_address else mask_addresses(text)

    @property
    def address(self) -> str | None:
        """The cart's address, masked unless it is to be shown."""
        customer = self.cart.customer
        if customer is None or not customer.email:
            return None
        return customer.email if self.show_address else mask(customer.email)


@dataclass(frozen=True, slots=True)
class Event:
    """Something that happened, in a sentence. ``what``: its kind; ``details``: for scripts."""

    at: datetime | None
    what: str
    text: str
    details: dict[str, Any] = field(default_factory=dict)


def events(known: Known) -> list[Event]:
    """The history, the oldest first; what has no readable moment stands before all."""
    found = [*_of_rows(known), *_of_orders(known), *_of_address(known)]
    for row in known.log:
        found += _of_row(known, row)
    found += [_of_visits(one) for one in known.visits]
    return sorted(found, key=lambda event: (event.at is not None, event.at))


def activity_from(known: Known) -> str:
    """Where the last activity is known from."""
    at_us, cart, moments = known.activity_us, known.cart, known.moments
    note_us = None if known.note is None else known.note.activity_us
    if at_us == note_us:
        return "Cartwake's note of what the binlog told"
    if at_us == cart.newest_row_us and moments.created is not None:
        return f"the creation of its newest row that counts ({moments.created})"
    if at_us == cart.activity_us and moments.updated:
        return f"the shop's update columns ({', '.join(moments.updated)})"
    if moments.document and known.armed is not None:
        return "nothing: what is in it is not as Cartwake noted it, so it counts as touched just now"
    return "the shop's tables"


def _of_rows(known: Known) -> Iterator[Event]:
    cart, at_us = known.cart, known.activity_us
    if cart.lines and 0 < cart.newest_row_us != at_us and known.moments.created is not None:
        yield _event(cart.newest_row_us, "row", "the newest of its rows that count was put in")
    if at_us is None:
        return
    yield _event(at_us, "activity", f"last activity, known from {activity_from(known)}")
    if cart.lines or cart.missing or cart.unreadable is not None:
        due_us = at_us + known.policy.threshold_us
        quiet = f"quiet for {span(known.policy.threshold_us)} (ABANDONMENT_THRESHOLD_MINUTES)"
        yield _event(due_us, "due", f"{'fell' if due_us <= known.now_us else 'falls'} due: {quiet}")


def _of_orders(known: Known) -> Iterator[Event]:
    for order in known.orders:
        text = f"order {order.id} {ORDERED_BY.get(order.way, '')}".rstrip()
        readable = order.at_us is not None and order.at_us < READABLE_US
        text = (
            text if readable else f"{text}, placed at a time that nobody can read: it ends the cart for good"
        )
        yield _event(order.at_us if readable else None, "order", text, {"order": order.id, "way": order.way})
    if known.cart.told_order_us is not None:
        yield _event(
            known.cart.told_order_us, "told_order", "the binlog told of an order after its last activity"
        )
    if known.cart.unpaid_order is not None:
        text = f"order {known.cart.unpaid_order} was cancelled since nobody paid: it has bought nothing"
        yield _event(None, "unpaid_order", text, {"order": known.cart.unpaid_order})


def _of_address(known: Known) -> Iterator[Event]:
    if known.suppressed is not None:
        reason = known.suppressed.reason
        why = SUPPRESSED_WHY.get(reason, f"reason `{reason}`")
        text = f"its address is never mailed since then: {why} (`cartwake optout remove` undoes it)"
        yield _event(known.suppressed.since_us, "suppressed", text, {"reason": reason})
    last_us = known.cart.recipient.last_mail_us
    if last_us is None or any(row.sent_us == last_us for row in known.log):
        return
    whose = "" if known.holder is None else f": log row {known.holder[0]}, cart {known.holder[1]}"
    until_us = last_us + known.policy.cooldown_us
    held = f"no other before {moment(until_us)} (EMAIL_COOLDOWN_HOURS)"
    text = f"last mail to its address, for another cart{whose}; {held}"
    yield _event(last_us, "other_mail", text, {"cooldown_until": from_us(until_us)})


def _of_visits(visits: Visits) -> Event:
    times = "" if visits.count == 1 else f", {visits.count} times, first then"
    if visits.flag is not None:
        by = FLAGS.get(visits.flag, f"`{visits.flag}`, not the customer")
        text = f"log row {visits.log_id}: {VISITED.get(visits.kind, visits.kind)} by {by}{times}"
    else:
        text = f"log row {visits.log_id}: {VISITED.get(visits.kind, visits.kind)}{times}"
    details = {"log_id": visits.log_id, "kind": visits.kind, "flag": visits.flag, "count": visits.count}
    return _event(visits.first_us, "visit", text, details)


# --- rows of the log ------------------------------------------------------------------------------------------------


def _of_row(known: Known, row: LogRow) -> Iterator[Event]:
    details = {
        "log_id": row.id, "status": row.status, "reason": row.reason, "attempts": row.attempts,
        "message_id": row.message_id,
        "next_attempt_at": None if row.next_attempt_us is None else from_us(row.next_attempt_us),
        "error": None if row.error is None else known.shown(" ".join(row.error.split())),
    }  # fmt: skip
    sentences = [LOG_SAYS[row.status](known, row) if row.status in LOG_SAYS else row.status]
    if row.total is not None:
        sentences.append(f"Logged total: {row.total:.2f} {row.currency or ''}".rstrip())
    if not row.ours:
        sentences.append("It belongs to another preset and is left alone")
    yield _event(row.logged_us, "logged", f"log row {row.id}, `{row.status}`: {_joined(sentences)}", details)
    if row.sent_us is not None and row.status == Status.SENT:
        text = f"log row {row.id}: the mail server took the mail; {_message_id(row)}"
        yield _event(row.sent_us, "sent", text, {"log_id": row.id, "message_id": row.message_id})
    elif row.sent_us is not None:
        text = f"log row {row.id}: a mail was handed over, and nobody knows whether it arrived; {_message_id(row)}"
        yield _event(row.sent_us, "perhaps_sent", text, {"log_id": row.id, "message_id": row.message_id})
    if row.bounced_us is not None:
        text = f"log row {row.id}: the mail came back ({row.bounce} bounce)"
        yield _event(row.bounced_us, "bounced", text, {"log_id": row.id, "bounce": row.bounce})


def _joined(sentences: Sequence[str]) -> str:
    return " ".join(text if text.endswith(".") else f"{text}." for text in sentences)


def why(row: LogRow) -> str:
    """The reason of a row in a sentence; empty without one."""
    return "" if row.reason is None else LOGGED_WHY.get(row.reason, f"reason `{row.reason}`")


def _message_id(row: LogRow) -> str:
    return f"Message-ID {row.message_id}" if row.message_id else "its Message-ID was not kept"


def _attempts(row: LogRow) -> str:
    return f"{row.attempts} attempt{'' if row.attempts == 1 else 's'}"


def _given(known: Known, row: LogRow) -> list[str]:
    """What else is known of a mail that did not go out: the error, and what to do."""
    told = [] if row.error is None else [f"The error: {known.shown(' '.join(row.error.split()))}"]
    return [*told, f"What to do: {known.advice[row.id]}"] if row.id in known.advice else told


def _claimed(known: Known, row: LogRow) -> str:
    lease_us = row.lease_until_us or 0
    if lease_us > known.now_us:
        return f"an instance prepares its mail, until {moment(lease_us)} at the latest"
    return "an instance began to prepare its mail and went away: another one takes it over"


def _sending(_known: Known, _row: LogRow) -> str:
    return "past the fence, being handed to the mail server"


def _retry(known: Known, row: LogRow) -> str:
    at = "at once" if row.next_attempt_us is None else f"at {moment(row.next_attempt_us)}"
    said = f"{why(row)}; " if row.reason is not None else ""
    first = f"{said}its mail is tried again {at}, after {_attempts(row)} so far"
    return _joined([first, *_given(known, row)])


def _sent(_known: Known, row: LogRow) -> str:
    return f"a mail was claimed for it and went out, after {_attempts(row)}"


def _failed(known: Known, row: LogRow) -> str:
    said = f"{why(row)}; " if row.reason is not None else ""
    return _joined([f"{said}given up after {_attempts(row)}", *_given(known, row)])


def _skipped(_known: Known, row: LogRow) -> str:
    said = f"not mailed: {why(row) or 'no reason is kept'}"
    return _joined([said, *([f"It was begun before: {_attempts(row)}"] if row.attempts else [])])


def _unknown(known: Known, row: LogRow) -> str:
    said = f"{why(row)}; " if row.reason is not None else ""
    return _joined([f"{said}the outcome is unknown, so it counts as mailed", *_given(known, row)])


LOG_SAYS: dict[str, Callable[[Known, LogRow], str]] = {
    Status.CLAIMED: _claimed,
    Status.SENDING: _sending,
    Status.SENT: _sent,
    Status.RETRY: _retry,
    Status.FAILED: _failed,
    Status.SKIPPED: _skipped,
    Status.UNKNOWN: _unknown,
}
"""What a row says, by its status."""


def _event(at_us: int | None, what: str, text: str, details: dict[str, Any] | None = None) -> Event:
    return Event(None if at_us is None else from_us(at_us), what, text, details or {})
