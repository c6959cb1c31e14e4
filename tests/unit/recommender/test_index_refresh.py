import logging
import subprocess
import sys
import threading
from collections.abc import Iterable, Iterator
from decimal import Decimal

import pytest

from recommender import (
    Catalog,
    LiveRecommender,
    Options,
    OrderLog,
    Product,
    Reason,
    Recommender,
    RecommenderError,
    SimilarityIndex,
    build_in_subprocess,
    choose_in_subprocess,
)
from recommender.index_refresh import ORDERS_PAUSE_S


class Clock:
    now = 0.0

    def __call__(self) -> float:
        return self.now


def item(number: int, name: str, stock: int = 5) -> Product:
    return Product(number, name, "", Decimal(10), "Kitchen", None, stock)


def ids(recommender: LiveRecommender, *basket: int) -> set[int | str]:
    return {found.product.id for found in recommender.recommend(basket)}


@pytest.fixture
def catalog() -> Catalog:
    return Catalog([item(1, "Green tea"), item(2, "Black tea"), item(3, "Tea pot")])


def test_the_first_call_builds_and_later_ones_do_not(
    catalog: Catalog, monkeypatch: pytest.MonkeyPatch
) -> None:
    builds = count_builds(monkeypatch)
    recommender = LiveRecommender(catalog)
    assert ids(recommender, 1) == ids(recommender, 1) == {2, 3}
    assert recommender.recommend_many([[1], [2]])[0] == recommender.recommend([1])
    assert len(builds) == 1


def test_stock_counts_at_once_and_builds_nothing(catalog: Catalog, monkeypatch: pytest.MonkeyPatch) -> None:
    builds = count_builds(monkeypatch)
    recommender = LiveRecommender(catalog, rebuild_pause_s=0)
    recommender.build()
    catalog.upsert(item(2, "Black tea", stock=0))
    assert ids(recommender, 1) == {3}
    catalog.upsert(item(2, "Black tea", stock=1))
    assert ids(recommender, 1) == {2, 3}
    assert len(builds) == 1


def test_a_removed_product_is_gone_at_once(catalog: Catalog) -> None:
    recommender = LiveRecommender(catalog)
    recommender.build()
    catalog.remove(3)
    assert ids(recommender, 1) == {2}


def test_an_import_of_many_products_is_one_build_per_pause(
    catalog: Catalog, monkeypatch: pytest.MonkeyPatch
) -> None:
    builds = count_builds(monkeypatch)
    clock = Clock()
    recommender = LiveRecommender(catalog, clock=clock, rebuild_pause_s=10)
    recommender.build()
    for number in range(10, 60):
        catalog.upsert(item(number, f"Tea number {number}"))
        recommender.recommend([1])
    assert len(builds) == 1
    assert len(recommender.model()) == 53, "the new ones are answered with all the same"
    clock.now = 11
    recommender.recommend([1])
    assert recommender.join(10)
    assert len(builds) == 2
    assert len(recommender.model()) == 53


def imported(catalog: Catalog, count: int) -> tuple[LiveRecommender, list[float]]:
    """One new product each four seconds, where a build takes seven; when the builds began."""
    clock, began = Clock(), list[float]()

    def builder(products: Iterable[Product], orders: OrderLog, options: Options) -> Recommender:
        began.append(clock.now)
        clock.now += 7
        return Recommender.build(products, orders, options)

    recommender = LiveRecommender(catalog, clock=clock, rebuild_pause_s=10, builder=builder)
    recommender.build()
    for number in range(100, 100 + count):
        catalog.upsert(item(number, f"Tea number {number}"))
        clock.now += 4
        recommender.recommend([1])
        assert recommender.join(10)
    return recommender, began


def test_a_build_rests_the_longer_the_longer_it_takes(catalog: Catalog) -> None:
    _, began = imported(catalog, 100)
    assert began == [0, 7 + 352]  # the first look after 50 times seven seconds


