"""What is counted."""

from binlog_watcher.telemetry.metrics import Metrics


def test_how_many_mails_ended_how() -> None:
    metrics = Metrics()
    assert metrics.mails_with("unknown") == 0
    metrics.mails.labels("unknown").inc()
    assert metrics.mails_with("unknown") == 1
