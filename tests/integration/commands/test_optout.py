"""`cartwake optout`: on a shop where Cartwake was never switched on, and by the token of an unsubscribe mail."""

import re
from typing import Any

import pytest
from fakes.mail_server import MailServer
from fakes.recovering import abandon, recovering, settings_of

from binlog_watcher.commands.optout import add_by_token, optouts
from binlog_watcher.core.decision import Send, Skip
from binlog_watcher.core.log_status import Reason
from binlog_watcher.errors import CartwakeError
from mailer import Links, WrongSignatureError


def test_opting_somebody_out_does_not_switch_cartwake_on(bare_shop: Any, smtp: MailServer) -> None:
    shop = bare_shop()
    assert optouts(settings_of(shop, smtp)).add("jane@example.com")
    assert shop.run("SELECT value FROM cart_abandonment_meta WHERE name = 'activated_at'") == []


async def test_the_token_of_a_mail_opts_its_recipient_out(shop: Any, smtp: MailServer) -> None:
    first, second = abandon(shop, range(1, 3))
    async with recovering(shop, smtp) as cartwake:
        await cartwake.recover(1, 2)
        link = re.search(r"mailto:\S+", str(smtp.mails_to(first)[0]["List-Unsubscribe"]))
        assert link is not None
        # Who has a new address meanwhile is known by the one that was mailed.
        shop.run("UPDATE users SET email = 'new@example.com' WHERE id = 1")
        assert add_by_token(cartwake.settings, link[0])
        assert not add_by_token(cartwake.settings, link[0].rpartition("%20")[2].rstrip(">"))
        (row,) = [row for row in shop.log() if row["cart_key"] == "1"]
        (entry,) = optouts(cartwake.settings).list()
        assert (entry.hint, entry.reason) == (f"recipient of mail {row['id']}", "unsubscribed")
        for user, address in ((3, first), (4, second)):
            shop.user(user, address)
            shop.add(user, 1, minutes_ago=60)
        shop.run("UPDATE cart_abandonment_recipient SET last_mail_at = NULL")
        decisions = await cartwake.recover(3, 4)
        assert isinstance(decisions[3], Skip)
        assert decisions[3].reason is Reason.OPTED_OUT
        assert isinstance(decisions[4], Send)
    assert optouts(cartwake.settings).remove(first)


def test_a_token_of_no_mail_opts_nobody_out(bare_shop: Any, smtp: MailServer) -> None:
    secret = "a secret of more than 16 characters"
    settings = settings_of(bare_shop(), smtp, LINK_SECRET=secret)
    links = Links(secret, support_email="help@example.com")
    with pytest.raises(CartwakeError, match="the log has no mail 77 any more"):
        add_by_token(settings, links.token(77))
    with pytest.raises(WrongSignatureError):
        add_by_token(settings, Links("another secret of that length", support_email="a@b.test").token(77))
    assert optouts(settings).list() == []
