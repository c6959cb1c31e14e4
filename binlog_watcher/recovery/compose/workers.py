"""Composes in worker processes; one that dies is replaced, and its chunk made again: it was only computed."""

import asyncio
import contextlib
import multiprocessing
import threading
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from multiprocessing.connection import Connection
from multiprocessing.process import BaseProcess

import structlog

from binlog_watcher.core.batches import in_batches
from binlog_watcher.recovery.compose.composer import Composer
from binlog_watcher.recovery.compose.pool import Composed, ComposeThread, texts_of
from binlog_watcher.recovery.compose.worker_process import (
    Answer,
    Change,
    Job,
    Learn,
    MakeComposer,
    PickOnly,
    work,
)
from binlog_watcher.recovery.stages import ClaimedCart
from recommender import Catalog, LiveRecommender, Options, Order, OrderLog, Product

log = structlog.get_logger(__name__)

CHANGES_BATCH_SIZE = 500
"""Products that a worker is told of at a time: no other thread runs while they are pickled."""

COMPOSE_ATTEMPTS = 2
"""How often a chunk is given to a worker; one that kills two of them is composed here, cart by cart."""


class WorkerDiedError(Exception):
    """A worker is gone, and its answer with it."""


@dataclass(slots=True, eq=False)
class _Worker:
    process: BaseProcess
    pipe: Connection
    thread: ThreadPoolExecutor
    changes: dict[int | str, Product | None] = field(default_factory=dict)
    lessons: Learn = field(default_factory=Learn)
    lock: threading.Lock = field(default_factory=threading.Lock)

    def tell(self, changes: Mapping[int | str, Product | None]) -> None:
        """Have it know of products before its next chunk; of each the last state is kept. Any thread."""
        with self.lock:
            self.changes.update(changes)

    def teach(self, orders: Sequence[Order], *, anew: bool) -> None:
        """Have its recommender learn from orders before its next chunk. Any thread."""
        with self.lock:
            if anew:
                self.lessons = Learn(OrderLog(), options=self.lessons.options)
            self.lessons.orders += orders

    def go_by(self, options: Options) -> None:
        """Have its recommender go by other options. Any thread."""
        with self.lock:
            self.lessons.options = options

    def begin(self, catalogue: Mapping[int | str, Product | None], recommender: LiveRecommender) -> None:
        """The same for the whole catalogue, and what was learnt so far; what was told meanwhile is newer."""
        with self.lock:
            self.changes = {**catalogue, **self.changes}
            if self.lessons.log is None:
                self.lessons.log = recommender.orders()
                self.lessons.orders.clear()  # the recommender was told of them before
            self.lessons.options = recommender.options

    def ask(self, question: Job | PickOnly) -> Answer:
        """Hand over what changed meanwhile and a question; its answer. Blocking; raises WorkerDiedError."""
        try:
            with self.lock:
                changes, self.changes = self.changes, {}
                lessons, self.lessons = self.lessons, Learn()
            if lessons != Learn():
                self.pipe.send(lessons)
            for some in in_batches(list(changes.items()), CHANGES_BATCH_SIZE):
                self.pipe.send(Change(dict(some)))
            self.pipe.send(question)
            answer: Answer = self.pipe.recv()
        except (EOFError, OSError) as error:
            raise WorkerDiedError(type(error).__name__) from error
        return answer

    def end(self) -> None:
        self.pipe.close()
        self.process.join(2)
        if self.process.is_alive():
            self.process.kill()
            self.process.join()
        self.thread.shutdown(wait=False)


