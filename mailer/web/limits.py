"""How often one address may come with links that are none: who tries tokens out is slowed down. Pure."""

from collections import OrderedDict

INVALID_PER_WINDOW = 30
WINDOW_S = 60.0
MOST_ADDRESSES = 10_000
"""Addresses that are remembered; the one longest unheard of is forgotten first."""


class InvalidLinks:
    """Counts invalid links by address; valid ones are never held up. Times in seconds."""

    def __init__(self) -> None:
        self._seen: OrderedDict[str, tuple[float, int]] = (
            OrderedDict()
        )  # address → window's begin, links in it

    def note(self, address: str, now_s: float) -> bool:
        """One more from this address; whether it is one too many."""
        began_s, links = self._seen.pop(address, (now_s, 0))
        if now_s - began_s >= WINDOW_S:
            began_s, links = now_s, 0
        self._seen[address] = (began_s, links + 1)
        if len(self._seen) > MOST_ADDRESSES:
            self._seen.popitem(last=False)
        return links >= INVALID_PER_WINDOW
