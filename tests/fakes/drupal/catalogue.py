"""What the Drupal shop sells."""

from dataclasses import dataclass
from decimal import Decimal

ENGLISH, GERMAN = "en", "de"
FIRST_STORE, SECOND_STORE = 1, 2
DOLLAR, EURO = "USD", "EUR"


@dataclass(frozen=True, slots=True)
class Variation:
    id: int
    product: int
    title: str
    price: Decimal
    picture: str = ""


@dataclass(frozen=True, slots=True)
class Product:
    id: int
    title: str
    variations: tuple[Variation, ...]
    picture: str = ""
    alias: str = ""


KETTLE = Variation(101, 11, 'Kettle "Nile" & lid', Decimal("100.000000"))
RED, BLUE = (
    Variation(121, 12, "Shirt - Red, L", Decimal("20.000000"), picture="red shirt.jpg"),
    Variation(122, 12, "Shirt - Blue, L", Decimal("22.500000")),
)
SAMPLE = Variation(131, 13, "Sample", Decimal("0.000000"))
MARK = Variation(991, 99, "Mark", Decimal("1.000000"))
PRODUCTS = (
    Product(11, "Kettle", (KETTLE,), picture="kettle.jpg", alias="/kitchen/kettle"),
    Product(12, "Shirt", (RED, BLUE), picture="shirt.jpg"),
    Product(13, "Sample", (SAMPLE,)),
    Product(99, "Mark", (MARK,)),
)
VARIATIONS = {variation.id: variation for product in PRODUCTS for variation in product.variations}
