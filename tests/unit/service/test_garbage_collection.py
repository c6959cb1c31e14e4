"""What hydration arms is kept from the collector, and nothing else is."""

import gc
from collections.abc import Iterator

import pytest

from binlog_watcher.core.events import Assigned, CartChanged, CartRead, Change, Event, Hydrated, Revoked
from binlog_watcher.core.source import Batch, Progress
from binlog_watcher.service.garbage_collection import collect_everything, spare_hydrated_timers

PROGRESS = Progress("", 0, caught_up=True, lag_us=0, received_us=0)


@pytest.fixture(autouse=True)
def immortal() -> Iterator[int]:
    """How many objects no collection looks at anyway: Python 3.12 moves some hundreds of its own there."""
    gc.unfreeze()
    gc.collect()
    yield gc.get_freeze_count()
    gc.unfreeze()


@pytest.mark.parametrize("event", [Assigned("shop"), CartRead(1, 0, 0), Hydrated("shop")])
def test_a_hydration_is_spared_until_its_service_has_ended(event: Event, immortal: int) -> None:
    spare_hydrated_timers(Batch("shop", (event,), PROGRESS))
    assert gc.get_freeze_count() > immortal
    collect_everything()
    assert gc.get_freeze_count() == immortal


@pytest.mark.parametrize(
    "events", [(), (CartChanged(1, Change.INSERT, 0),), (Revoked("shop", "purged"),)], ids=str
)
def test_what_the_stream_tells_is_not(events: tuple[Event, ...], immortal: int) -> None:
    spare_hydrated_timers(Batch("shop", events, PROGRESS))
    assert gc.get_freeze_count() == immortal
