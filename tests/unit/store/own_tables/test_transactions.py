"""What a transaction says to MySQL and in which order, and what it makes of the answers.

The order is that of the locks: addresses before rows, everywhere. tests/integration plays the same on real servers.
"""

from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any, cast

import pytest
from fakes.dictionary import SampleDictionary

from binlog_watcher.core.cart import Cart, Customer, LoggedEpisode
from binlog_watcher.core.erased_keys import ErasedKeys
from binlog_watcher.core.log_status import Reason, Status
from binlog_watcher.core.transitions import CLAIM, LOG_SKIP
from binlog_watcher.shop.presets import SAMPLE
from binlog_watcher.store.database import Session
from binlog_watcher.store.own_tables import claims, fence, outcomes
from binlog_watcher.store.own_tables.free_addresses import BUSY_AGAIN_US
from binlog_watcher.store.own_tables.log_rows import Claims, Episode, Fenced, Outcome
from binlog_watcher.store.own_tables.outcomes import Before
from binlog_watcher.store.own_tables.statement import Statement
from binlog_watcher.store.shop_tables.columns import ShopColumns
from binlog_watcher.store.shop_tables.queries import Queries
from binlog_watcher.store.times import utc_naive

NOW = 1_790_000_000_000_000
LEASE, COOLDOWN = 600_000_000, 86_400_000_000
ADA, BOB, EVE = b"\xaa" * 32, b"\xbb" * 32, b"\xee" * 32
MINE = "shop-me"
"""An owner that names its shop."""

ERASED = ErasedKeys("salt")

BUSY = (NOW + BUSY_AGAIN_US, Reason.ADDRESS_BUSY)

Rows = list[tuple[Any, ...]]
Said = Statement | tuple[str, Sequence[Any]]
"""A statement; or how its text begins, and its values."""


class Script:
    """A session: the next statement must be the next of the script, whose answer it gets."""

    def __init__(self, *script: tuple[Said, Rows | int]) -> None:
        self._script = list(script)

    def _next(self, sql: str, parameters: Any) -> Rows | int:
        assert self._script, f"one statement too many: {sql}"
        said, answer = self._script.pop(0)
        if isinstance(said, Statement):
            assert Statement(sql, parameters) == said
        else:
            assert (sql[: len(said[0])], parameters) == said
        return answer

    def run(self, sql: str, parameters: Any = ()) -> int:
        return cast("int", self._next(sql, parameters))

    def rows(self, sql: str, parameters: Any = ()) -> Rows:
        return cast("Rows", self._next(sql, parameters))

    def __enter__(self) -> Session:
        return cast("Session", self)

    def __exit__(self, kind: type[BaseException] | None, *_: object) -> None:
        assert kind is not None or not self._script, "not all was said"


def logged(log_id: int, version: int, status: Status = Status.RETRY, **more: Any) -> LoggedEpisode:
    return LoggedEpisode(log_id, version, status, 1, None, None, **more)


def episode(key: int, address_hash: bytes | None, row: LoggedEpisode | None = None) -> Episode:
    customer = Customer(key, None, None, None, address_hash)
    cart = Cart(key=key, customer=customer, lines=(), version=NOW, newest_order_us=None, logged=row)
    return Episode(cart, NOW, NOW, "EUR", Decimal(0))


def claim(script: Script, *episodes: Episode, owner: str = "me") -> Claims:
    with script as session:
        return claims.claim(
            session, owner, episodes, ERASED, lease_us=LEASE, cooldown_us=COOLDOWN, now_us=NOW
        )


def locks(*hashes: bytes, known: Rows | None = None, under_way: Rows | None = None) -> list[Any]:
    """What each claim says first: lock the addresses, read what is known of them, look for mails under way."""
    everybody: Rows = [(bytearray(digest), None, None, None) for digest in hashes]
    return [
        (claims.lock_addresses(hashes), 0),
        (("SELECT address_hash, last_mail_at, suppressed_at, reason FROM", (hashes,)), known or everybody),
        (claims.mails_under_way(hashes), under_way or []),
    ]


