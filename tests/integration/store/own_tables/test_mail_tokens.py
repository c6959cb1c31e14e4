"""MAX_EMAILS_PER_MINUTE for all instances together: one bucket, whose state is a row in MySQL."""

import threading
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from fakes.explain import plan_of
from fakes.mail_server import MailServer
from fakes.recovering import abandon, recovering

from binlog_watcher.core.rate_limit import TokenBucket
from binlog_watcher.store.own_tables import mail_tokens
from binlog_watcher.store.own_tables.mail_tokens import MailTokens

SECOND = 1_000_000
START = 1_790_000_000 * SECOND


def test_two_instances_take_from_one_bucket(shop: Any) -> None:
    first, second = (TokenBucket(30, START) for _ in range(2))
    ours, theirs = (MailTokens(shop.database) for _ in range(2))
    taken = 0
    for tick in range(400):  # 40 s, asked ten times a second by both
        now_us = START + tick * SECOND // 10
        taken += ours.take(first, 5, now_us) + theirs.take(second, 5, now_us + 3_000)
    assert taken == 1 + 40 * 30 // 60 - 1
    assert second.wait_us(0) <= 2 * SECOND


def test_the_next_start_goes_on_from_there(shop: Any) -> None:
    assert MailTokens(shop.database).take(TokenBucket(60, START), 5, START) == 1
    again = TokenBucket(60, START)
    assert MailTokens(shop.database).take(again, 5, START) == 0
    assert again.wait_us(0) == SECOND


def test_what_was_not_needed_is_there_for_the_other(shop: Any) -> None:
    first, second = (TokenBucket(60, START) for _ in range(2))
    ours, theirs = (MailTokens(shop.database) for _ in range(2))
    assert ours.take(first, 1, START) == 1
    ours.give_back(first, 1)
    assert theirs.take(second, 1, START) == 1


def test_many_threads_take_no_more_than_there_is(shop: Any) -> None:
    barrier = threading.Barrier(8)

    def take(_nth: int) -> int:
        tokens, bucket = MailTokens(shop.database), TokenBucket(60, START, burst=100)
        barrier.wait(20)
        return sum(tokens.take(bucket, 3, START) for _ in range(10))

    with ThreadPoolExecutor(8) as pool:
        assert sum(pool.map(take, range(8))) == 100


def test_both_statements_go_by_the_primary_key(shop: Any) -> None:
    bucket = TokenBucket(60, START)
    MailTokens(shop.database).take(bucket, 1, START)
    for statement in (mail_tokens.lock(), mail_tokens.leave(bucket)):
        (plan,) = plan_of(shop, statement)
        assert (plan["key"], int(plan["rows"])) == ("PRIMARY", 1)


async def test_two_plain_instances_keep_one_limit(
    shop: Any, smtp: MailServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    abandon(shop, range(1, 41))
    async with (
        recovering(shop, smtp, MAX_EMAILS_PER_MINUTE="60") as one,
        recovering(shop, smtp, MAX_EMAILS_PER_MINUTE="60") as other,
    ):
        now_us = one.now_us()
        for instance in (one, other):
            monkeypatch.setattr(instance.resources.clock, "now_us", lambda: now_us)
        for _second in range(10):
            for instance, keys in ((one, range(1, 21)), (other, range(21, 41))):
                instance.apply()  # the source is heard of
                due = instance.tracker.take_due(now_us, 100) or instance.take(*keys)
                await instance.recovery.process(due)
                await instance.drained()
            now_us += SECOND
    assert len(smtp.accepted) == 10


async def test_without_a_limit_nobody_is_asked(
    shop: Any, smtp: MailServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(MailTokens, "take", None)
    abandon(shop, [1])
    async with recovering(shop, smtp) as cartwake:
        await cartwake.recover(1)
    assert len(smtp.accepted) == 1
    assert shop.run("SELECT 1 FROM cart_abandonment_meta WHERE name = 'mail_tokens'") == []
