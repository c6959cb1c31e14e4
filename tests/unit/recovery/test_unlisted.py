"""Each store that is not listed is told of once."""

import structlog

from binlog_watcher.recovery.unlisted import MOST_STORES, UnlistedStores


def told(*stores: str | None) -> list[str]:
    unlisted = UnlistedStores()
    with structlog.testing.capture_logs() as logs:
        for store in stores:
            unlisted.tell(store)
    assert {(entry["event"], entry["log_level"]) for entry in logs} <= {("store.not_listed", "info")}
    return [entry["store"] for entry in logs]


def test_each_store_is_told_of_once() -> None:
    assert told("fr", "it", "fr", None, None) == ["fr", "it", "none"]


def test_a_shop_with_any_number_of_stores_fills_no_log() -> None:
    assert len(told(*map(str, range(MOST_STORES + 10)))) == MOST_STORES
