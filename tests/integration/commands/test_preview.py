"""`cartwake preview` of carts that were handled before."""

from typing import Any

import pytest
from fakes.mail_server import MailServer
from fakes.recovering import abandon, recovering, settings_of

from binlog_watcher.commands.preview import NoCartError, preview


async def test_a_handled_cart_says_when_and_why(shop: Any, smtp: MailServer) -> None:
    abandon(shop, [1])
    shop.user(2, None)
    shop.add(2, 1)
    smtp.answer("RCPT", "user1@example.com", "250 ok")
    async with recovering(shop, smtp) as cartwake:
        await cartwake.recover(1, 2)
        rows = {row["cart_key"]: row for row in shop.log()}
        mailed = await preview(cartwake.settings, user="1")
        skipped = await preview(cartwake.settings, user="2")
    at = f"{rows['1']['sent_at']:%Y-%m-%d %H:%M:%S} UTC"
    assert mailed.decision.startswith(f"no mail (handled): it was mailed on {at} (log row {rows['1']['id']})")
    assert mailed.mail is not None
    assert skipped.decision.startswith("no mail (handled): it was skipped on 20")
    assert "there was no valid e-mail address" in skipped.decision


async def test_the_newest_cart_is_one_that_has_a_mail(shop: Any, smtp: MailServer) -> None:
    settings = settings_of(shop, smtp)
    with pytest.raises(NoCartError, match="the shop has no cart yet"):
        await preview(settings)
    shop.add(9, 1, minutes_ago=1)  # whose user is gone
    assert (await preview(settings)).mail is None
    abandon(shop, [1, 2], minutes_ago=90)
    shop.run("UPDATE users SET name = 'Ann Newer' WHERE id = 2")
    shop.run("UPDATE cart SET created_at = created_at + INTERVAL 30 MINUTE WHERE user_id = 2")
    found = await preview(settings)
    assert found.mail is not None
    assert found.mail.subject.startswith("Ann,")