def not_erased(*fresh: Episode) -> Statement:
    """What a claim asks of new episodes before it writes them."""
    return claims.erased_versions([ERASED(str(one.key)) for one in fresh])


# --- claims -------------------------------------------------------------------------------------------------------


def test_new_carts_are_claimed_by_a_row_each() -> None:
    mine, lost = episode(1, BOB), episode(2, ADA)
    script = Script(
        *locks(ADA, BOB),
        (not_erased(mine, lost), []),
        (claims.insert(CLAIM, "me", [mine, lost], lease_us=LEASE), 2),
        (claims.inserted("me", [mine, lost]), [(11, "1", NOW)]),
    )
    assert claim(script, mine, lost) == Claims({1: 11}, {})


def test_a_row_of_an_older_version_that_is_ours_too_is_not_the_claim() -> None:
    mine = episode(1, BOB)
    script = Script(
        *locks(BOB),
        (not_erased(mine), []),
        (claims.insert(CLAIM, "me", [mine], lease_us=LEASE), 1),
        (claims.inserted("me", [mine]), [(10, "1", NOW - 1), (11, "1", NOW)]),
    )
    assert claim(script, mine) == Claims({1: 11}, {})


def test_a_claim_of_a_newer_version_ends_the_older_ones_and_only_where_it_was_won() -> None:
    won, lost, first = (
        episode(1, ADA, logged(5, NOW - 1)),
        episode(2, BOB, logged(6, NOW - 1)),
        episode(3, EVE),
    )
    script = Script(
        *locks(ADA, BOB, EVE),
        (not_erased(won, lost, first), []),
        (claims.insert(CLAIM, MINE, [won, lost, first], lease_us=LEASE), 2),
        (claims.inserted(MINE, [won, lost, first]), [(11, "1", NOW), (13, "3", NOW)]),
        (claims.supersede(MINE, [won]), 1),
    )
    assert claim(script, won, lost, first, owner=MINE) == Claims({1: 11, 3: 13}, {})


def test_what_was_erased_since_it_was_read_is_no_new_episode() -> None:
    same, newer, older = episode(1, ADA), episode(2, BOB), episode(3, EVE)
    script = Script(
        *locks(ADA, BOB, EVE),
        (
            not_erased(same, newer, older),
            [(ERASED("1"), NOW), (ERASED("2"), NOW - 1), (ERASED("3"), NOW + 1)],
        ),
        (claims.insert(CLAIM, "me", [newer], lease_us=LEASE), 1),
        (claims.inserted("me", [newer]), [(11, "2", NOW)]),
    )
    assert claim(script, same, newer, older) == Claims({2: 11}, {})


def test_what_was_begun_is_taken_over_and_nothing_is_inserted() -> None:
    won, lost = episode(1, ADA, logged(5, NOW)), episode(2, BOB, logged(6, NOW))
    script = Script(
        *locks(ADA, BOB),
        (claims.take_over("me", [(won, logged(5, NOW)), (lost, logged(6, NOW))], LEASE), 1),
        (claims.taken_over("me", [5, 6]), [(5,)]),
    )
    assert claim(script, won, lost) == Claims({1: 5}, {})


def test_new_and_begun_carts_in_one_claim() -> None:
    new, begun = episode(1, ADA), episode(2, BOB, logged(6, NOW))
    script = Script(
        *locks(ADA, BOB),
        (not_erased(new), []),
        (claims.insert(CLAIM, "me", [new], lease_us=LEASE), 1),
        (claims.inserted("me", [new]), [(11, "1", NOW)]),
        (claims.take_over("me", [(begun, logged(6, NOW))], LEASE), 1),
        (claims.taken_over("me", [6]), [(6,)]),
    )
    assert claim(script, new, begun) == Claims({1: 11, 2: 6}, {})


def test_a_cart_whose_newest_row_in_the_log_is_of_a_later_version_is_left_alone() -> None:
    assert claim(Script(*locks(ADA)), episode(1, ADA, logged(5, NOW + 1))) == Claims({}, {})


