"""Who shops at the PrestaShop, as its ``Customer`` and ``Context`` write it."""

from fakes.prestashop.catalogue import CUSTOMERS, ENGLISH, GUESTS
from fakes.prestashop.statements import ZERO_DATE, ZERO_TIME, Writer
from fakes.shop_statements import ago


class Customers(Writer):
    """They register, and log in with a cart in hand."""

    def register(
        self,
        email: str,
        *,
        firstname: str = "Jane",
        lastname: str = "Doe",
        language: int = ENGLISH,
        newsletter: int = 0,
        is_guest: int = 0,
        minutes_ago: float = 0,
    ) -> int:
        """A new customer; ``is_guest``: one who orders without an account. Returns the id; ``login`` comes after."""
        customer, now = self._next("customer"), ago(minutes_ago)
        self._insert(
            "customer",
            id_customer=customer,
            id_shop_group=1,
            id_shop=1,
            id_gender=0,
            id_default_group=GUESTS if is_guest else CUSTOMERS,
            id_lang=language,
            id_risk=0,
            firstname=firstname,
            lastname=lastname,
            email=email,
            passwd="$2y$10$" + "x" * 53,
            last_passwd_gen=now,
            birthday=ZERO_DATE,
            newsletter=newsletter,
            newsletter_date_add=now if newsletter else ZERO_TIME,
            max_payment_days=0,
            secure_key=f"{customer:032x}",
            active=1,
            is_guest=is_guest,
            date_add=now,
            date_upd=now,
            reset_password_validity=ZERO_TIME,
        )
        return customer

    def login(self, cart: int, customer: int, *, address: int = 0, minutes_ago: float = 0) -> None:
        """A visitor with a filled cart logs in, registers, or leaves an address as a guest in the checkout.

        ``address``: the customer's first one. It is part of the primary key of the cart's lines, so they all move.
        """
        now = ago(minutes_ago)
        [(secure_key,)] = self._run("SELECT secure_key FROM ps_customer WHERE id_customer = %s", (customer,))
        owner = {
            "id_customer": customer,
            "secure_key": secure_key,
            "id_carrier": 0,
            "delivery_option": "",
            "id_address_delivery": address,
            "id_address_invoice": address,
            "date_upd": now,
        }
        [(before,)] = self._run("SELECT id_address_delivery FROM ps_cart WHERE id_cart = %s", (cart,))
        self._update("cart", cart, **owner)
        self._run(
            "UPDATE ps_cart_product SET id_address_delivery = %s WHERE id_cart = %s AND id_address_delivery = %s",
            (address, cart, before),
        )
        self._update("cart", cart, **owner)
