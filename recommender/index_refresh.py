"""The recommender kept in step with a changing catalogue and new orders, without ever holding up a cart."""

import logging
import threading
import time
from collections.abc import Callable, Collection, Iterable, Sequence

from recommender.catalog import Catalog, Product, ProductId, Snapshot
from recommender.errors import RecommenderError
from recommender.following import Followed
from recommender.model import Options, Recommender
from recommender.orders import OrderLog
from recommender.similarity import Recommendation

logger = logging.getLogger(__name__)

REBUILD_PAUSE_S = 10.0
"""Between two builds at least."""

REST = 50
"""So many times as long as a build took the next one waits, where nothing presses: 2 % of a processor."""

LONGEST_REST_S = 3600.0
"""But no longer."""

FULL_REST = 10
"""The same where more came than is followed beside the model, as during an import."""

SLICE = 500
"""Changes that are taken up at a time, in a millisecond."""

FEW = 4
"""So few texts are read at once, where that takes milliseconds. More, in a thread."""

BATCH = 2_000
"""Texts after which those that were read are answered with."""

ORDERS_PAUSE_S = 3600.0
"""New orders are learnt from so often at most."""

_TURN_S = 0.0005
"""Other threads get their turn between two slices."""

_ROUNDS = 10_000

Builder = Callable[[Iterable[Product], OrderLog, Options], Recommender]


