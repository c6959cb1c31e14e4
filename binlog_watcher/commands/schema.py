"""`cartwake schema`: the presets that come along, and one held against a live database."""

import html
from collections.abc import Iterator, Sequence
from contextlib import closing
from dataclasses import astuple, dataclass, replace

from rich.markup import escape
from rich.table import Table

from binlog_watcher.answers.wording import in_words
from binlog_watcher.core.cart import Cart
from binlog_watcher.core.decision import Decision, decide
from binlog_watcher.core.events import CartKey
from binlog_watcher.doctor.preflight import check_preset, connect
from binlog_watcher.doctor.select_check import PROMISED
from binlog_watcher.service.resources import Resources, resources_of
from binlog_watcher.settings.promises import in_words as promises_in_words
from binlog_watcher.settings.promises import promised, unconfirmed
from binlog_watcher.settings.settings import Settings
from binlog_watcher.settings.types import Promise
from binlog_watcher.shop.presets import load_schema, preset_names
from binlog_watcher.shop.schema import Schema
from binlog_watcher.store.shop_tables.shop import Loaded
from binlog_watcher.store.times import from_us
from mailer import mask

EXAMPLES = 5


@dataclass(frozen=True, slots=True)
class Example:
    """A cart, in words. ``customer`` with a masked address; ``orders``: the newest order that counts.

    ``store``: empty where the preset does not say which storefront it is of.
    """

    key: str
    customer: str
    lines: str
    total: str
    newest_row: str
    orders: str
    decision: str
    store: str = ""


@dataclass(frozen=True, slots=True)
class SchemaReport:
    """``origin``: the preset's; ``database``: the one that it fits.

    ``tables``: (table, role, columns as ``key = column``); ``selects``: (key, columns that it gives).
    ``promised``: what mails promise, a discount without a code marked; ``promises``: of it what nobody has said yes to.
    """

    origin: str
    database: str
    shape: str
    tables: list[tuple[str, str, str]]
    selects: list[tuple[str, str]]
    warnings: list[str]
    examples: list[Example]
    activated: bool
    promises: Sequence[Promise] = ()
    promised: str = "nothing"

    def shown(self) -> Iterator[Table | str]:
        """The report on a terminal."""
        yield f"[bold]{self.origin}[/bold]: {self.shape}, fits {self.database}"
        tables = Table("table", "is", "columns used")
        for row in self.tables:
            tables.add_row(*row)
        yield tables
        for key, columns in self.selects:
            yield f"[bold]{key}[/bold] gives {escape(columns)}"
        for warning in self.warnings:
            yield f"[yellow]could be better:[/yellow] {escape(warning)}"
        yield f"[bold]mails promise[/bold] {escape(self.promised)}"
        if self.promises:
            yield f"[yellow]please confirm:[/yellow] {escape(promises_in_words(self.promises))}"
        yield self._shown_examples() if self.examples else "There are no carts to show."

    def _shown_examples(self) -> Table:
        title = "The newest carts, and what would be decided now"
        columns = ["cart", "customer", "rows that count", "total", "newest row", "newest order", "decision"]
        if any(example.store for example in self.examples):
            columns.append("store")
        table = Table(*columns)
        table.title = title if self.activated else f"{title} if Cartwake had always been there"
        for example in self.examples:
            table.add_row(*(escape(text) for text in astuple(example)[: len(columns)]))
        return table


def presets_shown() -> Table:
    """The presets that come along, and what shops they are for."""
    table = Table("preset", "for")
    for preset in preset_names():
        table.add_row(preset, load_schema(preset).description)
    return table


