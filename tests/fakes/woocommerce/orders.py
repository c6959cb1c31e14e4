"""Orders in WooCommerce's own tables (HPOS) or among the posts (legacy), as their data stores write them.

An order begins as a row of ``wp_posts`` in any case: its id comes from there. A change of a HPOS order is an INSERT …
ON DUPLICATE KEY UPDATE of what has changed. The reports' tables are written later, by a queue.
"""

from decimal import Decimal
from typing import Any

from fakes.shop_statements import ago
from fakes.woocommerce.catalogue import EURO
from fakes.woocommerce.customers import Customers
from fakes.woocommerce.session import Session
from fakes.woocommerce.sessions import Sessions
from fakes.woocommerce.statements import local

DRAFT, PENDING, FAILED = "wc-checkout-draft", "wc-pending", "wc-failed"
ON_HOLD, PROCESSING, COMPLETED = "wc-on-hold", "wc-processing", "wc-completed"
CANCELLED, REFUNDED, TRASHED = "wc-cancelled", "wc-refunded", "trash"
AWAITING = "order_awaiting_payment"

_ROWS_OF_AN_ORDER = (
    ("woocommerce_order_items", "order_id"), ("wc_orders", "id"), ("wc_order_addresses", "order_id"),
    ("wc_order_operational_data", "order_id"), ("postmeta", "post_id"), ("posts", "ID"),
)  # fmt: skip
"""Table → its column for the order."""


