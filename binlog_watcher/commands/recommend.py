"""`cartwake recommend`: what the recommender finds for a cart of some products, and what it goes by."""

from collections.abc import Sequence
from dataclasses import replace
from typing import NamedTuple

from rich.table import Table

from binlog_watcher.errors import ConfigError
from binlog_watcher.service.catalogue import read_catalogue
from binlog_watcher.service.order_learning import as_orders, chosen, ordered_lately
from binlog_watcher.service.pipeline import build_recommender
from binlog_watcher.service.resources import open_resources
from binlog_watcher.settings.settings import Settings
from recommender import Choice, Recommendation


class Explained(NamedTuple):
    """Recommendations, and by which weights; ``orders``: how many were learnt from."""

    picks: list[Recommendation]
    orders: int
    choice: Choice


def recommend(settings: Settings, product_ids: Sequence[str]) -> list[Recommendation]:
    """Recommendations for a cart of these products. Blocking. Raises ConfigError for ids that the catalogue lacks."""
    return _recommended(settings, product_ids, explain=False).picks


def explain(settings: Settings, product_ids: Sequence[str]) -> Explained:
    """The same by the weights that a service would choose now, which takes minutes with many products."""
    return _recommended(settings, product_ids, explain=True)


def _recommended(settings: Settings, product_ids: Sequence[str], *, explain: bool) -> Explained:
    resources = open_resources(settings, write=False)
    try:
        catalogue = read_catalogue(resources.shop)
        found = ordered_lately(
            resources.shop,
            resources.clock.now_us(),
            months=settings.recommender_order_months,
            lines=settings.recommender_order_lines,
        )
    finally:
        resources.close()
    by_text = {str(product.id): product.id for product in catalogue}
    unknown = [wanted for wanted in product_ids if wanted not in by_text]
    if unknown:
        raise ConfigError(f"no product {', '.join(unknown)} in the catalogue of {len(by_text)} products")
    recommender = build_recommender(settings, catalogue)
    recommender.take_orders(as_orders(found))
    choice = Choice(recommender.options.weights, "the compromise")
    if explain and recommender.options.blend:
        choice = chosen(recommender)
        recommender.choose(replace(recommender.options, weights=choice.weights))
    picks = recommender.recommend([by_text[wanted] for wanted in product_ids])
    return Explained(picks, len(recommender.orders()), choice)


def shown(picks: Sequence[Recommendation]) -> Table | str:
    """The recommendations on a terminal, the best first."""
    if not picks:
        return "nothing resembles these products closely enough (SIMILARITY_THRESHOLD)"
    table = Table("score", "why", "id", "product", "category", "price")
    for pick in picks:
        item = pick.product
        table.add_row(
            f"{pick.score:.3f}", pick.reason.value, str(item.id), item.name, item.category, str(item.price)
        )
    return table


def explained(found: Explained) -> list[Table | str]:
    """The same, one below the other, and the weights that were tried, the best first."""
    parts: list[Table | str] = [
        shown(found.picks),
        f"learnt from {found.orders} orders; weights: {found.choice.weights}",
        f"why: {found.choice.why}",
    ]
    if found.choice.hits:
        table = Table("hits", "length power", "half-life, days", "text", "shrinkage", "similar")
        for weights, share in sorted(found.choice.hits, key=lambda one: -one[1]):
            table.add_row(
                f"{share:.3f}", str(weights.length_power), str(weights.half_life_days or "none"),
                str(weights.text), str(weights.shrinkage), str(weights.similar),
            )  # fmt: skip
        parts.append(table)
    return parts
