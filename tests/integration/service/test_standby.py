"""Terms as leader, in the test's own process: what begins one, what ends it, and a start that fails."""

import asyncio
import contextlib
from collections.abc import AsyncIterator
from typing import Any

import pytest
import structlog
from fakes.mail_server import MailServer
from fakes.recovering import settings_of
from fakes.running_service import standing_by
from fakes.waiting import until

from binlog_watcher.errors import ConfigError, DatabaseUnavailableError
from binlog_watcher.service import standby as standby_module
from binlog_watcher.service.readiness import STANDBY
from binlog_watcher.service.service import opened
from binlog_watcher.service.standby import Standby

MYSQL_ONLY = pytest.mark.parametrize("server", ["mysql"], indirect=True)


@MYSQL_ONLY
async def test_a_start_that_fails_for_want_of_the_database_is_tried_again(
    shop: Any, smtp: MailServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    failures = [DatabaseUnavailableError("all sessions are taken")]

    @contextlib.asynccontextmanager
    async def failing_once(*arguments: Any, **options: Any) -> AsyncIterator[Any]:
        if failures:
            raise failures.pop()
        async with opened(*arguments, **options) as service:
            yield service

    monkeypatch.setattr(standby_module, "opened", failing_once)
    monkeypatch.setattr(standby_module, "RETRY_S", 0.05)
    standby = Standby(settings_of(shop, smtp))
    with structlog.testing.capture_logs() as logs:
        async with standing_by(standby):
            assert standby.not_ready() == STANDBY
            await until(lambda: standby.not_ready() is None)
    events = [entry["event"] for entry in logs]
    assert events.count("service.not_started") == 1
    assert events.count("service.elected") == 1
    assert standby.not_ready() is not None


@MYSQL_ONLY
async def test_what_a_human_must_mend_ends_it_and_frees_the_lock(
    shop: Any, smtp: MailServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(*_arguments: Any, **_options: Any) -> None:
        raise ConfigError("the binlog is off")

    settings = settings_of(shop, smtp)
    with monkeypatch.context() as patch:
        patch.setattr(standby_module, "opened", broken)
        with pytest.raises(ExceptionGroup) as caught:
            await Standby(settings).run(asyncio.Event())
    assert caught.group_contains(ConfigError, match="the binlog is off")
    heir = Standby(settings)
    async with standing_by(heir):
        await until(lambda: heir.not_ready() is None)


async def test_terms_follow_each_other_and_each_is_an_owner_of_its_own(shop: Any, smtp: MailServer) -> None:
    """Deposed by an administrator and another instance, elected again when that one goes."""
    settings = settings_of(shop, smtp)
    standby, other = Standby(settings), Standby(settings)
    with structlog.testing.capture_logs() as logs:

        def told(event: str) -> int:
            return [entry["event"] for entry in logs].count(event)

        async with standing_by(standby):
            await until(lambda: standby.not_ready() is None)
            first = standby._service
            async with standing_by(other):
                await until(lambda: told("service.standby") == 2)
                await until(lambda: shop.run("SELECT COUNT(*) FROM information_schema.PROCESSLIST WHERE "
                                             "INFO LIKE 'SELECT GET_LOCK(''cartwake.leader%%'") == [(1,)])  # fmt: skip
                candidate = standby._candidate
                shop.run("KILL %s", (candidate._held_by,))
                await until(lambda: other.not_ready() is None)
                await until(lambda: standby.not_ready() == STANDBY)
                assert standby._metrics.registry.get_sample_value("cartwake_leader") == 0
            await until(lambda: standby.not_ready() is None)
            second = standby._service
    assert first is not None
    assert second is not None
    assert first._resources.episodes.owner != second._resources.episodes.owner
    assert told("service.deposed") == 1
