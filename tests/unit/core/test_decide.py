"""decide() against its table: every branch, every boundary, the order of the checks, and an oracle of its own."""

from dataclasses import replace
from decimal import Decimal
from typing import Any

import pytest
from fakes.quiet_cart import (
    CART,
    CUSTOMER,
    DUE,
    GO_ON,
    HOUR,
    LINE,
    MINUTE,
    POLICY,
    SECOND,
    T0,
    THRESHOLD,
    logged,
)
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from binlog_watcher.core.cart import Cart, Customer, LoggedEpisode, Recipient
from binlog_watcher.core.decision import (
    CLOCK_ERROR_US,
    HIGHEST_TOTAL,
    LEAST_TOTAL,
    LOGGED_SKIPS,
    Decision,
    Holdout,
    Policy,
    Send,
    Skip,
    Wait,
    _share,
    decide,
)
from binlog_watcher.core.log_status import Reason, Status

# --- is it quiet ------------------------------------------------------------------------------------------------


def test_a_quiet_cart_is_mailed_from_its_due_moment_on() -> None:
    assert decide(CART, None, DUE, POLICY) == Send(activity_us=T0, due_us=DUE)
    assert decide(CART, None, DUE - 1, POLICY) == Wait(DUE, Reason.ACTIVITY)
    assert decide(CART, None, DUE + HOUR, POLICY) == Send(activity_us=T0, due_us=DUE)


def test_activity_that_only_the_stream_saw_postpones() -> None:
    seen = T0 + 10 * MINUTE
    assert decide(CART, seen, DUE, POLICY) == Wait(seen + THRESHOLD, Reason.ACTIVITY)
    assert decide(CART, seen, seen + THRESHOLD, POLICY) == Send(seen, seen + THRESHOLD)


def test_activity_that_only_an_update_column_tells_postpones() -> None:
    at = T0 + 10 * MINUTE
    cart = replace(CART, activity_us=at)
    assert decide(cart, None, DUE, POLICY) == Wait(at + THRESHOLD, Reason.ACTIVITY)
    assert decide(cart, at - 1, at + THRESHOLD, POLICY) == Send(at, at + THRESHOLD)
    assert decide(cart, at + 1, at + THRESHOLD, POLICY) == Wait(at + 1 + THRESHOLD, Reason.ACTIVITY)


def test_what_the_stream_saw_never_makes_a_cart_older_than_its_rows() -> None:
    assert decide(CART, T0 - HOUR, DUE - 1, POLICY) == Wait(DUE, Reason.ACTIVITY)


@pytest.mark.parametrize("ahead", [
    replace(CART, version=T0 + 2 * HOUR), replace(CART, activity_us=T0 + 2 * HOUR),
    replace(CART, version=7, created_us=T0 + 9000 * HOUR),
])  # fmt: skip
def test_what_lies_in_the_future_has_happened_by_now(ahead: Cart) -> None:
    assert decide(ahead, None, DUE, POLICY) == Wait(DUE + THRESHOLD, Reason.ACTIVITY)
    assert decide(ahead, DUE, DUE + THRESHOLD, POLICY) == Send(DUE, DUE + THRESHOLD), (
        "and is not new each time"
    )
    assert decide(ahead, T0, DUE, POLICY) == Send(T0, DUE), "the source knows better"


def test_an_order_that_the_source_saw_is_not_overruled() -> None:
    assert decide(CART, T0, DUE, POLICY, ordered=True) == Skip(Reason.BOUGHT_MEANWHILE)
    assert not Skip(Reason.BOUGHT_MEANWHILE).logged


@pytest.mark.parametrize(
    ("cart", "known_us", "told_us", "bought"),
    [
        (CART, None, T0, True),
        (CART, None, T0 + SECOND - 1, True),
        (CART, None, T0 - 1, False),
        (CART, T0 + SECOND, T0 + SECOND - 1, False),  # the source saw the customer come back
        (CART, T0 + SECOND, T0 + SECOND, True),
        (replace(CART, activity_us=T0 + SECOND), None, T0 + SECOND - 1, False),
        (replace(CART, activity_us=T0 + SECOND), T0, T0 + SECOND + 1, True),
        (replace(CART, activity_us=T0 - HOUR), T0 - HOUR, T0, True),
        (replace(CART, version=7, created_us=T0 + SECOND), T0, T0, False),
    ],
)
def test_an_order_that_was_told_before_the_last_start_ends_what_was_filled_until_then(
    cart: Cart, known_us: int | None, told_us: int, bought: bool
) -> None:
    answer = decide(replace(cart, told_order_us=told_us), known_us, DUE + HOUR, POLICY)
    assert (answer == Skip(Reason.BOUGHT_MEANWHILE)) is bought


