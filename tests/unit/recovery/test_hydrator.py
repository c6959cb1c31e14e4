"""What hydration arms, and until when the log and a cool-down hold it back."""

import contextlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

import pytest

from binlog_watcher.core.cart import LoggedEpisode
from binlog_watcher.core.decision import Policy
from binlog_watcher.core.events import CartKey, CartRead
from binlog_watcher.core.log_status import Status
from binlog_watcher.recovery.hydrate import Hydrator
from binlog_watcher.store.own_tables.cart_notes import CartNotes
from binlog_watcher.store.shop_tables.open_carts import OpenCart

MINUTE = 60_000_000
HOUR = 60 * MINUTE
NOW = 1_790_000_000_000_000
NOBODY: Any = None
NO_NOTES = CartNotes(NOBODY, "", present=False)
POLICY = Policy(
    threshold_us=30 * MINUTE, cooldown_us=24 * HOUR, max_age_us=72 * HOUR, activated_us=NOW - 100 * HOUR
)


@dataclass
class Tables:
    """Shop, log and clock in memory; ``open_carts`` leaves out what is too old, as the statement does."""

    carts: dict[CartKey, int]
    logged: dict[CartKey, LoggedEpisode] = field(default_factory=dict)
    mailed: dict[CartKey, int] = field(default_factory=dict)
    page: int = 2

    def now_us(self) -> int:
        return NOW

    def session(self) -> contextlib.nullcontext[None]:
        return contextlib.nullcontext()

    def open_carts(
        self, since_us: int, now_us: int | None = None, *, among: Sequence[CartKey] | None = None
    ) -> Iterator[list[OpenCart]]:
        del now_us, among  # no cart's creation is known by its day only
        found = [
            OpenCart(key, created, created, created)
            for key, created in self.carts.items()
            if created >= since_us
        ]
        for start in range(0, len(found), self.page):
            yield found[start : start + self.page]

    def newest(self, _session: None, keys: Sequence[CartKey]) -> dict[CartKey, LoggedEpisode]:
        return {key: self.logged[key] for key in keys if key in self.logged}

    def last_sent(self, _session: None, keys: Sequence[CartKey], _since_us: int) -> dict[CartKey, int]:
        return {key: self.mailed[key] for key in keys if key in self.mailed}

    def hydrator(self, policy: Policy = POLICY, *, with_log: bool = True) -> Hydrator:
        parts: Any = self
        return Hydrator(
            database=parts,
            scan=parts,
            episodes=parts,
            notes=NO_NOTES,
            policy=policy,
            clock=parts,
            with_log=with_log,
        )

    def hydrate(self, policy: Policy = POLICY, *, with_log: bool = True) -> dict[CartKey, CartRead]:
        hydrator = self.hydrator(policy, with_log=with_log)
        return {read.key: read for page in hydrator() for read in page}


def episode(status: Status, version: int, **more: Any) -> LoggedEpisode:
    return LoggedEpisode(1, version, status, 1, **({"next_attempt_us": None, "lease_until_us": None} | more))


CREATED = NOW - 10 * MINUTE
DUE = CREATED + 30 * MINUTE


def test_carts_are_armed_for_the_end_of_their_quiet_time_overdue_ones_included() -> None:
    reads = Tables({1: CREATED, "guest": NOW - 5 * HOUR, 3: NOW}).hydrate()
    assert reads[1] == CartRead(1, CREATED, DUE)
    assert reads["guest"].due_us == NOW - 5 * HOUR + 30 * MINUTE
    assert reads[3].due_us == NOW + 30 * MINUTE


def test_carts_outside_the_window_are_left_out() -> None:
    activated = NOW - HOUR
    policy = Policy(30 * MINUTE, 24 * HOUR, 72 * HOUR, activated)
    on_time = activated - 30 * MINUTE
    assert set(Tables({1: on_time, 2: on_time + 1, 3: CREATED}).hydrate(policy)) == {2, 3}
    assert set(Tables({1: NOW - 72 * HOUR - 1, 2: NOW - 72 * HOUR}).hydrate()) == {2}


@pytest.mark.parametrize(
    "status", [Status.SENT, Status.SENDING, Status.SKIPPED, Status.FAILED, Status.UNKNOWN]
)
def test_what_was_handled_is_left_out_and_what_is_newer_is_armed(status: Status) -> None:
    rows: dict[CartKey, LoggedEpisode] = {key: episode(status, CREATED + key) for key in (-1, 0, 1)}
    reads = Tables(dict.fromkeys(rows, CREATED), rows).hydrate()
    assert set(reads) == {-1}, "only the cart whose newest row is newer than its episode in the log"
    assert reads[-1].due_us == DUE


@pytest.mark.parametrize("newer", [0, 7_000_000])
@pytest.mark.parametrize(
    ("row", "due"),
    [
        ({"status": Status.RETRY, "next_attempt_us": NOW + HOUR}, NOW + HOUR),
        ({"status": Status.RETRY, "next_attempt_us": NOW - HOUR}, DUE),
        ({"status": Status.RETRY}, DUE),
        ({"status": Status.CLAIMED, "lease_until_us": NOW + HOUR}, NOW + HOUR),
        ({"status": Status.CLAIMED, "lease_until_us": NOW + HOUR, "owner_alive": False}, DUE),
    ],
)
def test_open_rows_go_on_when_they_may_also_when_the_newest_row_has_gone(
    row: dict[str, Any], due: int, newer: int
) -> None:
    tables = Tables({1: CREATED}, {1: episode(version=CREATED + newer, **row)})
    assert tables.hydrate()[1] == CartRead(1, CREATED, due)


@pytest.mark.parametrize("status", [Status.RETRY, Status.CLAIMED])
def test_open_rows_of_another_shop_are_left_out(status: Status) -> None:
    rows: dict[CartKey, LoggedEpisode] = {
        key: episode(status, CREATED + key, owner_alive=False, ours=False) for key in (-1, 0, 1)
    }
    assert set(Tables(dict.fromkeys(rows, CREATED), rows).hydrate()) == {-1}


def test_an_overdue_cart_of_a_dead_instance_is_looked_at_now() -> None:
    created = NOW - 2 * HOUR
    dead = episode(Status.CLAIMED, created, lease_until_us=NOW + HOUR, owner_alive=False)
    assert Tables({1: created}, {1: dead}).hydrate()[1].due_us == NOW


def test_the_last_mail_holds_the_next_cart_back_until_the_cooldown_ends() -> None:
    mailed = NOW - 23 * HOUR
    tables = Tables({1: CREATED, 2: CREATED}, {1: episode(Status.SENT, CREATED - HOUR)}, {1: mailed})
    reads = tables.hydrate()
    assert reads[1] == CartRead(1, CREATED, mailed + 24 * HOUR)
    assert reads[2].due_us == DUE


def test_a_cooldown_that_ends_before_the_quiet_time_changes_nothing() -> None:
    assert Tables({1: CREATED}, mailed={1: NOW - 24 * HOUR}).hydrate()[1].due_us == DUE


def test_without_a_log_every_cart_in_the_window_is_armed() -> None:
    tables = Tables({1: CREATED}, {1: episode(Status.SENT, CREATED)}, {1: NOW})
    assert tables.hydrate(with_log=False)[1].due_us == DUE


def test_pages_are_read_one_by_one() -> None:
    hydrator = Tables(dict.fromkeys(range(7), CREATED), page=3).hydrator()
    assert [len(page) for page in hydrator()] == [3, 3, 1]
