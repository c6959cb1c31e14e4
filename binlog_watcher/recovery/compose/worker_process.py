"""A worker process: it has catalogue and templates and nothing else, no database, no SMTP, no state.

What goes through its pipe is defined here, for both ends.
"""

import contextlib
import signal
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from multiprocessing.connection import Connection

from binlog_watcher.recovery.compose.composer import Composer
from binlog_watcher.recovery.compose.pool import Composed, build_all, compose_all
from binlog_watcher.recovery.stages import ClaimedCart
from recommender import Catalog, LiveRecommender, Options, Order, OrderLog, Product, Recommendation

MakeComposer = Callable[[Catalog], Composer]
"""Makes a worker's composer, in the worker, with TemplateWriter as its writer; must be picklable."""


@dataclass(slots=True)
class Job:
    """A chunk; ``texts`` None: the worker's own writer writes them."""

    chunk: Sequence[ClaimedCart]
    now_us: int
    picks: list[list[Recommendation]] | None = None
    texts: list[str | Exception] | None = None


@dataclass(slots=True)
class Change:
    """Products as they are now, by id; None: it is gone."""

    products: dict[int | str, Product | None]


@dataclass(slots=True)
class Learn:
    """``log``: orders to learn from instead of those so far; ``orders``: these, too. ``options``: to go by from now."""

    log: OrderLog | None = None
    orders: list[Order] = field(default_factory=list)
    options: Options | None = None


@dataclass(slots=True)
class PickOnly:
    """Recommendations only, for texts that are written in the parent."""

    chunk: Sequence[ClaimedCart]


@dataclass(slots=True)
class Answer:
    """``fallbacks``: mails that go without recommendations since the recommender failed."""

    made: list[Composed] = field(default_factory=list)
    picks: list[list[Recommendation]] = field(default_factory=list)
    fallbacks: int = 0


def work(pipe: Connection, make: MakeComposer) -> None:
    """A worker's life: until its pipe is closed."""
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, signal.SIG_IGN)  # the parent ends it, when the mails in hand are finished
    catalog = Catalog()
    composer = make(catalog)
    with contextlib.suppress(EOFError, OSError):
        while True:
            question = pipe.recv()
            if isinstance(question, Learn):
                _learn(composer.recommender, question)
            elif isinstance(question, Change):
                _change(catalog, question)  # a question comes behind it, with which they are taken up
            else:
                pipe.send(_answer(composer, question))


def _change(catalog: Catalog, told: Change) -> None:
    for product_id, product in told.products.items():
        if product is None:
            catalog.remove(product_id)
        else:
            catalog.upsert(product)


def _learn(recommender: LiveRecommender, told: Learn) -> None:
    if told.log is not None:
        recommender.take_log(told.log)
    recommender.take_orders(told.orders)
    if told.options is not None:
        recommender.choose(told.options)


def _answer(composer: Composer, question: Job | PickOnly) -> Answer:
    before = composer.fallbacks
    match question:
        case PickOnly(()):
            composer.warm_up()
            answer = Answer()
        case PickOnly(chunk):
            answer = Answer(picks=composer.recommend([one.cart for one in chunk]))
        case Job(chunk, now_us, None, _):
            answer = Answer(compose_all(composer, chunk, now_us))
        case Job(chunk, now_us, picks, texts):
            answer = Answer(build_all(composer, chunk, picks or [], texts or [], now_us))
    answer.fallbacks = composer.fallbacks - before
    return answer
