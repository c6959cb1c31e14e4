from dataclasses import replace
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from binlog_watcher.demo.expectations import (
    ExpectedMail,
    Item,
    LoggedCart,
    ReceivedMail,
    Story,
    Timing,
    discount_percent,
    money,
)
from binlog_watcher.demo.judgement import Outcome, check, judge, percentile

DESK = (Item("Laptop Aero 14", Decimal("1299.00")), Item("Wireless Mouse", Decimal("24.99"), 2))


def expected(**changes: object) -> ExpectedMail:
    plain = ExpectedMail(7, "ada@example.com", "Ada", DESK, due=1000.0)
    return replace(plain, **changes)  # type: ignore[arg-type]


def received(want: ExpectedMail, **changes: object) -> ReceivedMail:
    """The mail that a correct service sends for ``want``."""
    words = " ".join(item.name for item in want.items)
    body = f"{words} Subtotal {money(want.subtotal)} Total {money(want.total)}"
    promise = ""
    if want.percent:
        code = {"10": "COMEBACK10", "20": "COMEBACK20"}[str(want.percent)]
        body += f" {want.percent}% off, -{money(want.saving)} with {code}"
        promise = f" - {want.percent}% off"
    mail = ReceivedMail(
        number=1,
        arrived_at=want.due + 0.05,
        address=want.address,
        header_to=want.address,
        subject=f"{want.greeting}, you left something in your cart{promise}",
        page=body,
        text=body,
        products=frozenset(item.name for item in want.items) | {"HD Webcam"},
        unsubscribe="<mailto:support@example.com>",
    )
    return replace(mail, **changes)  # type: ignore[arg-type]


def logged(want: ExpectedMail) -> LoggedCart:
    return LoggedCart(want.user_id, "sent", None, 1, want.subtotal, want.percent)


def story(*mails: ExpectedMail, skips: tuple[str, ...] = (), user_id: int = 7) -> Story:
    return Story("a scenario", user_id, "ada@example.com", list(mails), list(skips))


def problems(outcome: Outcome) -> str:
    return "\n".join(problem for verdict in outcome.verdicts for problem in verdict.problems)


def test_a_good_mail_is_good() -> None:
    want = expected()
    outcome = judge([story(want)], [received(want)], [logged(want)])

    assert outcome.ok
    (verdict,) = outcome.verdicts
    assert (verdict.shoppers, verdict.expected, verdict.received) == (1, 1, 1)
    assert outcome.lateness_ms[Timing.LIVE] == [pytest.approx(50)]


@pytest.mark.parametrize(
    ("total", "percent"), [("99.99", 0), ("100.00", 10), ("499.99", 10), ("500.00", 20), ("0.01", 0)]
)
def test_tiers(total: str, percent: int) -> None:
    assert discount_percent(Decimal(total)) == percent


def test_money_and_rounding() -> None:
    want = expected(items=(Item("x", Decimal("1234.55")),))
    assert money(want.subtotal) == "$1,234.55"
    assert money(want.saving) == "$246.91"
    assert want.saving + want.total == want.subtotal


@pytest.mark.parametrize(
    ("changes", "complaint"),
    [
        ({"arrived_at": 999.0}, "too early"),
        ({"subject": "Ada, you left something in your cart"}, "does not promise 20 %"),
        ({"subject": "Ada, you left something in your cart - 10% off"}, "does not promise 20 %"),
        ({"subject": "Hello - 20% off"}, "has the subject"),
        ({"subject": "Bob, you left something in your cart - 20% off"}, "does not greet 'Ada'"),
        ({"page": "nothing"}, "HTML does not show 'Laptop Aero 14'"),
        ({"text": "nothing"}, "text does not show '$1,348.98'"),
        ({"header_to": "bob@example.com"}, "is addressed to"),
        ({"active": ("<script>",)}, "contains <script>"),
        ({"products": frozenset({"Laptop Aero 14"})}, "recommends nothing"),
        ({"products": frozenset({"Air Fryer 4 L"})}, "recommends 'Air Fryer 4 L', which is sold out"),
        ({"unsubscribe": ""}, "List-Unsubscribe"),
    ],
)
def test_every_fault_is_seen(changes: dict[str, object], complaint: str) -> None:
    want = expected()
    assert complaint in "; ".join(check(want, received(want, **changes)))


def test_a_mail_of_ten_things_shows_eight_and_counts_the_others() -> None:
    things = tuple(Item(f"Thing {number}", Decimal(1), 2) for number in range(10))
    want = expected(items=things)
    assert "HTML does not show 'and 4 more'" in check(want, received(want))
    shown = " ".join([*(item.name for item in things[:8]), "and 4 more", money(want.subtotal)])
    assert check(want, replace(received(want), page=shown, text=shown)) == []


