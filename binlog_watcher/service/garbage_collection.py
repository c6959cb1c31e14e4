"""What the garbage collector need not look at.

A million timers are some hundred thousand tuples that form no cycles: they go by their reference counts. A full
collection that walks through them takes 0.3 s (1 million timers), in which nothing else runs, mails in hand included.
So what hydration arms is moved out of the collector's sight, page by page.

A new hydration leaves what was moved where it is. ``gc.unfreeze()`` costs microseconds, but then the next full
collection walks through all of it, in the middle of the service's work. What is moved away for good in exchange is
only the cyclic garbage of a page's last few thousand objects.
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
