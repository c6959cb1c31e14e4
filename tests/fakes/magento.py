"""Writes to a live database what Magento 2.4 writes: the same tables, columns, statements, and their order.

What is left out (payments, order addresses, grids, sequences, reservations) is in tables that nobody here reads.
"""

import json
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from decimal import ROUND_HALF_UP, Decimal
from itertools import count
from pathlib import Path
from typing import Any

Statement = tuple[str, tuple[Any, ...]]
Run = Callable[..., list[tuple[Any, ...]]]
Together = Callable[[Sequence[Statement]], None]

SCHEMA = Path(__file__).parents[1] / "data" / "magento_2.sql"

ADMIN, EN, FR = 0, 1, 2
"""The stores; ADMIN's values are the defaults of all."""
LOCALES = {EN: "en_US", FR: "fr_FR"}
BASE_CURRENCY = "USD"
CURRENCIES = {EN: "USD", FR: "EUR"}
RATES = {EN: Decimal(1), FR: Decimal("0.92")}
"""Units of the store's currency for one of the base currency."""
TAX_PERCENT = {EN: Decimal(0), FR: Decimal(20)}
_WEBSITE = 1
_STOCK = 1
_NOT_LOGGED_IN, _GENERAL = 0, 1  # customer groups
_RETAIL_CUSTOMER = 3  # the tax class of both
_NAMELESS = 60000  # a store's id until it becomes 0, which AUTO_INCREMENT takes for "the next one"

CATEGORY_TYPE, PRODUCT_TYPE = 3, 4
ATTRIBUTES: dict[tuple[int, str], tuple[int, str, str]] = {
    (CATEGORY_TYPE, "name"): (45, "varchar", "text"),
    (PRODUCT_TYPE, "name"): (73, "varchar", "text"),
    (PRODUCT_TYPE, "description"): (75, "text", "textarea"),
    (PRODUCT_TYPE, "price"): (77, "decimal", "price"),
    (PRODUCT_TYPE, "special_price"): (78, "decimal", "price"),
    (PRODUCT_TYPE, "image"): (87, "varchar", "media_image"),
    (PRODUCT_TYPE, "small_image"): (88, "varchar", "media_image"),
    (PRODUCT_TYPE, "status"): (97, "int", "select"),
    (PRODUCT_TYPE, "visibility"): (99, "int", "select"),
    (PRODUCT_TYPE, "url_key"): (121, "varchar", "text"),
}
"""(entity type, code) → (id, backend type, input)."""


@dataclass(frozen=True)
class Category:
    """A category by its names. ``parent``: its id; the path follows from it."""

    id: int
    name: str
    french: str | None = None
    parent: int = 0


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
    return _cents(_converted(base_price(product), store) * (1 + TAX_PERCENT[store] / 100))


def _cents(amount: Decimal) -> Decimal:
    return amount.quantize(Decimal("0.01"), ROUND_HALF_UP)


def _converted(amount: Decimal, store: int) -> Decimal:
    return _cents(amount * RATES[store])


@dataclass
class _Line:
    """A top-level row of quote_item; ``child``: the variant's row."""

    id: int
    product: int
    quantity: Decimal
    child: int | None = None


@dataclass
class _Quote:
    id: int
    store: int
    customer: int | None
    billing: int
    shipping: int
    email: str | None = None
    active: bool = True
    reserved: str | None = None
    lines: dict[int, _Line] = field(default_factory=dict)


@dataclass(frozen=True)
class _Customer:
    id: int
    email: str
    firstname: str
    lastname: str

    def columns(self) -> dict[str, Any]:
        """What a quote and an order keep of the customer."""
        return {
            "customer_email": self.email,
            "customer_firstname": self.firstname,
            "customer_lastname": self.lastname,
            "customer_group_id": _GENERAL,
        }


@dataclass
class _Order:
    id: int
    quote: int
    totals: dict[str, Decimal]
    items: list[tuple[int, Decimal]]


@dataclass(frozen=True)
class _Ago:
    """A point in time, as the server computes it."""

    seconds: int


