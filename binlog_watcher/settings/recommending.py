"""The settings of recommendations and of the sentence above them."""

from typing import Annotated, Literal

from annotated_types import Ge, Le
from pydantic import BaseModel

from binlog_watcher.settings import types as kind


class RecommendationSettings(BaseModel):
    """A part of ``Settings``."""

    recommendation_count: Annotated[int, Ge(0), Le(12)] = 3
    """Products in the mail."""
    similarity_threshold: Annotated[float, Ge(0), Le(1)] = 0.1
    """From 0 (anything) to 1 (the same text): what resembles the cart less is not called similar."""
    recommender: Annotated[Literal["blend", "similarity"], kind.Lower] = "blend"
    """`blend`: [what goes with the cart](recommendations.md), by orders, texts and what sells in the category;
    `similarity`: only what resembles it."""
    recommender_near_duplicates: bool = False
    """Whether variants of what is in the cart, or recommended already, are recommended, too."""
    recommender_bought_days: Annotated[int, Ge(0), Le(3650)] = 365
    """What a customer bought in so many days before the cart is not recommended to them; 0: it may be."""
    recommender_order_months: Annotated[int, Ge(0), Le(120)] = 24
    """How far back orders are learnt from, where the preset names their items; 0: none are."""
    recommender_order_lines: Annotated[int, Ge(0), Le(100_000_000)] = 2_000_000
    """How many lines of orders are learnt from at most, the newest; 0: none are."""
    recommender_memory_mb: Annotated[int, Ge(1), Le(65536)] = 512
    """For learning from orders. 512 MB take the exact way for 6,500 products that sell; beyond, their nearest
    neighbours are kept."""
    recommender_cache: kind.Text | None = None
    """The folder that keeps the index of 5,000 products or more [for the next
    start](recommendations.md#kept-for-the-next-start). Empty: where the system keeps such; `none`: nowhere."""
    gemini_api_key: kind.Secret | None = None
    """With it [Gemini](gemini.md) writes the sentence above the products; without it a template does."""
    gemini_model: kind.Text = "gemini-3.5-flash-lite"
    """Which model."""
    gemini_temperature: Annotated[float, Ge(0), Le(2)] = 0.7
    """Sent only where the model still takes it."""
    gemini_max_tokens: Annotated[int, Ge(1), Le(65536)] = 500
    """The longest answer."""
    gemini_requests_per_minute: Annotated[int, Ge(1), Le(100_000)] = 60
    """Past it the template is used."""
    gemini_timeout_seconds: kind.Seconds = 10.0
    """In seconds; past it the template is used."""
    gemini_sdk: Literal["google-generativeai", "google-genai"] = "google-generativeai"
    """`google-genai` is newer and [a sixth of the size](installing.md#extras). Install `'.[gemini]'` or
    `'.[genai]'` in the source (from an index `cartwake[…]`)."""
    gemini_endpoint: kind.Web | None = None
    """Another address of the API. Empty: Google's."""
