"""`cartwake run --source kafka`: an instance that shares a topic with others."""

import asyncio

from binlog_watcher.service.alone import run_service
from binlog_watcher.service.beside import Beside, nothing_beside
from binlog_watcher.service.group.kafka_following import KafkaFollowing
from binlog_watcher.service.group.options import insist_on_sense
from binlog_watcher.settings.settings import Settings


async def run_member(
    settings: Settings,
    stop: asyncio.Event,
    *,
    include_older_us: int = 0,
    beside: Beside = nothing_beside,
) -> None:
    """As ``run_service``. Raises ConfigError for what can't be followed by way of Kafka."""
    insist_on_sense(settings)
    await run_service(settings, stop, include_older_us=include_older_us, beside=beside, follow=KafkaFollowing)
