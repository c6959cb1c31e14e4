"""What the WooCommerce shop sells. Prices are with 19 % tax, as a German shop enters them."""

from dataclasses import dataclass
from decimal import Decimal

EURO = "EUR"
TAX_RATE = 1
"""The id of the tax's row; a cart names its taxes by it."""

TAX_PERCENT = Decimal(19)

INSTOCK, ON_BACKORDER, SOLD_OUT = "instock", "onbackorder", "outofstock"
PUBLISHED, DISABLED, DRAFT = "publish", "private", "draft"


@dataclass(frozen=True, slots=True)
class Category:
    """One product category: the ids of its term and of its taxonomy's row differ in a grown shop."""

    term: int
    taxonomy_row: int
    name: str
    slug: str
    parent: int = 0


@dataclass(frozen=True, slots=True)
class Picture:
    """An attachment: its file below the uploads' folder."""

    id: int
    file: str


@dataclass(frozen=True, slots=True)
class Variation:
    """``chosen``: attribute → slug; empty for "any". ``picture=None``: the product's own is shown."""

    id: int
    price: Decimal
    title: str
    summary: str
    chosen: dict[str, str]
    quantity: int | None = None
    stock: str = INSTOCK
    status: str = PUBLISHED
    picture: Picture | None = None


@dataclass(frozen=True, slots=True)
class Product:
    """``name`` as it stands in the table: with entities where the one who wrote it may not write HTML.

    ``quantity=None``: its stock is not counted. ``price=None``: it can't be bought.
    """

    id: int
    name: str
    price: Decimal | None
    category: Category | None = None
    short: str = ""
    text: str = ""
    quantity: int | None = None
    stock: str = INSTOCK
    status: str = PUBLISHED
    password: str = ""
    picture: Picture | None = None
    variations: tuple[Variation, ...] = ()


UNCATEGORIZED = Category(15, 15, "Unkategorisiert", "uncategorized")
KITCHEN = Category(31, 47, "Küche &amp; Tisch", "kueche-tisch")
CLOTHES = Category(32, 48, "Kleidung", "kleidung")
SHIRTS = Category(33, 49, "T-Shirts 👕", "t-shirts", parent=32)
CATEGORIES = (UNCATEGORIZED, KITCHEN, CLOTHES, SHIRTS)

KETTLE_PICTURE = Picture(201, "2026/09/wasserkessel-größe-l.jpg")
SHIRT_PICTURE = Picture(202, "2026/10/shirt.jpg")
RED_PICTURE = Picture(203, "2026/10/shirt-rot.jpg")

KETTLE = Product(
    101,
    "Kessel „Größe L“ &amp; Deckel 🫖",
    Decimal("19.99"),
    KITCHEN,
    short="<p>Emailliert, <strong>1,5 l</strong>.</p>",
    text="<!-- wp:paragraph -->\n<p>Langer Text</p>\n<!-- /wp:paragraph -->",
    quantity=12,
    picture=KETTLE_PICTURE,
)
RED_L = Variation(
    111,
    Decimal("24.90"),
    "Shirt &quot;Möwe&quot; - Rot, L",
    "Farbe: Rot, Größe: L",
    {"attribute_pa_farbe": "rot", "attribute_pa_groesse": "l"},
    quantity=3,
    picture=RED_PICTURE,
)
BLUE_ANY = Variation(
    112, Decimal("21.50"), "Shirt &quot;Möwe&quot; - Blau", "Farbe: Blau",
    {"attribute_pa_farbe": "blau", "attribute_pa_groesse": ""},
)  # fmt: skip
GREEN_SOLD_OUT = Variation(
    113, Decimal("21.50"), "Shirt &quot;Möwe&quot; - Grün, S", "Farbe: Grün, Größe: S",
    {"attribute_pa_farbe": "gruen", "attribute_pa_groesse": "s"}, quantity=0, stock=SOLD_OUT,
)  # fmt: skip
OLD_DISABLED = Variation(
    114, Decimal("9.90"), "Shirt &quot;Möwe&quot; - Grau, S", "Farbe: Grau, Größe: S",
    {"attribute_pa_farbe": "grau", "attribute_pa_groesse": "s"}, status=DISABLED,
)  # fmt: skip
SHIRT = Product(
    110, "Shirt &quot;Möwe&quot;", Decimal("21.50"), SHIRTS, text="<p>Baumwolle</p>", picture=SHIRT_PICTURE,
    variations=(RED_L, BLUE_ANY, GREEN_SOLD_OUT, OLD_DISABLED),
)  # fmt: skip
SPOON = Product(120, "Löffel", Decimal("3.33"), UNCATEGORIZED)
"""It has neither a picture nor a category of its own, and nobody counts it."""

VASE = Product(121, "Vase", Decimal("129.00"), KITCHEN, quantity=0, stock=ON_BACKORDER)
LAMP = Product(122, "Lampe", Decimal("49.95"), KITCHEN, quantity=0, stock=SOLD_OUT)
UNPRICED = Product(123, "Auf Anfrage", None, KITCHEN)
SECRET = Product(124, "Nur mit Passwort", Decimal("5.00"), KITCHEN, password="x")
UNFINISHED = Product(125, "Entwurf", Decimal("5.00"), KITCHEN, status=DRAFT)
MARK = Product(199, "Mark", Decimal("1.00"))
PRODUCTS = (KETTLE, SHIRT, SPOON, VASE, LAMP, UNPRICED, SECRET, UNFINISHED, MARK)


def parent_of(variation: Variation) -> Product:
    return next(product for product in PRODUCTS if variation in product.variations)
