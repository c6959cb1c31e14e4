"""A Bagisto 2.4 shop on a live server: its tables, its fixed data, and its writes as it makes them.

What is written, and by which statements, follows its class ``Cart``, the repositories of carts and orders, and the
checkout's and the back office's controllers. Eloquent updates only the columns that have changed, and ``updated_at``.
"""

import json
from decimal import Decimal
from typing import Any

from fakes.bagisto import catalogue as of
from fakes.shop_statements import Ago, Run, ago, cents, create_tables, insert, update

INDEXES = (
    "CREATE INDEX cart_id ON orders (cart_id)",
    "CREATE INDEX customer_email ON orders (customer_email)",
)
"""Those that the preset's head asks for."""

_BY_ID = {product.id: product for product in of.PRODUCTS}


class Bagisto:
    """Writes to a shop as Bagisto does; ``minutes_ago`` dates what is written. ``tax``: percent, on top."""

    def __init__(self, run: Run) -> None:
        self._run = run
        self.tax = Decimal(0)

    def create(self, *, indexes: bool = True) -> None:
        """A shop as the installer leaves it, with the indexes that the preset asks for."""
        create_tables(self._run, "bagisto_2.sql")
        for statement in INDEXES if indexes else ():
            self._run(statement)
        for number, code in (of.DEFAULT, of.OUTLET):
            self._insert(
                "channels", id=number, code=code, root_category_id=1, default_locale_id=1, base_currency_id=1
            )
        self._insert("attributes", id=28, code="manage_stock", admin_name="Manage Stock", type="boolean")
        self._insert(
            "category_translations", category_id=2, name="Home", slug="home", url_path="home", locale="en"
        )
        for product in of.PRODUCTS:
            self._product(product)

    # --- customers ------------------------------------------------------------------------------------------------

    def register(self, email: str, *, newsletter: bool = False) -> int:
        return self._insert(
            "customers", first_name="Jane", last_name="Doe", email=email, subscribed_to_news_letter=int(newsletter),
            customer_group_id=2, channel_id=1, **self._stamps(1000),
        )  # fmt: skip

    # --- carts ----------------------------------------------------------------------------------------------------

    def cart(
        self, customer: int | None = None, *, channel: int = 1, currency: str = "USD", is_active: bool = True,
        minutes_ago: float = 60,
    ) -> int:  # fmt: skip
        """``createCart``: with the first product that is put in, or by the back office (not active)."""
        who: dict[str, Any] = {"is_guest": 1}
        if customer is not None:
            ((first, last, email),) = self._run(
                "SELECT first_name, last_name, email FROM customers WHERE id = %s", (customer,)
            )
            who = {
                "is_guest": 0, "customer_id": customer, "customer_first_name": first, "customer_last_name": last,
                "customer_email": email,
            }  # fmt: skip
        return self._insert(
            "cart", **who, is_active=int(is_active), channel_id=channel, global_currency_code="USD",
            base_currency_code="USD", channel_currency_code="USD", cart_currency_code=currency,
            **self._stamps(minutes_ago),
        )  # fmt: skip

    def add(
        self,
        cart: int,
        product: of.Product,
        quantity: int = 1,
        *,
        rate: Decimal = Decimal(1),
        minutes_ago: float = 60,
    ) -> int:
        """``addProduct``: a row, and for a variant one below its product's; then the totals."""
        shown = _BY_ID[product.parent] if product.parent else product
        additional: dict[str, Any] = {"product_id": shown.id, "quantity": quantity}
        if product.parent:
            colour, size = of.LABELS[product.id]
            additional |= {
                "selected_configurable_option": product.id,
                "attributes": {
                    "color": {"attribute_name": "Color", "option_id": 1, "option_label": colour},
                    "size": {"attribute_name": "Size", "option_id": 2, "option_label": size},
                },
            }
        price = (product.price or Decimal(0)) * rate
        item = self._insert(
            "cart_items", product_id=shown.id, sku=f"SKU-{shown.id}", name=shown.name, type=shown.type,
            quantity=quantity, price=price, base_price=product.price, total=price * quantity,
            base_total=(product.price or 0) * quantity, cart_id=cart,
            # json_encode() escapes what is not ASCII.
            additional=json.dumps(additional), **self._stamps(minutes_ago),
        )  # fmt: skip
        if product.parent:
            self._insert(
                "cart_items", parent_id=item, product_id=product.id, sku=f"SKU-{product.id}", name=product.name,
                type=product.type, cart_id=cart,
                additional=json.dumps({"product_id": product.id, "parent_id": shown.id}),
                **self._stamps(minutes_ago),
            )  # fmt: skip
        self.collect_totals(cart, minutes_ago=minutes_ago)
        return item

    def change_quantity(self, item: int, quantity: int) -> None:
        """``updateItems``."""
        ((cart, price),) = self._run("SELECT cart_id, price FROM cart_items WHERE id = %s", (item,))
        self._change(
            "cart_items", item, quantity=quantity, total=price * quantity, base_total=price * quantity
        )
        self.collect_totals(cart)

    def remove(self, item: int) -> None:
        """``removeItem``; the database takes a variant's row along, and the last item its cart."""
        ((cart,),) = self._run("SELECT cart_id FROM cart_items WHERE id = %s", (item,))
        self._run("DELETE FROM cart_items WHERE parent_id = %s", (item,))
        self._run("DELETE FROM cart_items WHERE id = %s", (item,))
        if not self._run("SELECT id FROM cart_items WHERE cart_id = %s", (cart,)):
            self._remove_cart(cart)
        else:
            self.collect_totals(cart)

    def collect_totals(self, cart: int, *, discount: Decimal = Decimal(0), minutes_ago: float = 0) -> None:
        """At each page of the cart: what has not changed is not written. ``discount``: percent off each item."""
        sums = dict.fromkeys(("sub_total", "tax_total", "discount_amount"), Decimal(0))
        base = Decimal(0)
        for item, total, base_total in self._run(
            "SELECT id, total, base_total FROM cart_items WHERE cart_id = %s AND parent_id IS NULL", (cart,)
        ):
            tax, off = cents(total * self.tax / 100), cents(total * discount / 100)
            self._change(
                "cart_items", item, minutes_ago, tax_percent=self.tax, tax_amount=tax, total_incl_tax=total + tax,
                discount_amount=off,
            )  # fmt: skip
            for name, amount in (("sub_total", total), ("tax_total", tax), ("discount_amount", off)):
                sums[name] += amount
            base += base_total
        ((pieces, lines),) = self._run(
            "SELECT SUM(quantity), COUNT(*) FROM cart_items WHERE cart_id = %s AND parent_id IS NULL", (cart,)
        )
        grand = sums["sub_total"] + sums["tax_total"] - sums["discount_amount"]
        self._change(
            "cart",
            cart,
            minutes_ago,
            items_qty=pieces,
            items_count=lines,
            base_sub_total=base,
            grand_total=grand,
            **sums,
        )

    def check_out_as(self, cart: int, email: str) -> None:
        """A guest's address: its row first, then the cart's columns (``setCustomerPersonnelDetails``)."""
        self._insert(
            "addresses", address_type="cart_billing", cart_id=cart, first_name="Joan", last_name="Guest", email=email,
            address="x", city="x", **self._stamps(0),
        )  # fmt: skip

    def save_personal_details(self, cart: int) -> None:
        ((first, last, email),) = self._run(
            "SELECT first_name, last_name, email FROM addresses WHERE cart_id = %s AND address_type = 'cart_billing'",
            (cart,),
        )
        self._change("cart", cart, customer_email=email, customer_first_name=first, customer_last_name=last)

    def log_in(self, customer: int, cart: int) -> None:
        """``mergeCart``: a guest's cart becomes the customer's, unless there is one already."""
        own = self._run("SELECT id FROM cart WHERE customer_id = %s AND is_active = 1 LIMIT 1", (customer,))
        if not own:
            ((email,),) = self._run("SELECT email FROM customers WHERE id = %s", (customer,))
            self._change("cart", cart, customer_id=customer, is_guest=0, customer_email=email)
            return
        for product, quantity in self._run(
            "SELECT product_id, quantity FROM cart_items WHERE cart_id = %s AND parent_id IS NULL", (cart,)
        ):
            self.add(own[0][0], _BY_ID[product], quantity, minutes_ago=0)
        self._remove_cart(cart)

    def _remove_cart(self, cart: int) -> None:
        """The database takes the rows of other tables along."""
        for table in ("cart_items", "addresses"):
            self._run(f"DELETE FROM {table} WHERE cart_id = %s", (cart,))
        self._run("DELETE FROM cart WHERE id = %s", (cart,))

    # --- orders ---------------------------------------------------------------------------------------------------

    def order(
        self, cart: int | None, customer: int | None, email: str, *products: of.Product, status: str = "pending",
        minutes_ago: float = 0,
    ) -> int:  # fmt: skip
        """``createOrderIfNotThenRetry`` in its transaction. The cart is closed behind it, see ``close``."""
        self._run("START TRANSACTION")
        ((count,),) = self._run("SELECT COUNT(*) FROM orders")
        order = self._insert(
            "orders", increment_id=str(count + 1), status=status, is_guest=int(customer is None), customer_email=email,
            customer_id=customer, channel_id=1, cart_id=cart, grand_total=1, **self._stamps(minutes_ago),
        )  # fmt: skip
        for product in products:
            self._insert(
                "order_items", order_id=order, product_id=product.id, type=product.type, name=product.name,
                qty_ordered=1, **self._stamps(minutes_ago),
            )  # fmt: skip
        self._run("COMMIT")
        return order

    def close(self, cart: int) -> None:
        """``deActivateCart``."""
        self._change("cart", cart, is_active=0)

    def activate(self, cart: int) -> None:
        """``activateCart``: after a product was bought by "buy now" beside it."""
        self._change("cart", cart, is_active=1)

    def set_status(self, order: int, status: str) -> None:
        self._change("orders", order, status=status)

    # --- the catalogue --------------------------------------------------------------------------------------------

    def disable(self, product: of.Product) -> None:
        self._run("UPDATE product_flat SET status = 0 WHERE product_id = %s", (product.id,))

    def stock(self, product: of.Product, pieces: int) -> None:
        self._run(
            "UPDATE product_inventory_indices SET qty = %s WHERE product_id = %s AND channel_id = 1",
            (pieces, product.id),
        )

    def without_stock(self, product: of.Product) -> None:
        """Its count is not looked at."""
        self._insert("product_attribute_values", product_id=product.id, attribute_id=28, boolean_value=0)

    def allow_back_orders(self) -> None:
        self._insert("core_config", code="catalog.inventory.stock_options.back_orders", value="1")

    def _product(self, product: of.Product) -> None:
        self._insert(
            "products", id=product.id, sku=f"SKU-{product.id}", type=product.type, parent_id=product.parent
        )
        for number, channel in (of.DEFAULT, of.OUTLET):
            name = product.name if number == of.DEFAULT[0] else f"{product.name} (outlet)"
            self._insert(
                "product_flat", product_id=product.id, sku=f"SKU-{product.id}", type=product.type, name=name,
                description="<p>x</p>", url_key=f"product-{product.id}", status=1, price=product.price,
                locale=of.ENGLISH, channel=channel, visible_individually=int(product.parent is None),
            )  # fmt: skip
            if product.stock is not None:
                self._insert(
                    "product_inventory_indices", product_id=product.id, channel_id=number, qty=product.stock
                )
            lowest = product.price or min(
                one.price for one in of.PRODUCTS if one.parent == product.id and one.price
            )
            self._insert(
                "product_price_indices", product_id=product.id, customer_group_id=of.GUESTS, channel_id=number,
                min_price=lowest, regular_min_price=lowest,
            )  # fmt: skip
        self._insert("product_categories", product_id=product.id, category_id=2)
        for position in (2, 1):
            path = f"product/{product.id}/{position}.webp"
            self._insert("product_images", product_id=product.id, path=path, position=position)

    # --- statements -----------------------------------------------------------------------------------------------

    def _change(self, table: str, row: int, minutes_ago: float = 0, /, **values: Any) -> None:
        """Only what differs is written, with ``updated_at``; nothing if nothing does."""
        (before,) = self._run(f"SELECT {', '.join(values)} FROM {table} WHERE id = %s", (row,))
        changed = {
            name: value for (name, value), was in zip(values.items(), before, strict=True) if value != was
        }
        if changed:
            changed["updated_at"] = ago(minutes_ago)
            self._run(*update(f"UPDATE `{table}`", "`id`", row, changed))

    def _stamps(self, minutes_ago: float) -> dict[str, Ago]:
        return {"created_at": ago(minutes_ago), "updated_at": ago(minutes_ago)}

    def _insert(self, table: str, **values: Any) -> int:
        self._run(*insert(f"INSERT INTO `{table}`", values))
        ((number,),) = self._run("SELECT LAST_INSERT_ID()")
        return int(number)
