"""Thousands of carts in virtual time, judged by an oracle that knows their whole history and nothing of the code.

Nobody is mailed who bought before, nobody twice for one episode, nobody twice within the cool-down, nobody while busy
with the cart; and every cart left long enough is in the log in time. A failing seed prints the cart's story.
"""

import gc
import logging
from collections.abc import Iterable, Iterator
from typing import Any

import pytest
import structlog
from fakes.simulated_service import JUMP, Faults, SimulatedService
from fakes.simulated_shop import SECOND, Deed, SimulatedShop, plan

from binlog_watcher.core.decision import Policy
from binlog_watcher.core.events import CartKey
from binlog_watcher.core.log_status import Status

START = 1_790_000_000 * SECOND
CUSTOMERS = 70
ACTIVE = 300 * SECOND
POLICY = Policy(
    threshold_us=30 * SECOND,
    cooldown_us=100 * SECOND,
    max_age_us=36_000 * SECOND,
    activated_us=START - 3_600 * SECOND,
)
TAIL = POLICY.threshold_us + 3 * POLICY.cooldown_us + 60 * SECOND
UNSEEN = 4_800_000
"""Two heartbeats, for which a silent stream still counts as followed (by a clock that is right), a beat, and the
longest time in hand."""


def left_in_cart(deeds: Iterable[Deed]) -> set[int]:
    """Creation times of the rows that count after these deeds; written from the design, not from the code."""
    rows: dict[int, int] = {}
    orders: dict[int, int] = {}
    for deed in deeds:
        match deed.kind:
            case "insert":
                rows[deed.row_id] = deed.row
            case "delete":
                del rows[deed.row_id]
            case "order":
                orders[deed.row_id] = deed.row
            case "cancel":
                del orders[deed.row_id]
    return {created for created in rows.values() if all(created > ordered for ordered in orders.values())}


def began(deeds: Iterable[Deed], version: int) -> bool:
    """Whether a row of this creation time was once there: its episode may go on without it."""
    return any(deed.kind == "insert" and deed.row == version for deed in deeds)


class Judge:
    """Collects what is wrong with a run; each complaint names the cart."""

    def __init__(self, shop: SimulatedShop, service: SimulatedService, *, early: int = 0) -> None:
        """``early``: by how much the service's clock may have been ahead."""
        self.shop = shop
        self.service = service
        self.early = early
        self.mailed_at: dict[bytes | None, list[int]] = {}
        for at, key, _ in shop.mails:
            if shop.address[key] is not None:
                self.mailed_at.setdefault(shop.address[key], []).append(at)

    def wrong_mails(self) -> Iterator[tuple[CartKey, str]]:
        versions: dict[CartKey, int] = {}
        last: dict[bytes | None, int] = {}
        for (at, key, version), blind in zip(self.shop.mails, self.service.blind, strict=True):
            deeds = [deed for deed in self.shop.history[key] if deed.at_us <= at]
            counted = left_in_cart(deeds)
            address = self.shop.address[key]
            if not counted:
                yield key, "mailed although bought or emptied"
            elif version != max(counted) and not (version > max(counted) and began(deeds, version)):
                yield key, f"mailed for {version}, the cart is of {max(counted)}"
            if version <= versions.get(key, -1):
                yield key, "mailed again for an episode that is over"
            if address is None:
                yield key, "mailed without an address"
            if address in last and at - last[address] < POLICY.cooldown_us - self.early:
                yield key, "mailed within the cool-down"
            # What was done before and during an order is forgotten with it; if it is taken back, created_at counts.
            ordered = [deed.at_us for deed in deeds if deed.kind in {"order", "cancel"}]
            seen_from = max([blind, *ordered])
            busy = [
                deed for deed in deeds
                if deed.kind in {"insert", "update", "delete"}
                and seen_from < deed.at_us <= at - UNSEEN - self.early
                and deed.at_us + POLICY.threshold_us - self.early > at
            ]  # fmt: skip
            if at < version + POLICY.threshold_us - self.early or busy:
                yield key, "mailed before the cart was quiet for the threshold"
            versions[key], last[address] = version, at

    def forgotten_carts(self, slack: int) -> Iterator[tuple[CartKey, str]]:
        """Carts left alone long enough that are not in the log ``slack`` after they were due."""
        for key, deeds in self.shop.history.items():
            moments = [deed.at_us for deed in deeds] + [self.shop.now]
            for place, deed in enumerate(deeds):
                counted = left_in_cart(deeds[: place + 1])
                if not counted:
                    continue
                due = self._free_to_mail(key, deed.at_us + POLICY.threshold_us, slack)
                in_time = [
                    version for version, row in self.shop.log[key].items() if row.begun_us <= due + slack
                ]
                if due + slack < moments[place + 1] and max(in_time, default=-1) < max(counted):
                    yield key, f"left at {deed.at_us % 10**10 / SECOND:.3f} and not in the log in time"

    def _free_to_mail(self, key: CartKey, due: int, slack: int) -> int:
        """When the cool-down of the customer's address lets a cart go that is due at ``due``."""
        for at in self.mailed_at.get(self.shop.address[key], ()):
            if due - POLICY.cooldown_us < at <= due + slack:
                due = max(due, at + POLICY.cooldown_us)
        return due

    def unfinished(self) -> Iterator[tuple[CartKey, str]]:
        """At the end of all days nothing is open, and who still has a cart was mailed for it."""
        mailed = {(key, version) for _, key, version in self.shop.mails}
        for key, deeds in self.shop.history.items():
            rows = self.shop.log[key]
            if any(row.status in {Status.RETRY, Status.CLAIMED} for row in rows.values()):
                yield key, "its row in the log is still open"
            counted = left_in_cart(deeds)
            if not counted or self.shop.address[key] is None or max(rows, default=-1) > max(counted):
                continue
            row = rows.get(max(counted))
            if row is None or (row.status is not Status.SKIPPED and (key, max(counted)) not in mailed):
                yield key, "never mailed"

    def insist(self, complaints: Iterable[tuple[CartKey, str]]) -> None:
        for key, complaint in complaints:
            story = "\n".join(self.shop.story[key])
            pytest.fail(f"seed {self.shop.seed}, customer {key}: {complaint}\n{story}", pytrace=False)


