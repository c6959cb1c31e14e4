"""Which of the sender's connections are free: counted here and nowhere else."""

import asyncio
import contextlib
from collections.abc import AsyncIterator


class ConnectionSlots:
    """``total`` connections. One that is taken carries one message at a time, until it is released."""

    def __init__(self, total: int) -> None:
        self.total = total
        self._free = total
        self._released = asyncio.Event()

    @property
    def free(self) -> int:
        """Connections that could be taken now."""
        return self._free

    def take(self, connections: int) -> None:
        """Take free connections. Raises ValueError where fewer are free."""
        if connections > self._free:
            raise ValueError(f"{connections} connections wanted, {self._free} are free")
        self._free -= connections

    def release(self, connections: int) -> None:
        """Give connections back. Raises ValueError for more than were taken."""
        if self._free + connections > self.total:
            raise ValueError(f"{connections} connections given back, {self.total - self._free} were taken")
        self._free += connections
        self._released.set()

    async def freed(self) -> None:
        """Wait until some connection is released, the next time."""
        self._released.clear()
        await self._released.wait()

    @contextlib.asynccontextmanager
    async def one(self) -> AsyncIterator[None]:
        """Wait for a free connection and hold it."""
        while not self._free:
            await self.freed()
        self.take(1)
        try:
            yield
        finally:
            self.release(1)
