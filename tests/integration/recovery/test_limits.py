"""Cool-down, shared addresses, MAX_EMAILS_PER_MINUTE, roles, rollout, age, dry run."""

from typing import Any

import pytest
import structlog
from fakes.mail_server import MailServer
from fakes.recovering import abandon, recovering
from fakes.waiting import until

from binlog_watcher.core.decision import Send, Wait
from binlog_watcher.core.log_status import Reason
from binlog_watcher.core.rate_limit import TokenBucket

HOUR = 3_600_000_000
MINUTE = 60_000_000


pytestmark = pytest.mark.usefixtures("impatient")


async def test_two_users_with_one_address_get_one_mail_and_the_other_waits_to_the_second(
    shop: Any, smtp: MailServer
) -> None:
    for user_id in (1, 2):
        shop.user(user_id, "shared@example.com")
        shop.add(user_id, user_id)
    async with recovering(shop, smtp) as cartwake:
        await cartwake.recover(1, 2)
        (row,) = shop.log()
        sent_us = int(
            shop.run("SELECT ROUND(UNIX_TIMESTAMP(sent_at) * 1000000) FROM cart_abandonment_log")[0][0]
        )
        waiting = ({1, 2} - {int(row["cart_key"])}).pop()
        cartwake.drop_timer(waiting)
        decisions = await cartwake.recover(waiting)
        assert decisions[waiting] == Wait(sent_us + 24 * HOUR, Reason.COOLDOWN)
        due_us = cartwake.tracker.due_of(waiting)
        assert due_us is not None
        assert 0 <= due_us - (sent_us + 24 * HOUR) <= 1_000_000
        assert len(shop.log()) == 1
    assert len(smtp.accepted) == 1


async def test_only_claims_use_up_the_limit_and_the_dearest_cart_goes_first(
    shop: Any, smtp: MailServer
) -> None:
    addresses = abandon(shop, range(1, 7))
    shop.user(7, None)
    shop.add(7, 1)  # is logged as skipped and needs no token
    shop.run("UPDATE cart SET quantity = user_id WHERE user_id < 7")
    async with recovering(shop, smtp, MAX_EMAILS_PER_MINUTE="60") as cartwake:
        cartwake.mailing._claiming.limiter = TokenBucket(60, cartwake.now_us(), burst=2)
        await cartwake.recover(*range(1, 8))
        assert sorted(row[0] for row in cartwake.rows() if row[1] == "sent") == ["5", "6"]
        assert ("7", "skipped", "no_address", 0) in cartwake.rows()
        waits = {key: cartwake.tracker.due_of(key) or 0 for key in (1, 2, 3, 4)}
        assert min(waits, key=waits.__getitem__) == 4
        assert len(set(waits.values())) == 4, "one at a time"
        cartwake.follow()
        await until(lambda: len(smtp.accepted) == 6, 30)
    assert [len(smtp.mails_to(address)) for address in addresses] == [1] * 6


async def test_a_cheap_cart_does_not_starve_behind_dear_ones(shop: Any, smtp: MailServer) -> None:
    abandon(shop, [1], minutes_ago=60)
    abandon(shop, range(2, 22), minutes_ago=31)
    shop.run("UPDATE cart SET quantity = 50 WHERE user_id > 1")
    async with recovering(shop, smtp, MAX_EMAILS_PER_MINUTE="60") as cartwake:
        cartwake.mailing._claiming.limiter = TokenBucket(60, cartwake.now_us(), burst=4)
        await cartwake.recover(*range(1, 22))
        assert len(cartwake.rows()) == 4
        assert ("1", "sent", None, 1) in cartwake.rows()


async def test_a_token_is_given_back_when_the_claim_fails(shop: Any, smtp: MailServer) -> None:
    abandon(shop, [1])
    async with recovering(shop, smtp, MAX_EMAILS_PER_MINUTE="1") as cartwake:
        shop.run("RENAME TABLE cart_abandonment_recipient TO elsewhere")
        await cartwake.recover(1)
        assert cartwake.rows() == []
        shop.run("RENAME TABLE elsewhere TO cart_abandonment_recipient")
        cartwake.follow()
        await until(lambda: len(smtp.accepted) == 1)


