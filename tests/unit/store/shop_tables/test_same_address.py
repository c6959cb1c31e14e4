"""The two ways from an address to orders: when each can be gone, and what is said when it can't."""

from collections.abc import Mapping
from datetime import UTC
from typing import Any

import pytest

from binlog_watcher.core.cart import Customer
from binlog_watcher.shop.presets import SAMPLE, load_schema
from binlog_watcher.shop.schema import Schema
from binlog_watcher.store.shop_tables.columns import ShopColumns
from binlog_watcher.store.shop_tables.same_address import (
    BY_CUSTOMERS,
    BY_ORDERS,
    Way,
    address_table,
    addresses_of,
    advice,
    ways,
)

MAGENTO = load_schema("magento-2")
INDEXED = {"users": "email", "orders": "user_id", "customer_entity": "email", "sales_order": "customer_id"}
ANY_CASE, EXACT = Way(BY_CUSTOMERS, "", True), Way(BY_CUSTOMERS, "", False)


class Dictionary:
    """All columns are numbers but those of ``texts``, by name and collation; ``indexes`` begin with these columns."""

    def __init__(self, schema: Schema, indexes: set[tuple[str, str]], texts: Mapping[str, str]) -> None:
        self._schema = schema
        self._indexes = indexes
        self._texts = texts

    def rows(self, sql: str, _parameters: Any = None) -> list[tuple[Any, ...]]:
        if "STATISTICS" in sql:
            return [(table, column, column, 9) for table, column in self._indexes]
        return [
            (table, name, kind, kind, self._texts.get(name), "NO", None)
            for table, names in self._schema.columns().items()
            for name in names
            for kind in ["varchar" if name in self._texts else "int"]
        ]


def columns(
    schema: Schema, *more: tuple[str, str], without: str = "", collation: str = "utf8mb4_general_ci"
) -> ShopColumns:
    indexes = {(table, column) for table, column in INDEXED.items() if table != without} | {*more}
    texts = {"email": collation, "customer_email": collation}
    return ShopColumns(Dictionary(schema, indexes, texts), schema, UTC)


def test_each_way_is_taken_where_its_indexes_are() -> None:
    assert [way.part for way in ways(SAMPLE, columns(SAMPLE))] == [BY_CUSTOMERS]
    assert [way.part for way in ways(MAGENTO, columns(MAGENTO))] == [BY_CUSTOMERS]
    both = columns(MAGENTO, ("sales_order", "customer_email"))
    assert [way.part for way in ways(MAGENTO, both)] == [BY_CUSTOMERS, BY_ORDERS]
    assert list(advice(MAGENTO, both)) == list(advice(SAMPLE, columns(SAMPLE))) == []


@pytest.mark.parametrize(
    ("schema", "without", "expected"),
    [
        (SAMPLE, "users", ["customers.email: no index begins with users.email; CREATE INDEX email ON users (email)"]),
        (SAMPLE, "orders", ["orders.customer: no index begins with orders.user_id; CREATE INDEX user_id ON"]),
        (MAGENTO, "", ["orders.email: no index begins with sales_order.customer_email; CREATE INDEX"]),
        (
            MAGENTO,
            "customer_entity",
            ["customers.email: no index begins with customer_entity.email", "orders.email: no index begins"],
        ),
    ],
)  # fmt: skip
def test_what_is_missing_is_said_with_the_remedy(schema: Schema, without: str, expected: list[str]) -> None:
    found = list(advice(schema, columns(schema, without=without)))
    said = [f"{one.key}: {one.what}; {one.mend}" for one in found]
    assert [line[: len(begins)] for line, begins in zip(said, expected, strict=True)] == expected
    assert all(one.follows.endswith(" is mailed all the same") for one in found)


def test_a_select_of_customers_alone_does_not_tell_where_addresses_are() -> None:
    schema = MAGENTO.model_copy(
        update={"customers": MAGENTO.customers.model_copy(update={"table": None, "id": None, "email": None})}
    )
    (first, second) = advice(schema, columns(schema))
    assert (first.key, first.what) == ("customers.email", "is missing")
    assert first.mend == "give table, id and email of the customers beside the select"
    assert second.key == "orders.email"
    assert second.what.startswith("no index")


def test_keys_of_two_kinds_and_addresses_that_are_no_text() -> None:
    schema = SAMPLE.model_copy(update={"orders": SAMPLE.orders.model_copy(update={"customer": "email"})})
    (mixed,) = advice(schema, columns(schema))
    assert (mixed.key, mixed.what) == ("customers.id", "is a number, and orders.customer is text")
    schema = SAMPLE.model_copy(update={"customers": SAMPLE.customers.model_copy(update={"email": "role"})})
    (number,) = advice(schema, columns(schema))
    assert (number.key, number.what) == ("customers.email", "users.role is int, no text")


def test_capitals_that_are_told_from_small_letters() -> None:
    exact = columns(SAMPLE, collation="utf8mb4_bin")
    assert [way.any_case for way in ways(SAMPLE, exact)] == [False]
    (told,) = advice(SAMPLE, exact)
    assert (told.key, told.what) == ("customers.email", "its collation tells capitals from small letters")
    for collation in ("utf8mb4_0900_ai_ci", "latin1_swedish_ci", "utf8mb4_uca1400_as_ci"):
        assert [way.any_case for way in ways(SAMPLE, columns(SAMPLE, collation=collation))] == [True]


@pytest.mark.parametrize(
    ("email", "way", "expected"),
    [
        ("Jane@Example.com", ANY_CASE, ["Jane@Example.com"]),
        ("jane@example.com", EXACT, ["jane@example.com"]),
        ("Jane@Example.com", EXACT, ["Jane@Example.com", "jane@example.com"]),
        ("a@müller.example", ANY_CASE, ["a@müller.example", "a@xn--mller-kva.example"]),
        ("mailto:jane@example.com", ANY_CASE, ["mailto:jane@example.com", "jane@example.com"]),
        ("jane@example.com, joe@example.com", ANY_CASE, ["jane@example.com, joe@example.com", "jane@example.com"]),
    ],
)  # fmt: skip
def test_the_spellings_that_are_looked_up(email: str, way: Way, expected: list[str]) -> None:
    customer = Customer(1, None, email, None, b"\1" * 32)
    assert addresses_of(customer, [way]) == expected


def test_nobody_is_looked_up_without_an_address_or_a_way() -> None:
    assert addresses_of(None, [ANY_CASE]) == []
    assert addresses_of(Customer(1, None, "no address", None, None), [ANY_CASE]) == []
    assert addresses_of(Customer(1, None, "jane@example.com", None, b"\1" * 32), []) == []


def test_a_table_of_addresses_has_a_row_at_least() -> None:
    sql, parameters = address_table([(7, "a@example.com"), (7, "b@example.com")])
    assert sql % parameters == (
        "(SELECT 7 AS whose, a@example.com AS address UNION ALL SELECT 7 AS whose, b@example.com AS address) v"
    )
    sql, parameters = address_table([])
    assert sql % parameters == "(SELECT 0 AS whose,  AS address) v"