class LiveRecommender:
    """Recommendations from a ``Catalog`` and past orders, by whatever model is at hand.

    A change of stock, price or image counts at once: what is picked is looked up in the catalogue. A new or rewritten
    product costs its own text only, and is recommended from the next call on or, after many changes, when a thread has
    read them (``following.py``). All texts are put together anew in a thread of its own, one build at a time: at once
    where the options changed; after a rest of 50 times what the last build took (``rebuild_pause_s`` at least, an hour
    at most) where texts did; after 10 times where more products came than are followed beside the model. What a build
    takes is so bounded however long an import goes on. One that fails is logged, and tried again after the next change.
    """

    def __init__(
        self,
        catalog: Catalog,
        *,
        count: int = 3,
        options: Options | None = None,
        rebuild_pause_s: float = REBUILD_PAUSE_S,
        clock: Callable[[], float] = time.monotonic,
        builder: Builder = Recommender.build,
    ) -> None:
        """``builder``: such as ``build_in_subprocess``, for a process with other things to do."""
        options = options or Options()
        if count < 0:
            raise RecommenderError(f"count is {count}, it must be 0 or more")
        if not 0 <= options.threshold <= 1:
            raise RecommenderError(f"threshold is {options.threshold}, it must be from 0 to 1")
        self.catalog = catalog
        self.count = count
        self.options = options
        self._orders = OrderLog()
        self._pause_s = rebuild_pause_s
        self._clock = clock
        self._builder = builder
        self._lock = threading.Lock()  # guards the fields below; never held while a model is built
        self._followed: Followed | None = None
        self._follower: threading.Thread | None = None
        self._built_texts = -1  # Snapshot.texts of the model, or of the last build that failed
        self._built_orders = 0  # orders that it, or that build, had
        self._built_options = options
        self._build_s = 0.0  # what the last build took
        self._built_at = float("-inf")
        self._building: threading.Thread | None = None

    def build(self) -> None:
        """Build the model now, in the calling thread (at start: ``await asyncio.to_thread(recommender.build)``)."""
        self._build(self.catalog.snapshot())

    def take_orders(self, orders: Iterable[object], *, anew: bool = False) -> None:
        """Learn from these orders, too, when a model is built next; ``anew``: from these alone. Any thread."""
        if anew:
            log = OrderLog(orders)  # of millions this takes seconds: no cart waits for it
            with self._lock:
                self._orders = log
            return
        with self._lock:
            for order in orders:
                self._orders.add(order)

    def take_log(self, log: OrderLog) -> None:
        """Learn from these orders alone when a model is built next; they are this object's then. Any thread."""
        with self._lock:
            self._orders = log

    def choose(self, options: Options) -> None:
        """Go by other options from the next build on, which is due at once. Any thread."""
        with self._lock:
            self.options = options

    def orders(self) -> OrderLog:
        """The orders so far, independent of what comes."""
        with self._lock:
            return self._orders.copy()

    def model(self) -> Recommender:
        """The model to use now; builds the first one in the calling thread if ``build`` was not called."""
        followed = self._followed
        if followed is None:
            return self._build(self.catalog.snapshot())
        if self._lock.acquire(blocking=False):  # whoever has it takes up what changed, too
            try:
                self._keep_up()
            finally:
                self._lock.release()
        return (self._followed or followed).model

    def follow(self) -> None:
        """Take up in a thread what changed in the catalogue; else the next call begins with it. Any thread."""
        with self._lock:
            if self._followed is not None and self._followed.is_behind:
                self._start_to_follow()

    def recommend(
        self, basket_ids: Collection[ProductId], exclude: Collection[ProductId] = ()
    ) -> list[Recommendation]:
        """See ``Recommender.recommend``, for one cart, with this object's count."""
        return self.model().recommend([basket_ids], self.count, [set(exclude)])[0]

    def recommend_many(
        self,
        carts: Sequence[Collection[ProductId]],
        exclude: Sequence[Collection[ProductId]] | None = None,
    ) -> list[list[Recommendation]]:
        """See ``Recommender.recommend``, with this object's count; ``exclude``: a collection for each cart."""
        own = None if exclude is None else [set(one) for one in exclude]
        return self.model().recommend(carts, self.count, own)

    def join(self, timeout_s: float | None = None) -> bool:
        """Wait for a build in progress; False when it is still going on after ``timeout_s`` seconds."""
        building = self._building
        if building is None:
            return True
        building.join(timeout_s)
        return not building.is_alive()

    def _keep_up(self) -> None:
        """Take up a little of what changed, and have threads do what takes longer. Within the lock."""
        followed = self._followed
        if followed is None:
            return
        if self._follower is None and followed.is_behind:
            done = followed.take_up(SLICE)
            if done and followed.waiting <= FEW and followed.is_light:
                if followed.waiting:
                    followed.publish(followed.extended(followed.batch(FEW)))
            else:
                self._start_to_follow()
        if self._due(followed):
            self._building = threading.Thread(
                target=self._build_in_background, name="recommender-build", daemon=True
            )
            self._building.start()

    def _start_to_follow(self) -> None:
        if self._follower is None:
            self._follower = threading.Thread(target=self._follow, name="recommender-follow", daemon=True)
            self._follower.start()

    def _follow(self) -> None:
        try:
            while True:
                with self._lock:
                    followed = self._followed
                    done = followed is None or followed.take_up(SLICE)
                    if followed is None or (done and not followed.waiting):
                        self._follower = None
                        return
                    batch = followed.next_batch(BATCH, last=done)
                if batch is not None:
                    made = followed.extended(batch)
                    with self._lock:
                        followed.publish(made)
                time.sleep(_TURN_S)
        except Exception:
            logger.exception("What changed in the catalogue could not be taken up; the next build has it")
            with self._lock:
                self._follower = None

    def _due(self, followed: Followed) -> bool:
        waited = self._clock() - self._built_at
        pause = self._pause_s
        if self.options == self._built_options:
            rest = (
                FULL_REST * self._build_s if followed.is_full else min(REST * self._build_s, LONGEST_REST_S)
            )
            pause = max(pause, rest)
        texts = self.catalog.texts != self._built_texts or self.options != self._built_options
        orders_pause = ORDERS_PAUSE_S if self._built_orders else self._pause_s  # the first are waited for
        orders = len(self._orders) != self._built_orders and waited >= orders_pause
        return self._building is None and ((texts and waited >= pause) or orders)

    def _build_in_background(self) -> None:
        snapshot = self.catalog.snapshot()
        try:
            self._build(snapshot)
        except Exception:
            logger.exception("The recommender could not be built anew; the old one goes on serving")
            with self._lock:
                self._built_texts = snapshot.texts
                self._built_orders, self._built_options = len(self._orders), self.options
        finally:
            with self._lock:
                self._built_at = self._clock()
                self._building = None

    def _build(self, snapshot: Snapshot) -> Recommender:
        orders, options = self.orders(), self.options
        began = self._clock()
        model = self._builder(snapshot.products.values(), orders, options)
        followed = Followed(model, self.catalog, snapshot.place)
        took_s = self._clock() - began
        self._catch_up(followed)
        with self._lock:
            if self._built_texts > snapshot.texts and self._followed is not None:
                return self._followed.model  # another thread was quicker, with newer texts
            self._followed = followed
            self._built_texts, self._build_s = snapshot.texts, took_s
            self._built_orders, self._built_options = len(orders), options
            self._built_at = self._clock()
        return followed.model

    @staticmethod
    def _catch_up(followed: Followed) -> None:
        """Have a new model know what the old one does: nothing is recommended less when it takes its place."""
        for _ in range(_ROUNDS):
            done = followed.take_up(SLICE)
            if done and not followed.waiting:
                return
            if (batch := followed.next_batch(BATCH, last=done)) is not None:
                followed.publish(followed.extended(batch))
            time.sleep(_TURN_S)
