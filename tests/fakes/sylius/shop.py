"""A Sylius 2.0 shop on a live server: its tables, its fixed data, and its writes as it makes them.

What is written, and in which flush, follows its controllers, order processors, listeners of the checkout's states and
inventory operator. A cart is a row of sylius_order, and becomes the order.
"""

from typing import Any

from fakes.shop_statements import Run, ago
from fakes.sylius import catalogue as of
from fakes.sylius.flushes import EntityManager, stamps
from fakes.sylius.processing import OrderProcessor


class Sylius:
    """Writes to a shop as Sylius does; ``minutes_ago`` dates what is written. ``processor`` has the taxes."""

    def __init__(self, run: Run) -> None:
        self._run = run
        self._manager = EntityManager(run)
        self.processor = OrderProcessor(run, self._manager)

    # --- customers ------------------------------------------------------------------------------------------------

    def register(self, email: str, *, newsletter: bool = False) -> int:
        customer = self._customer(email, newsletter=newsletter, first_name="Jane", last_name="Doe")
        self._manager.flush()
        return customer

    def _customer(self, email: str, *, newsletter: bool = False, **names: str) -> int:
        return self._manager.persist(
            "sylius_customer", email=email, email_canonical=email.lower(), gender="u",
            subscribed_to_newsletter=int(newsletter), **names, **stamps(0),
        )  # fmt: skip

    def _address(self, first: str, last: str) -> int:
        return self._manager.persist(
            "sylius_address", first_name=first, last_name=last, street="x", city="x", postcode="1", country_code="US",
            **stamps(0),
        )  # fmt: skip

    # --- carts ----------------------------------------------------------------------------------------------------

    def cart(
        self, customer: int | None, first: of.Variant, quantity: int = 1, *, channel: of.Channel = of.WEB,
        locale: str = of.ENGLISH, minutes_ago: float = 60,
    ) -> int:  # fmt: skip
        """With the first product that is put in: nothing is written before."""
        cart = self._manager.persist(
            "sylius_order", channel_id=channel.id, customer_id=customer, state="cart", items_total=0,
            adjustments_total=0, total=0, currency_code=of.CURRENCIES[channel.currency], locale_code=locale,
            checkout_state="cart", payment_state="cart", shipping_state="cart",
            created_by_guest=int(customer is None), **stamps(minutes_ago),
        )  # fmt: skip
        self.add(cart, first, quantity, minutes_ago=minutes_ago)
        return cart

    def add(self, cart: int, variant: of.Variant, quantity: int = 1, *, minutes_ago: float = 60) -> int:
        """``addToOrder``: a variant that is there already gets more pieces."""
        there = self._run(
            "SELECT id, quantity FROM sylius_order_item WHERE order_id = %s AND variant_id = %s",
            (cart, variant.id),
        )
        if there:
            item = int(there[0][0])
            self._manager.change("sylius_order_item", item, quantity=there[0][1] + quantity)
        else:
            item = self._manager.persist(
                "sylius_order_item", order_id=cart, variant_id=variant.id, quantity=quantity, unit_price=variant.price,
                original_unit_price=variant.price, units_total=0, adjustments_total=0, total=0, is_immutable=0,
                version=1,
            )  # fmt: skip
        self._process(cart, minutes_ago)
        return item

    def change_quantity(self, item: int, quantity: int) -> None:
        """``saveAction`` of the cart; the checkout begins anew."""
        (cart,) = self._manager.get("sylius_order_item", item, "order_id")
        self._manager.change("sylius_order_item", item, quantity=quantity)
        self._process(cart, 0)

    def remove(self, item: int) -> None:
        """``removeFromOrder``; the cart stays, though it be empty."""
        (cart,) = self._manager.get("sylius_order_item", item, "order_id")
        self._remove_item(item)
        self._process(cart, 0)

    def clear(self, cart: int) -> None:
        """``clearAction``, or ``sylius:remove-expired-carts``."""
        for (item,) in self._run("SELECT id FROM sylius_order_item WHERE order_id = %s", (cart,)):
            self._remove_item(item)
        adjustments = self._run("SELECT id FROM sylius_adjustment WHERE order_id = %s", (cart,))
        self._manager.remove("sylius_adjustment", *(row for (row,) in adjustments))
        self._manager.remove("sylius_order", cart)
        self._manager.flush()

    def recalculate(self, cart: int) -> None:
        """As at a login: prices, taxes and promotions as they are now."""
        self._process(cart, 0)

    def log_in(self, customer: int, cart: int) -> None:
        """``ShopCartBlamerListener``, then the recalculation. The customer's other carts stay as they are."""
        self._manager.change("sylius_order", cart, customer_id=customer, created_by_guest=0)
        self._process(cart, 0)

    def _remove_item(self, item: int) -> None:
        units = [row for (row,) in self._run(
            "SELECT id FROM sylius_order_item_unit WHERE order_item_id = %s", (item,)
        )]  # fmt: skip
        for unit in units:
            rows = self._run("SELECT id FROM sylius_adjustment WHERE order_item_unit_id = %s", (unit,))
            self._manager.remove("sylius_adjustment", *(row for (row,) in rows))
        self._manager.remove("sylius_order_item_unit", *units)
        self._manager.remove("sylius_order_item", item)

    def _process(self, cart: int, minutes_ago: float) -> None:
        self.processor.process(cart, minutes_ago)
        self._manager.flush(minutes_ago)

    def order_in_the_back_office(self, customer: int, variant: of.Variant) -> int:
        """As plugins do that know such: all in one flush, so it is an order from the start."""
        order = self._manager.persist(
            "sylius_order", channel_id=1, customer_id=customer, state="new", items_total=variant.price,
            adjustments_total=0, total=variant.price, currency_code="USD", locale_code=of.ENGLISH,
            checkout_state="completed", payment_state="awaiting_payment", shipping_state="ready", created_by_guest=0,
            checkout_completed_at=ago(0), **stamps(0),
        )  # fmt: skip
        self._manager.persist(
            "sylius_order_item", order_id=order, variant_id=variant.id, quantity=1, unit_price=variant.price,
            units_total=variant.price, adjustments_total=0, total=variant.price, is_immutable=1, version=1,
        )  # fmt: skip
        self._manager.flush()
        return order

    # --- the checkout ---------------------------------------------------------------------------------------------

    def address(
        self, cart: int, email: str | None = None, *, first: str = "Joan", last: str = "Guest"
    ) -> None:
        """The address step; a guest's e-mail address finds the customer who has it, or makes one."""
        changes: dict[str, Any] = {}
        if email is not None:
            known = self._run("SELECT id FROM sylius_customer WHERE email_canonical = %s", (email.lower(),))
            changes["customer_id"] = int(known[0][0]) if known else self._customer(email)
        changes["shipping_address_id"] = self._address(first, last)
        changes["billing_address_id"] = self._address(first, last)
        self._manager.change("sylius_order", cart, **changes, checkout_state="addressed")
        self._process(cart, 0)

    def select_payment(self, cart: int) -> None:
        self._manager.change("sylius_order", cart, checkout_state="payment_selected")
        self._process(cart, 0)

    def complete(self, cart: int, *, minutes_ago: float = 0) -> int:
        """The order is placed, and its pieces are held; returns its payment. What costs nothing is paid."""
        number, total = cart, self._manager.get("sylius_order", cart, "total")[0]
        payment = self._payment(cart, minutes_ago)
        self._manager.change(
            "sylius_order", cart, number=f"{number:09}", state="new", checkout_completed_at=ago(minutes_ago),
            checkout_state="completed", payment_state="awaiting_payment" if total else "paid", shipping_state="ready",
            token_value=f"token{cart}",
        )  # fmt: skip
        for variant, quantity in self._pieces(cart):
            (held,) = self._manager.get("sylius_product_variant", variant, "on_hold")
            self._manager.change("sylius_product_variant", variant, on_hold=held + quantity)
        for item, name in self._run(
            "SELECT i.id, t.name FROM sylius_order_item i JOIN sylius_product_variant v ON v.id = i.variant_id "
            "JOIN sylius_product_translation t ON t.translatable_id = v.product_id AND t.locale = %s "
            "WHERE i.order_id = %s",
            (of.ENGLISH, cart),
        ):
            self._manager.change("sylius_order_item", item, product_name=name)
        self._manager.flush(minutes_ago)
        return payment

    def _payment(self, cart: int, minutes_ago: float) -> int:
        currency, total = self._manager.get("sylius_order", cart, "currency_code", "total")
        return self._manager.persist(
            "sylius_payment", order_id=cart, method_id=1, currency_code=currency, amount=total, state="new",
            details="[]", **stamps(minutes_ago),
        )  # fmt: skip

    def pay(self, payment: int) -> None:
        """The pieces are sold."""
        (order,) = self._manager.get("sylius_payment", payment, "order_id")
        self._manager.change("sylius_payment", payment, state="completed")
        self._manager.change("sylius_order", order, payment_state="paid")
        for variant, quantity in self._pieces(order):
            held, there = self._manager.get("sylius_product_variant", variant, "on_hold", "on_hand")
            self._manager.change(
                "sylius_product_variant", variant, on_hold=held - quantity, on_hand=there - quantity
            )
        self._manager.flush()

    def fail(self, payment: int) -> int:
        """The payment has failed, and a new one is there for another try; the order is as it was."""
        (order,) = self._manager.get("sylius_payment", payment, "order_id")
        again = self._payment(order, 0)
        self._manager.change("sylius_payment", payment, state="failed")
        self._manager.flush()
        return again

    def cancel(self, payment: int) -> None:
        """By the merchant, or by ``sylius:cancel-unpaid-orders``."""
        (order,) = self._manager.get("sylius_payment", payment, "order_id")
        self._manager.change("sylius_payment", payment, state="cancelled")
        self._manager.change(
            "sylius_order", order, state="cancelled", payment_state="cancelled", shipping_state="cancelled"
        )
        for variant, quantity in self._pieces(order):
            (held,) = self._manager.get("sylius_product_variant", variant, "on_hold")
            self._manager.change("sylius_product_variant", variant, on_hold=held - quantity)
        self._manager.flush()

    def refund(self, payment: int) -> None:
        (order,) = self._manager.get("sylius_payment", payment, "order_id")
        self._manager.change("sylius_payment", payment, state="refunded")
        self._manager.change("sylius_order", order, payment_state="refunded")
        self._manager.flush()

    def ship(self, payment: int) -> None:
        (order,) = self._manager.get("sylius_payment", payment, "order_id")
        self._manager.change("sylius_order", order, shipping_state="shipped", state="fulfilled")
        self._manager.flush()

    def _pieces(self, order: int) -> list[tuple[int, int]]:
        """Variants whose pieces are counted."""
        rows = self._run(
            "SELECT i.variant_id, i.quantity FROM sylius_order_item i "
            "JOIN sylius_product_variant v ON v.id = i.variant_id WHERE i.order_id = %s AND v.tracked = 1",
            (order,),
        )
        return [(int(variant), int(quantity)) for variant, quantity in rows]
