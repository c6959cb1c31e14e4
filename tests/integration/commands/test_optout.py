"""`cartwake optout` on a shop where Cartwake was never switched on."""

from typing import Any

from fakes.mail_server import MailServer
from fakes.recovering import settings_of

from binlog_watcher.commands.optout import optouts


def test_opting_somebody_out_does_not_switch_cartwake_on(bare_shop: Any, smtp: MailServer) -> None:
    shop = bare_shop()
    assert optouts(settings_of(shop, smtp)).add("jane@example.com")
    assert shop.run("SELECT value FROM cart_abandonment_meta WHERE name = 'activated_at'") == []
