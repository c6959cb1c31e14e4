"""What follows from decisions: rows logged and closed, carts claimed and composed; in a dry run only words."""

from collections.abc import Sequence
from dataclasses import replace
from decimal import Decimal
from typing import Any

import structlog
from fakes.stages import HOUR, NOW, FakeLog, Shop, cart

from binlog_watcher.core.cart import Cart, LoggedEpisode
from binlog_watcher.core.decision import Holdout, Send, Skip, Wait
from binlog_watcher.core.log_status import Reason, Status
from binlog_watcher.recovery.closing import closing_reason
from binlog_watcher.recovery.dry_run import DryRun
from binlog_watcher.recovery.mailing import Mailing
from binlog_watcher.recovery.send.sending_gate import HELD_US
from binlog_watcher.recovery.stages import ClaimedCart, DecidedCart, UnmailedCart
from binlog_watcher.store.own_tables.log_rows import Episode

OPEN_ROW = LoggedEpisode(7, NOW - HOUR, Status.RETRY, 1, NOW, None)


class Desk:
    """Acts on decisions; claims and composed carts stay on the desk."""

    def __init__(self, held_us: int = 0) -> None:
        self.shop, self.log = Shop(), FakeLog()
        self.held_us = held_us
        self.admits = 0
        self.decisions: list[DecidedCart] = []
        self.composed: list[ClaimedCart] = []
        parts: Any = self
        log: Any = self.log
        self.mailing = Mailing(
            episodes=log, runtime=self.shop.runtime, gate=parts, claiming=parts, composing=parts,
            episode_of=parts,
        )  # fmt: skip

    def __call__(self, left: Cart, activity_us: int) -> Episode:
        return Episode(left, left.version or 0, activity_us, "USD", Decimal(0))

    def held_until_us(self, now_us: int) -> int:
        return now_us + self.held_us if self.held_us else 0

    def admit(self, decided: Sequence[DecidedCart], now_us: int) -> Sequence[DecidedCart]:
        assert now_us == NOW
        return decided[: self.admits] if self.held_us else decided

    async def claim(self, decided: Sequence[DecidedCart], now_us: int) -> list[ClaimedCart]:
        assert now_us == NOW
        self.decisions += decided
        return [ClaimedCart(one.due, one.cart, one.send, 100, 1) for one in decided]

    async def compose(self, claimed: Sequence[ClaimedCart]) -> None:
        self.composed += claimed

    def unmailed(
        self, key: int, reason: Reason, *, episode: bool = False, row: LoggedEpisode | None = None
    ) -> UnmailedCart:
        return UnmailedCart(
            self.shop.take(key), cart(key, logged=row), reason, NOW - HOUR if episode else None
        )

    def decided(self, key: int) -> DecidedCart:
        return DecidedCart(self.shop.take(key), cart(key), Send(NOW - HOUR, NOW))


async def test_what_is_not_mailed_is_logged_and_what_is_no_episode_is_not() -> None:
    desk = Desk()
    await desk.mailing.close(
        [
            desk.unmailed(1, Reason.NO_ADDRESS, episode=True),
            desk.unmailed(2, Reason.OPTED_OUT, episode=True),
            desk.unmailed(3, Reason.NO_ADDRESS, episode=True),
            desk.unmailed(4, Reason.EMPTY),
        ]
    )
    assert desk.log.skipped == [([1, 3], Reason.NO_ADDRESS), ([2], Reason.OPTED_OUT)]
    assert desk.log.closed == []
    assert desk.shop.tracker.in_hand == 0


async def test_a_row_that_is_open_is_closed_with_what_became_of_the_cart() -> None:
    desk = Desk()
    done = replace(OPEN_ROW, id=8, status=Status.SENT)
    await desk.mailing.close(
        [
            desk.unmailed(1, Reason.EMPTY, row=None),
            desk.unmailed(2, Reason.EMPTY, row=OPEN_ROW),
            desk.unmailed(3, Reason.EMPTY, row=done),
            desk.unmailed(4, Reason.TOO_OLD, row=replace(OPEN_ROW, id=9)),
            desk.unmailed(5, Reason.CLOSED, row=replace(OPEN_ROW, id=10, ours=False)),
        ]
    )
    assert desk.log.closed == [([7], Reason.EMPTIED), ([9], Reason.TOO_OLD)]


