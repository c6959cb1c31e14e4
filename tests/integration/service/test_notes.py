"""What only the binlog told outlasts a restart of the service: activity that no column tells of, and orders."""

from typing import Any

from fakes.mail_server import MailServer
from fakes.recovering import settings_of
from fakes.running_service import following
from fakes.waiting import until

from binlog_watcher.settings.settings import Settings

SECOND = 1_000_000
THRESHOLD_S = 3600


def settings(shop: Any, smtp: MailServer) -> Settings:
    return settings_of(shop, smtp, ABANDONMENT_THRESHOLD_MINUTES=str(THRESHOLD_S / 60))


async def test_the_last_activity_is_known_after_a_restart(shop: Any, smtp: MailServer) -> None:
    for key in (1, 2):
        shop.user(key, f"user{key}@example.com")
        shop.add(key, 1, minutes_ago=30)
    async with following(settings(shop, smtp)) as service:
        filled = {key: service.tracker.due_of(key) for key in (1, 2)}
        shop.run("UPDATE cart SET quantity = 5 WHERE user_id = 2")
        await until(lambda: service.tracker.due_of(2) != filled[2])
        changed_us = service.tracker.due_of(2)
    async with following(settings(shop, smtp)) as service:
        assert service.tracker.due_of(1) == filled[1]
        assert service.tracker.due_of(2) == changed_us
        cart = service._resources.loader.load([2]).carts[2]
        assert cart.activity_us == (changed_us or 0) - THRESHOLD_S * SECOND


async def test_an_order_that_was_told_is_not_overruled_after_a_restart(shop: Any, smtp: MailServer) -> None:
    """Its row says that it is older than the cart; and it is forgotten when it does not count any more."""
    soon = settings_of(shop, smtp, ABANDONMENT_THRESHOLD_MINUTES="0.05", CHECK_INTERVAL_SECONDS="1")
    for key in (1, 2, 3):
        shop.user(key, f"user{key}@example.com")
    async with following(settings(shop, smtp)) as service:
        for key in (1, 2, 3):
            shop.add(key, 1, minutes_ago=0)
        await until(lambda: service.tracker.armed == 3)
        for key in (1, 2):
            shop.order(key, minutes_ago=600)
        await until(lambda: service.tracker.ordered(1) and service.tracker.ordered(2))
    async with following(soon) as service:
        await until(lambda: len(smtp.mails_to("user3@example.com")) == 1)
        await until(lambda: service.tracker.armed == service.tracker.in_hand == 0)
        assert len(smtp.accepted) == 1
        shop.run("DELETE FROM orders WHERE user_id = 2")
        await until(lambda: len(smtp.mails_to("user2@example.com")) == 1)
        shop.add(1, 2, minutes_ago=0)
        await until(lambda: len(smtp.mails_to("user1@example.com")) == 1)
