"""5,950 products as real shops write them: duplicates, entities, long titles, missing images."""

import csv
import gzip
import os
import random
import re
from collections import defaultdict
from pathlib import Path

import pytest

from recommender import (
    Catalog,
    LiveRecommender,
    Product,
    ProductFacts,
    SimilarityIndex,
    TemplateWriter,
    TextRequest,
)
from recommender.variants import name_of, same_thing

pytestmark = pytest.mark.slow

DATA = Path(os.environ.get("CARTWAKE_DATA") or Path(__file__).parents[4] / "shared" / "data")


def rows(name: str) -> list[dict[str, str]]:
    with gzip.open(DATA / name, "rt", encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


@pytest.fixture(scope="module")
def products() -> list[Product]:
    return [Product.from_row({**row, "id": int(row["id"])}) for row in rows("catalog.csv.gz")]


@pytest.fixture(scope="module")
def index(products: list[Product]) -> SimilarityIndex:
    return SimilarityIndex.build(products)


def test_every_row_reads_as_plain_text(products: list[Product]) -> None:
    assert len(products) > 5000
    for product in products:
        for text in (product.name, product.description, product.category):
            assert not re.search(
                r"&(amp|quot|lt|gt|nbsp|#\d+);|</?(p|b|br|li|ul|div|span)\b", text, re.IGNORECASE
            )
            assert text == " ".join(text.split())


def test_recommendations_make_sense(products: list[Product], index: SimilarityIndex) -> None:
    chosen = random.Random(7).sample(products, 400)
    kin = full = 0
    for product, found in zip(chosen, index.recommend_many([[p.id] for p in chosen], 3, 0.1), strict=True):
        full += len(found) == 3
        for recommendation in found:
            other = recommendation.product
            assert other.available
            assert not same_thing(name_of(other.name), name_of(product.name))
            assert other.name.casefold() != product.name.casefold()
        top = product.category.split(" > ")[0]
        kin += bool(found) and any(r.product.category.split(" > ")[0] == top for r in found)
    assert full >= 0.9 * len(chosen)
    assert kin >= 0.8 * len(chosen)


def test_the_template_copes_with_every_name(products: list[Product], index: SimilarityIndex) -> None:
    writer = TemplateWriter()
    for product in products[::17]:
        picks = tuple(ProductFacts.of(found.product) for found in index.recommend([product.id], 3, 0.1))
        text = writer.compose(TextRequest((ProductFacts.of(product),), picks))
        assert 0 < len(text) <= 400


def test_a_day_of_stock_changes_builds_no_index(products: list[Product]) -> None:
    catalog = Catalog(products)
    recommender = LiveRecommender(catalog, rebuild_pause_s=0)
    recommender.build()
    first = recommender.model()
    by_id = {row["id"]: row for row in rows("catalog.csv.gz")}
    for product in products[:2000]:
        catalog.upsert(Product.from_row({**by_id[str(product.id)], "id": product.id, "stock": 0}))
    assert recommender.model() is first
    assert recommender.join(0.0)
    sold_out = {product.id for product in products[:2000]}
    for found in recommender.recommend_many([[product.id] for product in products[2000:2200]]):
        assert not sold_out & {recommendation.product.id for recommendation in found}


def test_names_alone_find_what_was_bought_together() -> None:
    """A UK gift shop's orders: hide one line of each, recommend three; bestsellers hit 3 % of them."""
    names = {row["product_id"]: row["name"] for row in rows("basket_items.csv.gz")}
    index = SimilarityIndex.build(
        Product.from_row({"id": key, "name": name.title(), "price": 1}) for key, name in names.items()
    )
    orders = defaultdict(set)
    for row in rows("baskets.csv.gz"):
        if row["product_id"] in names:
            orders[row["order_id"]].add(row["product_id"])
    chance = random.Random(1)
    carts = [sorted(order) for order in orders.values() if 2 <= len(order) <= 15]
    carts = chance.sample(carts, 1000)
    hidden = [cart.pop(chance.randrange(len(cart))) for cart in carts]
    hits = sum(
        wanted in {recommendation.product.id for recommendation in found}
        for wanted, found in zip(hidden, index.recommend_many(carts, 3, 0.1), strict=True)
    )
    assert hits >= 0.10 * len(carts)
