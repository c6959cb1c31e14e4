"""Whether the storefronts that STORES lists go together with the preset."""

from collections.abc import Iterator
from contextlib import closing

from binlog_watcher.doctor.case import Case
from binlog_watcher.doctor.finding import Check, Finding, failed, ok
from binlog_watcher.errors import ConfigError
from binlog_watcher.store.database import Database
from binlog_watcher.store.shop_tables.shop import Shop


def _stores(case: Case) -> Iterator[Finding]:
    settings, schema = case.settings, case.server.schema
    if settings.stores is None:
        yield ok("STORES is not set: one storefront")
        return
    with closing(Database(settings.connection, pool_size=1)) as database:
        shop = Shop(database, schema, timezone=settings.shop_timezone)
    try:
        case.insist_on_stores(schema, shop.tells_store)
    except ConfigError as error:
        for problem in error.problems:
            yield failed(problem)
    else:
        yield ok(f"mails are sent for {', '.join(settings.stores)}")


CHECKS: tuple[Check[Case], ...] = (
    Check(
        "shop.stores",
        _stores,
        ("STORES", "CURRENCY"),
        needs=("shop.preset", "shop.columns", "shop.time_zone"),
    ),
)
