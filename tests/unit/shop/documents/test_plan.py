"""Reading whole carts, shop by shop, as their presets would."""

import base64
import json
import zlib
from decimal import Decimal
from typing import Any

import pytest
import zstandard
from fakes.php import Object, serialized

from binlog_watcher.shop.documents.cart import DocumentCart, DocumentLine
from binlog_watcher.shop.documents.errors import DocumentError
from binlog_watcher.shop.documents.preset import DocumentColumn

WOOCOMMERCE = DocumentColumn.model_validate(
    {
        "column": "session_value",
        "codec": "php",
        "lines": "cart|php?.*",
        "product": "product_id",
        "variant": "variation_id",
        "quantity": "quantity",
        "total": ["line_total", "line_tax"],
        "email": "customer|php?.email",
        "name": ["customer|php?.first_name", "customer|php?.last_name"],
        "order": "order_awaiting_payment",
    }
)


def woo_line(**changed: Any) -> dict[str, Any]:
    return {
        "key": "c4ca4238a0b923820dcc509a6f75849b", "product_id": 12, "variation_id": 0, "variation": {},
        "quantity": 2, "data_hash": "b5c1d5ca8bae6d4896cf1807cdf763f0",
        "line_tax_data": {"subtotal": {1: 3.19}, "total": {1: 3.19}},
        "line_subtotal": 16.81, "line_subtotal_tax": 3.19, "line_total": 16.81, "line_tax": 3.19,
    } | changed  # fmt: skip


def woo_session(*lines: dict[str, Any], **more: Any) -> bytes:
    cart = {f"{number:032x}": line for number, line in enumerate(lines)}
    customer = {
        "id": "0",
        "date_modified": "",
        "email": "ada@example.com",
        "first_name": "Ada",
        "last_name": "Löwe",
    }
    root = {
        "cart": serialized(cart), "cart_totals": serialized({"total": "20.00"}),
        "applied_coupons": serialized([]), "removed_cart_contents": serialized([]),
        "customer": serialized(customer), "chosen_payment_method": "bacs", "wc_notices": None,
    } | more  # fmt: skip
    return serialized(root)


def line(product: int | str, quantity: int = 1, price: str | None = None, **more: Any) -> DocumentLine:
    piece = None if price is None else Decimal(price)
    return DocumentLine(
        product=product, quantity=Decimal(quantity), price=piece,
        total=None if piece is None else piece * quantity,
        **{"variant": None, "name": None} | more,
    )  # fmt: skip


def refused(plan: DocumentColumn, document: bytes) -> DocumentError:
    with pytest.raises(DocumentError) as error:
        plan.plan.read(document)
    return error.value


def test_woocommerce() -> None:
    document = woo_session(
        woo_line(), woo_line(product_id=7, variation_id=71, quantity=1, line_total=41.666666666666664,
                             line_tax=8.333333333333334),
        order_awaiting_payment=4711,
    )  # fmt: skip
    assert WOOCOMMERCE.plan.read(document) == DocumentCart(
        lines=(line(12, 2, "10"), line(7, 1, "50", variant=71)),
        email="ada@example.com",
        name="Ada Löwe",
        order=4711,
    )


@pytest.mark.parametrize("cart", [None, False, "", {}, serialized({}), serialized(None)])
def test_an_empty_cart_has_no_lines(cart: Any) -> None:
    assert WOOCOMMERCE.plan.read(woo_session(cart=cart)).lines == ()


def test_a_session_that_has_nothing_but_itself() -> None:
    assert WOOCOMMERCE.plan.read(b"a:0:{}") == DocumentCart(lines=())


def test_a_cart_that_is_no_string_is_read_as_it_is() -> None:
    document = woo_session(cart={"x": woo_line(product_id=5)})
    assert [one.product for one in WOOCOMMERCE.plan.read(document).lines] == [5]


def test_of_several_paths_to_the_product_the_first_that_names_one_counts() -> None:
    column = DocumentColumn.model_validate(
        {
            "column": "cart",
            "codec": "json",
            "lines": "*",
            "product": ["parent", "id"],
            "variant": "id",
            "quantity": "pieces",
        }
    )
    read = column.plan.read(
        b'[{"parent": "aa", "id": "bb", "pieces": 1}, {"parent": null, "id": "cc", "pieces": 2}]'
    )
    assert [(one.product, one.variant) for one in read.lines] == [("aa", "bb"), ("cc", "cc")]
    assert column.content.read(b'[{"id": "cc", "pieces": 1}]').lines[0].product == "cc"
    with pytest.raises(DocumentError, match="product"):
        column.plan.read(b'[{"pieces": 1}]')
    with pytest.raises(ValueError, match="at least 1 item"):
        DocumentColumn.model_validate(
            {"column": "cart", "codec": "json", "lines": "*", "product": [], "quantity": "q"}
        )


