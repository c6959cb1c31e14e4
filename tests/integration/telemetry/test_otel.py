"""Traces as a receiver gets them: spans, their order and links; what a receiver that is away does not do."""

import subprocess
import sys
import time
from collections.abc import Iterator

import pytest
from fakes.otlp_receiver import Receiver, attributes, otlp_receiver

from binlog_watcher.errors import ConfigError
from binlog_watcher.telemetry import otel
from binlog_watcher.telemetry.otel import open_traces
from binlog_watcher.telemetry.traces import KeptTraces

SECOND = 1_000_000
ACTIVITY = 1_790_000_000 * SECOND
DUE = ACTIVITY + 1800 * SECOND
STAGES = ("decide", "claim", "compose", "fence", "smtp", "settle")


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    with otlp_receiver() as running:
        yield running


def go(traces: KeptTraces, key: str, outcome: str = "sent", activity_us: int | None = ACTIVITY) -> None:
    traces.begin(key, DUE, activity_us)
    for nth, stage in enumerate(STAGES, start=1):
        traces.done(key, stage, DUE + nth * 1000)
    traces.end(key, outcome, log_id=107)


def test_a_recovery_is_a_trace_that_links_to_the_event(receiver: Receiver) -> None:
    traces = open_traces(receiver.url, percent=100, version="1.2.3")
    go(traces, "7")
    traces.close()
    (root,) = receiver.named("recovery")
    (event,) = receiver.named("cart.activity")
    assert receiver.tree(root) == ["armed", *STAGES]
    assert {span.trace_id for span in receiver.spans if span is not event} == {root.trace_id}
    (link,) = root.links
    assert (link.trace_id, link.span_id) == (event.trace_id, event.span_id)
    assert event.start_time_unix_nano == ACTIVITY * 1000
    assert (root.start_time_unix_nano, root.end_time_unix_nano) == (ACTIVITY * 1000, (DUE + 6000) * 1000)
    (fence,) = receiver.named("fence")
    assert (fence.start_time_unix_nano, fence.end_time_unix_nano) == (
        (DUE + 3000) * 1000,
        (DUE + 4000) * 1000,
    )
    assert attributes(root) == {
        "cartwake.cart": "7", "cartwake.outcome": "sent", "cartwake.attempt": 1, "cartwake.log_id": 107,
    }  # fmt: skip


def test_what_the_tables_alone_told_of_has_no_event(receiver: Receiver) -> None:
    traces = open_traces(receiver.url, percent=100, version="1")
    go(traces, "7", "failed", activity_us=None)
    traces.close()
    (root,) = receiver.named("recovery")
    assert (list(root.links), root.start_time_unix_nano, root.status.code) == ([], DUE * 1000, 2)
    assert receiver.tree(root) == list(STAGES)
    assert receiver.named("cart.activity") == []


def test_a_receiver_that_is_away_holds_up_nothing_and_costs_no_memory() -> None:
    with otlp_receiver() as gone:
        url = gone.url
    traces = open_traces(url, percent=100, version="1")
    before = time.thread_time()
    for key in range(3 * otel.QUEUE // len(STAGES)):
        go(traces, str(key))
    assert time.thread_time() - before < 30  # the processor's time, not the clock's: nothing waited
    traces.close()


def test_without_the_sdk_the_start_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "opentelemetry.sdk.trace", None)
    with pytest.raises(ConfigError, match=r"'\.\[otel\]' in its source, 'cartwake\[otel\]' from an index"):
        open_traces("http://127.0.0.1:4318/v1/traces", percent=100, version="1")


def test_nothing_of_it_is_imported_when_it_is_off() -> None:
    code = (
        "import sys, binlog_watcher.commands.service_cli, binlog_watcher.service.wiring as w\n"
        "from binlog_watcher.settings.settings import Settings\n"
        "w.traces(Settings()).close()\n"
        "print([name for name in sys.modules if name.startswith('opentelemetry')])"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, timeout=60, check=True
    )
    assert done.stdout.strip() == "[]"
