"""Where claimed carts become messages: recommend → write → render → build, a chunk at a time.

``LocalPress`` works in a thread of this process. ``WorkerPress`` hands chunks to processes of their own, which have
catalogue and templates and nothing else: no database, no SMTP, no state. One that dies is replaced, and its chunk made
again: it was only computed.
"""

import asyncio
import contextlib
import multiprocessing
import signal
import threading
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from multiprocessing.connection import Connection
from multiprocessing.process import BaseProcess
from typing import Protocol

import structlog

from binlog_watcher.recovery.composer import ClaimedCart, Composer, ReadyMail
from recommender import Catalog, Product, Recommendation

log = structlog.get_logger(__name__)

CHUNK = 25
"""Carts that are composed at a time: enough for the recommender to gain by it, few enough for the first to go soon."""

ATTEMPTS = 2
"""How often a chunk is given to a worker; one that kills two of them is composed here, cart by cart."""

Composed = ReadyMail | Exception
"""A cart's message, or why it has none."""


class Press(Protocol):
    """Composes; an error of one cart's is its own and no other's."""

    async def start(self) -> None:
        """Make ready, once the catalogue has been read."""
        ...

    async def compose(self, chunk: Sequence[ClaimedCart], now_us: int) -> list[Composed]:
        """The messages, in the order of the carts."""
        ...

    def products_changed(self, changed: Sequence[Product], gone: Sequence[int | str]) -> None:
        """The catalogue has these now, and these no more. Any thread."""
        ...

    async def close(self) -> None:
        """Compose no more."""
        ...


class LocalPress:
    """Composes in a thread of this process."""

    def __init__(self, composer: Composer) -> None:
        self._composer = composer

    async def start(self) -> None:
        """Build the index; without one mails go out with no recommendations, and say so in the log."""
        await asyncio.to_thread(self._composer.warm_up)

    async def compose(self, chunk: Sequence[ClaimedCart], now_us: int) -> list[Composed]:
        """One hop to a thread for all of it; the texts between two hops, when Gemini writes them."""
        if self._composer.writes_at_once:
            return await asyncio.to_thread(compose_all, self._composer, chunk, now_us)
        picks = await asyncio.to_thread(self._composer.recommend, [one.cart for one in chunk])
        texts = await texts_of(self._composer, chunk, picks)
        return await asyncio.to_thread(build_all, self._composer, chunk, picks, texts, now_us)

    def products_changed(self, changed: Sequence[Product], gone: Sequence[int | str]) -> None:
        """Nothing to do: the recommender reads the service's own catalogue."""

    async def close(self) -> None:
        """Nothing to do."""


def compose_all(composer: Composer, chunk: Sequence[ClaimedCart], now_us: int) -> list[Composed]:
    """All of a chunk, with a writer that does not wait for anything. Blocking."""
    picks = composer.recommend([one.cart for one in chunk])
    texts = [composer.text_at_once(one.cart, chosen) for one, chosen in zip(chunk, picks, strict=True)]
    return build_all(composer, chunk, picks, texts, now_us)


async def texts_of(
    composer: Composer, chunk: Sequence[ClaimedCart], picks: Sequence[list[Recommendation]]
) -> list[str | Exception]:
    """The texts, written all at once."""
    found = await asyncio.gather(
        *(composer.text(one.cart, chosen) for one, chosen in zip(chunk, picks, strict=True)),
        return_exceptions=True,
    )
    for one in found:
        if isinstance(one, BaseException) and not isinstance(one, Exception):
            raise one
    return [one for one in found if not isinstance(one, BaseException) or isinstance(one, Exception)]


def build_all(
    composer: Composer,
    chunk: Sequence[ClaimedCart],
    picks: Sequence[list[Recommendation]],
    texts: Sequence[str | Exception],
    now_us: int,
) -> list[Composed]:
    """Render and build. Blocking."""
    made: list[Composed] = []
    for one, chosen, text in zip(chunk, picks, texts, strict=True):
        if isinstance(text, Exception):
            made.append(text)
            continue
        try:
            made.append(composer.build(one, chosen, text, now_us))
        except Exception as error:  # noqa: BLE001 - this cart's; the others go on
            made.append(error)
    return made


# --- worker processes -----------------------------------------------------------------------------------------------

MakeComposer = Callable[[Catalog], Composer]
"""Makes a worker's composer, in the worker, with TemplateWriter as its writer; must be picklable."""


@dataclass(slots=True)
class _Job:
    """A chunk; ``texts`` None: the worker's own writer writes them."""

    chunk: Sequence[ClaimedCart]
    now_us: int
    picks: list[list[Recommendation]] | None = None
    texts: list[str | Exception] | None = None


@dataclass(slots=True)
class _Change:
    """Products as they are now, by id; None: it is gone."""

    products: dict[int | str, Product | None]


@dataclass(slots=True)
class _Pick:
    """Recommendations only, for texts that are written in the parent."""

    chunk: Sequence[ClaimedCart]


@dataclass(slots=True)
class _Answer:
    """``fallbacks``: mails that go without recommendations since the recommender failed."""

    made: list[Composed] = field(default_factory=list)
    picks: list[list[Recommendation]] = field(default_factory=list)
    fallbacks: int = 0


class WorkerDiedError(Exception):
    """A worker is gone, and its answer with it."""