def test_a_line_of_no_piece_is_none() -> None:
    lines = WOOCOMMERCE.plan.read(woo_session(woo_line(quantity=0), woo_line(product_id=3))).lines
    assert [one.product for one in lines] == [3]


@pytest.mark.parametrize(
    ("changed", "reason"),
    [
        ({"quantity": -1}, "negative_quantity"),
        ({"quantity": 0.5}, "fractional_quantity"),
        ({"quantity": "1.25"}, "fractional_quantity"),
        ({"quantity": 1_000_001}, "huge_quantity"),
        ({"quantity": 1e300}, "huge_quantity"),
        ({"quantity": float("inf")}, "quantity"),
        ({"quantity": float("nan")}, "quantity"),
        ({"quantity": "two"}, "quantity"),
        ({"quantity": "9" * 40}, "quantity"),
        ({"quantity": True}, "quantity"),
        ({"quantity": None}, "quantity"),
        ({"quantity": {}}, "shape"),
        ({"product_id": None}, "product"),
        ({"product_id": 0}, "product"),
        ({"product_id": ""}, "product"),
        ({"product_id": True}, "product"),
        ({"product_id": 1.5}, "product"),
        ({"product_id": "x" * 129}, "product"),
        ({"product_id": [1]}, "shape"),
        ({"product_id": b"\xff"}, "encoding"),
        ({"line_total": "a lot"}, "price"),
        ({"line_total": 1e12}, "price"),
        ({"line_total": 9e11, "line_tax": 9e11}, "price"),
        ({"line_total": float("inf")}, "price"),
    ],
)
def test_what_a_line_can_not_be(changed: dict[str, Any], reason: str) -> None:
    error = refused(WOOCOMMERCE, woo_session(woo_line(), woo_line(**changed)))
    assert error.reason == reason
    assert error.at > 0  # where the line begins


def test_quantities_and_prices_may_be_text_or_floats() -> None:
    (one,) = WOOCOMMERCE.plan.read(
        woo_session(woo_line(quantity="3", line_total="30.00", line_tax=None, product_id="12"))
    ).lines
    assert one == line(12, 3, "10.00")
    (one,) = WOOCOMMERCE.plan.read(woo_session(woo_line(quantity=3.0, line_total=10, line_tax=0))).lines
    assert (one.quantity, one.price, one.total) == (Decimal(3), Decimal("3.333333"), Decimal(10))


def test_a_line_without_any_price_has_none() -> None:
    (one,) = WOOCOMMERCE.plan.read(woo_session(woo_line(line_total=None, line_tax=""))).lines
    assert (one.price, one.total) == (None, None)


@pytest.mark.parametrize("cart", ["not serialised", 7, serialized(7), serialized("text"), True])
def test_a_cart_of_another_shape_is_refused(cart: Any) -> None:
    assert refused(WOOCOMMERCE, woo_session(cart=cart)).reason == "shape"


def test_a_cart_that_is_cut_off_inside_is_refused() -> None:
    cart = serialized({"x": woo_line()})[:-5]
    assert refused(WOOCOMMERCE, woo_session(cart=cart)).reason == "truncated"


SHOPWARE = DocumentColumn.model_validate(
    {
        "column": "payload",
        "codec": ["zlib?", "zstd?", "php"],
        "lines": "lineItems.elements.*",
        "product": "referencedId",
        "quantity": "quantity",
        "price": "price.unitPrice",
        "line_name": "label",
        "only": {"path": "type", "in": ["product"]},
    }
)
CART = "Shopware\\Core\\Checkout\\Cart\\"


def shopware_line(product: str, quantity: int, price: float, kind: str = "product") -> Object:
    calculated = Object(
        CART + "Price\\Struct\\CalculatedPrice",
        {"*unitPrice": price, "*quantity": quantity, "*totalPrice": price * quantity, "extensions": {}},
    )
    return Object(
        CART + "LineItem\\LineItem",
        {
            "*id": product, "*referencedId": product, "*label": f"Größe {product}", "*quantity": quantity,
            "*type": kind, "*payload": {"productNumber": "SW1"}, "*price": calculated,
        },
    )  # fmt: skip