def test_a_row_a_little_ahead_of_the_clock_is_believed_up_to_the_last_moment() -> None:
    ahead = replace(CART, version=DUE + CLOCK_ERROR_US)
    assert decide(ahead, None, DUE, POLICY) == Wait(DUE + CLOCK_ERROR_US + THRESHOLD, Reason.ACTIVITY)
    assert decide(ahead, T0, DUE, POLICY) == Wait(DUE + CLOCK_ERROR_US + THRESHOLD, Reason.ACTIVITY)


@pytest.mark.parametrize("cart", [replace(CART, lines=()), replace(CART, version=None)])
def test_nothing_counted_is_nothing_to_mail_nor_to_log(cart: Cart) -> None:
    for row in (None, logged(Status.RETRY), logged(Status.SENT)):
        answer = decide(replace(cart, logged=row), None, DUE, POLICY)
        assert answer == Skip(Reason.EMPTY)
        assert isinstance(answer, Skip)
        assert not answer.logged


# --- the window -------------------------------------------------------------------------------------------------


def test_episodes_due_up_to_the_activation_are_none_of_ours() -> None:
    at = replace(POLICY, activated_us=DUE)
    assert decide(CART, None, DUE, at) == Skip(Reason.BEFORE_ACTIVATION, T0)
    assert decide(CART, None, DUE, replace(at, activated_us=DUE - 1)) == Send(T0, DUE)
    assert not Skip(Reason.BEFORE_ACTIVATION).logged


def test_activity_after_the_activation_brings_an_older_cart_into_the_window() -> None:
    late = replace(POLICY, activated_us=DUE + HOUR)
    assert decide(CART, DUE + HOUR, DUE + HOUR + THRESHOLD, late) == Send(DUE + HOUR, DUE + HOUR + THRESHOLD)


def test_the_age_is_that_of_the_cart_and_its_limit_is_still_inside() -> None:
    limit = T0 + POLICY.max_age_us
    assert decide(CART, None, limit, POLICY) == Send(T0, DUE)
    assert decide(CART, None, limit + 1, POLICY) == Skip(Reason.TOO_OLD, T0)
    # An UPDATE over the whole cart table is activity, but wakes no cart of last year.
    assert decide(CART, T0 + MINUTE, limit + 1, POLICY) == Skip(Reason.TOO_OLD, T0 + MINUTE)


# --- who may be mailed ------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"customer": replace(CUSTOMER, role="Admin")}, Reason.ROLE),
        ({"customer": replace(CUSTOMER, role="  STAFF ")}, Reason.ROLE),
        ({"customer": replace(CUSTOMER, role="admin", address_hash=None)}, Reason.ROLE),
        ({"customer": replace(CUSTOMER, address_hash=None)}, Reason.NO_ADDRESS),
        ({"customer": None, "lacking_since_us": DUE - THRESHOLD}, Reason.NO_ADDRESS),
        ({"recipient": Recipient(suppressed=True)}, Reason.OPTED_OUT),
        ({"recipient": Recipient(last_mail_us=DUE, suppressed=True)}, Reason.OPTED_OUT),
        ({"recipient": Recipient(suppressed=True, bounced=True)}, Reason.BOUNCED),
    ],
)
def test_who_is_never_mailed_gets_a_row_that_says_why(change: dict[str, Any], reason: Reason) -> None:
    answer = decide(replace(CART, **change), None, DUE, POLICY)
    assert answer == Skip(reason, T0)
    assert isinstance(answer, Skip)
    assert answer.logged


def test_an_excluded_address_gets_a_row_that_says_so_whatever_else_speaks_against_it() -> None:
    policy = replace(POLICY, excludes_address=lambda address: address == CUSTOMER.email)
    assert decide(CART, None, DUE, policy) == Skip(Reason.EXCLUDED_ADDRESS, T0)
    opted_out = replace(CART, customer=replace(CUSTOMER, consent=False), recipient=Recipient(suppressed=True))
    assert decide(opted_out, None, DUE, policy) == Skip(Reason.EXCLUDED_ADDRESS, T0)
    other = replace(CART, customer=replace(CUSTOMER, email="bob@example.com"))
    assert decide(other, None, DUE, policy) == Send(T0, DUE)


