"""What the Shopware shop sells, in euros with 19 % tax. Ids are hex, as Shopware's own code has them."""

import uuid
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

LIVE = "0fa91ce3e96a4bc2be4bd9ce752c3425"
SYSTEM_LANGUAGE = "2fbb5fe2e29a4d70aa5854ce7ce3e20b"
EURO = "b7d2554b0ce847cd82f3ac9bd1c0dfca"
IN_LISTINGS, ONLY_BY_LINK = 30, 10


def named(name: str) -> str:
    """An id that is the same in each run."""
    return uuid.uuid5(uuid.NAMESPACE_URL, f"https://shop.example.com/{name}").hex


FRENCH, FRANC = named("Français"), named("CHF")
KITCHEN = named("Küche")


@dataclass(frozen=True, slots=True)
class Product:
    """``names``: language → name. A variant has a ``parent``, and of everything that is None it has its parent's.

    ``options``: what makes a variant, by name. ``closeout``: it can be bought only while there are some.
    """

    id: str
    names: dict[str, str] = field(default_factory=dict)
    price: Decimal | None = None
    stock: int = 10
    closeout: bool | None = False
    active: bool | None = True
    picture: str | None = None
    visibility: int = IN_LISTINGS
    parent: "Product | None" = None
    options: tuple[str, ...] = ()

    @property
    def paid(self) -> Decimal:
        """What one piece costs."""
        own = self.parent.price if self.price is None and self.parent else self.price
        return own or Decimal(0)

    @property
    def label(self) -> str:
        """What it is called in a cart."""
        return (self.parent or self).names[SYSTEM_LANGUAGE]


def _variant(name: str, parent: Product, *options: str, **more: Any) -> Product:
    inherited: dict[str, Any] = {"closeout": None, "active": None, "parent": parent, "options": options}
    return Product(named(name), **(inherited | more))


KETTLE = Product(
    named("kettle"), {SYSTEM_LANGUAGE: "Kessel „Größe L“ 🫖", FRENCH: "Bouilloire"}, Decimal("19.99"),
    picture="media/1a/2b/3c/kessel-größe-l.jpg",
)  # fmt: skip
SHIRT = Product(
    named("shirt"), {SYSTEM_LANGUAGE: "Shirt Möwe"}, Decimal("21.50"), stock=0, closeout=True,
    picture="media/4d/5e/6f/shirt.jpg",
)  # fmt: skip
RED_L = _variant(
    "red-l", SHIRT, "Rot", "L", price=Decimal("24.90"), stock=3, picture="media/77/88/99/rot.jpg"
)
BLUE_L = _variant("blue-l", SHIRT, "Blau", "L", stock=5)
GREEN_SOLD_OUT = _variant("green-s", SHIRT, "Grün", "S", stock=0)
GREY_DISABLED = _variant("grey-s", SHIRT, "Grau", "S", active=False)
LAMP = Product(named("lamp"), {SYSTEM_LANGUAGE: "Lampe"}, Decimal("49.95"), stock=0, closeout=True)
SPOON = Product(named("spoon"), {SYSTEM_LANGUAGE: "Löffel"}, Decimal("3.33"), stock=0)
"""Nobody counts it."""

GIFT = Product(named("gift"), {SYSTEM_LANGUAGE: "Dreingabe"}, Decimal("1.00"), visibility=ONLY_BY_LINK)
DRAFT = Product(named("draft"), {SYSTEM_LANGUAGE: "Entwurf"}, Decimal("5.00"), active=False)
MARK = Product(named("mark"), {SYSTEM_LANGUAGE: "Mark"}, Decimal("1.00"))
PRODUCTS = (
    KETTLE, SHIRT, RED_L, BLUE_L, GREEN_SOLD_OUT, GREY_DISABLED, LAMP, SPOON, GIFT, DRAFT, MARK,
)  # fmt: skip
