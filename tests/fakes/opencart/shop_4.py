"""An OpenCart 4 shop on a live server: its tables, its fixed data, and its writes as it makes them.

What is written, and by which statements, follows OpenCart 4.0.2.3 and 4.1.0.3: ``system/library/cart/cart.php``, the
models ``account/customer`` and ``checkout/order``, and the back office's orders. It opens no transactions.
"""

import json
from collections.abc import Mapping
from decimal import Decimal
from typing import Any

from fakes.opencart import catalogue as of
from fakes.opencart.shop import FOR_EVER, SHOP_MODE
from fakes.shop_statements import Ago, Run, ago, create_tables, insert

V4_0, V4_1 = "4.0", "4.1"
VOIDED = 16
INDEXES = {
    V4_1: ("CREATE INDEX cartwake_customer ON oc_order (customer_id, order_status_id)",),
    V4_0: (
        "CREATE INDEX cartwake_customer ON oc_order (customer_id, order_status_id)",
        "CREATE INDEX cartwake_email ON oc_order (email)",
        "CREATE INDEX cartwake_email ON oc_customer (email)",
    ),
}
"""Those that the preset's head asks for."""

GIFT_SHIRT = of.Product(40, "Shirt as a gift", Decimal("22.0000"))
"""A variant of the shirt: it has the shirt's options."""

BEANS = of.Product(41, "Beans", Decimal("12.0000"))
MONTHLY, TRIAL = 1, 2
PLANS = {MONTHLY: (0, Decimal("11.0000")), TRIAL: (1, Decimal("9.0000"))}
"""Of the beans: plan → whether it begins with a trial, and the price that is paid first."""


