"""What the OpenCart shop sells, and its settings."""

from dataclasses import dataclass
from decimal import Decimal

ENGLISH, GERMAN = 1, 2
DOLLAR, EURO = "USD", "EUR"
EURO_RATE = Decimal("0.78460002")
UNITED_KINGDOM, GERMANY = 222, 81
LONDON = 3553
RETAIL, WHOLESALE = 1, 2
TAXED = 9
VAT, ECO_TAX = 86, 87


@dataclass(frozen=True, slots=True)
class Product:
    """``name`` as the shop's admin writes it into the table: with entities."""

    id: int
    name: str
    price: Decimal
    quantity: int = 50
    tax_class: int = 0


KETTLE = Product(28, "Kettle &quot;Nile&quot; &amp; lid", Decimal("100.0000"))
SHIRT = Product(30, "Shirt", Decimal("20.0000"))
LAMP = Product(31, "Lamp", Decimal("50.0000"), tax_class=TAXED)
SOLD_OUT = Product(33, "Vase", Decimal("9.0000"), quantity=0)
MARK = Product(99, "Mark", Decimal("1.0000"))
PRODUCTS = (KETTLE, SHIRT, LAMP, SOLD_OUT, MARK)

SIZE, EXTRAS = 227, 228
LARGE, SMALL, BOX, CARD = 17, 18, 19, 20
OPTION_VALUES = {
    LARGE: (SIZE, "+", Decimal("3.5000")),
    SMALL: (SIZE, "-", Decimal("1.0000")),
    BOX: (EXTRAS, "+", Decimal("2.0000")),
    CARD: (EXTRAS, "+", Decimal("0.5000")),
}
"""Of the shirt: value → option, prefix, surcharge."""
OPTION_NAMES = {LARGE: "Large", SMALL: "Small", BOX: "Gift box", CARD: "Card"}