@pytest.mark.parametrize("role", [None, "", "customer", "administrator"])
def test_other_roles_are_mailed(role: str | None) -> None:
    assert decide(replace(CART, customer=replace(CUSTOMER, role=role)), None, DUE, POLICY) == Send(T0, DUE)


def test_a_refusal_is_written_when_the_cart_is_due_and_not_before() -> None:
    nobody = replace(CART, customer=None)
    assert decide(nobody, None, DUE - 1, POLICY) == Wait(DUE, Reason.ACTIVITY)
    assert isinstance(decide(nobody, None, DUE, POLICY), Wait)
    assert decide(nobody, None, T0 + 73 * HOUR, POLICY) == Skip(Reason.TOO_OLD, T0)


def test_only_reasons_that_end_an_episode_are_logged() -> None:
    expected = {
        Reason.NO_ADDRESS,
        Reason.OPTED_OUT,
        Reason.NO_CONSENT,
        Reason.ROLLOUT,
        Reason.HOLDOUT,
        Reason.ROLE,
        Reason.ZERO_TOTAL,
        Reason.TOTAL_TOO_HIGH,
        Reason.UNAVAILABLE,
        Reason.JUST_BOUGHT,
        Reason.EXCLUDED_ADDRESS,
        Reason.BOUNCED,
        Reason.UNREADABLE,
    }
    assert {reason for reason in Reason if Skip(reason, T0).logged} == expected == LOGGED_SKIPS


# --- what is not worth a mail -------------------------------------------------------------------------------------

REBATE = replace(LINE, price=Decimal(-15), quantity=1)
FREE = replace(LINE, price=Decimal(0))
GRACE = replace(POLICY, order_grace_us=HOUR)


@pytest.mark.parametrize(
    ("lines", "reason"),
    [
        ((FREE,), Reason.ZERO_TOTAL),
        ((replace(LINE, price=Decimal("0.002")),), Reason.ZERO_TOTAL),
        ((LINE, replace(REBATE, price=Decimal("-39.98"))), Reason.ZERO_TOTAL),
        ((replace(LINE, price=Decimal(10) ** 11, quantity=10),), Reason.TOTAL_TOO_HIGH),
        ((replace(LINE, quantity=4 * 10**18),), Reason.TOTAL_TOO_HIGH),
        ((replace(LINE, available=False), replace(LINE, available=False)), Reason.UNAVAILABLE),
    ],
)
def test_what_is_not_worth_a_mail_gets_a_row_that_says_why(lines: Any, reason: Reason) -> None:
    assert decide(replace(CART, lines=lines), None, DUE, POLICY) == Skip(reason, T0)


def test_the_least_and_the_highest_total_that_are_worth_one() -> None:
    for price in (LEAST_TOTAL, HIGHEST_TOTAL):
        one = replace(LINE, price=price, quantity=1)
        assert decide(replace(CART, lines=(one,)), None, DUE, POLICY) == GO_ON, price


@pytest.mark.parametrize(
    "lines", [(LINE, REBATE), (LINE, FREE), (LINE, replace(LINE, available=False)), (FREE, LINE)]
)
def test_a_rebate_a_gift_or_one_sold_out_product_beside_others_is_a_line(lines: Any) -> None:
    assert decide(replace(CART, lines=lines), None, DUE, POLICY) == GO_ON


def test_a_shop_that_wants_them_mails_zero_totals_and_unavailable_products() -> None:
    wanted = replace(POLICY, mail_zero_totals=True, mail_unavailable=True)
    assert decide(replace(CART, lines=(replace(FREE, available=False),)), None, DUE, wanted) == GO_ON
    assert decide(replace(CART, lines=(REBATE,)), None, DUE, wanted) == Skip(Reason.ZERO_TOTAL, T0)


