import math
import pickle
from collections import Counter, defaultdict
from decimal import Decimal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from recommender import Product, ProductId, Recommendation, RecommenderError, SimilarityIndex
from recommender.similarity import COMMON_MIN, COMMON_SHARE, EFFORTS, Effort
from recommender.terms import terms, words


def item(
    product_id: ProductId,
    name: str,
    description: str = "",
    category: str = "",
    *,
    stock: int | None = 5,
    price: str = "10",
) -> Product:
    return Product(product_id, name, description, Decimal(price), category, None, stock)


OFFICE = [
    item(1, "Gaming Laptop", "Fast laptop with a dedicated graphics card for gaming", "Computers"),
    item(2, "Business Laptop", "Light laptop with a long battery life", "Computers"),
    item(3, "Wireless Mouse", "Ergonomic mouse, works with every laptop and computer", "Accessories"),
    item(4, "Mechanical Keyboard", "Keyboard for gaming with light under the keys", "Accessories"),
    item(5, "Full HD Webcam", "Webcam with microphone for video calls", "Accessories"),
    item(6, "Garden Hose", "Thirty metres, for watering the lawn", "Garden"),
    item(7, "Lawn Mower", "Electric mower for a medium lawn", "Garden"),
]


def ids(found: list[Recommendation]) -> list[int | str]:
    return [recommendation.product.id for recommendation in found]


def test_what_resembles_comes_first() -> None:
    index = SimilarityIndex.build(OFFICE)
    assert ids(index.recommend([1], 3, 0.0))[0] == 2
    assert ids(index.recommend([6], 3, 0.0)) == [7]
    assert set(ids(index.recommend([6, 1], 3, 0.0))) >= {7, 2}


