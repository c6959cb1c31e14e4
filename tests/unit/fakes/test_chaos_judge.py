"""A judge that finds nothing must be one that could have: each broken promise of the crash test, made up."""

from dataclasses import replace
from typing import Any

import pytest
from fakes.chaos.history import Change
from fakes.chaos.judge import STALE_US, Judge, Kill, Seen
from fakes.chaos.plan import Customer, Deed, Plan, make_plan
from fakes.chaos.shop import Done
from fakes.chaos.smtp import Line, Transfer

S = 1_000_000
ADD, ORDER = Deed("add", 0), Deed("order", 3)
JANE = Customer(1, "Jane@example.com", "leaves", 0, 0, (ADD,))
BUYER = Customer(2, "joe@example.com", "buys_late", 0, 0, (ADD, ORDER))
TWIN = Customer(3, "jane@example.com", "twins", 0, 0, (ADD,))
JANES = "jane@example.com"


def row(key: int, status: str, at_us: int | None = None, **more: Any) -> Change:
    values: dict[str, Any] = {
        "reason": None, "owner": "a", "attempts": 1, "error": None, "message_id": None, "second": 104,
    }  # fmt: skip
    return Change(key, str(key), status, began_us=at_us, **(values | more))


def transfer(
    recipient: str = JANES, begun_us: int = 104 * S, *, kept: bool = True, dropped: bool = False
) -> Transfer:
    return Transfer(0, 1, recipient, begun_us, "<1@x>", kept, dropped, "250 OK", over=True)


def judge(*history: Change, **changes: Any) -> Judge:
    """Of a cart filled at 100 s and due at 103, fenced at 103.5; ``changes`` to what was seen."""
    seen = Seen(
        plan=Plan(1, 3.0, ((JANE,),)),
        connections=2,
        done=[Done(1, ADD, 100 * S, 100 * S + 500)],
        transfers=[transfer()],
        lines={JANES: [Line(104 * S, 0, 1, "DATA")]},
        history=[row(1, "claimed", 103 * S), row(1, "sending", 103_500_000), *(history or [row(1, "sent")])],
        kills=[],
        events=[(103 * S, "instance 0 was killed")],
    )
    return Judge(replace(seen, **changes))


def kinds(found: Judge) -> set[str]:
    return {fault.kind for fault in found.faults}


def test_one_mail_is_as_it_should_be() -> None:
    found = judge()
    assert found.faults == []
    assert (found.mailed, found.unknown) == (1, [])


@pytest.mark.parametrize(
    ("kept", "kill_us", "expected"),
    [(True, 105, set()), (False, 105, set()), (True, 90, {"unexplained"}), (True, 500, {"unexplained"})],
)
def test_an_unknown_one_wants_a_death(kept: bool, kill_us: int, expected: set[str]) -> None:
    found = judge(row(1, "unknown"), transfers=[transfer(kept=kept)], kills=[Kill(0, kill_us * S, 1)])
    assert kinds(found) == expected


def test_a_server_that_hung_up_explains_it() -> None:
    assert kinds(judge(row(1, "unknown"), transfers=[transfer(dropped=True)])) == set()


def test_crashes_make_no_more_unknown_than_there_are_connections() -> None:
    three = [replace(JANE, id=number, address=f"{number}@example.com") for number in (1, 2, 3)]
    history = [row(one.id, status, 103_500_000) for one in three for status in ("sending", "unknown")]
    found = judge(
        plan=Plan(1, 3.0, (tuple(three),)), history=history, transfers=[], kills=[Kill(0, 104 * S, 3)]
    )
    assert kinds(found) == {"unknowns"}
    assert kinds(judge(plan=found.seen.plan, history=history[:4], transfers=[], kills=found.seen.kills)) == {
        "lost"
    }


def test_two_mails_are_a_double_also_for_a_twin() -> None:
    assert "double" in kinds(judge(transfers=[transfer(), transfer(begun_us=110 * S)]))
    twins = Plan(1, 3.0, ((JANE, TWIN),))
    history = [row(1, "sending", 103_500_000), row(1, "sent"), row(3, "sending", 105 * S), row(3, "sent")]
    found = judge(plan=twins, history=history, transfers=[transfer(), transfer(begun_us=106 * S)])
    assert kinds(found) == {"double"}
    held = [row(1, "sending", 103_500_000), row(1, "sent"), row(3, "retry")]
    assert kinds(judge(plan=twins, history=held)) == set()


@pytest.mark.parametrize(("late_us", "expected"), [(STALE_US, set()), (STALE_US + 1, {"stale_fence"})])
def test_data_comes_soon_after_the_fence_or_the_last_one_of_several(late_us: int, expected: set[str]) -> None:
    assert kinds(judge(transfers=[transfer(begun_us=103_500_000 + late_us)])) == expected
    again = [row(1, "sending", 103_500_000), row(1, "sending", 106 * S), row(1, "sent")]
    assert kinds(judge(history=again, transfers=[transfer(begun_us=106 * S + late_us)])) == expected


@pytest.mark.parametrize(
    ("stopped_us", "went_on_us", "expected"),
    [
        (103_504_000, 109 * S, set()),
        (103_504_000, 105 * S, {"stale_fence"}),  # it had gone on long before
        (103_504_000, 110 * S, {"stale_fence"}),  # DATA came while it stood
        (103_700_000, 109 * S, {"stale_fence"}),  # it had looked at its clock by then
    ],
)
def test_who_is_stopped_between_the_last_look_and_data_can_not_help_it(
    stopped_us: int, went_on_us: int, expected: set[str]
) -> None:
    late = judge(transfers=[transfer(begun_us=109 * S + 17_000)], stops=[(stopped_us, went_on_us)])
    assert kinds(late) == expected


