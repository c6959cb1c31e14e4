"""What the PrestaShop sells, in which languages and currencies."""

from dataclasses import dataclass, field
from decimal import Decimal

from fakes.shop_statements import cents

ENGLISH, FRENCH = 1, 2
EURO, DOLLAR = 1, 2
RATES = {EURO: Decimal(1), DOLLAR: Decimal("1.25")}
"""Currency id → what one unit of the default currency is in it."""

FRANCE = 8
VISITORS, GUESTS, CUSTOMERS = 1, 2, 3
"""The groups as installed."""
TAX_RULES = 1
TAX_PERCENT = Decimal(20)


@dataclass(frozen=True, slots=True)
class Category:
    """One category; root and home are there too, as in each PrestaShop."""

    id: int
    parent: int
    depth: int
    left: int
    right: int
    names: dict[int, str]


ROOT, HOME = 1, 2
LIGHTING = Category(3, HOME, 2, 3, 4, {ENGLISH: "Lighting", FRENCH: "Luminaires"})
TEXTILES = Category(4, HOME, 2, 5, 6, {ENGLISH: "Textiles", FRENCH: "Textiles de maison"})
CATEGORIES = (
    Category(ROOT, 0, 0, 1, 8, {ENGLISH: "Root", FRENCH: "Racine"}),
    Category(HOME, ROOT, 1, 2, 7, {ENGLISH: "Home", FRENCH: "Accueil"}),
    LIGHTING,
    TEXTILES,
)


@dataclass(frozen=True, slots=True)
class Attribute:
    """A value that a variant may have, and what it is a value of: ``group``'s id, its place, its names."""

    id: int
    group: int
    position: int
    group_names: dict[int, str]
    names: dict[int, str]


SIZE, COLOUR = {ENGLISH: "Size", FRENCH: "Taille"}, {ENGLISH: "Colour", FRENCH: "Couleur"}
MEDIUM = Attribute(3, 2, 0, SIZE, {ENGLISH: "M", FRENCH: "M"})
LARGE = Attribute(4, 2, 0, SIZE, {ENGLISH: "L", FRENCH: "L"})
BLUE = Attribute(1, 1, 1, COLOUR, {ENGLISH: "blue", FRENCH: "bleu"})
GREY = Attribute(2, 1, 1, COLOUR, {ENGLISH: "grey", FRENCH: "gris"})
ATTRIBUTES = (MEDIUM, LARGE, BLUE, GREY)
"""The shop shows sizes before colours, though colours were there first."""


@dataclass(frozen=True, slots=True)
class Combination:
    """A variant: ``impact`` is added to the product's net price. Without images it shows the product's cover."""

    id: int
    impact: Decimal
    stock: int
    default: bool = False
    attributes: tuple[Attribute, ...] = ()
    images: tuple[int, ...] = ()


@dataclass(frozen=True, slots=True)
class Product:
    """One product; ``net`` is its price without tax in the default currency, as the shop stores it."""

    id: int
    category: Category
    net: Decimal
    names: dict[int, str]
    descriptions: dict[int, str]
    images: tuple[int, ...] = ()
    stock: int = 0
    active: bool = True
    combinations: tuple[Combination, ...] = field(default=())

    def gross(self, *, currency: int = EURO, attribute: int = 0) -> Decimal:
        """The price of one with tax, rounded to cents, as a customer of the default country sees it."""
        impact = sum((c.impact for c in self.combinations if c.id == attribute), Decimal(0))
        return cents((self.net + impact) * RATES[currency] * (100 + TAX_PERCENT) / 100)


LAMP = Product(
    1,
    LIGHTING,
    Decimal("49.90"),
    {ENGLISH: "Oak table lamp", FRENCH: "Lampe de table en chêne"},
    {
        ENGLISH: "<p>A lamp of <strong>solid oak</strong> with a linen shade &amp; a dimmer.</p>",
        FRENCH: "<p>Une lampe en <strong>chêne massif</strong>, abat-jour en lin &amp; variateur.</p>",
    },
    images=(23, 24),
    stock=40,
)
BLANKET = Product(
    2,
    TEXTILES,
    Decimal("70.00"),
    {ENGLISH: "Wool blanket", FRENCH: "Couverture en laine"},
    {
        ENGLISH: "<p>Woven of new wool.</p><ul><li>warm</li><li>washable</li></ul>",
        FRENCH: "<p>Tissée de laine vierge.</p><ul><li>chaude</li><li>lavable</li></ul>",
    },
    images=(25, 31, 30),
    stock=12,
    combinations=(
        Combination(11, Decimal(0), 8, default=True, attributes=(GREY, MEDIUM)),
        Combination(12, Decimal(20), 4, attributes=(BLUE, LARGE), images=(30, 31)),
    ),
)
CUSHION = Product(
    3,
    TEXTILES,
    Decimal("20.00"),
    {ENGLISH: "Linen cushion", FRENCH: "Coussin en lin"},
    {ENGLISH: "<p>Filled with down.</p>", FRENCH: "<p>Garni de duvet.</p>"},
    images=(126,),
    stock=100,
)
PENDANT = Product(
    4,
    LIGHTING,
    Decimal("99.166667"),  # 119 with tax: six digits are what the shop keeps of it
    {ENGLISH: 'Pendant "Moon"', FRENCH: "Suspension « Lune »"},
    {ENGLISH: "<p>Blown glass, 40 cm.</p>", FRENCH: "<p>Verre soufflé, 40 cm.</p>"},
    images=(27,),
    stock=5,
)
WICK = Product(
    5,
    LIGHTING,
    Decimal("3.25"),
    {ENGLISH: "Lamp wick", FRENCH: "Mèche de lampe"},
    {ENGLISH: "", FRENCH: ""},
    stock=500,
)
"""It has neither an image nor a description."""
LANTERN = Product(
    6,
    LIGHTING,
    Decimal("8.25"),
    {ENGLISH: "Paper lantern", FRENCH: "Lanterne en papier"},
    {ENGLISH: "<p>No longer made.</p>", FRENCH: "<p>N'est plus fabriquée.</p>"},
    images=(28,),
    stock=3,
    active=False,
)
"""It was taken off the shop."""
CANDLESTICK = Product(
    7,
    LIGHTING,
    Decimal("12.416667"),
    {ENGLISH: "Candlestick", FRENCH: "Bougeoir"},
    {ENGLISH: "<p>Cast brass.</p>", FRENCH: "<p>Laiton coulé.</p>"},
    images=(29,),
)
"""It is sold out."""
PRODUCTS = (LAMP, BLANKET, CUSHION, PENDANT, WICK, LANTERN, CANDLESTICK)
