"""Builds the recommender in a process of its own, which ends with it.

Building keeps the interpreter busy for seconds with a large catalogue, and many orders take hundreds of megabytes
meanwhile: neither does a service any good that has mails to send.
"""

import logging
import os
import pickle
import subprocess
import sys
import threading
import time
from collections.abc import Hashable, Iterable, Iterator, Sequence
from contextlib import contextmanager, suppress
from itertools import islice
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from scipy import sparse

from recommender.catalog import Product
from recommender.choosing import Choice, choose
from recommender.facts import Facts, in_order
from recommender.model import Options, Recommender, learnt
from recommender.orders import OrderLog
from recommender.similarity import SimilarityIndex
from recommender.stored import mapped_together, mapped_vectors, write_together, write_vectors
from recommender.vectors import Texts, texts_of, vectorise

logger = logging.getLogger(__name__)

TIMEOUT_S = 1800.0
_LOOK_S = 0.2
"""Between two looks whether the answer is still wanted."""
_NICE = 10
_GIVES_BACK = {"MALLOC_MMAP_THRESHOLD_": "1000000"}
"""Has glibc return each freed array at once; else those of the first half stay beside those of the second."""
_ROWS = 500
"""Rows that are sent at a time."""
SMALL_PRODUCTS = 300
SMALL_LINES = 3_000
"""Of orders. With no more of either it is built here, in a twentieth of a second; a process takes ten times as long."""


def build_in_subprocess(products: Iterable[Product], orders: OrderLog, options: Options) -> Recommender:
    """``Recommender.build`` in a process of its own; here, where that fails or is not worth it. Blocking.

    The model's arrays are mapped from files that are removed at once: they go with the model.
    """
    wanted = in_order(products)
    if len(wanted) <= SMALL_PRODUCTS and orders.lines <= SMALL_LINES:
        return Recommender.build(wanted, orders, options)
    try:
        with TemporaryDirectory(prefix="cartwake-model-") as folder:
            rows = ((one.id, *texts_of(one)) for one in wanted)
            _ask(("build", (folder,), orders, options), rows)
            vectors, together = mapped_vectors(Path(folder)), mapped_together(Path(folder))
    except (OSError, subprocess.SubprocessError, pickle.UnpicklingError, EOFError, ValueError) as error:
        logger.warning("The recommender is built in the service itself: %s", type(error).__name__)
        return Recommender.build(wanted, orders, options)
    facts = Facts([product.id for product in wanted], wanted)
    index = SimilarityIndex(facts, vectors)
    return Recommender(index, together, options, 0 if together is None else len(orders))


def vectorise_in_subprocess(products: Sequence[Product], folder: Path) -> None:
    """Write the vectors of products, in their order. Blocking. Raises OSError or SubprocessError."""
    rows = ((row, *texts_of(one)) for row, one in enumerate(products))
    _ask(("build", (str(folder),), OrderLog(), Options(blend=False)), rows)


def learn_in_subprocess(
    texts: Path, folder: Path, ids: Iterable[Hashable], orders: OrderLog, options: Options
) -> None:
    """Write what the orders say, beside the vectors of ``texts`` whose rows have these ids. Blocking, as above."""
    _ask(("learn", (str(texts), str(folder)), orders, options), ids)


def choose_in_subprocess(
    products: Iterable[Product], orders: OrderLog, options: Options, ended: threading.Event | None = None
) -> Choice:
    """``choose`` in a process of its own. Blocking, for minutes. Raises OSError or SubprocessError.

    ``ended``: when it is set the process is killed, and SubprocessError raised.
    """
    choice = _ask(("choose", (), orders, options), products, ended)
    if not isinstance(choice, Choice):
        raise TypeError(f"a choice was expected, not {type(choice).__name__}")
    return choice


