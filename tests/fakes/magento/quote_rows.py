"""A quote as this fake remembers it, and the rows that Magento keeps of it."""

import json
from collections.abc import Iterator
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

from fakes.magento.catalogue import CHOICES, PRODUCTS, TAX_PERCENT, base_price, converted, name
from fakes.magento.customers import Customers
from fakes.magento.statements import insert, update
from fakes.shop_statements import Ago, Statement, cents


@dataclass
class Line:
    """A top-level row of quote_item; ``child``: the variant's row."""

    id: int
    product: int
    quantity: Decimal
    child: int | None = None


@dataclass
class Quote:
    id: int
    store: int
    customer: int | None
    billing: int
    shipping: int
    email: str | None = None
    active: bool = True
    reserved: str | None = None
    lines: dict[int, Line] = field(default_factory=dict)


class QuoteRows(Customers):
    """The statements of which each save of a cart is made."""

    def _line(self, product: int, quantity: Decimal) -> Line:
        item = self._next("quote_item")
        return Line(item, product, quantity, self._next("quote_item") if PRODUCTS[product].child else None)

    def _new_rows(self, cart: Quote, line: Line, created: Any, updated: Ago) -> Iterator[Statement]:
        """The row, its options, and those of a configurable's child, which has no prices."""
        product = PRODUCTS[line.product]
        child = PRODUCTS[product.child] if product.child else None
        common: dict[str, Any] = {"quote_id": cart.id, "created_at": created, "updated_at": updated,
                                  "store_id": cart.store, "is_virtual": 0, "is_qty_decimal": 0, "no_discount": 0,
                                  "weight": 1, "free_shipping": 0}  # fmt: skip
        yield insert("quote_item", item_id=line.id, product_id=product.id, parent_item_id=None,
                     sku=child.sku if child else product.sku, name=name(product.id, cart.store),
                     qty=line.quantity, product_type=product.type, **common,
                     **row_amounts(product.id, line.quantity, cart.store))  # fmt: skip
        request = json.dumps({"product": str(product.id), "qty": float(line.quantity)})
        yield self._option(line.id, product.id, "info_buyRequest", request)
        if child is None:
            return
        yield self._option(line.id, product.id, "attributes", _chosen())
        yield self._option(line.id, child.id, f"product_qty_{child.id}", "1")
        yield self._option(line.id, child.id, "simple_product", str(child.id))
        yield insert("quote_item", item_id=line.child, product_id=child.id, parent_item_id=line.id, sku=child.sku,
                     name=name(child.id, cart.store), qty=1, price=0, base_price=0, row_total=0,
                     base_row_total=0, product_type=child.type, **common)  # fmt: skip
        yield self._option(line.child, child.id, "info_buyRequest", request)
        yield self._option(line.child, child.id, "parent_product_id", str(product.id))

    def _option(self, item: int | None, product: int, code: str, value: str) -> Statement:
        option = self._next("quote_item_option")
        return insert("quote_item_option", option_id=option, item_id=item, product_id=product, code=code,
                      value=value)  # fmt: skip

    def _totals(self, cart: Quote, now: Ago) -> list[Statement]:
        """Each save of a cart writes the quote first, then its addresses, then its rows."""
        sums = quote_sums(cart)
        return [
            update("quote", {"entity_id": cart.id}, updated_at=now, items_count=len(cart.lines),
                   items_qty=sum((line.quantity for line in cart.lines.values()), Decimal(0)),
                   grand_total=sums["grand_total"], base_grand_total=sums["base_grand_total"],
                   subtotal=sums["subtotal"], base_subtotal=sums["base_subtotal"],
                   subtotal_with_discount=sums["subtotal"], base_subtotal_with_discount=sums["base_subtotal"],
                   is_changed=1),
            update("quote_address", {"address_id": cart.shipping}, updated_at=now, weight=len(cart.lines),
                   collect_shipping_rates=1, subtotal=sums["subtotal"], base_subtotal=sums["base_subtotal"],
                   subtotal_incl_tax=sums["grand_total"], base_subtotal_total_incl_tax=sums["base_grand_total"],
                   tax_amount=sums["tax_amount"], base_tax_amount=sums["base_tax_amount"],
                   grand_total=sums["grand_total"], base_grand_total=sums["base_grand_total"]),
        ]  # fmt: skip


def _chosen() -> str:
    """The attributes of the one variant that there is, those with lower ids first."""
    return json.dumps(
        {str(one.attribute): str(one.option) for one in sorted(CHOICES, key=lambda one: one.attribute)}
    )


def row_amounts(product: int, quantity: Decimal, store: int) -> dict[str, Decimal]:
    """The money columns of a row of quote_item: base currency in ``price`` and ``base_…``, the quote's in the rest."""
    base = base_price(product)
    own = converted(base, store)
    factor = 1 + TAX_PERCENT[store] / 100
    own_gross, base_gross = cents(own * factor), cents(base * factor)
    return {
        "price": base,
        "base_price": base,
        "tax_percent": TAX_PERCENT[store],
        "tax_amount": (own_gross - own) * quantity,
        "base_tax_amount": (base_gross - base) * quantity,
        "row_total": own * quantity,
        "base_row_total": base * quantity,
        "price_incl_tax": own_gross,
        "base_price_incl_tax": base_gross,
        "row_total_incl_tax": own_gross * quantity,
        "base_row_total_incl_tax": base_gross * quantity,
    }


def quote_sums(cart: Quote) -> dict[str, Decimal]:
    rows = [row_amounts(line.product, line.quantity, cart.store) for line in cart.lines.values()]
    columns = {
        "subtotal": "row_total",
        "base_subtotal": "base_row_total",
        "tax_amount": "tax_amount",
        "base_tax_amount": "base_tax_amount",
        "grand_total": "row_total_incl_tax",
        "base_grand_total": "base_row_total_incl_tax",
    }
    return {total: sum((row[column] for row in rows), Decimal(0)) for total, column in columns.items()}
