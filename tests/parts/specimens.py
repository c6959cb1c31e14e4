"""Mails of every kind, made as the service makes them, for the tests that look at them from outside."""

from dataclasses import dataclass, replace
from datetime import UTC, datetime
from decimal import Decimal
from functools import cache

from fakes.store import catalogue, store

from binlog_watcher.demo import sample_shop
from mailer import (
    DiscountTable,
    Line,
    Links,
    Pick,
    RecoveryMail,
    Rendered,
    Renderer,
    ShopInfo,
    Tier,
    build,
    first_name,
    message_id,
    parse_address,
)
from mailer.languages import languages, shipped
from mailer.themes import Theme, built_in, load_theme
from recommender import LiveRecommender, ProductFacts, TemplateWriter, TextRequest

RECIPIENT = "jane.doe@example.org"
STORE = store(
    url="https://shop.example.com/",
    logo_url="https://shop.example.com/logo.png",
    public_url="https://cartwake.example.com",
)
DARK_STORE = replace(STORE, logo_dark_url="https://shop.example.com/logo-dark.png")
BARE_STORE = store(
    name="Kiosk",
    url="http://kiosk.example.org",
    address="PO Box 1",
    support_email="us@kiosk.example.org",
    sender_email="us@kiosk.example.org",
    sender_name="Kiosk",
    cart_url="http://kiosk.example.org/c?open=1&lang=en",
    emoji=True,
    free_shipping_text="",
)
_DISCOUNTS = DiscountTable((Tier(Decimal(100), Decimal(10), "SAVE10"), Tier(Decimal(500), Decimal(20))))
_SECRET = "no secret at all, and long enough"
_PRODUCT_URL = "https://shop.example.com/p/{}"
DATE = datetime(2026, 3, 2, 9, 30, tzinfo=UTC)

MARKUP = "<script>alert('cart')</script>"


@dataclass(frozen=True, slots=True)
class Specimen:
    """One mail of ``store``. ``message``: its bytes as they are handed to the SMTP server."""

    name: str
    store: ShopInfo
    mail: RecoveryMail
    rendered: Rendered
    message: bytes
    brand: str


@cache
def specimens() -> dict[str, Specimen]:
    """All mails, by the name of what is special about each."""
    bag = _shop_line("Laptop Basic 15"), _line("Sleeve", "12.50", 2)
    lines = [
        _line(f"Thing {number} with a name that fills its row", "9.99", number) for number in range(1, 41)
    ]
    rich = (_line("家庭用プロジェクター・フルハイビジョン対応の据え置き型", "88000", 1),)
    cards = tuple(Pick(f"Card {number}", Decimal(number), "Kind") for number in range(1, 6))
    made = [
        _make("small-cart", "Jane Doe", (_shop_line("Chromebook Go 11", "29.00"),)),
        _make("tier-1", "Jane Doe", (_shop_line("Chromebook Go 11"), _shop_line("Laptop Basic 15", "59.00"))),
        _make("tier-2-without-code", "Grace Hopper", bag),
        _make("arabic", "ليلى حسن", (_line("سماعة رأس لاسلكية بخاصية إلغاء الضوضاء", "149.00", 1),)),
        _make("japanese", "山田 太郎", rich, currency="JPY"),
        _make("markup", MARKUP, (_line(f"<b>Bold</b> {MARKUP}", "120", 1), _line('"><img src=x>', "1", 1))),
        _make("no-pictures", "Ada", (_line("Tea", "4.20", 3), _line("Coffee", "6.80", 1)), picks=cards[:2]),
        _make("one-card", "Ada", bag, picks=_recommended()[:1]),
        _make(
            "two-cards",
            "Ada",
            (*bag, _line("חולצת כותנה", "18", 1)),
            picks=_recommended()[:2],
            store=DARK_STORE,
        ),
        _make("four-cards", "Ada", bag, picks=(*_recommended(), cards[0])),
        _make("unavailable", "Jane Doe", (replace(_shop_line("Chromebook Go 11"), available=False), *bag)),
        _make("fifty-lines", "Jane Doe", tuple(_pictured(number) for number in range(1, 51))),
        _make("long-cart", "Maximilian-Alexander", tuple(lines), picks=cards),
        _make("endless-words", "W" * 60, (_line("W" * 180, "9999999.99", 9999),), store=BARE_STORE),
        *(_spoken(tag) for tag in shipped()),
        *(_themed(theme) for theme in built_in()[1:]),
        _make("bare", None, (_line("Newspaper", "2.10", 1),), store=BARE_STORE, picks=(), text=""),
    ]
    return {specimen.name: specimen for specimen in made}


@cache
def matrix() -> dict[str, Specimen]:
    """A mail in each theme and each language."""
    made = [_spoken(tag, theme) for theme in built_in() for tag in shipped()]
    return {specimen.name: specimen for specimen in made}


