"""Why a product is recommended: what a sentence of the mail may say of it."""

from enum import StrEnum


class Reason(StrEnum):
    """``bought_together`` is only said of products that somebody bought in one order with one of the cart."""

    BOUGHT_TOGETHER = "bought_together"
    SIMILAR = "similar"
    SAME_CATEGORY = "same_category"
    POPULAR = "popular"
