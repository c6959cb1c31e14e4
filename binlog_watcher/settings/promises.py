"""What mails promise by default, and the shop may not grant: nobody has said yes to it yet.

Both are defaults of the tiers and the badge. They stay as they are; what is asked for is a yes.
"""

from collections.abc import Iterable

from binlog_watcher.settings.settings import Settings
from binlog_watcher.settings.types import Promise

_ABOUT: dict[Promise, str] = {
    "discount_without_code": "a discount that no code gives (give each tier a CODE, or set its PERCENT to 0)",
    "free_shipping": "free shipping (or set FREE_SHIPPING_TEXT empty)",
}
"""What is promised, and how not to."""


def unconfirmed(settings: Settings) -> list[Promise]:
    """The promises that mails of these settings, or of a listed store, make and PROMISES_CONFIRMED does not name."""
    stores = [settings] if settings.stores is None else settings.stores.values()
    made = {promise for store in stores for promise in _made(store)}
    return sorted(made - settings.promises_confirmed)


def in_words(promises: Iterable[Promise]) -> str:
    """One line for a person: what is promised, and what to set."""
    promises = list(promises)
    return (
        f"mails promise {' and '.join(_ABOUT[promise] for promise in promises)}; if the shop grants it, set "
        f"PROMISES_CONFIRMED={','.join(promises)}"
    )


def promised(settings: Settings) -> str:
    """What mails promise by these settings, in one line: each tier with its code, and the badge; by listed store."""
    if settings.stores is None:
        return _of_one(settings)
    return "; ".join(f"{name}: {_of_one(store)}" for name, store in settings.stores.items())


def _of_one(store: Settings) -> str:
    discounts = [
        f"{tier.percent.normalize():f} % off from {tier.amount.normalize():f} {store.currency} "
        f"({f'code {tier.code}' if tier.code else 'no code!'})"
        for tier in store.tiers
        if tier.percent > 0
    ]
    badge = [f"“{store.free_shipping_text}”"] if store.free_shipping_text else []
    return ", ".join(discounts + badge) or "nothing"


def _made(store: Settings) -> Iterable[Promise]:
    if any(tier.percent > 0 and not tier.code for tier in store.tiers):
        yield "discount_without_code"
    if store.free_shipping_text:
        yield "free_shipping"
