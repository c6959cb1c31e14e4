"""The cart, which Magento calls a quote: a visitor's, a customer's, and what a login makes of the two."""

from decimal import Decimal
from typing import Any

from fakes.magento.catalogue import BASE_CURRENCY, CURRENCIES, EN, RATES
from fakes.magento.customers import NOT_LOGGED_IN
from fakes.magento.quote_rows import Quote, QuoteRows, row_amounts
from fakes.magento.statements import Together, delete, insert, update
from fakes.shop_statements import Ago, Run, Statement, ago

_RETAIL_CUSTOMER = 3  # the tax class of both


class Quotes(QuoteRows):
    """Put in, changed, taken out, merged."""

    def __init__(self, run: Run, *, together: Together | None = None) -> None:
        super().__init__(run, together=together)
        self._quotes: dict[int, Quote] = {}

    def new_quote(
        self, *, store: int = EN, customer: int | None = None, active: bool = True, minutes_ago: float = 0
    ) -> int:
        """An empty cart with its two empty addresses."""
        now = ago(minutes_ago)
        quote = Quote(self._next("quote"), store, customer, self._next("quote_address"),
                      self._next("quote_address"))  # fmt: skip
        quote.active = active
        self._quotes[quote.id] = quote
        whose: dict[str, Any] = {"customer_group_id": NOT_LOGGED_IN, "customer_is_guest": 1}
        if customer is not None:
            known = self._customers[customer]
            quote.email = known.email
            whose = {**known.columns(), "customer_is_guest": 0}
        self._commit([
            insert("quote", entity_id=quote.id, store_id=store, created_at=now, updated_at=now, is_active=int(active),
                   is_virtual=0, is_multi_shipping=0, items_count=0, items_qty=0, orig_order_id=0,
                   store_to_base_rate=0, store_to_quote_rate=0, base_currency_code=BASE_CURRENCY,
                   store_currency_code=BASE_CURRENCY, quote_currency_code=CURRENCIES[store], grand_total=0,
                   base_grand_total=0, customer_id=customer, customer_tax_class_id=_RETAIL_CUSTOMER, **whose,
                   remote_ip="192.0.2.1", global_currency_code=BASE_CURRENCY, base_to_global_rate=1,
                   base_to_quote_rate=RATES[store], subtotal=0, base_subtotal=0, subtotal_with_discount=0,
                   base_subtotal_with_discount=0, is_changed=1, trigger_recollect=0),
            *(
                insert("quote_address", address_id=address, quote_id=quote.id, created_at=now, updated_at=now,
                       customer_id=customer, address_type=kind, email=quote.email if customer else None)
                for address, kind in ((quote.billing, "billing"), (quote.shipping, "shipping"))
            ),
        ])  # fmt: skip
        return quote.id

    def back_office_quote(self, customer: int, *, store: int = EN, minutes_ago: float = 0) -> int:
        """What an employee enters or edits an order with: inactive when it is saved first, and as long as it lives.

        As ``Magento\\Backend\\Model\\Session\\Quote`` saves it; the customer is assigned by a second save.
        """
        quote = self.new_quote(store=store, minutes_ago=minutes_ago, active=False)
        cart, known, now = self._quotes[quote], self._customers[customer], ago(minutes_ago)
        cart.customer, cart.email = customer, known.email
        self._commit([
            update("quote", {"entity_id": quote}, updated_at=now, customer_id=customer, customer_is_guest=0,
                   is_changed=1, **known.columns())
        ])  # fmt: skip
        return quote

    def add(self, quote: int, product: int, quantity: float = 1, *, minutes_ago: float = 0) -> int:
        """The row's item_id. What is in the cart already gets a higher quantity, and no second row."""
        cart = self._quotes[quote]
        for line in cart.lines.values():
            if line.product == product:
                self.change_quantity(line.id, float(line.quantity) + quantity, minutes_ago=minutes_ago)
                return line.id
        now = ago(minutes_ago)
        line = self._line(product, _qty(quantity))
        cart.lines[line.id] = line
        self._commit([*self._totals(cart, now), *self._new_rows(cart, line, now, now)])
        return line.id

    def change_quantity(self, item: int, quantity: float, *, minutes_ago: float = 0) -> None:
        """The quantity of a row; a configurable's child keeps its own, which is per piece."""
        cart = self._cart_of(item)
        line = cart.lines[item]
        line.quantity = _qty(quantity)
        now = ago(minutes_ago)
        amounts = row_amounts(line.product, line.quantity, cart.store)
        self._commit([
            *self._totals(cart, now),
            update("quote_item", {"item_id": item}, updated_at=now, qty=line.quantity, **amounts),
        ])  # fmt: skip

    def remove(self, item: int, *, minutes_ago: float = 0) -> None:
        """One row out of the cart. A configurable's goes first, and the server removes the child's with it."""
        cart = self._cart_of(item)
        line = cart.lines.pop(item)
        gone = [delete("quote_item", item_id=row) for row in (line.id, line.child) if row is not None]
        self._commit([*self._totals(cart, ago(minutes_ago)), *gone])

    def enter_email(
        self,
        quote: int,
        email: str,
        firstname: str = "Jane",
        lastname: str = "Doe",
        *,
        billing_only: bool = False,
        minutes_ago: float = 0,
    ) -> None:
        """A guest in the checkout, before the order.

        The email goes into the quote where the storefront says so at once: setGuestEmailOnCart of the GraphQL API,
        and modules that remind of carts. ``billing_only``: the checkout that Magento ships leaves the quote's
        customer_email NULL until the order, and writes it to the billing address in the payment step. The names go
        to the addresses in either case; customer_firstname and customer_lastname follow with the order.
        """
        cart = self._quotes[quote]
        now = ago(minutes_ago)
        address = {"firstname": firstname, "lastname": lastname, "street": "1 Main Street", "city": "Springfield",
                   "postcode": "12345", "country_id": "US", "telephone": "555-0100"}  # fmt: skip
        if not billing_only:
            cart.email = email
            self._commit([
                update("quote", {"entity_id": quote}, updated_at=now, customer_email=email, is_changed=1)
            ])  # fmt: skip
        billing = {**address, "email": email} if billing_only else address
        self._commit([
            update("quote", {"entity_id": quote}, updated_at=now, is_changed=1),
            update("quote_address", {"address_id": cart.billing}, updated_at=now, **billing),
            update("quote_address", {"address_id": cart.shipping}, updated_at=now, **address),
        ])  # fmt: skip

    def login(
        self, guest_quote: int, customer: int, *, headless: bool = False, minutes_ago: float = 0
    ) -> int:
        """The quote that goes on.

        A customer without an open cart takes over the guest's. Otherwise the guest's rows move into the customer's
        cart: as new rows with new ids and their old created_at, or as a higher quantity. Then the storefront deletes
        the guest's quote, and the server its rows; ``headless``: mergeCarts of the GraphQL API sets it inactive.
        """
        guest, now = self._quotes[guest_quote], ago(minutes_ago)
        known = self._customers[customer]
        open_carts = [cart for cart in self._quotes.values() if cart.customer == customer and cart.active]
        if not open_carts:
            guest.customer, guest.email = customer, known.email
            self._commit([
                update("quote", {"entity_id": guest.id}, updated_at=now, customer_id=customer,
                       customer_tax_class_id=_RETAIL_CUSTOMER, customer_is_guest=0, is_changed=1,
                       **known.columns()),
                *(
                    update("quote_address", {"address_id": address}, updated_at=now, customer_id=customer,
                           email=known.email)
                    for address in (guest.billing, guest.shipping)
                ),
            ])  # fmt: skip
            return guest.id
        own = open_carts[-1]
        self._merge(guest, own, now)
        guest.active = False
        if headless:
            self._commit(
                [update("quote", {"entity_id": guest.id}, updated_at=now, is_active=0, is_changed=1)]
            )
        else:
            del self._quotes[guest.id]
            self._run(*delete("quote", entity_id=guest.id))
        return own.id

    def _merge(self, guest: Quote, own: Quote, now: Ago) -> None:
        rows: list[Statement] = []
        for line in guest.lines.values():
            same = next((mine for mine in own.lines.values() if mine.product == line.product), None)
            if same is not None:
                same.quantity += line.quantity
                amounts = row_amounts(same.product, same.quantity, own.store)
                rows.append(
                    update("quote_item", {"item_id": same.id}, updated_at=now, qty=same.quantity, **amounts)
                )
                continue
            # A clone of the loaded row: everything but its id, so also when it was created.
            ((created,),) = self._run("SELECT created_at FROM quote_item WHERE item_id = %s", (line.id,))
            moved = self._line(line.product, line.quantity)
            own.lines[moved.id] = moved
            rows += self._new_rows(own, moved, created, now)
        self._commit([*self._totals(own, now), *rows])

    def expire(self, *quotes: int) -> None:
        """The nightly job that deletes old quotes; their rows go by the foreign key."""
        for quote in quotes:
            del self._quotes[quote]
        marks = ", ".join(["%s"] * len(quotes))
        self._run(f"DELETE FROM `quote` WHERE entity_id IN ({marks})", quotes)

    def _cart_of(self, item: int) -> Quote:
        return next(quote for quote in self._quotes.values() if item in quote.lines)


def _qty(quantity: float) -> Decimal:
    return Decimal(str(quantity))
