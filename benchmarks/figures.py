"""How every benchmark reports: one line of JSON a figure on stdout; everything meant for humans goes to stderr."""

import json
import os
import platform
import statistics
import sys
from collections.abc import Sequence
from pathlib import Path


def figure(name: str, values: Sequence[float], unit: str) -> float:
    """Print a figure: the median of one value a round, with the smallest and the largest; returns the median."""
    value = statistics.median(values)
    line = {
        "figure": name,
        "value": _short(value),
        "unit": unit,
        "rounds": len(values),
        "min": _short(min(values)),
        "max": _short(max(values)),
    }
    print(json.dumps(line), flush=True)
    return value


def absent(name: str, unit: str, reason: str) -> None:
    """Print a figure that can't be had here, as such: its value is null and it says why."""
    print(
        json.dumps({"figure": name, "value": None, "unit": unit, "rounds": 0, "absent": reason}), flush=True
    )


def ratios(theirs: Sequence[float], ours: Sequence[float]) -> list[float]:
    """The peer's time over ours, round by round: the rounds are interleaved, so each saw the same machine."""
    return [their / our for their, our in zip(theirs, ours, strict=True)]


def progress(text: str) -> None:
    """Tell the human who waits."""
    print(text, file=sys.stderr, flush=True)


def machine() -> str:
    """Processor, number of cores, Python, and the load: without them no figure means anything."""
    cpu = platform.processor() or platform.machine()
    info = Path("/proc/cpuinfo")
    if info.exists():
        names = [
            line.split(":", 1)[1] for line in info.read_text().splitlines() if line.startswith("model name")
        ]
        cpu = names[0].strip() if names else cpu
    load = ", ".join(f"{one:.1f}" for one in os.getloadavg())
    return f"{cpu}, {os.cpu_count()} cores, Python {platform.python_version()}, load {load} (1, 5, 15 min)"


def _short(value: float) -> float:
    """Four significant digits: the machine's noise begins long before."""
    return float(f"{value:.4g}")
