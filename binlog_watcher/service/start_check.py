"""What a service looks at before it starts, and before it goes by settings that were read anew."""

import asyncio

from binlog_watcher.doctor.preflight import ServerFacts, check_server
from binlog_watcher.settings.settings import Settings
from binlog_watcher.store.own_tables.origin import insist_on_original


async def check_start(settings: Settings) -> ServerFacts:
    """Look at server, account and tables, and whether our own are a copy.

    Raises ConfigError, DatabaseUnavailableError.
    """
    writes = not settings.dry_run
    facts = await asyncio.to_thread(
        check_server,
        settings.connection,
        settings.preset(),
        writes=writes,
        slow_tables=settings.allow_slow_tables,
    )
    if writes:
        await asyncio.to_thread(insist_on_original, settings.connection)
    return facts
