"""What the Magento sells, in which stores, at which prices."""

from dataclasses import dataclass
from decimal import Decimal

from fakes.shop_statements import cents

ADMIN, EN, FR = 0, 1, 2
"""The stores; ADMIN's values are the defaults of all."""
LOCALES = {EN: "en_US", FR: "fr_FR"}
BASE_CURRENCY = "USD"
CURRENCIES = {EN: "USD", FR: "EUR"}
RATES = {EN: Decimal(1), FR: Decimal("0.92")}
"""Units of the store's currency for one of the base currency."""
TAX_PERCENT = {EN: Decimal(0), FR: Decimal(20)}


@dataclass(frozen=True)
class Category:
    """A category by its names. ``parent``: its id; the path follows from it."""

    id: int
    name: str
    french: str | None = None
    parent: int = 0


@dataclass(frozen=True)
class Choice:
    """What a variant has of an attribute: the attribute's id, its label, the option's id, its text."""

    attribute: int
    code: str
    label: str
    french_label: str
    option: int
    text: str
    french: str | None = None


SIZE_M = Choice(142, "size", "Size", "Taille", 12, "M")
BLUE = Choice(93, "color", "Colour", "Couleur", 5, "blue", "bleu")
CHOICES = (SIZE_M, BLUE)
"""In the order in which a product page asks for them."""


@dataclass(frozen=True)
class Product:
    """A product. ``price``: in the base currency, without tax; None for a configurable, which asks its child's."""

    id: int
    sku: str
    name: str
    french: str | None
    price: Decimal | None
    special: Decimal | None = None
    categories: tuple[int, ...] = ()
    image: str | None = None
    qty: int = 0
    in_stock: bool = True
    enabled: bool = True
    child: int | None = None  # of a configurable: the one variant
    variant: bool = False  # not visible on its own

    @property
    def type(self) -> str:
        """Magento's type_id."""
        return "configurable" if self.child else "simple"

    @property
    def image_value(self) -> str:
        """What the attribute holds: never an empty string."""
        return self.image or "no_selection"


KITCHEN, OUTDOORS, COFFEE = 3, 4, 5
CATEGORIES = {
    category.id: category
    for category in (
        Category(1, "Root Catalog"),
        Category(2, "Default Category", parent=1),
        Category(KITCHEN, "Kitchen", "Cuisine", parent=2),
        Category(OUTDOORS, "Outdoors", parent=2),
        Category(COFFEE, "Coffee", "Café", parent=KITCHEN),
    )
}

MUG, KETTLE, GRINDER, TENT, LAMP = 1, 2, 3, 4, 5
JACKET, JACKET_M = 6, 7
RETIRED, SOLD_OUT = 8, 9
PRODUCTS = {
    product.id: product
    for product in (
        Product(MUG, "MUG", "Stoneware mug", "Tasse en grès", Decimal("12.50"), categories=(KITCHEN, COFFEE),
                image="/m/u/mug.jpg", qty=40),
        Product(KETTLE, "KETTLE", "Gooseneck kettle", "Bouilloire col de cygne", Decimal("89.00"),
                special=Decimal("79.00"), categories=(KITCHEN,), image="/k/e/kettle.jpg", qty=7),
        Product(GRINDER, "GRINDER", "Hand grinder", "Moulin manuel", Decimal("64.90"), categories=(COFFEE,),
                image="/g/r/grinder.jpg", qty=15),
        Product(TENT, "TENT", "Two-person tent", None, Decimal("249.00"), categories=(OUTDOORS,), qty=3),
        Product(LAMP, "LAMP", "Head torch", "Lampe frontale", Decimal("29.95"), categories=(OUTDOORS,),
                image="/l/a/lamp.jpg", qty=120),
        Product(JACKET, "JACKET", "Rain jacket", "Veste de pluie", None, categories=(OUTDOORS,),
                image="/j/a/jacket.jpg", child=JACKET_M),
        Product(JACKET_M, "JACKET-M", "Rain jacket M", "Veste de pluie M", Decimal("119.00"),
                image="/j/a/jacket-m.jpg", qty=9, variant=True),
        Product(RETIRED, "RETIRED", "Enamel cup", "Gobelet émaillé", Decimal("9.00"), categories=(KITCHEN,),
                image="/c/u/cup.jpg", qty=11, enabled=False),
        Product(SOLD_OUT, "SOLD-OUT", "Camping stove", "Réchaud", Decimal("54.00"), categories=(OUTDOORS,),
                image="/s/t/stove.jpg", qty=0, in_stock=False),
    )
}  # fmt: skip


def name(product: int, store: int = EN) -> str:
    """The product's name as the store shows it."""
    found = PRODUCTS[product]
    return found.french if store == FR and found.french else found.name


def base_price(product: int) -> Decimal:
    """What the product costs in the base currency, without tax."""
    found = PRODUCTS[product]
    if found.child:
        return base_price(found.child)
    assert found.price is not None
    return found.special or found.price


def unit_price(product: int, store: int = EN) -> Decimal:
    """What the store's cart shows: in its currency, with its tax."""
    return cents(converted(base_price(product), store) * (1 + TAX_PERCENT[store] / 100))


def converted(amount: Decimal, store: int) -> Decimal:
    return cents(amount * RATES[store])
