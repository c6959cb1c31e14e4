"""A PrestaShop 8 shop on a live server: its tables, its fixed data, and its writes as it makes them.

What is written, in which order and by which statements follows PrestaShop 8.2: ``Cart``, ``Context``, ``Customer``,
``PaymentModule``, ``Order`` and ``OrderHistory``. It opens no transactions: every statement commits by itself, so an
order is a dozen of them. Tables that are not in ``prestashop_8.sql`` (payments, invoices, carriers) are left out.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from decimal import ROUND_HALF_UP, Decimal
from itertools import count
from pathlib import Path
from typing import Any

Run = Callable[..., list[tuple[Any, ...]]]

TABLES = Path(__file__).parent.parent / "data" / "prestashop_8.sql"

# PrestaShop empties its session's sql_mode, and writes dates of zeros. Each statement here does that for itself, in
# the words of either server, since the caller's connection may be strict, and another one for every statement. MySQL's
# hint takes no empty mode; this one refuses nothing either.
_MODE = "'NO_ENGINE_SUBSTITUTION'"
_SHOP_MODE = f"/*M! SET STATEMENT sql_mode = {_MODE} FOR */ "
_HINT = f"/*+ SET_VAR(sql_mode = {_MODE}) */ "

ZERO_DATE = "0000-00-00"
ZERO_TIME = "0000-00-00 00:00:00"
"""What PrestaShop writes for a date that it does not have."""

ENGLISH, FRENCH = 1, 2
EURO, DOLLAR = 1, 2
RATES = {EURO: Decimal(1), DOLLAR: Decimal("1.25")}
"""Currency id → what one unit of the default currency is in it."""

FRANCE = 8
TAX_RULES = 1
TAX_PERCENT = Decimal(20)

AWAITING_CHEQUE, PAID, PREPARED, SHIPPED, DELIVERED = 1, 2, 3, 4, 5
CANCELED, REFUNDED, PAYMENT_ERROR = 6, 7, 8
BACKORDER_PAID, AWAITING_WIRE, PAID_REMOTELY, BACKORDER_UNPAID, AWAITING_DELIVERY_PAYMENT = 9, 10, 11, 12, 13


@dataclass(frozen=True, slots=True)
class State:
    """The flags of an order state, as installed. ``logable`` is what becomes ``ps_orders.valid``."""

    name: str
    color: str
    invoice: bool = False
    logable: bool = False
    delivery: bool = False
    shipped: bool = False
    paid: bool = False
    send_email: bool = True
    pdf_invoice: bool = False
    module: str = ""


STATES: dict[int, State] = {
    AWAITING_CHEQUE: State("Awaiting check payment", "#34209E", module="ps_checkpayment"),
    PAID: State("Payment accepted", "#3498D8", invoice=True, logable=True, paid=True, pdf_invoice=True),
    PREPARED: State("Processing in progress", "#3498D8", True, True, delivery=True, paid=True),
    SHIPPED: State("Shipped", "#01B887", True, True, True, True, True),
    DELIVERED: State("Delivered", "#01B887", True, True, True, True, True, send_email=False),
    CANCELED: State("Canceled", "#2C3E50"),
    REFUNDED: State("Refunded", "#01B887", invoice=True),
    PAYMENT_ERROR: State("Payment error", "#E74C3C"),
    BACKORDER_PAID: State("On backorder (paid)", "#3498D8", invoice=True, paid=True),
    AWAITING_WIRE: State("Awaiting bank wire payment", "#34209E", module="ps_wirepayment"),
    PAID_REMOTELY: State("Remote payment accepted", "#3498D8", invoice=True, logable=True, paid=True),
    BACKORDER_UNPAID: State("On backorder (not paid)", "#34209E"),
    AWAITING_DELIVERY_PAYMENT: State(
        "Awaiting Cash On Delivery validation", "#34209E", send_email=False, module="ps_cashondelivery"
    ),
}
_PUT_BACK = {CANCELED, PAYMENT_ERROR}
"""The states in which an order holds no stock."""


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
class Combination:
    """A variant: ``impact`` is added to the product's net price."""

    id: int
    impact: Decimal
    stock: int
    default: bool = False


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
        return _cents((self.net + impact) * RATES[currency] * (100 + TAX_PERCENT) / 100)


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
    images=(25,),
    stock=12,
    combinations=(Combination(11, Decimal(0), 8, default=True), Combination(12, Decimal(20), 4)),
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

