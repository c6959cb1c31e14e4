"""Due carts are read, decided on, and acted on; one that breaks something holds up no other."""

from collections.abc import Sequence
from typing import Any

import pytest
import structlog
from fakes.stages import HOUR, NOW, SECOND, FakeLoader, Shop, cart

from binlog_watcher.core.cart import Cart, Recipient
from binlog_watcher.core.decision import Decision, Send, Skip, Wait
from binlog_watcher.core.log_status import Reason
from binlog_watcher.core.tracker import DueCart
from binlog_watcher.errors import CartwakeError, ConfigError, DatabaseUnavailableError
from binlog_watcher.recovery.recovery import AGE_MARGIN_US, SIFT_BATCH_SIZE, UNAVAILABLE_US, Recovery
from binlog_watcher.recovery.set_aside import SET_ASIDE_US
from binlog_watcher.recovery.stages import DecidedCart, UnmailedCart


class Desk:
    """A recovery between a loader and what acts on its decisions. ``breaks``: what acting on a key raises."""

    claims = 0

    def __init__(self) -> None:
        self.shop, self.loader = Shop(), FakeLoader()
        self.breaks: dict[int | str, Exception] = {}
        self.mailed: list[DecidedCart] = []
        self.unmailed: list[UnmailedCart] = []
        self.old_news: set[int | str] = set()
        loader: Any = self.loader
        self.recovery = Recovery(loader, self, self.shop.runtime)

    def is_news(self, left: Cart, _decision: Decision) -> bool:
        return left.key not in self.old_news

    async def close(self, unmailed: Sequence[UnmailedCart]) -> None:
        self._break([one.due for one in unmailed])
        self.unmailed += unmailed
        for one in unmailed:
            self.shop.tracker.finish(one.due.key)

    async def mail(self, decided: Sequence[DecidedCart], now_us: int) -> None:
        assert now_us == NOW
        self._break([one.due for one in decided])
        self.mailed += decided
        for one in decided:
            self.shop.tracker.finish(one.due.key)

    def _break(self, due: Sequence[DueCart]) -> None:
        for one in due:
            if one.key in self.breaks:
                raise self.breaks[one.key]

    async def process(self, *carts: Cart) -> dict[int | str, Decision]:
        self.loader.carts = {one.key: one for one in carts}
        handled = await self.recovery.process([self.shop.take(one.key) for one in carts])
        return {one.key: one.decision for one in handled}

    def waits_until(self, key: int) -> int | None:
        return self.shop.tracker.due_of(key)


def cool(key: int) -> Cart:
    """A cart whose address was mailed an hour ago."""
    return cart(key, recipient=Recipient(last_mail_us=NOW - HOUR))


async def test_each_cart_goes_the_way_of_its_decision() -> None:
    desk = Desk()
    decisions = await desk.process(
        cart(1),
        cool(2),
        cart(3, customer=None, lacking_since_us=NOW - HOUR),
        cart(4, lines=(), version=None),
    )
    assert {key: type(decision) for key, decision in decisions.items()} == {
        1: Send,
        2: Wait,
        3: Skip,
        4: Skip,
    }
    assert [one.due.key for one in desk.mailed] == [1]
    assert [(one.due.key, one.reason, one.activity_us) for one in desk.unmailed] == [
        (3, Reason.NO_ADDRESS, NOW - HOUR),
        (4, Reason.EMPTY, None),
    ]
    assert desk.waits_until(2) == NOW + 23 * HOUR
    assert desk.shop.tracker.in_hand == 0


async def test_a_cart_whose_customer_did_something_meanwhile_is_left_to_the_timers() -> None:
    desk = Desk()
    load = desk.loader.load

    def slowly(keys: Any, filled_us: Any = None) -> Any:
        desk.shop.activity(1)
        return load(keys, filled_us)

    vars(desk.loader)["load"] = slowly
    assert await desk.process(cart(1)) == {}
    assert desk.waits_until(1) == NOW + 1800 * SECOND
    assert desk.shop.tracker.in_hand == 0


async def test_what_is_no_news_is_finished_without_a_word() -> None:
    desk = Desk()
    desk.old_news = {1}
    assert await desk.process(cart(1)) == {}
    assert (desk.mailed, desk.shop.tracker.in_hand) == ([], 0)


