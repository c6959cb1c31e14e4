"""What a shop's tables are called and how they hang together: the only place that knows their names.

A preset (one TOML file, see ``presets``) has exactly this form. Two shapes cover the field. *Flat*: each cart row
carries the customer, who is also the cart key. *Header and lines* (the preset has a section ``lines``): a cart header
with the customer, whose id is the cart key, and lines in a second table. Everything that works with a cart's rows
sees ``rows``, which is the same in both.

Pure: nothing is read from a server here. Whether tables and columns exist is checked by ``preflight``.
"""

import re
from collections.abc import Iterator
from functools import cached_property
from typing import Annotated, Any
from zoneinfo import ZoneInfo

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, model_validator

Variables = dict[str, str | int]
"""A preset's variables: pieces of table names, and values that its SELECTs are given."""

KEYS = "keys"
"""The placeholder of every SELECT: the cart keys, or the products' ids, that are asked for."""

PLACEHOLDER = re.compile(r"\{([A-Za-z_]\w*)\}")
_PIECE = re.compile(r"[0-9A-Za-z_$]*")
_TOUCHING = re.compile(r"(?<=[\w$.`])\{[A-Za-z_]\w*\}|\{[A-Za-z_]\w*\}(?=[\w$.`])")


def _name(text: str) -> str:
    if not text or len(text) > 64 or text != text.strip() or any(char in text for char in "\0%.`\r\n"):
        raise ValueError("a table or column name of 1 to 64 characters, without % . and backticks")
    return text


def _in_a_list(value: Any) -> Any:
    return [value] if isinstance(value, str) else value


def _text(value: str | int) -> str:
    return str(value).strip().casefold()


def _zone(text: str) -> str:
    try:
        ZoneInfo(text)
    except (ValueError, OSError, KeyError):
        raise ValueError("a time zone by its IANA name such as Europe/Berlin or UTC") from None
    return text


def _currency(text: str) -> str:
    if not re.fullmatch(r"[A-Z]{3}", text):
        raise ValueError("an ISO 4217 code such as EUR")
    return text


Name = Annotated[str, AfterValidator(_name)]
Names = Annotated[tuple[Name, ...], BeforeValidator(_in_a_list)]
"""One column, or several."""


