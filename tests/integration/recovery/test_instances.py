"""Several instances over one log, dead ones among them."""

import asyncio
from typing import Any

import pytest
from fakes.mail_server import MailServer
from fakes.recovering import abandon, recovering

from binlog_watcher.core.decision import Skip
from binlog_watcher.core.log_status import Reason
from binlog_watcher.recovery.send.attempts import MAX_ATTEMPTS

HOUR = 3_600_000_000
MINUTE = 60_000_000


pytestmark = pytest.mark.usefixtures("impatient")


async def test_the_claims_of_a_dead_instance_are_taken_over_at_once(shop: Any, smtp: MailServer) -> None:
    abandon(shop, [1])
    shop.claim(shop.instance(), 1)  # an instance without presence: dead
    async with recovering(shop, smtp) as cartwake:
        await cartwake.recover(1)
        assert cartwake.rows() == [("1", "sent", None, 1)]
        assert shop.log()[0]["attempts"] == 1


async def test_crashes_use_up_no_attempt(shop: Any, smtp: MailServer) -> None:
    (address,) = abandon(shop, [1])
    for _ in range(MAX_ATTEMPTS + 1):
        shop.claim(shop.instance(), 1)  # takes it over from the one before, and dies
    smtp.answer("RCPT", address, "451 later")
    async with recovering(shop, smtp) as cartwake:
        await cartwake.recover(1)
        assert cartwake.rows() == [("1", "retry", None, 0)]
        assert shop.log()[0]["attempts"] == 1


async def test_an_empty_cart_that_a_dead_instance_claimed_is_closed(shop: Any, smtp: MailServer) -> None:
    abandon(shop, [1])
    shop.claim(shop.instance(), 1)
    shop.run("DELETE FROM cart")
    async with recovering(shop, smtp) as cartwake:
        await cartwake.recover(1)
        assert cartwake.rows() == [("1", "skipped", "emptied", 0)]
        assert cartwake.resources.episodes.open_rows(cartwake.now_us()) == []


async def test_a_mail_past_the_fence_when_its_instance_died_is_never_sent_again(
    shop: Any, smtp: MailServer
) -> None:
    abandon(shop, [1])
    dead = shop.instance()
    ids = shop.claim(dead, 1).ids
    shop.run("UPDATE cart_abandonment_log SET status = 'sending' WHERE id = %s", (ids[1],))
    async with recovering(shop, smtp) as cartwake:
        assert await cartwake.recover(1) == {1: Skip(Reason.HANDLED)}
        await cartwake.reconciler(since_us=cartwake.now_us()).run_once()
        assert cartwake.rows() == [("1", "unknown", "unreported", None)]
        assert await cartwake.recover(1) == {1: Skip(Reason.HANDLED)}
    assert smtp.accepted == []


async def test_two_instances_mail_each_cart_once(shop: Any, smtp: MailServer) -> None:
    addresses = abandon(shop, range(1, 41))
    async with recovering(shop, smtp) as one, recovering(shop, smtp) as two:
        for cartwake in (one, two):
            # Alive, as far as the other can tell.
            await asyncio.to_thread(shop.alive, cartwake.resources.episodes)
        await asyncio.gather(one.recover(*range(1, 41)), two.recover(*range(40, 0, -1)))
    assert [len(smtp.mails_to(address)) for address in addresses] == [1] * 40
    assert len(shop.log()) == 40
