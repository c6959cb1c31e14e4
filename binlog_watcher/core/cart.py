"""A cart as read from the shop's tables and from our log: what ``decide`` looks at. Pure.

All times are epoch microseconds of MySQL's clock. Only *counted* rows reach this module: created after the newest
order of the customer, the cart or the address (same second = bought), quantity above 0, product exists; ``store``
applies that definition. Of rows whose product is not there, the products' ids do: shops import by deleting and
inserting.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from decimal import ROUND_HALF_UP, Context, Decimal

from binlog_watcher.core.events import CartKey
from binlog_watcher.core.log_status import Status

_EXACT = Context(prec=60)
"""Of a quantity without end, too, the price is known to the cent."""


@dataclass(frozen=True, slots=True)
class Line:
    """One counted cart row with its product. ``price`` is the price of one piece; a rebate's is below 0.

    ``available``: whether the product can be bought just now. ``since_order_us``: how long after an order of the same
    product by the same customer it was put in; None: there was none, or nobody knows. ``variant_id``: of its chosen
    variant, where the shop's cart names one beside the product.
    """

    product_id: int | str
    name: str
    category: str
    price: Decimal
    quantity: int
    image: str | None
    url: str | None = None
    available: bool = True
    since_order_us: int | None = None
    variant_id: int | str | None = None

    def total(self, digits: int) -> Decimal:
        """Price times quantity, rounded half up to so many digits: what stands in the mail's row."""
        smallest = Decimal(1).scaleb(-digits)
        return (self.price * self.quantity).quantize(smallest, ROUND_HALF_UP, context=_EXACT)


@dataclass(frozen=True, slots=True)
class Customer:
    """Whom the cart belongs to. ``address_hash`` is None when there is no valid address.

    ``id`` is None for a guest who left an address with the cart. ``language`` as the shop has it, such as fr_FR.
    ``row_missing``: the cart names a customer who is not in the shop's table; what is known is the header's.
    """

    id: int | str | None
    name: str | None
    email: str | None
    role: str | None
    address_hash: bytes | None
    language: str | None = None
    consent: bool = True
    row_missing: bool = False


@dataclass(frozen=True, slots=True)
class LoggedEpisode:
    """The newest row that the log has for a cart key. ``attempts``: how often it passed the fence.

    ``own_mail``: address and moment of its mail of unknown outcome, when a human has asked to send it again.
    ``ours``: False for an episode of another shop, which is left alone.
    """

    id: int
    version: int
    status: Status
    attempts: int
    next_attempt_us: int | None
    lease_until_us: int | None
    owner_alive: bool = True
    own_mail: tuple[bytes, int] | None = None
    owner: str | None = None
    ours: bool = True


@dataclass(frozen=True, slots=True)
class Recipient:
    """What is known of an address, whichever user has it.

    ``bounced``: it is suppressed since there is no such mailbox, not because somebody opted out.
    """

    last_mail_us: int | None = None
    suppressed: bool = False
    bounced: bool = False

    def held_until_us(self, cooldown_us: int, own_mail_us: int | None = None) -> int:
        """The cool-down: from this moment on the address may be mailed again; 0: at any time.

        ``own_mail_us``: see ``Cart.own_mail_us``. A mail holds back every other one, but not itself.
        """
        if self.last_mail_us is None or self.last_mail_us == own_mail_us:
            return 0
        return self.last_mail_us + cooldown_us


@dataclass(frozen=True, slots=True)
class Cart:
    """One cart as read from the database. ``fingerprint`` lets the fence see any later change.

    ``customer_id``: whom the shop says it belongs to, None for a guest. ``version``: docs/design.md,
    *Episodes*; ``created_us``: creation of the newest counted row (None: the version is that).
    ``activity_us``: what the shop's own update columns say, if it has any. ``closed``: the header says that
    it is no cart any more. ``currency``: of the prices (None: the shop's only one); ``rate``: its units for
    one of the shop's currency. ``bought``: products that the customer has bought before, and when last. ``missing``:
    products of rows that would count if these were in the shop; ``lacking_since_us``: since when products, or the
    customer's row, are known to be missing (None: found so just now). ``told_order_us``: an order that the binlog
    told of before the last start, whatever the tables say. ``elsewhere``: the preset's SELECT of customers does not
    know it, so it may be another store's. ``order_id``: of an order that was begun with it;
    ``unpaid_order``: the same, where that was cancelled since nobody paid, so it has bought nothing;
    ``unreadable``: why nobody can tell what is in it. All three of documents. ``store``: the storefront that it was
    filled in, in small letters (None: the shop does not say). ``digits``: of the currency's minor unit, to which its
    rows are rounded.
    """

    key: CartKey
    customer: Customer | None
    lines: tuple[Line, ...]
    version: int | None
    newest_order_us: int | None
    logged: LoggedEpisode | None = None
    recipient: Recipient = field(default_factory=Recipient)
    fingerprint: str = ""
    customer_id: int | str | None = None
    created_us: int | None = None
    activity_us: int | None = None
    closed: bool = False
    currency: str | None = None
    rate: Decimal | None = None
    bought: Mapping[int | str, int | None] = field(default_factory=dict)
    missing: frozenset[int | str] = frozenset()
    lacking_since_us: int | None = None
    told_order_us: int | None = None
    elsewhere: bool = False
    order_id: int | str | None = None
    unpaid_order: int | str | None = None
    unreadable: str | None = None
    store: str | None = None
    digits: int = 2

    def bought_within(self, span_us: int) -> frozenset[int | str]:
        """Products that the customer bought so shortly before the cart, or at an unknown time; none for 0."""
        if not span_us:
            return frozenset()
        since_us = self.newest_row_us - span_us
        return frozenset(
            product for product, at_us in self.bought.items() if at_us is None or at_us > since_us
        )

    @property
    def newest_row_us(self) -> int:
        """Creation of the newest counted row; 0 without one."""
        return self.version or 0 if self.created_us is None else self.created_us

    @property
    def anonymous(self) -> bool:
        """A guest whom nobody can write to: no customer, and no address left with the cart."""
        return self.customer is not None and self.customer.id is None and not self.customer.email

    @property
    def lacks_customer(self) -> bool:
        """Whether it names a customer whose row is not in the shop."""
        return self.customer is None or self.customer.row_missing

    @property
    def own_mail_us(self) -> int | None:
        """When this episode's mail of unknown outcome went to its address, if a human wants it sent again."""
        logged, customer = self.logged, self.customer
        if logged is None or logged.own_mail is None or logged.version != self.version or customer is None:
            return None
        address_hash, mailed_us = logged.own_mail
        return mailed_us if address_hash == customer.address_hash else None

    @property
    def worth(self) -> Decimal:
        """``total`` in the shop's own currency, as far as the rate is known."""
        return self.total / self.rate if self.rate else self.total

    @property
    def total(self) -> Decimal:
        """Sum of its rows, each rounded, before any discount: the mail's subtotal, to the last digit.

        What can't be bought just now is not in it, unless nothing of the cart can.
        """
        payable = [line for line in self.lines if line.available] or self.lines
        return sum((line.total(self.digits) for line in payable), Decimal(0))

    @property
    def item_count(self) -> int:
        """Number of pieces."""
        return sum(line.quantity for line in self.lines)
