"""Tells of stores that are not listed: a slip in STORES would go unseen else, for their carts leave no row."""

import structlog

log = structlog.get_logger(__name__)

MOST_STORES = 100
"""How many are told of at most."""


class UnlistedStores:
    """Tells once of each, and no more than that: another instance may list them."""

    def __init__(self) -> None:
        self._told: set[str | None] = set()

    def tell(self, store: str | None) -> None:
        """A cart of it was left alone."""
        if store in self._told or len(self._told) >= MOST_STORES:
            return
        self._told.add(store)
        log.info(
            "store.not_listed",
            store=store or "none",
            hint="its carts are left alone; STORES lists the others",
        )
