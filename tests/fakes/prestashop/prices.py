"""What makes a price another one: specific prices, customer groups, addresses, taxes."""

from typing import Any

from fakes.prestashop.catalogue import TAX_RULES
from fakes.prestashop.statements import HINT, SHOP_MODE, ZERO_TIME, Writer
from fakes.shop_statements import ago

BELGIUM = 3


class Prices(Writer):
    """As the back office saves them."""

    def specific_price(self, product: int, **columns: Any) -> int:
        """A rule that holds for everybody and always, but for the ``columns``. ``price`` -1: the product's own."""
        rule = self._next("specific_price")
        values: dict[str, Any] = {
            "id_specific_price_rule": 0, "id_cart": 0, "id_shop": 0, "id_shop_group": 0, "id_currency": 0,
            "id_country": 0, "id_group": 0, "id_customer": 0, "id_product_attribute": 0, "price": -1,
            "from_quantity": 1, "reduction": 0, "reduction_tax": 1, "reduction_type": "amount",
            "from": ZERO_TIME, "to": ZERO_TIME,
        }  # fmt: skip
        self._insert("specific_price", id_specific_price=rule, id_product=product, **(values | columns))
        return rule

    def double_rules(self, times: int) -> None:
        """Twice as many rules, and again; each new one is of a product of its own."""
        for _ in range(times):
            self._run(
                f"{SHOP_MODE}INSERT {HINT}INTO ps_specific_price "
                "SELECT r.id_specific_price + n.many, r.id_specific_price_rule, r.id_cart, "
                "1000 + r.id_specific_price + n.many, r.id_shop, r.id_shop_group, r.id_currency, r.id_country, "
                "r.id_group, r.id_customer, r.id_product_attribute, r.price, r.from_quantity, r.reduction, "
                "r.reduction_tax, r.reduction_type, r.`from`, r.`to` "
                "FROM ps_specific_price r, (SELECT COUNT(*) AS many FROM ps_specific_price) n"
            )
        self._run("ANALYZE TABLE ps_specific_price")

    def prefer(self, product: int, *fields: str) -> None:
        """Say for one product which of two rules goes first."""
        self._insert("specific_price_priority", id_product=product, priority=";".join(fields))

    def reduce_for(self, group: int, product: int, reduction: str) -> None:
        """What a group gets off a category's products, as the shop's cache of it has it for each product."""
        self._insert("product_group_reduction_cache", id_product=product, id_group=group, reduction=reduction)

    def move_in(self, customer: int, country: int, *, state: int = 0) -> int:
        """An address of a customer. Returns its id."""
        address = self._next("address")
        self._insert("address", id_address=address, id_country=country, id_state=state, id_customer=customer,
                     alias="Home", lastname="Doe", firstname="Jane", address1="1 Main Street", city="Springfield",
                     date_add=ago(0), date_upd=ago(0))  # fmt: skip
        return address

    def tax(self, percent: int, country: int, *, state: int = 0) -> None:
        """One more rule of the standard rate."""
        tax = self._next("tax")
        self._insert("tax", id_tax=tax, rate=percent)
        self._insert("tax_rule", id_tax_rules_group=TAX_RULES, id_country=country, id_state=state, zipcode_from="0",
                     zipcode_to="0", id_tax=tax, behavior=1, description="")  # fmt: skip
