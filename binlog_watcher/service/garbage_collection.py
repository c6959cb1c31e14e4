"""What the garbage collector need not look at.

A million timers are some hundred thousand tuples that form no cycles: they go by their reference counts. The first
full collection that walks through them takes 0.3 s, in which nothing else runs, mails in hand included. So what
hydration arms is moved out of the collector's sight, page by page.

A new hydration leaves there what the one before has moved. ``gc.unfreeze()`` costs microseconds, but the next full
collection would walk through all of it, in the middle of the service's work; and nothing is won. The old timers are
freed without the collector, and of cyclic garbage, which is kept for good, ten hydrations anew had left none.
"""

import gc

from binlog_watcher.core.events import Assigned, CartRead, Hydrated
from binlog_watcher.core.source import Batch


def spare_hydrated_timers(batch: Batch) -> None:
    """To be called when a batch was applied: the collector never looks at what a hydration's page has armed."""
    if batch.events and isinstance(batch.events[-1], Assigned | CartRead | Hydrated):
        gc.freeze()


def collect_everything() -> None:
    """To be called when a service has ended, and its timers with it: nothing is spared, and all garbage goes."""
    gc.unfreeze()
    gc.collect()
