"""Carts, and the contexts that say whose they are.

By the statements of ``CartPersister``, ``SalesChannelContextPersister``, ``CartRestorer``, ``RegisterRoute`` and
``LogoutRoute``. None of them opens a transaction.
"""

import json
import secrets
import string
import uuid
from typing import Any

from fakes.shopware.catalogue import SYSTEM_LANGUAGE, named
from fakes.shopware.payload import PLAIN, Cart
from fakes.shopware.statements import Writer, stored

STOREFRONT, OUTLET = named("Storefront"), named("Outlet")
_LOGGED_OFF = {"customerId": None, "billingAddressId": None, "shippingAddressId": None}


def new_token() -> str:
    """``Random::getAlphanumericString(32)``."""
    return "".join(secrets.choice(string.ascii_letters + string.digits) for _ in range(32))


class Carts(Writer):
    """``compressed``: how carts are packed. ``old``: as Shopware 6.5 writes them, whose carts have further columns."""

    compressed = PLAIN
    old = False

    def save(self, token: str, cart: Cart) -> None:
        """``CartPersister::save``: whenever a line was changed, and at those page views that found something new."""
        if not cart.lines:
            self.delete(token)
            return
        moment = "updated_at" if self.old else "created_at"
        self._run(
            "INSERT INTO `cart` (`token`, `payload`, `rule_ids`, `compressed`, `created_at`) "
            "VALUES (%(token)s, %(payload)s, %(rule_ids)s, %(compressed)s, %(now)s) "
            "ON DUPLICATE KEY UPDATE `payload` = %(payload)s, `compressed` = %(compressed)s, "
            f"`rule_ids` = %(rule_ids)s, `{moment}` = %(now)s",
            {
                "token": token,
                "payload": cart.packed(token, self.compressed),
                "rule_ids": json.dumps([cart.rule] if cart.rule else []),
                "compressed": self.compressed,
                "now": self._now(),
            },
        )

    def look_at_a_page(self, token: str, cart: Cart) -> None:
        """The rules that match were found anew: another payload, the same cart."""
        cart.rule = uuid.uuid4().hex
        self.save(token, cart)

    def delete(self, token: str) -> None:
        self._run("DELETE FROM `cart` WHERE `token` = %s", (token,))

    def log_in(self, token: str, cart: Cart, customer: str) -> str:
        """Of somebody who has no cart elsewhere: the token changes, then its context says whose it is."""
        token = self._replace(token)
        self._save_context(token, _LOGGED_OFF | {"customerId": customer}, customer)
        self.look_at_a_page(token, cart)
        return token

    def log_in_again(self, guest: str, kept: str, merged: Cart) -> None:
        """Of somebody who has one: what the guest put in goes there, and the guest's cart and context go."""
        self.save(kept, merged)
        self.delete(guest)
        self._run("DELETE FROM sales_channel_api_context WHERE token = %s", (guest,))

    def log_out(self, token: str) -> str:
        """The cart waits for the next time under a token that the browser does not know."""
        return self._replace(token)

    def change_password(self, customer: str) -> None:
        """``revokeAllCustomerTokens``: sessions elsewhere end, and their carts are nobody's."""
        self._run(
            "UPDATE sales_channel_api_context SET payload = %s, customer_id = NULL, updated_at = %s "
            "WHERE customer_id = %s",
            (json.dumps(_LOGGED_OFF), self._now(), stored(customer)),
        )

    def begin_in_the_administration(self, token: str, cart: Cart, customer: str) -> None:
        """An employee makes an order for a customer, who is named in the context's payload only."""
        self._save_context(token, {"customerId": customer, "permissions": {"skipPromotion": True}}, None)
        self.save(token, cart)

    def choose(self, token: str, customer: str, **what: str) -> None:
        """``ContextSwitchRoute``: another currency or language."""
        self._save_context(token, {"customerId": customer} | what, customer)

    def enter_address(self, token: str, cart: Cart, email: str, *, domain: str = "/de") -> tuple[str, str]:
        """``RegisterRoute`` for a guest in the checkout: a customer of its own, another token.

        Returns (token, customer).
        """
        customer = self.register(email, guest=True)
        token = self._replace(token)
        self._save_context(token, _LOGGED_OFF | {"customerId": customer, "domainId": named(domain)}, customer)
        self.look_at_a_page(token, cart)
        return token, customer

    def register(self, email: str, *, guest: bool = False, **more: Any) -> str:
        """A customer's row, of a guest or of somebody with an account. Returns the id."""
        customer = uuid.uuid4().hex
        self._insert("customer", 1000, **{
            "id": customer, "customer_group_id": named("Standard"), "sales_channel_id": STOREFRONT,
            "language_id": SYSTEM_LANGUAGE, "default_billing_address_id": named("address"),
            "default_shipping_address_id": named("address"), "customer_number": customer[:6], "email": email,
            "first_name": "Ada", "last_name": "Löwe", "guest": int(guest), "active": 1,
        } | more)  # fmt: skip
        return customer

    def subscribe(self, email: str, status: str) -> None:
        """``NewsletterSubscribeRoute``: notSet until the link in the mail was clicked, then optIn."""
        self._run("DELETE FROM newsletter_recipient WHERE email = %s", (email,))
        self._insert(
            "newsletter_recipient", id=uuid.uuid4().hex, email=email, status=status, hash=secrets.token_hex(20),
            language_id=SYSTEM_LANGUAGE, sales_channel_id=STOREFRONT,
        )  # fmt: skip

    def _replace(self, token: str) -> str:
        """``SalesChannelContextPersister::replace``."""
        new = new_token()
        self._run(
            "UPDATE `sales_channel_api_context` SET `token` = %s, `updated_at` = %s WHERE `token` = %s",
            (new, self._now(), token),
        )
        self._run("UPDATE `cart` SET `token` = %s WHERE `token` = %s", (new, token))
        return new

    def _save_context(
        self, token: str, payload: dict[str, Any], customer: str | None, channel: str = STOREFRONT
    ) -> None:
        self._run(
            "REPLACE INTO sales_channel_api_context (`token`, `payload`, `sales_channel_id`, `customer_id`, "
            "`updated_at`) VALUES (%s, %s, %s, %s, %s)",
            (token, json.dumps(payload), stored(channel), stored(customer), self._now()),
        )