def test_scores_are_cosines_above_the_threshold_and_falling() -> None:
    index = SimilarityIndex.build(OFFICE)
    everything = index.recommend([1], 10, 0.0)
    scores = [found.score for found in everything]
    assert scores == sorted(scores, reverse=True)
    assert all(0 < score <= 1 for score in scores)
    middle = scores[len(scores) // 2]
    assert [found.score for found in index.recommend([1], 10, middle)] == [s for s in scores if s >= middle]
    assert index.recommend([1], 10, 1.0) == []


def test_never_what_is_in_the_cart_excluded_or_not_to_be_had() -> None:
    products = [
        item(1, "Red tea pot", "Tea for two"),
        item(2, "Green tea tin", "Tea for two"),
        item(3, "Tea towel", "Tea for two", stock=0),
        item(4, "Tea samples", "Tea for two", price="0"),
        item(5, "Tea strainer", "Tea for two", stock=None),
        item(6, "Tea cosy", "Tea for two", stock=-3),
    ]
    index = SimilarityIndex.build(products)
    assert set(ids(index.recommend([1], 9, 0.0))) == {2, 5}
    assert ids(index.recommend([1, 1, 2], 9, 0.0)) == [5]
    assert ids(index.recommend([1], 9, 0.0, exclude=[2, 77])) == [5]


def test_variants_of_one_thing_are_recommended_once_and_never_to_their_own_kind() -> None:
    def case(number: int, colour: str) -> Product:
        return item(number, f"Shelly - Hard Case for Galaxy S7 - {colour}", "A case for your phone")

    colours = [
        case(number, colour) for number, colour in enumerate(["Black", "Rose Gold", "Navy Blue", "BLACK"])
    ]
    phone = item(10, "Galaxy S7", "A phone that wants a case")
    other = item(11, "Leather Wallet", "A wallet with a pocket for your phone")
    index = SimilarityIndex.build([*colours, phone, other])
    assert set(ids(index.recommend([0], 9, 0.0))) == {10, 11}
    to_phone = ids(index.recommend([10], 9, 0.0))
    assert len([number for number in to_phone if number != 11]) == 1
    assert 11 in to_phone


def test_equal_scores_rank_by_id_whatever_the_order_of_the_rows() -> None:
    products = [
        item(number, f"Mug {word}", "Holds coffee")
        for number, word in enumerate(["ab", "cd", "ef", "gh", "ij", "kl"], 1)
    ]
    forward, backward = SimilarityIndex.build(products), SimilarityIndex.build(reversed(products))
    assert ids(forward.recommend([3], 4, 0.0)) == ids(backward.recommend([3], 4, 0.0)) == [1, 2, 4, 5]


def test_ids_may_be_numbers_and_strings() -> None:
    index = SimilarityIndex.build([item("b", "Blue bowl"), item(1, "Blue cup"), item("a", "Blue dish")])
    assert ids(index.recommend([1], 5, 0.0)) == ["a", "b"]
    assert ids(index.recommend(["1"], 5, 0.0)) == []


@pytest.mark.parametrize(
    "products",
    [
        [],
        [item(1, "Lonely lamp")],
        [item(1, ""), item(2, "")],
        [item(1, "the and of"), item(2, "und der die")],
        [item(1, "!!!"), item(2, "☕"), item(3, "Lamp")],
    ],
)
def test_catalogues_with_nothing_to_compare(products: list[Product]) -> None:
    index = SimilarityIndex.build(products)
    assert len(index) == len(products)
    assert index.recommend([1], 3, 0.0) == []
    assert index.recommend_many([[1], [2], [], [99]], 3, 0.0) == [[], [], [], []]


def test_unknown_products_in_the_cart_are_passed_over() -> None:
    index = SimilarityIndex.build(OFFICE)
    assert index.recommend([999, 1, "nope"], 3, 0.0) == index.recommend([1], 3, 0.0)
    assert index.recommend([999], 3, 0.0) == []
    assert index.recommend([], 3, 0.0) == []


def test_a_wordless_product_in_the_cart_changes_nothing() -> None:
    index = SimilarityIndex.build([*OFFICE, item(8, "!!!")])
    assert index.recommend([1, 8], 3, 0.0) == index.recommend([1], 3, 0.0)
    assert index.recommend([8], 3, 0.0) == []


@pytest.mark.parametrize("threshold", [-0.1, 1.1, math.nan, math.inf])
def test_a_threshold_out_of_range_is_refused(threshold: float) -> None:
    with pytest.raises(RecommenderError, match="from 0 to 1"):
        SimilarityIndex.build(OFFICE).recommend([1], 3, threshold)


def test_a_count_below_zero_is_refused() -> None:
    with pytest.raises(RecommenderError, match="0 or more"):
        SimilarityIndex.build(OFFICE).recommend([1], -1, 0.1)
    assert SimilarityIndex.build(OFFICE).recommend([1], 0, 0.1) == []


def test_new_facts_need_no_new_index() -> None:
    index = SimilarityIndex.build(OFFICE)
    before = index.recommend([6], 3, 0.0)
    assert {2, 3} <= set(ids(index.recommend([1], 9, 0.0)))
    index.facts.put(2, item(2, "Business Laptop", stock=0))
    index.facts.put(3, None)
    assert not {2, 3} & set(ids(index.recommend([1], 9, 0.0)))
    assert index.recommend([6], 3, 0.0) == before


def test_an_index_travels_to_another_process() -> None:
    index = SimilarityIndex.build(OFFICE)
    assert pickle.loads(pickle.dumps(index)).recommend([1], 3, 0.0) == index.recommend([1], 3, 0.0)  # noqa: S301 - our own


def test_other_scripts_are_compared_too() -> None:
    index = SimilarityIndex.build(
        [
            item(1, "ワイヤレスマウス", "静かな無線マウス"),
            item(2, "ゲーミングマウス", "光るマウス"),
            item(3, "急須", "緑茶のための急須"),
            item(4, "Красный чайник", "Чайник для зелёного чая"),
            item(5, "Синий чайник", "Чайник"),
            item(6, "إبريق شاي", "إبريق"),
            item(7, "كوب شاي", "كوب"),
        ]
    )
    assert ids(index.recommend([1], 1, 0.0)) == [2]
    assert ids(index.recommend([4], 1, 0.0)) == [5]
    assert ids(index.recommend([6], 1, 0.0)) == [7]


def test_accents_and_case_do_not_part_words() -> None:
    assert words("Café CRÈME") == words("cafe creme") == ["cafe", "creme"]
    assert words("Größe") == ["grosse"]
    assert words("the 4K TV for you") == ["4k", "tv"]


def test_pairs_of_words_do_not_cross_fields() -> None:
    found = terms(item(1, "blue lamp", "warm light", "home decor"))
    assert "blue lamp" in found
    assert "lamp home" not in found
    assert "lamp warm" not in found


VOCABULARY = ["red", "blue", "lamp", "mug", "tea", "desk", "chair", "glass", "wood"]
PRODUCTS = st.lists(
    st.tuples(
        st.lists(st.sampled_from(VOCABULARY), max_size=3).map(" ".join),
        st.lists(st.sampled_from(VOCABULARY), max_size=5).map(" ".join),
        st.sampled_from(["", "home", "kitchen"]),
    ),
    min_size=1,
    max_size=30,
).map(lambda texts: [item(number, name, text, group) for number, (name, text, group) in enumerate(texts)])


def cosine_by_the_book(products: list[Product], basket: list[int]) -> dict[int, float]:
    """TF-IDF as the textbook has it: no sparse matrix, no dropped columns."""
    counted = [Counter(terms(product)) for product in products]
    frequency = Counter(term for counts in counted for term in counts)
    top = max(COMMON_MIN, int(COMMON_SHARE * len(products)))
    rows: list[dict[str, float]] = []
    for counts in counted:
        row = {
            term: (1 + math.log(n)) * (math.log((1 + len(products)) / (1 + frequency[term])) + 1)
            for term, n in counts.items()
            if frequency[term] <= top
        }
        length = math.sqrt(sum(value**2 for value in row.values()))
        rows.append({term: value / length for term, value in row.items()} if length else {})
    cart: defaultdict[str, float] = defaultdict(float)
    for member in set(basket):
        for term, value in rows[member].items():
            cart[term] += value
    length = math.sqrt(sum(value**2 for value in cart.values())) or 1
    return {
        number: sum(value * cart.get(term, 0) for term, value in row.items()) / length
        for number, row in enumerate(rows)
    }


@settings(max_examples=60, deadline=None)
@given(PRODUCTS, st.data())
def test_scores_equal_those_by_the_book(products: list[Product], data: st.DataObject) -> None:
    basket = data.draw(st.lists(st.integers(0, len(products) - 1), min_size=1, max_size=4))
    expected = cosine_by_the_book(products, basket)
    found = SimilarityIndex.build(products).recommend(basket, len(products), 0.0)
    for recommendation in found:
        number = int(recommendation.product.id)
        assert recommendation.score == pytest.approx(min(expected[number], 1), abs=2e-5)
        assert number not in basket
    best = max((score for number, score in expected.items() if number not in basket), default=0.0)
    if found:
        # The very best may be a variant of what is in the cart, but nothing found can beat it.
        assert found[0].score <= best + 2e-5


@settings(max_examples=40, deadline=None)
@given(PRODUCTS, st.data())
def test_a_batch_answers_as_one_by_one(products: list[Product], data: st.DataObject) -> None:
    basket = st.lists(st.integers(-1, len(products)), max_size=4)
    baskets = data.draw(st.lists(basket, max_size=6))
    threshold = data.draw(st.sampled_from([0.0, 0.1, 0.5, 0.9]))
    index = SimilarityIndex.build(products)
    singly = [index.recommend(basket, 3, threshold) for basket in baskets]
    assert index.recommend_many(baskets, 3, threshold) == singly


def test_the_ranking_looks_beyond_a_hundred_variants_of_one_thing() -> None:
    variants = [item(number, f"Plain white dinner plate set number {number}") for number in range(500)]
    others = [item(1000 + number, f"Thing{number} of no kin") for number in range(1000)]
    products = [*variants, *others, item(3000, "Bread plate"), item(3001, "Plate rack")]
    found = ids(SimilarityIndex.build([*products, item(2999, "Dinner plate")]).recommend([2999], 3, 0.0))
    assert len(found) == 3
    assert {3000, 3001} < set(found)


def test_a_harder_look_finds_more_and_the_hardest_all() -> None:
    kinds = ("bread plate", "plate rack", "soup bowl", "tea tray")
    shop = [
        item(number, f"{kinds[number % 4]} {'oak ' * (number % 3)}{number // 4}") for number in range(400)
    ]
    index = SimilarityIndex.build(shop)
    (query,) = index.queries([[0]])
    looks = [index.near(query, effort) for effort in (Effort(10, 5), Effort(140, 50), None)]
    whole = looks[-1]
    assert [look.whole for look in looks] == [False, False, True]
    assert len(looks[0].rows) < len(looks[1].rows) < len(whole.rows)
    for look in looks:
        assert look.rows.tolist() == sorted(set(look.rows.tolist()))
        assert [whole.score(row) for row in look.rows.tolist()] == look.scores.tolist()
    assert EFFORTS[-1] is None
    assert index.near(query, EFFORTS[0]).whole  # whatever is asked, a small catalogue is gone through
    assert whole.score(6) == 0.0


def test_words_of_most_products_make_no_likeness() -> None:
    products = [item(number, f"Shirt model{number}", "A shirt of our shirts") for number in range(60)]
    assert SimilarityIndex.build(products).recommend([1], 3, 0.0) == []