def test_a_small_cart_must_not_be_promised_anything() -> None:
    want = expected(items=(Item("Phone Case Clear", Decimal("15.90")),))
    mail = received(want, subject="Ada, you left something in your cart - 10% off")
    assert check(want, received(want)) == []
    assert "does not promise 0 %" in "; ".join(check(want, mail))


@pytest.mark.parametrize("timing", [Timing.HELD, Timing.OUTAGE, Timing.CLOCK])
def test_moments_known_less_exactly_may_come_a_little_early(timing: Timing) -> None:
    want = expected(timing=timing)
    assert check(want, received(want, arrived_at=want.due - 0.4)) == []
    assert check(want, received(want, arrived_at=want.due - 1.2)) != []


def test_a_missing_mail() -> None:
    outcome = judge([story(expected())], [], [])
    assert not outcome.ok
    assert outcome.verdicts[0].missing == 1
    assert "$1,348.98 is missing" in problems(outcome)


def test_a_doubled_mail() -> None:
    want = expected()
    outcome = judge([story(want)], [received(want), received(want, number=2)], [logged(want)])
    assert not outcome.ok
    assert outcome.verdicts[0].doubled == 1


def test_a_mail_where_none_was_due() -> None:
    outcome = judge([story()], [received(expected())], [])
    assert not outcome.ok
    assert outcome.verdicts[0].wrong == 1
    assert "nothing should have come" in problems(outcome)


def test_a_mail_to_a_stranger() -> None:
    outcome = judge([story()], [received(expected(address="eve@example.com"))], [])
    assert not outcome.ok
    assert "eve@example.com: 1 unexpected" in problems(outcome)


def test_two_users_with_one_address_share_a_mailbox() -> None:
    first = expected()
    second = expected(user_id=8, address="Ada@Example.com", due=1015.0, timing=Timing.HELD)
    stories = [story(first), story(second, user_id=8)]
    mails = [received(first), received(second, number=2)]

    assert judge(stories, mails, [logged(first), logged(second)]).ok
    early = replace(mails[1], arrived_at=1001.0)
    assert not judge(stories, [mails[0], early], [logged(first), logged(second)]).ok


def test_the_log_must_agree() -> None:
    want = expected()
    wrong = replace(logged(want), cart_total=Decimal(1))
    assert "sent 1 at 20 %, expected 1348.98 at 20 %" in problems(
        judge([story(want)], [received(want)], [wrong])
    )
    unsure = replace(logged(want), status="unknown", email_sent=None)
    assert "status unknown" in problems(judge([story(want)], [received(want)], [unsure]))
    unsent = replace(logged(want), email_sent=0)
    assert "email_sent = 0" in problems(judge([story(want)], [received(want)], [unsent]))


def test_skipped_carts_need_their_reason() -> None:
    row = LoggedCart(7, "skipped", "no_address", 0, Decimal(10), Decimal(0))
    assert judge([story(skips=("no_address",))], [], [row]).ok
    assert not judge([story(skips=("role",))], [], [row]).ok
    assert not judge([story()], [], [row]).ok
    assert not judge([story(skips=("no_address",))], [], []).ok


def test_a_shopper_who_came_too_late_is_not_judged_but_one_must_succeed() -> None:
    late = story()
    late.inconclusive = "the machine was too busy"
    mail = received(expected())

    assert judge([late, Story("a scenario", 8, "bob@example.com")], [mail], []).ok
    assert not judge([late], [mail], []).ok


def test_a_shopper_who_could_not_play_on_fails_the_scenario() -> None:
    stuck = story()
    stuck.failed = "could not play on: waited in vain"
    assert not judge([stuck], [], []).ok


def test_what_was_due_in_the_outage_counts_from_its_end() -> None:
    want = expected(timing=Timing.OUTAGE)
    outcome = judge([story(want)], [received(want, arrived_at=1010.25)], [logged(want)], restarted_at=1010.0)
    assert outcome.lateness_ms[Timing.OUTAGE] == [pytest.approx(250)]


def test_percentiles_by_nearest_rank() -> None:
    assert percentile([], 50) is None
    assert percentile([3.0], 99) == 3.0
    assert percentile([float(n) for n in range(1, 101)], 50) == 50
    assert percentile([float(n) for n in range(1, 101)], 99) == 99


@given(st.lists(st.floats(0, 1e6), min_size=1), st.integers(1, 100))
def test_a_percentile_has_that_share_at_or_below_it(values: list[float], percent: int) -> None:
    found = percentile(values, percent)
    assert found is not None
    assert sum(value <= found for value in values) * 100 >= percent * len(values)
    assert sum(value < found for value in values) * 100 < percent * len(values)
