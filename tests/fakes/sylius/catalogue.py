"""What the shop sells, where and for how much."""

from dataclasses import dataclass

ENGLISH, GERMAN = "en_US", "de_DE"
LOCALES = (ENGLISH, GERMAN)


@dataclass(frozen=True, slots=True)
class Channel:
    """``currency``: in which its prices are, by number."""

    id: int
    code: str
    currency: int


DOLLAR, EURO = 1, 2
CURRENCIES = {DOLLAR: "USD", EURO: "EUR"}
WEB, OUTLET = Channel(1, "FASHION_WEB", DOLLAR), Channel(2, "OUTLET", EURO)
CHANNELS = (WEB, OUTLET)
DOLLARS_IN_EUROS = "0.80000"


@dataclass(frozen=True, slots=True)
class Variant:
    """``price`` in cents, the same in each channel; ``stock`` None: not counted; ``options``: by their numbers."""

    id: int
    product: int
    price: int
    stock: int | None = None
    name: str | None = None
    options: tuple[int, ...] = ()


KETTLE = Variant(11, 1, 4990)
LAMP = Variant(12, 2, 1999, stock=5, name="60 W")
RED = Variant(13, 3, 2500, stock=9, options=(1, 3))
GREEN = Variant(14, 3, 2750, stock=0, options=(2, 3))
RADIO = Variant(15, 4, 8000, stock=0)
SAMPLE = Variant(16, 5, 0)
VARIANTS = (KETTLE, LAMP, RED, GREEN, RADIO, SAMPLE)

PRODUCTS = {
    1: ("Kettle", "Kessel"),
    2: ("Lamp & Shade", "Lämpchen"),
    3: ("T-Shirt", "T-Shirt"),
    4: ("Radio", None),
    5: ("Sample", "Probe"),
}
"""Names in English and German: None where nobody has translated it."""

OPTION_VALUES = {1: (1, ("Red", "Rot")), 2: (1, ("Green", "Grün")), 3: (2, ("M", "M"))}
"""Number → the option that it is a value of, and its names."""

COLOUR_OF_RED = "product/3/red.jpg"
"""The picture that shows one variant."""