def check_schema(settings: Settings, schema: Schema) -> SchemaReport:
    """Hold the preset against the database of the settings. Blocking; writes nothing.

    Raises ConfigError with one line a mistake, DatabaseUnavailableError.
    """
    with closing(connect(settings.connection)) as session:
        warnings = check_preset(session, settings.connection, schema, slow_tables=settings.allow_slow_tables)
    resources = resources_of(settings, schema, write=False)
    try:
        keys = resources.scan.newest(EXAMPLES)
        loaded = resources.loader.load(keys) if keys else Loaded({}, {})
        return SchemaReport(
            origin=schema.origin,
            database=settings.mysql_database,
            shape=schema.shape,
            tables=_tables(schema),
            selects=[(key, ", ".join(_promised(key))) for key in schema.selects()],
            warnings=[*warnings, *_of_documents(resources, loaded)],
            examples=_examples(resources, keys, loaded),
            activated=resources.with_log,
            promises=unconfirmed(settings),
            promised=promised(settings),
        )
    finally:
        resources.close()


def _tables(schema: Schema) -> list[tuple[str, str, str]]:
    roles = {
        "cart": {"flat": "rows of carts", "header and lines": "headers of carts"}.get(schema.shape, "carts"),
        "cart.document": "carts",
        "lines": "lines of carts",
        "orders": "orders",
        "customers": "customers (read only)",
        "products": "catalogue",
        "order_items": "what was ordered (read only)",
        "cart.watch": "activity of carts",
        "products.watch": "changes of products",
    }
    found: dict[tuple[str, str], list[str]] = {}
    for key, table, column in schema.places():
        section, _, name = key.partition(".")
        watched = name.startswith("watch.")
        role = roles[f"{section}.watch" if watched else section]
        found.setdefault((table, role), []).append(f"{'key' if watched else name} = {column}")
    return [(table, role, ", ".join(columns)) for (table, role), columns in found.items()]


def _promised(key: str) -> list[str]:
    needed, optional = PROMISED[key]
    return [*needed, *(f"[{name}]" for name in optional)]


def _of_documents(resources: Resources, loaded: Loaded) -> Iterator[str]:
    """A line where nothing can be made of the documents: the paths may be wrong, although they are in order."""
    schema = resources.schema
    reasons = {cart.unreadable for cart in loaded.carts.values()}
    if schema.document is None:
        return
    if loaded.carts and None not in reasons:
        yield (
            f"{schema.origin}: cart.document: none of {len(loaded.carts)} documents that were tried can be read "
            f"({', '.join(sorted(map(str, reasons)))}): do codec and the paths fit?"
        )
    elif not loaded.carts:
        yield f"{schema.origin}: cart.document: no document has a line: does the path in lines fit?"


def _examples(resources: Resources, keys: Sequence[CartKey], loaded: Loaded) -> list[Example]:
    """The newest carts. Before Cartwake was switched on they are decided as if it had always been."""
    policy = resources.policy if resources.with_log else replace(resources.policy, activated_us=0)
    examples = []
    for key in keys:
        cart = loaded.carts.get(key)
        if cart is None:
            why = loaded.unreadable.get(key, "")
            examples.append(Example(str(key), "", "", "", "", "", f"can't be read: {why}"))
        else:
            examples.append(_example(cart, decide(cart, None, resources.clock.now_us(), policy)))
    return examples


def _example(cart: Cart, decision: Decision) -> Example:
    customer = cart.customer
    if customer is None:
        who = f"{cart.customer_id} (not in the customers' table)"
    else:
        who = f"{customer.id or 'guest'} {mask(customer.email) if customer.email else ''}".strip()
    lines = "; ".join(f"{line.quantity} x {html.unescape(line.name)[:40]}" for line in cart.lines[:3])
    more = f" and {len(cart.lines) - 3} more" if len(cart.lines) > 3 else ""
    return Example(
        key=str(cart.key),
        customer=who,
        lines=f"{lines}{more}" or "none",
        total=f"{cart.total:.2f} {cart.currency or ''}".strip(),
        newest_row=_moment(cart.newest_row_us),
        orders=_moment(cart.newest_order_us or 0),
        decision=in_words(decision),
        store=cart.store or "",
    )


def _moment(us: int) -> str:
    if us == 0:
        return "none"
    return f"{from_us(us):%Y-%m-%d %H:%M:%S}" if us < 2**60 else "at an unreadable time"
