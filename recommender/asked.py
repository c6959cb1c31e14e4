"""What a recommender is asked with, looked over: a mistake in it gets one message that says what was meant."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import Any

from recommender.errors import RecommenderError

_ONE_CART = "a cart is a collection of product ids, as in recommend([[1, 2]])"


def looked_over(carts: Iterable[Any]) -> list[Collection[Any]]:
    """The carts as a list. Raises RecommenderError for what is none: a flat list of ids, a text, None."""
    if isinstance(carts, str | bytes | Mapping) or not isinstance(carts, Iterable):
        raise RecommenderError(f"carts is {_kind(carts)}: give a list of carts, and {_ONE_CART}")
    return [_cart(cart, place) for place, cart in enumerate(carts)]


def exclusions(exclude: Iterable[Any] | None, carts: int) -> Sequence[Collection[Any]]:
    """What is excluded for each of so many carts: one collection for all, or one for each."""
    if exclude is None:
        return [()] * carts
    if isinstance(exclude, str | bytes) or not isinstance(exclude, Iterable):
        raise RecommenderError(f"exclude is {_kind(exclude)}: give a collection of product ids")
    if not isinstance(exclude, Collection):
        exclude = list(exclude)
    if (
        isinstance(exclude, Sequence)
        and exclude
        and all(isinstance(one, list | set | frozenset | Mapping) for one in exclude)
    ):
        if len(exclude) != carts:
            raise RecommenderError(
                f"exclude has {len(exclude)} collections for {carts} carts: give one for each cart"
            )
        return exclude
    return [exclude] * carts


def _cart(cart: Any, place: int) -> Collection[Any]:
    if isinstance(cart, str | bytes) or not isinstance(cart, Iterable):
        raise RecommenderError(f"carts[{place}] is {_kind(cart)}: {_ONE_CART}")
    return cart if isinstance(cart, Collection) else list(cart)


def _kind(value: object) -> str:
    return "None" if value is None else f"of type {type(value).__name__}"
