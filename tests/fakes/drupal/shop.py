"""A Drupal Commerce shop on a live server: its tables, its fixed data, and its writes as it makes them.

What is written, in which order and in which transactions follows Commerce 2 and 3: ``CartManager``, ``OrderRefresh``,
``OrderStorage``, ``OrderAssignment``, and the checkout's panes.
"""

from collections import defaultdict
from decimal import Decimal
from typing import Any

from fakes.drupal import catalogue as of
from fakes.drupal.statements import Writer
from fakes.shop_statements import Run, create_tables

INDEX = "CREATE INDEX cartwake_mail ON commerce_order (mail)"
"""The one that the preset's head asks for."""


class Drupal(Writer):
    """Writes to a shop as Drupal Commerce does; ``minutes_ago`` dates what is written."""

    def __init__(self, run: Run) -> None:
        super().__init__(run)
        self.prices = {variation.id: variation.price for variation in of.VARIATIONS.values()}
        self.adjustments: dict[int, list[bytes]] = defaultdict(list)
        """Of each line, what promotions and taxes make of it whenever an order is computed."""

    def create(self) -> None:
        create_tables(self._run, "drupal_commerce.sql")
        self._run(INDEX)
        for product in of.PRODUCTS:
            self._product(product)

    # --- customers ------------------------------------------------------------------------------------------------

    def account(
        self, email: str, *, status: int = 1, language: str = of.ENGLISH, roles: tuple[str, ...] = ()
    ) -> int:
        ((uid,),) = self._run("SELECT COALESCE(MAX(uid), 1) + 1 FROM users_field_data")
        self._insert(
            "users_field_data", uid=uid, langcode="en", preferred_langcode=language, name=email, mail=email,
            status=status, created=self._now(), changed=self._now(), access=0, default_langcode=1,
        )  # fmt: skip
        self._field("user", "roles", uid, "roles_target_id", roles)
        return int(uid)

    def log_in(self, cart: int, uid: int) -> None:
        """The cart of the visitor's session becomes the customer's, who may have another."""
        ((mail,),) = self._run("SELECT mail FROM users_field_data WHERE uid = %s", (uid,))
        self._save_order(cart, uid=uid, mail=mail)

    def keep_address(self, uid: int, given: str, family: str) -> int:
        """In the address book."""
        return self._profile(given, family, uid=uid, is_default=1)

    # --- carts ----------------------------------------------------------------------------------------------------

    def new_cart(
        self,
        uid: int = 0,
        *,
        store: int = of.FIRST_STORE,
        currency: str = of.DOLLAR,
        minutes_ago: float = 0,
        **more: Any,
    ) -> int:
        """Made when the first product is put in."""
        now = self._now(minutes_ago)
        mails = self._run("SELECT mail FROM users_field_data WHERE uid = %s", (uid,))
        with self._transaction():
            return self._insert(
                "commerce_order", **{
                    "type": "default", "version": 1, "store_id": store, "uid": uid, "state": "draft", "locked": 0,
                    "mail": mails[0][0] if mails else None, "data": b"a:0:{}", "created": now, "changed": now,
                    "cart": 1, "total_price__number": 0, "total_price__currency_code": currency,
                } | more,
            )  # fmt: skip

    def add(self, cart: int, variation: int, quantity: str = "1", *, minutes_ago: float = 0) -> int:
        """Put something in, or more of it: first the line is saved, then its order. Returns the line's id."""
        there = self._run(
            "SELECT order_item_id, quantity FROM commerce_order_item WHERE order_id = %s AND purchased_entity = %s",
            (cart, variation),
        )
        now = self._now(minutes_ago)
        if there:
            ((item, before),) = there
            self._save_item(item, quantity=before + Decimal(quantity), changed=now)
        else:
            ((currency,),) = self._run(
                "SELECT total_price__currency_code FROM commerce_order WHERE order_id = %s", (cart,)
            )
            price = self.prices[variation]
            with self._transaction():
                item = self._insert(
                    "commerce_order_item", type="default", order_id=cart, purchased_entity=variation, created=now,
                    title=of.VARIATIONS[variation].title, quantity=Decimal(quantity), unit_price__number=price,
                    unit_price__currency_code=currency, total_price__number=price * Decimal(quantity), changed=now,
                    total_price__currency_code=currency, overridden_unit_price=0, uses_legacy_adjustments=0, locked=0,
                )  # fmt: skip
        self._save_order(cart, minutes_ago=minutes_ago, checkout_step=None)
        return int(item)

    def change_quantity(self, item: int, quantity: str) -> None:
        self._save_item(item, quantity=Decimal(quantity), changed=self._now())
        self._save_order(self._cart_of(item), checkout_step=None)

    def remove(self, item: int) -> None:
        cart = self._cart_of(item)
        with self._transaction():
            self._run("DELETE FROM commerce_order_item WHERE order_item_id = %s", (item,))
            self._run("DELETE FROM commerce_order_item__adjustments WHERE entity_id = %s", (item,))
        self._save_order(cart, checkout_step=None)

    def view(self, cart: int) -> None:
        """Any page that loads a cart which was computed some minutes ago: it is computed and saved anew."""
        self._save_order(cart)

    def expire(self, cart: int) -> None:
        """The cron job that clears up, or the customer's button."""
        items = self._run("SELECT order_item_id FROM commerce_order_item WHERE order_id = %s", (cart,))
        with self._transaction():
            self._run("DELETE FROM commerce_order WHERE order_id = %s", (cart,))
            for field in ("order_items", "adjustments"):
                self._run(f"DELETE FROM commerce_order__{field} WHERE entity_id = %s", (cart,))
            for (item,) in items:
                self._run("DELETE FROM commerce_order_item WHERE order_item_id = %s", (item,))

    # --- the checkout ---------------------------------------------------------------------------------------------

    def enter_email(self, cart: int, email: str) -> None:
        self._save_order(cart, mail=email, checkout_step="order_information")

    def enter_address(self, cart: int, given: str, family: str) -> None:
        profile = self._profile(given, family)
        self._save_order(
            cart,
            checkout_step="review",
            billing_profile__target_id=profile,
            billing_profile__target_revision_id=profile,
        )

    def fail_to_pay(self, cart: int) -> None:
        """The order is locked while the provider's page is open, and comes back as it was."""
        self._save_order(cart, locked=1, checkout_step="payment")
        self._save_order(cart, locked=0, checkout_step="review")

    def place(self, cart: int, *, minutes_ago: float = 0) -> int:
        """The cart becomes the order."""
        now = self._now(minutes_ago)
        self._save_order(
            cart,
            cart=0,
            state="fulfillment",
            placed=now,
            order_number=str(cart),
            checkout_step="complete",
            changed=now,
        )
        return cart

    def cancel(self, order: int) -> None:
        self._save_order(order, state="canceled")

    def complete(self, order: int) -> None:
        self._save_order(order, state="completed", completed=self._now())

    # --- saving ---------------------------------------------------------------------------------------------------

    def _cart_of(self, item: int) -> int:
        ((cart,),) = self._run("SELECT order_id FROM commerce_order_item WHERE order_item_id = %s", (item,))
        return int(cart)

    def _save_item(self, item: int, **changed: Any) -> None:
        with self._transaction():
            self._write_item(item, **changed)

    def _write_item(self, item: int, **changed: Any) -> None:
        self._save("commerce_order_item", "order_item_id", item, **changed)

    def _save_order(self, order: int, *, minutes_ago: float = 0, **changed: Any) -> None:
        """A draft is computed anew: prices, adjustments, the lines that changed by that, and the total."""
        ((state,),) = self._run("SELECT state FROM commerce_order WHERE order_id = %s", (order,))
        with self._transaction():
            if state == "draft":
                self._compute(order)
            changed = {"changed": self._now(minutes_ago)} | changed
            ((total, version),) = self._run(
                "SELECT COALESCE((SELECT SUM(i.total_price__number) FROM commerce_order_item i "
                "WHERE i.order_id = o.order_id), 0), o.version + 1 FROM commerce_order o WHERE o.order_id = %s",
                (order,),
            )
            self._save(
                "commerce_order", "order_id", order, total_price__number=total, version=version, **changed
            )
            items = self._run(
                "SELECT order_item_id FROM commerce_order_item WHERE order_id = %s ORDER BY order_item_id",
                (order,),
            )
            self._field(
                "commerce_order", "order_items", order, "order_items_target_id", [item for (item,) in items]
            )

    def _compute(self, order: int) -> None:
        rows = self._run(
            "SELECT order_item_id, purchased_entity, quantity FROM commerce_order_item WHERE order_id = %s",
            (order,),
        )
        for item, variation, quantity in rows:
            price = self.prices[variation]
            self._write_item(
                item, unit_price__number=price, total_price__number=price * quantity, changed=self._now()
            )
            values = self.adjustments[item]
            self._field("commerce_order_item", "adjustments", item, "adjustments_value", values)

    # --- the catalogue --------------------------------------------------------------------------------------------

    def edit(self, table: str, key: int, **changed: Any) -> None:
        """A product or a variation; ``table`` without its ending."""
        self._save(f"commerce_{table}_field_data", f"{table.removeprefix('product_')}_id", key, **changed)

    def translate(self, product: int, title: str) -> None:
        self._insert(
            "commerce_product_field_data", product_id=product, type="default", langcode=of.GERMAN, status=1, uid=1,
            title=title, default_langcode=0,
        )  # fmt: skip

    def _product(self, product: of.Product) -> None:
        self._insert(
            "commerce_product_field_data", product_id=product.id, type="default", langcode="en", status=1, uid=1,
            title=product.title, default_langcode=1,
        )  # fmt: skip
        for variation in product.variations:
            self._insert(
                "commerce_product_variation_field_data", variation_id=variation.id, type="default", langcode="en",
                status=1, uid=1, product_id=product.id, sku=str(variation.id), title=variation.title,
                price__number=variation.price, price__currency_code=of.DOLLAR, default_langcode=1,
            )  # fmt: skip
            self._picture("commerce_product_variation", variation.id, variation.picture)
        of_it = [variation.id for variation in product.variations]
        self._field("commerce_product", "variations", product.id, "variations_target_id", of_it)
        self._field(
            "commerce_product", "stores", product.id, "stores_target_id", [of.FIRST_STORE, of.SECOND_STORE]
        )
        self._field("commerce_product", "body", product.id, "body_value", [f"<p>About {product.title}</p>"])
        self._picture("commerce_product", product.id, product.picture)
        if product.alias:
            self._insert(
                "path_alias", langcode="en", path=f"/product/{product.id}", alias=product.alias, status=1
            )

    def _picture(self, entity: str, number: int, name: str) -> None:
        if name:
            file = self._insert(
                "file_managed",
                langcode="en",
                filename=name,
                uri=f"public://2026-01/{name}",
                status=1,
                changed=0,
            )
            self._field(entity, "field_images", number, "field_images_target_id", [file])

    def _profile(self, given: str, family: str, **more: Any) -> int:
        with self._transaction():
            profile = self._insert(
                "profile", **{"type": "customer", "uid": 0, "status": 1, "is_default": 0} | more
            )
            self._save("profile", "profile_id", profile, revision_id=profile)
            self._field(
                "profile", "address", profile, "address_given_name", [given], address_family_name=family,
                address_country_code="US",
            )  # fmt: skip
        return profile
