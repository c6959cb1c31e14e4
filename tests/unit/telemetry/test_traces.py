"""Ways are noted while they go on, and handed over whole; a share of them, and never too many."""

from binlog_watcher.telemetry import traces
from binlog_watcher.telemetry.traces import KeptTraces, Traces, Way

SECOND = 1_000_000


def test_a_way_is_handed_over_when_it_has_ended() -> None:
    told: list[Way] = []
    kept = KeptTraces(told.append)
    kept.begin(7, 30 * SECOND, SECOND)
    kept.done(7, "decide", 31 * SECOND)
    kept.done(7, "claim", 32 * SECOND)
    assert told == []
    kept.end(7, "sent", log_id=107, attempt=2)
    assert told == [
        Way(
            "7",
            30 * SECOND,
            SECOND,
            [("decide", 31 * SECOND), ("claim", 32 * SECOND)],
            107,
            "sent",
            attempt=2,
        )
    ]
    kept.end(7, "sent")
    assert len(told) == 1


def test_what_waits_or_was_never_begun_is_not_told() -> None:
    told: list[Way] = []
    kept = KeptTraces(told.append)
    kept.begin(7, 1, None)
    kept.forget(7)
    kept.end(7, "sent")
    kept.done(8, "claim", 2)
    kept.end(8, "sent")
    assert told == []


def test_a_share_of_them_is_kept_all_of_one_or_nothing() -> None:
    told: list[Way] = []
    kept = KeptTraces(told.append, percent=10)
    for key in range(5_000):
        kept.begin(key, key * SECOND, None)
        kept.done(key, "decide", key * SECOND)
        kept.end(key, "sent")
    assert 350 < len(told) < 650
    assert all(way.stages for way in told)


def test_the_oldest_are_forgotten_where_nothing_ends() -> None:
    told: list[Way] = []
    kept = KeptTraces(told.append)
    for key in range(traces.KEPT + 10):
        kept.begin(key, 1, None)
    for key in range(traces.KEPT + 10):
        kept.end(key, "sent")
    assert len(told) == traces.KEPT
    assert told[0].key == "10"


def test_none_are_kept_by_default() -> None:
    none = Traces()
    none.begin(7, 1, None)
    none.done(7, "decide", 2)
    none.end(7, "sent")
    none.forget(7)
    none.close()
    assert vars(none) == {}
