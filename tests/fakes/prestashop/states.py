"""The states of PrestaShop's orders as installed, and what a change of the state does to the stock."""

from dataclasses import dataclass

AWAITING_CHEQUE, PAID, PREPARED, SHIPPED, DELIVERED = 1, 2, 3, 4, 5
CANCELED, REFUNDED, PAYMENT_ERROR = 6, 7, 8
BACKORDER_PAID, AWAITING_WIRE, PAID_REMOTELY, BACKORDER_UNPAID, AWAITING_DELIVERY_PAYMENT = 9, 10, 11, 12, 13


@dataclass(frozen=True, slots=True)
class State:
    """The flags of an order state, as installed. ``logable`` is what becomes ``ps_orders.valid``."""

    name: str
    color: str
    invoice: bool = False
    logable: bool = False
    delivery: bool = False
    shipped: bool = False
    paid: bool = False
    send_email: bool = True
    pdf_invoice: bool = False
    module: str = ""


STATES: dict[int, State] = {
    AWAITING_CHEQUE: State("Awaiting check payment", "#34209E", module="ps_checkpayment"),
    PAID: State("Payment accepted", "#3498D8", invoice=True, logable=True, paid=True, pdf_invoice=True),
    PREPARED: State("Processing in progress", "#3498D8", True, True, delivery=True, paid=True),
    SHIPPED: State("Shipped", "#01B887", True, True, True, True, True),
    DELIVERED: State("Delivered", "#01B887", True, True, True, True, True, send_email=False),
    CANCELED: State("Canceled", "#2C3E50"),
    REFUNDED: State("Refunded", "#01B887", invoice=True),
    PAYMENT_ERROR: State("Payment error", "#E74C3C"),
    BACKORDER_PAID: State("On backorder (paid)", "#3498D8", invoice=True, paid=True),
    AWAITING_WIRE: State("Awaiting bank wire payment", "#34209E", module="ps_wirepayment"),
    PAID_REMOTELY: State("Remote payment accepted", "#3498D8", invoice=True, logable=True, paid=True),
    BACKORDER_UNPAID: State("On backorder (not paid)", "#34209E"),
    AWAITING_DELIVERY_PAYMENT: State(
        "Awaiting Cash On Delivery validation", "#34209E", send_email=False, module="ps_cashondelivery"
    ),
}
PUT_BACK = {CANCELED, PAYMENT_ERROR}
"""The states in which an order holds no stock."""


def stock_sign(before: int, after: int) -> int:
    """1: the goods go back into stock with that change of state, -1: they are taken again, 0: neither."""
    if not before:
        return 0
    old, new = STATES[before], STATES[after]
    if new.logable and not old.logable:
        return -1 if before in PUT_BACK else 0
    if not new.logable and after in PUT_BACK:
        return 1 if old.logable or before not in PUT_BACK else 0
    return 0
