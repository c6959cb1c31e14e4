"""Products that came after the model was built are answered with as if they had been there."""

import random
import threading
from dataclasses import replace
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from recommender import Catalog, LiveRecommender, Options, Product, Reason, Recommendation, Recommender
from recommender.following import Followed
from recommender.segment import weighed
from recommender.vectors import texts_of, vectorise

BOTH = pytest.mark.parametrize("options", [Options(), Options(blend=False)], ids=["blend", "similarity"])
NEVER_S = 1e9
WORDS = [f"word{number}" for number in range(400)]


def shop(count: int, seed: int = 1) -> list[Product]:
    """Products whose words are some frequent and some rare, as in real texts."""
    chance = random.Random(seed)
    frequency = [1 / (1 + number) for number in range(len(WORDS))]

    def text(count: int) -> str:
        return " ".join(chance.choices(WORDS, frequency, k=count))

    return [
        Product(number, text(4), text(12), Decimal(5), f"Shelf {number % 9}")
        for number in range(1, count + 1)
    ]


def live(products: list[Product], options: Options | None = None, orders: object = ()) -> LiveRecommender:
    made = LiveRecommender(Catalog(products), options=options, rebuild_pause_s=NEVER_S)
    made.take_orders(orders)  # type: ignore[arg-type] # of any form
    made.build()
    return made


def followed(recommender: LiveRecommender) -> LiveRecommender:
    """The same when all has been taken up, with no cart that asks."""
    recommender.follow()
    follower = recommender._follower
    if follower is not None:
        follower.join(20)
        assert not follower.is_alive()
    return recommender


def ids(found: list[Recommendation]) -> list[int | str]:
    return [pick.product.id for pick in found]


@BOTH
def test_it_answers_as_a_model_that_was_built_of_all(options: Options) -> None:
    whole = shop(1200)
    old = [replace(one, name="Something else") if one.id in range(50, 70) else one for one in whole[:1150]]
    orders = [[one, one + 1] for one in range(1, 1000, 3)] * 2
    options = replace(options, memory_mb=0)  # the closed form has the texts in it
    expected = Recommender.build(whole, orders, options)
    recommender = live(old, options, orders)
    for product in whole:
        recommender.catalog.upsert(product)
    followed(recommender)
    assert len(recommender.model()) == 1200
    carts = [[number] for number in (*range(40, 80), *range(1130, 1200))]
    same, differences = 0, list[float]()
    for mine, theirs in zip(recommender.recommend_many(carts), expected.recommend(carts), strict=True):
        of_theirs = {pick.product.id: pick for pick in theirs}
        both = [(pick, of_theirs[pick.product.id]) for pick in mine if pick.product.id in of_theirs]
        same += len(both)
        differences += [abs(one.score - other.score) for one, other in both]
        assert all(one.reason is other.reason for one, other in both)
    # Two words in a row that just one old and one new product have are not known to be shared before the next build.
    assert same >= 0.8 * 3 * len(carts)
    assert sum(differences) / len(differences) < 0.02
    assert recommender.recommend_many(carts) == [recommender.recommend(cart) for cart in carts]


IDS = st.one_of(st.integers(-2, 9), st.text(max_size=2), st.tuples(st.integers(0, 2)), st.none())
TEXTS = st.sampled_from(
    ["", "red lamp", "red mug", "blue lamp for tea", "☕", "कप", "tea tea tea", "茶壺と茶"]
)
PRODUCTS = st.lists(
    st.builds(Product, IDS, TEXTS, TEXTS, st.just(Decimal(5)), TEXTS, st.none(), st.sampled_from([0, 3])),
    max_size=8,
)


@settings(max_examples=40, deadline=None)
@given(
    before=PRODUCTS, after=PRODUCTS,
    gone=st.lists(IDS, max_size=3), carts=st.lists(st.lists(IDS, max_size=4), max_size=4),
)  # fmt: skip
@BOTH
def test_any_change_is_ordinary(
    before: list[Product], after: list[Product], gone: list[Any], carts: list[list[Any]], options: Options
) -> None:
    catalog = Catalog(before)
    orders = [[one.id for one in before[:3]]] * 2
    model = Recommender.build(before, orders, replace(options, near_duplicates=True))
    one = Followed(model, catalog, catalog.place)
    for product in after:
        catalog.upsert(product)
    for product_id in gone:
        catalog.remove(product_id)
    while not one.take_up(2) or one.waiting:
        one.publish(one.extended(one.batch(3)))
    everything = [[product.id] for product in catalog]
    for cart, picks in zip([*carts, *everything], one.model.recommend([*carts, *everything]), strict=True):
        found = {pick.product.id for pick in picks}
        assert not found & {product_id for product_id in cart if product_id is not None}
        assert all(pick.product == catalog.get(pick.product.id) and pick.product.available for pick in picks)
        assert len(found) == len(picks)
        assert one.model.recommend([cart]) == [picks]
    assert one.model.recommend([]) == []


