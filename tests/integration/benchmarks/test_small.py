"""The quick benchmarks, in small: they run, and print nothing but well-formed figures."""

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

BENCHMARKS = Path(__file__).parents[3] / "benchmarks"


def figures(script: str, *options: str) -> dict[str, dict[str, Any]]:
    done = subprocess.run(
        [sys.executable, str(BENCHMARKS / script), *options], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    lines = [json.loads(line) for line in done.stdout.splitlines()]
    for line in lines:
        assert {"figure", "value", "unit", "rounds", "min", "max"} == set(line) or line["value"] is None
    return {line["figure"]: line for line in lines}


def test_wheel() -> None:
    found = figures("wheel.py", "--timers", "20000", "--rounds", "2", "--small")
    for name in (
        "arm_ns",
        "rearm_ns",
        "cancel_ns",
        "expire_ns",
        "pause_max_ms",
        "heapq_arm_ns",
        "call_later_arm_ns",
    ):
        assert found[f"wheel.{name}"]["min"] > 0
    assert (
        found["wheel.bytes_per_timer_20000"]["value"]
        < found["wheel.call_later_bytes_per_timer_20000"]["value"]
    )
    assert found["wheel.ratio_heapq_arm"]["rounds"] == 2


def test_dashboard() -> None:
    small = ("--rows", "2000", "--orders", "500", "--visits", "3", "--rounds", "1")
    assert figures("dashboard.py", *small)["dashboard.page_ms_1m_log"]["value"] > 0


def test_documents() -> None:
    found = figures("documents.py", "--rounds", "1", "--documents", "100")
    for size in (1, 10, 40):
        for name in (f"read_{size}kb_per_s", f"unchanged_{size}kb_per_s", f"updates_{size}kb_per_s"):
            assert found[f"documents.{name}"]["value"] > 0


def test_kafka() -> None:
    found = figures("kafka.py", "--records", "3000", "--rounds", "1", "--small")
    assert found["kafka.replay_events_per_s"]["value"] > 0
    assert found["kafka.replay_over_bare_consumer"]["value"] > 0


def test_import_products() -> None:
    # Each cart has one whole mail, and one of the last products was recommended: else it ends with an error.
    found = figures("import_products.py", "--old", "400", "--new", "1500", "--rate", "8", "--quiet", "2")
    assert found["import.lateness_p50_ms"]["value"] <= found["import.lateness_max_ms"]["value"]
    assert found["import.products_s"]["value"] > found["import.written_s"]["value"]


def test_latency() -> None:
    found = figures("latency.py", "--rounds", "1", "--seconds", "1", "--only", "ours,stock")
    for name in ("", "stock_"):
        p50, p99 = (found[f"latency.{name}ack_to_event_{which}_ms"]["value"] for which in ("p50", "p99"))
        assert p50 <= p99
    assert {"latency.ratio_stock_p50", "latency.ratio_stock_p99"} <= set(found)


def test_notes() -> None:
    found = figures("notes.py", "--rounds", "2")
    assert found["notes.first_statements_per_1000"]["value"] <= 3
    assert found["notes.read_db_cpu_ms_per_1000"]["value"] > 0


def test_recommend() -> None:
    found = figures("recommend.py", "--sizes", "1000", "--lines", "10000")
    if "absent" in found["recommend.single_ms_1k"]:  # no data to draw from
        assert set(found) == {"recommend.single_ms_1k", "recommend.orders_s_10k"}
        return
    for name in (
        "build_s",
        "single_ms",
        "batch_ms_per_cart",
        "ratio_plain_single",
        "blend_single_ms",
        "rss_mb",
    ):
        assert found[f"recommend.{name}_1k"]["value"] > 0
    assert found["recommend.agreement_1k"]["value"] == 1
    assert found["recommend.orders_s_10k"]["value"] > 0


def test_report() -> None:
    found = figures("report.py", "--rows", "3000", "--orders", "5000", "--rounds", "1")
    assert found["report.seconds_1m_log"]["value"] > 0
    assert found["report.ratio_plain_count"]["rounds"] == 1


def test_shops() -> None:
    found = figures("shops.py", "--updates", "200", "--rounds", "2", "--open", "700")
    for name in (
        "document_updates_per_s",
        "document_mb_per_s",
        "documents_hydrated_per_s",
        "open_documents_per_s",
    ):
        assert found[f"shops.{name}"]["value"] > 0
    assert {"shops.memory_growth_mb", "shops.open_documents_memory_mb"} <= found.keys()


def test_web() -> None:
    found = figures("web.py", "--rounds", "1", "--seconds", "1")
    assert found["web.requests_per_s"]["value"] > 0
    assert found["web.p99_ms"]["value"] > 0


def test_install() -> None:
    found = figures("install.py", "--here", "--rounds", "2")
    assert found["install.import_cpu_ms"]["min"] > 0
    assert found["install.otel_import_cpu_ms"]["min"] > 0
