"""A visitor's and a customer's cart, as PrestaShop's ``Cart`` writes it."""

from fakes.prestashop.catalogue import ENGLISH, EURO
from fakes.prestashop.statements import HINT, SHOP_MODE, Writer
from fakes.shop_statements import ago


class Carts(Writer):
    """Put in, changed, taken out, looked at."""

    def new_cart(
        self,
        *,
        customer: int = 0,
        guest: int = 0,
        language: int = ENGLISH,
        currency: int = EURO,
        shop: int = 1,
        minutes_ago: float = 0,
    ) -> int:
        """An empty cart, as ``Cart::add`` writes it when a visitor adds a first product. Returns its id.

        Each visitor has a guest id, whether logged in or not; one is made up for ``guest=0``.
        """
        cart, now = self._next("cart"), ago(minutes_ago)
        self._insert(
            "cart",
            id_cart=cart,
            id_shop_group=1,
            id_shop=shop,
            id_address_delivery=0,
            id_address_invoice=0,
            id_carrier=0,
            id_currency=currency,
            id_customer=customer,
            id_guest=guest or self._next("guest"),
            id_lang=language,
            recyclable=0,
            gift=0,
            gift_message="",
            mobile_theme=0,
            delivery_option="",
            secure_key="",  # also for a customer: the next page that reads the cart fills it in
            allow_seperated_package=0,
            date_add=now,
            date_upd=now,
        )
        return cart

    def back_office_cart(self, customer: int, *, minutes_ago: float = 0) -> int:
        """An empty cart for an order that an employee enters, as ``CreateEmptyCustomerCartHandler`` makes it.

        It has no guest, and the customer's key from the start. Up to 1.7.6 also a product that is added to an order
        goes into a new cart like this.
        """
        cart = self.new_cart(customer=customer, minutes_ago=minutes_ago)
        self._run(
            "UPDATE ps_cart c JOIN ps_customer u ON u.id_customer = c.id_customer "
            "SET c.id_guest = 0, c.secure_key = u.secure_key WHERE c.id_cart = %s",
            (cart,),
        )
        return cart

    def add(
        self, cart: int, product: int, quantity: int = 1, *, attribute: int = 0, minutes_ago: float = 0
    ) -> None:
        """Put so many more into the cart. A line that is there keeps its ``date_add``."""
        if self._quantity(cart, product, attribute):
            self._raise(cart, product, attribute, quantity)
        else:
            [(address, shop)] = self._run(
                "SELECT id_address_delivery, id_shop FROM ps_cart WHERE id_cart = %s", (cart,)
            )
            self._insert(
                "cart_product",
                id_product=product,
                id_product_attribute=attribute,
                id_cart=cart,
                id_address_delivery=address,
                id_shop=shop,
                quantity=quantity,
                date_add=ago(minutes_ago),
                id_customization=0,
            )
        self._update("cart", cart, date_upd=ago(minutes_ago))

    def change_quantity(
        self, cart: int, product: int, quantity: int, *, attribute: int = 0, minutes_ago: float = 0
    ) -> None:
        """Set the quantity of a line that is there: PrestaShop adds or subtracts, and deletes at 0."""
        if quantity <= 0:
            self.remove(cart, product, attribute=attribute, minutes_ago=minutes_ago)
            return
        self._raise(cart, product, attribute, quantity - self._quantity(cart, product, attribute))
        self._update("cart", cart, date_upd=ago(minutes_ago))

    def remove(self, cart: int, product: int, *, attribute: int = 0, minutes_ago: float = 0) -> None:
        """Take the line out. The cart's own row stays, also when it was the last line."""
        self._run(
            "DELETE FROM ps_cart_product WHERE id_product = %s AND id_customization = 0 "
            "AND id_product_attribute = %s AND id_cart = %s",
            (product, attribute, cart),
        )
        self._update("cart", cart, date_upd=ago(minutes_ago))

    def give(self, cart: int, product: int, *, attribute: int = 0, minutes_ago: float = 0) -> None:
        """Enter a voucher whose gift goes into the cart, as ``Cart::addCartRule`` does: one piece more of it."""
        rule, now = self._next("cart_rule"), ago(minutes_ago)
        self._insert("cart_rule", id_cart_rule=rule, date_from=now, date_to=ago(-60 * 24), quantity=1,
                     quantity_per_user=1, code=f"GIFT{rule}", gift_product=product,
                     gift_product_attribute=attribute, active=1, date_add=now, date_upd=now)  # fmt: skip
        self._insert("cart_cart_rule", id_cart_rule=rule, id_cart=cart)
        self.add(cart, product, attribute=attribute, minutes_ago=minutes_ago)

    def visit(self, cart: int, *, minutes_ago: float = 0) -> None:
        """Open any page with the cart at hand: a customer's cart is written although its content is the same.

        A missing secure key is filled in, and while the customer has no address PrestaShop looks for one and saves
        the cart on every page. A visitor's cart is left alone.
        """
        self._run(
            f"{SHOP_MODE}UPDATE {HINT}ps_cart c JOIN ps_customer u ON u.id_customer = c.id_customer "
            "SET c.date_upd = UTC_TIMESTAMP() - INTERVAL %s SECOND, c.secure_key = u.secure_key "
            "WHERE c.id_cart = %s AND (c.id_address_delivery = 0 OR c.secure_key IN ('', '-1'))",
            (ago(minutes_ago).seconds, cart),
        )

    def check_out(self, cart: int) -> None:
        """Open the checkout: its state is written into the cart's row, and ``date_upd`` is not."""
        self._update("cart", cart, checkout_session_data='{"checkout-personal-information-step":[]}')

    def choose(
        self, cart: int, *, language: int = ENGLISH, currency: int = EURO, minutes_ago: float = 0
    ) -> None:
        """Look at the shop in another language or currency."""
        self._update("cart", cart, id_lang=language, id_currency=currency, date_upd=ago(minutes_ago))

    def _quantity(self, cart: int, product: int, attribute: int) -> int:
        [(quantity,)] = self._run(
            "SELECT COALESCE(SUM(quantity), 0) FROM ps_cart_product "
            "WHERE id_cart = %s AND id_product = %s AND id_product_attribute = %s",
            (cart, product, attribute),
        )
        return int(quantity)

    def _raise(self, cart: int, product: int, attribute: int, more: int) -> None:
        operation = "+" if more >= 0 else "-"
        self._run(
            f"UPDATE ps_cart_product SET quantity = quantity {operation} %s WHERE id_product = %s "
            "AND id_customization = 0 AND id_product_attribute = %s AND id_cart = %s LIMIT 1",
            (abs(more), product, attribute, cart),
        )