def shopware_cart(*lines: Object) -> bytes:
    items = Object(
        CART + "LineItem\\LineItemCollection", {"*elements": {str(n): one for n, one in enumerate(lines)}}
    )
    return serialized(
        Object(CART + "Cart", {"*token": "t0k3n", "*lineItems": items, f"{CART}Cart\0ruleIds": ["a"]})
    )


@pytest.mark.parametrize(
    "pack", [bytes, zlib.compress, zstandard.ZstdCompressor().compress], ids=["plain", "gzcompress", "zstd"]
)
def test_shopware(pack: Any) -> None:
    ids = ["0189f0a1b2c3d4e5f60718293a4b5c6d", "0189f0a1b2c3d4e5f60718293a4b5c6e"]
    document = shopware_cart(
        shopware_line(ids[0], 3, 19.99), shopware_line(ids[1], 1, 5.0),
        shopware_line("SAVE10", 1, -6.5, kind="promotion"),
    )  # fmt: skip
    assert SHOPWARE.plan.read(pack(document)) == DocumentCart(
        lines=(
            line(ids[0], 3, "19.99", name=f"Größe {ids[0]}"),
            line(ids[1], 1, "5.0", name=f"Größe {ids[1]}"),
        )
    )


AIMEOS = DocumentColumn.model_validate(
    {
        "column": "content",
        "codec": ["base64", "php"],
        "lines": "products.*",
        "product": 'bdata."order.product.productid"',
        "quantity": 'bdata."order.product.quantity"',
        "price": 'bdata.".price".bdata."price.value"',
        "line_name": 'bdata."order.product.name"',
        "email": 'addresses.payment.0.bdata."order.address.email"',
        "currency": 'price.bdata."price.currencyid"',
    }
)


def test_aimeos() -> None:
    price = Object(
        "Aimeos\\MShop\\Price\\Item\\Standard", {"*bdata": {"price.value": "9.95", "price.currencyid": "EUR"}}
    )
    product = Object(
        "Aimeos\\MShop\\Order\\Item\\Product\\Standard",
        {
            "Aimeos\\MShop\\Order\\Item\\Product\\Base\0attributesMap": None,
            "*bdata": {
                "order.product.productid": "17", "order.product.quantity": 2.0, "order.product.name": "Tee",
                ".price": price,
            },
        },
    )  # fmt: skip
    address = Object(
        "Aimeos\\MShop\\Order\\Item\\Address\\Standard", {"*bdata": {"order.address.email": "a@b.example"}}
    )
    basket = Object(
        "Aimeos\\MShop\\Order\\Item\\Standard",
        {"*products": {0: product}, "*addresses": {"payment": {0: address}}, "*price": price},
    )
    assert AIMEOS.plan.read(base64.b64encode(serialized(basket))) == DocumentCart(
        lines=(line(17, 2, "9.95", name="Tee"),), email="a@b.example", currency="EUR"
    )


VIRTUEMART = {
    "column": "cartData",
    "codec": "json",
    "lines": "cartProductsData.*",
    "product": "virtuemart_product_id",
    "quantity": "quantity",
    "email": "BT.email",
    "name": ["BT.first_name", "BT.last_name"],
    "order": "virtuemart_order_id",
}


def test_virtuemart() -> None:
    cart = {
        "cartProductsData": [{"virtuemart_product_id": 5, "quantity": 1, "customProductData": []}],
        "vendorId": 1, "BT": {"email": "b@example.com", "first_name": "Bo"}, "ST": 0,
        "virtuemart_order_id": False,
    }  # fmt: skip
    plan = DocumentColumn.model_validate(VIRTUEMART).plan
    assert plan.read(json.dumps(cart).encode()) == DocumentCart(
        lines=(line(5),), email="b@example.com", name="Bo"
    )
    # json_encode makes an object of a list with holes, and the addresses of a new cart are 0
    holes = cart | {"cartProductsData": {"1": {"virtuemart_product_id": "6", "quantity": "2"}}, "BT": 0}
    assert plan.read(json.dumps(holes).encode()) == DocumentCart(lines=(line(6, 2),))