class Magento:
    """The shop. ``run(sql, parameters)`` executes one statement in autocommit and returns its rows.

    ``together`` executes statements in one transaction; without it each is one of its own, in the same order.
    All times are written by the server as UTC, so the session's time_zone must be '+00:00', as Magento sets it.
    """

    def __init__(self, run: Run, *, together: Together | None = None) -> None:
        self._run = run
        self._together = together
        self._quotes: dict[int, _Quote] = {}
        self._customers: dict[int, _Customer] = {}
        self._orders: dict[int, _Order] = {}
        self._ids: dict[str, Iterator[int]] = {}

    # ---------------------------------------------------------------- the shop itself

    def create(self) -> None:
        """The tables, and all that is there before the first customer comes."""
        for table in SCHEMA.read_text(encoding="utf-8").split(";\n"):
            if table.strip():
                self._run(table)
        self._stores()
        for statement in (*self._attributes(), *self._categories()):
            self._run(*statement)
        for product in PRODUCTS.values():
            self._commit(list(self._product(product)))

    def _stores(self) -> None:
        for website, code in ((_NAMELESS, "admin"), (_WEBSITE, "base")):
            self._run(*_insert("store_website", website_id=website, code=code, name=code.title(),
                               default_group_id=int(code == "base"), is_default=int(code == "base")))  # fmt: skip
        self._run(f"UPDATE store_website SET website_id = 0 WHERE website_id = {_NAMELESS}")
        for store, code, called in (
            (_NAMELESS, "admin", "Admin"),
            (EN, "en", "English"),
            (FR, "fr", "Français"),
        ):
            self._run(*_insert("store", store_id=store, code=code, website_id=int(code != "admin"),
                               group_id=int(code != "admin"), name=called, is_active=1))  # fmt: skip
        self._run(f"UPDATE store SET store_id = 0 WHERE store_id = {_NAMELESS}")
        # The first store has no values of its own: it takes the default's.
        for scope, store, path, value in (
            ("default", 0, "general/locale/code", LOCALES[EN]),
            ("stores", FR, "general/locale/code", LOCALES[FR]),
            ("default", 0, "currency/options/base", BASE_CURRENCY),
            ("default", 0, "currency/options/default", CURRENCIES[EN]),
            ("default", 0, "currency/options/allow", "EUR,USD"),
            ("stores", FR, "currency/options/default", CURRENCIES[FR]),
        ):
            self._run(*_insert("core_config_data", scope=scope, scope_id=store, path=path, value=value))

    def _attributes(self) -> Iterator[Statement]:
        for type_id, code, model in (
            (CATEGORY_TYPE, "catalog_category", "Magento\\Catalog\\Model\\ResourceModel\\Category"),
            (PRODUCT_TYPE, "catalog_product", "Magento\\Catalog\\Model\\ResourceModel\\Product"),
        ):
            yield _insert("eav_entity_type", entity_type_id=type_id, entity_type_code=code, entity_model=model,
                          entity_table=f"{code}_entity", default_attribute_set_id=type_id,
                          additional_attribute_table="catalog_eav_attribute")  # fmt: skip
        for (type_id, code), (attribute, backend, frontend) in ATTRIBUTES.items():
            yield _insert("eav_attribute", attribute_id=attribute, entity_type_id=type_id, attribute_code=code,
                          backend_type=backend, frontend_input=frontend,
                          frontend_label=code.replace("_", " ").title())  # fmt: skip

    def _categories(self) -> Iterator[Statement]:
        for category in CATEGORIES.values():
            path = [category.id]
            while parent := CATEGORIES[path[0]].parent:
                path.insert(0, parent)
            children = sum(category.id == other.parent for other in CATEGORIES.values())
            yield _insert("catalog_category_entity", entity_id=category.id, attribute_set_id=CATEGORY_TYPE,
                          parent_id=category.parent, path="/".join(map(str, path)), position=category.id,
                          level=len(path) - 1, children_count=children)  # fmt: skip
            for store, value in ((ADMIN, category.name), (FR, category.french)):
                if value is not None:
                    yield self._value(CATEGORY_TYPE, "name", category.id, store, value)

    def _product(self, product: Product) -> Iterator[Statement]:
        yield _insert("catalog_product_entity", entity_id=product.id, attribute_set_id=PRODUCT_TYPE,
                      type_id=product.type, sku=product.sku, has_options=int(product.child is not None),
                      required_options=int(product.child is not None))  # fmt: skip
        values: list[tuple[str, int, Any]] = [
            ("name", ADMIN, product.name),
            ("name", FR, product.french),
            ("description", ADMIN, f"<p>{product.name}, made to last.</p>"),
            ("price", ADMIN, product.price),
            ("special_price", ADMIN, product.special),
            ("image", ADMIN, product.image_value),
            ("small_image", ADMIN, product.image_value),
            ("status", ADMIN, 1 if product.enabled else 2),
            ("visibility", ADMIN, 1 if product.variant else 4),
            ("url_key", ADMIN, product.name.lower().replace(" ", "-")),
        ]
        for code, store, value in values:
            if value is not None:
                yield self._value(PRODUCT_TYPE, code, product.id, store, value)
        for category in product.categories:
            yield _insert("catalog_category_product", entity_id=self._next("catalog_category_product"),
                          category_id=category, product_id=product.id)  # fmt: skip
        yield _insert("cataloginventory_stock_item", item_id=product.id, product_id=product.id, stock_id=_STOCK,
                      qty=product.qty, is_in_stock=int(product.in_stock), manage_stock=1)  # fmt: skip
        if product.enabled and product.in_stock:  # the indexer leaves out what can't be bought
            final = base_price(product.id)
            for group in (_NOT_LOGGED_IN, _GENERAL):
                yield _insert("catalog_product_index_price", entity_id=product.id, customer_group_id=group,
                              website_id=_WEBSITE, tax_class_id=2, price=product.price or 0,
                              final_price=final if product.price else 0, min_price=final,
                              max_price=final)  # fmt: skip

    def _value(self, type_id: int, code: str, entity: int, store: int, value: Any) -> Statement:
        attribute, backend, _ = ATTRIBUTES[type_id, code]
        kind = "category" if type_id == CATEGORY_TYPE else "product"
        return _insert(f"catalog_{kind}_entity_{backend}", attribute_id=attribute, store_id=store,
                       entity_id=entity, value=value)  # fmt: skip

    # ---------------------------------------------------------------- customers

    def register(
        self,
        email: str,
        *,
        firstname: str = "Jane",
        lastname: str = "Doe",
        store: int = EN,
        subscribed: bool = False,
        minutes_ago: float = 0,
    ) -> int:
        """An account; the newsletter's row follows when the account is committed."""
        now = _ago(minutes_ago)
        customer = _Customer(self._next("customer_entity"), email, firstname, lastname)
        self._customers[customer.id] = customer
        self._run(*_insert("customer_entity", entity_id=customer.id, website_id=_WEBSITE, email=email,
                           group_id=_GENERAL, store_id=store, created_at=now, updated_at=now, is_active=1,
                           created_in="English" if store == EN else "Français", firstname=firstname,
                           lastname=lastname, password_hash="0" * 64 + ":salt:3"))  # fmt: skip
        if subscribed:
            self.subscribe(email, customer=customer.id, store=store, minutes_ago=minutes_ago)
        return customer.id

    def subscribe(
        self,
        email: str,
        *,
        customer: int = 0,
        store: int = EN,
        status: int = 1,
        minutes_ago: float = 0,
    ) -> int:
        """The newsletter. ``status``: 1 subscribed, 2 not active, 3 unsubscribed, 4 unconfirmed."""
        subscriber = self._next("newsletter_subscriber")
        self._run(*_insert("newsletter_subscriber", subscriber_id=subscriber, store_id=store,
                           change_status_at=_ago(minutes_ago), customer_id=customer, subscriber_email=email,
                           subscriber_status=status, subscriber_confirm_code="c0de" * 8))  # fmt: skip
        return subscriber

    def unsubscribe(self, email: str, *, minutes_ago: float = 0) -> None:
        """The link in a newsletter."""
        self._run(*_update("newsletter_subscriber", {"subscriber_email": email},
                           change_status_at=_ago(minutes_ago), subscriber_status=3))  # fmt: skip

    # ---------------------------------------------------------------- the cart

    def new_quote(self, *, store: int = EN, customer: int | None = None, minutes_ago: float = 0) -> int:
        """An empty cart with its two empty addresses."""
        now = _ago(minutes_ago)
        quote = _Quote(self._next("quote"), store, customer, self._next("quote_address"),
                       self._next("quote_address"))  # fmt: skip
        self._quotes[quote.id] = quote
        whose: dict[str, Any] = {"customer_group_id": _NOT_LOGGED_IN, "customer_is_guest": 1}
        if customer is not None:
            known = self._customers[customer]
            quote.email = known.email
            whose = {**known.columns(), "customer_is_guest": 0}
        self._commit([
            _insert("quote", entity_id=quote.id, store_id=store, created_at=now, updated_at=now, is_active=1,
                    is_virtual=0, is_multi_shipping=0, items_count=0, items_qty=0, orig_order_id=0,
                    store_to_base_rate=0, store_to_quote_rate=0, base_currency_code=BASE_CURRENCY,
                    store_currency_code=BASE_CURRENCY, quote_currency_code=CURRENCIES[store], grand_total=0,
                    base_grand_total=0, customer_id=customer, customer_tax_class_id=_RETAIL_CUSTOMER, **whose,
                    remote_ip="192.0.2.1", global_currency_code=BASE_CURRENCY, base_to_global_rate=1,
                    base_to_quote_rate=RATES[store], subtotal=0, base_subtotal=0, subtotal_with_discount=0,
                    base_subtotal_with_discount=0, is_changed=1, trigger_recollect=0),
            *(
                _insert("quote_address", address_id=address, quote_id=quote.id, created_at=now, updated_at=now,
                        customer_id=customer, address_type=kind, email=quote.email if customer else None)
                for address, kind in ((quote.billing, "billing"), (quote.shipping, "shipping"))
            ),
        ])  # fmt: skip
        return quote.id

    def add(self, quote: int, product: int, quantity: float = 1, *, minutes_ago: float = 0) -> int:
        """The row's item_id. What is in the cart already gets a higher quantity, and no second row."""
        cart = self._quotes[quote]
        for line in cart.lines.values():
            if line.product == product:
                self.change_quantity(line.id, float(line.quantity) + quantity, minutes_ago=minutes_ago)
                return line.id
        now = _ago(minutes_ago)
        line = self._line(product, _qty(quantity))
        cart.lines[line.id] = line
        self._commit([*self._totals(cart, now), *self._new_rows(cart, line, now, now)])
        return line.id

    def change_quantity(self, item: int, quantity: float, *, minutes_ago: float = 0) -> None:
        """The quantity of a row; a configurable's child keeps its own, which is per piece."""
        cart = self._cart_of(item)
        line = cart.lines[item]
        line.quantity = _qty(quantity)
        now = _ago(minutes_ago)
        amounts = _amounts(line.product, line.quantity, cart.store)
        self._commit([
            *self._totals(cart, now),
            _update("quote_item", {"item_id": item}, updated_at=now, qty=line.quantity, **amounts),
        ])  # fmt: skip

    def remove(self, item: int, *, minutes_ago: float = 0) -> None:
        """One row out of the cart. A configurable's goes first, and the server removes the child's with it."""
        cart = self._cart_of(item)
        line = cart.lines.pop(item)
        gone = [_delete("quote_item", item_id=row) for row in (line.id, line.child) if row is not None]
        self._commit([*self._totals(cart, _ago(minutes_ago)), *gone])

    def enter_email(
        self,
        quote: int,
        email: str,
        firstname: str = "Jane",
        lastname: str = "Doe",
        *,
        billing_only: bool = False,
        minutes_ago: float = 0,
    ) -> None:
        """A guest in the checkout, before the order.

        The email goes into the quote where the storefront says so at once: setGuestEmailOnCart of the GraphQL API,
        and modules that remind of carts. ``billing_only``: the checkout that Magento ships leaves the quote's
        customer_email NULL until the order, and writes it to the billing address in the payment step. The names go
        to the addresses in either case; customer_firstname and customer_lastname follow with the order.
        """
        cart = self._quotes[quote]
        now = _ago(minutes_ago)
        address = {"firstname": firstname, "lastname": lastname, "street": "1 Main Street", "city": "Springfield",
                   "postcode": "12345", "country_id": "US", "telephone": "555-0100"}  # fmt: skip
        if not billing_only:
            cart.email = email
            self._commit([
                _update("quote", {"entity_id": quote}, updated_at=now, customer_email=email, is_changed=1)
            ])  # fmt: skip
        billing = {**address, "email": email} if billing_only else address
        self._commit([
            _update("quote", {"entity_id": quote}, updated_at=now, is_changed=1),
            _update("quote_address", {"address_id": cart.billing}, updated_at=now, **billing),
            _update("quote_address", {"address_id": cart.shipping}, updated_at=now, **address),
        ])  # fmt: skip

    def login(
        self, guest_quote: int, customer: int, *, headless: bool = False, minutes_ago: float = 0
    ) -> int:
        """The quote that goes on.

        A customer without an open cart takes over the guest's. Otherwise the guest's rows move into the customer's
        cart: as new rows with new ids and their old created_at, or as a higher quantity. Then the storefront deletes
        the guest's quote, and the server its rows; ``headless``: mergeCarts of the GraphQL API sets it inactive.
        """
        guest, now = self._quotes[guest_quote], _ago(minutes_ago)
        known = self._customers[customer]
        open_carts = [cart for cart in self._quotes.values() if cart.customer == customer and cart.active]
        if not open_carts:
            guest.customer, guest.email = customer, known.email
            self._commit([
                _update("quote", {"entity_id": guest.id}, updated_at=now, customer_id=customer,
                        customer_tax_class_id=_RETAIL_CUSTOMER, customer_is_guest=0, is_changed=1,
                        **known.columns()),
                *(
                    _update("quote_address", {"address_id": address}, updated_at=now, customer_id=customer,
                            email=known.email)
                    for address in (guest.billing, guest.shipping)
                ),
            ])  # fmt: skip
            return guest.id
        own = open_carts[-1]
        self._merge(guest, own, now)
        guest.active = False
        if headless:
            self._commit(
                [_update("quote", {"entity_id": guest.id}, updated_at=now, is_active=0, is_changed=1)]
            )
        else:
            del self._quotes[guest.id]
            self._run(*_delete("quote", entity_id=guest.id))
        return own.id

    def _merge(self, guest: _Quote, own: _Quote, now: _Ago) -> None:
        rows: list[Statement] = []
        for line in guest.lines.values():
            same = next((mine for mine in own.lines.values() if mine.product == line.product), None)
            if same is not None:
                same.quantity += line.quantity
                amounts = _amounts(same.product, same.quantity, own.store)
                rows.append(
                    _update("quote_item", {"item_id": same.id}, updated_at=now, qty=same.quantity, **amounts)
                )
                continue
            # A clone of the loaded row: everything but its id, so also when it was created.
            ((created,),) = self._run("SELECT created_at FROM quote_item WHERE item_id = %s", (line.id,))
            moved = self._line(line.product, line.quantity)
            own.lines[moved.id] = moved
            rows += self._new_rows(own, moved, created, now)
        self._commit([*self._totals(own, now), *rows])

    def expire(self, *quotes: int) -> None:
        """The nightly job that deletes old quotes; their rows go by the foreign key."""
        for quote in quotes:
            del self._quotes[quote]
        marks = ", ".join(["%s"] * len(quotes))
        self._run(f"DELETE FROM `quote` WHERE entity_id IN ({marks})", quotes)

    def _cart_of(self, item: int) -> _Quote:
        return next(quote for quote in self._quotes.values() if item in quote.lines)

    def _line(self, product: int, quantity: Decimal) -> _Line:
        item = self._next("quote_item")
        return _Line(item, product, quantity, self._next("quote_item") if PRODUCTS[product].child else None)

    def _new_rows(self, cart: _Quote, line: _Line, created: Any, updated: _Ago) -> Iterator[Statement]:
        """The row, its options, and those of a configurable's child, which has no prices."""
        product = PRODUCTS[line.product]
        child = PRODUCTS[product.child] if product.child else None
        common: dict[str, Any] = {"quote_id": cart.id, "created_at": created, "updated_at": updated,
                                  "store_id": cart.store, "is_virtual": 0, "is_qty_decimal": 0, "no_discount": 0,
                                  "weight": 1, "free_shipping": 0}  # fmt: skip
        yield _insert("quote_item", item_id=line.id, product_id=product.id, parent_item_id=None,
                      sku=child.sku if child else product.sku, name=name(product.id, cart.store),
                      qty=line.quantity, product_type=product.type, **common,
                      **_amounts(product.id, line.quantity, cart.store))  # fmt: skip
        request = json.dumps({"product": str(product.id), "qty": float(line.quantity)})
        yield self._option(line.id, product.id, "info_buyRequest", request)
        if child is None:
            return
        yield self._option(line.id, product.id, "attributes", json.dumps({"93": "5"}))
        yield self._option(line.id, child.id, f"product_qty_{child.id}", "1")
        yield self._option(line.id, child.id, "simple_product", str(child.id))
        yield _insert("quote_item", item_id=line.child, product_id=child.id, parent_item_id=line.id, sku=child.sku,
                      name=name(child.id, cart.store), qty=1, price=0, base_price=0, row_total=0,
                      base_row_total=0, product_type=child.type, **common)  # fmt: skip
        yield self._option(line.child, child.id, "info_buyRequest", request)
        yield self._option(line.child, child.id, "parent_product_id", str(product.id))

    def _option(self, item: int | None, product: int, code: str, value: str) -> Statement:
        option = self._next("quote_item_option")
        return _insert("quote_item_option", option_id=option, item_id=item, product_id=product, code=code,
                       value=value)  # fmt: skip

    def _totals(self, cart: _Quote, now: _Ago) -> list[Statement]:
        """Each save of a cart writes the quote first, then its addresses, then its rows."""
        sums = _sums(cart)
        return [
            _update("quote", {"entity_id": cart.id}, updated_at=now, items_count=len(cart.lines),
                    items_qty=sum((line.quantity for line in cart.lines.values()), Decimal(0)),
                    grand_total=sums["grand_total"], base_grand_total=sums["base_grand_total"],
                    subtotal=sums["subtotal"], base_subtotal=sums["base_subtotal"],
                    subtotal_with_discount=sums["subtotal"], base_subtotal_with_discount=sums["base_subtotal"],
                    is_changed=1),
            _update("quote_address", {"address_id": cart.shipping}, updated_at=now, weight=len(cart.lines),
                    collect_shipping_rates=1, subtotal=sums["subtotal"], base_subtotal=sums["base_subtotal"],
                    subtotal_incl_tax=sums["grand_total"], base_subtotal_total_incl_tax=sums["base_grand_total"],
                    tax_amount=sums["tax_amount"], base_tax_amount=sums["base_tax_amount"],
                    grand_total=sums["grand_total"], base_grand_total=sums["base_grand_total"]),
        ]  # fmt: skip

    # ---------------------------------------------------------------- orders

    def order(
        self,
        quote: int,
        *,
        state: str = "new",
        status: str = "pending",
        one_transaction: bool = False,
        minutes_ago: float = 0,
    ) -> int:
        """Place an order with the state that the payment method gives it; ``pending_payment`` for one that waits.

        The order is committed first, its mail is noted, and only then the quote becomes inactive and keeps the
        order's number. ``one_transaction``: all of it at once, as older versions of the guest's checkout did.
        """
        cart, now = self._quotes[quote], _ago(minutes_ago)
        order = _Order(self._next("sales_order"), quote, _sums(cart), [])
        self._orders[order.id] = order
        if cart.reserved is None:
            number = self._next(f"sequence_order_{cart.store}")
            cart.reserved = f"{'' if cart.store == EN else cart.store}{number:09}"
        whose = self._buyer(cart)
        placed = list(self._order_rows(cart, order, whose, state, status, now))
        mailed = [] if state == "pending_payment" else [
            _update("sales_order", {"entity_id": order.id}, updated_at=now, send_email=1, email_sent=1)
        ]  # fmt: skip
        cart.active = False
        closed = [
            _update("quote", {"entity_id": quote}, updated_at=now, is_active=0,
                    reserved_order_id=cart.reserved, is_changed=1, **whose,
                    **({} if cart.customer else {"checkout_method": "guest"}))
        ]  # fmt: skip
        steps = [[*placed, *mailed, *closed]] if one_transaction else [placed, mailed, closed]
        for step in steps:
            self._commit(step)
        return order.id

    def _buyer(self, cart: _Quote) -> dict[str, Any]:
        """Who buys. A guest's email and name come from the billing address where the quote has none."""
        if cart.customer is not None:
            return {"customer_id": cart.customer, **self._customers[cart.customer].columns(),
                    "customer_is_guest": 0}  # fmt: skip
        ((email, firstname, lastname),) = self._run(
            "SELECT email, firstname, lastname FROM quote_address WHERE address_id = %s", (cart.billing,)
        )
        if (cart.email or email) is None:
            raise AssertionError("a guest can't order without an email: call enter_email first")
        return {"customer_id": None, "customer_email": cart.email or email, "customer_firstname": firstname,
                "customer_lastname": lastname, "customer_group_id": _NOT_LOGGED_IN,
                "customer_is_guest": 1}  # fmt: skip

    def _order_rows(
        self, cart: _Quote, order: _Order, whose: dict[str, Any], state: str, status: str, now: _Ago
    ) -> Iterator[Statement]:
        quantity = sum((line.quantity for line in cart.lines.values()), Decimal(0))
        sums = order.totals
        yield _insert("sales_order", entity_id=order.id, state=state, status=status, protect_code="f" * 32,
                      shipping_description="Flat Rate - Fixed", is_virtual=0, store_id=cart.store, **whose,
                      base_discount_amount=0, base_shipping_amount=0, base_shipping_tax_amount=0,
                      base_to_global_rate=1, base_to_order_rate=RATES[cart.store], discount_amount=0,
                      shipping_amount=0, shipping_tax_amount=0, store_to_base_rate=0, store_to_order_rate=0, **sums,
                      total_qty_ordered=quantity, customer_note_notify=1, quote_id=cart.id,
                      subtotal_incl_tax=sums["grand_total"], base_subtotal_incl_tax=sums["base_grand_total"],
                      total_due=sums["grand_total"], base_total_due=sums["base_grand_total"],
                      weight=len(cart.lines), increment_id=cart.reserved, base_currency_code=BASE_CURRENCY,
                      global_currency_code=BASE_CURRENCY, order_currency_code=CURRENCIES[cart.store],
                      store_currency_code=BASE_CURRENCY, remote_ip="192.0.2.1", shipping_method="flatrate_flatrate",
                      store_name="Base\nMain\n" + ("English" if cart.store == EN else "Français"), created_at=now,
                      updated_at=now, total_item_count=len(cart.lines))  # fmt: skip
        for line in cart.lines.values():
            yield from self._order_items(cart, order, line, now)
        # The addresses are saved last, and the order then learns their ids.
        yield _update("sales_order", {"entity_id": order.id}, updated_at=now, billing_address_id=2 * order.id,
                      shipping_address_id=2 * order.id - 1)  # fmt: skip

    def _order_items(self, cart: _Quote, order: _Order, line: _Line, now: _Ago) -> Iterator[Statement]:
        product = PRODUCTS[line.product]
        child = PRODUCTS[product.child] if product.child else None
        amounts = _amounts(product.id, line.quantity, cart.store)
        amounts["price"] = _converted(base_price(product.id), cart.store)
        common: dict[str, Any] = {"order_id": order.id, "store_id": cart.store, "created_at": now,
                                  "updated_at": now, "weight": 1, "is_virtual": 0, "is_qty_decimal": 0,
                                  "no_discount": 0, "qty_ordered": line.quantity, "free_shipping": 0}  # fmt: skip
        item = self._next("sales_order_item")
        order.items.append((item, line.quantity))
        yield _insert("sales_order_item", item_id=item, parent_item_id=None, quote_item_id=line.id,
                      product_id=product.id, product_type=product.type,
                      sku=child.sku if child else product.sku, name=name(product.id, cart.store),
                      original_price=amounts["price"], base_original_price=amounts["base_price"], **common,
                      **amounts)  # fmt: skip
        if child is None:
            return
        variant = self._next("sales_order_item")
        order.items.append((variant, line.quantity))
        yield _insert("sales_order_item", item_id=variant, parent_item_id=item, quote_item_id=line.child,
                      product_id=child.id, product_type=child.type, sku=child.sku,
                      name=name(child.id, cart.store), price=0, base_price=0, **common)  # fmt: skip

    def set_state(self, order: int, state: str, status: str, *, minutes_ago: float = 0) -> None:
        """Another state. ``processing``: the payment came, so the order is invoiced and owes nothing any more."""
        sums = self._orders[order].totals
        paid: dict[str, Any] = {}
        if state in {"processing", "complete"}:
            paid = {"total_paid": sums["grand_total"], "base_total_paid": sums["base_grand_total"],
                    "total_invoiced": sums["grand_total"], "base_total_invoiced": sums["base_grand_total"],
                    "total_due": 0, "base_total_due": 0}  # fmt: skip
        self._commit([
            _update("sales_order", {"entity_id": order}, updated_at=_ago(minutes_ago), state=state, status=status,
                    **paid)
        ])  # fmt: skip

    def cancel(self, order: int, *, minutes_ago: float = 0) -> None:
        """By the shop, by a failed payment, or by the job that cancels what waited too long for its payment."""
        placed, now = self._orders[order], _ago(minutes_ago)
        sums = placed.totals
        self._commit([
            _update("sales_order", {"entity_id": order}, updated_at=now, state="canceled", status="canceled",
                    subtotal_canceled=sums["subtotal"], base_subtotal_canceled=sums["base_subtotal"],
                    tax_canceled=sums["tax_amount"], base_tax_canceled=sums["base_tax_amount"],
                    shipping_canceled=0, base_shipping_canceled=0, discount_canceled=0, base_discount_canceled=0,
                    total_canceled=sums["grand_total"], base_total_canceled=sums["base_grand_total"]),
            *(
                _update("sales_order_item", {"item_id": item}, updated_at=now, qty_canceled=quantity)
                for item, quantity in placed.items
            ),
        ])  # fmt: skip

    def restore_quote(self, order: int, *, minutes_ago: float = 0) -> int:
        """The customer comes back from a payment that failed, and gets the cart back. Returns the quote."""
        cart = self._quotes[self._orders[order].quote]
        cart.active, cart.reserved = True, None
        self._commit([
            _update("quote", {"entity_id": cart.id}, updated_at=_ago(minutes_ago), is_active=1,
                    reserved_order_id=None, is_changed=1)
        ])  # fmt: skip
        return cart.id

    # ---------------------------------------------------------------- statements

    def _next(self, table: str) -> int:
        return next(self._ids.setdefault(table, count(1)))

    def _commit(self, statements: list[Statement]) -> None:
        """What Magento saves in one transaction."""
        if self._together is not None and len(statements) > 1:
            self._together(statements)
            return
        for statement in statements:
            self._run(*statement)


