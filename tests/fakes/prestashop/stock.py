"""What is left of each product, and what open orders hold of it."""

from collections.abc import Iterable

from fakes.prestashop.statements import Writer
from fakes.prestashop.states import CANCELED, PAYMENT_ERROR


class Stock(Writer):
    """Quantities per product and combination."""

    def _move_stock(self, product: int, attribute: int, quantity: int) -> None:
        """Change what is left; a product with combinations has a row with their sum, which is written after."""
        for row in dict.fromkeys((attribute, 0)):
            self._run(
                "UPDATE ps_stock_available SET quantity = quantity + %s "
                "WHERE id_product = %s AND id_product_attribute = %s AND id_shop = 1",
                (quantity, product, row),
            )

    def _reserve(self, products: Iterable[int]) -> None:
        """Count what open orders hold, which PrestaShop does anew at each change of a state."""
        for product in sorted(products):
            self._run(
                "UPDATE ps_stock_available s SET s.reserved_quantity = (SELECT "
                "COALESCE(SUM(d.product_quantity - d.product_quantity_refunded), 0) FROM ps_orders o "
                "JOIN ps_order_detail d ON d.id_order = o.id_order "
                "JOIN ps_order_state t ON t.id_order_state = o.current_state "
                "WHERE d.product_id = s.id_product AND d.product_attribute_id = s.id_product_attribute "
                "AND t.shipped <> 1 AND (o.valid = 1 OR o.current_state NOT IN (%s, %s))) "
                "WHERE s.id_product = %s AND s.id_shop = 1",
                (CANCELED, PAYMENT_ERROR, product),
            )
            self._run(
                "UPDATE ps_stock_available SET physical_quantity = quantity + reserved_quantity "
                "WHERE id_product = %s AND id_shop = 1",
                (product,),
            )
