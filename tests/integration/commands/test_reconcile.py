"""`cartwake reconcile`: it takes what it found through to the outcomes, and ends whatever others hold."""

from typing import Any

import pytest
from fakes.mail_server import MailServer
from fakes.recovering import abandon, recovering

from binlog_watcher.commands import reconcile as reconcile_module
from binlog_watcher.commands.reconcile import reconcile_once
from binlog_watcher.core.log_status import Status
from binlog_watcher.settings.settings import Settings
from binlog_watcher.store.locks.named_lock import LockSession
from binlog_watcher.store.locks.presence import lock_name


async def test_the_command_goes_on_until_the_limit_has_let_all_through(shop: Any, smtp: MailServer) -> None:
    abandon(shop, range(1, 8))
    smtp.answer("RCPT", "user7@example.com", "451 later")
    async with recovering(shop, smtp) as cartwake:
        limited = Settings(**{**dict(cartwake.settings), "max_emails_per_minute": 120})
    report = await reconcile_once(limited, dry_run=False)
    assert (len(report.found), report.mailed, report.waiting) == (7, 6, 1)
    assert "waiting for a cool-down or another try: 1" in report.summary()
    assert len(smtp.accepted) == 6


async def left_by(shop: Any, smtp: MailServer, owner: str, status: Status) -> Settings:
    """Two carts with one address, and the row of the first one as another instance has left it."""
    for key in (1, 2):
        shop.user(key, "shared@example.com")
        shop.add(key, key)
    async with recovering(shop, smtp) as cartwake:
        await cartwake.recover(1)
        settings = cartwake.settings
    shop.run("UPDATE cart_abandonment_recipient SET last_mail_at = NULL")
    shop.run(
        "UPDATE cart_abandonment_log SET status = %s, owner = %s, email_sent = 0, sent_at = NULL, "
        "lease_until = UTC_TIMESTAMP(6) + INTERVAL 1 HOUR",
        (status, owner),
    )
    smtp.accepted.clear()
    return settings


async def test_the_command_ends_though_a_dead_instance_left_a_mail_to_the_same_address(
    shop: Any, smtp: MailServer
) -> None:
    settings = await left_by(shop, smtp, "dead", Status.SENDING)
    report = await reconcile_once(settings, dry_run=False)
    assert (report.mailed, report.waiting) == (0, 1)
    assert [row["status"] for row in shop.log()] == ["unknown"]
    assert smtp.accepted == []


async def test_the_command_ends_though_another_instance_has_the_address(
    shop: Any, smtp: MailServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(reconcile_module, "FRUITLESS_US", 500_000)
    settings = await left_by(shop, smtp, "alive", Status.CLAIMED)
    living = LockSession(shop.settings, idle_s=60, timeout_s=10)
    assert living.take(lock_name("alive"), 0)
    report = await reconcile_once(settings, dry_run=False)
    living.close()
    assert (report.mailed, report.waiting) == (0, 1)
    assert [row["status"] for row in shop.log()] == ["claimed"]
    assert smtp.accepted == []
