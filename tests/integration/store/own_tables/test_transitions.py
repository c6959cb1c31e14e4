"""The table of a log row's statuses against real servers: every step, from every status, on whoever's row."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from decimal import Decimal
from typing import Any

import pytest

from binlog_watcher.core import transitions
from binlog_watcher.core.cart import LoggedEpisode
from binlog_watcher.core.log_status import Reason, Status
from binlog_watcher.core.transitions import Step
from binlog_watcher.store.own_tables import claims, dead_letters
from binlog_watcher.store.own_tables.log import EpisodeLog
from binlog_watcher.store.own_tables.log_rows import Episode, Fenced, Outcome

LEASE = 600_000_000
MINE, ANOTHERS, OF_THE_DEAD, LAPSED = "mine", "another's", "of the dead", "past its lease"
HOLDERS = (MINE, ANOTHERS, OF_THE_DEAD, LAPSED)
KEYS = {status: key for key, status in enumerate(Status, start=1)}
COLUMNS = "status, owner, reason, lease_until, next_attempt_at, sent_at, discount_percent"


@dataclass
class Rows:
    """A cart, and its row in the log, in each status. ``me`` takes the steps, ``other`` lives too."""

    shop: Any
    me: EpisodeLog
    other: EpisodeLog
    ids: dict[Status, int]
    holder: str = MINE

    def put(self, holder: str) -> None:
        """Every row in its status again."""
        self.holder = holder
        owner = {MINE: self.me.owner, OF_THE_DEAD: "gone"}.get(holder, self.other.owner)
        with self.shop.database.session() as session:
            for status, log_id in self.ids.items():
                session.run(
                    "UPDATE cart_abandonment_log SET status = %s, owner = %s, reason = NULL, sent_at = NULL, "
                    "next_attempt_at = NULL, lease_until = UTC_TIMESTAMP(6) + INTERVAL %s SECOND, "
                    "discount_percent = 1 WHERE id = %s",
                    (status, owner, -1 if holder == LAPSED else 600, log_id),
                )

    def now(self) -> dict[Status, tuple[Any, ...]]:
        """What each row says, by the status it had."""
        rows = self.shop.run(f"SELECT id, {COLUMNS} FROM cart_abandonment_log")
        of_id = {row[0]: row[1:] for row in rows}
        return {status: of_id[log_id] for status, log_id in self.ids.items()}

    def seen(self) -> dict[Status, LoggedEpisode]:
        """The rows as they are read before a step."""
        with self.shop.database.session() as session:
            found = self.me.newest(session, list(KEYS.values()))
        return {
            status: replace(found[key], owner_alive=self.holder != OF_THE_DEAD)
            for status, key in KEYS.items()
        }

    def episodes(self, *, newer: int = 0) -> list[Episode]:
        carts, rows = self.shop.loader(self.me).load(list(KEYS.values())).carts, self.seen()
        return [
            Episode(replace(carts[key], logged=row), row.version + newer, row.version, "USD", Decimal(7))
            for key, row in ((KEYS[status], row) for status, row in rows.items())
        ]

    def run(self, *statement: Any) -> None:
        with self.shop.database.session() as session:
            session.run(*statement)


def finish(status: Status) -> Callable[[Rows], object]:
    def tell(rows: Rows) -> None:
        now_us = rows.shop.clock.now_us()
        rows.me.finish([Outcome(log_id, status, at_us=now_us) for log_id in rows.ids.values()])

    return tell


def take_over(rows: Rows) -> None:
    begun = [(e, e.cart.logged) for e in rows.episodes() if e.cart.logged is not None]
    rows.run(*claims.take_over(rows.me.owner, begun, LEASE))


def pass_fence(rows: Rows) -> None:
    carts = rows.shop.loader(rows.me).load(list(KEYS.values())).carts
    fenced = [Fenced(rows.ids[status], carts[key]) for status, key in KEYS.items()]
    rows.me.fence(fenced, lease_us=LEASE)


def stay_fenced(rows: Rows) -> None:
    carts = rows.shop.loader(rows.me).load(list(KEYS.values())).carts
    for status, key in KEYS.items():
        rows.me.fence_again(Fenced(rows.ids[status], carts[key]), lease_us=LEASE)


def put_back(rows: Rows) -> None:
    rows.shop.database.in_transaction(
        lambda session: dead_letters.put_back(session, list(rows.ids.values()), 0)
    )


TAKEN: list[tuple[Step, Status, Callable[[Rows], object]]] = [
    (transitions.CLAIM, Status.CLAIMED, lambda rows: rows.run(
        *claims.insert(transitions.CLAIM, rows.me.owner, rows.episodes(), lease_us=LEASE))),
    (transitions.TAKE_OVER, Status.CLAIMED, take_over),
    (transitions.PASS_FENCE, Status.SENDING, pass_fence),
    (transitions.STAY_FENCED, Status.SENDING, stay_fenced),
    *((transitions.FINISH, status, finish(status)) for status in transitions.FINISH.to if status != Status.SENT),
    (transitions.TELL_SENT, Status.SENT, finish(Status.SENT)),
    (transitions.SETTLE_UNKNOWN, Status.UNKNOWN, lambda rows: rows.me.settle_unknown(rows.shop.clock.now_us())),
    (transitions.SUPERSEDE, Status.SKIPPED, lambda rows: rows.run(
        *claims.supersede(rows.me.owner, rows.episodes(newer=1)))),
    (transitions.LOG_SKIP, Status.SKIPPED, lambda rows: rows.run(
        *claims.insert(transitions.LOG_SKIP, rows.me.owner, rows.episodes(), reason=Reason.ROLE, lease_us=None))),
    (transitions.SKIP, Status.SKIPPED, lambda rows: rows.run(
        *claims.skip_begun(list(rows.ids.values()), Reason.ROLE))),
    (transitions.GIVE_BACK, Status.RETRY, lambda rows: rows.me.give_back(
        list(rows.ids.values()), rows.shop.clock.now_us())),
    (transitions.CLOSE, Status.SKIPPED, lambda rows: rows.me.close(list(rows.seen().values()), Reason.EMPTIED)),
    (transitions.PUT_BACK, Status.RETRY, put_back),
]  # fmt: skip


@pytest.fixture
def rows(shop: Any) -> Rows:
    for key in KEYS.values():
        shop.user(key, f"user{key}@example.com")
        shop.add(key, 1)
    me, other = shop.instance(), shop.instance()
    for instance in (me, other):
        shop.alive(instance)
    ids = shop.claim(me, *KEYS.values()).ids
    return Rows(shop, me, other, {status: ids[key] for status, key in KEYS.items()})


def name_of(step: Step) -> str:
    return next(name for name, one in transitions.STEPS.items() if one is step)


def may(step: Step, status: Status, holder: str) -> bool:
    """What the table says."""
    return (
        status in step.of_anybody
        or (status in step.of_its_owner and holder == MINE)
        or (status in step.left_behind and holder in {OF_THE_DEAD, LAPSED})
    )


@pytest.mark.parametrize(
    ("step", "sets", "take"), [pytest.param(*one, id=f"{name_of(one[0])}, {one[1]}") for one in TAKEN]
)
def test_a_step_changes_the_rows_that_the_table_says_and_no_other(
    rows: Rows, step: Step, sets: Status, take: Callable[[Rows], object]
) -> None:
    assert sets in step.to
    for holder in HOLDERS:
        rows.put(holder)
        before = rows.now()
        take(rows)
        after = rows.now()
        for status in Status:
            if may(step, status, holder):
                assert after[status][0] == sets, (holder, status)
                assert after[status] != before[status], (holder, status)
            else:
                assert after[status] == before[status], (holder, status)
    assert len(rows.shop.log()) == len(Status), "and makes no row where one is there"


def test_every_step_and_every_status_it_sets_is_taken_here() -> None:
    taken = {(name_of(step), sets) for step, sets, _ in TAKEN}
    stated = {(name, status) for name, step in transitions.STEPS.items() for status in step.to}
    assert stated - taken == {("finish", Status.SENT)}, "it is told by the step after it"


def test_the_steps_that_make_rows_make_them(rows: Rows) -> None:
    rows.run("DELETE FROM cart_abandonment_log")
    carts = rows.shop.loader(rows.me).load(list(KEYS.values())).carts
    new = [Episode(cart, cart.version, cart.version, "USD", Decimal(7)) for cart in carts.values()]
    rows.run(*claims.insert(transitions.CLAIM, "me", new[:3], lease_us=LEASE))
    rows.run(*claims.insert(transitions.LOG_SKIP, "me", new[3:], reason=Reason.ROLE, lease_us=None))
    assert [row["status"] for row in rows.shop.log()] == ["claimed"] * 3 + ["skipped"] * 4
