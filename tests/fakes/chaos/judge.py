"""What must hold after a crash test, whatever happened in it. Pure: a function of what was seen.

When a mail was fenced is read from the log row itself: the statement that sets ``sending`` writes the moment at which
it began (plus the lease), and it takes its snapshot of the orders after that. All clocks are one machine's. So an order
that was acknowledged before that moment was visible to the fence and must have stopped the mail, and one
acknowledged later may not have been: there are no false alarms, however slow anything was.
"""

from bisect import bisect_right
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime

from fakes.chaos.history import Change
from fakes.chaos.plan import Customer, Plan
from fakes.chaos.shop import Done
from fakes.chaos.smtp import Line, Transfer

OPEN = frozenset({"claimed", "sending", "retry"})
SETTLED_US = 120_000_000
"""A killed instance's mails are known as such by then."""

STALE_US = 2_500_000
"""How old a fence may be at DATA: a second, and what a busy machine takes until the server has read the command."""


LOOKED_US = 100_000
"""Within this time of a fence the process looks at its clock for the last time. If it is stopped between that look and
the command, it sends the command when it goes on: nothing can be looked at in between."""


@dataclass(frozen=True, slots=True)
class Kill:
    """An instance was killed. ``in_flight``: its mails for which DATA had begun and no reply had come."""

    instance: int
    at_us: int
    in_flight: int


@dataclass
class Seen:
    """All that was observed. ``history``: every state of the log's rows, in order; ``events``: for the stories."""

    plan: Plan
    connections: int
    done: list[Done]
    transfers: list[Transfer]
    lines: dict[str, list[Line]]
    history: list[Change]
    kills: list[Kill]
    events: list[tuple[int, str]] = field(default_factory=list)
    stops: list[tuple[int, int]] = field(default_factory=list)
    """When an instance was stopped, and when it went on."""


@dataclass(frozen=True, slots=True)
class Fault:
    """Something that must not be. ``address``: whose; empty: nobody's in particular."""

    kind: str
    address: str
    text: str