@dataclass(slots=True, eq=False)
class _Worker:
    process: BaseProcess
    pipe: Connection
    thread: ThreadPoolExecutor
    changes: dict[int | str, Product | None] = field(default_factory=dict)
    lock: threading.Lock = field(default_factory=threading.Lock)

    def tell(self, changes: Mapping[int | str, Product | None]) -> None:
        """Have it know of products before its next chunk; of each the last state is kept. Any thread."""
        with self.lock:
            self.changes.update(changes)

    def begin(self, catalogue: Mapping[int | str, Product | None]) -> None:
        """The same for the whole catalogue; what was told meanwhile is newer."""
        with self.lock:
            self.changes = {**catalogue, **self.changes}

    def ask(self, question: "_Job | _Pick") -> _Answer:
        """Hand over what changed meanwhile and a question; its answer. Blocking; raises WorkerDiedError."""
        try:
            with self.lock:
                changes, self.changes = self.changes, {}
            if changes:
                self.pipe.send(_Change(changes))
            self.pipe.send(question)
            answer: _Answer = self.pipe.recv()
        except (EOFError, OSError) as error:
            raise WorkerDiedError(type(error).__name__) from error
        return answer

    def end(self) -> None:
        self.pipe.close()
        self.process.join(2)
        if self.process.is_alive():
            self.process.kill()
        self.thread.shutdown(wait=False)


class WorkerPress:
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
        for attempt in range(1, ATTEMPTS + 1):
            worker = await self._idle.get()
            try:
                made = await self._ask(worker, chunk, now_us)
            except asyncio.CancelledError:
                worker.end()  # its answer is still under way
                raise
            except Exception as error:
                # Whatever it was, the worker is gone or in the midst of something.
                log.exception("press.worker_died", reason=str(error), carts=len(chunk), attempt=attempt)
                await self._renew(worker)
                continue
            self._idle.put_nowait(worker)
            return made
        return await LocalPress(self._local).compose(chunk, now_us)

    async def _ask(self, worker: _Worker, chunk: Sequence[ClaimedCart], now_us: int) -> list[Composed]:
        job = _Job(chunk, now_us)
        fallbacks = 0
        if not self._local.writes_at_once:
            answer = await self._in_thread(worker, _Pick(chunk))
            job.picks, fallbacks = answer.picks, answer.fallbacks
            job.texts = await texts_of(self._local, chunk, job.picks)
        answer = await self._in_thread(worker, job)
        self._local.count_fallbacks(fallbacks + answer.fallbacks)
        return answer.made

    @staticmethod
    async def _in_thread(worker: _Worker, question: _Job | _Pick) -> _Answer:
        return await asyncio.get_running_loop().run_in_executor(worker.thread, worker.ask, question)

    def products_changed(self, changed: Sequence[Product], gone: Sequence[int | str]) -> None:
        """Tell each worker before its next chunk."""
        changes: dict[int | str, Product | None] = {product.id: product for product in changed}
        changes.update(dict.fromkeys(gone))
        for worker in self._workers:
            worker.tell(changes)

    def _new(self) -> _Worker:
        ours, theirs = self._context.Pipe()
        # Daemonic: should this process end without closing its pipe, no worker stays behind.
        process = self._context.Process(
            target=work, args=(theirs, self._make), name=f"press-{len(self._workers)}", daemon=True
        )
        process.start()
        theirs.close()
        worker = _Worker(process, ours, ThreadPoolExecutor(1, thread_name_prefix="press"))
        self._workers.append(worker)  # before the catalogue is read: no change is missed
        worker.begin({product.id: product for product in self._catalog})
        with contextlib.suppress(WorkerDiedError):  # then its first chunk finds it dead
            worker.ask(_Pick(()))  # builds the index
        return worker

    async def _renew(self, worker: _Worker) -> None:
        try:
            fresh = await asyncio.to_thread(self._replace, worker)
        except Exception as error:
            # No memory for a process, say.
            log.exception("press.no_new_worker", error=str(error))
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


def work(pipe: Connection, make: MakeComposer) -> None:
    """A worker's life: until its pipe is closed."""
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, signal.SIG_IGN)  # the parent ends it, when the mails in hand are finished
    catalog = Catalog()
    composer = make(catalog)
    with contextlib.suppress(EOFError, OSError):
        while True:
            question = pipe.recv()
            if not isinstance(question, _Change):
                pipe.send(_answer(composer, question))
            elif not len(catalog):
                catalog.replace([product for product in question.products.values() if product is not None])
            else:
                for product_id, product in question.products.items():
                    if product is None:
                        catalog.remove(product_id)
                    else:
                        catalog.upsert(product)


def _answer(composer: Composer, question: _Job | _Pick) -> _Answer:
    before = composer.fallbacks
    match question:
        case _Pick(()):
            composer.warm_up()
            answer = _Answer()
        case _Pick(chunk):
            answer = _Answer(picks=composer.recommend([one.cart for one in chunk]))
        case _Job(chunk, now_us, None, _):
            answer = _Answer(compose_all(composer, chunk, now_us))
        case _Job(chunk, now_us, picks, texts):
            answer = _Answer(build_all(composer, chunk, picks or [], texts or [], now_us))
    answer.fallbacks = composer.fallbacks - before
    return answer