def test_nobody_is_reminded_of_nothing_but_what_he_has_just_bought() -> None:
    cloned = replace(LINE, since_order_us=2 * SECOND)
    assert decide(replace(CART, lines=(cloned, cloned)), None, DUE, GRACE) == Skip(Reason.JUST_BOUGHT, T0)
    edge = replace(CART, lines=(replace(LINE, since_order_us=HOUR),))
    assert decide(edge, None, DUE, GRACE) == Skip(Reason.JUST_BOUGHT, T0)
    assert decide(replace(CART, lines=(replace(LINE, since_order_us=HOUR + 1),)), None, DUE, GRACE) == GO_ON
    assert decide(replace(CART, lines=(cloned, LINE)), None, DUE, GRACE) == GO_ON, "there is more in it"
    assert decide(replace(CART, lines=(cloned,)), None, DUE, POLICY) == GO_ON, "no grace"


# --- rows that the shop may be importing --------------------------------------------------------------------------

BARE = replace(CART, lines=(), missing=frozenset({5}))


def test_a_cart_whose_products_are_missing_waits_as_long_as_it_may_be_mailed() -> None:
    assert decide(BARE, None, DUE - 1, POLICY) == Wait(DUE, Reason.ACTIVITY)
    assert decide(BARE, None, DUE, POLICY) == Wait(DUE + 2 * SECOND, Reason.NO_PRODUCT)
    since = replace(BARE, lacking_since_us=DUE)
    assert decide(since, None, DUE + 45 * SECOND, POLICY) == Wait(DUE + 56_250_000, Reason.NO_PRODUCT)
    assert decide(since, None, DUE + 40 * HOUR, POLICY) == Wait(DUE + 41 * HOUR, Reason.NO_PRODUCT)
    assert decide(since, None, T0 + POLICY.max_age_us + 1, POLICY) == Skip(Reason.TOO_OLD, T0)


def test_a_cart_without_its_products_has_an_episode_all_the_same() -> None:
    assert decide(replace(BARE, logged=logged(Status.SENT)), None, DUE, POLICY) == Skip(Reason.HANDLED)
    retry = replace(BARE, logged=logged(Status.RETRY, next_attempt_us=DUE + MINUTE))
    assert decide(retry, None, DUE, POLICY) == Wait(DUE + MINUTE, Reason.RETRY)
    assert decide(retry, None, DUE + MINUTE, POLICY) == Wait(DUE + MINUTE + 2 * SECOND, Reason.NO_PRODUCT)


def test_a_cart_that_lacks_some_of_its_products_goes_without_them_after_a_tenth_of_the_threshold() -> None:
    some = replace(CART, missing=frozenset({6}), lacking_since_us=DUE)
    until = DUE + THRESHOLD // 10
    assert decide(some, None, until - SECOND, POLICY) == Wait(until, Reason.NO_PRODUCT)
    assert decide(some, None, until, POLICY) == GO_ON