def _ask(
    question: tuple[str, tuple[str, ...], OrderLog, Options],
    rows: Iterable[object],
    ended: threading.Event | None = None,
) -> object:
    """The answer to a question about these rows, which are sent a few at a time: all threads get their turn."""
    command = [sys.executable, "-P", "-c", "from recommender.subprocess_build import main; main()"]
    pipe = subprocess.PIPE
    with (
        subprocess.Popen(  # noqa: S603 - our own program
            command, stdin=pipe, stdout=pipe, stderr=subprocess.DEVNULL, env={**_GIVES_BACK, **os.environ}
        ) as process,
        _watched(process, ended),
    ):
        if process.stdin is None or process.stdout is None:
            raise OSError("no pipe to the process that builds")
        try:
            # It answers when it has read all: the one pipe can't fill up while we wait for the other.
            with suppress(BrokenPipeError), process.stdin as pipe_in:
                pickle.dump(question, pipe_in)
                left = iter(rows)
                while some := list(islice(left, _ROWS)):
                    pickle.dump(some, pipe_in)
                pickle.dump(None, pipe_in)
            answer = process.stdout.read()
        except BaseException:
            process.kill()
            raise
    if ended is not None and ended.is_set():
        raise subprocess.SubprocessError("nobody waits for the answer any more")
    if process.returncode:
        raise subprocess.CalledProcessError(process.returncode, command[0])
    found = pickle.loads(answer)  # noqa: S301 - what our own process has written
    if isinstance(found, OSError):
        raise found
    return found


@contextmanager
def _watched(process: "subprocess.Popen[bytes]", ended: threading.Event | None) -> Iterator[None]:
    """Kill it when ``ended`` is set, or when it takes too long."""
    done = threading.Event()
    wanted = ended or threading.Event()
    latest = time.monotonic() + TIMEOUT_S

    def watch() -> None:
        while not done.wait(_LOOK_S):
            if wanted.is_set() or time.monotonic() > latest:
                process.kill()
                return

    watcher = threading.Thread(target=watch, name="build-watch", daemon=True)
    watcher.start()
    try:
        yield
    finally:
        done.set()
        watcher.join()


def end_with_parent() -> None:
    """Have this process end soon after the one that started it: nobody takes its answer then."""
    parent = os.getppid()

    def look() -> None:
        never = threading.Event()
        while os.getppid() == parent:
            never.wait(_LOOK_S)
        os._exit(1)

    threading.Thread(target=look, name="parent-watch", daemon=True).start()


def main() -> None:
    """The other process: the question on standard input, its answer on standard output."""
    end_with_parent()
    os.nice(_NICE)  # the timers of the service go first
    what, folders, orders, options = pickle.load(sys.stdin.buffer)  # noqa: S301 - what our own parent has written
    answer: Choice | OSError | None = None
    try:
        if what == "choose":
            answer = choose(SimilarityIndex.build(_sent()), orders, options)
        elif what == "learn":
            texts, folder = map(Path, folders)
            _learn(mapped_vectors(texts).matrix, _sent(), orders, options, folder)
        else:
            _build(Path(folders[0]), orders, options)
    except OSError as error:  # no space left, say: the parent tells of it
        answer = error
    sys.stdout.buffer.write(pickle.dumps(answer))


def _sent() -> Iterator[Any]:
    while (some := pickle.load(sys.stdin.buffer)) is not None:  # noqa: S301 - as above
        yield from some


def _build(folder: Path, orders: OrderLog, options: Options) -> None:
    """A model without its products: of their texts no more than a chunk is kept."""
    ids: list[Hashable] = []

    def texts() -> Iterator[Texts]:
        for product_id, name, category, description in _sent():
            ids.append(product_id)
            yield name, category, description

    vectors = vectorise(texts())
    write_vectors(folder, vectors)
    _learn(vectors.matrix, ids, orders, options, folder)


def _learn(
    matrix: sparse.csr_array, ids: Iterable[Hashable], orders: OrderLog, options: Options, folder: Path
) -> None:
    rows = {product_id: row for row, product_id in enumerate(ids)}
    together = learnt(matrix, rows, orders, options)
    if together is not None:
        write_together(folder, together)
