"""`cartwake explain`: the story of a cart, and what would happen to it now. Reads only; needs no right but SELECT.

What is decided comes from the very functions that the service calls: hydration says what it would arm, ``decide`` what
it would do, the claim and the fence what would hold the mail up.
"""

import json
from collections.abc import Iterator
from contextlib import closing
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

from binlog_watcher.answers.cart_reading import CartReader
from binlog_watcher.answers.cart_seeking import MOST_CARTS, CartSeeker, Question, nothing
from binlog_watcher.answers.cart_story import Event, Known, activity_from, events
from binlog_watcher.answers.cart_verdict import verdict
from binlog_watcher.answers.wording import moment
from binlog_watcher.core.cart import Line
from binlog_watcher.core.decision import Send, Wait
from binlog_watcher.errors import ConfigError
from binlog_watcher.service.resources import Resources, open_resources
from binlog_watcher.settings.settings import Settings
from binlog_watcher.store.locks.presence import follows_with, service_runs
from binlog_watcher.store.times import from_us


@dataclass(frozen=True, slots=True)
class CartLine:
    """A line that counts."""

    product: str
    name: str
    quantity: int
    price: Decimal
    total: Decimal
    available: bool


@dataclass(frozen=True, slots=True)
class CartStory:
    """One cart. ``rows``: how many the shop has, whether or not they count; ``lines``: those that do.

    ``decision``: send, wait, skip or holdout, as it is now, and its ``reason``; ``timer`` and ``outcome``: sentences.
    """

    cart: str
    customer: str | None
    address: str | None
    store: str | None
    currency: str | None
    total: Decimal
    rows: int
    lines: list[CartLine]
    missing_products: list[str]
    last_activity: datetime | None
    activity_from: str | None
    due: datetime | None
    timer: str
    events: list[Event]
    decision: str
    reason: str | None
    outcome: list[str]


@dataclass(frozen=True, slots=True)
class Explained:
    """The answer. ``service``: whether one follows the database, in a sentence; ``notes``: what else to know.

    ``unreadable``: why carts can't be read, by key; ``more``: carts that were left out. ``nothing``: where was looked,
    where no cart was found.
    """

    at: datetime
    service_runs: bool
    service: str
    notes: list[str]
    carts: list[CartStory]
    unreadable: dict[str, str]
    more: int
    nothing: str | None

    @property
    def exit_code(self) -> int:
        """0 where a cart was found, else 1."""
        return 0 if self.carts or self.unreadable else 1

    def json(self) -> str:
        """For scripts: times in ISO 8601, amounts as text."""
        return json.dumps(asdict(self), default=_plain, indent=2, ensure_ascii=False)


def explain(settings: Settings, question: Question, *, show_address: bool = False) -> Explained:
    """Tell the stories of the carts that are asked for. Blocking; writes nothing.

    Raises ConfigError for a question that makes no sense here, InvalidAddressError, DatabaseUnavailableError.
    """
    with closing(open_resources(settings, write=False)) as resources:
        return tell(resources, settings, question, show_address=show_address)


def tell(resources: Resources, settings: Settings, question: Question, *, show_address: bool) -> Explained:
    """The same with what is open already."""
    return _Teller(resources, settings, show_address=show_address).answer(question)


class _Teller:
    """Makes stories of what there is to know."""

    def __init__(self, resources: Resources, settings: Settings, *, show_address: bool) -> None:
        self._resources = resources
        self._settings = settings
        self._reader = CartReader(resources, show_address=show_address)
        self._runs = service_runs(resources.database)
        self._is_ours = self._runs and follows_with(resources.database, resources.identity.content)

    def answer(self, question: Question) -> Explained:
        if question.store is not None and not self._resources.shop.tells_store:
            raise ConfigError(
                f"--store: {self._resources.schema.origin} does not say which store a cart is of"
            )
        sought = CartSeeker(self._resources)(question)
        store = None if question.store is None else question.store.strip().casefold()
        read = self._reader.read(list(sought.keys), most=MOST_CARTS, store=store)
        is_there = read.known or read.unreadable
        return Explained(
            at=from_us(self._resources.clock.now_us()),
            service_runs=self._runs,
            service=self._service(),
            notes=list(self._notes()),
            carts=[self._story(one) for one in read.known],
            unreadable={str(key): why for key, why in read.unreadable.items()},
            more=read.more,
            nothing=None if is_there else nothing(question, sought),
        )

    def _story(self, known: Known) -> CartStory:
        cart, decision = known.cart, known.looks[0].decision
        activity_us = known.activity_us
        threshold_us = known.policy.threshold_us
        return CartStory(
            cart=str(cart.key),
            customer=None if cart.customer_id is None else str(cart.customer_id),
            address=known.address,
            store=cart.store,
            currency=cart.currency or self._settings.currency_of(cart.store),
            total=cart.total,
            rows=known.rows,
            lines=[_line(line, cart.digits) for line in cart.lines],
            missing_products=sorted(map(str, cart.missing)),
            last_activity=None if activity_us is None else from_us(activity_us),
            activity_from=None if activity_us is None else activity_from(known),
            due=None if activity_us is None else from_us(activity_us + threshold_us),
            timer=self._timer(known),
            events=events(known),
            decision=type(decision).__name__.lower(),
            reason=str(decision.reason) if not isinstance(decision, Send) and hasattr(decision, "reason") else None,
            outcome=verdict(known),
        )  # fmt: skip

    def _timer(self, known: Known) -> str:
        """Whether the service has one for it: what hydration arms, and until when ``decide`` has it wait then."""
        armed, now = known.armed, known.looks[0].decision
        if armed is None:
            return "No timer: a service that starts now would set none for it."
        if not self._is_ours:
            at = (
                f"set its timer to {moment(armed.due_us)}"
                if armed.due_us > known.now_us
                else "look at it at once"
            )
            return f"No service with these settings runs; one that starts now would {at}."
        due_us = now.until_us if isinstance(now, Wait) else armed.due_us
        rang = " It has run out: the cart is being taken up." if due_us <= known.now_us else ""
        return f"The service's timer for it stands at {moment(due_us)}.{rang}"

    def _service(self) -> str:
        if not self._runs:
            return "No service follows this database: nothing is mailed until `cartwake run`."
        if not self._is_ours:
            return "A service follows this database, but with another preset than these settings: it decides by that."
        return "A service follows this database."

    def _notes(self) -> Iterator[str]:
        if not self._resources.with_log:
            yield "Cartwake never ran here: what fell due before its first run is not mailed (--include-older-than)."
        if self._settings.dry_run:
            yield "DRY_RUN is on in these settings: a service with them tells of mails, and sends none."


def _line(line: Line, digits: int) -> CartLine:
    total = line.total(digits)
    return CartLine(str(line.product_id), line.name, line.quantity, line.price, total, line.available)


def _plain(value: Any) -> str:
    if isinstance(value, datetime):
        return value.astimezone(UTC).isoformat(timespec="seconds")
    return str(value)
