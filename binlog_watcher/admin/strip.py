"""The strip of timers as numbers for SVG that the server writes; its colours come by the style sheet.

All lengths are in the units of a viewBox that is stretched to its place, so nothing but rectangles stands in it.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from binlog_watcher.admin import shown

STRIP = 1000.0


@dataclass(frozen=True, slots=True)
class Mark:
    """A tick of the strip, at which so many timers are due."""

    x: float
    y: float
    height: float
    title: str


def strip(dues_us: Sequence[int], now_us: int, span_us: int, *, slots: int = 120) -> tuple[Mark, ...]:
    """Timers on the line of the next ``span_us``, by slot; those that are overdue stand at its beginning."""
    counts: dict[int, int] = {}
    for due_us in dues_us:
        slot = max(0, (due_us - now_us) * slots // span_us)
        if slot < slots:
            counts[slot] = counts.get(slot, 0) + 1
    most = max(counts.values(), default=1)
    marks = []
    for slot, number in sorted(counts.items()):
        height = round(35 + 65 * number / most, 2) if most > 1 else 70.0
        at = shown.span(slot * span_us // slots)
        marks.append(
            Mark(
                round(slot * STRIP / slots + 1, 2), round(100 - height, 2), height,
                f"{shown.count(number)} due in {at}" if slot else f"{shown.count(number)} due now",
            )
        )  # fmt: skip
    return tuple(marks)