def test_segments_are_laid_together_and_answer_the_same(monkeypatch: pytest.MonkeyPatch) -> None:
    products = shop(300)
    fresh = [replace(one, id=1000 + number) for number, one in enumerate(shop(60, seed=2))]
    fresh += [replace(one, name=f"{one.name} anew") for one in (*products[:10], *fresh[:10])]
    options = Options(near_duplicates=True)
    expected = live(products, options)
    for one in fresh:
        expected.catalog.upsert(one)
    carts = [[one.id, 7, 200] for one in (*products[:40], *fresh)]
    of_one_segment = followed(expected).recommend_many(carts)
    monkeypatch.setattr("recommender.following.SMALL", 8)
    catalog = Catalog(products)
    several = Followed(Recommender.build(products, options=options), catalog, catalog.place)
    seen = set()
    for one in fresh:
        catalog.upsert(one)
        several.take_up(9)
        several.publish(several.extended(several.batch(9)))
        seen.add((several.is_light, several.followed > 20))
    assert len(seen) == 4
    assert several.model.recommend(carts) == of_one_segment


def test_a_text_is_weighed_as_those_of_the_vocabulary() -> None:
    products = [*shop(300), Product(0, "every word", "")]
    common = [replace(one, description=f"{one.description} everywhere") for one in products]
    vectors = vectorise(map(texts_of, common))
    again = weighed([texts_of(one) for one in common], vectors.vocabulary)
    for row in range(len(common)):
        span = slice(again.starts[row], again.starts[row + 1])
        known = again.terms[span] < vectors.matrix.shape[1]
        assert vectors.matrix[[row]].indices.tolist() == again.terms[span][known].tolist()
        assert again.weights[span][known] == pytest.approx(vectors.matrix[[row]].data, abs=1e-6)
        lonely = again.weights[span][~known]
        assert (lonely**2).sum() == pytest.approx(float(vectors.lost[row]), abs=1e-6), (
            "no common term is in it"
        )
    assert len(weighed([], vectors.vocabulary)) == 0


@BOTH
def test_a_new_product_is_recommended_at_once_and_gets_recommendations(options: Options) -> None:
    recommender = live(shop(50), options)
    recommender.catalog.upsert(Product(900, "Zebra kettle", "for zebra tea", Decimal(5)))
    recommender.catalog.upsert(Product(901, "Zebra cup", "for zebra tea", Decimal(5)))
    assert ids(recommender.recommend([900]))[0] == 901
    recommender.catalog.upsert(Product(901, "Zebra cup", "for zebra tea", Decimal(5), stock=0))
    assert 901 not in ids(recommender.recommend([900]))
    recommender.catalog.remove(901)
    assert 901 not in ids(recommender.recommend([900]))
    recommender.catalog.upsert(Product(901, "Zebra cup", "for zebra tea", Decimal(7)))
    (first, *_) = recommender.recommend([900])
    assert first.product.id == 901, "an id may come back"
    assert first.product.price == Decimal(7)


@BOTH
def test_a_product_answers_by_its_last_text_alone(options: Options) -> None:
    recommender = live(
        [
            Product(1, "Green tea", price=Decimal(5)),
            Product(2, "Tea pot", price=Decimal(5)),
            Product(3, "Garden rake", price=Decimal(5)),
            Product(4, "Garden hose", price=Decimal(5)),
        ],
        replace(options, threshold=0.05),
    )
    for name, kin in [("Garden spade", {3, 4}), ("Tea strainer", {1}), ("", set())]:
        recommender.catalog.upsert(Product(2, name, price=Decimal(5)))
        recommender.model()
        similar = {pick.product.id for pick in recommender.recommend([2]) if pick.reason is Reason.SIMILAR}
        assert similar == kin
        assert (2 in ids(recommender.recommend([1]))) == (name == "Tea strainer")


def test_a_rewritten_product_keeps_what_goes_with_it() -> None:
    products = [
        Product(n, name, price=Decimal(5)) for n, name in enumerate(("Lamp", "Rake", "Kettle", "Sofa"))
    ]
    recommender = live(products, orders=[[0, 2]] * 5)
    recommender.catalog.upsert(replace(products[0], name="Torch with a new text"))
    recommender.catalog.upsert(Product(7, "Torch", price=Decimal(5)))
    (first, *_) = recommender.recommend([0, 7])
    assert (first.product.id, first.reason) == (2, Reason.BOUGHT_TOGETHER)
    (back, *_) = recommender.recommend([2])
    assert (back.product.name, back.reason) == ("Torch with a new text", Reason.BOUGHT_TOGETHER)
    (kin, *_) = recommender.recommend([7])
    assert kin.product.id in {0, 2}, "what nobody bought yet stands with its kin"


def test_equal_scores_rank_by_id_whenever_they_came() -> None:
    def mug(number: int) -> Product:
        return Product(number, f"Mug {chr(97 + number) * 2}", "Holds coffee", Decimal(5))

    others = [Product(100 + n, f"Rake{n}", price=Decimal(5)) for n in range(9)]
    options = Options(blend=False, threshold=0.0, near_duplicates=True)
    recommender = live([mug(2), mug(4), mug(6), *others], options)
    for number in (5, 3, 1):
        recommender.catalog.upsert(mug(number))
        recommender.model()
    (found,) = recommender.model().recommend([[4]], 9)
    assert ids(found) == [1, 2, 3, 5, 6]
    assert len({pick.score for pick in found}) == 1


