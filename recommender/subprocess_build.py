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
from collections.abc import Iterable, Iterator
from contextlib import contextmanager

from recommender.catalog import Product
from recommender.choosing import Choice, choose
from recommender.model import Options, Recommender
from recommender.orders import OrderLog
from recommender.similarity import SimilarityIndex

logger = logging.getLogger(__name__)

TIMEOUT_S = 1800.0
_LOOK_S = 0.2
"""Between two looks whether the answer is still wanted."""
_NICE = 10
SMALL_PRODUCTS = 300
SMALL_LINES = 3_000
"""Of orders. With no more of either it is built here, in a twentieth of a second; a process takes ten times as long."""


def build_in_subprocess(products: Iterable[Product], orders: OrderLog, options: Options) -> Recommender:
    """``Recommender.build`` in a process of its own; here, where that fails or is not worth it. Blocking."""
    wanted = list(products)
    if len(wanted) <= SMALL_PRODUCTS and orders.lines <= SMALL_LINES:
        return Recommender.build(wanted, orders, options)
    try:
        model = _ask("build", wanted, orders, options)
    except (OSError, subprocess.SubprocessError, pickle.UnpicklingError, EOFError) as error:
        logger.warning("The recommender is built in the service itself: %s", type(error).__name__)
        return Recommender.build(wanted, orders, options)
    if not isinstance(model, Recommender):
        raise TypeError(f"a recommender was expected, not {type(model).__name__}")
    return model


def choose_in_subprocess(
    products: Iterable[Product], orders: OrderLog, options: Options, ended: threading.Event | None = None
) -> Choice:
    """``choose`` in a process of its own. Blocking, for minutes. Raises OSError or SubprocessError.

    ``ended``: when it is set the process is killed, and SubprocessError raised.
    """
    choice = _ask("choose", list(products), orders, options, ended)
    if not isinstance(choice, Choice):
        raise TypeError(f"a choice was expected, not {type(choice).__name__}")
    return choice


def _ask(
    what: str,
    products: list[Product],
    orders: OrderLog,
    options: Options,
    ended: threading.Event | None = None,
) -> object:
    command = [sys.executable, "-P", "-c", "from recommender.subprocess_build import main; main()"]
    question = pickle.dumps((what, products, orders, options))
    pipe = subprocess.PIPE
    with subprocess.Popen(command, stdin=pipe, stdout=pipe, stderr=pipe) as process, _watched(process, ended):  # noqa: S603 - our own program
        try:
            # Once for all: called again after a timeout it forgets what it has not sent yet.
            answer, _ = process.communicate(question, timeout=TIMEOUT_S)
        except BaseException:
            process.kill()
            raise
    if ended is not None and ended.is_set():
        raise subprocess.SubprocessError("nobody waits for the answer any more")
    if process.returncode:
        raise subprocess.CalledProcessError(process.returncode, command[0])
    return pickle.loads(answer)  # noqa: S301 - what our own process has written


@contextmanager
def _watched(process: "subprocess.Popen[bytes]", ended: threading.Event | None) -> Iterator[None]:
    """Kill it when ``ended`` is set."""
    if ended is None:
        yield
        return
    done = threading.Event()

    def watch() -> None:
        while not done.is_set():
            if ended.wait(_LOOK_S):
                process.kill()
                return

    watcher = threading.Thread(target=watch, name="choice-watch", daemon=True)
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
    what, products, orders, options = pickle.load(sys.stdin.buffer)  # noqa: S301 - what our own parent has written
    answer: object
    if what == "choose":
        answer = choose(SimilarityIndex.build(products), orders, options)
    else:
        answer = Recommender.build(products, orders, options)
    sys.stdout.buffer.write(pickle.dumps(answer))