def test_no_mail_is_lost() -> None:
    assert kinds(judge(history=[], transfers=[])) == {"lost"}
    assert kinds(judge(row(1, "retry"), transfers=[])) == {"lost", "unsettled"}
    assert kinds(judge(row(1, "failed"), transfers=[])) == {"lost", "failed"}
    assert kinds(judge(row(1, "sent"), transfers=[transfer(kept=False)])) == {"lost", "disagrees"}
    assert kinds(judge(row(1, "skipped", reason="bought_meanwhile"), transfers=[])) == {"lost", "disagrees"}


@pytest.mark.parametrize(
    ("acknowledged_us", "expected"), [(103_499_999, {"after_order"}), (103_500_000, set())]
)
def test_an_order_acknowledged_before_the_fence_began_must_stop_the_mail(
    acknowledged_us: int, expected: set[str]
) -> None:
    found = judge(
        plan=Plan(1, 3.0, ((BUYER,),)),
        done=[Done(2, ADD, 100 * S, 100 * S + 500), Done(2, ORDER, acknowledged_us - 400, acknowledged_us)],
        history=[row(2, "sending", 103_500_000), row(2, "sent")],
        transfers=[transfer("joe@example.com")],
    )
    assert kinds(found) == expected


@pytest.mark.parametrize(("added_us", "expected"), [(102 * S - 1, {"after_order"}), (102 * S + 1, set())])
def test_a_row_that_an_order_overtook_is_a_cart_of_its_own(added_us: int, expected: set[str]) -> None:
    found = judge(
        plan=Plan(1, 3.0, ((BUYER,),)),
        done=[Done(2, ADD, 99 * S, added_us), Done(2, ORDER, 102 * S, 102 * S + 500)],
        history=[row(2, "sending", 105_500_000), row(2, "sent")],
        transfers=[transfer("joe@example.com", 106 * S)],
    )
    assert kinds(found) == expected


def test_a_buyer_without_a_mail_is_as_it_should_be() -> None:
    found = judge(
        plan=Plan(1, 3.0, ((BUYER,),)),
        done=[Done(2, ADD, 100 * S, 100 * S + 500), Done(2, ORDER, 103 * S, 103 * S + 500)],
        history=[row(2, "claimed", 103 * S), row(2, "skipped", reason="bought_meanwhile")],
        transfers=[],
    )
    assert found.faults == []


def test_the_fence_that_counts_is_the_last_one_before_the_message() -> None:
    """A first attempt was greylisted, the order came, and the second must not have passed."""
    found = judge(
        plan=Plan(1, 3.0, ((BUYER,),)),
        done=[Done(2, ADD, 100 * S, 100 * S + 500), Done(2, ORDER, 104 * S, 104 * S + 500)],
        history=[row(2, "sending", 103_500_000), row(2, "retry"), row(2, "sending", 105 * S), row(2, "sent")],
        transfers=[transfer("joe@example.com", 106 * S)],
    )
    assert kinds(found) == {"after_order"}


def test_too_early_unfenced_and_stray_mails() -> None:
    assert kinds(judge(done=[Done(1, ADD, 102 * S, 102 * S + 500)])) == {"early"}
    assert "unfenced" in kinds(judge(transfers=[transfer(begun_us=102 * S)]))
    assert "stray" in kinds(judge(transfers=[transfer(), transfer("nobody@example.com")]))


def test_the_story_has_the_seed_and_all_sides_in_order() -> None:
    found = judge(row(1, "sent"), transfers=[transfer(), transfer(begun_us=110 * S)])
    told = found.report()
    assert told.startswith("seed 1: {'double': 1")
    words = ["shop   user 1", "claimed", "sending", "smtp   instance 0, connection 1: DATA"]
    positions = [told.index(word) for word in words]
    assert positions == sorted(positions)
    assert "instance 0 was killed" in told


def test_a_plan_is_the_same_for_a_seed_and_has_every_kind() -> None:
    plan = make_plan(carts=2000, waves=25, threshold_s=3.0, seed=7)
    assert plan == make_plan(carts=2000, waves=25, threshold_s=3.0, seed=7)
    assert len(list(plan.customers)) == 2000
    kinds = {one.kind for one in plan.customers}
    assert len(kinds) == 7
    assert 1200 < sum(one.leaves for one in plan.customers) < 1700


@pytest.mark.parametrize(
    ("bought_s", "transfers", "history", "expected"),
    [
        (103.4, [transfer()], (), {"after_order"}),
        (103.6, [transfer()], (), set()),
        (103.4, [], (row(1, "skipped", reason="bought_meanwhile"),), set()),
    ],
)
def test_an_order_of_the_twin_counts(
    bought_s: float, transfers: list[Transfer], history: tuple[Change, ...], expected: set[str]
) -> None:
    twin = replace(TWIN, deeds=(ADD, ORDER))
    bought_us = int(bought_s * S)
    found = judge(
        *history,
        plan=Plan(1, 3.0, ((JANE, twin),)),
        transfers=transfers,
        done=[
            Done(1, ADD, 100 * S, 100 * S + 500),
            Done(3, ADD, 100 * S, 100 * S + 500),
            Done(3, ORDER, bought_us - 500, bought_us),
        ],
    )
    assert kinds(found) == expected
