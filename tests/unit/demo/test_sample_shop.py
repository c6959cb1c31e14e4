from collections import Counter
from decimal import Decimal

import pytest
from fakes.store import catalogue

from binlog_watcher.demo import sample_shop
from recommender import SimilarityIndex


def test_the_catalogue_is_large_and_varied() -> None:
    products = sample_shop.products()
    categories = Counter(product.category for product in products)
    prices = [product.price for product in products]

    assert len(products) >= 200
    assert len(categories) >= 12
    assert min(prices) == Decimal("3.00")
    assert max(prices) == Decimal("2500.00")
    assert len({product.name for product in products}) == len(products)
    assert [product.id for product in products] == list(range(1, len(products) + 1))


def test_descriptions_are_written_one_by_one() -> None:
    descriptions = [product.description for product in sample_shop.products()]
    openings = Counter(" ".join(text.split()[:4]) for text in descriptions)

    assert len(set(descriptions)) == len(descriptions)
    assert all(len(text.split()) >= 8 for text in descriptions)
    assert openings.most_common(1)[0][1] <= 2


def test_images_and_stock_come_in_every_kind() -> None:
    products = sample_shop.products()

    assert any(product.image == "" for product in products)
    assert any(product.image.startswith("https://images.example.com/") for product in products)
    assert any(product.image and "/" not in product.image for product in products)
    assert any(product.stock == 0 for product in products)


@pytest.mark.parametrize("word", ["Laptop", "Mouse", "Keyboard", "Monitor", "Webcam"])
def test_the_owners_products_are_among_them(word: str) -> None:
    assert any(word in product.name for product in sample_shop.products())


def test_an_unknown_product_is_named() -> None:
    with pytest.raises(KeyError, match="Flying Carpet"):
        sample_shop.product("Flying Carpet")


def test_every_product_recommends_others() -> None:
    """A customer of the demo must never see a mail with an empty corner."""
    products = list(catalogue())
    index = SimilarityIndex.build(products)
    counts = Counter(len(index.recommend([product.id], count=3, threshold=0.1)) for product in products)
    assert counts[0] == 0
    assert counts[3] >= 0.9 * len(products)


def test_recommendations_make_sense() -> None:
    index = SimilarityIndex.build(catalogue())
    for name, related in (
        ("Moka Pot 6 Cups", "Coffee"),
        ("Electric Guitar Classic", "Musical"),
        ("Cat Tree Tall", "Pet"),
    ):
        picks = index.recommend([sample_shop.product(name).id], count=3, threshold=0.1)
        assert [pick.product.category.startswith(related) for pick in picks] == [True] * 3