async def test_decided_carts_are_claimed_and_composed() -> None:
    desk = Desk()
    await desk.mailing.mail([desk.decided(1), desk.decided(2)], NOW)
    assert [one.key for one in desk.composed] == [1, 2]


async def test_while_nothing_can_be_sent_nothing_is_claimed() -> None:
    desk = Desk(held_us=HELD_US)
    await desk.mailing.mail([desk.decided(1)], NOW)
    assert desk.decisions == []
    assert desk.shop.tracker.due_of(1) == NOW + HELD_US


async def test_behind_the_one_that_is_tried_the_others_wait() -> None:
    desk = Desk(held_us=HELD_US)
    desk.admits = 1
    await desk.mailing.mail([desk.decided(1), desk.decided(2), desk.decided(3)], NOW)
    assert [one.key for one in desk.composed] == [1]
    assert [desk.shop.tracker.due_of(key) for key in (1, 2, 3)] == [None, NOW + HELD_US, NOW + HELD_US]


async def test_a_dry_run_tells_each_episode_once_and_finishes_the_cart() -> None:
    shop = Shop()
    dry = DryRun(shop.runtime)
    one = cart(1)
    assert dry.is_news(one, Send(0, 0))
    assert not dry.is_news(one, Send(0, 0))
    assert dry.is_news(replace(one, version=NOW), Holdout(0))
    assert dry.is_news(one, Wait(NOW, Reason.ACTIVITY)), "waiting is never told"
    assert dry.is_news(cart(2), Skip(Reason.EMPTY)), "neither is what is no episode"
    with structlog.testing.capture_logs() as logs:
        await dry.mail([DecidedCart(shop.take(1), one, Send(NOW - HOUR, NOW - 5_000_000))], NOW)
        await dry.close([UnmailedCart(shop.take(2), cart(2), Reason.OPTED_OUT, NOW)])
        await dry.close([UnmailedCart(shop.take(3), cart(3), Reason.EMPTY, None)])
    assert [(entry["event"], entry["cart"]) for entry in logs] == [
        ("recovery.would_send", 1), ("recovery.finished", 2), ("recovery.dropped", 3),
    ]  # fmt: skip
    assert logs[0]["due_s_ago"] == 5
    assert "user1@example.com" not in str(logs)
    assert (shop.tracker.in_hand, dry.claims) == (0, 0)


def test_a_cart_that_is_empty_was_bought_or_emptied() -> None:
    empty = cart(1, lines=(), version=None, logged=OPEN_ROW)
    assert closing_reason(empty, Reason.EMPTY) is Reason.EMPTIED
    assert closing_reason(replace(empty, newest_order_us=NOW), Reason.EMPTY) is Reason.BOUGHT_MEANWHILE
    assert closing_reason(replace(empty, newest_order_us=NOW - 3 * HOUR), Reason.EMPTY) is Reason.EMPTIED
    assert closing_reason(empty, Reason.CLOSED) is Reason.CLOSED
    assert closing_reason(replace(empty, newest_order_us=NOW), Reason.OPTED_OUT) is Reason.OPTED_OUT
    # An order that was there when the mail was composed is not the reason.
    before = cart(1, newest_order_us=NOW)
    assert closing_reason(replace(empty, newest_order_us=NOW), Reason.EMPTY, before) is Reason.EMPTIED


async def test_an_open_row_of_a_store_that_is_not_listed_is_left_to_whoever_lists_it() -> None:
    desk = Desk()
    await desk.mailing.close([desk.unmailed(1, Reason.STORE, row=OPEN_ROW)])
    assert (desk.log.skipped, desk.log.closed) == ([], [])
    assert desk.shop.tracker.in_hand == 0
