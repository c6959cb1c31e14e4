"""Orders, as PrestaShop's ``PaymentModule``, ``Order`` and ``OrderHistory`` write them."""

from decimal import Decimal

from fakes.prestashop.carts import Carts
from fakes.prestashop.catalogue import RATES, TAX_PERCENT, TAX_RULES
from fakes.prestashop.statements import ZERO_TIME
from fakes.prestashop.states import AWAITING_WIRE, CANCELED, PAID, PUT_BACK, STATES, stock_sign
from fakes.prestashop.stock import Stock
from fakes.shop_statements import Ago, ago, cents


class Orders(Carts, Stock):
    """Placed, paid, cancelled."""

    def order(self, cart: int, *, state: int = AWAITING_WIRE, minutes_ago: float = 0) -> int:
        """Order what is in the cart, as ``PaymentModule::validateOrder`` does. Returns the order's id.

        The row begins without a state and gets it by UPDATE. The cart and its lines stay as they are.
        """
        order, now = self._next("orders"), ago(minutes_ago)
        lines = self._priced_lines(cart)
        net = sum((line[3] * line[2] for line in lines), Decimal(0))
        gross = sum((line[4] * line[2] for line in lines), Decimal(0))
        self._insert_order(order, cart, net, gross, now)
        self._run("DELETE FROM ps_specific_price WHERE id_cart = %s", (cart,))
        for product, attribute, quantity, unit_net, unit_gross, name in lines:
            if state not in PUT_BACK:
                self._move_stock(product, attribute, -quantity)
            self._insert_detail(order, product, attribute, quantity, unit_net, unit_gross, name)
        if STATES[state].logable:  # the payment is noted before the state
            self._update("orders", order, total_paid_real=gross, date_upd=now)
        self._change_state(order, state, employee=0, now=now)
        return order

    def set_state(self, order: int, state: int, *, minutes_ago: float = 0) -> None:
        """Change the state in the back office, or by a payment module that heard from its bank."""
        self._change_state(order, state, employee=1, now=ago(minutes_ago))

    def cancel(self, order: int, *, minutes_ago: float = 0) -> None:
        """Cancel the order: its row stays, and so does the cart's claim to be ordered."""
        self.set_state(order, CANCELED, minutes_ago=minutes_ago)

    def pay(self, order: int, *, minutes_ago: float = 0) -> None:
        """Note that the money came."""
        self.set_state(order, PAID, minutes_ago=minutes_ago)

    def add_to_order(self, order: int, product: int, *, minutes_ago: float = 0) -> None:
        """Edit the order in the back office, as ``AddProductToOrderHandler`` does: by way of its cart."""
        [(cart,)] = self._run("SELECT id_cart FROM ps_orders WHERE id_order = %s", (order,))
        self.add(cart, product, minutes_ago=minutes_ago)
        added = next(line for line in self._priced_lines(cart) if line[0] == product)
        self._insert_detail(order, *added)
        self._run(
            "UPDATE ps_orders SET total_paid = total_paid + %s, total_paid_tax_incl = total_paid_tax_incl + %s, "
            "total_products = total_products + %s, total_products_wt = total_products_wt + %s, "
            "date_upd = UTC_TIMESTAMP() - INTERVAL %s SECOND WHERE id_order = %s",
            (added[4], added[4], added[3], added[4], ago(minutes_ago).seconds, order),
        )

    def _insert_order(self, order: int, cart: int, net: Decimal, gross: Decimal, now: Ago) -> None:
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
            id_order_detail=self._next("order_detail"),
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

    def _change_state(self, order: int, number: int, *, employee: int, now: Ago) -> None:
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
        sign = stock_sign(before, number)
        if sign:
            for product, attribute, quantity in lines:
                self._move_stock(product, attribute, sign * quantity)
        self._update("orders", order, current_state=number, valid=int(state.logable), date_upd=now)
        if state.invoice and not invoiced:
            invoice = self._next("order_invoice")
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
            (product, attribute, quantity, cents(net), cents(net * (100 + TAX_PERCENT) / 100), name)
            for product, attribute, quantity, net, name in rows
        ]


def _reference(order: int) -> str:
    """Nine capital letters, as PrestaShop makes them up."""
    letters = ""
    for _ in range(9):
        order, letter = divmod(order, 26)
        letters = chr(ord("A") + letter) + letters
    return letters