def simulate(seed: int, faults: Faults, *, customers: int = CUSTOMERS, telling: bool = True) -> Judge:
    shop = SimulatedShop(seed, START, telling=telling)
    deeds = plan(shop, customers, START + 5 * SECOND, START + ACTIVE, POLICY)
    service = SimulatedService(shop, POLICY, faults)
    service.run(deeds, START + ACTIVE)
    service.faults = Faults()  # whatever was broken is mended in the end
    if faults.lose or faults.swap:
        service.reset("what was lost is read anew")
    service.run((), START + ACTIVE + TAIL)
    return Judge(shop, service, early=JUMP if faults.jump else 0)


CALM = Faults(smtp=0.05)
ROUGH = Faults(stall=0.01, replay=0.02, reset=0.004, restart=0.002, smtp=0.1)
JUMPY = Faults(stall=0.005, reset=0.001, restart=0.001, smtp=0.1, jump=0.02)
LOSSY = Faults(stall=0.01, replay=0.02, reset=0.001, restart=0.001, smtp=0.1, lose=0.05, swap=0.05)
ALL = (CALM, ROUGH, JUMPY, LOSSY)
AT_EACH_SAVE = 3


def seeds(first: int, count: int) -> list[Any]:
    """Runs of the simulation; the first few are played at each save, the rest by `make test`."""
    return [
        pytest.param(seed, marks=pytest.mark.slow if seed >= first + AT_EACH_SAVE else ())
        for seed in range(first, first + count)
    ]


@pytest.fixture(autouse=True)
def _no_garbage_collection() -> Iterator[None]:
    """To look for garbage takes a quarter of the time; what a test leaves behind goes at its end."""
    gc.disable()
    yield
    gc.enable()
    gc.collect()


@pytest.fixture(autouse=True, scope="module")
def _quiet() -> Iterator[None]:
    """Log lines of millions of carts: nobody reads them, and each costs more than a cart."""
    before = structlog.get_config()
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.ERROR))
    yield
    structlog.configure(**before)


@pytest.mark.parametrize("seed", seeds(0, 30))
def test_a_healthy_stream_loses_nothing_and_reconcile_finds_nothing(seed: int) -> None:
    judge = simulate(seed, CALM)
    judge.insist(judge.wrong_mails())
    judge.insist(judge.forgotten_carts(slack=6 * SECOND))
    judge.insist(judge.unfinished())
    assert judge.service.finds == 0, "a find in a healthy system is a bug"
    assert len(judge.shop.mails) > CUSTOMERS, "the simulation must have something to judge"


@pytest.mark.parametrize("seed", seeds(100, 40))
def test_lags_replays_resets_and_crashes_make_mails_late_and_never_wrong(seed: int) -> None:
    judge = simulate(seed, ROUGH)
    judge.insist(judge.wrong_mails())
    judge.insist(judge.forgotten_carts(slack=45 * SECOND))
    judge.insist(judge.unfinished())


@pytest.mark.parametrize("seed", seeds(200, 30))
def test_lost_and_reordered_events_are_made_up_for_by_the_next_hydration(seed: int) -> None:
    judge = simulate(seed, LOSSY)
    judge.insist(judge.wrong_mails())
    judge.insist(judge.unfinished())


@pytest.mark.parametrize("seed", seeds(300, 30))
def test_a_clock_that_jumps_makes_mails_early_by_no_more_than_its_error(seed: int) -> None:
    judge = simulate(seed, JUMPY)
    judge.insist(judge.wrong_mails())
    judge.insist(judge.forgotten_carts(slack=45 * SECOND))
    judge.insist(judge.unfinished())


CROWD = 16 * CUSTOMERS
"""Costs less time a cart, and a longer story if it fails."""

BATCHES = 50
CARTS = 1_000_000 // BATCHES


@pytest.mark.slow
@pytest.mark.timeout(600)
@pytest.mark.parametrize("batch", range(BATCHES))
def test_a_million_carts(batch: int) -> None:
    """Every kind of trouble by turns. A seed that fails is played again, for its story."""
    carts, seed = 0, 1_000_000 * (batch + 1)
    while carts < CARTS:
        faults = ALL[seed % len(ALL)]
        judge = simulate(seed, faults, customers=CROWD, telling=False)
        if any(complaints(judge, faults)):
            judge = simulate(seed, faults, customers=CROWD)
            judge.insist(complaints(judge, faults))
        carts += sum(len(rows) for rows in judge.shop.log.values())
        seed += 1


def complaints(judge: Judge, faults: Faults) -> Iterator[tuple[CartKey, str]]:
    yield from judge.wrong_mails()
    yield from judge.unfinished()
    if not (faults.lose or faults.swap):
        yield from judge.forgotten_carts(slack=45 * SECOND)