def test_one_lock_an_address_and_none_for_carts_without() -> None:
    first, second, nobody = episode(1, ADA), episode(2, ADA), episode(3, None)
    script = Script(
        *locks(ADA),
        (not_erased(first), []),
        (claims.insert(CLAIM, "me", [first], lease_us=LEASE), 1),
        (claims.inserted("me", [first]), [(11, "1", NOW)]),
    )
    assert claim(script, first, second, nobody) == Claims({1: 11}, {2: BUSY, 3: (NOW, Reason.OPTED_OUT)})


def test_what_is_held_back_writes_nothing() -> None:
    mailed = utc_naive(NOW - COOLDOWN + 7)
    known = [(ADA, mailed, None, None), (BOB, None, datetime(2026, 1, 1), None)]  # noqa: DTZ001  # as MySQL gives it
    assert claim(Script(*locks(ADA, BOB, known=known)), episode(1, ADA), episode(2, BOB)) == Claims(
        {}, {1: (NOW + 7, Reason.COOLDOWN), 2: (NOW, Reason.OPTED_OUT)}
    )


def test_a_claim_holds_back_other_carts_and_a_mail_being_sent_its_own_too() -> None:
    own = episode(1, ADA, logged(5, NOW))
    taken_over = (
        (claims.take_over("me", [(own, logged(5, NOW))], LEASE), 1),
        (claims.taken_over("me", [5]), [(5,)]),
    )
    claimed = [(bytearray(ADA), "1", "claimed")]
    assert claim(Script(*locks(ADA, under_way=claimed), *taken_over), own) == Claims({1: 5}, {})
    for under_way in (
        [(bytearray(ADA), "1", "sending")],
        [(bytearray(ADA), "2", "claimed")],
        [(bytearray(ADA), "2", "claimed"), (bytearray(ADA), "1", "claimed")],
    ):
        assert claim(Script(*locks(ADA, under_way=under_way)), own) == Claims({}, {1: BUSY})


def test_skipped_carts_get_a_row_or_close_the_one_they_have() -> None:
    new, newer = episode(1, ADA), episode(2, BOB, logged(5, NOW - 1))
    begun, later = episode(3, ADA, logged(6, NOW)), episode(4, ADA, logged(7, NOW + 1))
    script = Script(
        (claims.insert(LOG_SKIP, MINE, [new, newer], reason=Reason.ROLE, lease_us=None), 2),
        (claims.supersede(MINE, [newer]), 1),
        (claims.rows_of([new, newer]), [(8, "1", NOW), (9, "2", NOW), (5, "2", NOW - 1)]),
        (claims.skip_begun([6], Reason.ROLE), 1),
    )
    with script as session:
        ids = claims.skip(session, MINE, [new, begun, newer, later], Reason.ROLE)
    assert ids == {1: 8, 2: 9, 3: 6}
    script = Script(
        (claims.insert(LOG_SKIP, "me", [new], reason=Reason.ROLE, lease_us=None), 1),
        (claims.rows_of([new]), [(8, "1", NOW)]),
    )
    with script as session:
        claims.skip(session, "me", [new], Reason.ROLE)
    with Script((claims.skip_begun([6], Reason.ROLE), 1)) as session:
        claims.skip(session, "me", [begun], Reason.ROLE)


def test_a_customer_whose_id_is_no_number_is_not_written_as_one() -> None:
    new = episode(1, ADA)
    guest = Cart(key="c-1", customer=None, lines=(), version=NOW, newest_order_us=None, customer_id="u-1")
    values = list(
        claims.insert(CLAIM, "me", [new, Episode(guest, NOW, NOW, "EUR", Decimal(0))], lease_us=1).parameters
    )
    assert (values[15], values[16], values[21]) == ("c-1", None, None)


# --- the fence ----------------------------------------------------------------------------------------------------

QUERIES = Queries(SAMPLE, ShopColumns(SampleDictionary(), SAMPLE, UTC))


def fenced(log_id: int, fingerprint: str) -> Fenced:
    cart = Cart(key=log_id, customer=None, lines=(), version=NOW, newest_order_us=None, customer_id=log_id)
    return Fenced(log_id, replace(cart, fingerprint=fingerprint))


