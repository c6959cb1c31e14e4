"""LOG_RETENTION_DAYS in a running service."""

from typing import Any

import pytest
from fakes.mail_server import MailServer
from fakes.recovering import settings_of
from fakes.running_service import following
from fakes.waiting import until

from binlog_watcher.core.erased_keys import is_erased
from binlog_watcher.service import retention


@pytest.mark.parametrize("server", ["mysql"], indirect=True)
async def test_a_running_service_erases_what_is_older(
    shop: Any, smtp: MailServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(retention, "FIRST_S", 0.0)
    monkeypatch.setattr(retention, "INTERVAL_S", 0.2)
    for key, days in ((1, 9), (2, 7)):
        shop.run(
            "INSERT INTO cart_abandonment_log (cart_key, user_id, cart_version, status, created_at) "
            "VALUES (%s, %s, 1, 'sent', UTC_TIMESTAMP() - INTERVAL %s DAY)",
            (str(key), key, days),
        )
    async with following(settings_of(shop, smtp, LOG_RETENTION_DAYS="8")):
        await until(lambda: [is_erased(row["cart_key"]) for row in shop.log()] == [True, False])
        shop.run(
            "UPDATE cart_abandonment_log SET created_at = created_at - INTERVAL 1 HOUR - INTERVAL 1 DAY WHERE id = 2"
        )
        await until(lambda: all(is_erased(row["cart_key"]) for row in shop.log()))
    assert smtp.accepted == []
