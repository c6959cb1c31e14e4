"""What the nopCommerce shop sells, and its settings."""

from dataclasses import dataclass
from decimal import Decimal

ENGLISH, GERMAN = 1, 2
DOLLAR, EURO, YEN = 1, 6, 7
RATES = {
    DOLLAR: ("USD", Decimal("1.0000")),
    EURO: ("EUR", Decimal("0.8600")),
    YEN: ("JPY", Decimal("110.0000")),
}
"""Currency → code, units for a dollar. The yen is not published."""

ADMINISTRATORS, REGISTERED, GUESTS, WHOLESALE = 1, 3, 4, 6
FIRST_STORE, SECOND_STORE = 1, 2
KITCHEN, CLOTHES = 21, 22

NO_STOCK, BY_PRODUCT, BY_COMBINATION = 0, 1, 2
"""How stock is managed."""

DROPDOWN, CHECKBOXES, TEXT = 1, 3, 4


@dataclass(frozen=True, slots=True)
class Product:
    id: int
    name: str
    price: Decimal
    inventory: int = NO_STOCK
    stock: int = 0
    picture: str = ""
    category: int = KITCHEN


KETTLE = Product(28, 'Kettle "Nile" & lid', Decimal("100.0000"), picture="kettle")
SHIRT = Product(30, "Shirt", Decimal("20.0000"), BY_COMBINATION, picture="shirt", category=CLOTHES)
LAMP = Product(31, "Lamp", Decimal("50.0050"), BY_PRODUCT, stock=5)
SOLD_OUT = Product(33, "Vase", Decimal("9.0000"), BY_PRODUCT, stock=0)
SAMPLE = Product(34, "Sample", Decimal("0.0000"))
MARK = Product(99, "Mark", Decimal("1.0000"))
PRODUCTS = (KETTLE, SHIRT, LAMP, SOLD_OUT, SAMPLE, MARK)


@dataclass(frozen=True, slots=True)
class Value:
    """One that can be chosen. ``surcharge``: in percent of the product's price where ``percent``."""

    id: int
    name: str
    surcharge: Decimal = Decimal(0)
    percent: bool = False


@dataclass(frozen=True, slots=True)
class Attribute:
    """Of the shirt. ``mapping`` is how carts name it."""

    mapping: int
    id: int
    name: str
    control: int
    values: tuple[Value, ...] = ()


LARGE, SMALL = Value(17, "Large", Decimal("3.5000")), Value(18, "Small", Decimal("-1.0000"))
RED, BLUE = Value(21, "Red"), Value(22, "Blue")
BOX, CARD = Value(25, "Box", Decimal(10), percent=True), Value(26, "Card", Decimal("0.5000"))
SIZE = Attribute(5, 51, "Size", DROPDOWN, (LARGE, SMALL))
COLOUR = Attribute(6, 52, "Colour", DROPDOWN, (RED, BLUE))
EXTRAS = Attribute(7, 53, "Extras", CHECKBOXES, (BOX, CARD))
ENGRAVING = Attribute(8, 54, "Engraving", TEXT)
ATTRIBUTES = (SIZE, COLOUR, EXTRAS, ENGRAVING)


def chosen(*choices: tuple[Attribute, str | Value]) -> str:
    """What a cart row holds of it; each attribute once, with its values beside each other."""
    named: dict[int, list[str]] = {}
    for attribute, value in choices:
        named.setdefault(attribute.mapping, []).append(value if isinstance(value, str) else str(value.id))
    elements = "".join(
        f'<ProductAttribute ID="{mapping}">'
        + "".join(f"<ProductAttributeValue><Value>{one}</Value></ProductAttributeValue>" for one in values)
        + "</ProductAttribute>"
        for mapping, values in named.items()
    )
    return f"<Attributes>{elements}</Attributes>"