def _qty(quantity: float) -> Decimal:
    return Decimal(str(quantity))


def _amounts(product: int, quantity: Decimal, store: int) -> dict[str, Decimal]:
    """The money columns of a row of quote_item: base currency in ``price`` and ``base_…``, the quote's in the rest."""
    base = base_price(product)
    own = _converted(base, store)
    factor = 1 + TAX_PERCENT[store] / 100
    own_gross, base_gross = _cents(own * factor), _cents(base * factor)
    return {
        "price": base,
        "base_price": base,
        "tax_percent": TAX_PERCENT[store],
        "tax_amount": (own_gross - own) * quantity,
        "base_tax_amount": (base_gross - base) * quantity,
        "row_total": own * quantity,
        "base_row_total": base * quantity,
        "price_incl_tax": own_gross,
        "base_price_incl_tax": base_gross,
        "row_total_incl_tax": own_gross * quantity,
        "base_row_total_incl_tax": base_gross * quantity,
    }


def _sums(cart: _Quote) -> dict[str, Decimal]:
    rows = [_amounts(line.product, line.quantity, cart.store) for line in cart.lines.values()]
    columns = {
        "subtotal": "row_total",
        "base_subtotal": "base_row_total",
        "tax_amount": "tax_amount",
        "base_tax_amount": "base_tax_amount",
        "grand_total": "row_total_incl_tax",
        "base_grand_total": "base_row_total_incl_tax",
    }
    return {total: sum((row[column] for row in rows), Decimal(0)) for total, column in columns.items()}


