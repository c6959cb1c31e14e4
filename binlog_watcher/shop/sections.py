"""The sections of a preset, one model each: which tables and columns a kind of shop has. Pure.

``only``, wherever it stands: which rows of the table are meant; the others are no rows to us.
"""

from pydantic import Field

from binlog_watcher.shop.documents.preset import DocumentColumn
from binlog_watcher.shop.fields import Conditions, Name, Names, Section, Watches
from binlog_watcher.shop.moments import MomentColumn, MomentColumns


class CartTable(Section):
    """Flat: the cart rows. With ``lines``: the cart headers. With ``document``: whole carts, one a row.

    ``customer``: whose it is. ``updated``: columns that move with any change. ``open``: of a header, when the cart
    is one. ``email``, ``name``, ``language``: of a guest who left them in the header. ``currency``: the column with
    the code; ``rate``: units of that currency for one of the shop's. ``version``: a column ``cart.x`` or ``lines.x``
    that never falls and rises with each new cart row. ``watch``: further tables whose rows are activity, and their
    column for the cart key (an address that a guest enters, say). ``select``: how cart rows are read with their
    products. ``store``: the storefront that the cart was filled in. ``counts``: the columns whose changes are activity
    (empty: all), or else ``ignore``: those whose are not.
    """

    table: Name
    id: Name | None = None
    customer: Name | None = None
    guests: tuple[str | int, ...] = ()
    created: MomentColumn | None = None
    updated: MomentColumns = ()
    product: Name | None = None
    quantity: Name | None = None
    price: Name | None = None
    open: Conditions = ()
    email: Name | None = None
    name: Names = ()
    language: Name | None = None
    currency: Name | None = None
    rate: Name | None = None
    store: Name | None = None
    version: str | None = None
    only: Conditions = ()
    counts: Names = ()
    ignore: Names = ()
    watch: Watches = Field(default_factory=dict)
    select: str | None = None
    document: DocumentColumn | None = None


class LineTable(Section):
    """The lines of a header: ``cart`` holds the header's id. ``select``: how they are read with their products.

    ``counts``, ``ignore``: as in ``CartTable``.
    """

    table: Name
    cart: Name
    product: Name
    quantity: Name
    id: Name | None = None
    created: MomentColumn | None = None
    updated: MomentColumns = ()
    price: Name | None = None
    only: Conditions = ()
    counts: Names = ()
    ignore: Names = ()
    select: str | None = None


class OrderTable(Section):
    """The orders. ``cart``: the cart that was bought; ``customer``: who bought. One of them at least.

    ``email``: an address that the order carries itself. ``bought``: when an order counts (empty: always).
    ``bought_at``: since when. ``by_customer``, ``by_email``: SELECTs of the orders that count, by whose they are, where
    no column of the table tells. ``unpaid``: a SELECT of those that were cancelled and never paid; one that the cart's
    document still names has bought nothing.

    For reports only: ``total``, in the main unit unless ``hundredths``, of the currency whose code is in ``currency``
    (None: the cart's); ``rate``: units of that currency for one of the total's. ``refunded``: the part of the total
    that was given back. ``stands``: when an order that counts has not been cancelled or refunded since.
    """

    table: Name
    id: Name
    bought_at: MomentColumn
    cart: Name | None = None
    customer: Name | None = None
    email: Name | None = None
    total: Name | None = None
    currency: Name | None = None
    rate: Name | None = None
    refunded: Name | None = None
    hundredths: bool = False
    bought: Conditions = ()
    stands: Conditions = ()
    only: Conditions = ()
    by_customer: str | None = None
    by_email: str | None = None
    unpaid: str | None = None


class CustomerTable(Section):
    """The customers. ``consent``: a column that is neither NULL, 0 nor empty for those who may be mailed.

    ``select``: how they are read by cart key instead. ``table``, ``id`` and ``email`` then tell where else an address
    is found: whoever has it is the same person.
    """

    table: Name | None = None
    id: Name | None = None
    email: Name | None = None
    name: Names = ()
    role: Name | None = None
    language: Name | None = None
    consent: Name | None = None
    only: Conditions = ()
    select: str | None = None


class ProductTable(Section):
    """The catalogue. ``watch``: further tables whose rows say something of a product, and their column for it.

    ``url``: a column with its page; ``url_pattern``: the form of all pages, with ``{id}`` for the product's id: whole
    addresses, or paths from STORE_URL. ``available``: when it is for sale (empty: always); ``stock``: a number of 0
    or less is sold out.
    """

    table: Name
    id: Name
    name: Name | None = None
    description: Name | None = None
    price: Name | None = None
    category: Name | None = None
    image: Name | None = None
    url: Name | None = None
    url_pattern: str | None = None
    stock: Name | None = None
    available: Conditions = ()
    only: Conditions = ()
    watch: Watches = Field(default_factory=dict)
    select: str | None = None


class Refusal(Section):
    """What a shop must not do beside Cartwake: it does where ``select`` gives a row, and ``say`` is what to do then."""

    select: str
    say: str


class OrderItems(Section):
    """What was in the orders: ``order`` holds the order's id.

    What somebody has bought is not recommended to them, and they are not reminded of what they have just bought.
    """

    table: Name
    order: Name
    product: Name
    only: Conditions = ()
