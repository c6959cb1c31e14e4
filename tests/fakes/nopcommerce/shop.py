"""A nopCommerce shop on a live server: its tables, its fixed data, and its writes as it makes them.

What is written, in which order, follows nopCommerce 4.70: ``ShoppingCartService``, ``CustomerRegistrationService``,
``OrderProcessingService`` and the checkout's controller. It opens no transactions: each row commits by itself.
"""

from typing import Any

from fakes.nopcommerce import catalogue as of
from fakes.nopcommerce.installation import Installation
from fakes.shop_statements import ago

CART, WISHLIST = 1, 2
PENDING, PROCESSING, CANCELLED = 10, 20, 40
UNPAID, PAID = 10, 30


class NopCommerce(Installation):
    """Writes to a shop as nopCommerce does; ``minutes_ago`` dates what is written."""

    # --- customers ------------------------------------------------------------------------------------------------

    def visitor(self) -> int:
        """Somebody who has come for the first time: a customer without an address."""
        customer = self._insert("Customer", Active=1, CreatedOnUtc=ago(1000), LastActivityDateUtc=ago(0))
        self._role(customer, of.GUESTS)
        return customer

    def register(self, customer: int, email: str, **more: Any) -> int:
        """The visitor makes an account. Returns the customer, who stays the same."""
        self._save(
            "Customer",
            customer,
            **{"Email": email, "Username": email, "FirstName": "Jane", "LastName": "Doe"} | more,
        )
        self._insert("CustomerPassword", CustomerId=customer, Password="x")
        self._role(customer, of.REGISTERED)
        self._run(
            "DELETE FROM `Customer_CustomerRole_Mapping` WHERE `Customer_Id` = %s AND `CustomerRole_Id` = %s",
            (customer, of.GUESTS),
        )
        return customer

    def account(self, email: str = "jane@example.com", **more: Any) -> int:
        return self.register(self.visitor(), email, **more)

    def log_in(self, guest: int, customer: int) -> None:
        """What the guest has put in goes over, row by row; then the guest's rows are taken out."""
        rows = self._run(
            "SELECT `Id`, `ProductId`, `Quantity`, `AttributesXml`, `StoreId`, `ShoppingCartTypeId`, "
            "`CustomerEnteredPrice` FROM `ShoppingCartItem` WHERE `CustomerId` = %s ORDER BY `Id`",
            (guest,),
        )
        for _, product, quantity, attributes, store, kind, price in rows:
            self.add(customer, product, quantity, attributes, store=store, kind=kind, named=price)
        for number, *_ in rows:
            self.remove(number)
        self._save("Customer", customer, LastLoginDateUtc=ago(0))

    def view(self, customer: int) -> None:
        """Any page."""
        self._save("Customer", customer, LastActivityDateUtc=ago(0), LastIpAddress="127.0.0.1")

    def enter_address(self, customer: int, email: str, *, shipping: bool = False) -> None:
        """In the checkout: first the address, then whose it is, then that it is the one to bill."""
        address = self._insert("Address", Email=email, FirstName="Gus", LastName="Guest", City="x")
        self._insert("CustomerAddresses", Address_Id=address, Customer_Id=customer)
        self._save("Customer", customer, **{f"{'Shipping' if shipping else 'Billing'}Address_Id": address})

    def subscribe(self, email: str) -> None:
        self._insert("NewsLetterSubscription", Email=email, Active=1, StoreId=of.FIRST_STORE)

    def _role(self, customer: int, role: int) -> None:
        self._insert("Customer_CustomerRole_Mapping", Customer_Id=customer, CustomerRole_Id=role)

    # --- carts ----------------------------------------------------------------------------------------------------

    def add(
        self, customer: int, product: int, quantity: int = 1, attributes: str | None = None, *,
        store: int = of.FIRST_STORE, kind: int = CART, named: Any = 0, minutes_ago: float = 0,
    ) -> int:  # fmt: skip
        """Put something in, or more of it; ``named``: the price, where the customer names it. Returns the row's id."""
        there = self._run(
            "SELECT `Id`, `Quantity` FROM `ShoppingCartItem` WHERE `CustomerId` = %s AND `ProductId` = %s "
            "AND `StoreId` = %s AND `ShoppingCartTypeId` = %s AND `AttributesXml` <=> %s",
            (customer, product, store, kind, attributes),
        )
        for number, before in there:
            self._save("ShoppingCartItem", number, Quantity=before + quantity, UpdatedOnUtc=ago(minutes_ago))
            return int(number)
        number = self._insert(
            "ShoppingCartItem", CustomerId=customer, ProductId=product, StoreId=store, ShoppingCartTypeId=kind,
            AttributesXml=attributes, CustomerEnteredPrice=named, Quantity=quantity, CreatedOnUtc=ago(minutes_ago),
            UpdatedOnUtc=ago(minutes_ago),
        )  # fmt: skip
        self._save("Customer", customer, HasShoppingCartItems=1)
        return number

    def update_cart(self, item: int, quantity: int) -> None:
        """The cart's form, which sends every line, also those that have not changed."""
        self._save("ShoppingCartItem", item, Quantity=quantity, UpdatedOnUtc=ago(0))

    def remove(self, item: int) -> None:
        ((customer,),) = self._run("SELECT `CustomerId` FROM `ShoppingCartItem` WHERE `Id` = %s", (item,))
        self._delete("ShoppingCartItem", item)
        ((left,),) = self._run("SELECT COUNT(*) FROM `ShoppingCartItem` WHERE `CustomerId` = %s", (customer,))
        self._save("Customer", customer, HasShoppingCartItems=left > 0)

    # --- orders ---------------------------------------------------------------------------------------------------

    def place(self, customer: int, *, paid: bool = False, minutes_ago: float = 0) -> int:
        """Order what is in the first store's cart.

        The address becomes one of the order's own; the cart is emptied line by line. A payment that fails
        writes nothing; one at a provider's pages stays unpaid till that tells of it.
        """
        ((email, account),) = self._run(
            "SELECT a.`Email`, c.`Email` FROM `Customer` c LEFT JOIN `Address` a ON a.`Id` = c.`BillingAddress_Id` "
            "WHERE c.`Id` = %s",
            (customer,),
        )
        address = self._insert("Address", Email=email or account, FirstName="Gus", LastName="Guest", City="x")
        order = self._insert(
            "Order", CustomerId=customer, BillingAddressId=address, StoreId=of.FIRST_STORE, OrderStatusId=PENDING,
            PaymentStatusId=UNPAID, CustomerCurrencyCode="USD", CurrencyRate=1,
            CustomerLanguageId=of.ENGLISH, CreatedOnUtc=ago(minutes_ago),
        )  # fmt: skip
        self._save("Order", order, CustomOrderNumber=str(order))
        for number, product, quantity in self._run(
            "SELECT `Id`, `ProductId`, `Quantity` FROM `ShoppingCartItem` "
            "WHERE `CustomerId` = %s AND `ShoppingCartTypeId` = %s AND `StoreId` = %s ORDER BY `Id`",
            (customer, CART, of.FIRST_STORE),
        ):
            self._insert("OrderItem", OrderId=order, ProductId=product, Quantity=quantity)
            self.remove(number)
        if paid:
            self.pay(order)
        return order

    def pay(self, order: int) -> None:
        self._save("Order", order, PaymentStatusId=PAID, PaidDateUtc=ago(0))
        self._save("Order", order, OrderStatusId=PROCESSING)

    def delete(self, order: int) -> None:
        """By the merchant: it stays, and is shown no more."""
        self._save("Order", order, Deleted=1)

    def cancel(self, order: int) -> None:
        """By the merchant, or by a customer who asked for it."""
        self._save("Order", order, OrderStatusId=CANCELLED)
