"""What a cart comes to: decide() at each moment it would be asked at."""

from dataclasses import replace

import pytest
from fakes.quiet_cart import CART, CUSTOMER, DUE, HOUR, LINE, MINUTE, POLICY, T0, logged

from binlog_watcher.core.cart import Recipient
from binlog_watcher.core.decision import Send, Skip, Wait, decide, refusals
from binlog_watcher.core.log_status import Reason, Status
from binlog_watcher.core.outlook import Look, outlook


def test_what_is_due_is_looked_at_once() -> None:
    assert outlook(CART, None, DUE, POLICY) == [Look(DUE, Send(T0, DUE))]


def test_a_cart_that_is_not_quiet_yet_is_mailed_when_it_is() -> None:
    now = DUE - 10 * MINUTE
    assert outlook(CART, None, now, POLICY) == [
        Look(now, Wait(DUE, Reason.ACTIVITY)),
        Look(DUE, Send(T0, DUE)),
    ]


def test_activity_that_only_the_source_saw_counts() -> None:
    known = T0 + 5 * MINUTE
    first, last = outlook(CART, known, DUE, POLICY)
    assert first.decision == Wait(DUE + 5 * MINUTE, Reason.ACTIVITY)
    assert last == Look(DUE + 5 * MINUTE, Send(known, DUE + 5 * MINUTE))


def test_one_wait_after_the_other() -> None:
    """Not quiet, then in its cool-down, and only then mailed."""
    last_mail = DUE - HOUR
    cart = replace(CART, recipient=Recipient(last_mail_us=last_mail))
    reasons = [
        one.decision.reason for one in outlook(cart, None, DUE - 1, POLICY) if isinstance(one.decision, Wait)
    ]
    assert reasons == [Reason.ACTIVITY, Reason.COOLDOWN]
    assert outlook(cart, None, DUE - 1, POLICY)[-1].at_us == last_mail + POLICY.cooldown_us


def test_the_end_may_be_that_it_is_never_mailed() -> None:
    cart = replace(CART, customer=replace(CUSTOMER, role="admin"))
    policy = replace(POLICY, excluded_roles=frozenset({"admin"}))
    assert outlook(cart, None, DUE - 1, policy)[-1] == Look(DUE, Skip(Reason.ROLE, T0))


def test_a_retry_is_waited_for() -> None:
    row = logged(Status.RETRY, next_attempt_us=DUE + HOUR)
    looks = outlook(replace(CART, logged=row), None, DUE, POLICY)
    assert [one.at_us for one in looks] == [DUE, DUE + HOUR]
    assert isinstance(looks[-1].decision, Send)


@pytest.mark.parametrize("ends", ["product", "lease"])
def test_what_others_end_is_not_foretold(ends: str) -> None:
    cart = replace(CART, lines=(), missing=frozenset({5}))
    if ends == "lease":
        cart = replace(CART, logged=logged(Status.CLAIMED, lease_until_us=DUE + HOUR))
    (one,) = outlook(cart, None, DUE, POLICY)
    assert isinstance(one.decision, Wait)
    assert one.decision.reason is (Reason.LEASED if ends == "lease" else Reason.NO_PRODUCT)


def test_all_that_speaks_against_a_mail_is_told_and_the_first_is_what_is_decided() -> None:
    customer = replace(CUSTOMER, role="admin", consent=False)
    cart = replace(
        CART, customer=customer, recipient=Recipient(suppressed=True), lines=(replace(LINE, available=False),)
    )
    policy = replace(POLICY, excluded_roles=frozenset({"admin"}), rollout_percent=POLICY.rollout_percent * 0)
    found = list(refusals(cart, policy))
    assert found == [
        Reason.ROLE, Reason.NO_CONSENT, Reason.OPTED_OUT, Reason.ROLLOUT, Reason.UNAVAILABLE,
    ]  # fmt: skip
    assert decide(cart, None, DUE, policy) == Skip(found[0], T0)
    assert list(refusals(CART, POLICY)) == []
