"""Orders, from the checkout to their end."""

from collections.abc import Iterator
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from fakes.magento.catalogue import (
    BASE_CURRENCY,
    CURRENCIES,
    EN,
    PRODUCTS,
    RATES,
    base_price,
    converted,
    name,
)
from fakes.magento.customers import NOT_LOGGED_IN
from fakes.magento.quote_rows import Line, Quote, quote_sums, row_amounts
from fakes.magento.quotes import Quotes
from fakes.magento.statements import Together, insert, update
from fakes.shop_statements import Ago, Run, Statement, ago


@dataclass
class Order:
    id: int
    quote: int
    totals: dict[str, Decimal]
    items: list[tuple[int, Decimal]]


class Orders(Quotes):
    """Placed, paid, cancelled; a cancelled one's quote comes back."""

    def __init__(self, run: Run, *, together: Together | None = None) -> None:
        super().__init__(run, together=together)
        self._orders: dict[int, Order] = {}

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
        cart, now = self._quotes[quote], ago(minutes_ago)
        order = Order(self._next("sales_order"), quote, quote_sums(cart), [])
        self._orders[order.id] = order
        if cart.reserved is None:
            number = self._next(f"sequence_order_{cart.store}")
            cart.reserved = f"{'' if cart.store == EN else cart.store}{number:09}"
        whose = self._buyer(cart)
        placed = list(self._order_rows(cart, order, whose, state, status, now))
        mailed = [] if state == "pending_payment" else [
            update("sales_order", {"entity_id": order.id}, updated_at=now, send_email=1, email_sent=1)
        ]  # fmt: skip
        cart.active = False
        closed = [
            update("quote", {"entity_id": quote}, updated_at=now, is_active=0,
                   reserved_order_id=cart.reserved, is_changed=1, **whose,
                   **({} if cart.customer else {"checkout_method": "guest"}))
        ]  # fmt: skip
        steps = [[*placed, *mailed, *closed]] if one_transaction else [placed, mailed, closed]
        for step in steps:
            self._commit(step)
        return order.id

    def _buyer(self, cart: Quote) -> dict[str, Any]:
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
                "customer_lastname": lastname, "customer_group_id": NOT_LOGGED_IN,
                "customer_is_guest": 1}  # fmt: skip

    def _order_rows(
        self, cart: Quote, order: Order, whose: dict[str, Any], state: str, status: str, now: Ago
    ) -> Iterator[Statement]:
        quantity = sum((line.quantity for line in cart.lines.values()), Decimal(0))
        sums = order.totals
        yield insert("sales_order", entity_id=order.id, state=state, status=status, protect_code="f" * 32,
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
        yield update("sales_order", {"entity_id": order.id}, updated_at=now, billing_address_id=2 * order.id,
                     shipping_address_id=2 * order.id - 1)  # fmt: skip

    def _order_items(self, cart: Quote, order: Order, line: Line, now: Ago) -> Iterator[Statement]:
        product = PRODUCTS[line.product]
        child = PRODUCTS[product.child] if product.child else None
        amounts = row_amounts(product.id, line.quantity, cart.store)
        amounts["price"] = converted(base_price(product.id), cart.store)
        common: dict[str, Any] = {"order_id": order.id, "store_id": cart.store, "created_at": now,
                                  "updated_at": now, "weight": 1, "is_virtual": 0, "is_qty_decimal": 0,
                                  "no_discount": 0, "qty_ordered": line.quantity, "free_shipping": 0}  # fmt: skip
        item = self._next("sales_order_item")
        order.items.append((item, line.quantity))
        yield insert("sales_order_item", item_id=item, parent_item_id=None, quote_item_id=line.id,
                     product_id=product.id, product_type=product.type,
                     sku=child.sku if child else product.sku, name=name(product.id, cart.store),
                     original_price=amounts["price"], base_original_price=amounts["base_price"], **common,
                     **amounts)  # fmt: skip
        if child is None:
            return
        variant = self._next("sales_order_item")
        order.items.append((variant, line.quantity))
        yield insert("sales_order_item", item_id=variant, parent_item_id=item, quote_item_id=line.child,
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
            update("sales_order", {"entity_id": order}, updated_at=ago(minutes_ago), state=state, status=status,
                   **paid)
        ])  # fmt: skip

    def cancel(self, order: int, *, minutes_ago: float = 0) -> None:
        """By the shop, by a failed payment, or by the job that cancels what waited too long for its payment."""
        placed, now = self._orders[order], ago(minutes_ago)
        sums = placed.totals
        self._commit([
            update("sales_order", {"entity_id": order}, updated_at=now, state="canceled", status="canceled",
                   subtotal_canceled=sums["subtotal"], base_subtotal_canceled=sums["base_subtotal"],
                   tax_canceled=sums["tax_amount"], base_tax_canceled=sums["base_tax_amount"],
                   shipping_canceled=0, base_shipping_canceled=0, discount_canceled=0, base_discount_canceled=0,
                   total_canceled=sums["grand_total"], base_total_canceled=sums["base_grand_total"]),
            *(
                update("sales_order_item", {"item_id": item}, updated_at=now, qty_canceled=quantity)
                for item, quantity in placed.items
            ),
        ])  # fmt: skip

    def restore_quote(self, order: int, *, minutes_ago: float = 0) -> int:
        """The customer comes back from a payment that failed, and gets the cart back. Returns the quote."""
        cart = self._quotes[self._orders[order].quote]
        cart.active, cart.reserved = True, None
        self._commit([
            update("quote", {"entity_id": cart.id}, updated_at=ago(minutes_ago), is_active=1,
                   reserved_order_id=None, is_changed=1)
        ])  # fmt: skip
        return cart.id
