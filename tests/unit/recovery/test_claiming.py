"""Which carts are claimed: with a token of the rate limit, the dearest first, and none that another mail holds back."""

from decimal import Decimal
from typing import Any

import pytest
import structlog
from fakes.stages import HOUR, NOW, SECOND, FakeLog, Shop, cart

from binlog_watcher.core.cart import Line, LoggedEpisode
from binlog_watcher.core.decision import Send
from binlog_watcher.core.log_status import Reason, Status
from binlog_watcher.core.rate_limit import TokenBucket
from binlog_watcher.errors import DatabaseUnavailableError
from binlog_watcher.recovery.claiming import SOON_US, Claiming
from binlog_watcher.recovery.stages import DecidedCart
from binlog_watcher.store.own_tables.log_rows import Episode


class Desk:
    """Claims between a shop and a log; ``burst`` tokens are there, and one a second follows."""

    def __init__(self, burst: int | None = None) -> None:
        self.shop, self.log = Shop(), FakeLog()
        log: Any = self.log
        episode_of: Any = lambda cart, activity_us: Episode(  # noqa: E731 - stands for EpisodeOf
            cart, cart.version or 0, activity_us, "USD", Decimal(0)
        )
        limiter = TokenBucket(None if burst is None else 60, NOW, burst=burst)
        self.claiming = Claiming(log, self.shop.runtime, limiter, episode_of, lease_us=HOUR)

    def decided(self, key: int, price: int = 20, **changes: Any) -> DecidedCart:
        line = Line(1, "Kettle", "Kitchen", Decimal(price), 1, None)
        return DecidedCart(
            self.shop.take(key), cart(key, lines=(line,), **changes), Send(NOW - HOUR, NOW - HOUR // 2)
        )

    async def claim(self, *decided: DecidedCart) -> list[tuple[int | str, int, int]]:
        """Key, row and attempt of those that are ours now."""
        ours = await self.claiming.claim(decided, NOW)
        return [(one.key, one.log_id, one.attempt) for one in ours]


async def test_a_batch_is_claimed_at_once_the_dearest_first() -> None:
    desk = Desk()
    assert await desk.claim(desk.decided(1, 5), desk.decided(2, 50)) == [(2, 102, 1), (1, 101, 1)]
    assert desk.log.claimed == [[2, 1]]
    assert desk.claiming.claims == 2


async def test_every_fourth_claim_is_the_oldest_cart_s_whatever_went_before() -> None:
    desk = Desk()
    await desk.claim(*(desk.decided(key, 50) for key in (1, 2, 3)))
    old = desk.decided(4, 1)
    old = old._replace(send=Send(NOW - 2 * HOUR, NOW - HOUR))
    assert [key for key, _, _ in await desk.claim(desk.decided(5, 50), old)] == [4, 5]


async def test_a_row_that_was_tried_before_has_a_higher_attempt() -> None:
    desk = Desk()
    before = LoggedEpisode(101, NOW - HOUR, Status.RETRY, 2, NOW, None)
    older = LoggedEpisode(99, NOW - 2 * HOUR, Status.FAILED, 8, None, None)
    assert await desk.claim(desk.decided(1, logged=before)) == [(1, 101, 3)]
    assert await desk.claim(desk.decided(2, logged=older)) == [(2, 102, 1)]


async def test_without_a_token_there_is_no_claim_and_each_waits_for_its_own() -> None:
    desk = Desk(burst=1)
    assert await desk.claim(desk.decided(1, 1), desk.decided(2, 3), desk.decided(3, 2)) == [(2, 102, 1)]
    assert desk.log.claimed == [[2]]
    assert desk.shop.tracker.due_of(3) == NOW + SECOND
    assert desk.shop.tracker.due_of(1) == NOW + 2 * SECOND


async def test_tokens_that_no_claim_was_made_with_are_given_back() -> None:
    desk = Desk(burst=1)
    desk.log.failures.append(DatabaseUnavailableError("gone"))
    with pytest.raises(DatabaseUnavailableError):
        await desk.claim(desk.decided(1))
    desk.log.taken = {2}
    assert await desk.claim(desk.decided(2)) == []
    assert await desk.claim(desk.decided(3)) == [(3, 103, 1)]


async def test_who_is_held_back_by_another_mail_waits_and_who_was_faster_has_it() -> None:
    desk = Desk()
    desk.log.waits = {1: (NOW + HOUR, Reason.COOLDOWN), 2: (NOW, Reason.OPTED_OUT)}
    desk.log.taken = {3}
    with structlog.testing.capture_logs() as logs:
        assert await desk.claim(desk.decided(1), desk.decided(2), desk.decided(3)) == []
    assert desk.shop.tracker.due_of(1) == NOW + HOUR
    assert desk.shop.tracker.due_of(2) == NOW + SOON_US
    assert desk.shop.tracker.due_of(3) is None
    assert desk.shop.tracker.in_hand == 0
    assert ("recovery.finished", "taken") in [(entry["event"], entry.get("outcome")) for entry in logs]