def _make(
    name: str,
    customer: str | None,
    lines: tuple[Line, ...],
    *,
    store: ShopInfo = STORE,
    picks: tuple[Pick, ...] | None = None,
    text: str | None = None,
    currency: str = "USD",
    language: str = "en",
    theme: Theme | None = None,
) -> Specimen:
    """A mail with recommendations from the sample shop unless ``picks`` says otherwise."""
    number = len(name) * 1000 + len(lines)
    total = sum((line.total("USD") for line in lines), Decimal(0))
    links = Links(_SECRET, support_email=store.support_email, public_url=store.public_url)
    recommended = _recommended() if picks is None else picks
    mail = RecoveryMail(
        first_name=first_name(customer),
        lines=lines,
        log_id=number,
        unsubscribe=links.unsubscribe(number),
        discount=_DISCOUNTS.for_total(total),
        text=_text(lines, recommended, language) if text is None else text,
        picks=recommended,
        currency=currency,
        language=language,
    )
    rendered = Renderer(store, languages((language,)), theme).render(mail)
    message = build(
        rendered,
        store=store,
        recipient=parse_address(RECIPIENT),
        message_id=message_id(number, store.sender_email.rpartition("@")[2], tag="t1"),
        date=DATE,
        unsubscribe=mail.unsubscribe,
        recipient_name=customer,
    )
    return Specimen(name, store, mail, rendered, message, (theme or load_theme()).brand)


def _line(name: str, price: str, quantity: int) -> Line:
    return Line(name, None, Decimal(price), quantity)


def _pictured(number: int) -> Line:
    """A line with a picture and a page."""
    page = _PRODUCT_URL.format(number)
    return Line(
        f"Jacket of recycled wool, size {number}", None, Decimal("1249.99"), 1, f"i/{number}.jpg", page
    )


def _shop_line(name: str, price: str | None = None) -> Line:
    product = sample_shop.product(name)
    paid, page = Decimal(price) if price else product.price, _PRODUCT_URL.format(product.id)
    return Line(name, product.category, paid, 1, product.image, page)


@cache
def _recommended() -> tuple[Pick, ...]:
    """What the recommender picks for a laptop of the sample shop."""
    found = LiveRecommender(catalogue()).recommend([sample_shop.product("Laptop Basic 15").id])
    assert len(found) == 3
    return tuple(
        Pick(f.product.name, f.product.price, f.product.category, f.product.image, _PRODUCT_URL.format(f.product.id))
        for f in found
    )  # fmt: skip


def _spoken(tag: str, theme: str = "") -> Specimen:
    """A mail in a language, to somebody whose shop has its products in it, too."""
    customer, product, currency = _SPEAKERS[tag]
    lines = (_shop_line("Chromebook Go 11"), replace(_shop_line("Laptop Basic 15", "59.00"), name=product))
    return _make(
        f"{theme or 'language'}-{tag}",
        customer,
        lines,
        currency=currency,
        language=tag,
        theme=load_theme(theme) if theme else None,
    )


def _themed(name: str) -> Specimen:
    """A mail with all that a theme can say."""
    lines = (
        _shop_line("Chromebook Go 11"),
        _shop_line("Laptop Basic 15", "59.00"),
        _line("Sleeve", "12.50", 2),
    )
    theme = replace(load_theme(name), trust=_TRUST, social=_SOCIAL, help="Ask us, we are shopkeepers:")
    return _make(f"theme-{name}", "Jane Doe", lines, theme=theme)


_TRUST = ("Delivery in two days", "30 days to return", "Help by people")
_SOCIAL = (("Instagram", "https://social.example.com/shop"), ("YouTube", "https://video.example.com/shop"))

_SPEAKERS = {
    "en": ("Jane Doe", "Laptop Basic 15", "USD"),
    "ar": ("ليلى حسن", "حاسوب محمول خفيف", "SAR"),
    "de": ("Jörg Müller", "Leichtes Notebook für unterwegs", "EUR"),
    "es": ("Lucía Gómez", "Portátil ligero", "EUR"),
    "fr": ("Chloé Lefèvre", "Ordinateur portable léger", "EUR"),
    "he": ("נועה לוי", "מחשב נייד קל", "ILS"),
    "it": ("Giulia Rossi", "Portatile leggero", "EUR"),
    "ja": ("山田 太郎", "軽量ノートパソコン", "JPY"),
    "nl": ("Sanne de Vries", "Lichte laptop", "EUR"),
    "pl": ("Zofia Wiśniewska", "Lekki laptop", "PLN"),
    "pt": ("João Pereira", "Notebook leve", "BRL"),
}
"""Customer, product and currency by the language's tag."""


def _text(lines: tuple[Line, ...], picks: tuple[Pick, ...], language: str) -> str:
    bought, recommended = (
        tuple(ProductFacts(item.name, item.category or "") for item in items[:20]) for items in (lines, picks)
    )
    return TemplateWriter().compose(TextRequest(bought, recommended, language))