CONFIGURATION = {
    "PS_LANG_DEFAULT": ENGLISH,
    "PS_CURRENCY_DEFAULT": EURO,
    "PS_COUNTRY_DEFAULT": FRANCE,
    "PS_SHOP_DEFAULT": 1,
    "PS_TIMEZONE": "UTC",
    "PS_SHOP_NAME": "Maison",
    "PS_SHOP_EMAIL": "shop@example.com",
    "PS_SHOP_DOMAIN": "shop.example.com",
    "PS_SHOP_DOMAIN_SSL": "shop.example.com",
    "PS_SSL_ENABLED": 1,
    "PS_REWRITING_SETTINGS": 1,
    "PS_ROOT_CATEGORY": ROOT,
    "PS_HOME_CATEGORY": HOME,
    "PS_TAX": 1,
    "PS_TAX_ADDRESS_TYPE": "id_address_delivery",
    "PS_PRICE_ROUND_MODE": 2,
    "PS_ROUND_TYPE": 1,
    "PS_STOCK_MANAGEMENT": 1,
    "PS_ORDER_OUT_OF_STOCK": 0,
    "PS_CART_FOLLOWING": 1,
    "PS_GUEST_CHECKOUT_ENABLED": 1,
    "PS_UNIDENTIFIED_GROUP": 1,
    "PS_GUEST_GROUP": 2,
    "PS_CUSTOMER_GROUP": 3,
    "PS_IMAGE_FORMAT": "jpg",
    "PS_OS_CHEQUE": AWAITING_CHEQUE,
    "PS_OS_PAYMENT": PAID,
    "PS_OS_PREPARATION": PREPARED,
    "PS_OS_SHIPPING": SHIPPED,
    "PS_OS_DELIVERED": DELIVERED,
    "PS_OS_CANCELED": CANCELED,
    "PS_OS_REFUND": REFUNDED,
    "PS_OS_ERROR": PAYMENT_ERROR,
    "PS_OS_OUTOFSTOCK_PAID": BACKORDER_PAID,
    "PS_OS_BANKWIRE": AWAITING_WIRE,
    "PS_OS_WS_PAYMENT": PAID_REMOTELY,
    "PS_OS_OUTOFSTOCK_UNPAID": BACKORDER_UNPAID,
    "PS_OS_COD_VALIDATION": AWAITING_DELIVERY_PAYMENT,
}


@dataclass(frozen=True, slots=True)
class _Ago:
    """A DATETIME that many seconds before now, in UTC."""

    seconds: int


