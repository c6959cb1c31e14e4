"""Which of the sender's connections are free: counted here and nowhere else."""

import asyncio
import contextlib
from collections import deque
from collections.abc import AsyncIterator


class ConnectionSlots:
    """``total`` connections. One that is taken carries one message at a time, until it is released."""

    def __init__(self, total: int) -> None:
        self.total = total
        self._free = total
        self._released = asyncio.Event()
        self._waiting = deque[
            asyncio.Future[None]
        ]()  # each is handed a released connection, first come, first served

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
        for _ in range(connections):
            self._release_one()
        self._released.set()

    def _release_one(self) -> None:
        while self._waiting:
            first = self._waiting.popleft()
            if not first.done():
                first.set_result(None)
                return
        self._free += 1

    async def freed(self) -> None:
        """Wait until some connection is released, the next time."""
        self._released.clear()
        await self._released.wait()

    @contextlib.asynccontextmanager
    async def one(self) -> AsyncIterator[None]:
        """Wait for a free connection and hold it."""
        await self._wait_for_one()
        try:
            yield
        finally:
            self.release(1)

    async def _wait_for_one(self) -> None:
        if self._free:
            self.take(1)
            return
        handed = asyncio.get_running_loop().create_future()
        self._waiting.append(handed)
        try:
            await handed
        except asyncio.CancelledError:
            if handed.done() and not handed.cancelled():
                self.release(1)  # it was handed over in the very moment of the cancellation
            raise
