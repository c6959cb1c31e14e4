"""An OpenCart 3.0 shop on a live server: its tables, its fixed data, and its writes as it makes them.

What is written, and by which statements, follows OpenCart 3.0.5: ``system/library/cart/cart.php``, the models
``account/customer`` and ``checkout/order``, and the back office's API. It opens no transactions.
"""

import json
from decimal import Decimal
from typing import Any

from fakes.opencart import catalogue as of
from fakes.shop_statements import Run, ago, create_tables, insert

SHOP_MODE = "SET SESSION sql_mode = 'NO_ZERO_IN_DATE,NO_ENGINE_SUBSTITUTION'"
FOR_EVER = "0000-00-00"
PENDING, PROCESSING, CANCELLED, FAILED = 1, 2, 7, 10
INDEXES = (
    "CREATE INDEX cartwake_customer ON oc_order (customer_id, order_status_id)",
    "CREATE INDEX cartwake_email ON oc_order (email)",
    "CREATE INDEX cartwake_email ON oc_customer (email)",
)
"""Those that the preset's head asks for."""


class OpenCart:
    """Writes to a shop as OpenCart 3 does; ``minutes_ago`` dates what is written."""

    def __init__(self, run: Run) -> None:
        self._run = run

    def create(self) -> None:
        """A shop as the installer leaves it, with the indexes that the preset asks for."""
        self._run(SHOP_MODE)
        create_tables(self._run, "opencart_3.sql")
        for statement in INDEXES:
            self._run(statement)
        self._settings()
        for product in of.PRODUCTS:
            self._product(product)
        for value, (option, prefix, price) in of.OPTION_VALUES.items():
            self._insert(
                "product_option_value", product_option_value_id=value, product_option_id=option,
                product_id=of.SHIRT.id, option_id=1, option_value_id=value, quantity=9, subtract=1, price=price,
                price_prefix=prefix, points=0, points_prefix="+", weight=0, weight_prefix="+",
            )  # fmt: skip
            self._insert(
                "option_value_description",
                option_value_id=value,
                language_id=1,
                option_id=1,
                name=of.OPTION_NAMES[value],
            )

    # --- customers ------------------------------------------------------------------------------------------------

    def register(
        self, email: str, *, group: int = of.RETAIL, store: int = 0, country: int = 0, **more: Any
    ) -> int:
        """A new customer; with ``country`` one who has an address there."""
        customer = self._insert(
            "customer", **{
                "customer_group_id": group, "store_id": store, "language_id": of.ENGLISH, "firstname": "Jane",
                "lastname": "Doe", "email": email, "telephone": "0", "fax": "", "password": "x", "salt": "",
                "custom_field": "", "ip": "127.0.0.1", "status": 1, "safe": 0, "token": "", "code": "",
                "date_added": ago(1000),
            } | more,
        )  # fmt: skip
        if country:
            address = self._insert(
                "address", customer_id=customer, firstname="Jane", lastname="Doe", company="", address_1="x",
                address_2="", city="x", postcode="1", country_id=country, zone_id=of.LONDON, custom_field="",
            )  # fmt: skip
            self._run("UPDATE oc_customer SET address_id = %s WHERE customer_id = %s", (address, customer))
        return customer

    def view(self, customer: int, session: str) -> None:
        """Any page: the cart's constructor takes the customer's rows into this session, and a guest's into the cart."""
        self._run(
            "DELETE FROM oc_cart WHERE (api_id > '0' OR customer_id = '0') "
            "AND date_added < DATE_SUB(NOW(), INTERVAL 1 HOUR)"
        )
        if not customer:
            return
        self._run(
            "UPDATE oc_cart SET session_id = %s WHERE api_id = '0' AND customer_id = %s", (session, customer)
        )
        rows = self._run(
            "SELECT cart_id, product_id, quantity, `option` FROM oc_cart WHERE api_id = '0' AND customer_id = '0' "
            "AND session_id = %s",
            (session,),
        )
        for cart_id, product, quantity, option in rows:
            self._run("DELETE FROM oc_cart WHERE cart_id = %s", (cart_id,))
            self.add(customer, product, quantity, options=json.loads(option), session=session)

    def use_currency(self, session: str, code: str) -> None:
        """The session's data, as it is written at the end of each page."""
        self._run(
            "REPLACE INTO oc_session SET session_id = %s, data = %s, expire = NOW() + INTERVAL 1 DAY",
            (session, json.dumps({"currency": code, "language": "en-gb"})),
        )

    # --- carts ----------------------------------------------------------------------------------------------------

    def add(
        self, customer: int, product: int, quantity: int = 1, *, options: Any = (), session: str = "s" * 26,
        api: int = 0, minutes_ago: float = 0,
    ) -> None:  # fmt: skip
        """Put something into the cart, or more of it; ``options``: by product option, as the form sends them."""
        option = json.dumps(options or [])
        place = (api, customer, session, product, 0, option)
        where = (
            "api_id = %s AND customer_id = %s AND session_id = %s AND product_id = %s AND recurring_id = %s "
            "AND `option` = %s"
        )
        if self._run(f"SELECT COUNT(*) AS total FROM oc_cart WHERE {where}", place) == [(0,)]:
            self._insert(
                "cart", api_id=api, customer_id=customer, session_id=session, product_id=product, recurring_id=0,
                option=option, quantity=quantity, date_added=ago(minutes_ago),
            )  # fmt: skip
        else:
            self._run(f"UPDATE oc_cart SET quantity = (quantity + %s) WHERE {where}", (quantity, *place))

    def change_quantity(self, customer: int, product: int, quantity: int) -> None:
        self._run(
            "UPDATE oc_cart SET quantity = %s WHERE customer_id = %s AND product_id = %s",
            (quantity, customer, product),
        )

    def clear(self, customer: int) -> None:
        self._run("DELETE FROM oc_cart WHERE api_id = '0' AND customer_id = %s", (customer,))

    # --- orders ---------------------------------------------------------------------------------------------------

    def confirm_page(
        self, customer: int, *products: int, email: str = "jane@example.com", minutes_ago: float = 0
    ) -> int:
        """The last page of the checkout: the order is there, and has no status yet."""
        # Its many texts are left to the columns' implicit defaults, which its sql_mode allows.
        order = self._insert(
            "order", customer_id=customer, email=email, customer_group_id=1, total=Decimal(100),
            language_id=of.ENGLISH, currency_id=1, currency_code=of.DOLLAR, date_added=ago(minutes_ago),
            date_modified=ago(minutes_ago),
        )  # fmt: skip
        for product in products:
            self._insert(
                "order_product", order_id=order, product_id=product, name="x", model="x", quantity=1, price=1, total=1,
                tax=0, reward=0,
            )  # fmt: skip
        return order

    def set_status(self, order: int, status: int) -> None:
        """The payment module's or the back office's word: the first one makes it an order."""
        self._run(
            "UPDATE `oc_order` SET order_status_id = %s, date_modified = NOW() WHERE order_id = %s",
            (status, order),
        )

    # --- the catalogue --------------------------------------------------------------------------------------------

    def special(self, product: int, price: str, *, group: int = of.RETAIL, until: str = FOR_EVER) -> None:
        self._insert(
            "product_special", product_id=product, customer_group_id=group, priority=1, price=Decimal(price),
            date_start=FOR_EVER, date_end=until,
        )  # fmt: skip

    def discount(self, product: int, quantity: int, price: str, *, group: int = of.RETAIL) -> None:
        self._insert(
            "product_discount", product_id=product, customer_group_id=group, quantity=quantity, priority=1,
            price=Decimal(price), date_start=FOR_EVER, date_end=FOR_EVER,
        )  # fmt: skip

    def _product(self, product: of.Product) -> None:
        self._insert(
            "product", product_id=product.id, model="x", sku="", upc="", ean="", jan="", isbn="", mpn="", location="",
            quantity=product.quantity, stock_status_id=5, image=f"catalog/{product.id}.jpg", manufacturer_id=0,
            price=product.price, tax_class_id=product.tax_class, date_available="2009-02-03", status=1,
            date_added=ago(0), date_modified=ago(0),
        )  # fmt: skip
        self._insert("product_to_store", product_id=product.id, store_id=0)
        self._insert("product_to_category", product_id=product.id, category_id=20)
        for language in (of.ENGLISH, of.GERMAN):
            name = product.name if language == of.ENGLISH else f"{product.name} (de)"
            self._insert(
                "product_description", product_id=product.id, language_id=language, name=name,
                description="&lt;p&gt;x&lt;/p&gt;", tag="", meta_title="", meta_description="", meta_keyword="",
            )  # fmt: skip

    def _settings(self) -> None:
        for number, code, rate in ((1, of.DOLLAR, Decimal(1)), (2, of.EURO, of.EURO_RATE)):
            self._insert(
                "currency", currency_id=number, title=code, code=code, symbol_left="", symbol_right="",
                decimal_place="2", value=rate, status=1, date_modified=ago(0),
            )  # fmt: skip
        for number, code in ((of.ENGLISH, "en-gb"), (of.GERMAN, "de-de")):
            self._insert(
                "language",
                language_id=number,
                name=code,
                code=code,
                locale="",
                image="",
                directory="",
                status=1,
            )
            self._insert(
                "category_description", category_id=20, language_id=number, name="Home &amp; Garden", description="",
                meta_title="", meta_description="", meta_keyword="",
            )  # fmt: skip
        for tax, amount, kind in ((of.VAT, 20, "P"), (of.ECO_TAX, 2, "F")):
            self._insert(
                "tax_rate", tax_rate_id=tax, geo_zone_id=3, name="x", rate=amount, type=kind, date_added=ago(0),
                date_modified=ago(0),
            )  # fmt: skip
            self._insert("tax_rule", tax_class_id=of.TAXED, tax_rate_id=tax, based="shipping", priority=1)
            self._insert("tax_rate_to_customer_group", tax_rate_id=tax, customer_group_id=of.RETAIL)
        self._insert(
            "zone_to_geo_zone", country_id=of.UNITED_KINGDOM, zone_id=0, geo_zone_id=3, date_added=ago(0),
            date_modified=ago(0),
        )  # fmt: skip

    def _insert(self, table: str, **values: Any) -> int:
        self._run(*insert(f"INSERT INTO `oc_{table}`", values))
        ((number,),) = self._run("SELECT LAST_INSERT_ID()")
        return int(number)
