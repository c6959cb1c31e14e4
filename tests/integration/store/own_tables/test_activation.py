"""Switching Cartwake on in an old shop: nobody of before is mailed, unless one asks for it."""

from typing import Any

from fakes.mail_server import MailServer
from fakes.recovering import Recovering, abandon, recovering

from binlog_watcher.core.decision import Send, Skip
from binlog_watcher.core.log_status import Reason

HOUR = 3_600_000_000
META = "SELECT value FROM cart_abandonment_meta WHERE name = '{}'"


def window_hours(cartwake: Recovering) -> float:
    """How many hours before its activation mails reach."""
    return (cartwake.resources.activated_us - cartwake.resources.policy.activated_us) / HOUR


async def test_an_old_shops_carts_are_left_alone(shop: Any, smtp: MailServer) -> None:
    abandon(shop, [1, 2], minutes_ago=60)
    async with recovering(shop, smtp, active_hours=None) as cartwake:
        cartwake.hydrate()
        assert cartwake.tracker.armed == 0
        decisions = await cartwake.recover(1, 2)
        assert {decision.reason for decision in decisions.values()} == {Reason.BEFORE_ACTIVATION}
        assert shop.log() == []
    assert smtp.accepted == []


async def test_older_carts_are_mailed_when_asked_for_and_those_beyond_are_not(
    shop: Any, smtp: MailServer
) -> None:
    (inside,) = abandon(shop, [1], minutes_ago=60 * 48)  # due 47.5 hours ago
    abandon(shop, [2], minutes_ago=60 * 49)
    async with recovering(shop, smtp, active_hours=None, include_older_us=48 * HOUR) as cartwake:
        cartwake.hydrate()
        assert cartwake.tracker.keys() == [1]
        decisions = await cartwake.recover(2)
        assert isinstance(decisions[2], Skip)
        assert decisions[2].reason is Reason.BEFORE_ACTIVATION
        cartwake.drop_timer(1)
        assert isinstance((await cartwake.recover(1))[1], Send)
    assert len(smtp.accepted) == len(smtp.mails_to(inside)) == 1


async def test_it_is_kept_over_restarts_and_only_ever_reaches_further_back(
    shop: Any, smtp: MailServer
) -> None:
    reached = []
    installations = set()
    for hours in (0, 10, 0, 5, 20, 10):
        async with recovering(shop, smtp, active_hours=None, include_older_us=hours * HOUR) as cartwake:
            reached.append(window_hours(cartwake))
            installations.add(cartwake.resources.activated_us)
    assert reached == [0, 10, 10, 10, 20, 20]
    assert len(installations) == 1, "Message-IDs are made of it"


async def test_it_counts_from_the_activation_however_late_one_asks(shop: Any, smtp: MailServer) -> None:
    abandon(shop, [1], minutes_ago=60 * 12)
    async with recovering(shop, smtp, active_hours=10, include_older_us=HOUR) as cartwake:
        assert isinstance((await cartwake.recover(1))[1], Skip), "due 11.5 hours ago"
    async with recovering(shop, smtp, include_older_us=2 * HOUR) as cartwake:
        assert isinstance((await cartwake.recover(1))[1], Send)


async def test_a_dry_run_only_reports_them(shop: Any, smtp: MailServer) -> None:
    abandon(shop, [1], minutes_ago=120)
    async with recovering(
        shop, smtp, active_hours=None, include_older_us=2 * HOUR, DRY_RUN="true"
    ) as cartwake:
        cartwake.hydrate()
        assert cartwake.tracker.keys() == [1]
        cartwake.drop_timer(1)
        assert isinstance((await cartwake.recover(1))[1], Send)
    assert smtp.accepted == []
    assert shop.run(META.format("activated_at")) == shop.run(META.format("reaches_back_to")) == []
    async with recovering(shop, smtp, active_hours=10) as cartwake:
        pass
    async with recovering(shop, smtp, include_older_us=2 * HOUR, DRY_RUN="true") as cartwake:
        assert window_hours(cartwake) == 2
    async with recovering(shop, smtp) as cartwake:
        assert window_hours(cartwake) == 0, "nothing was kept"
