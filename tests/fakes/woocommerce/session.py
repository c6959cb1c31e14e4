"""A session's document, as ``WC_Session_Handler`` writes it.

An array of names; what ``WC_Session::set`` gets is serialised by itself first when it is an array, so most values are
strings with a document of their own, and numbers, texts, false and null are not. Order and types of the keys are those
of ``WC_Cart_Session``, ``WC_Cart_Totals``, ``WC_Customer_Data_Store_Session`` and ``WC_Shipping`` of WooCommerce 10.
"""

import hashlib
import json
from collections.abc import Iterable, Mapping
from decimal import ROUND_HALF_UP, Decimal
from typing import Any

from fakes.php import Object, serialized
from fakes.woocommerce.catalogue import TAX_PERCENT, TAX_RATE, Product, Variation, parent_of

_EMPTY_CUSTOMER = (
    "id", "date_modified", "first_name", "last_name", "company", "phone", "email", "address", "address_1", "address_2",
    "city", "state", "postcode", "country", "shipping_first_name", "shipping_last_name", "shipping_company",
    "shipping_phone", "shipping_address", "shipping_address_1", "shipping_address_2", "shipping_city", "shipping_state",
    "shipping_postcode", "shipping_country", "is_vat_exempt", "calculated_shipping",
)  # fmt: skip
"""``$session_keys``; all are strings, those of the billing address have lost their prefix."""

_BESIDE_THE_CART = (
    "applied_coupons", "coupon_discount_totals", "coupon_discount_tax_totals", "removed_cart_contents",
)  # fmt: skip
_OF_THE_CHECKOUT = (
    "store_api_draft_order", "shipping_method_counts", "previous_shipping_methods", "chosen_shipping_methods",
    "shipping_for_package_0",
)  # fmt: skip

SHIPPING = Decimal("4.90")


def line(what: Product | Variation, quantity: int = 1, *, size: str = "", **more: Any) -> dict[str, Any]:
    """One line. ``size``: what was chosen where the variation leaves it open. ``more``: what plugins put there."""
    variation = isinstance(what, Variation)
    product = parent_of(what).id if isinstance(what, Variation) else what.id
    chosen = {name: slug or size for name, slug in what.chosen.items()} if isinstance(what, Variation) else {}
    price = what.price or Decimal(0)
    net, tax = _parts(price * quantity)
    return {
        **more,
        "key": _cart_key(product, what.id if variation else 0, chosen, more),
        "product_id": product,
        "variation_id": what.id if variation else 0,
        "variation": chosen,
        "quantity": quantity,
        "data_hash": _data_hash(what),
        "line_tax_data": {"subtotal": {TAX_RATE: float(tax)}, "total": {TAX_RATE: float(tax)}},
        "line_subtotal": float(net),
        "line_subtotal_tax": float(_cents(tax)),
        "line_total": float(net),
        "line_tax": float(_cents(tax)),
    }