class Orders(Sessions, Customers):
    """``hpos``: where orders are kept; the shop's option says the same."""

    hpos = True

    def order(
        self, session: Session, email: str, *, user: int = 0, status: str = PENDING, minutes_ago: float = 0
    ) -> int:
        """``WC_Checkout::create_order``: what is in the cart, by ``user`` or by a guest. Returns the order's id.

        The session keeps the cart; nobody's session is saved here.
        """
        lines = list((session.values["cart"] or {}).values())
        total = Decimal(session.values["cart_totals"]["total"])
        if self.hpos:
            order = self._post("shop_order_placehold", "draft", minutes_ago=minutes_ago)
            self._hpos_rows(order, email, user, status, total, minutes_ago)
        else:
            order = self._post(
                "shop_order", status, title="Order", post_password="wc_order_x", minutes_ago=minutes_ago
            )
            self._post_meta(
                order, _order_key="wc_order_x", _customer_user=str(user), _payment_method="bacs", _cart_hash="0" * 32,
                _billing_first_name="Ada", _billing_email=email, _order_currency=EURO, _order_total=str(total),
            )  # fmt: skip
        for one in lines:
            self._insert("woocommerce_order_items", order_item_name=f"x{one['product_id']}",
                         order_item_type="line_item", order_id=order)  # fmt: skip
        return order

    def set_status(self, order: int, status: str) -> None:
        """``update_status``, whoever asks for it."""
        if self.hpos:
            self._upsert("wc_orders", id=order, status=status, date_updated_gmt=ago(0))
            if status in (PROCESSING, COMPLETED):
                self._upsert("wc_order_operational_data", order_id=order, date_paid_gmt=ago(0))
        else:
            self._update(
                "posts", "ID", order, post_status=status, post_modified=local(0), post_modified_gmt=ago(0)
            )
            if status in (PROCESSING, COMPLETED):
                self._post_meta(order, _date_paid=str(self._seconds()))

    def report(self, order: int, session: Session, email: str, *, user: int | None, status: str) -> None:
        """What the queue does seconds or minutes later: the order's rows for reports."""
        customer = self.in_reports(user=user or None, email=email)
        lines = list(session.values["cart"].values())
        self._replace(
            "wc_order_stats", order_id=order, date_created=local(0), date_created_gmt=ago(0), date_paid=None,
            date_completed=None, num_items_sold=len(lines), total_sales=session.values["cart_totals"]["total"],
            status=status, customer_id=customer,
        )  # fmt: skip
        items = self._run(
            f"SELECT order_item_id FROM {self.table('woocommerce_order_items')} WHERE order_id = %s ORDER BY 1",
            (order,),
        )
        for (item,), one in zip(items, lines, strict=True):
            self._replace(
                "wc_order_product_lookup", order_item_id=item, order_id=order, product_id=one["product_id"],
                variation_id=one["variation_id"], customer_id=customer, product_qty=one["quantity"],
                product_net_revenue=one["line_total"], date_created=local(0), tax_amount=one["line_tax"],
                product_gross_revenue=one["line_total"] + one["line_tax"],
            )  # fmt: skip

    # --- whole ways, with the session's saves ---------------------------------------------------------------------

    def place(self, key: str, session: Session, email: str, **order: Any) -> int:
        """The classic checkout's button: a pending order, and the session knows it. Then the gateway is asked."""
        number = self.order(session, email, **order)
        session.values[AWAITING] = number
        self.save(key, session)
        return number

    def open_block_checkout(self, key: str, session: Session, *, user: int = 0) -> int:
        """The checkout block makes a draft as soon as it is opened; the address comes later."""
        draft = self.order(session, "", user=user, status=DRAFT)
        session.values["store_api_draft_order"] = draft
        self.save(key, session)
        return draft

    def place_draft(self, key: str, session: Session, draft: int, email: str) -> None:
        """The block's button: the same order is pending now, and the gateway is asked."""
        if self.hpos:
            self._upsert("wc_orders", id=draft, status=PENDING, billing_email=email, date_updated_gmt=ago(0))
        else:
            self._run(
                f"UPDATE `{self.table('postmeta')}` SET `meta_value` = %s WHERE `post_id` = %s AND `meta_key` = %s",
                (email, draft, "_billing_email"),
            )
            self.set_status(draft, PENDING)
        session.values[AWAITING] = draft
        self.save(key, session)

    def pay(self, key: str, session: Session, order: int, *, status: str = PROCESSING) -> None:
        """``payment_complete`` while the customer waits: the order counts, then the cart is emptied."""
        self.set_status(order, status)
        self.thank(key, session)

    def thank(self, key: str, session: Session) -> None:
        """``wc_clear_cart_after_payment``: the page after an order that did not fail, and another page."""
        session.empty()
        self.save(key, session)
        session.put_lines(())
        self.save(key, session)
        self.forget_if_empty(key, session)

    def cancel_at_gateway(self, key: str, session: Session, order: int) -> None:
        """``WC_Form_Handler::cancel_order``: the customer comes back, and has the cart still."""
        session.values[AWAITING] = False
        self.set_status(order, CANCELLED)
        self.save(key, session)

    def cancel_unpaid(self, order: int) -> None:
        """``wc_cancel_unpaid_orders``, an hour later by default: nobody's session is touched."""
        self.set_status(order, CANCELLED)

    def drop_drafts(self) -> None:
        """``delete_expired_draft_orders``, once a day: every row of a draft."""
        column, status = ("id", "status") if self.hpos else ("ID", "post_status")
        table = self.table("wc_orders" if self.hpos else "posts")
        for (draft,) in self._run(f"SELECT {column} FROM {table} WHERE {status} = %s", (DRAFT,)):
            for name, key in _ROWS_OF_AN_ORDER:
                self._run(f"DELETE FROM `{self.table(name)}` WHERE `{key}` = %s", (draft,))

    def refund(self, order: int) -> int:
        """A row of its own of another type, with a negative amount."""
        kind = "shop_order_placehold" if self.hpos else "shop_order_refund"
        refund = self._post(kind, "draft" if self.hpos else COMPLETED, post_parent=order)
        if self.hpos:
            self._upsert(
                "wc_orders", id=refund, status=COMPLETED, type="shop_order_refund", parent_order_id=order,
                currency=EURO, total_amount=Decimal("-5.00"), date_created_gmt=ago(0), date_updated_gmt=ago(0),
            )  # fmt: skip
        self.set_status(order, REFUNDED)
        return refund

    def _hpos_rows(
        self, order: int, email: str, user: int, status: str, total: Decimal, minutes_ago: float
    ) -> None:
        when = ago(minutes_ago)
        rows: dict[str, dict[str, Any]] = {
            "wc_orders": {
                "id": order, "status": status, "type": "shop_order", "currency": EURO, "customer_id": user,
                "billing_email": email or None, "total_amount": total, "tax_amount": Decimal(0),
                "date_created_gmt": when, "date_updated_gmt": when, "parent_order_id": 0, "payment_method": "bacs",
                "payment_method_title": "Überweisung", "ip_address": "127.0.0.1", "user_agent": "x",
                "customer_note": "",
            },
            "wc_order_addresses": {
                "order_id": order, "address_type": "billing", "first_name": "Ada", "last_name": "Löwe",
                "email": email or None, "country": "DE",
            },
            "wc_order_operational_data": {
                "order_id": order, "created_via": "checkout", "order_key": "wc_order_x", "cart_hash": "0" * 32,
                "prices_include_tax": 1, "order_stock_reduced": 0,
            },
        }  # fmt: skip
        for table, values in rows.items():
            self._upsert(table, **values)
