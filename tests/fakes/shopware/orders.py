"""Orders as ``OrderPersister`` writes them: all rows in one transaction, then the cart's row is deleted."""

import json
import secrets
import uuid

from fakes.shopware.carts import STOREFRONT, Carts
from fakes.shopware.catalogue import EURO, LIVE, SYSTEM_LANGUAGE, named
from fakes.shopware.payload import Cart
from fakes.shopware.statements import stored

OF_ORDERS, OF_PAYMENTS = "order.state", "order_transaction.state"
STATES = {
    OF_ORDERS: ("open", "in_progress", "completed", "cancelled"),
    OF_PAYMENTS: ("open", "paid", "failed", "cancelled", "refunded", "authorized", "unconfirmed"),
}


def state(machine: str, name: str) -> str:
    """The id of a state; each installation has its own."""
    return named(f"{machine} {name}")


class Orders(Carts):
    """They are placed, paid or not, cancelled, and edited in the administration."""

    def order(self, cart: Cart, email: str, customer: str, *, minutes_ago: float = 0) -> str:
        """``OrderConverter`` and the repository: the order of what is in a cart. Returns the id."""
        order = uuid.uuid4().hex
        total = sum(one.properties["*price"].properties["*totalPrice"] for one in cart.lines)
        self._run("START TRANSACTION")
        self._order_row(order, LIVE, total, minutes_ago)
        self._insert(
            "order_customer", minutes_ago, id=uuid.uuid4().hex, version_id=LIVE, customer_id=customer, order_id=order,
            order_version_id=LIVE, email=email, first_name="Ada", last_name="Löwe",
        )  # fmt: skip
        self._transaction(order, total, minutes_ago)
        self._run("COMMIT")
        return order

    def place(self, token: str, cart: Cart, email: str, customer: str) -> str:
        """``CartOrderRoute``: the order, its mails and flows, then the cart goes; payment comes after that."""
        order = self.order(cart, email, customer)
        self.delete(token)
        return order

    def set_state(self, order: str, name: str) -> None:
        self._run(
            "UPDATE `order` SET `state_id` = %s, `updated_at` = %s WHERE `id` = %s AND `version_id` = %s",
            (stored(state(OF_ORDERS, name)), self._now(), stored(order), stored(LIVE)),
        )

    def set_payment(self, order: str, name: str) -> None:
        """The newest transaction's state."""
        self._run(
            "UPDATE `order_transaction` SET `state_id` = %s, `updated_at` = %s WHERE `order_id` = %s "
            "AND `version_id` = %s ORDER BY created_at DESC LIMIT 1",
            (stored(state(OF_PAYMENTS, name)), self._now(), stored(order), stored(LIVE)),
        )

    def pay_otherwise(self, order: str) -> None:
        """The customer chooses another way to pay: ``SetPaymentOrderRoute`` adds a transaction."""
        self._transaction(order, 1.0, -0.1)

    def edit(self, order: str) -> None:
        """The administration works on a version of the order, and its customer's row, until it is saved."""
        version = uuid.uuid4().hex
        self._order_row(order, version, 1.0, 0)
        self._run(
            "INSERT INTO order_customer (id, version_id, customer_id, order_id, order_version_id, email, first_name, "
            "last_name, created_at) SELECT id, %s, customer_id, order_id, %s, email, first_name, last_name, created_at "
            "FROM order_customer WHERE order_id = %s AND version_id = %s",
            (stored(version), stored(version), stored(order), stored(LIVE)),
        )

    def _order_row(self, order: str, version: str, total: float, minutes_ago: float) -> None:
        price = json.dumps(
            {"totalPrice": total, "netPrice": total, "positionPrice": total, "taxStatus": "gross"}
        )
        self._insert(
            "order", minutes_ago, id=order, version_id=version, state_id=state(OF_ORDERS, "open"),
            order_number=order[:8], currency_id=EURO, language_id=SYSTEM_LANGUAGE, currency_factor=1.0,
            sales_channel_id=STOREFRONT, billing_address_id=named("address"), billing_address_version_id=LIVE,
            price=price, order_date_time=self._now(), shipping_costs='{"totalPrice": 0}',
            deep_link_code=secrets.token_hex(15) + "xy",
        )  # fmt: skip

    def _transaction(self, order: str, total: float, minutes_ago: float) -> None:
        self._insert(
            "order_transaction", minutes_ago, id=uuid.uuid4().hex, version_id=LIVE, order_id=order,
            order_version_id=LIVE, state_id=state(OF_PAYMENTS, "open"), payment_method_id=named("invoice"),
            amount=json.dumps({"totalPrice": total}),
        )  # fmt: skip
