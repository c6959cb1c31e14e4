"""The statements that find carts by whose they are: for a person who asks, not for the service. Pure."""

from binlog_watcher.shop.sql_text import quote
from binlog_watcher.store.shop_tables.columns import named
from binlog_watcher.store.shop_tables.queries import Queries

ADDRESS = "%(address)s"


def carts_of_customers(queries: Queries) -> str | None:
    """Keys of these customers' carts, open or not, the newest first; None where headers name no customer."""
    header = queries.schema.header
    if header is None or header.customer is None:
        return None
    return _keys(queries, f"{named('h', header.customer)} IN %(customers)s")


def carts_with_address(queries: Queries) -> str | None:
    """Keys of the carts that carry an address themselves; None where headers have none."""
    header = queries.schema.header
    if header is None or header.email is None:
        return None
    email = queries.columns.get(header.table, header.email)
    return _keys(queries, email.same(named("h", header.email), ADDRESS))


def customers_with_address(queries: Queries) -> str | None:
    """Ids of the customers who have an address; None where the preset names no table of them."""
    customers = queries.schema.customers
    if customers.table is None or customers.id is None or customers.email is None:
        return None
    email = queries.columns.get(customers.table, customers.email)
    where = email.same(named("u", customers.email), ADDRESS) + queries.conditions.meant("u")
    return f"SELECT {named('u', customers.id)} FROM {quote(customers.table)} u WHERE {where} LIMIT %(most)s"


def addresses_of_customers(queries: Queries) -> str | None:
    """Addresses of these customers; None where the preset names no table of them."""
    customers = queries.schema.customers
    if customers.table is None or customers.id is None or customers.email is None:
        return None
    return (
        f"SELECT {named('u', customers.email)} FROM {quote(customers.table)} u "
        f"WHERE {named('u', customers.id)} IN %(customers)s{queries.conditions.meant('u')} LIMIT %(most)s"
    )


def _keys(queries: Queries, where: str) -> str:
    header = queries.schema.cart
    key = named("h", header.id or "")
    meant = queries.conditions.meant("h")
    return (
        f"SELECT {key} FROM {quote(header.table)} h WHERE {where}{meant} ORDER BY {key} DESC LIMIT %(most)s"
    )