MAILS = [fenced(1, "1:11/2:22"), fenced(2, "3:33/0")]
PASS = fence.pass_fence("me", QUERIES, MAILS, LEASE)


def test_if_all_pass_the_fence_nothing_more_is_asked() -> None:
    with Script((PASS, 2)) as session:
        assert fence.fence(session, "me", QUERIES, MAILS, lease_us=LEASE) == {1, 2}


def test_if_some_do_not_it_is_asked_which() -> None:
    with Script((PASS, 1), (fence.passed("me", [1, 2]), [(2,)])) as session:
        assert fence.fence(session, "me", QUERIES, MAILS, lease_us=LEASE) == {2}


def test_before_data_one_mail_passes_or_not() -> None:
    again = fence.pass_fence("me", QUERIES, MAILS[:1], LEASE, again=True)
    for changed in (0, 1):
        with Script((again, changed)) as session:
            passes = fence.fence_again(session, "me", QUERIES, MAILS[0], lease_us=LEASE)
            assert passes is bool(changed)


def test_a_fingerprint_of_fewer_parts_is_compared_as_one_of_nothing() -> None:
    parameters = cast(
        "dict[str, Any]", fence.pass_fence("me", QUERIES, [fenced(1, "1:11")], LEASE).parameters
    )
    prints = {name: value for name, value in parameters.items() if name.endswith("_0")}
    assert sorted(prints.values()) == ["0", "0", "0", "1:11"]


# --- outcomes -----------------------------------------------------------------------------------------------------

SENT = Outcome(1, Status.SENT, at_us=NOW, address_hash=ADA)
BROKEN = Outcome(2, Status.UNKNOWN, at_us=NOW, address_hash=BOB)
REFUSED = Outcome(3, Status.FAILED, error="550 no", address_hash=EVE)
LATER = Outcome(4, Status.RETRY, next_attempt_us=NOW + LEASE)
MOMENT = utc_naive(NOW - LEASE)


def finish(script: Script, *found: Outcome, bounce_limit: int = 0) -> int:
    with script as session:
        return outcomes.finish(session, "me", found, bounce_limit=bounce_limit)


def test_if_all_went_out_one_statement_says_so() -> None:
    finish(Script((outcomes.write("me", [SENT, BROKEN], {}), 2)), SENT, BROKEN)


def lock(*hashes: bytes) -> tuple[Said, Rows]:
    return ("SELECT 1 FROM cart_abandonment_recipient", (hashes,)), []


def test_what_was_refused_has_its_row_looked_at_after_all_addresses_were_locked() -> None:
    before = {3: Before(Status.SENDING, MOMENT, EVE), 4: Before(Status.CLAIMED, None, None)}
    script = Script(
        (outcomes.addresses([3, 4]), [(bytearray(EVE),)]),
        lock(ADA, EVE),
        (
            outcomes.lock_rows([3, 4]),
            [(3, "me", "sending", MOMENT, bytearray(EVE)), (4, "me", "claimed", None, None)],
        ),
        (outcomes.write("me", [SENT, REFUSED, LATER], before), 3),
    )
    finish(script, SENT, REFUSED, LATER)


def test_a_row_that_someone_else_has_is_not_ours_to_look_at() -> None:
    script = Script(
        (outcomes.addresses([3]), [(bytearray(EVE),)]),
        lock(EVE),
        (outcomes.lock_rows([3]), [(3, "they", "unknown", MOMENT, bytearray(EVE))]),
        (outcomes.write("me", [REFUSED], {}), 0),
    )
    finish(script, REFUSED)


def test_a_mail_that_was_given_up_too_early_was_not_sent_to_its_address() -> None:
    before = {
        3: Before(Status.UNKNOWN, MOMENT, EVE),
        4: Before(Status.UNKNOWN, MOMENT, None),
        5: Before(Status.SENDING, None, BOB),
    }
    other = Outcome(5, Status.FAILED)
    script = Script(
        (outcomes.addresses([3, 4, 5]), [(EVE,), (BOB,)]),
        lock(BOB, EVE),
        (
            outcomes.lock_rows([3, 4, 5]),
            [
                (3, "me", "unknown", MOMENT, EVE),
                (4, "me", "unknown", MOMENT, None),
                (5, "me", "sending", None, BOB),
            ],
        ),
        (outcomes.take_back_mails([3, 4, 5], {EVE}), 1),
        (outcomes.write("me", [REFUSED, LATER, other], before), 3),
    )
    finish(script, REFUSED, LATER, other)


