"""Compares what the shoppers expect with what came; pure."""

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from decimal import Decimal

from binlog_watcher.demo.expectations import (
    CLOCK_SLACK,
    CODES,
    EARLY,
    ExpectedMail,
    LoggedCart,
    ReceivedMail,
    Story,
    Timing,
    money,
)
from binlog_watcher.demo.sample_shop import products

_Amounts = Counter[tuple[Decimal | None, Decimal | None]]


@dataclass(slots=True)
class Verdict:
    """The outcome of one scenario."""

    scenario: str
    shoppers: int = 0
    expected: int = 0
    received: int = 0
    missing: int = 0
    doubled: int = 0
    wrong: int = 0
    inconclusive: int = 0
    problems: list[str] = field(default_factory=list)

    @property
    def ok(self) -> bool:
        """Nothing missing, doubled or wrong, and at least one shopper managed to act it out."""
        return not self.problems and self.inconclusive < max(1, self.shoppers)


@dataclass(frozen=True, slots=True)
class Outcome:
    """All verdicts, in the order of the scenarios, and the lateness in milliseconds of the mails by timing."""

    verdicts: tuple[Verdict, ...]
    lateness_ms: dict[Timing, list[float]]

    @property
    def ok(self) -> bool:
        """Whether every scenario went as expected."""
        return all(verdict.ok for verdict in self.verdicts)


class _Lateness:
    """Collects how long after its due moment each mail came."""

    def __init__(self, restarted_at: float) -> None:
        self._restarted_at = restarted_at
        self.milliseconds: dict[Timing, list[float]] = {timing: [] for timing in Timing}

    def add(self, want: ExpectedMail, mail: ReceivedMail) -> None:
        due = max(want.due, self._restarted_at) if want.timing is Timing.OUTAGE else want.due
        self.milliseconds[want.timing].append(max(0.0, mail.arrived_at - due) * 1000)


def judge(
    stories: Sequence[Story],
    mails: Iterable[ReceivedMail],
    log: Iterable[LoggedCart],
    restarted_at: float = 0.0,
) -> Outcome:
    """Compare what came with what was expected, address by address, and the log row by row.

    ``restarted_at``: when the service was started again after the outage, in epoch seconds; what was due
    before counts as due then.
    """
    verdicts: dict[str, Verdict] = {}
    for story in stories:
        verdict = verdicts.setdefault(story.scenario, Verdict(story.scenario))
        verdict.shoppers += 1
        verdict.expected += 0 if story.inconclusive else len(story.expected)
        verdict.inconclusive += bool(story.inconclusive)
        if story.failed:
            verdict.wrong += 1
            verdict.problems.append(f"{story.address or story.user_id}: {story.failed}")
    lateness = _Lateness(restarted_at)
    _judge_mails(stories, mails, verdicts, lateness)
    _judge_log(stories, log, verdicts)
    return Outcome(tuple(verdicts.values()), lateness.milliseconds)


def _judge_mails(
    stories: Sequence[Story],
    mails: Iterable[ReceivedMail],
    verdicts: dict[str, Verdict],
    lateness: _Lateness,
) -> None:
    boxes: dict[str, list[ReceivedMail]] = {}
    for mail in sorted(mails, key=lambda mail: mail.arrived_at):
        boxes.setdefault(mail.address.lower(), []).append(mail)
    by_address: dict[str, list[Story]] = {}
    for story in stories:
        by_address.setdefault(story.address.lower(), []).append(story)
    for address, together in by_address.items():
        verdict = verdicts[together[0].scenario]
        box = boxes.pop(address, []) if address else []
        verdict.received += len(box)
        if any(story.inconclusive for story in together):
            continue
        expected = sorted((mail for story in together for mail in story.expected), key=lambda mail: mail.due)
        _judge_box(expected, box, verdict, lateness)
    if boxes:
        strays = verdicts.setdefault("(mails to nobody we know)", Verdict("(mails to nobody we know)"))
        for address, box in boxes.items():
            strays.received += len(box)
            strays.wrong += len(box)
            strays.problems.append(f"{address}: {len(box)} unexpected")


def _judge_box(
    expected: Sequence[ExpectedMail],
    box: Sequence[ReceivedMail],
    verdict: Verdict,
    lateness: _Lateness,
) -> None:
    for mail, want in zip(box, expected, strict=False):
        problems = check(want, mail)
        lateness.add(want, mail)
        if problems:
            verdict.wrong += 1
            verdict.problems.append(f"mail {mail.number} to {mail.address}: {'; '.join(problems)}")
    for want in expected[len(box) :]:
        verdict.missing += 1
        verdict.problems.append(f"{want.address}: the mail about {money(want.subtotal)} is missing")
    for mail in box[len(expected) :]:
        if expected:
            verdict.doubled += 1
            verdict.problems.append(f"mail {mail.number} to {mail.address}: one too many")
        else:
            verdict.wrong += 1
            verdict.problems.append(f"mail {mail.number} to {mail.address}: nothing should have come")


