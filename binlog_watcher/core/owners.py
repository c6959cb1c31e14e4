"""What a row's owner tells: which instance had it last, and for which shop it worked. Pure.

An owner is ``shop-instance``; ``shop-`` while no instance has the row, and ``instance`` alone where an older Cartwake
wrote it, which anybody may go on with.
"""

BETWEEN = "-"


def owner_of(shop: str | None, instance: str) -> str:
    """The owner of what this instance does for this shop."""
    return instance if shop is None else f"{shop}{BETWEEN}{instance}"


def shop_of(owner: str | None) -> str | None:
    """The shop that an owner works for; None where nobody said."""
    shop, between, _ = (owner or "").partition(BETWEEN)
    return shop if between else None


def is_ours(owner: str | None, shop: str | None) -> bool:
    """Whether a row may be gone on with, for this shop; without one for any."""
    return shop is None or shop_of(owner) in {None, shop}