async def test_roles_rollout_activation_and_age(shop: Any, smtp: MailServer) -> None:
    abandon(shop, [1, 2])
    abandon(shop, [3], minutes_ago=60 * 80)
    abandon(shop, [4], minutes_ago=60 * 20)
    shop.run("UPDATE users SET role = ' Wholesale ' WHERE id = 2")
    async with recovering(shop, smtp, EXCLUDE_ROLES="wholesale", active_hours=10) as cartwake:
        decisions = await cartwake.recover(1, 2, 3, 4)
        assert isinstance(decisions[1], Send)
        assert [decisions[key].reason for key in (2, 3, 4)] == [
            "role",
            "before_activation",
            "before_activation",
        ]
        assert cartwake.rows() == [("2", "skipped", "role", 0), ("1", "sent", None, 1)]


async def test_excluded_addresses_are_logged_and_not_mailed(shop: Any, smtp: MailServer) -> None:
    for user, email in enumerate(
        ("NoReply@example.org", "kim@staff.example.com", "jane@example.com"), start=1
    ):
        shop.user(user, email)
        shop.add(user, 1)
    async with recovering(shop, smtp, EXCLUDE_ADDRESSES="noreply@, @staff.example.com") as cartwake:
        await cartwake.recover(1, 2, 3)
        assert sorted(cartwake.rows()) == [
            ("1", "skipped", "excluded_address", 0),
            ("2", "skipped", "excluded_address", 0),
            ("3", "sent", None, 1),
        ]
    assert [envelope.rcpt_tos for envelope in smtp.accepted] == [["jane@example.com"]]


async def test_a_cart_too_old_closes_its_open_row(shop: Any, smtp: MailServer) -> None:
    abandon(shop, [1])
    async with recovering(shop, smtp) as cartwake:
        smtp.answer("RCPT", "*", "451 later")
        await cartwake.recover(1)
        shop.run("UPDATE cart SET created_at = created_at - INTERVAL 80 HOUR")
        shop.run(
            "UPDATE cart_abandonment_log SET cart_version = cart_version - 288000000000, "
            "next_attempt_at = UTC_TIMESTAMP(6) - INTERVAL 1 SECOND"
        )
        cartwake.drop_timer(1)
        decisions = await cartwake.recover(1)
        assert decisions[1].reason is Reason.TOO_OLD
        assert cartwake.rows() == [("1", "skipped", "too_old", 0)]


async def test_raising_the_rollout_never_mails_episodes_that_were_skipped(
    shop: Any, smtp: MailServer
) -> None:
    abandon(shop, range(1, 21))
    async with recovering(shop, smtp, ROLLOUT_PERCENT="30") as cartwake:
        await cartwake.recover(*range(1, 21))
        first = cartwake.rows()
        assert {row[1] for row in first} == {"sent", "skipped"}
    async with recovering(shop, smtp, ROLLOUT_PERCENT="100") as cartwake:
        await cartwake.recover(*range(1, 21))
        assert cartwake.rows() == first


async def test_a_dry_run_reports_each_episode_once_and_writes_nothing(shop: Any, smtp: MailServer) -> None:
    abandon(shop, [1])
    shop.user(2, "not an address")
    shop.add(2, 1)
    async with recovering(shop, smtp, DRY_RUN="true") as cartwake:
        with structlog.testing.capture_logs() as logs:
            await cartwake.recover(1, 2)
            assert await cartwake.recover(1, 2) == {}, "a reconciliation finds nothing new"
        assert [entry["to"] for entry in logs if entry["event"] == "recovery.would_send"] == [
            "u***@example.com"
        ]
        assert len([entry for entry in logs if entry["event"] == "recovery.finished"]) == 1
    assert shop.log() == []
    assert shop.run("SELECT COUNT(*) FROM cart_abandonment_recipient") == [(0,)]
    assert smtp.accepted == []
