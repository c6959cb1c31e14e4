"""What Sylius' order processors make of a cart: prices, promotions, taxes, totals."""

from fakes.shop_statements import Run, ago
from fakes.sylius.flushes import EntityManager


def distribute(amount: int, among: int) -> list[int]:
    """``IntegerDistributor``: the first ones get what is left over."""
    sign, amount = (-1 if amount < 0 else 1), abs(amount)
    each, left = divmod(amount, among)
    return [sign * (each + (number < left)) for number in range(among)]


class OrderProcessor:
    """``process`` a cart. ``tax`` and ``discount``: percent of each line; ``included``: the tax is in the price."""

    def __init__(self, run: Run, manager: EntityManager) -> None:
        self._run = run
        self._manager = manager
        self.tax = 0
        self.included = False
        self.discount = 0
        self.shipping = 0

    def process(self, cart: int, minutes_ago: float) -> None:
        """Adjustments are made anew each time: whether or not they are the same as before."""
        manager = self._manager
        items_total = 0
        for (item,) in self._run("SELECT id FROM sylius_order_item WHERE order_id = %s", (cart,)):
            if item not in manager.removed("sylius_order_item"):
                items_total += self._item(cart, item, minutes_ago)
        self._clear("order_id", cart)
        if self.shipping and items_total:
            manager.persist(
                "sylius_adjustment", order_id=cart, type="shipping", amount=self.shipping, is_neutral=0,
                is_locked=0, details="{}", created_at=ago(minutes_ago), updated_at=ago(minutes_ago),
            )  # fmt: skip
        shipping = self.shipping if items_total else 0
        manager.change(
            "sylius_order",
            cart,
            items_total=items_total,
            adjustments_total=shipping,
            total=items_total + shipping,
        )

    def _item(self, cart: int, item: int, minutes_ago: float) -> int:
        variant, quantity = self._manager.get("sylius_order_item", item, "variant_id", "quantity")
        ((price,),) = self._run(
            "SELECT p.price FROM sylius_channel_pricing p JOIN sylius_channel c ON c.code = p.channel_code "
            "JOIN sylius_order o ON o.channel_id = c.id WHERE o.id = %s AND p.product_variant_id = %s",
            (cart, variant),
        )
        units = self._units(item, quantity, minutes_ago)
        off = distribute(-(price * quantity * self.discount // 100), quantity)
        taxes = distribute(round((price * quantity + sum(off)) * self.tax / 100), quantity)
        units_total = price * quantity
        for unit, less, more in zip(units, off, taxes, strict=True):
            self._clear("order_item_unit_id", unit)
            for kind, amount, neutral in (("order_promotion", less, False), ("tax", more, self.included)):
                if amount:
                    self._manager.persist(
                        "sylius_adjustment", order_item_unit_id=unit, type=kind, amount=amount,
                        is_neutral=int(neutral), is_locked=0, details="{}", created_at=ago(minutes_ago),
                        updated_at=ago(minutes_ago),
                    )  # fmt: skip
            adjustments = less + (0 if self.included else more)
            self._manager.change("sylius_order_item_unit", unit, adjustments_total=adjustments)
            units_total += adjustments
        self._manager.change(
            "sylius_order_item", item, unit_price=price, original_unit_price=price, units_total=units_total,
            total=units_total,
        )  # fmt: skip
        return int(units_total)

    def _units(self, item: int, quantity: int, minutes_ago: float) -> list[int]:
        """As many rows as pieces."""
        there = [
            row
            for (row,) in self._run(
                "SELECT id FROM sylius_order_item_unit WHERE order_item_id = %s ORDER BY id", (item,)
            )
        ]
        for unit in there[quantity:]:
            self._clear("order_item_unit_id", unit)
        self._manager.remove("sylius_order_item_unit", *there[quantity:])
        return there[:quantity] + [
            self._manager.persist(
                "sylius_order_item_unit", order_item_id=item, adjustments_total=0, created_at=ago(minutes_ago),
                updated_at=ago(minutes_ago),
            )
            for _ in range(quantity - len(there))
        ]  # fmt: skip

    def _clear(self, of: str, row: int) -> None:
        rows = self._run(f"SELECT id FROM sylius_adjustment WHERE {of} = %s", (row,))
        self._manager.remove("sylius_adjustment", *(number for (number,) in rows))
