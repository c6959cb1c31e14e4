"""Recommends products for a cart and writes the text around them; usable alone, without MySQL.

>>> from decimal import Decimal
>>> from recommender import Catalog, Product, Recommender
>>> shop = Catalog([
...     Product(1, "Wireless Mouse", "Ergonomic mouse for any laptop", Decimal(25), "Accessories"),
...     Product(2, "Laptop Sleeve", "Soft sleeve for a laptop", Decimal(19), "Accessories"),
...     Product(3, "Tea Kettle", "Boils water", Decimal(30), "Kitchen"),
... ])
>>> [found.product.name for found in Recommender(shop).recommend([1])]
['Laptop Sleeve']
"""

from recommender.answer_check import MAX_CHARACTERS, check_answer
from recommender.catalog import Catalog, Product, ProductId, Snapshot
from recommender.cleaning import clean_text, shorten
from recommender.errors import RecommenderError, WriterError
from recommender.fallback import FallbackWriter, Watch
from recommender.gemini import DEFAULT_MODEL, GeminiSettings, GeminiWriter
from recommender.index_refresh import Recommender
from recommender.names import printable_name
from recommender.similarity import Recommendation, SimilarityIndex
from recommender.subprocess_build import build_in_subprocess
from recommender.writer import ProductFacts, TemplateWriter, TextRequest, TextWriter

__all__ = [
    "DEFAULT_MODEL",
    "MAX_CHARACTERS",
    "Catalog",
    "FallbackWriter",
    "GeminiSettings",
    "GeminiWriter",
    "Product",
    "ProductFacts",
    "ProductId",
    "Recommendation",
    "Recommender",
    "RecommenderError",
    "SimilarityIndex",
    "Snapshot",
    "TemplateWriter",
    "TextRequest",
    "TextWriter",
    "Watch",
    "WriterError",
    "build_in_subprocess",
    "check_answer",
    "clean_text",
    "printable_name",
    "shorten",
]
