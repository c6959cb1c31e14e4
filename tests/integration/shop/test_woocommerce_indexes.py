"""The WooCommerce preset on a shop with thousands of products, users and orders: indexes lead."""

import hashlib
from collections.abc import Iterator, Mapping
from typing import Any

import pytest
from fakes.woocommerce.selects import Selects
from fakes.woocommerce.shop import WooCommerce

from binlog_watcher.demo.server import Server
from binlog_watcher.doctor.select_check import check_select

MANY = 4000
PRODUCTS, VARIATIONS, PICTURES, ORDERS, USERS = 10_000, 20_000, 30_000, 100_000, 1000
"""Where the ids of each begin."""

TABLES = (
    "posts", "postmeta", "users", "usermeta", "woocommerce_sessions", "wc_product_meta_lookup", "term_relationships",
    "wc_orders", "wc_order_stats", "wc_order_product_lookup", "wc_customer_lookup", "options",
)  # fmt: skip


@pytest.fixture(scope="module")
def big(server: Server) -> Iterator[Any]:
    """A connection to the shop; filled once for each server."""
    with server.connect() as connection, connection.cursor() as cursor:
        cursor.execute("DROP DATABASE IF EXISTS woo_big")
        cursor.execute("CREATE DATABASE woo_big")
        cursor.execute("USE woo_big")

        def run(sql: str, parameters: Any = None) -> list[tuple[Any, ...]]:
            cursor.execute(sql, parameters)
            return list(cursor.fetchall())

        WooCommerce(run).create()
        _fill(run)
        yield connection
        cursor.execute("DROP DATABASE woo_big")


def _fill(run: Any) -> None:
    run("CREATE TEMPORARY TABLE numbers (n INT PRIMARY KEY)")
    run(f"INSERT INTO numbers VALUES {', '.join(f'({number})' for number in range(MANY))}")
    texts = "'2026-01-01', '2026-01-01', '', '', '', '', '2026-01-01', '2026-01-01', ''"
    columns = (
        "post_date, post_date_gmt, post_content, post_excerpt, to_ping, pinged, post_modified, post_modified_gmt, "
        "post_content_filtered"
    )
    for first, kind, status, parent in (
        (PRODUCTS, "product", "publish", "0"), (VARIATIONS, "product_variation", "publish", f"{PRODUCTS} + n"),
        (PICTURES, "attachment", "inherit", "0"), (ORDERS, "shop_order", "wc-completed", "0"),
    ):  # fmt: skip
        run(
            f"INSERT INTO wp_posts (ID, post_type, post_status, post_parent, post_title, {columns}) "
            f"SELECT {first} + n, '{kind}', '{status}', {parent}, CONCAT('x', n), {texts} FROM numbers"
        )
    for first, key, value in (
        (PRODUCTS, "_thumbnail_id", f"{PICTURES} + n"), (PICTURES, "_wp_attached_file", "CONCAT('2026/', n, '.jpg')"),
        (PRODUCTS, "_price", "n"), (VARIATIONS, "_thumbnail_id", "0"),
        (ORDERS, "_billing_email", "CONCAT(n, '@example.com')"), (ORDERS, "_customer_user", f"{USERS} + n"),
    ):  # fmt: skip
        run(
            f"INSERT INTO wp_postmeta (post_id, meta_key, meta_value) SELECT {first} + n, '{key}', {value} FROM numbers"
        )
    for first in (PRODUCTS, VARIATIONS):
        run(
            f"INSERT INTO wp_wc_product_meta_lookup (product_id, min_price) SELECT {first} + n, 1 + n FROM numbers"
        )
    run(
        f"INSERT INTO wp_term_relationships (object_id, term_taxonomy_id) SELECT {PRODUCTS} + n, 47 FROM numbers"
    )
    run(f"INSERT INTO wp_users (ID, user_email) SELECT {USERS} + n, CONCAT(n, '@example.com') FROM numbers")
    for key in ("first_name", "last_name", "locale", "wp_capabilities", "session_tokens", "wc_last_active"):
        run(
            f"INSERT INTO wp_usermeta (user_id, meta_key, meta_value) SELECT {USERS} + n, '{key}', 'x' FROM numbers"
        )
    for key in (f"{USERS} + n", "CONCAT('t_', LEFT(SHA2(n, 256), 30))"):
        run(
            "INSERT INTO wp_woocommerce_sessions (session_key, session_value, session_expiry) "
            f"SELECT {key}, 'a:0:{{}}', 2000000000 + n FROM numbers"
        )
    run(
        "INSERT INTO wp_wc_customer_lookup (customer_id, user_id, first_name, last_name, email) "
        f"SELECT 1 + n, {USERS} + n, '', '', CONCAT(n, '@example.com') FROM numbers"
    )
    run(
        "INSERT INTO wp_wc_orders (id, type, status, customer_id, billing_email, date_created_gmt) "
        f"SELECT {ORDERS} + n, 'shop_order', 'wc-completed', IF(n % 2, {USERS} + n, 0), "
        "CONCAT(n, '@example.com'), '2026-01-01' FROM numbers"
    )
    run(
        "INSERT INTO wp_wc_order_stats (order_id, status, customer_id) "
        f"SELECT {ORDERS} + n, 'wc-completed', 1 + n FROM numbers"
    )
    run(
        "INSERT INTO wp_wc_order_product_lookup (order_item_id, order_id, product_id, variation_id, product_qty) "
        f"SELECT 1 + n, {ORDERS} + n, {PRODUCTS} + n, 0, 1 FROM numbers"
    )
    run(f"ANALYZE TABLE {', '.join(f'wp_{table}' for table in TABLES)}")