def test_virtuemart_in_the_session_of_joomla() -> None:
    plan = DocumentColumn.model_validate(
        VIRTUEMART
        | {
            "column": "data",
            "codec": "php-session",
            "lines": "joomla|base64|php.data.__vm.vmcart|json.cartProductsData.*",
            "email": "joomla|base64|php.data.__vm.vmcart|json.BT.email",
            "name": [],
            "order": [],
        }
    ).plan
    cart = json.dumps(
        {"cartProductsData": [{"virtuemart_product_id": 5, "quantity": 1}], "BT": {"email": "b@x.example"}}
    )
    registry = Object(
        "Joomla\\Registry\\Registry",
        {"*data": Object("stdClass", {"__vm": Object("stdClass", {"vmcart": cart})})},
    )
    session = (
        b"__default|" + serialized({"a": 1}) + b"joomla|" + serialized(base64.b64encode(serialized(registry)))
    )
    assert plan.read(session) == DocumentCart(lines=(line(5),), email="b@x.example")


def test_a_home_made_cart_of_product_and_quantity() -> None:
    plan = DocumentColumn.model_validate(
        {"column": "data", "codec": "php-session", "lines": "cart.*", "product": "@key", "quantity": "@value"}
    ).plan
    assert plan.read(b'user|N;cart|a:2:{i:12;i:1;s:4:"A-17";s:1:"3";}').lines == (line(12), line("A-17", 3))


def test_the_first_address_that_is_not_empty_counts() -> None:
    plan = DocumentColumn.model_validate(
        {
            "column": "d",
            "codec": "json",
            "lines": "l.*",
            "product": "p",
            "quantity": "q",
            "email": ["a", "b", "c"],
        }
    ).plan
    assert plan.read(b'{"a": " ", "b": "b@x.example", "c": "c@x.example"}').email == "b@x.example"


def test_lines_in_groups_and_each_in_a_string_of_its_own() -> None:
    plan = DocumentColumn.model_validate(
        {"column": "d", "codec": "json", "lines": "shops.*.lines.*|json", "product": "p", "quantity": "q"}
    ).plan
    document = {
        "shops": {
            "a": {"lines": ['{"p": 1, "q": 1}', '{"p": 2, "q": 1}']},
            "b": {"lines": ['{"p": 3, "q": 4}']},
        }
    }
    assert plan.read(json.dumps(document).encode()).lines == (line(1), line(2), line(3, 4))


def test_conditions_of_lines() -> None:
    def products(condition: dict[str, Any]) -> list[int | str]:
        plan = DocumentColumn.model_validate(
            {"column": "d", "codec": "json", "lines": "*", "product": "p", "quantity": "q"}
            | {"only": condition | {"path": "k"}}
        ).plan
        kinds = [1, 1.0, True, "1", "Gift", None, 0, False, ""]
        document = [{"p": number, "q": 1, "k": kind} for number, kind in enumerate(kinds, 1)]
        return [one.product for one in plan.read(json.dumps(document).encode()).lines]

    assert products({"in": [1]}) == [1, 2, 3, 4]
    assert products({"in": ["gift"]}) == [5]
    assert products({"not_in": [1, "gift"]}) == [6, 7, 8, 9]  # nothing is in no list
    assert products({"is_null": True}) == [6, 9]


def test_a_line_of_a_price_that_no_log_holds_is_refused() -> None:
    plan = DocumentColumn.model_validate(
        {"column": "d", "codec": "json", "lines": "*", "product": "p", "quantity": "q", "price": "c"}
    )
    assert refused(plan, b'[{"p": 1, "q": 1000, "c": 1e9}]').reason == "price"
    assert plan.plan.read(b'[{"p": 1, "q": 999, "c": 1e9}]').lines[0].total == Decimal(999_000_000_000)


def test_the_time_for_lines_is_bounded_too() -> None:
    plan = DocumentColumn.model_validate(
        {"column": "d", "codec": "php", "lines": "*", "product": "@key", "quantity": "@value"}
    ).plan
    document = serialized(dict.fromkeys(range(1, 400), 1))
    assert len(plan.read(document).lines) == 399
    looks = iter([0, *[60_000_000] * 9])  # too few values for a look while they are read
    with pytest.raises(DocumentError) as error:
        plan.read(document, lambda: next(looks))
    assert error.value.reason == "too_slow"
