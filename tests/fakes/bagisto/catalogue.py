"""What the shop sells."""

from dataclasses import dataclass
from decimal import Decimal

ENGLISH, DEFAULT, OUTLET = "en", (1, "default"), (2, "outlet")
GUESTS = 1


@dataclass(frozen=True, slots=True)
class Product:
    """``parent``: the configurable product that this is a variant of; ``stock`` None: of a kind that has none."""

    id: int
    name: str
    price: Decimal | None
    stock: int | None = 9
    parent: int | None = None

    @property
    def type(self) -> str:
        return "configurable" if self.price is None else "simple"


KETTLE = Product(1, "Kettle", Decimal("49.90"))
LAMP = Product(2, "Lämpchen & Schirm", Decimal("19.99"))
SHIRT = Product(3, "T-Shirt", None, None)
RED = Product(4, "T-Shirt red M", Decimal("25.00"), parent=3)
GREEN = Product(5, "T-Shirt green L", Decimal("27.50"), stock=0, parent=3)
SOLD_OUT = Product(6, "Radio", Decimal("80.00"), stock=0)
MARK = Product(7, "Mark", Decimal("1.00"))
PRODUCTS = (KETTLE, LAMP, SHIRT, RED, GREEN, SOLD_OUT, MARK)

LABELS = {RED.id: ("Rot", "M"), GREEN.id: ("Grün", "L")}
"""Colour and size of each variant."""