def plan(
    connection: Any, server: Server, statement: str, parameters: Mapping[str, Any]
) -> list[dict[str, Any]]:
    explain = "EXPLAIN FORMAT=TRADITIONAL" if server.flavor == "mysql" else "EXPLAIN"
    with connection.cursor() as cursor:
        cursor.execute(f"{explain} {statement}", parameters)
        names = [column[0] for column in cursor.description]
        return [dict(zip(names, row, strict=True)) for row in cursor.fetchall()]


def read(rows: list[dict[str, Any]]) -> dict[str, int]:
    """Alias → rows that are looked at; what is const or empty reads none to speak of."""
    return {str(row["table"]): int(row["rows"] or 0) for row in rows if row["table"]}


KEYS: dict[tuple[str, str], list[Any]] = {
    ("products", "select"): [PRODUCTS + 1, PRODUCTS + 2, VARIATIONS + 7],
    ("customers", "select"): [str(USERS + 1), str(USERS + 2), "t_" + hashlib.sha256(b"1").hexdigest()[:30]],
    ("orders", "unpaid"): [ORDERS + 1, ORDERS + 2],
    ("orders_legacy", "unpaid"): [ORDERS + 1, ORDERS + 2],
    ("orders_legacy", "by_customer"): [USERS + 1, USERS + 2],
    ("orders_legacy", "by_email"): ["1@example.com", "2@example.com"],
}


@pytest.mark.parametrize(("section", "key"), KEYS)
def test_no_select_reads_a_table_from_end_to_end(big: Any, server: Server, section: str, key: str) -> None:
    selects = Selects()
    keys = KEYS[section, key]
    rows = plan(big, server, selects.statement(section, key), {**selects.constants, "keys": keys})
    assert {row["table"]: row for row in rows if row["type"] in ("ALL", "index")} == {}
    assert max(read(rows).values()) < 100, read(rows)


@pytest.mark.parametrize("section", ["products", "customers"])
def test_the_selects_pass_the_presets_check(big: Any, section: str) -> None:
    selects = Selects()

    def run(statement: str, parameters: Any = None) -> tuple[list[tuple[Any, ...]], list[tuple[str, int]]]:
        with big.cursor() as cursor:
            cursor.execute(statement, parameters)
            return list(cursor.fetchall()), [(one[0], one[1]) for one in cursor.description]

    def indexes(table: str) -> list[list[str]]:
        found: dict[str, list[str]] = {}
        rows, _ = run(
            "SELECT INDEX_NAME, COLUMN_NAME FROM information_schema.STATISTICS "
            "WHERE TABLE_SCHEMA = DATABASE() AND TABLE_NAME = %s ORDER BY INDEX_NAME, SEQ_IN_INDEX",
            (table,),
        )
        for index, column in rows:
            found.setdefault(index, []).append(column.casefold())
        return list(found.values())

    problems = check_select(
        run, selects.statement(section), selects.text(section), key=f"{section}.select",
        samples=KEYS[section, "select"][:2],
        parameters=selects.constants, indexes=indexes,
    )  # fmt: skip
    assert list(problems) == []


@pytest.mark.parametrize(
    ("column", "value", "key"),
    [
        ("customer", USERS + 1, "customer_id_billing_email"), ("email", "1@example.com", "billing_email"),
        ("id", ORDERS, "PRIMARY"),
    ],
)  # fmt: skip
def test_hpos_orders_are_found_by_an_index(
    big: Any, server: Server, column: str, value: Any, key: str
) -> None:
    selects = Selects()
    name = selects.sections["orders"][column]
    (row,) = plan(
        big, server,
        f"SELECT id FROM {selects.table('orders')} WHERE {name} = %(value)s AND {selects.counting('orders')}",
        {"value": value},
    )  # fmt: skip
    assert (row["key"], int(row["rows"]) < 10) == (key, True)


def test_no_index_leads_from_an_address_to_a_legacy_order(big: Any, server: Server) -> None:
    """Why the preset goes by the reports' tables: the side table would be read for each address of each order."""
    rows = plan(
        big, server,
        "SELECT m.post_id FROM wp_postmeta m WHERE m.meta_key = '_billing_email' AND m.meta_value = %(value)s",
        {"value": "1@example.com"},
    )  # fmt: skip
    assert max(read(rows).values()) > MANY / 2


def test_what_an_order_held_is_found_by_an_index(big: Any, server: Server) -> None:
    selects = Selects()
    section = selects.sections["order_items"]
    (row,) = plan(
        big, server,
        f"SELECT {section['product']} FROM {selects.table('order_items')} WHERE {section['order']} IN %(keys)s",
        {"keys": [ORDERS + 1, ORDERS + 2]},
    )  # fmt: skip
    assert row["key"] == "order_id"