class ComposeWorkers:
    """``processes`` workers, each given one chunk at a time."""

    def __init__(self, local: Composer, make: MakeComposer, catalog: Catalog, processes: int) -> None:
        """``local``: writes texts that have to be waited for, and composes what no worker survives."""
        self._local = local
        self._make = make
        self._catalog = catalog
        self._count = processes
        self._context = multiprocessing.get_context(
            "spawn"
        )  # a fork would inherit threads, locks and sockets
        self._idle: asyncio.Queue[_Worker] = asyncio.Queue()
        self._workers: list[_Worker] = []
        self._starting = asyncio.Lock()

    async def start(self) -> None:
        """Start the workers, which takes them a second or two each."""
        async with self._starting:
            if not self._workers:
                for worker in await asyncio.gather(
                    *(asyncio.to_thread(self._new) for _ in range(self._count))
                ):
                    self._idle.put_nowait(worker)

    async def compose(self, chunk: Sequence[ClaimedCart], now_us: int) -> list[Composed]:
        """The messages of a chunk, made by a worker."""
        await self.start()
        for attempt in range(1, COMPOSE_ATTEMPTS + 1):
            worker = await self._idle.get()
            try:
                made = await self._ask(worker, chunk, now_us)
            except asyncio.CancelledError:
                worker.end()  # its answer is still under way
                raise
            except Exception as error:
                # Whatever it was, the worker is gone or in the midst of something.
                log.exception("compose.worker_died", reason=str(error), carts=len(chunk), attempt=attempt)
                await self._renew(worker)
                continue
            self._idle.put_nowait(worker)
            return made
        return await ComposeThread(self._local).compose(chunk, now_us)

    async def _ask(self, worker: _Worker, chunk: Sequence[ClaimedCart], now_us: int) -> list[Composed]:
        job = Job(chunk, now_us)
        fallbacks = 0
        if not self._local.writes_at_once:
            answer = await self._in_thread(worker, PickOnly(chunk))
            job.picks, fallbacks = answer.picks, answer.fallbacks
            job.texts = await texts_of(self._local, chunk, job.picks)
        answer = await self._in_thread(worker, job)
        self._local.count_fallbacks(fallbacks + answer.fallbacks)
        return answer.made

    @staticmethod
    async def _in_thread(worker: _Worker, question: Job | PickOnly) -> Answer:
        return await asyncio.get_running_loop().run_in_executor(worker.thread, worker.ask, question)

    def products_changed(self, changed: Sequence[Product], gone: Sequence[int | str]) -> None:
        """Tell each worker before its next chunk."""
        changes: dict[int | str, Product | None] = {product.id: product for product in changed}
        changes.update(dict.fromkeys(gone))
        for worker in self._workers:
            worker.tell(changes)
        self._local.recommender.follow()

    def orders_came(self, orders: Sequence[Order], *, anew: bool) -> None:
        """Learn from them here, and tell each worker before its next chunk."""
        self._local.recommender.take_orders(orders, anew=anew)
        for worker in self._workers:
            worker.teach(orders, anew=anew)

    def options_chosen(self, options: Options) -> None:
        """The same for options."""
        self._local.recommender.choose(options)
        for worker in self._workers:
            worker.go_by(options)

    def _new(self) -> _Worker:
        ours, theirs = self._context.Pipe()
        # Daemonic: should this process end without closing its pipe, no worker stays behind.
        process = self._context.Process(
            target=work, args=(theirs, self._make), name=f"compose-{len(self._workers)}", daemon=True
        )
        process.start()
        theirs.close()
        worker = _Worker(process, ours, ThreadPoolExecutor(1, thread_name_prefix="compose"))
        self._workers.append(worker)  # before the catalogue is read: no change is missed
        worker.begin({product.id: product for product in self._catalog}, self._local.recommender)
        with contextlib.suppress(WorkerDiedError):  # then its first chunk finds it dead
            worker.ask(PickOnly(()))  # builds the index
        return worker

    async def _renew(self, worker: _Worker) -> None:
        try:
            fresh = await asyncio.to_thread(self._replace, worker)
        except Exception as error:
            # No memory for a process, say.
            log.exception("compose.no_new_worker", error=str(error))
            fresh = worker  # whoever asks it next finds it dead, and tries again
        self._idle.put_nowait(fresh)

    def _replace(self, worker: _Worker) -> _Worker:
        worker.end()
        fresh = self._new()
        self._workers.remove(worker)
        return fresh

    async def close(self) -> None:
        """End the workers."""
        workers, self._workers = self._workers, []
        await asyncio.gather(*(asyncio.to_thread(worker.end) for worker in workers))
