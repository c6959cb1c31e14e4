"""Which rows of the log have a mail on its way: from the claim until the outcome is written."""

import asyncio


class UnderWay:
    """Rows by id. A second mail of one row would pass the first one's fence: it is not let in."""

    def __init__(self) -> None:
        self._rows: set[int] = set()
        self._empty = asyncio.Event()
        self._empty.set()

    def begin(self, log_id: int) -> bool:
        """Take the row up; False if it is under way already."""
        if log_id in self._rows:
            return False
        self._rows.add(log_id)
        self._empty.clear()
        return True

    def end(self, log_id: int) -> None:
        """Its outcome is in the log."""
        self._rows.discard(log_id)
        if not self._rows:
            self._empty.set()

    async def drained(self) -> None:
        """Wait until nothing is under way."""
        await self._empty.wait()
