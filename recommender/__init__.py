"""Recommends products for a cart and writes the text around them; usable alone, without MySQL.

>>> from decimal import Decimal
>>> from recommender import Product, Recommender
>>> shop = [
...     Product(1, "Wireless Mouse", "Ergonomic mouse for any laptop", Decimal(25), "Accessories"),
...     Product(2, "Laptop Sleeve", "Soft sleeve for a laptop", Decimal(19), "Accessories"),
...     Product(3, "Tea Kettle", "Boils water", Decimal(30), "Kitchen"),
... ]
>>> [pick.product.name for pick in Recommender.build(shop).recommend([[1]])[0]]
['Laptop Sleeve']
>>> orders = [[1, 3], [1, 3]]
>>> [(pick.product.name, pick.reason.value) for pick in Recommender.build(shop, orders).recommend([[1]])[0]]
[('Tea Kettle', 'bought_together'), ('Laptop Sleeve', 'similar')]
"""

from recommender.answer_check import MAX_CHARACTERS, check_answer
from recommender.catalog import Catalog, Product, ProductId, Snapshot
from recommender.choosing import Choice, choose
from recommender.cleaning import clean_text, shorten
from recommender.errors import RecommenderError, WriterError
from recommender.fallback import FallbackWriter, Watch
from recommender.gemini import DEFAULT_MODEL, GeminiSettings, GeminiWriter
from recommender.index_refresh import LiveRecommender
from recommender.kept import KeptModels
from recommender.model import Options, Recommender
from recommender.names import printable_name
from recommender.orders import Order, OrderLog
from recommender.reasons import Reason
from recommender.similarity import Recommendation, SimilarityIndex
from recommender.subprocess_build import build_in_subprocess, choose_in_subprocess
from recommender.together import Weights
from recommender.writer import ProductFacts, TemplateWriter, TextRequest, TextWriter

__all__ = [
    "DEFAULT_MODEL",
    "MAX_CHARACTERS",
    "Catalog",
    "Choice",
    "FallbackWriter",
    "GeminiSettings",
    "GeminiWriter",
    "KeptModels",
    "LiveRecommender",
    "Options",
    "Order",
    "OrderLog",
    "Product",
    "ProductFacts",
    "ProductId",
    "Reason",
    "Recommendation",
    "Recommender",
    "RecommenderError",
    "SimilarityIndex",
    "Snapshot",
    "TemplateWriter",
    "TextRequest",
    "TextWriter",
    "Watch",
    "Weights",
    "WriterError",
    "build_in_subprocess",
    "check_answer",
    "choose",
    "choose_in_subprocess",
    "clean_text",
    "printable_name",
    "shorten",
]