class _Part(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", strict=False, populate_by_name=True)


class Condition(_Part):
    """Which values of a column count. Text is compared as MySQL does it by default: without regard to case."""

    column: Name
    among: tuple[str | int, ...] | None = Field(None, alias="in")
    not_in: tuple[str | int, ...] | None = None
    is_null: bool | None = None

    @model_validator(mode="after")
    def _one_form(self) -> "Condition":
        given = [name for name in ("among", "not_in", "is_null") if getattr(self, name) is not None]
        if len(given) != 1 or self.among == () or self.not_in == ():
            raise ValueError("column and one of: in = [values], not_in = [values], is_null = true or false")
        return self

    @cached_property
    def _values(self) -> frozenset[str]:
        return frozenset(_text(value) for value in self.among or self.not_in or ())

    def holds(self, value: str | int | bool | None) -> bool:
        """Whether a value of the column counts."""
        if self.is_null is not None:
            return (value is None) is self.is_null
        listed = value is not None and _text(value) in self._values
        return listed is (self.among is not None)


class CartTable(_Part):
    """Flat: the cart rows. With ``lines``: the cart headers.

    ``customer``: whose it is. ``updated``: columns that move with any change. ``open``: of a header, when the cart
    is one. ``email``, ``name``, ``language``: of a guest who left them in the header. ``currency``: the column with
    the code; ``rate``: units of that currency for one of the shop's. ``version``: a column ``cart.x`` or ``lines.x``
    that never falls and rises with each new cart row. ``watch``: further tables whose rows are activity, and their
    column for the cart key (an address that a guest enters, say). ``select``: how cart rows are read with their
    products.
    """

    table: Name
    id: Name | None = None
    customer: Name | None = None
    guests: tuple[str | int, ...] = ()
    created: Name | None = None
    updated: Names = ()
    product: Name | None = None
    quantity: Name | None = None
    price: Name | None = None
    open: Condition | None = None
    email: Name | None = None
    name: Names = ()
    language: Name | None = None
    currency: Name | None = None
    rate: Name | None = None
    version: str | None = None
    watch: dict[Name, Name] = Field(default_factory=dict)
    select: str | None = None


class LineTable(_Part):
    """The lines of a header: ``cart`` holds the header's id. ``select``: how they are read with their products."""

    table: Name
    cart: Name
    product: Name
    quantity: Name
    id: Name | None = None
    created: Name | None = None
    updated: Names = ()
    price: Name | None = None
    select: str | None = None


class OrderTable(_Part):
    """The orders. ``cart``: the cart that was bought; ``customer``: who bought. One of them at least.

    ``bought``: when an order counts (None: always). ``bought_at``: since when.
    """

    table: Name
    id: Name
    bought_at: Name
    cart: Name | None = None
    customer: Name | None = None
    bought: Condition | None = None


class CustomerTable(_Part):
    """The customers. ``consent``: a column that is neither NULL, 0 nor empty for those who may be mailed.

    ``select``: how they are read by cart key instead.
    """

    table: Name | None = None
    id: Name | None = None
    email: Name | None = None
    name: Names = ()
    role: Name | None = None
    language: Name | None = None
    consent: Name | None = None
    select: str | None = None


class ProductTable(_Part):
    """The catalogue. ``watch``: further tables whose rows say something of a product, and their column for it."""

    table: Name
    id: Name
    name: Name | None = None
    description: Name | None = None
    price: Name | None = None
    category: Name | None = None
    image: Name | None = None
    stock: Name | None = None
    watch: dict[Name, Name] = Field(default_factory=dict)
    select: str | None = None


class OrderItems(_Part):
    """What was in the orders: ``order`` holds the order's id. What somebody has bought is not recommended to them."""

    table: Name
    order: Name
    product: Name


class Rows(_Part):
    """The rows of carts, in either shape: cart rows, or lines. ``key``: the column with the cart key."""

    table: Name
    key: Name
    product: Name
    quantity: Name
    id: Name | None
    created: Name | None
    updated: tuple[Name, ...]
    price: Name | None


class Schema(_Part):
    """One shop. ``origin``: the preset's name or file, for messages.

    ``timezone``: of its DATETIME columns; ``currency``: of its prices (None: the setting CURRENCY).
    """

    description: str = ""
    origin: str = "the preset"
    variables: Annotated[Variables, Field(default_factory=dict)]
    timezone: Annotated[str, AfterValidator(_zone)] | None = None
    currency: Annotated[str, AfterValidator(_currency)] | None = None
    cart: CartTable
    lines: LineTable | None = None
    orders: OrderTable
    customers: CustomerTable
    products: ProductTable
    order_items: OrderItems | None = None

    @property
    def header(self) -> CartTable | None:
        """The cart header; None in the flat shape."""
        return None if self.lines is None else self.cart

    @property
    def rows(self) -> Rows:
        """The cart rows or lines."""
        if self.lines is not None:
            fields = self.lines.model_dump(exclude={"cart", "select"})
            return Rows(key=self.lines.cart, **fields)
        cart = self.cart
        fields = cart.model_dump(
            include={"table", "product", "quantity", "id", "created", "updated", "price"}
        )
        return Rows(key=cart.customer, **fields)

    @property
    def rows_select(self) -> str | None:
        """The SELECT that reads the rows with their products; None: plain columns do."""
        return self.cart.select if self.lines is None else self.lines.select

    @property
    def key_column(self) -> tuple[str, str]:
        """Table and column that the cart key comes from."""
        return (self.cart.table, self.cart.id or "") if self.lines else (self.rows.table, self.rows.key)

    @property
    def guests(self) -> frozenset[str | int]:
        """Values of the customer's column that mean nobody, besides NULL."""
        return frozenset({0, "", "0", *self.cart.guests})

    @property
    def version(self) -> tuple[bool, str] | None:
        """(whether it is of the rows, column) of the cart_version; None: the creation of the newest counted row."""
        if self.cart.version is None:
            return None
        place, _, column = self.cart.version.partition(".")
        return (place == "lines" or self.lines is None, column)

    def selects(self) -> dict[str, str]:
        """Section → SELECT of its read, where a preset has one."""
        found = {
            "customers": self.customers.select,
            "lines" if self.lines else "cart": self.rows_select,
            "products": self.products.select,
        }
        return {section: text for section, text in found.items() if text is not None}

    def columns(self) -> dict[str, tuple[str, ...]]:
        """Table name → the columns that must exist."""
        wanted: dict[str, dict[str, None]] = {}
        for _, table, column in self.places():
            wanted.setdefault(table, {})[column] = None
        return {table: tuple(columns) for table, columns in wanted.items()}

    def places(self) -> Iterator[tuple[str, str, str]]:
        """(the preset's key, table, column) of every column that the preset names."""
        for section in ("cart", "lines", "customers", "products", "orders", "order_items"):
            part = getattr(self, section)
            if part is None or part.table is None:
                continue
            for field, value in part:
                if field in {"table", "select", "watch", "guests", "version"} or not value:
                    continue
                for column in value if isinstance(value, tuple) else [value]:
                    yield (
                        f"{section}.{field}",
                        part.table,
                        column.column if isinstance(column, Condition) else column,
                    )
        for section in ("cart", "products"):
            for table, column in getattr(self, section).watch.items():
                yield f"{section}.watch.{table}", table, column
        if self.version is not None:
            of_rows, column = self.version
            yield "cart.version", self.rows.table if of_rows else self.cart.table, column


def fill_in(text: str, variables: Variables) -> str:
    """``text`` with the variables put in that are pieces of names: ``{prefix}cart``, or ``{table}`` alone.

    Raises ValueError for a piece that can't be one.
    """

    def piece(match: re.Match[str]) -> str:
        value = variables.get(match[1])
        if value is None:
            raise ValueError(f"{{{match[1]}}} is no variable; add it to [variables]")
        if not _PIECE.fullmatch(str(value)):
            raise ValueError(
                f"variables.{match[1]}: is {value!r}; a piece of a name has only letters, digits, _ and $"
            )
        return str(value)

    return PLACEHOLDER.sub(piece, text)


def fill_in_names(select: str, variables: Variables) -> str:
    """A SELECT with the pieces of names put in: the placeholders that touch a name. The others stand for values."""
    return _TOUCHING.sub(
        lambda match: match[0] if match[0] == f"{{{KEYS}}}" else fill_in(match[0], variables), select
    )