def check(want: ExpectedMail, mail: ReceivedMail) -> list[str]:
    """What is wrong with ``mail``; empty when it says what it must."""
    early = want.due - EARLY[want.timing] - CLOCK_SLACK - mail.arrived_at
    problems = [f"came {early:.2f} s too early"] if early > 0 else []
    if want.address.lower() not in mail.header_to.lower():
        problems.append(f"is addressed to {mail.header_to!r}")
    problems += _check_subject(want, mail.subject)
    for label, body in (("HTML", mail.page), ("text", mail.text)):
        words = " ".join(body.split())
        problems += [
            f"{label} does not show {missing!r}" for missing in _must_show(want) if missing not in words
        ]
    problems += _check_recommendations(want, mail)
    if mail.active:
        problems.append(f"contains {', '.join(mail.active)}")
    if not mail.unsubscribe:
        problems.append("has no List-Unsubscribe header")
    return problems


def _check_recommendations(want: ExpectedMail, mail: ReceivedMail) -> list[str]:
    recommended = mail.products - {item.name for item in want.items}
    sold_out = recommended & {product.name for product in products() if not product.stock}
    problems = [] if recommended else ["recommends nothing"]
    return problems + [f"recommends {name!r}, which is sold out" for name in sorted(sold_out)]


ROWS = 8
"""Lines of a cart that a mail shows; it counts the others."""


def _must_show(want: ExpectedMail) -> list[str]:
    items = sorted(want.items, key=lambda item: not item.in_stock)
    shown = [item.name for item in items[:ROWS]] + [money(want.subtotal), money(want.total)]
    if len(items) > ROWS:
        shown.append(f"and {sum(item.quantity for item in items[ROWS:])} more")
    if want.percent:
        shown += [f"{want.percent}%", money(want.saving), CODES[want.percent]]
    return shown


def _check_subject(want: ExpectedMail, subject: str) -> list[str]:
    problems = []
    if "you left something in your cart" not in subject.lower():
        problems.append(f"has the subject {subject!r}")
    if want.greeting is not None and not subject.startswith(f"{want.greeting}, you left"):
        problems.append(f"does not greet {want.greeting!r} in its subject {subject!r}")
    if bool(want.percent) != ("%" in subject) or (want.percent and f"{want.percent}%" not in subject):
        problems.append(f"has a subject that does not promise {want.percent} %: {subject!r}")
    return problems


def _judge_log(stories: Sequence[Story], log: Iterable[LoggedCart], verdicts: dict[str, Verdict]) -> None:
    rows: dict[int, list[LoggedCart]] = {}
    for row in log:
        rows.setdefault(row.user_id, []).append(row)
    for story in stories:
        if story.inconclusive:
            continue
        problems = _check_log(story, rows.get(story.user_id, []))
        if problems:
            verdict = verdicts[story.scenario]
            verdict.wrong += 1
            verdict.problems.append(f"log of user {story.user_id}: {'; '.join(problems)}")


def _check_log(story: Story, rows: Sequence[LoggedCart]) -> list[str]:
    problems = []
    sent: _Amounts = Counter((row.cart_total, row.discount_percent) for row in rows if row.status == "sent")
    want: _Amounts = Counter((mail.subtotal, mail.percent) for mail in story.expected)
    if sent != want:
        problems.append(f"sent {_amounts(sent)}, expected {_amounts(want)}")
    skipped = Counter(row.reason for row in rows if row.status == "skipped")
    if skipped != Counter(story.skips):
        problems.append(f"skipped {sorted(map(str, skipped.elements()))}, expected {story.skips}")
    problems += [f"status {row.status}" for row in rows if row.status not in ("sent", "skipped")]
    problems += [
        f"{row.status} with email_sent = {row.email_sent}"
        for row in rows
        if row.email_sent != (row.status == "sent")
    ]
    return problems


def _amounts(carts: _Amounts) -> str:
    return ", ".join(f"{total} at {percent} %" for total, percent in carts.elements()) or "nothing"


def percentile(values: Sequence[float], percent: float) -> float | None:
    """The nearest-rank percentile; None when there are no values."""
    if not values:
        return None
    ordered = sorted(values)
    rank = -(-len(ordered) * percent // 100)  # rounded up
    return ordered[max(0, int(rank) - 1)]