def _ago(minutes: float) -> _Ago:
    return _Ago(int(minutes * 60))


def _placed(value: Any) -> tuple[str, Any]:
    """The SQL for a value, and its parameter."""
    if isinstance(value, _Ago):
        return "UTC_TIMESTAMP() - INTERVAL %s SECOND", value.seconds
    return "%s", value


def _insert(table: str, /, **columns: Any) -> Statement:
    placed = [_placed(value) for value in columns.values()]
    names = ", ".join(f"`{column}`" for column in columns)
    values = ", ".join(sql for sql, _ in placed)
    return f"INSERT INTO `{table}` ({names}) VALUES ({values})", tuple(value for _, value in placed)


def _update(table: str, where: dict[str, Any], /, **columns: Any) -> Statement:
    placed = [_placed(value) for value in columns.values()]
    pairs = ", ".join(f"`{column}` = {sql}" for column, (sql, _) in zip(columns, placed, strict=True))
    ((key, wanted),) = where.items()
    return f"UPDATE `{table}` SET {pairs} WHERE `{key}` = %s", (*(value for _, value in placed), wanted)


def _delete(table: str, /, **where: Any) -> Statement:
    ((key, wanted),) = where.items()
    return f"DELETE FROM `{table}` WHERE `{key}` = %s", (wanted,)