class PrestaShop:
    """Writes to a shop as PrestaShop 8 does.

    ``run(sql, parameters=None)`` executes one statement in autocommit and returns its rows. Ids are counted here, in
    ranges of their own, so that one taken for another is noticed. ``minutes_ago`` dates what is written.
    """

    def __init__(self, run: Run) -> None:
        self._run = run
        self._customers = count(31)
        self._guests = count(301)
        self._carts = count(501)
        self._orders = count(7001)
        self._details = count(90_001)
        self._invoices = count(1)

    # --- the shop as it was installed -----------------------------------------------------------------------

    def create(self) -> None:
        """Create the tables in an empty database, and fill in what tests take as given."""
        for statement in TABLES.read_text(encoding="utf-8").split(";\n"):
            if statement.strip():
                self._run(statement)
        self._create_shop()
        self._create_money()
        self._create_states()
        self._create_categories()
        stock = count(1)
        for position, product in enumerate(PRODUCTS, start=1):
            self._create_product(product, position)
            self._create_images(product)
            self._create_stock(product, stock)

    def _create_shop(self) -> None:
        self._insert("shop_group", id_shop_group=1, name="Default", color="", share_customer=0, share_order=0,
                     share_stock=0, active=1, deleted=0)  # fmt: skip
        self._insert("shop", id_shop=1, id_shop_group=1, name="Maison", color="", id_category=HOME,
                     theme_name="classic", active=1, deleted=0)  # fmt: skip
        self._insert("shop_url", id_shop_url=1, id_shop=1, domain="shop.example.com", domain_ssl="shop.example.com",
                     physical_uri="/", virtual_uri="", main=1, active=1)  # fmt: skip
        for language, name, iso, locale in (
            (ENGLISH, "English (English)", "en", "en-US"),
            (FRENCH, "Français (French)", "fr", "fr-FR"),
        ):
            self._insert("lang", id_lang=language, name=name, active=1, iso_code=iso, language_code=locale.lower(),
                         locale=locale, date_format_lite="Y-m-d", date_format_full="Y-m-d H:i:s",
                         is_rtl=0)  # fmt: skip
        for number, (name, value) in enumerate(CONFIGURATION.items(), start=1):
            self._insert("configuration", id_configuration=number, name=name, value=str(value),
                         date_add=_Ago(0), date_upd=_Ago(0))  # fmt: skip

    def _create_money(self) -> None:
        for currency, name, iso, number, symbol in (
            (EURO, "Euro", "EUR", "978", "€"),
            (DOLLAR, "US Dollar", "USD", "840", "$"),
        ):
            rate = RATES[currency]
            self._insert("currency", id_currency=currency, name=name, iso_code=iso, numeric_iso_code=number,
                         precision=2, conversion_rate=rate)  # fmt: skip
            self._insert("currency_shop", id_currency=currency, id_shop=1, conversion_rate=rate)
            for language in (ENGLISH, FRENCH):
                self._insert(
                    "currency_lang",
                    id_currency=currency,
                    id_lang=language,
                    name=name,
                    symbol=symbol,
                    pattern="",
                )
        self._insert("tax", id_tax=1, rate=TAX_PERCENT)
        self._insert("tax_rules_group", id_tax_rules_group=TAX_RULES, name="FR standard rate (20%)", active=1,
                     deleted=0, date_add=_Ago(0), date_upd=_Ago(0))  # fmt: skip
        self._insert("tax_rule", id_tax_rule=1, id_tax_rules_group=TAX_RULES, id_country=FRANCE, id_state=0,
                     zipcode_from="0", zipcode_to="0", id_tax=1, behavior=0, description="")  # fmt: skip

    def _create_states(self) -> None:
        for number, state in STATES.items():
            self._insert(
                "order_state",
                id_order_state=number,
                invoice=int(state.invoice),
                send_email=int(state.send_email),
                module_name=state.module,
                color=state.color,
                unremovable=1,
                logable=int(state.logable),
                delivery=int(state.delivery),
                shipped=int(state.shipped),
                paid=int(state.paid),
                pdf_invoice=int(state.pdf_invoice),
            )
            for language in (ENGLISH, FRENCH):
                self._insert(
                    "order_state_lang", id_order_state=number, id_lang=language, name=state.name, template=""
                )

    def _create_categories(self) -> None:
        for category in CATEGORIES:
            self._insert("category", id_category=category.id, id_parent=category.parent, level_depth=category.depth,
                         nleft=category.left, nright=category.right, active=1, date_add=_Ago(0), date_upd=_Ago(0),
                         is_root_category=int(category.id == HOME))  # fmt: skip
            for language, name in category.names.items():
                self._insert("category_lang", id_category=category.id, id_shop=1, id_lang=language, name=name,
                             description="", link_rewrite=_slug(category.names[ENGLISH]))  # fmt: skip

    def _create_product(self, product: Product, position: int) -> None:
        default = next((c.id for c in product.combinations if c.default), 0)
        both = {
            "id_category_default": product.category.id,
            "id_tax_rules_group": TAX_RULES,
            "price": product.net,
            "active": int(product.active),
            "cache_default_attribute": default,
            "indexed": 1,
            "date_add": _Ago(0),
            "date_upd": _Ago(0),
        }
        self._insert("product", id_product=product.id, reference=f"M-{product.id:03}", **both,
                     product_type="combinations" if product.combinations else "standard")  # fmt: skip
        self._insert("product_shop", id_product=product.id, id_shop=1, **both)
        for category in (HOME, product.category.id):
            self._insert("category_product", id_category=category, id_product=product.id, position=position)
        for language, name in product.names.items():
            self._insert("product_lang", id_product=product.id, id_shop=1, id_lang=language, name=name,
                         description=product.descriptions[language], description_short="",
                         link_rewrite=_slug(product.names[ENGLISH]))  # fmt: skip
        for combination in product.combinations:
            own = {"price": combination.impact, "default_on": 1 if combination.default else None}
            self._insert(
                "product_attribute", id_product_attribute=combination.id, id_product=product.id, **own
            )
            self._insert("product_attribute_shop", id_product=product.id, id_product_attribute=combination.id,
                         id_shop=1, **own)  # fmt: skip

    def _create_images(self, product: Product) -> None:
        for position, image in enumerate(product.images, start=1):
            cover = (
                1 if position == 1 else None
            )  # NULL: the key on (product, cover) allows many of those only
            self._insert("image", id_image=image, id_product=product.id, position=position, cover=cover)
            self._insert("image_shop", id_product=product.id, id_image=image, id_shop=1, cover=cover)
            for language, name in product.names.items():
                self._insert("image_lang", id_image=image, id_lang=language, legend=name)

    def _create_stock(self, product: Product, numbers: "count[int]") -> None:
        rows = [(0, product.stock), *((c.id, c.stock) for c in product.combinations)]
        for attribute, quantity in rows:
            self._insert("stock_available", id_stock_available=next(numbers), id_product=product.id,
                         id_product_attribute=attribute, id_shop=1, id_shop_group=0, quantity=quantity,
                         physical_quantity=quantity, out_of_stock=2)  # fmt: skip

    # --- carts ----------------------------------------------------------------------------------------------

    def new_cart(
        self,
        *,
        customer: int = 0,
        guest: int = 0,
        language: int = ENGLISH,
        currency: int = EURO,
        minutes_ago: float = 0,
    ) -> int:
        """An empty cart, as ``Cart::add`` writes it when a visitor adds a first product. Returns its id.

        Each visitor has a guest id, whether logged in or not; one is made up for ``guest=0``.
        """
        cart, now = next(self._carts), _ago(minutes_ago)
        self._insert(
            "cart",
            id_cart=cart,
            id_shop_group=1,
            id_shop=1,
            id_address_delivery=0,
            id_address_invoice=0,
            id_carrier=0,
            id_currency=currency,
            id_customer=customer,
            id_guest=guest or next(self._guests),
            id_lang=language,
            recyclable=0,
            gift=0,
            gift_message="",
            mobile_theme=0,
            delivery_option="",
            secure_key="",  # also for a customer: the next page that reads the cart fills it in
            allow_seperated_package=0,
            date_add=now,
            date_upd=now,
        )
        return cart

    def add(
        self, cart: int, product: int, quantity: int = 1, *, attribute: int = 0, minutes_ago: float = 0
    ) -> None:
        """Put so many more into the cart. A line that is there keeps its ``date_add``."""
        if self._quantity(cart, product, attribute):
            self._raise(cart, product, attribute, quantity)
        else:
            [(address,)] = self._run("SELECT id_address_delivery FROM ps_cart WHERE id_cart = %s", (cart,))
            self._insert(
                "cart_product",
                id_product=product,
                id_product_attribute=attribute,
                id_cart=cart,
                id_address_delivery=address,
                id_shop=1,
                quantity=quantity,
                date_add=_ago(minutes_ago),
                id_customization=0,
            )
        self._update("cart", cart, date_upd=_ago(minutes_ago))

    def change_quantity(
        self, cart: int, product: int, quantity: int, *, attribute: int = 0, minutes_ago: float = 0
    ) -> None:
        """Set the quantity of a line that is there: PrestaShop adds or subtracts, and deletes at 0."""
        if quantity <= 0:
            self.remove(cart, product, attribute=attribute, minutes_ago=minutes_ago)
            return
        self._raise(cart, product, attribute, quantity - self._quantity(cart, product, attribute))
        self._update("cart", cart, date_upd=_ago(minutes_ago))

    def remove(self, cart: int, product: int, *, attribute: int = 0, minutes_ago: float = 0) -> None:
        """Take the line out. The cart's own row stays, also when it was the last line."""
        self._run(
            "DELETE FROM ps_cart_product WHERE id_product = %s AND id_customization = 0 "
            "AND id_product_attribute = %s AND id_cart = %s",
            (product, attribute, cart),
        )
        self._update("cart", cart, date_upd=_ago(minutes_ago))

    def visit(self, cart: int, *, minutes_ago: float = 0) -> None:
        """Open any page with the cart at hand: a customer's cart is written although its content is the same.

        A missing secure key is filled in, and while the customer has no address PrestaShop looks for one and saves
        the cart on every page. A visitor's cart is left alone.
        """
        self._run(
            f"{_SHOP_MODE}UPDATE {_HINT}ps_cart c JOIN ps_customer u ON u.id_customer = c.id_customer "
            "SET c.date_upd = UTC_TIMESTAMP() - INTERVAL %s SECOND, c.secure_key = u.secure_key "
            "WHERE c.id_cart = %s AND (c.id_address_delivery = 0 OR c.secure_key IN ('', '-1'))",
            (_ago(minutes_ago).seconds, cart),
        )

    def check_out(self, cart: int) -> None:
        """Open the checkout: its state is written into the cart's row, and ``date_upd`` is not."""
        self._update("cart", cart, checkout_session_data='{"checkout-personal-information-step":[]}')

    def choose(
        self, cart: int, *, language: int = ENGLISH, currency: int = EURO, minutes_ago: float = 0
    ) -> None:
        """Look at the shop in another language or currency."""
        self._update("cart", cart, id_lang=language, id_currency=currency, date_upd=_ago(minutes_ago))

    # --- customers ------------------------------------------------------------------------------------------

    def register(
        self,
        email: str,
        *,
        firstname: str = "Jane",
        lastname: str = "Doe",
        language: int = ENGLISH,
        newsletter: int = 0,
        is_guest: int = 0,
        minutes_ago: float = 0,
    ) -> int:
        """A new customer; ``is_guest``: one who orders without an account. Returns the id; ``login`` comes after."""
        customer, now = next(self._customers), _ago(minutes_ago)
        self._insert(
            "customer",
            id_customer=customer,
            id_shop_group=1,
            id_shop=1,
            id_gender=0,
            id_default_group=2 if is_guest else 3,
            id_lang=language,
            id_risk=0,
            firstname=firstname,
            lastname=lastname,
            email=email,
            passwd="$2y$10$" + "x" * 53,
            last_passwd_gen=now,
            birthday=ZERO_DATE,
            newsletter=newsletter,
            newsletter_date_add=now if newsletter else ZERO_TIME,
            max_payment_days=0,
            secure_key=f"{customer:032x}",
            active=1,
            is_guest=is_guest,
            date_add=now,
            date_upd=now,
            reset_password_validity=ZERO_TIME,
        )
        return customer

    def login(self, cart: int, customer: int, *, address: int = 0, minutes_ago: float = 0) -> None:
        """A visitor with a filled cart logs in, registers, or leaves an address as a guest in the checkout.

        ``address``: the customer's first one. It is part of the primary key of the cart's lines, so they all move.
        """
        now = _ago(minutes_ago)
        [(secure_key,)] = self._run("SELECT secure_key FROM ps_customer WHERE id_customer = %s", (customer,))
        owner = {
            "id_customer": customer,
            "secure_key": secure_key,
            "id_carrier": 0,
            "delivery_option": "",
            "id_address_delivery": address,
            "id_address_invoice": address,
            "date_upd": now,
        }
        [(before,)] = self._run("SELECT id_address_delivery FROM ps_cart WHERE id_cart = %s", (cart,))
        self._update("cart", cart, **owner)
        self._run(
            "UPDATE ps_cart_product SET id_address_delivery = %s WHERE id_cart = %s AND id_address_delivery = %s",
            (address, cart, before),
        )
        self._update("cart", cart, **owner)

    # --- orders ---------------------------------------------------------------------------------------------

    def order(self, cart: int, *, state: int = AWAITING_WIRE, minutes_ago: float = 0) -> int:
        """Order what is in the cart, as ``PaymentModule::validateOrder`` does. Returns the order's id.

        The row begins without a state and gets it by UPDATE. The cart and its lines stay as they are.
        """
        order, now = next(self._orders), _ago(minutes_ago)
        lines = self._priced_lines(cart)
        net = sum((line[3] * line[2] for line in lines), Decimal(0))
        gross = sum((line[4] * line[2] for line in lines), Decimal(0))
        self._insert_order(order, cart, net, gross, now)
        self._run("DELETE FROM ps_specific_price WHERE id_cart = %s", (cart,))
        for product, attribute, quantity, unit_net, unit_gross, name in lines:
            if state not in _PUT_BACK:
                self._move_stock(product, attribute, -quantity)
            self._insert_detail(order, product, attribute, quantity, unit_net, unit_gross, name)
        if STATES[state].logable:  # the payment is noted before the state
            self._update("orders", order, total_paid_real=gross, date_upd=now)
        self._change_state(order, state, employee=0, now=now)
        return order

    def set_state(self, order: int, state: int, *, minutes_ago: float = 0) -> None:
        """Change the state in the back office, or by a payment module that heard from its bank."""
        self._change_state(order, state, employee=1, now=_ago(minutes_ago))

    def cancel(self, order: int, *, minutes_ago: float = 0) -> None:
        """Cancel the order: its row stays, and so does the cart's claim to be ordered."""
        self.set_state(order, CANCELED, minutes_ago=minutes_ago)

    def pay(self, order: int, *, minutes_ago: float = 0) -> None:
        """Note that the money came."""
        self.set_state(order, PAID, minutes_ago=minutes_ago)

    def _insert_order(self, order: int, cart: int, net: Decimal, gross: Decimal, now: _Ago) -> None:
        [(customer, language, currency, delivery, invoice)] = self._run(
            "SELECT id_customer, id_lang, id_currency, id_address_delivery, id_address_invoice "
            "FROM ps_cart WHERE id_cart = %s",
            (cart,),
        )
        keys = self._run("SELECT secure_key FROM ps_customer WHERE id_customer = %s", (customer,))
        self._insert(
            "orders",
            id_order=order,
            reference=_reference(order),
            id_shop_group=1,
            id_shop=1,
            id_carrier=0,
            id_lang=language,
            id_customer=customer,
            id_cart=cart,
            id_currency=currency,
            id_address_delivery=delivery,
            id_address_invoice=invoice,
            current_state=0,
            secure_key=keys[0][0] if keys else "",
            payment="Payment",
            conversion_rate=RATES[currency],
            module="ps_wirepayment",
            total_paid=gross,
            total_paid_tax_incl=gross,
            total_paid_tax_excl=net,
            total_paid_real=0,
            total_products=net,
            total_products_wt=gross,
            round_mode=2,
            round_type=1,
            invoice_date=ZERO_TIME,
            delivery_date=ZERO_TIME,
            valid=0,
            date_add=now,
            date_upd=now,
        )

    def _insert_detail(
        self,
        order: int,
        product: int,
        attribute: int,
        quantity: int,
        net: Decimal,
        gross: Decimal,
        name: str,
    ) -> None:
        self._insert(
            "order_detail",
            id_order_detail=next(self._details),
            id_order=order,
            id_order_invoice=0,
            id_shop=1,
            product_id=product,
            product_attribute_id=attribute,
            product_name=name,
            product_quantity=quantity,
            product_quantity_in_stock=quantity,
            product_price=net,
            product_reference=f"M-{product:03}",
            product_weight=0,
            id_tax_rules_group=TAX_RULES,
            tax_name="",
            download_deadline=ZERO_TIME,
            total_price_tax_incl=gross * quantity,
            total_price_tax_excl=net * quantity,
            unit_price_tax_incl=gross,
            unit_price_tax_excl=net,
            original_product_price=net,
        )

    def _change_state(self, order: int, number: int, *, employee: int, now: _Ago) -> None:
        """As ``OrderHistory::changeIdOrderState`` and then ``addWithemail``: the order first, its history after."""
        state = STATES[number]
        [(before, invoiced)] = self._run(
            "SELECT current_state, invoice_number FROM ps_orders WHERE id_order = %s", (order,)
        )
        lines = self._run(
            "SELECT product_id, product_attribute_id, product_quantity FROM ps_order_detail "
            "WHERE id_order = %s ORDER BY id_order_detail",
            (order,),
        )
        sign = _stock_sign(before, number)
        if sign:
            for product, attribute, quantity in lines:
                self._move_stock(product, attribute, sign * quantity)
        self._update("orders", order, current_state=number, valid=int(state.logable), date_upd=now)
        if state.invoice and not invoiced:
            invoice = next(self._invoices)
            self._run(
                "UPDATE ps_order_detail SET id_order_invoice = %s WHERE id_order = %s", (invoice, order)
            )
            self._update("orders", order, invoice_number=invoice, invoice_date=now, date_upd=now)
        if state.paid:
            self._run("UPDATE ps_orders SET total_paid_real = total_paid WHERE id_order = %s", (order,))
        if state.delivery:
            self._update("orders", order, delivery_number=order, delivery_date=now, date_upd=now)
        self._reserve({product for product, _, _ in lines})
        self._insert(
            "order_history", id_employee=employee, id_order=order, id_order_state=number, date_add=now
        )
        self._update("orders", order, current_state=number, date_upd=now)

    def _priced_lines(self, cart: int) -> list[tuple[int, int, int, Decimal, Decimal, str]]:
        """(product, attribute, quantity, net, gross, name) a line, prices in the cart's currency."""
        rows = self._run(
            "SELECT l.id_product, l.id_product_attribute, l.quantity, "
            "(p.price + COALESCE(a.price, 0)) * m.conversion_rate, COALESCE(n.name, '') "
            "FROM ps_cart_product l JOIN ps_cart c ON c.id_cart = l.id_cart "
            "JOIN ps_product_shop p ON p.id_product = l.id_product AND p.id_shop = l.id_shop "
            "JOIN ps_currency m ON m.id_currency = c.id_currency "
            "LEFT JOIN ps_product_attribute_shop a "
            "ON a.id_product_attribute = l.id_product_attribute AND a.id_shop = l.id_shop "
            "LEFT JOIN ps_product_lang n "
            "ON n.id_product = l.id_product AND n.id_shop = l.id_shop AND n.id_lang = c.id_lang "
            "WHERE l.id_cart = %s ORDER BY l.date_add, l.id_product, l.id_product_attribute",
            (cart,),
        )
        return [
            (product, attribute, quantity, _cents(net), _cents(net * (100 + TAX_PERCENT) / 100), name)
            for product, attribute, quantity, net, name in rows
        ]

    # --- stock ----------------------------------------------------------------------------------------------

    def _move_stock(self, product: int, attribute: int, quantity: int) -> None:
        """Change what is left; a product with combinations has a row with their sum, which is written after."""
        for row in dict.fromkeys((attribute, 0)):
            self._run(
                "UPDATE ps_stock_available SET quantity = quantity + %s "
                "WHERE id_product = %s AND id_product_attribute = %s AND id_shop = 1",
                (quantity, product, row),
            )

    def _reserve(self, products: Iterable[int]) -> None:
        """Count what open orders hold, which PrestaShop does anew at each change of a state."""
        for product in sorted(products):
            self._run(
                "UPDATE ps_stock_available s SET s.reserved_quantity = (SELECT "
                "COALESCE(SUM(d.product_quantity - d.product_quantity_refunded), 0) FROM ps_orders o "
                "JOIN ps_order_detail d ON d.id_order = o.id_order "
                "JOIN ps_order_state t ON t.id_order_state = o.current_state "
                "WHERE d.product_id = s.id_product AND d.product_attribute_id = s.id_product_attribute "
                "AND t.shipped <> 1 AND (o.valid = 1 OR o.current_state NOT IN (%s, %s))) "
                "WHERE s.id_product = %s AND s.id_shop = 1",
                (CANCELED, PAYMENT_ERROR, product),
            )
            self._run(
                "UPDATE ps_stock_available SET physical_quantity = quantity + reserved_quantity "
                "WHERE id_product = %s AND id_shop = 1",
                (product,),
            )

    # --- statements -----------------------------------------------------------------------------------------

    def _quantity(self, cart: int, product: int, attribute: int) -> int:
        [(quantity,)] = self._run(
            "SELECT COALESCE(SUM(quantity), 0) FROM ps_cart_product "
            "WHERE id_cart = %s AND id_product = %s AND id_product_attribute = %s",
            (cart, product, attribute),
        )
        return int(quantity)

    def _raise(self, cart: int, product: int, attribute: int, more: int) -> None:
        operation = "+" if more >= 0 else "-"
        self._run(
            f"UPDATE ps_cart_product SET quantity = quantity {operation} %s WHERE id_product = %s "
            "AND id_customization = 0 AND id_product_attribute = %s AND id_cart = %s LIMIT 1",
            (abs(more), product, attribute, cart),
        )

    def _insert(self, table: str, **values: Any) -> None:
        columns = ", ".join(f"`{column}`" for column in values)
        expressions, parameters = _expressions(values.values())
        self._run(
            f"{_SHOP_MODE}INSERT {_HINT}INTO ps_{table} ({columns}) VALUES ({', '.join(expressions)})",
            parameters,
        )

    def _update(self, table: str, row: int, **values: Any) -> None:
        expressions, parameters = _expressions(values.values())
        columns = ", ".join(
            f"`{column}` = {value}" for column, value in zip(values, expressions, strict=True)
        )
        key = "id_order" if table == "orders" else f"id_{table}"
        self._run(f"{_SHOP_MODE}UPDATE {_HINT}ps_{table} SET {columns} WHERE {key} = %s", (*parameters, row))


