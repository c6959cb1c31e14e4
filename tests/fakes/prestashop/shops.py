"""A second shop of the same PrestaShop (multistore)."""

from typing import Any

from fakes.prestashop.statements import Writer
from fakes.shop_statements import ago

SECOND = 2
"""Its id. It has the first one's group, products, texts, pictures and stock, each in rows of its own."""

_OWN_ROWS = {
    "product_shop": "price = price * 2",
    "product_lang": "name = CONCAT('Trade: ', name)",
    "category_lang": "name = CONCAT('Trade: ', name)",
    "product_attribute_shop": "price = price * 3",
    "image_shop": "id_shop = id_shop",
    "currency_shop": "conversion_rate = IF(conversion_rate = 1, 1, 2 * conversion_rate)",
    "stock_available": "id_stock_available = id_stock_available + 1000",
}
"""Table → what is different there."""


class Shops(Writer):
    """As *Advanced Parameters > Multistore* makes them."""

    def open_second(self) -> None:
        self._insert("shop", id_shop=SECOND, id_shop_group=1, name="Trade", color="", id_category=2,
                     theme_name="classic", active=1, deleted=0)  # fmt: skip
        for table, change in _OWN_ROWS.items():
            self._run(f"CREATE TEMPORARY TABLE copied SELECT * FROM ps_{table} WHERE id_shop = 1")
            self._run(f"UPDATE copied SET id_shop = {SECOND}, {change}")
            self._run(f"INSERT INTO ps_{table} SELECT * FROM copied")
            self._run("DROP TEMPORARY TABLE copied")

    def configure(
        self, name: str, value: object, *, shop: int | None = None, group: int | None = None
    ) -> None:
        """A setting of one shop, of one group, or (neither) of all."""
        scope: dict[str, Any] = {"id_shop": shop, "id_shop_group": group}
        self._run(
            "DELETE FROM ps_configuration WHERE name = %s AND id_shop <=> %s AND id_shop_group <=> %s",
            (name, shop, group),
        )
        self._insert("configuration", name=name, value=str(value), date_add=ago(0), date_upd=ago(0), **scope)
