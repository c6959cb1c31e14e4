"""The recommender kept in step with a changing catalogue and new orders, without ever holding up a cart."""

import logging
import threading
import time
from collections.abc import Callable, Collection, Iterable, Sequence

from recommender.catalog import Catalog, Product, ProductId, Snapshot
from recommender.errors import RecommenderError
from recommender.model import Options, Recommender
from recommender.orders import OrderLog
from recommender.similarity import Recommendation

logger = logging.getLogger(__name__)

REBUILD_PAUSE_S = 10.0

ORDERS_PAUSE_S = 3600.0
"""New orders are learnt from so often at most."""

Builder = Callable[[Iterable[Product], OrderLog, Options], Recommender]


class LiveRecommender:
    """Recommendations from a ``Catalog`` and past orders, by whatever model is at hand.

    A change of stock, price or image counts at once. A change of texts, a new or a removed product starts a new
    model in a background thread, at most one build at a time and one each ``rebuild_pause_s`` seconds however many
    products an import touches; until it is ready the old one serves (removed products are left out at once, new
    ones are not recommended yet). A build that fails is logged and tried again after the next change.
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
        self._model: Recommender | None = None
        self._built_texts = -1  # Snapshot.texts of the model, or of the last build that failed
        self._built_orders = 0  # orders that it, or that build, had
        self._built_options = options
        self._facts = -1  # generation of the facts that the model answers with
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
        with self._lock:
            model = self._model
            if model is not None:
                self._catch_up(model)
                if self._due():
                    self._building = threading.Thread(
                        target=self._build_in_background, name="recommender-build", daemon=True
                    )
                    self._building.start()
                return model
        return self._build(self.catalog.snapshot())

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

    def _catch_up(self, model: Recommender) -> None:
        """Put what changed in the catalogue into the model's facts."""
        generation, changed = self.catalog.changes_since(self._facts)
        if changed is None:
            snapshot = self.catalog.snapshot()
            generation, products = snapshot.generation, snapshot.products
            changed = {product_id: products.get(product_id) for product_id in model.facts.ids()}
        for product_id, product in changed.items():
            model.facts.put(product_id, product)
        self._facts = generation

    def _due(self) -> bool:
        waited = self._clock() - self._built_at
        texts = self.catalog.texts != self._built_texts or self.options != self._built_options
        pause = ORDERS_PAUSE_S if self._built_orders else self._pause_s  # the first are waited for
        orders = len(self._orders) != self._built_orders and waited >= pause
        return self._building is None and ((texts and waited >= self._pause_s) or orders)

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
        model = self._builder(snapshot.products.values(), orders, options)
        with self._lock:
            if self._built_texts > snapshot.texts and self._model is not None:
                return self._model  # another thread was quicker, with newer texts
            self._model = model
            self._built_texts, self._facts = snapshot.texts, snapshot.generation
            self._built_orders, self._built_options = len(orders), options
            self._built_at = self._clock()
        return model
