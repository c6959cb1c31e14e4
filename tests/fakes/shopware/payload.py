"""A cart's payload: the object ``Shopware\\Core\\Checkout\\Cart\\Cart``, serialised, as ``CartCompressor`` packs it.

Classes and properties are those of Shopware 6.6. The delivery's positions are the very objects of the lines: PHP
writes them as references.
"""

import zlib
from collections.abc import Iterable
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

import zstandard
from fakes.php import Object, Reference, serialized, slot_of
from fakes.shopware.catalogue import Product, named

PLAIN, GZIP, ZSTD = 0, 1, 2
"""``cart.compressed``."""

_CART = "Shopware\\Core\\Checkout\\Cart"
_PRICES = f"{_CART}\\Price\\Struct"


def line(what: Product, quantity: int = 1, **more: Any) -> Object:
    """A product's line. ``more``: properties that are to be others, without the star of those that are protected."""
    taxes = _collection(f"{_CART}\\Tax\\Struct\\TaxRuleCollection", {"19": _tax_rule()})
    properties: dict[str, Any] = {
        "payload": {
            "isCloseout": bool(what.closeout), "customFields": [], "createdAt": "2026-09-01 10:00:00.000",
            "productNumber": f"SW-{what.id[:5]}", "categoryIds": [named("Küche")], "optionIds": None,
            "options": [{"group": "Farbe", "option": one} for one in what.options],
            "parentId": None if what.parent is None else what.parent.id, "stock": what.stock,
        },
        "label": what.label, "quantity": quantity,
        "priceDefinition": _struct(
            f"{_PRICES}\\QuantityPriceDefinition", price=float(what.paid), taxRules=taxes, quantity=quantity,
            isCalculated=True,
        ),
        "price": _price(what.paid, quantity),
        "good": True, "description": None, "cover": None, "deliveryInformation": None,
        "children": _collection(f"{_CART}\\LineItem\\LineItemCollection", {}),
        "removable": True, "stackable": True, "modified": False,
        "dataTimestamp": Object("DateTimeImmutable", {
            "date": "2026-11-27 10:00:00.000000", "timezone_type": 3, "timezone": "UTC",
        }),
        "dataContextHash": "0" * 40, "uniqueIdentifier": named(f"{what.id} line"),
        "states": ["is-physical"], "id": what.id, "type": "product", "referencedId": what.id,
    }  # fmt: skip
    return _struct(f"{_CART}\\LineItem\\LineItem", **(properties | more))


def promotion(code: str, discount: Decimal) -> Object:
    """A line that takes something off the others."""
    return _struct(
        f"{_CART}\\LineItem\\LineItem", payload={"code": code, "discountType": "absolute"}, label="10 € Rabatt",
        quantity=1, priceDefinition=None, price=_price(-discount, 1), good=False, cover=None,
        children=_collection(f"{_CART}\\LineItem\\LineItemCollection", {}), removable=True, id=named(code),
        type="promotion", referencedId=code,
    )  # fmt: skip


@dataclass
class Cart:
    """``rule``: what else is written at a page view though the customer has changed nothing."""

    lines: list[Object] = field(default_factory=list)
    rule: str = ""

    def document(self, token: str) -> bytes:
        lines = {str(one.properties["*id"]): one for one in self.lines}
        cart = _cart(token, lines, self.rule, ())
        positions = [Reference(slot_of(cart, one)) for one in lines.values()]
        return serialized(_cart(token, lines, self.rule, positions))

    def packed(self, token: str, compressed: int) -> bytes:
        document = self.document(token)
        if compressed == GZIP:
            return zlib.compress(document, 9)
        return zstandard.ZstdCompressor().compress(document) if compressed == ZSTD else document


def _cart(token: str, lines: dict[str, Object], rule: str, positions: Iterable[Reference]) -> Object:
    total = sum(float(one.properties["*price"].properties["*totalPrice"]) for one in lines.values())
    places = {
        str(nth): _struct(f"{_CART}\\Delivery\\Struct\\DeliveryPosition", lineItem=one, quantity=1)
        for nth, one in enumerate(positions)
    }
    delivery = _struct(
        f"{_CART}\\Delivery\\Struct\\Delivery",
        positions=_collection(f"{_CART}\\Delivery\\Struct\\DeliveryPositionCollection", places),
    )
    cart = _struct(
        f"{_CART}\\Cart",
        price=_struct(f"{_PRICES}\\CartPrice", netPrice=total / 1.19, totalPrice=total, taxStatus="gross"),
        lineItems=_collection(f"{_CART}\\LineItem\\LineItemCollection", lines),
        errors=_collection(f"{_CART}\\Error\\ErrorCollection", {}),
        deliveries=_collection(f"{_CART}\\Delivery\\Struct\\DeliveryCollection", {"0": delivery}),
        modified=False, customerComment=None, affiliateCode=None, campaignCode=None,
        states={}, token=token,
    )  # fmt: skip
    private = {"data": None, "ruleIds": [rule] if rule else [], "behavior": None}
    cart.properties.update({f"{cart.name}\0{name}": value for name, value in private.items()})
    return cart


def _price(piece: Decimal, quantity: int) -> Object:
    return _struct(
        f"{_PRICES}\\CalculatedPrice", unitPrice=float(piece), quantity=quantity, totalPrice=float(piece * quantity),
        calculatedTaxes=_collection(f"{_CART}\\Tax\\Struct\\CalculatedTaxCollection", {}),
        taxRules=_collection(f"{_CART}\\Tax\\Struct\\TaxRuleCollection", {"19": _tax_rule()}),
        referencePrice=None, listPrice=None, regulationPrice=None,
    )  # fmt: skip


def _tax_rule() -> Object:
    return _struct(f"{_CART}\\Tax\\Struct\\TaxRule", taxRate=19.0, percentage=100.0)


def _collection(name: str, elements: dict[str, Any]) -> Object:
    return _struct(name, elements=elements)


def _struct(name: str, **properties: Any) -> Object:
    """What extends ``Struct``: all is protected, and first come the extensions."""
    return Object(name, {"*extensions": [], **{f"*{key}": value for key, value in properties.items()}})
