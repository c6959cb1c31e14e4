"""The shop's products as the recommender takes them.

Apart from the wiring: the recommender's libraries take half a second to import, and most commands do without.
"""

import structlog

from binlog_watcher.store.shop_tables.products import CatalogueRow
from binlog_watcher.store.shop_tables.shop import Shop
from recommender import Catalog, Product, RecommenderError

log = structlog.get_logger(__name__)


def product(row: CatalogueRow) -> Product | None:
    """A product of the catalogue, or None for a row that the recommender can't use."""
    try:
        return Product.from_row(
            {
                "id": row.id,
                "name": row.name,
                "description": row.description,
                "price": row.price,
                "category": row.category,
                "image": row.image,
                "url": row.url,
                "stock": row.stock,
            }
        )
    except RecommenderError as error:
        log.warning("catalogue.unusable_product", product=row.id, error=str(error))
        return None


def read_catalogue(shop: Shop) -> Catalog:
    """The whole catalogue. Blocking."""
    rows = (row for page in shop.catalogue() for row in page)
    return Catalog([item for row in rows if (item := product(row)) is not None])
