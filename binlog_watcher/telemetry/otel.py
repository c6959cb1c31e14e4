"""Traces for OpenTelemetry, by OTLP over HTTP; the extra ``otel`` brings the SDK, which is imported when it is wanted.

A recovery is a trace: the span ``recovery`` from when the cart was due, and below it a span for each stage. It links to
the span ``cart.activity``, a trace of its own, which stands for the event of the binlog that armed the timer. The SDK
exports from a thread of its own out of a queue that drops spans when it is full.
"""

import importlib
import sys
from threading import Thread
from typing import Any

from binlog_watcher.errors import ConfigError
from binlog_watcher.telemetry.traces import KeptTraces, Way

QUEUE = 4096
"""Spans that wait to be exported; those that come when it is full are dropped."""

DELAY_MS = 2000
TIMEOUT_S = 5
CLOSE_S = 2.0
_NS = 1000


def open_traces(url: str, *, percent: float, version: str) -> KeptTraces:
    """Traces that go to an OTLP receiver at ``url``. Raises ConfigError where the SDK is not installed."""
    api, trace, export, resources, otlp = sdk()
    resource = resources.Resource.create({"service.name": "cartwake", "service.version": version})
    provider = trace.TracerProvider(resource=resource, shutdown_on_exit=False)
    exporter = otlp.OTLPSpanExporter(endpoint=url, timeout=TIMEOUT_S)
    provider.add_span_processor(
        export.BatchSpanProcessor(exporter, max_queue_size=QUEUE, schedule_delay_millis=DELAY_MS)
    )
    tracer = provider.get_tracer("cartwake", version)
    return KeptTraces(lambda way: _spans(way, tracer, api), percent=percent, close=lambda: _close(provider))


def sdk() -> list[Any]:
    """The modules that are needed of it. Raises ConfigError where it is not installed."""
    return [
        _module(name)
        for name in (
            "opentelemetry.trace", "opentelemetry.sdk.trace", "opentelemetry.sdk.trace.export",
            "opentelemetry.sdk.resources", "opentelemetry.exporter.otlp.proto.http.trace_exporter",
        )
    ]  # fmt: skip


def _spans(way: Way, tracer: Any, api: Any) -> None:
    """Nothing here names a person: the cart's key and the log's id are what the log has, too."""
    links = []
    began_us = way.due_us
    if way.activity_us is not None:
        event = tracer.start_span("cart.activity", start_time=way.activity_us * _NS, context=api.Context())
        event.set_attribute("cartwake.cart", way.key)
        event.end(way.activity_us * _NS)
        links.append(api.Link(event.get_span_context()))
        began_us = min(way.activity_us, way.due_us)
    attributes = {"cartwake.cart": way.key, "cartwake.outcome": way.outcome, "cartwake.attempt": way.attempt}
    if way.reason:
        attributes["cartwake.reason"] = way.reason
    if way.log_id is not None:
        attributes["cartwake.log_id"] = way.log_id
    root = tracer.start_span(
        "recovery", start_time=began_us * _NS, links=links, attributes=attributes, context=api.Context()
    )
    around = api.set_span_in_context(root, api.Context())
    before_us = began_us
    for stage, at_us in [("armed", way.due_us), *way.stages]:
        end_us = max(before_us, at_us)
        if end_us > began_us or stage != "armed":
            tracer.start_span(stage, context=around, start_time=before_us * _NS).end(end_us * _NS)
        before_us = end_us
    if way.outcome in {"failed", "unknown"}:
        root.set_status(api.StatusCode.ERROR, way.reason or way.outcome)
    root.end(before_us * _NS)


def _close(provider: Any) -> None:
    # A receiver that does not answer must not hold up the end: the thread dies with the process.
    thread = Thread(target=provider.shutdown, name="traces", daemon=True)
    thread.start()
    thread.join(CLOSE_S)


def _module(name: str) -> Any:
    try:
        return importlib.import_module(name)
    except ImportError:
        raise ConfigError(
            f"TRACES_URL needs OpenTelemetry's SDK: {sys.executable} -m pip install opentelemetry-sdk "
            "opentelemetry-exporter-otlp-proto-http (or install Cartwake with its extra: '.[otel]' in its source, "
            "'cartwake[otel]' from an index)"
        ) from None
