"""What `cartwake run` is asked for, before anything is opened."""

import asyncio
import sys
from decimal import Decimal

import pytest
import structlog

from binlog_watcher.commands import run
from binlog_watcher.commands.run import Source, include_older_us, tell_of_promises
from binlog_watcher.errors import ConfigError
from binlog_watcher.service.beside import nothing_beside
from binlog_watcher.settings.settings import Settings

HOUR = 3_600_000_000


def test_how_far_back_may_be_asked_for() -> None:
    settings = Settings(max_cart_age_hours=Decimal(72))
    assert include_older_us(settings, None) == 0
    assert include_older_us(settings, "3d") == 72 * HOUR
    with pytest.raises(ConfigError, match="--include-older-than 73 is longer than MAX_CART_AGE_HOURS = 72"):
        include_older_us(settings, "73")
    with pytest.raises(ConfigError, match="'soon' is no span of time"):
        include_older_us(settings, "soon")


def test_what_mails_promise_is_told_at_each_start_and_warned_of_until_it_is_confirmed() -> None:
    with structlog.testing.capture_logs() as logs:
        tell_of_promises(Settings())
        tell_of_promises(Settings(promises_confirmed=frozenset({"discount_without_code", "free_shipping"})))
    assert [one["log_level"] for one in logs] == ["warning", "info"]
    for told in logs:
        assert told["event"] == "settings.promises"
        assert told["mails_promise"] == (
            "10 % off from 100 USD (no code!), 20 % off from 500 USD (no code!), “Free shipping on your order”"
        )
    assert "PROMISES_CONFIRMED=discount_without_code,free_shipping" in logs[0]["hint"]


def test_a_standby_instance_is_none_of_a_group() -> None:
    with pytest.raises(ConfigError, match="--standby is for the binlog"):
        run.run(Settings, lambda _settings: None, standby=True, source=Source.KAFKA)


async def test_without_the_client_of_kafka_it_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "confluent_kafka", None)
    for name in [name for name in sys.modules if name.startswith("binlog_watcher.service.group")]:
        monkeypatch.delitem(sys.modules, name)
    for name in ("client", "topics", "worker", "source"):
        monkeypatch.delitem(sys.modules, f"binlog_watcher.kafka.{name}", raising=False)
    with pytest.raises(ConfigError, match=r"needs confluent-kafka: .* -m pip install 'cartwake\[kafka\]'"):
        await run._run_member(Settings(), asyncio.Event(), beside=nothing_beside)