def test_a_build_rests_less_when_more_came_than_is_followed(
    catalog: Catalog, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("recommender.following.LEAST", 3)
    recommender, began = imported(catalog, 20)
    assert len(recommender.model()) == 3 + 18 + 2  # 18 were there when it was built
    assert began == [0, 7 + 72]


def test_a_build_in_progress_holds_up_nobody(catalog: Catalog, monkeypatch: pytest.MonkeyPatch) -> None:
    recommender = LiveRecommender(catalog, clock=Clock(), rebuild_pause_s=0)
    recommender.build()
    started, go_on = threading.Event(), threading.Event()
    build = SimilarityIndex.build

    def slow(products: Iterable[Product]) -> SimilarityIndex:
        started.set()
        assert go_on.wait(30)
        return build(products)

    monkeypatch.setattr(SimilarityIndex, "build", slow)
    catalog.upsert(item(4, "Herbal tea"))
    assert ids(recommender, 1) == {2, 3, 4}
    assert started.wait(10)
    catalog.upsert(item(3, "Tea pot", stock=0))
    catalog.upsert(item(5, "Iced tea"))
    assert ids(recommender, 1) == {2, 4, 5}
    assert not recommender.join(0.0)
    go_on.set()
    assert recommender.join(10)
    # What came during the build is not lost with it.
    assert ids(recommender, 1) == {2, 4, 5}
    assert recommender.join(10)  # the build that this was due for


def test_a_failed_build_leaves_the_old_index_and_waits_for_a_change(
    catalog: Catalog, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    recommender = LiveRecommender(catalog, clock=Clock(), rebuild_pause_s=0)
    recommender.build()
    attempts = []

    def fail(products: object) -> SimilarityIndex:
        attempts.append(products)
        raise MemoryError

    monkeypatch.setattr(SimilarityIndex, "build", fail)
    catalog.upsert(item(4, "Herbal tea"))
    with caplog.at_level(logging.ERROR):
        for _ in range(3):
            assert ids(recommender, 1) == {2, 3, 4}
            assert recommender.join(10)
    assert len(attempts) == 1
    assert "old one goes on serving" in caplog.text
    catalog.upsert(item(5, "Iced tea"))
    recommender.recommend([1])
    assert recommender.join(10)
    assert len(attempts) == 2


def test_settings_out_of_range_are_refused(catalog: Catalog) -> None:
    with pytest.raises(RecommenderError, match="threshold"):
        LiveRecommender(catalog, options=Options(threshold=1.5))
    with pytest.raises(RecommenderError, match="count"):
        LiveRecommender(catalog, count=-1)


def count_builds(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    builds: list[int] = []
    build = SimilarityIndex.build

    def counted(products: Iterable[Product]) -> SimilarityIndex:
        index = build(products)
        builds.append(len(index))
        return index

    monkeypatch.setattr(SimilarityIndex, "build", counted)
    return builds


@pytest.fixture
def nothing_is_small(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("recommender.subprocess_build.SMALL_PRODUCTS", 0)


def test_of_a_small_catalogue_no_process_is_started(
    catalog_of_ten: Catalog, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr("recommender.subprocess_build.sys.executable", "/nowhere/python")
    assert LiveRecommender(catalog_of_ten, builder=build_in_subprocess).recommend([1]) is not None
    many_orders = OrderLog([1, 2, 3] for _ in range(1001))
    with caplog.at_level(logging.WARNING):
        assert not caplog.records
        assert len(build_in_subprocess(catalog_of_ten, many_orders, Options())) == 10
    assert "built in the service itself" in caplog.text


@pytest.mark.slow
@pytest.mark.usefixtures("nothing_is_small")
def test_an_index_built_apart_is_the_same(catalog_of_ten: Catalog) -> None:
    here = LiveRecommender(catalog_of_ten, options=Options(threshold=0.0))
    apart = LiveRecommender(catalog_of_ten, options=Options(threshold=0.0), builder=build_in_subprocess)
    for one in (here, apart):
        one.take_orders([[1, 2], [1, 2], [3, 4, 5]])
    ids = [product.id for product in catalog_of_ten]
    assert [apart.recommend([one]) for one in ids] == [here.recommend([one]) for one in ids]


@pytest.mark.usefixtures("nothing_is_small")
def test_a_process_that_can_not_be_started_is_done_without(
    catalog_of_ten: Catalog, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr("recommender.subprocess_build.sys.executable", "/nowhere/python")
    with caplog.at_level(logging.WARNING):  # whatever level a test before this one has set
        assert LiveRecommender(catalog_of_ten, builder=build_in_subprocess).recommend([1]) is not None
    assert "built in the service itself" in caplog.text


@pytest.fixture
def catalog_of_ten() -> Catalog:
    texts = ("red wooden chair", "red wooden table", "blue steel lamp", "blue steel chair", "green lamp")
    return Catalog(
        [
            Product(number, f"{text} {number % 2}", text, Decimal(10), "Home")
            for number, text in enumerate(texts * 2, 1)
        ]
    )


def test_new_orders_are_learnt_from_with_the_next_build(catalog: Catalog) -> None:
    clock = Clock()
    recommender = LiveRecommender(catalog, clock=clock)
    catalog.upsert(Product(9, "Garden rake", "", Decimal(10), "Garden"))
    assert 9 not in ids(recommender, 1)
    recommender.take_orders([[1, 9], [1, 9]])
    clock.now = 2 * ORDERS_PAUSE_S
    recommender.recommend([1])
    assert recommender.join(10)
    (first, *_) = recommender.recommend([1])
    assert (first.product.id, first.reason) == (9, Reason.BOUGHT_TOGETHER)


def test_many_orders_hold_up_no_cart(catalog: Catalog) -> None:
    recommender = LiveRecommender(catalog)
    recommender.build()
    asked: list[set[int | str]] = []

    def slow() -> Iterator[list[int]]:
        cart = threading.Thread(target=lambda: asked.append(ids(recommender, 1)))
        cart.start()
        cart.join(10)
        yield [1, 2]

    recommender.take_orders(slow(), anew=True)
    assert asked == [{2, 3}]
    assert len(recommender.orders()) == 1


def test_options_that_come_while_a_model_is_built_count_for_the_next(catalog: Catalog) -> None:
    clock, wanted, built = Clock(), Options(threshold=0.5), list[Options]()

    def builder(products: Iterable[Product], orders: OrderLog, options: Options) -> Recommender:
        built.append(options)
        if len(built) == 1:
            recommender.choose(wanted)
        return Recommender.build(products, orders, options)

    recommender = LiveRecommender(catalog, clock=clock, builder=builder)
    recommender.build()
    for _ in range(2):
        clock.now += ORDERS_PAUSE_S
        recommender.recommend([1])
        assert recommender.join(10)
    assert built == [Options(), wanted]


@pytest.mark.slow
def test_a_choice_that_nobody_waits_for_is_ended(catalog_of_ten: Catalog) -> None:
    ended = threading.Event()
    ended.set()
    with pytest.raises(subprocess.SubprocessError, match="nobody waits"):
        choose_in_subprocess(catalog_of_ten, OrderLog(), Options(), ended)
    choice = choose_in_subprocess(catalog_of_ten, OrderLog(), Options())
    assert "fewer than" in choice.why


@pytest.mark.slow
def test_a_process_that_builds_ends_with_the_one_that_started_it() -> None:
    busy = (
        "import threading; from recommender.subprocess_build import end_with_parent; "
        "end_with_parent(); print('on', flush=True); threading.Event().wait()"
    )
    starts = f"import subprocess, sys; subprocess.Popen([sys.executable, '-c', {busy!r}]).wait()"
    with subprocess.Popen([sys.executable, "-c", starts], stdout=subprocess.PIPE) as parent:
        assert parent.stdout is not None
        assert parent.stdout.readline() == b"on\n"
        parent.kill()
        assert parent.stdout.read() == b""  # its child held the other end, and has let go of it


@pytest.mark.timeout(60)
def test_a_catalogue_larger_than_a_pipe_reaches_the_process_that_builds() -> None:
    products = [Product(number, f"Mug {number}", "blue " * 100, Decimal(5)) for number in range(1000)]
    assert len(build_in_subprocess(products, OrderLog(), Options())) == 1000
