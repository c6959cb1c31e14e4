"""`cartwake recommend`: what the recommender finds for a cart of some products."""

from collections.abc import Sequence

from rich.table import Table

from binlog_watcher.errors import ConfigError
from binlog_watcher.service.pipeline import build_recommender
from binlog_watcher.service.resources import open_resources
from binlog_watcher.service.wiring import read_catalogue
from binlog_watcher.settings.settings import Settings
from recommender import Recommendation


def recommend(settings: Settings, product_ids: Sequence[str]) -> list[Recommendation]:
    """Recommendations for a cart of these products. Blocking. Raises ConfigError for ids that the catalogue lacks."""
    resources = open_resources(settings, write=False)
    try:
        catalogue = read_catalogue(resources.shop)
    finally:
        resources.close()
    by_text = {str(product.id): product.id for product in catalogue}
    unknown = [wanted for wanted in product_ids if wanted not in by_text]
    if unknown:
        raise ConfigError(f"no product {', '.join(unknown)} in the catalogue of {len(by_text)} products")
    return build_recommender(settings, catalogue).recommend([by_text[wanted] for wanted in product_ids])


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