class Session:
    """What a visitor's session holds; ``document`` gives its bytes. Names in ``values`` are those of WooCommerce.

    ``later``: as versions write it that keep nothing that is empty (those with the feature destroy-empty-sessions).
    """

    def __init__(self, *lines: Mapping[str, Any], later: bool = False) -> None:
        self.later = later
        self.values: dict[str, Any] = {}
        self.put_lines(lines)

    def set(self, name: str, value: Any) -> None:
        """``WC_Session::set``: null is a value, and in later versions it takes the name out."""
        if value is None and self.later:
            self.values.pop(name, None)
        else:
            self.values[name] = value

    @property
    def document(self) -> bytes:
        return serialized(
            {
                name: serialized(value) if isinstance(value, list | dict) else value
                for name, value in self.values.items()
            }
        )

    def put_lines(self, lines: Iterable[Mapping[str, Any]]) -> None:
        """``WC_Cart_Session::set_session``: the cart and its totals; later versions keep nothing that is empty."""
        listed = list(lines)
        told: dict[str, Any] = {
            "cart": {one["key"]: dict(one) for one in listed},
            "cart_totals": _totals(listed),
        }
        for name in reversed(told) if self.later else told:
            self.set(name, told[name] if listed or not self.later else None)
        for name in _BESIDE_THE_CART:
            self.set(name, self.values.get(name) or (None if self.later else []))

    def customer(self, **fields: str) -> None:
        """What is known of the customer so far, and ``fields`` besides; nothing is kept of one who typed nothing."""
        known = self.values.get("customer") or dict.fromkeys(_EMPTY_CUSTOMER, "") | {"id": "0"}
        known |= {"shipping_country": fields.get("country", known["shipping_country"])} | fields
        self.values["customer"] = known | {"meta_data": []}

    def notice(self, text: str) -> None:
        """What the next page tells; ``WC()->session`` has it until then."""
        self.values["wc_notices"] = {"success": [{"notice": text, "data": []}]}

    def choose_shipping(self) -> None:
        """The checkout was opened: a rate was calculated, which is an object."""
        rate = "flat_rate:3"
        data = {
            "id": rate, "method_id": "flat_rate", "instance_id": 3, "label": "Päckchen", "cost": str(SHIPPING),
            "taxes": {TAX_RATE: float(SHIPPING * TAX_PERCENT / 100)}, "tax_status": "taxable", "description": "",
            "delivery_time": "",
        }  # fmt: skip
        of = {"Artikel": "Kessel „Größe L“ 🫖 &times; 1"}
        self.values["shipping_for_package_0"] = {
            "package_hash": f"wc_ship_{_md5(repr(self.values['cart']))}",
            "rates": {rate: Object("WC_Shipping_Rate", {"*data": data, "*meta_data": of})},
        }
        self.values["previous_shipping_methods"] = {0: [rate]}
        self.values["chosen_shipping_methods"] = [rate]
        self.values["shipping_method_counts"] = [1]

    def apply_coupon(self, code: str, discount: Decimal) -> None:
        """A fixed discount on the cart: the first line bears it."""
        first = next(iter(self.values["cart"].values()))
        net, tax = _parts(discount)
        first["line_total"] = float(Decimal(str(first["line_total"])) - net)
        first["line_tax"] = float(_cents(Decimal(str(first["line_tax_data"]["total"][TAX_RATE])) - tax))
        first["line_tax_data"]["total"] = {TAX_RATE: first["line_tax"]}
        self.values["cart_totals"] = _totals(list(self.values["cart"].values()))
        self.values["applied_coupons"] = [code]
        self.values["coupon_discount_totals"] = {code: float(net)}
        self.values["coupon_discount_tax_totals"] = {code: float(tax)}

    def remember_removed(self, removed: Mapping[str, Any]) -> None:
        """The line can be put back by a link on the next page: a second place where lines stand, and no cart."""
        self.values["removed_cart_contents"] = {removed["key"]: dict(removed)}

    def empty(self) -> None:
        """``WC_Cart_Session::destroy_cart_session``: all of the cart is null; in later versions it is gone."""
        names = ("cart", "cart_totals", *_BESIDE_THE_CART, "order_awaiting_payment")
        for name in (*names, *_OF_THE_CHECKOUT) if self.later else names:
            if name in self.values:
                self.set(name, None)


def _totals(lines: list[Mapping[str, Any]]) -> dict[str, Any]:
    """``cart_totals``: texts where ``wc_format_decimal`` was called, numbers elsewhere."""
    net = sum((Decimal(str(one["line_total"])) for one in lines), Decimal(0))
    tax = sum((Decimal(str(one["line_tax"])) for one in lines), Decimal(0))
    before = sum((Decimal(str(one["line_subtotal"])) for one in lines), Decimal(0))
    before_tax = sum((Decimal(str(one["line_subtotal_tax"])) for one in lines), Decimal(0))
    return {
        "subtotal": str(_cents(before)),
        "subtotal_tax": float(before_tax),
        "shipping_total": "0",
        "shipping_tax": 0,
        "shipping_taxes": [],
        "discount_total": float(_cents(before - net)),
        "discount_tax": float(_cents(before_tax - tax)),
        "cart_contents_total": str(_cents(net)),
        "cart_contents_tax": float(tax),
        "cart_contents_taxes": {TAX_RATE: float(tax)} if lines else [],
        "fee_total": "0",
        "fee_tax": 0,
        "fee_taxes": [],
        "total": str(_cents(net + tax)),
        "total_tax": float(tax),
    }


def _parts(gross: Decimal) -> tuple[Decimal, Decimal]:
    """Net and tax of a line, to the six digits that WooCommerce calculates with."""
    tax = (gross - gross * 100 / (100 + TAX_PERCENT)).quantize(Decimal("0.000001"), ROUND_HALF_UP)
    return gross - tax, tax


def _md5(text: str) -> str:
    return hashlib.md5(text.encode(), usedforsecurity=False).hexdigest()


def _cents(amount: Decimal) -> Decimal:
    return amount.quantize(Decimal("0.01"), ROUND_HALF_UP)


def _cart_key(product: int, variation: int, chosen: Mapping[str, str], data: Mapping[str, Any]) -> str:
    """``WC_Cart::generate_cart_id``."""
    parts = [str(product), *([str(variation)] if variation else [])]
    parts += ["".join(f"{one}{two}" for one, two in some.items()) for some in (chosen, data) if some]
    return _md5("_".join(parts))


def _data_hash(what: Product | Variation) -> str:
    """``wc_get_cart_item_data_hash``."""
    variation = isinstance(what, Variation)
    told = {
        "type": "variation" if variation else "simple",
        "attributes": what.chosen if isinstance(what, Variation) else "",
    }
    return _md5(json.dumps(told, separators=(",", ":")))