def test_new_products_stand_behind_those_of_their_category() -> None:
    recommender = live([Product(n, f"Camera{n}", price=Decimal(1), category="Cameras") for n in range(2)])
    recommender.catalog.upsert(Product(9, "Obscura", price=Decimal(1), category="Cameras"))
    found = live([], Options(threshold=0.5)).recommend([9])
    assert found == []
    recommender.options = replace(recommender.options, threshold=0.5)
    assert set(ids(recommender.recommend([0]))) == {1, 9}


def test_what_is_restocked_fills_up_again_without_a_build() -> None:
    def camera(number: int, stock: int) -> Product:
        return Product(number, f"Camera{number}", price=Decimal(1), category="Cameras", stock=stock)

    recommender = live([camera(0, 1), camera(1, 0), camera(2, 1)], Options(threshold=0.9))
    recommender.catalog.upsert(camera(9, 0))
    assert ids(recommender.recommend([0])) == [2]
    for number in (1, 9):
        recommender.catalog.upsert(camera(number, 3))
    assert ids(recommender.recommend([0])) == [1, 2, 9]


@BOTH
def test_a_cart_may_hold_what_was_not_read_yet(options: Options) -> None:
    catalog = Catalog(shop(50))
    one = Followed(Recommender.build(catalog, options=options), catalog, catalog.place)
    for number in (900, 901, 902):
        catalog.upsert(Product(number, "Zebra cup", price=Decimal(5)))
    assert one.take_up(10)
    one.publish(one.extended(one.batch(2)))
    cart = [1, 900]
    assert one.model.recommend([[902], [*cart, 902]])[1] == one.model.recommend([cart])[0]


def test_after_very_many_changes_the_whole_catalogue_is_looked_at(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("recommender.catalog.JOURNAL", 10)
    products = shop(100)
    recommender = live(products)
    recommender.catalog.replace([replace(one, stock=0) for one in products[:60]])
    recommender.catalog.upsert(replace(products[70], name="Zebra"))
    recommender.catalog.upsert(Product(900, "Zebra cup", price=Decimal(5)))
    followed(recommender)
    facts = recommender.model().facts
    assert len(facts) == 101
    assert facts.available[:101].tolist() == [False] * 70 + [True] + [False] * 29 + [True]


def test_what_was_not_taken_up_yet_does_no_harm() -> None:
    products = shop(30)
    catalog = Catalog(products)
    model = Recommender.build(products)
    Followed(model, catalog, catalog.place)
    for one in products[:20]:
        catalog.upsert(replace(one, stock=0))
    catalog.upsert(replace(products[25], price=Decimal(77)))
    catalog.remove(30)
    for found in model.recommend([[one.id] for one in products], 9):
        assert {pick.product.id for pick in found} <= set(range(21, 30))
        assert {pick.product.price for pick in found if pick.product.id == 26} <= {77}


def test_what_is_followed_is_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("recommender.following.LEAST", 10)
    catalog = Catalog(shop(100))
    one = Followed(Recommender.build(catalog), catalog, catalog.place)
    for number in range(500, 510):
        catalog.upsert(Product(number, "Zebra", price=Decimal(5)))
    assert (one.take_up(1000), one.is_full) == (True, False)
    for number in range(510, 600):
        catalog.upsert(Product(number, "Zebra", price=Decimal(5)))
    done = [one.take_up(3), one.take_up(1000)]
    assert (done, one.waiting, one.is_full) == ([False, True], 20, True)
    for number in range(505, 600):
        catalog.remove(number)
    assert one.take_up(1000)
    one.publish(one.extended(one.batch(1000)))
    assert not one.is_behind
    (found,) = one.model.recommend([[500]], 99)
    assert not {pick.product.id for pick in found} & set(range(505, 600))


def test_carts_are_answered_while_much_is_taken_up() -> None:
    products = shop(600)
    recommender = live(products, Options(near_duplicates=True))
    failures: list[BaseException] = []
    stop = threading.Event()

    def ask() -> None:
        try:
            while not stop.is_set():
                (found,) = recommender.recommend_many([[1, 2, 700]])
                assert len(found) == 3
        except BaseException as error:  # noqa: BLE001 - handed to the test's own thread
            failures.append(error)

    askers = [threading.Thread(target=ask) for _ in range(2)]
    for asker in askers:
        asker.start()
    for number, one in enumerate(products, 601):
        recommender.catalog.upsert(replace(one, name=f"{one.name} anew"))
        recommender.catalog.upsert(replace(one, id=number))
        if number % 100 == 0:
            recommender.follow()
    followed(recommender)
    stop.set()
    for asker in askers:
        asker.join()
    assert not failures
    assert len(recommender.model()) == 1200