def _expressions(values: Iterable[Any]) -> tuple[list[str], tuple[Any, ...]]:
    """The values as SQL with placeholders, and the parameters for these."""
    listed = list(values)
    return (
        ["UTC_TIMESTAMP() - INTERVAL %s SECOND" if isinstance(value, _Ago) else "%s" for value in listed],
        tuple(value.seconds if isinstance(value, _Ago) else value for value in listed),
    )


def _stock_sign(before: int, after: int) -> int:
    """1: the goods go back into stock with that change of state, -1: they are taken again, 0: neither."""
    if not before:
        return 0
    old, new = STATES[before], STATES[after]
    if new.logable and not old.logable:
        return -1 if before in _PUT_BACK else 0
    if not new.logable and after in _PUT_BACK:
        return 1 if old.logable or before not in _PUT_BACK else 0
    return 0


def _ago(minutes: float) -> _Ago:
    return _Ago(int(minutes * 60))


def _cents(amount: Decimal) -> Decimal:
    return amount.quantize(Decimal("0.01"), ROUND_HALF_UP)


def _slug(name: str) -> str:
    return "-".join("".join(c if c.isalnum() else " " for c in name.lower()).split())


def _reference(order: int) -> str:
    """Nine capital letters, as PrestaShop makes them up."""
    letters = ""
    for _ in range(9):
        order, letter = divmod(order, 26)
        letters = chr(ord("A") + letter) + letters
    return letters
