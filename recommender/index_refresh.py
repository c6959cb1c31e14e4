"""The similarity index kept in step with a changing catalogue, without ever holding up a cart."""

import logging
import threading
import time
from collections.abc import Callable, Collection, Iterable, Sequence

from recommender.catalog import Catalog, Product, ProductId, Snapshot
from recommender.errors import RecommenderError
from recommender.similarity import Recommendation, SimilarityIndex

logger = logging.getLogger(__name__)

REBUILD_PAUSE_S = 10.0


class Recommender:
    """Recommendations from a ``Catalog``, by whatever index is at hand.

    A change of stock, price or image counts at once. A change of texts, a new or a removed product starts a new
    index in a background thread, at most one build at a time and one each ``rebuild_pause_s`` seconds however many
    products an import touches; until it is ready the old index serves (removed products are left out at once, new
    ones are not recommended yet). A build that fails is logged and tried again after the next change.
    """

    def __init__(
        self,
        catalog: Catalog,
        *,
        count: int = 3,
        threshold: float = 0.1,
        rebuild_pause_s: float = REBUILD_PAUSE_S,
        clock: Callable[[], float] = time.monotonic,
        builder: Callable[[Iterable[Product]], SimilarityIndex] | None = None,
    ) -> None:
        """``builder``: such as ``build_in_subprocess``, for a process with other things to do (None: built here)."""
        if count < 0:
            raise RecommenderError(f"count is {count}, it must be 0 or more")
        if not 0 <= threshold <= 1:
            raise RecommenderError(f"threshold is {threshold}, it must be from 0 to 1")
        self.catalog = catalog
        self.count = count
        self.threshold = threshold
        self._pause_s = rebuild_pause_s
        self._clock = clock
        self._builder = builder
        self._lock = threading.Lock()  # guards the fields below; never held while an index is built
        self._index: SimilarityIndex | None = None
        self._built_texts = -1  # Snapshot.texts of the index, or of the last build that failed
        self._facts = -1  # Snapshot.generation of the facts the index answers with
        self._built_at = float("-inf")
        self._building: threading.Thread | None = None

    def build(self) -> None:
        """Build the index now, in the calling thread (at start: ``await asyncio.to_thread(recommender.build)``)."""
        self._build(self.catalog.snapshot())

    def index(self) -> SimilarityIndex:
        """The index to use now; builds the first one in the calling thread if ``build`` was not called.

        Hand it to a worker process to compute there.
        """
        snapshot = self.catalog.snapshot()
        with self._lock:
            index = self._index
            if index is not None:
                if self._facts != snapshot.generation:
                    index = self._index = index.with_products(snapshot.products)
                    self._facts = snapshot.generation
                if self._due(snapshot):
                    self._building = threading.Thread(
                        target=self._build_in_background,
                        args=(snapshot,),
                        name="recommender-index",
                        daemon=True,
                    )
                    self._building.start()
                return index
        return self._build(snapshot)

    def recommend(
        self, basket_ids: Sequence[ProductId], exclude: Collection[ProductId] = ()
    ) -> list[Recommendation]:
        """See ``SimilarityIndex.recommend``, with this object's count and threshold."""
        return self.index().recommend(basket_ids, self.count, self.threshold, exclude)

    def recommend_many(
        self,
        baskets: Sequence[Sequence[ProductId]],
        exclude: Collection[ProductId] = (),
        *,
        exclude_each: Sequence[Collection[ProductId]] | None = None,
    ) -> list[list[Recommendation]]:
        """See ``SimilarityIndex.recommend_many``, with this object's count and threshold."""
        return self.index().recommend_many(
            baskets, self.count, self.threshold, exclude, exclude_each=exclude_each
        )

    def join(self, timeout_s: float | None = None) -> bool:
        """Wait for a build in progress; False when it is still going on after ``timeout_s`` seconds."""
        building = self._building
        if building is None:
            return True
        building.join(timeout_s)
        return not building.is_alive()

    def _due(self, snapshot: Snapshot) -> bool:
        return (
            self._building is None
            and snapshot.texts != self._built_texts
            and self._clock() - self._built_at >= self._pause_s
        )

    def _build_in_background(self, snapshot: Snapshot) -> None:
        try:
            self._build(snapshot)
        except Exception:
            logger.exception("The similarity index could not be rebuilt; the old one goes on serving")
            with self._lock:
                self._built_texts = snapshot.texts
        finally:
            with self._lock:
                self._built_at = self._clock()
                self._building = None

    def _build(self, snapshot: Snapshot) -> SimilarityIndex:
        index = (self._builder or SimilarityIndex.build)(snapshot.products.values())
        with self._lock:
            if self._built_texts > snapshot.texts and self._index is not None:
                return self._index  # another thread was quicker, with newer texts
            self._index = index
            self._built_texts, self._facts = snapshot.texts, snapshot.generation
            self._built_at = self._clock()
        return index
