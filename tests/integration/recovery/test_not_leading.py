"""What an instance does with due carts and with mails in hand while another may lead."""

from typing import Any

import pytest
from fakes.mail_server import MailServer
from fakes.recovering import Recovering, abandon, recovering

MYSQL_ONLY = pytest.mark.parametrize("server", ["mysql"], indirect=True)


class Lead:
    """Stands for the election: whether this instance leads."""

    def __init__(self) -> None:
        self.held = True

    def __call__(self) -> bool:
        return self.held


def in_the_lead(cartwake: Recovering) -> Lead:
    outbox = cartwake.pipeline.outbox
    assert outbox is not None
    outbox.gate.may_send = lead = Lead()
    return lead


@MYSQL_ONLY
async def test_who_does_not_lead_claims_nothing(shop: Any, smtp: MailServer) -> None:
    abandon(shop, [1])
    async with recovering(shop, smtp) as cartwake:
        lead = in_the_lead(cartwake)
        lead.held = False
        await cartwake.recover(1)
        assert shop.log() == []
        assert smtp.accepted == []
        lead.held = True
        cartwake.drop_timer(1)
        await cartwake.recover(1)
        assert [row["status"] for row in shop.log()] == ["sent"]


@MYSQL_ONLY
@pytest.mark.parametrize("lost", ["before the fence", "behind the fence"])
async def test_mails_in_hand_are_given_back_and_another_sends_them(
    shop: Any, smtp: MailServer, lost: str
) -> None:
    abandon(shop, [1, 2])
    async with recovering(shop, smtp) as old, recovering(shop, smtp) as new:
        lead = in_the_lead(old)
        episodes = old.resources.episodes
        step = {"before the fence": "claim", "behind the fence": "fence"}[lost]
        done = getattr(episodes, step)

        def then_frozen(*arguments: Any, **options: Any) -> Any:
            result = done(*arguments, **options)
            lead.held = False
            return result

        setattr(episodes, step, then_frozen)
        await old.recover(1, 2)
        assert [(row["status"], row["reason"]) for row in shop.log()] == [("retry", "not_leading")] * 2
        assert smtp.accepted == []
        shop.run("UPDATE cart_abandonment_log SET next_attempt_at = UTC_TIMESTAMP(6)")
        await new.recover(1, 2)
        assert [(row["status"], row["attempts"]) for row in shop.log()] == [("sent", 1)] * 2
    assert len(smtp.accepted) == 2


@MYSQL_ONLY
async def test_a_mail_that_was_frozen_behind_the_fence_is_not_sent_even_if_nobody_took_note(
    shop: Any, smtp: MailServer
) -> None:
    """The new leader has called it unknown meanwhile; the old one knows that it was never handed over."""
    abandon(shop, [1])
    async with recovering(shop, smtp) as old, recovering(shop, smtp) as new:
        lead = in_the_lead(old)
        episodes: Any = old.resources.episodes
        fence = episodes.fence

        def then_frozen(*arguments: Any, **options: Any) -> Any:
            passed = fence(*arguments, **options)
            lead.held = False
            assert new.resources.episodes.settle_unknown(new.now_us()) == 1
            return passed

        episodes.fence = then_frozen
        await old.recover(1)
    assert [(row["status"], row["reason"]) for row in shop.log()] == [("retry", "not_leading")]
    assert smtp.accepted == []
