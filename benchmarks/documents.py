"""What it costs to read carts out of documents: WooCommerce's sessions of 1, 10 and 40 KB, in one process.

``unchanged``: the test whether an update touched the cart, which nine of ten did not. ``read``: decoding one.
Processor time, so that other programs on the machine count little.
"""

import argparse
import random
import time
from collections.abc import Callable

from figures import figure, machine, progress

from binlog_watcher.shop.documents.preset import DocumentColumn

_PRESET = DocumentColumn.model_validate(
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
_SIZES = {1: 1, 10: 4, 40: 20}  # KB → lines


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument(
        "--documents", type=int, default=5000, help="a round and size; by default %(default)s"
    )
    options = parser.parse_args()
    progress(machine())
    for kilobytes, lines in _SIZES.items():
        updates = [update(number, kilobytes * 1000, lines) for number in range(200)]
        size = sum(len(after) for _, after, _ in updates) / len(updates)
        progress(f"{kilobytes} KB: {size:.0f} bytes on average, {lines} lines")
        read, same, mixed = [], [], []
        for _ in range(options.rounds):
            seconds = _seconds(updates, options.documents, lambda _, after, __: _PRESET.plan.read(after))
            read.append(seconds)
            same.append(_seconds(updates, options.documents, _compare))
            mixed.append(_seconds(updates, options.documents, _take))
        figure(f"documents.read_{kilobytes}kb_per_s", [1 / one for one in read], "documents/s")
        figure(f"documents.read_{kilobytes}kb_mb_per_s", [size / one / 1e6 for one in read], "MB/s")
        figure(f"documents.unchanged_{kilobytes}kb_per_s", [1 / one for one in same], "updates/s")
        figure(f"documents.updates_{kilobytes}kb_per_s", [1 / one for one in mixed], "updates/s")
    progress(machine())


def _compare(before: bytes, after: bytes, changed: bool) -> None:
    assert _PRESET.sameness.unchanged(before, after) is not changed


def _take(before: bytes, after: bytes, _: bool) -> None:
    """An update as the service would take it: compared, and read where it touched the cart."""
    if not _PRESET.sameness.unchanged(before, after):
        _PRESET.plan.read(after, time.monotonic_ns)


def _seconds(
    updates: list[tuple[bytes, bytes, bool]], count: int, work: Callable[[bytes, bytes, bool], object]
) -> float:
    """Processor seconds a document."""
    started = time.process_time()
    for number in range(count):
        work(*updates[number % len(updates)])
    return (time.process_time() - started) / count


def update(seed: int, size: int, lines: int) -> tuple[bytes, bytes, bool]:
    """(before, after, whether the cart changed): one of ten does; the others move a notice and the totals."""
    draw = random.Random(seed)
    changed = seed % 10 == 0
    cart = [(draw.randrange(10**5), draw.randrange(10**5), draw.randint(1, 5)) for _ in range(lines)]
    grown = [(product, variant, quantity + changed) for product, variant, quantity in cart]
    return session(cart, size, "a"), session(grown, size, "bb"), changed


def views(seed: int, size: int, lines: int, updates: int) -> list[bytes]:
    """A session as it was written first, and after each update; the cart changes half way."""
    draw = random.Random(seed)
    cart = [(draw.randrange(10**5), draw.randrange(10**5), draw.randint(1, 5)) for _ in range(lines)]
    grown = [(product, variant, quantity + 1) for product, variant, quantity in cart]
    return [
        session(grown if view > updates // 2 else cart, size, "x" * (view % 7)) for view in range(updates + 1)
    ]


def session(lines: list[tuple[int, int, int]], size: int, notice: str) -> bytes:
    """As WC_Session_Handler writes it: what is no scalar is serialised inside of the serialised array."""
    cart = {f"{product:032x}": _line(product, variant, quantity) for product, variant, quantity in lines}
    customer = dict.fromkeys(("phone", "city", "postcode", "address_1", "state", "country", "company"), "x")
    root: dict[str, object] = {
        "cart": _php(cart),
        "cart_totals": _php({"subtotal": notice, "total": notice, "shipping_taxes": {}}),
        "applied_coupons": _php({}), "coupon_discount_totals": _php({}), "coupon_discount_tax_totals": _php({}),
        "removed_cart_contents": _php({}),
        "customer": _php(customer | {"email": "ada@example.com", "first_name": "Ada", "last_name": "Lovelace"}),
        "wc_notices": _php({"notice": notice}), "chosen_shipping_methods": _php({0: "flat_rate:1"}),
        "previous_shipping_methods": _php({0: {0: "flat_rate:1"}}), "chosen_payment_method": "bacs",
        "shipping_method_counts": _php({0: 1}), "order_awaiting_payment": 4711, "store_api_draft_order": 0,
    }  # fmt: skip
    rest = size - len(_php(root))
    root["shipping_for_package_0"] = "r" * max(rest, 0)
    return _php(root)


def _line(product: int, variant: int, quantity: int) -> dict[str, object]:
    taxes = {"subtotal": {1: 3.19}, "total": {1: 3.19}}
    return {
        "key": f"{product:032x}", "product_id": product, "variation_id": variant,
        "variation": {"attribute_pa_size": "large", "attribute_pa_color": "blue"}, "quantity": quantity,
        "data_hash": f"{variant:032x}", "line_tax_data": taxes, "line_subtotal": 16.806722689075631,
        "line_subtotal_tax": 3.193277310924369, "line_total": 16.806722689075631, "line_tax": 3.193277310924369,
        "plugin_options": {"engraving": "x" * 400, "gift": {"wrap": True, "text": "for you" * 20}},
    }  # fmt: skip


def _php(value: object) -> bytes:
    match value:
        case bool():
            return b"b:%d;" % value
        case int():
            return b"i:%d;" % value
        case float():
            return b"d:%a;" % value
        case str():
            return _php(value.encode())
        case bytes():
            return b's:%d:"%s";' % (len(value), value)
        case dict():
            elements = b"".join(_php(key) + _php(one) for key, one in value.items())
            return b"a:%d:{%s}" % (len(value), elements)
    raise TypeError(value)


if __name__ == "__main__":
    main()
