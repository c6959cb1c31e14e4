"""The shop's table and column names: the only place that knows them.

Today one shape is built in, the *flat* one: each cart row carries the user, who is also the cart key.
"""

from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class CartTable:
    """The cart rows."""

    table: str = "cart"
    id: str = "id"
    user_id: str = "user_id"
    product_id: str = "product_id"
    quantity: str = "quantity"
    created_at: str = "created_at"


@dataclass(frozen=True, slots=True)
class UserTable:
    """The customers."""

    table: str = "users"
    id: str = "id"
    name: str = "name"
    email: str = "email"
    role: str = "role"


@dataclass(frozen=True, slots=True)
class ProductTable:
    """The catalogue."""

    table: str = "products"
    id: str = "id"
    name: str = "name"
    description: str = "description"
    price: str = "price"
    category: str = "category"
    image: str = "image"
    stock: str = "stock"


@dataclass(frozen=True, slots=True)
class OrderTable:
    """The orders; a row means that the customer bought what was in the cart."""

    table: str = "orders"
    id: str = "id"
    user_id: str = "user_id"
    total_amount: str = "total_amount"
    created_at: str = "created_at"


@dataclass(frozen=True, slots=True)
class Schema:
    """Every table and column of the shop that Cartwake reads."""

    cart: CartTable = field(default_factory=CartTable)
    users: UserTable = field(default_factory=UserTable)
    products: ProductTable = field(default_factory=ProductTable)
    orders: OrderTable = field(default_factory=OrderTable)

    def columns(self) -> dict[str, tuple[str, ...]]:
        """Table name → the columns that must exist."""
        cart, users, products, orders = self.cart, self.users, self.products, self.orders
        return {
            cart.table: (cart.id, cart.user_id, cart.product_id, cart.quantity, cart.created_at),
            users.table: (users.id, users.name, users.email, users.role),
            products.table: (
                products.id,
                products.name,
                products.description,
                products.price,
                products.category,
                products.image,
                products.stock,
            ),
            orders.table: (orders.id, orders.user_id, orders.total_amount, orders.created_at),
        }


SAMPLE = Schema()
"""The four tables of the sample shop."""