class Judge:
    """Holds what was seen against the promises."""

    def __init__(self, seen: Seen) -> None:
        self.seen = seen
        self.rows: dict[int, Change] = {change.log_id: change for change in seen.history}
        self._customers: dict[str, list[Customer]] = defaultdict(list)
        for customer in seen.plan.customers:
            self._customers[customer.address.lower()].append(customer)
        self._address_of = {str(one.id): one.address.lower() for one in seen.plan.customers}
        self._deeds: dict[int, list[Done]] = defaultdict(list)
        for done in seen.done:
            self._deeds[done.customer].append(done)
        self._fences: dict[str, list[Change]] = defaultdict(list)
        for change in seen.history:
            if change.status == "sending" and change.began_us is not None:
                self._fences[self._address_of[change.cart_key]].append(change)
        self._transfers: dict[str, list[Transfer]] = defaultdict(list)
        for transfer in seen.transfers:
            self._transfers[transfer.recipient].append(transfer)
        self.kept_of_row: Counter[int] = Counter()
        self.faults = list(self._judge())

    @property
    def unknown(self) -> list[Change]:
        """Rows that end as unknown."""
        return [row for row in self.rows.values() if row.status == "unknown"]

    @property
    def mailed(self) -> int:
        """Messages that the SMTP server kept."""
        return sum(transfer.kept for transfer in self.seen.transfers)

    def count(self, kind: str) -> int:
        """How many faults of a kind there are."""
        return sum(fault.kind == kind for fault in self.faults)

    def _judge(self) -> Iterator[Fault]:
        rows_of: dict[str, list[Change]] = defaultdict(list)
        for row in self.rows.values():
            rows_of[self._address_of[row.cart_key]].append(row)
        to_be_mailed = self.seen.plan.to_be_mailed
        for address in self._customers:
            yield from self._of_address(address, rows_of[address], must_be_mailed=address in to_be_mailed)
        for address in self._transfers.keys() - self._customers.keys():
            yield Fault("stray", address, "a mail to somebody who is no customer")
        for address, rows in rows_of.items():
            mailed = any(row.status in {"sent", "unknown"} for row in rows)
            for row in rows:
                # Another cart of somebody who was mailed waits for the end of the cool-down.
                if not (mailed and row.status == "retry"):
                    yield from self._of_row(address, row)
        allowed = len(self.seen.kills) * self.seen.connections
        crashed = [row for row in self.unknown if not self._dropped(row)]
        if len(crashed) > allowed:
            yield Fault("unknowns", "", f"{len(crashed)} mails are unknown by crashes, {allowed} may be")

    def _of_address(self, address: str, rows: list[Change], *, must_be_mailed: bool) -> Iterator[Fault]:
        kept = [transfer for transfer in self._transfers[address] if transfer.kept]
        if len(kept) > 1:
            yield Fault("double", address, f"{len(kept)} mails")
        unknown = any(row.status == "unknown" for row in rows)
        if not kept and not unknown and must_be_mailed:
            yield Fault("lost", address, "an abandoned cart, no mail, and not listed as unknown")
        for transfer in self._transfers[address]:
            yield from self._of_transfer(address, transfer)

    def _was_stopped(self, fenced_us: int, data_us: int) -> bool:
        """Whether a process was stopped right behind the fence, and DATA came when it went on."""
        return any(
            fenced_us <= stopped_us <= fenced_us + LOOKED_US
            and went_on_us <= data_us <= went_on_us + STALE_US
            for stopped_us, went_on_us in self.seen.stops
        )

    def _deeds_that_count(self, address: str, customer: int) -> list[Done]:
        """The customer's, and the orders of others with the address."""
        others = [one.id for one in self._customers[address] if one.id != customer]
        orders = [done for one in others for done in self._deeds[one] if done.deed.what == "order"]
        return [*self._deeds[customer], *orders]

    def _of_transfer(self, address: str, transfer: Transfer) -> Iterator[Fault]:
        fences = self._fences[address]
        began = [fence.began_us or 0 for fence in fences]
        at = bisect_right(began, transfer.begun_us)
        if at == 0:
            yield Fault("unfenced", address, "DATA without a fence before it")
            return
        fence = fences[at - 1]
        self.kept_of_row[fence.log_id] += transfer.kept
        fenced_us = began[at - 1]
        if transfer.begun_us - fenced_us > STALE_US and not self._was_stopped(fenced_us, transfer.begun_us):
            age_s = (transfer.begun_us - fenced_us) / 1e6
            yield Fault("stale_fence", address, f"DATA {age_s:.1f} s after the fence")
        deeds = self._deeds[int(fence.cart_key)]
        for done in self._deeds_that_count(address, int(fence.cart_key)):
            ends_it = done.deed.what in {"order", "empty"} and done.acknowledged_us < fenced_us
            if ends_it and not _added_since(done, deeds):
                late_ms = (fenced_us - done.acknowledged_us) / 1000
                yield Fault(
                    "after_order", address, f"{done.deed.what} acknowledged {late_ms:.1f} ms before the fence"
                )
            # A row's creation is known in whole seconds to an instance that did not see the row's event.
            quiet_us = fenced_us - done.issued_us + 1_000_000
            if (
                done.deed.what == "add"
                and done.acknowledged_us < fenced_us
                and quiet_us < self.seen.plan.threshold_s * 1e6
            ):
                yield Fault(
                    "early", address, f"fenced {quiet_us / 1e6 - 1:.3f} s after a row was put into the cart"
                )

    def _of_row(self, address: str, row: Change) -> Iterator[Fault]:
        kept = self.kept_of_row[row.log_id]
        if row.status in OPEN:
            yield Fault("unsettled", address, str(row))
        elif row.status == "failed":
            yield Fault("failed", address, str(row))
        elif row.status == "sent" and kept != 1:
            yield Fault("disagrees", address, f"{row}, and the server kept {kept} mails")
        elif row.status == "skipped":
            yield from self._of_skipped(address, row, kept)
        elif row.status == "unknown":
            yield from self._of_unknown(address, row, kept)

    def _of_skipped(self, address: str, row: Change, kept: int) -> Iterator[Fault]:
        deeds = self._deeds_that_count(address, int(row.cart_key))
        gone = any(done.deed.what in {"order", "empty"} for done in deeds)
        if kept or not (gone or row.reason == "superseded"):
            yield Fault(
                "disagrees", address, f"{row}, and the server kept {kept} mails; bought or emptied: {gone}"
            )

    def _dropped(self, row: Change) -> bool:
        """Whether the server hung up on a mail to this address instead of a reply."""
        return any(transfer.dropped for transfer in self._transfers[self._address_of[row.cart_key]])

    def _of_unknown(self, address: str, row: Change, kept: int) -> Iterator[Fault]:
        """Only a server that hung up and the death of the process are reasons not to know."""
        if kept > 1:
            yield Fault("disagrees", address, f"{row}, and the server kept {kept} mails")
        if self._dropped(row):
            return
        fenced_us = max((f.began_us or 0 for f in self._fences[address] if f.log_id == row.log_id), default=0)
        if not any(fenced_us <= kill.at_us <= fenced_us + SETTLED_US for kill in self.seen.kills):
            yield Fault("unexplained", address, f"{row}, and nobody was killed")

    # --- the story ------------------------------------------------------------------------------------------

    def story(self, fault: Fault) -> str:
        """All that is known of the address, in the order in which it happened."""
        customers = self._customers.get(fault.address, [])
        keys = {str(customer.id) for customer in customers}
        told: list[tuple[int, str]] = []
        for customer in customers:
            for done in self._deeds[customer.id]:
                took_ms = (done.acknowledged_us - done.issued_us) / 1000
                what = f"shop   user {customer.id} ({customer.kind}) {done.deed}, acknowledged after {took_ms:.1f} ms"
                told.append((done.issued_us, what))
        told += [
            (change.began_us or change.second * 1_000_000, f"log    {change}")
            for change in self.seen.history
            if change.cart_key in keys
        ]
        told += [
            (line.at_us, f"smtp   instance {line.instance}, connection {line.connection}: {line.text}")
            for line in self.seen.lines.get(fault.address, [])
        ]
        if told:
            first, last = min(told)[0], max(told)[0]
            told += [
                (at, f"chaos  {text}")
                for at, text in self.seen.events
                if first - 1_000_000 <= at <= last + 5_000_000
            ]
        lines = [f"{fault.kind}: {fault.address} {fault.text}"]
        return "\n    ".join([*lines, *(f"{_clock(at)} {text}" for at, text in sorted(told))])

    def report(self, most: int = 5) -> str:
        """The faults, and the stories of the first few of each kind."""
        lines = [f"seed {self.seen.plan.seed}: {dict(Counter(fault.kind for fault in self.faults))}"]
        shown: Counter[str] = Counter()
        for fault in self.faults:
            shown[fault.kind] += 1
            if shown[fault.kind] <= most:
                lines.append(self.story(fault))
        return "\n".join(lines)


def _clock(at_us: int) -> str:
    return datetime.fromtimestamp(at_us / 1e6, UTC).strftime("%H:%M:%S.%f")


def _added_since(ending: Done, deeds: Iterable[Done]) -> bool:
    """Whether a row may have come after an order: each deed has a session of its own, and a slow one is overtaken."""
    return any(done.deed.what == "add" and done.acknowledged_us > ending.issued_us for done in deeds)
