"""Who shops at the Magento: accounts and the newsletter."""

from dataclasses import dataclass
from typing import Any

from fakes.magento.catalogue import EN
from fakes.magento.statements import Together, Writer, insert, update
from fakes.shop_statements import Run, ago

WEBSITE = 1
NOT_LOGGED_IN, GENERAL = 0, 1  # customer groups


@dataclass(frozen=True)
class Customer:
    id: int
    email: str
    firstname: str
    lastname: str

    def columns(self) -> dict[str, Any]:
        """What a quote and an order keep of the customer."""
        return {
            "customer_email": self.email,
            "customer_firstname": self.firstname,
            "customer_lastname": self.lastname,
            "customer_group_id": GENERAL,
        }


class Customers(Writer):
    """They register, and subscribe to the newsletter."""

    def __init__(self, run: Run, *, together: Together | None = None) -> None:
        super().__init__(run, together=together)
        self._customers: dict[int, Customer] = {}

    def register(
        self,
        email: str,
        *,
        firstname: str = "Jane",
        lastname: str = "Doe",
        store: int = EN,
        subscribed: bool = False,
        minutes_ago: float = 0,
    ) -> int:
        """An account; the newsletter's row follows when the account is committed."""
        now = ago(minutes_ago)
        customer = Customer(self._next("customer_entity"), email, firstname, lastname)
        self._customers[customer.id] = customer
        self._run(*insert("customer_entity", entity_id=customer.id, website_id=WEBSITE, email=email,
                          group_id=GENERAL, store_id=store, created_at=now, updated_at=now, is_active=1,
                          created_in="English" if store == EN else "Français", firstname=firstname,
                          lastname=lastname, password_hash="0" * 64 + ":salt:3"))  # fmt: skip
        if subscribed:
            self.subscribe(email, customer=customer.id, store=store, minutes_ago=minutes_ago)
        return customer.id

    def subscribe(
        self,
        email: str,
        *,
        customer: int = 0,
        store: int = EN,
        status: int = 1,
        minutes_ago: float = 0,
    ) -> int:
        """The newsletter. ``status``: 1 subscribed, 2 not active, 3 unsubscribed, 4 unconfirmed."""
        subscriber = self._next("newsletter_subscriber")
        self._run(*insert("newsletter_subscriber", subscriber_id=subscriber, store_id=store,
                          change_status_at=ago(minutes_ago), customer_id=customer, subscriber_email=email,
                          subscriber_status=status, subscriber_confirm_code="c0de" * 8))  # fmt: skip
        return subscriber

    def unsubscribe(self, email: str, *, minutes_ago: float = 0) -> None:
        """The link in a newsletter."""
        self._run(*update("newsletter_subscriber", {"subscriber_email": email},
                          change_status_at=ago(minutes_ago), subscriber_status=3))  # fmt: skip