@pytest.mark.parametrize("gone", [DatabaseUnavailableError("gone"), ConfigError("read only")])
async def test_without_mysql_the_whole_batch_waits_a_moment(gone: Exception) -> None:
    desk = Desk()
    desk.loader.failure = gone
    assert await desk.process(cart(1), cart(2)) == {}
    assert [desk.waits_until(key) for key in (1, 2)] == [NOW + UNAVAILABLE_US] * 2
    assert desk.shop.tracker.in_hand == 0


@pytest.mark.parametrize(
    ("error", "what"), [(CartwakeError("out of range"), "unwritable"), (ZeroDivisionError("odd"), "broken")]
)
async def test_a_cart_that_breaks_something_is_set_aside_and_the_others_go_on(
    error: Exception, what: str
) -> None:
    desk = Desk()
    desk.breaks = {2: error}
    with structlog.testing.capture_logs() as logs:
        decisions = await desk.process(cart(1), cart(2), cart(3))
    assert sorted(decisions, key=str) == [1, 3]
    assert sorted(one.due.key for one in desk.mailed) == [1, 3]
    assert desk.waits_until(2) == NOW + SET_ASIDE_US
    assert 2 in desk.recovery.set_aside
    assert 1 not in desk.recovery.set_aside
    assert [(entry["cart"], entry["what"]) for entry in logs if entry["event"] == "recovery.set_aside"] == [
        (2, what)
    ]
    desk.shop.clock.us += SET_ASIDE_US
    assert 2 not in desk.recovery.set_aside


async def test_a_cart_that_can_not_be_handled_is_given_up_when_it_is_too_old() -> None:
    desk = Desk()
    with structlog.testing.capture_logs() as logs:
        for _ in range(200):
            await desk.recovery.process([desk.shop.take(1)])
            if desk.shop.tracker.due_of(1) is None:
                break
            desk.shop.clock.us += SET_ASIDE_US
            desk.shop.tracker._states.cancel(1)
    told = [entry["event"] for entry in logs if entry["log_level"] == "error"]
    assert told == ["recovery.set_aside"] * 73 + ["recovery.given_up"]  # each hour, for 72 hours


async def test_a_cart_that_can_not_be_read_is_set_aside_with_the_reason() -> None:
    desk = Desk()
    due = [desk.shop.take(1)]
    with structlog.testing.capture_logs() as logs:
        assert await desk.recovery.process(due) == []
    assert desk.waits_until(1) == NOW + SET_ASIDE_US
    assert [entry["what"] for entry in logs if entry["event"] == "recovery.set_aside"] == ["unreadable"]
    assert (
        desk.shop.runtime.metrics.registry.get_sample_value("cartwake_skips_total", {"reason": "unreadable"})
        == 1
    )


async def test_of_many_woken_carts_one_statement_tells_which_are_young() -> None:
    desk = Desk()
    desk.loader.carts = {3: cart(3), 4: cart(4)}
    woken = [desk.shop.take(key) for key in range(2 * SIFT_BATCH_SIZE)]
    desk.shop.activity(4)
    await desk.recovery.sift(woken)
    max_age_us = desk.shop.runtime.policy.max_age_us
    assert desk.loader.asked == [(SIFT_BATCH_SIZE, NOW - max_age_us - AGE_MARGIN_US)] * 2
    assert desk.loader.reads == 0
    assert desk.waits_until(3) == NOW
    assert desk.waits_until(4) == NOW + 1800 * SECOND, "its customer is busy with it"
    assert (desk.shop.tracker.armed, desk.shop.tracker.in_hand) == (2, 0)


@pytest.mark.parametrize("gone", [DatabaseUnavailableError("gone"), ZeroDivisionError("odd")])
async def test_woken_carts_that_can_not_be_sifted_are_not_lost(gone: Exception) -> None:
    desk = Desk()
    desk.loader.failure = gone
    woken = [desk.shop.take(key) for key in (1, 2)]
    with structlog.testing.capture_logs() as logs:
        await desk.recovery.sift(woken)
    assert [(entry["event"], entry["carts"]) for entry in logs] == [("recovery.not_sifted", 2)]
    assert [desk.waits_until(key) for key in (1, 2)] == [NOW + UNAVAILABLE_US] * 2
    assert desk.shop.tracker.take_due(NOW + HOUR, 10) == [], "behind the others"