def test_waits_are_whole_microseconds() -> None:
    for gone_us in (40 * SECOND + 3, 40 * SECOND + 5):
        waits = decide(replace(BARE, lacking_since_us=DUE), None, DUE + gone_us, POLICY)
        assert waits == Wait(DUE + gone_us + 10 * SECOND + gone_us % 40 // 4, Reason.NO_PRODUCT)
    odd = replace(POLICY, threshold_us=THRESHOLD - 1)
    some = replace(CART, missing=frozenset({6}), lacking_since_us=DUE)
    assert decide(some, None, DUE + MINUTE, odd) == Wait(
        min(DUE + MINUTE + 15 * SECOND, DUE + odd.threshold_us // 10), Reason.NO_PRODUCT
    )
    assert decide(some, None, DUE + odd.threshold_us // 10 - 1, odd) == Wait(
        DUE + odd.threshold_us // 10, Reason.NO_PRODUCT
    )


@pytest.mark.parametrize("customer", [None, replace(CUSTOMER, address_hash=None, row_missing=True)])
def test_a_missing_customer_is_waited_for_as_long_as_the_threshold(customer: Customer | None) -> None:
    gone = replace(CART, customer=customer)
    assert decide(gone, None, DUE, POLICY) == Wait(DUE + 2 * SECOND, Reason.NO_CUSTOMER)
    gone = replace(gone, lacking_since_us=DUE)
    until = DUE + THRESHOLD
    assert decide(gone, None, until - SECOND, POLICY) == Wait(until, Reason.NO_CUSTOMER)
    assert decide(gone, None, until, POLICY) == Skip(Reason.NO_ADDRESS, T0)


def test_a_cart_that_may_be_another_stores_is_never_decided_for_it() -> None:
    other = replace(CART, customer=None, elsewhere=True, lacking_since_us=DUE)
    for later in (THRESHOLD, 10 * THRESHOLD):
        decision = decide(other, None, DUE + later, POLICY)
        assert isinstance(decision, Wait)
        assert decision.reason is Reason.NO_CUSTOMER
    assert decide(other, None, T0 + POLICY.max_age_us + SECOND, POLICY) == Skip(Reason.TOO_OLD, T0)


def test_a_header_s_address_does_after_a_while_where_the_customer_has_gone() -> None:
    gone = replace(CART, customer=replace(CUSTOMER, row_missing=True), lacking_since_us=DUE)
    assert isinstance(decide(gone, None, DUE, POLICY), Wait)
    assert decide(gone, None, DUE + THRESHOLD, POLICY) == GO_ON


# --- cool-down --------------------------------------------------------------------------------------------------


def test_cooldown_holds_the_cart_until_its_end_and_not_a_moment_longer() -> None:
    mailed = DUE - 23 * HOUR
    cart = replace(CART, recipient=Recipient(last_mail_us=mailed))
    end = mailed + POLICY.cooldown_us
    assert decide(cart, None, DUE, POLICY) == Wait(end, Reason.COOLDOWN)
    assert decide(cart, None, end - 1, POLICY) == Wait(end, Reason.COOLDOWN)
    assert decide(cart, None, end, POLICY) == Send(T0, DUE)


def test_a_cart_held_back_by_the_cooldown_is_never_too_old_at_its_end() -> None:
    # EMAIL_COOLDOWN_HOURS < MAX_CART_AGE_HOURS is enforced by the settings; the worst case is a mail at the due moment.
    cart = replace(CART, recipient=Recipient(last_mail_us=DUE))
    answer = decide(cart, None, DUE, POLICY)
    assert isinstance(answer, Wait)
    assert decide(cart, None, answer.until_us, POLICY) == Send(T0, DUE)


def test_no_cooldown_at_all() -> None:
    cart = replace(CART, recipient=Recipient(last_mail_us=DUE))
    assert decide(cart, None, DUE, replace(POLICY, cooldown_us=0)) == Send(T0, DUE)


def test_a_mail_that_is_sent_again_by_hand_is_not_held_back_by_itself() -> None:
    mailed = DUE - HOUR
    row = logged(Status.RETRY, next_attempt_us=DUE, own_mail=(b"\x01" * 32, mailed))
    cart = replace(CART, logged=row, recipient=Recipient(last_mail_us=mailed))
    wait = Wait(mailed + POLICY.cooldown_us, Reason.COOLDOWN)
    assert decide(cart, None, DUE, POLICY) == Send(T0, DUE)
    assert decide(replace(cart, logged=None), None, DUE, POLICY) == wait
    later = replace(cart, recipient=Recipient(last_mail_us=mailed + 1))
    assert decide(later, None, DUE, POLICY) == Wait(mailed + 1 + POLICY.cooldown_us, Reason.COOLDOWN)
    elsewhere = replace(cart, customer=replace(CUSTOMER, address_hash=b"\x02" * 32))
    assert decide(elsewhere, None, DUE, POLICY) == wait
    newer = replace(cart, version=T0 + SECOND, created_us=T0)
    assert decide(newer, None, DUE, POLICY) == wait, "the cart of a newer version is another mail"


# --- what the log says ------------------------------------------------------------------------------------------

FUTURE, PAST = DUE + MINUTE, DUE - MINUTE


@pytest.mark.parametrize(
    ("row", "expected"),
    [
        (logged(Status.SENT), Skip(Reason.HANDLED)),
        (logged(Status.SENDING), Skip(Reason.HANDLED)),
        (logged(Status.SENDING, lease_until_us=PAST), Skip(Reason.HANDLED)),
        (logged(Status.UNKNOWN), Skip(Reason.HANDLED)),
        (logged(Status.FAILED), Skip(Reason.HANDLED)),
        (logged(Status.SKIPPED), Skip(Reason.HANDLED)),
        (logged(Status.RETRY, next_attempt_us=FUTURE), Wait(FUTURE, Reason.RETRY)),
        (logged(Status.RETRY, next_attempt_us=DUE), GO_ON),
        (logged(Status.RETRY, next_attempt_us=PAST), GO_ON),
        (logged(Status.RETRY), GO_ON),
        (logged(Status.CLAIMED, lease_until_us=FUTURE), Wait(FUTURE, Reason.LEASED)),
        (logged(Status.CLAIMED, lease_until_us=DUE), GO_ON),
        (logged(Status.CLAIMED, lease_until_us=PAST), GO_ON),
        (logged(Status.CLAIMED), GO_ON),
        (logged(Status.CLAIMED, lease_until_us=FUTURE, owner_alive=False), GO_ON),
    ],
)
def test_a_logged_episode_of_this_version(row: LoggedEpisode, expected: Decision) -> None:
    assert decide(replace(CART, logged=row), None, DUE, POLICY) == expected


@pytest.mark.parametrize("status", [Status.RETRY, Status.CLAIMED])
def test_what_another_shop_has_begun_is_left_alone_and_what_is_newer_is_not(status: Status) -> None:
    theirs = logged(status, ours=False)
    assert decide(replace(CART, logged=theirs), None, DUE + HOUR, POLICY) == Skip(Reason.HANDLED)
    assert decide(replace(CART, logged=replace(theirs, version=T0 - 1)), None, DUE, POLICY) == GO_ON


@pytest.mark.parametrize(
    "status", [Status.SENT, Status.SENDING, Status.UNKNOWN, Status.FAILED, Status.SKIPPED]
)
def test_an_older_version_never_holds_a_new_episode_back(status: Status) -> None:
    assert decide(replace(CART, logged=logged(status, version=T0 - 1)), None, DUE, POLICY) == GO_ON


@pytest.mark.parametrize("status", [Status.RETRY, Status.CLAIMED])
def test_an_older_version_that_is_still_open_is_superseded(status: Status) -> None:
    row = logged(status, version=T0 - SECOND, next_attempt_us=FUTURE, lease_until_us=FUTURE)
    assert decide(replace(CART, logged=row), None, DUE, POLICY) == GO_ON


@pytest.mark.parametrize(
    "status", [Status.SENT, Status.SENDING, Status.UNKNOWN, Status.FAILED, Status.SKIPPED]
)
def test_deleting_a_row_makes_no_new_episode(status: Status) -> None:
    row = logged(status, version=T0 + SECOND)
    assert decide(replace(CART, logged=row), None, DUE + HOUR, POLICY) == Skip(Reason.HANDLED)


def test_a_retry_goes_through_all_the_checks_again() -> None:
    retry = replace(CART, logged=logged(Status.RETRY, next_attempt_us=PAST))
    assert decide(retry, DUE, DUE, POLICY) == Wait(DUE + THRESHOLD, Reason.ACTIVITY)
    assert decide(retry, None, T0 + 73 * HOUR, POLICY) == Skip(Reason.TOO_OLD, T0)
    gone = replace(retry, recipient=Recipient(suppressed=True))
    assert decide(gone, None, DUE, POLICY) == Skip(Reason.OPTED_OUT, T0)
    other = replace(retry, recipient=Recipient(last_mail_us=DUE - HOUR))
    assert decide(other, None, DUE, POLICY) == Wait(DUE + 23 * HOUR, Reason.COOLDOWN)


# --- money ------------------------------------------------------------------------------------------------------


def test_totals_are_exact() -> None:
    lines = tuple(replace(LINE, price=Decimal("0.10"), quantity=1) for _ in range(3))
    cart = replace(CART, lines=lines)
    assert cart.total == Decimal("0.30")
    assert cart.item_count == 3
    empty = replace(CART, lines=())
    assert isinstance(empty.total, Decimal)
    assert empty.total == 0


@given(
    st.lists(st.tuples(st.decimals(0, 99_999, places=2, allow_nan=False), st.integers(1, 1_000)), max_size=30)
)
def test_the_total_is_that_of_whole_cents(rows: list[tuple[Decimal, int]]) -> None:
    lines = tuple(replace(LINE, price=price, quantity=quantity) for price, quantity in rows)
    cart = replace(CART, lines=lines)
    assert isinstance(cart.total, Decimal)
    assert cart.total * 100 == sum(int(price * 100) * quantity for price, quantity in rows)
    assert cart.item_count == sum(quantity for _, quantity in rows)


# --- an oracle, written as a list of what applies -----------------------------------------------------------------

MOMENTS = st.integers(-100 * 60, 100 * 60).map(lambda minutes: T0 + minutes * MINUTE)
NEAR = st.sampled_from([-1, 0, 1])
EPISODES = st.builds(
    LoggedEpisode,
    id=st.just(1),
    version=st.sampled_from([T0 - SECOND, T0, T0 + SECOND]),
    status=st.sampled_from(list(Status)),
    attempts=st.integers(0, 8),
    next_attempt_us=st.none() | MOMENTS,
    lease_until_us=st.none() | MOMENTS,
    owner_alive=st.booleans(),
)
CARTS = st.builds(
    Cart,
    key=st.integers(1, 200),
    customer=st.none()
    | st.builds(
        Customer,
        id=st.just(42),
        name=st.just("Ada"),
        email=st.just("ada@example.com"),
        role=st.sampled_from([None, "customer", "Admin"]),
        address_hash=st.none() | st.just(b"h"),
    ),
    lines=st.sampled_from([(), (LINE,), (LINE,), (LINE, LINE)]),
    version=st.sampled_from([None, T0, T0, T0]),
    newest_order_us=st.none(),
    lacking_since_us=st.none() | MOMENTS,
    logged=st.none() | EPISODES,
    recipient=st.builds(Recipient, last_mail_us=st.none() | MOMENTS, suppressed=st.booleans()),
)
POLICIES = st.builds(
    Policy,
    threshold_us=st.sampled_from([SECOND, THRESHOLD]),
    cooldown_us=st.sampled_from([0, HOUR, 24 * HOUR]),
    max_age_us=st.sampled_from([30 * HOUR, 72 * HOUR]),
    activated_us=MOMENTS,
    excluded_roles=st.just(frozenset({"admin"})),
    rollout_percent=st.sampled_from([Decimal(0), Decimal(50), Decimal(100), Decimal(100)]),
    holdout_percent=st.sampled_from([Decimal(0), Decimal(0), Decimal(20)]),
)


def obstacles(cart: Cart, known: int | None, now: int, policy: Policy) -> list[str]:
    """All that speaks against a mail now, each condition stated on its own."""
    found: list[str] = []
    version = cart.version if cart.version is not None and cart.lines else None
    if version is None:
        return ["empty"]
    row = cart.logged
    if row is not None and row.version >= version:
        open_row = row.version == version and row.status in {"retry", "claimed"}
        if not open_row:
            found.append("handled")
        elif row.status == "retry" and (row.next_attempt_us or 0) > now:
            found.append("retry later")
        elif row.status == "claimed" and row.owner_alive and (row.lease_until_us or 0) > now:
            found.append("leased")
    ahead = version > now + CLOCK_ERROR_US
    last_activity = max([known or 0, now if ahead and known is None else 0, 0 if ahead else version])
    quiet_for = now - last_activity
    customer = cart.customer
    conditions = {
        "activity": quiet_for < policy.threshold_us,
        "before activation": last_activity + policy.threshold_us - policy.activated_us <= 0,
        "too old": now - version > policy.max_age_us,
        "lacks a customer": customer is None and now - (cart.lacking_since_us or now) < policy.threshold_us,
        "role": customer is not None and customer.role == "Admin",
        "no address": customer is None or customer.address_hash is None,
        "opted out": cart.recipient.suppressed,
        "not in rollout": not _share("rollout", cart.key) < policy.rollout_percent,
        "holdout": _share("holdout", cart.key) < policy.holdout_percent,
        "cooldown": cart.recipient.last_mail_us is not None
        and now - cart.recipient.last_mail_us < policy.cooldown_us,
    }
    return found + [name for name, applies in conditions.items() if applies]


FIRST_OBSTACLE: dict[str, tuple[type[Decision], Reason | None]] = {
    "empty": (Skip, Reason.EMPTY),
    "handled": (Skip, Reason.HANDLED),
    "retry later": (Wait, Reason.RETRY),
    "leased": (Wait, Reason.LEASED),
    "activity": (Wait, Reason.ACTIVITY),
    "before activation": (Skip, Reason.BEFORE_ACTIVATION),
    "too old": (Skip, Reason.TOO_OLD),
    "lacks a customer": (Wait, Reason.NO_CUSTOMER),
    "role": (Skip, Reason.ROLE),
    "no address": (Skip, Reason.NO_ADDRESS),
    "opted out": (Skip, Reason.OPTED_OUT),
    "not in rollout": (Skip, Reason.ROLLOUT),
    "holdout": (Holdout, None),
    "cooldown": (Wait, Reason.COOLDOWN),
}


@settings(max_examples=1_500, deadline=None)
@given(
    cart=CARTS,
    policy=POLICIES,
    known=st.none() | MOMENTS,
    around=st.sampled_from(["now", "due", "activation", "age", "cooldown", "retry", "lease"]),
    offset=NEAR,
    moment=MOMENTS,
)
def test_a_mail_goes_out_exactly_when_nothing_speaks_against_it(
    cart: Cart, policy: Policy, known: int | None, around: str, offset: int, moment: int
) -> None:
    activity = max(T0, known or 0)
    row = cart.logged
    anchors = {
        "now": moment,
        "due": activity + policy.threshold_us,
        "activation": activity + policy.threshold_us,
        "age": T0 + policy.max_age_us,
        "cooldown": (cart.recipient.last_mail_us or moment) + policy.cooldown_us,
        "retry": (row.next_attempt_us if row else None) or moment,
        "lease": (row.lease_until_us if row else None) or moment,
    }
    now = anchors[around] + offset
    if around == "activation":
        policy, now = replace(policy, activated_us=now), now + MINUTE
    assume(now + CLOCK_ERROR_US >= T0)  # rows of the future are not believed, and have tests of their own
    answer = decide(cart, known, now, policy)
    against = obstacles(cart, known, now, policy)
    if not against:
        assert answer == Send(activity, activity + policy.threshold_us)
        assert answer.due_us <= now
        return
    kind, reason = FIRST_OBSTACLE[against[0]]
    assert isinstance(answer, kind), f"{against} → {answer}"
    if isinstance(answer, Wait):
        assert answer.until_us > now, "waiting is always for the future"
    if isinstance(answer, Skip | Wait):
        assert answer.reason is reason, f"{against} → {answer}"
    assert decide(cart, known, now, policy) == answer, "pure"


@settings(max_examples=500, deadline=None)
@given(cart=CARTS, policy=POLICIES, known=st.none() | MOMENTS, now=MOMENTS)
def test_waiting_comes_to_an_end(cart: Cart, policy: Policy, known: int | None, now: int) -> None:
    cart = replace(cart, lacking_since_us=min(T0, now) - policy.threshold_us)
    answer = decide(cart, known, now, policy)
    for _ in range(4):  # at most: retry or lease, activity, cool-down
        if not isinstance(answer, Wait):
            return
        if answer.reason is Reason.ACTIVITY and known is None:
            known = answer.until_us - policy.threshold_us  # as Recovery does
        answer = decide(cart, known, answer.until_us, policy)
    pytest.fail(f"still waiting: {answer}")


LISTED = replace(POLICY, stores=frozenset({"de", "1"}))


@pytest.mark.parametrize("store", ["fr", None])
def test_a_cart_of_a_store_that_is_not_listed_is_no_episode_here(store: str | None) -> None:
    answer = decide(replace(CART, store=store), None, DUE, LISTED)
    assert isinstance(answer, Skip)
    assert (answer.reason, answer.logged) == (Reason.STORE, False)
    assert isinstance(decide(replace(CART, store=store), None, DUE, POLICY), Send), (
        "without a list all are ours"
    )


def test_a_cart_of_a_listed_store_is_mailed() -> None:
    assert isinstance(decide(replace(CART, store="de"), None, DUE, LISTED), Send)


def test_nothing_else_is_said_of_another_stores_cart() -> None:
    """Its instance may have other rules; what is too old is too old for all."""
    nobody = Customer(7, None, None, None, None)
    for changes in ({"customer": nobody}, {"unreadable": "type"}, {"lines": (), "missing": frozenset({1})}):
        answer = decide(replace(CART, store="fr", **changes), None, DUE, LISTED)
        assert isinstance(answer, Skip)
        assert answer.reason is Reason.STORE
    old = decide(replace(CART, store="fr"), None, DUE + POLICY.max_age_us, LISTED)
    assert isinstance(old, Skip)
    assert old.reason is Reason.TOO_OLD


def test_the_row_that_would_tell_the_store_is_waited_for() -> None:
    """The SELECT of customers gives the store, and the shop is importing them."""
    unknown = replace(CART, customer=None, customer_id=7)
    answer = decide(unknown, None, DUE, LISTED)
    assert isinstance(answer, Wait)
    assert answer.reason is Reason.NO_CUSTOMER
    later = decide(replace(unknown, lacking_since_us=DUE), None, DUE + THRESHOLD, LISTED)
    assert isinstance(later, Skip)
    assert not later.logged
