"""Who belongs to a rollout and to a holdout: a draw that never changes, by person."""

from dataclasses import replace
from decimal import Decimal

import pytest
from fakes.quiet_cart import CART, CUSTOMER, DUE, GO_ON, HOUR, POLICY, SECOND, T0, logged

from binlog_watcher.core.cart import Recipient
from binlog_watcher.core.decision import Decision, Holdout, Send, Skip, _person, _share, decide
from binlog_watcher.core.log_status import Reason, Status


def outcome(key: int | str, rollout: str, holdout: str = "0") -> Decision:
    policy = replace(POLICY, rollout_percent=Decimal(rollout), holdout_percent=Decimal(holdout))
    return decide(replace(CART, key=key), None, DUE, policy)


def test_rollout_of_everybody_and_of_nobody() -> None:
    assert all(outcome(key, "100") == GO_ON for key in range(2_000))
    assert all(outcome(key, "0") == Skip(Reason.ROLLOUT, T0) for key in range(2_000))


@pytest.mark.parametrize("percent", ["1", "12.5", "50"])
def test_the_share_is_about_right(percent: str) -> None:
    mailed = sum(isinstance(outcome(key, percent), Send) for key in range(10_000))
    # Four standard deviations of a fair draw of 10,000.
    share = float(percent) / 100
    assert abs(mailed - 10_000 * share) < 4 * (10_000 * share * (1 - share)) ** 0.5


def test_raising_the_rollout_only_adds_customers() -> None:
    before: set[int] = set()
    for percent in ("0", "0.01", "1", "5", "33.3", "80", "99.99", "100"):
        now = {key for key in range(3_000) if isinstance(outcome(key, percent), Send)}
        assert before <= now
        before = now


def test_raising_the_rollout_never_mails_what_was_skipped() -> None:
    skipped = next(key for key in range(100) if isinstance(outcome(key, "50"), Skip))
    again = replace(CART, key=skipped, logged=logged(Status.SKIPPED))
    assert decide(again, DUE + HOUR, DUE + 2 * HOUR, POLICY) == Skip(Reason.HANDLED)
    newer = replace(again, version=T0 + SECOND)
    assert isinstance(decide(newer, None, DUE + SECOND, POLICY), Send), "the next episode is a new one"


def test_the_draw_is_the_same_in_every_process_and_release() -> None:
    # By hand: the first 16 hex digits of `printf cartwake:rollout:1 | sha256sum`, modulo 10,000. A change here
    # would move customers between the groups of a running rollout.
    known: dict[int | str, str] = {1: "75.32", 2: "63.39", "guest": "45.50"}
    assert {key: _share("rollout", key) for key in known} == {k: Decimal(v) for k, v in known.items()}
    assert _share("rollout", 1) == _share("rollout", "1"), "a key is the same as number and as text"


def test_holdout_is_drawn_independently_of_the_rollout() -> None:
    inside = [key for key in range(20_000) if isinstance(outcome(key, "30"), Send)]
    held = sum(isinstance(outcome(key, "30", "20"), Holdout) for key in inside)
    share = held / len(inside)
    assert 0.17 < share < 0.23, f"a fifth of those inside the rollout, not {share:.1%}"
    assert not any(isinstance(outcome(key, "30", "20"), Holdout) for key in set(range(20_000)) - set(inside))


def test_holdout_comes_before_the_cooldown_and_after_the_refusals() -> None:
    policy = replace(POLICY, holdout_percent=Decimal(100))
    cooling = replace(CART, recipient=Recipient(last_mail_us=DUE))
    assert decide(cooling, None, DUE, policy) == Holdout(T0)
    assert decide(replace(CART, customer=replace(CUSTOMER, address_hash=None)), None, DUE, policy) == Skip(
        Reason.NO_ADDRESS, T0
    )


def test_the_customers_of_a_running_rollout_and_holdout_stay_where_they_are() -> None:
    # By hand, as above: 1 has 75.32 of the rollout, and 18.17 of the holdout.
    assert outcome(1, "75.32") == Skip(Reason.ROLLOUT, T0), "a share of 75.32 is not below 75.32"
    assert outcome(1, "75.33") == GO_ON
    assert outcome(1, "100", "18.17") == GO_ON
    assert outcome(1, "100", "18.18") == Holdout(T0)


def test_the_same_person_is_drawn_with_every_cart() -> None:
    guest = replace(CUSTOMER, id=None)
    carts = [replace(CART, key=f"cart-{number}", customer=guest, customer_id=None) for number in range(2)]
    assert _person(carts[0]) == _person(carts[1]) == "01" * 32
    assert _person(replace(CART, key="cart-1", customer_id=7)) == 7
    assert _person(replace(CART, key=9, customer=None, customer_id=None)) == 9


def test_a_guest_without_an_address_is_no_episode() -> None:
    nobody = replace(CUSTOMER, id=None, email=None, address_hash=None)
    assert decide(replace(CART, customer=nobody), None, DUE, POLICY) == Skip(Reason.GUEST)