def test_rows_without_an_address_lock_none() -> None:
    sent = Outcome(9, Status.SENT, at_us=NOW)
    script = Script(
        (outcomes.addresses([4]), []),
        (outcomes.lock_rows([4]), [(4, "me", "claimed", None, None)]),
        (outcomes.write("me", [LATER, sent], {4: Before(Status.CLAIMED, None, None)}), 2),
    )
    finish(script, LATER, sent)


def test_addresses_that_bounced_are_looked_at_behind_all_outcomes() -> None:
    bounced = [
        Outcome(7, Status.FAILED, address_hash=digest, bounced="a***@x.test") for digest in (ADA, BOB, None)
    ]
    refused = Outcome(8, Status.FAILED, address_hash=EVE)
    read: Any = ((outcomes.addresses([7, 7, 7, 8]), []), (outcomes.lock_rows([7, 7, 7, 8]), []))
    wrote = (outcomes.write("me", [*bounced, refused], {}), 4)
    script = Script(
        *read,
        wrote,
        (outcomes.suppress_bounced(ADA, "a***@x.test", 2), 1),
        (outcomes.suppress_bounced(BOB, "a***@x.test", 2), 0),
    )
    assert finish(script, *bounced, refused, bounce_limit=2) == 1
    assert finish(Script(*read, wrote), *bounced, refused) == 0
    assert finish(Script(*read, wrote), *bounced, refused, bounce_limit=0) == 0


@pytest.mark.parametrize(
    ("status", "is_attempt", "uncounted"),
    [
        (Status.SENDING, False, True), (Status.UNKNOWN, False, True), (Status.CLAIMED, False, False),
        (Status.SENDING, True, False), (None, False, False),
    ],
)  # fmt: skip
def test_what_was_no_attempt_is_taken_back_where_the_fence_has_counted_it(
    status: Status | None, is_attempt: bool, uncounted: bool
) -> None:
    outcome = replace(LATER, is_attempt=is_attempt)
    before = {} if status is None else {LATER.log_id: Before(status, None, None)}
    assert list(outcomes.write("me", [outcome], before).parameters)[10] is uncounted


def values(outcome: Outcome, before: Before | None = None) -> list[Any]:
    statement = outcomes.write("me", [outcome], {outcome.log_id: before} if before else {})
    return list(statement.parameters)[:10]


def test_each_outcome_in_its_own_columns() -> None:
    at = utc_naive(NOW)
    assert values(SENT) == [1, "sent", None, None, 1, at, None, None, ADA, at]
    assert values(BROKEN) == [2, "unknown", None, None, None, at, None, None, BOB, at]
    assert values(REFUSED) == [3, "failed", None, "550 no", 0, None, None, None, EVE, None]
    later = utc_naive(NOW + LEASE)
    assert values(LATER) == [4, "retry", None, None, 0, None, None, later, None, None]
    skipped = Outcome(
        5, Status.SKIPPED, Reason.EMPTIED, at_us=NOW, next_attempt_us=NOW, message_id="<m@x.test>"
    )
    assert values(skipped) == [5, "skipped", "emptied", None, 0, None, "<m@x.test>", None, None, None]


def test_a_mail_that_went_out_has_its_own_moment_whatever_went_before() -> None:
    before = Before(Status.SENDING, MOMENT, ADA)
    assert values(SENT, before) == values(SENT)
    assert values(BROKEN, before) == values(BROKEN)


def test_what_a_server_said_is_cut_and_made_text() -> None:
    assert values(Outcome(1, Status.FAILED, error="x" * 501))[3] == "x" * 500
    assert values(Outcome(1, Status.FAILED, error="550 f\udcfcr"))[3] == "550 f?r"
    assert values(Outcome(1, Status.FAILED, error=""))[3] == ""
