"""The orders of one address, whoever's row they are under: how they are found, or why they can't be. Pure.

Who has two accounts, or buys as a guest, is one person. Two ways lead from an address to orders: by all customers who
have it, and by the orders that carry it themselves. A way is taken only where indexes lead along it. Aliases: ``v``
the addresses that are asked for, ``w`` the customers who have one, ``o`` the orders.
"""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any

from binlog_watcher.core.cart import Customer
from binlog_watcher.shop.fields import fixed_columns
from binlog_watcher.shop.schema import Schema
from binlog_watcher.shop.sql_text import quote
from binlog_watcher.store.shop_tables.columns import TEXTS, ShopColumns, named
from mailer import parse_address

ADDRESSES = "addresses"
"""The parameter with all addresses that are asked for."""

BY_CUSTOMERS, BY_ORDERS = "account_orders", "address_orders"
"""Parts of the fingerprint, one a way."""

_PLAIN = re.compile(r"[\w.+-]+@[\w.-]+", re.ASCII)
"""An address that is its own normal form, but for capitals."""


@dataclass(frozen=True, slots=True)
class Way:
    """``orders``: joins the orders ``o`` to the addresses ``v``. ``any_case``: whether capitals are small letters.

    ``by_select``: the orders are ``x``, which a SELECT of the preset gives.
    """

    part: str
    orders: str
    any_case: bool
    by_select: bool = False


def ways(schema: Schema, columns: ShopColumns, meant: str = "") -> list[Way]:
    """The ways that can be gone. ``meant``: the filter of the customers ``w``; that of the orders comes with them."""
    found = []
    customers, orders = schema.customers, schema.orders
    from_orders = f"STRAIGHT_JOIN {quote(orders.table)} o ON "
    if why_not_by_customers(schema, columns) is None:
        email = columns.get(customers.table or "", customers.email or "")
        whose, owner = columns.get(orders.table, orders.customer or ""), named("w", customers.id or "")
        same = email.same(named("w", customers.email or ""), "v.address")
        accounts = f"STRAIGHT_JOIN {quote(customers.table or '')} w ON {same}{meant}"
        # Numbers of any size compare as they are; texts may be in collations that don't go together.
        owner = whose.cast(owner) if whose.kind == "text" else owner
        id_of_order = f"{named('o', orders.customer or '')} = {owner}"
        found.append(Way(BY_CUSTOMERS, f"{accounts} {from_orders}{id_of_order}", email.any_case))
    if orders.by_email is not None:
        same = f"{_comparable('x.email')} = {_comparable('v.address')}"
        joined = f"JOIN {selected_orders(orders.by_email)} ON {same}"
        found.append(Way(BY_ORDERS, joined, any_case=True, by_select=True))
    elif why_not_by_orders(schema, columns) is None:
        email = columns.get(orders.table, orders.email or "")
        same = email.same(named("o", orders.email or ""), "v.address")
        found.append(Way(BY_ORDERS, f"{from_orders}{same}", email.any_case))
    return found


def selected_orders(select: str) -> str:
    """What a preset's SELECT of orders gives, as a table ``x``. It may end in a comment."""
    return f"({select.strip().rstrip(';')}\n) x"


def _comparable(text: str) -> str:
    return f"LOWER(CONVERT({text} USING utf8mb4)) COLLATE utf8mb4_bin"


@dataclass(frozen=True, slots=True)
class Missing:
    """What keeps a way from being gone. ``key``: the preset's; ``mend``: what to do; ``follows``: who is mailed."""

    key: str
    what: str
    mend: str = ""
    follows: str = ""


def advice(schema: Schema, columns: ShopColumns) -> Iterator[Missing]:
    """What is missing of each way that can't be gone."""
    there = ways(schema, columns)
    if all(way.part != BY_ORDERS for way in there):
        if (missing := why_not_by_customers(schema, columns)) is not None:
            yield replace(
                missing,
                follows="whoever bought under another row with the same address is mailed all the same",
            )
        if schema.orders.by_email is None and schema.orders.email is not None:
            missing = why_not_by_orders(schema, columns)
            if missing is not None:
                yield replace(missing, follows="a guest who bought with another cart is mailed all the same")
    for way in there:
        if not way.any_case:
            yield Missing(
                f"{'customers' if way.part == BY_CUSTOMERS else 'orders'}.email",
                "its collation tells capitals from small letters",
                follows="an address is found as the cart's own customer has it, and in small letters",
            )


def why_not_by_customers(schema: Schema, columns: ShopColumns) -> Missing | None:
    """None: orders are found by the customers who have an address."""
    customers, orders = schema.customers, schema.orders
    if orders.customer is None:
        return Missing("orders.customer", "is missing")
    if customers.table is None or customers.id is None or customers.email is None:
        return Missing(
            "customers.email", "is missing", "give table, id and email of the customers beside the select"
        )
    email = columns.get(customers.table, customers.email)
    if email.data_type not in TEXTS:
        return Missing(
            "customers.email", f"{customers.table}.{customers.email} is {email.data_type}, no text"
        )
    kinds = [
        columns.get(*place).kind
        for place in ((customers.table, customers.id), (orders.table, orders.customer))
    ]
    if kinds[0] != kinds[1]:
        return Missing("customers.id", f"is {kinds[0]}, and orders.customer is {kinds[1]}")
    for key, table, name, asked in (
        ("customers.email", customers.table, customers.email, customers.only),
        ("orders.customer", orders.table, orders.customer, (*orders.only, *orders.bought)),
    ):
        if columns.index_to(table, name, fixed=fixed_columns(asked)) != "":
            return no_index(key, table, name)
    return None


def why_not_by_orders(schema: Schema, columns: ShopColumns) -> Missing | None:
    """The same of orders that carry the address themselves."""
    orders = schema.orders
    if orders.email is None:
        return Missing("orders.email", "is missing")
    email = columns.get(orders.table, orders.email)
    if email.data_type not in TEXTS:
        return Missing("orders.email", f"{orders.table}.{orders.email} is {email.data_type}, no text")
    fixed = fixed_columns((*orders.only, *orders.bought))
    if columns.index_to(orders.table, orders.email, fixed=fixed) != "":
        return no_index("orders.email", orders.table, orders.email)
    return None


def no_index(key: str, table: str, name: str) -> Missing:
    """Of a column that is looked up and can't be."""
    return Missing(key, f"no index begins with {table}.{name}", f"CREATE INDEX {name} ON {table} ({name})")


def addresses_of(customer: Customer | None, ways_there: Sequence[Way]) -> list[str]:
    """A customer's address as the shop's other rows may have it, of those spellings that an index can find."""
    if customer is None or customer.address_hash is None or not customer.email or not ways_there:
        return []
    found = [customer.email]
    if not _PLAIN.fullmatch(customer.email):
        found.append(parse_address(customer.email).mailbox)
    if all(way.any_case for way in ways_there):
        return list({text.lower(): text for text in found}.values())
    return list(dict.fromkeys([*found, *(text.lower() for text in found)]))


def address_table(addresses: Sequence[tuple[int, str]]) -> tuple[str, dict[str, Any]]:
    """A derived table ``v`` of (whose, address), and its parameters. It has one row at least."""
    rows = addresses or [(0, "")]
    selects = [f"SELECT %(whose{nth})s AS whose, %(address{nth})s AS address" for nth in range(len(rows))]
    parameters: dict[str, Any] = {ADDRESSES: tuple(address for _, address in rows)}
    for nth, (whose, address) in enumerate(rows):
        parameters |= {f"whose{nth}": whose, f"address{nth}": address}
    return f"({' UNION ALL '.join(selects)}) v", parameters
