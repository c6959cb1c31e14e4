"""Memory: what the service holds with armed timers and products, and what more of either costs."""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from figures import progress
from recovery_ground import Ground
from recovery_service import Memory, memory
from recovery_shop import catalogue

PRODUCTS, MORE_PRODUCTS = 1_000, 100_000
TIMERS, MORE_TIMERS = 100_000, 1_000_000

_SETTLE_S = 3.0
_THRESHOLD_S = 7200.0
"""The timers run for as long as the memory is measured."""


@dataclass(frozen=True, slots=True)
class Footprint:
    """In MB. ``base``: with 1,000 products and 100,000 armed timers; the others what was added to it."""

    base: Memory
    with_workers: Memory | None
    million_timers: float
    hundred_thousand_products: float


def run(ground: Ground, workers: int, scale: float = 1.0) -> Footprint:
    """Start the service on shops of different size. ``workers``: 0 where there are none; ``scale``: of a small try."""
    timers, more_timers = round(TIMERS * scale), round(MORE_TIMERS * scale)
    more_products = round(MORE_PRODUCTS * scale)
    ground.shop.open_carts(ground.reserve(timers), timers)
    ground.shop.stock(catalogue(PRODUCTS))
    base = _measure(ground, f"{PRODUCTS} products, {timers} timers", timers)
    with_workers = None
    if workers:
        with_workers = _measure(ground, f"the same, {workers} workers", timers, WORKER_PROCESSES=workers)
    ground.shop.stock(catalogue(PRODUCTS + more_products))
    products = _measure(ground, f"{more_products} more products", timers)
    ground.shop.stock(catalogue(PRODUCTS))
    ground.shop.open_carts(ground.reserve(more_timers), more_timers)
    grown = _measure(ground, f"{more_timers} more timers", timers + more_timers)
    return Footprint(
        base=base,
        with_workers=with_workers,
        million_timers=(grown.resident - base.resident) * 1e6 / more_timers,
        hundred_thousand_products=(products.resident - base.resident) * 1e5 / more_products,
    )


def _measure(ground: Ground, what: str, timers: int, **settings: Any) -> Memory:
    with _armed(ground, timers, settings) as pid:
        found = memory(pid)
    progress(f"{what}: {found.resident:.1f} MB resident, {found.peak:.1f} MB at most")
    return found


@contextmanager
def _armed(ground: Ground, timers: int, settings: dict[str, Any]) -> Iterator[int]:
    """The process id of a service that has armed that many timers, a moment ago."""
    with ground.service(_THRESHOLD_S, **settings) as service:
        armed = service.process.metrics().get("cartwake_timers_armed")
        if armed != timers:
            raise service.failed(f"{armed} timers are armed, not {timers}")
        time.sleep(_SETTLE_S)
        yield service.pid