class OpenCart4:
    """Writes to a shop as OpenCart does in its ``release``; ``minutes_ago`` dates what is written."""

    def __init__(self, run: Run, release: str) -> None:
        self._run = run
        self.release = release
        self.has_stores = release == V4_1

    def create(self) -> None:
        """A shop as the installer leaves it, with the indexes that the preset asks for."""
        self._run(SHOP_MODE)
        create_tables(self._run, f"opencart_{self.release.replace('.', '_')}.sql")
        for statement in INDEXES[self.release]:
            self._run(statement)
        self._settings()
        self._taxes()
        for product in (*of.PRODUCTS, BEANS):
            self._product(product)
        self._product(GIFT_SHIRT, master_id=of.SHIRT.id)
        for value, (option, prefix, price) in of.OPTION_VALUES.items():
            self._insert(
                "product_option_value", product_option_value_id=value, product_option_id=option,
                product_id=of.SHIRT.id, option_id=1, option_value_id=value, quantity=9, subtract=1, price=price,
                price_prefix=prefix,
            )  # fmt: skip
        for plan, (trial, first) in PLANS.items():
            self._insert("subscription_plan", subscription_plan_id=plan, trial_status=trial, status=1)
            self._insert(
                "product_subscription", product_id=BEANS.id, subscription_plan_id=plan,
                customer_group_id=of.RETAIL, trial_price=first, price=Decimal("11.0000"),
            )  # fmt: skip

    # --- customers ------------------------------------------------------------------------------------------------

    def register(
        self, email: str, *, group: int = of.RETAIL, store: int = 0, country: int = 0, **more: Any
    ) -> int:
        """A new customer; with ``country`` one who has an address there, and another one elsewhere."""
        customer = self._insert(
            "customer", **{
                "customer_group_id": group, "store_id": store, "language_id": of.ENGLISH, "firstname": "Jane",
                "lastname": "Doe", "email": email, "telephone": "0", "custom_field": "", "password": "x",
                "newsletter": 0, "ip": "127.0.0.1", "status": 1, "date_added": ago(1000),
            } | more,
        )  # fmt: skip
        for place, default in ((of.GERMANY, 0), (country, 1)) if country else ():
            self._insert(
                "address", customer_id=customer, firstname="Jane", lastname="Doe", company="", address_1="x",
                address_2="", city="x", postcode="1", country_id=place, zone_id=of.LONDON, custom_field="",
                default=default,
            )  # fmt: skip
        return customer

    def view(self, customer: int, session: str, *, store: int = 0) -> None:
        """Any page: the cart's constructor takes the customer's rows into this session, and a guest's into the cart."""
        if self.has_stores:
            self._view_4_1(customer, session, store)
            return
        self._run(
            "DELETE FROM `oc_cart` WHERE (`api_id` > '0' OR `customer_id` = '0') "
            "AND `date_added` < DATE_SUB(NOW(), INTERVAL 1 HOUR)"
        )
        if not customer:
            return
        self._run(
            "UPDATE `oc_cart` SET `session_id` = %s WHERE `api_id` = '0' AND `customer_id` = %s",
            (session, customer),
        )
        rows = self._run(
            "SELECT cart_id, product_id, quantity, `option`, subscription_plan_id FROM `oc_cart` "
            "WHERE `api_id` = '0' AND `customer_id` = '0' AND `session_id` = %s",
            (session,),
        )
        for cart_id, product, quantity, option, plan in rows:
            self._run("DELETE FROM `oc_cart` WHERE `cart_id` = %s", (cart_id,))
            self.add(customer, product, quantity, options=json.loads(option), session=session, plan=plan)

    def _view_4_1(self, customer: int, session: str, store: int) -> None:
        self._run(
            "DELETE FROM `oc_cart` WHERE `store_id` = %s AND `customer_id` = '0' "
            "AND `date_added` < DATE_SUB(NOW(), INTERVAL 86400 SECOND)",
            (store,),
        )
        if not customer:
            return
        self._run(
            "UPDATE `oc_cart` SET `session_id` = %s, `date_added` = NOW() "
            "WHERE `store_id` = %s AND `customer_id` = %s",
            (session, store, customer),
        )
        self._run(
            "UPDATE `oc_cart` SET `customer_id` = %s, `date_added` = NOW() "
            "WHERE `store_id` = %s AND `customer_id` = '0' AND `session_id` = %s",
            (customer, store, session),
        )

    def session(self, session: str, data: Mapping[str, Any] | None) -> None:
        """The session's data, as it is written at the end of each page; of an empty one nothing at all."""
        self._run(
            "REPLACE INTO `oc_session` SET `session_id` = %s, `data` = %s, `expire` = NOW() + INTERVAL 1 DAY",
            (session, json.dumps(data) if data else ""),
        )

    # --- carts ----------------------------------------------------------------------------------------------------

    def add(
        self, customer: int, product: int, quantity: int = 1, *, options: Any = (), session: str = "s" * 26,
        api: int = 0, store: int = 0, plan: int = 0, override: Decimal | None = None, minutes_ago: float = 0,
    ) -> None:  # fmt: skip
        """Put something into the cart, or more of it; ``options``: by product option, as the form sends them.

        ``override``: the price that an order's editor or a subscription gave.
        """
        option = json.dumps(options or [])
        own: dict[str, Any] = {"store_id": store} if self.has_stores else {"api_id": api}
        if self.has_stores:
            more: dict[str, Any] = {
                "override": json.dumps([] if override is None else {"price": float(override)})
            }
        else:
            more = {"override": int(override is not None), "price": override or 0}
        place = {**own, "customer_id": customer, "session_id": session, "product_id": product,
                 "subscription_plan_id": plan, "option": option}  # fmt: skip
        where = " AND ".join(f"`{column}` = %s" for column in place)
        values = tuple(place.values())
        if self._run(f"SELECT COUNT(*) AS `total` FROM `oc_cart` WHERE {where}", values) == [(0,)]:
            self._insert("cart", **place, quantity=quantity, **more, date_added=ago(minutes_ago))
        else:
            self._run(
                f"UPDATE `oc_cart` SET `quantity` = (`quantity` + %s) WHERE {where}", (quantity, *values)
            )

    def change_quantity(self, customer: int, product: int, quantity: int) -> None:
        self._run(
            "UPDATE `oc_cart` SET `quantity` = %s WHERE `customer_id` = %s AND `product_id` = %s",
            (quantity, customer, product),
        )

    def clear(self, customer: int, *, session: str = "s" * 26, store: int = 0) -> None:
        """The page that thanks for the order, and in 4.1 the back office when it is through with one."""
        column, value = ("store_id", store) if self.has_stores else ("api_id", 0)
        self._run(
            f"DELETE FROM `oc_cart` WHERE `{column}` = %s AND `customer_id` = %s AND `session_id` = %s",
            (value, customer, session),
        )

    # --- orders ---------------------------------------------------------------------------------------------------

    def confirm_page(
        self, customer: int, products: Mapping[int, int], *, email: str, minutes_ago: float = 0
    ) -> int:
        """The last page of the checkout: the order is there, and has no status yet. ``products``: pieces by product."""
        # Its many texts are left to the columns' implicit defaults, which its sql_mode allows.
        order = self._insert(
            "order", customer_id=customer, email=email, customer_group_id=1, total=Decimal(100),
            language_id=of.ENGLISH, currency_id=1, currency_code=of.DOLLAR, date_added=ago(minutes_ago),
            date_modified=ago(minutes_ago),
        )  # fmt: skip
        for product, quantity in products.items():
            self._insert(
                "order_product", order_id=order, product_id=product, master_id=0, name="x", model="x",
                quantity=quantity, price=1, total=1, tax=0, reward=0,
            )  # fmt: skip
        return order

    def set_status(self, order: int, status: int) -> None:
        """The payment module's or the back office's word: the first one makes it an order."""
        modified = "" if self.has_stores else ", `date_modified` = NOW()"
        self._run(
            f"UPDATE `oc_order` SET `order_status_id` = %s{modified} WHERE `order_id` = %s", (status, order)
        )

    def edit(self, order: int, status: int) -> None:
        """The back office edits an order: it is voided first, and gets a status at the end."""
        self.set_status(order, VOIDED if self.has_stores else 0)
        self._run("UPDATE `oc_order` SET `total` = `total` + 1 WHERE `order_id` = %s", (order,))
        self.set_status(order, status)

    # --- the catalogue --------------------------------------------------------------------------------------------

    def special(
        self, product: int, price: str, *, group: int = of.RETAIL, until: str = FOR_EVER, kind: str = "F"
    ) -> None:
        if self.has_stores:
            self._discount(product, 1, price, group=group, until=until, type=kind, special=1)
        else:
            self._insert(
                "product_special", product_id=product, customer_group_id=group, priority=1, price=Decimal(price),
                date_start=FOR_EVER, date_end=until,
            )  # fmt: skip

    def discount(
        self, product: int, quantity: int, price: str, *, group: int = of.RETAIL, kind: str = "F"
    ) -> None:
        more: dict[str, Any] = {"type": kind, "special": 0} if self.has_stores else {}
        self._discount(product, quantity, price, group=group, until=FOR_EVER, **more)

    def _discount(
        self, product: int, quantity: int, price: str, *, group: int, until: str, **more: Any
    ) -> None:
        self._insert(
            "product_discount", product_id=product, customer_group_id=group, quantity=quantity, priority=1,
            price=Decimal(price), date_start=FOR_EVER, date_end=until, **more,
        )  # fmt: skip

    def no_offers(self) -> None:
        """All specials and discounts end."""
        for table in ("product_discount",) if self.has_stores else ("product_discount", "product_special"):
            self._run(f"DELETE FROM `oc_{table}`")

    def set_product(self, product: int, **values: Any) -> None:
        pairs = ", ".join(f"`{column}` = %s" for column in values)
        self._run(f"UPDATE `oc_product` SET {pairs} WHERE `product_id` = %s", (*values.values(), product))

    def _product(self, product: of.Product, master_id: int = 0) -> None:
        self._insert(
            "product", product_id=product.id, master_id=master_id, model="x", variant="", override="",
            quantity=product.quantity, stock_status_id=5, image=f"catalog/{product.id}.jpg", manufacturer_id=0,
            price=product.price, tax_class_id=product.tax_class, date_available="2009-02-03", status=1,
            date_added=ago(0), date_modified=ago(0),
        )  # fmt: skip
        for store in (0, 1):
            self._insert("product_to_store", product_id=product.id, store_id=store)
        self._insert("product_to_category", product_id=product.id, category_id=20)
        for language in (of.ENGLISH, of.GERMAN):
            name = product.name if language == of.ENGLISH else f"{product.name} (de)"
            self._insert(
                "product_description", product_id=product.id, language_id=language, name=name,
                description="&lt;p&gt;x&lt;/p&gt;", tag="",
            )  # fmt: skip

    def _settings(self) -> None:
        for number, code, rate in ((1, of.DOLLAR, Decimal(1)), (2, of.EURO, of.EURO_RATE)):
            self._insert(
                "currency", currency_id=number, title=code, code=code, symbol_left="", symbol_right="",
                decimal_place=2, value=rate, status=1, date_modified=ago(0),
            )  # fmt: skip
        for number, code in ((of.ENGLISH, "en-gb"), (of.GERMAN, "de-de")):
            self._insert("language", language_id=number, name=code, code=code, locale="", status=1)
            self._insert(
                "category_description", category_id=20, language_id=number, name="Home &amp; Garden",
                description="",
            )  # fmt: skip

    def _taxes(self) -> None:
        dated: dict[str, Ago] = {} if self.has_stores else {"date_added": ago(0), "date_modified": ago(0)}
        for tax, amount, kind in ((of.VAT, 20, "P"), (of.ECO_TAX, 2, "F")):
            self._insert(
                "tax_rate", tax_rate_id=tax, geo_zone_id=3, name="x", rate=amount, type=kind, **dated
            )
            self._insert("tax_rule", tax_class_id=of.TAXED, tax_rate_id=tax, based="shipping", priority=1)
            self._insert("tax_rate_to_customer_group", tax_rate_id=tax, customer_group_id=of.RETAIL)
        self._insert("zone_to_geo_zone", country_id=of.UNITED_KINGDOM, zone_id=0, geo_zone_id=3, **dated)

    def _insert(self, table: str, **values: Any) -> int:
        self._run(*insert(f"INSERT INTO `oc_{table}`", values))
        ((number,),) = self._run("SELECT LAST_INSERT_ID()")
        return int(number)
