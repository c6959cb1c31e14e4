"""A preset's SELECT is held against a real server before anything relies on it."""

import contextlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from binlog_watcher.demo.server import Server
from binlog_watcher.doctor.preflight import check_preset
from binlog_watcher.errors import ConfigError
from binlog_watcher.settings.connection import ConnectionSettings, Tls
from binlog_watcher.shop.presets import parse_schema, preset_text
from binlog_watcher.shop.schema import Schema

SHOP = Path(__file__).parents[3] / "binlog_watcher" / "demo" / "shop.sql"


WRITES = """CREATE FUNCTION writes() RETURNS VARCHAR(9) DETERMINISTIC MODIFIES SQL DATA
BEGIN INSERT INTO users (id, name) VALUES (77, 'x'); RETURN 'x'; END"""


@pytest.fixture
def session(server: Server, fresh_database: str) -> Iterator[Any]:
    """The sample shop with two carts."""
    with server.connect(database=fresh_database, autocommit=True) as connection:
        with connection.cursor() as cursor:
            for statement in SHOP.read_text(encoding="utf-8").split(";\n"):
                if statement.strip():
                    cursor.execute(statement)
            cursor.execute(
                "INSERT INTO users (id, name, email) VALUES (1, 'Jane', 'j@example.com'), (2, 'Joe', '')"
            )
            cursor.execute(WRITES)
            cursor.execute("INSERT INTO cart (user_id, product_id) VALUES (1, 1), (2, 1)")
        yield connection


def preset(select: str) -> Schema:
    head, _, rest = preset_text("sample").partition("[customers]")
    products = rest[rest.index("[products]") :]
    return parse_schema(f"{head}[customers]\nselect = '''{select}'''\n\n{products}", "my.toml")


def check(session: Any, select: str) -> list[str]:
    settings = ConnectionSettings("127.0.0.1", 1, "clerk", "", session.db.decode(), Tls.OFF)
    told = check_preset(session, settings, preset(select))
    # Of the one thing that no SELECT can tell: which customers have an address.
    return [problem for problem in told if not problem.startswith("my.toml: customers.email: is missing")]


def problems(session: Any, select: str) -> list[str]:
    with pytest.raises(ConfigError) as caught:
        check(session, select)
    assert all(problem.startswith("my.toml: customers.select: ") for problem in caught.value.problems)
    assert all("\n" not in problem for problem in caught.value.problems)
    return [problem.removeprefix("my.toml: customers.select: ") for problem in caught.value.problems]


@pytest.mark.parametrize(
    "select",
    [
        "SELECT u.id AS cart, u.email, '100 % {brace' AS name -- {also one\nFROM users u WHERE u.id IN {keys}",
        "WITH k AS (SELECT id FROM users WHERE id IN {keys}) SELECT id AS cart, email FROM k JOIN users USING (id)",
        "SELECT id AS cart, email FROM `users` WHERE id IN {keys} UNION ALL SELECT 0, 'a@b.test' FROM DUAL WHERE 0",
        "SELECT id AS cart, email, NULL AS language FROM users WHERE id IN {keys};",
        "WITH x AS (SELECT id, email FROM users) SELECT x.id AS cart, x.email FROM x WHERE x.id IN {keys}",
        "SELECT id AS cart, email FROM users WHERE id IN {keys} -- the shop's own; FOR UPDATE",
    ],
)
def test_good_ones(session: Any, select: str) -> None:
    assert check(session, select) == []


@pytest.mark.parametrize(
    ("select", "expected"),
    [
        ("DELETE FROM users WHERE id IN {keys}", "give one SELECT"),
        ("SELECT id FROM users WHERE id IN {keys}; DROP TABLE users", "take ';' out"),
        ("SELECT id AS cart, email INTO OUTFILE '/x' FROM users WHERE id IN {keys}", "take 'INTO' out"),
        ("SELECT id AS cart, email FROM users WHERE id IN {keys} FOR UPDATE", "take 'FOR UPDATE' out"),
        (
            "SELECT id AS cart, email FROM users WHERE id IN {keys} LOCK IN SHARE MODE",
            "take 'LOCK IN SHARE' out",
        ),
        (
            "SELECT id AS cart, GET_LOCK('x', 1) AS email FROM users WHERE id IN {keys}",
            "take 'GET_LOCK(' out",
        ),
        ("SELECT id AS cart, email /*!50000 INTO @x */ FROM users WHERE id IN {keys}", "take '/*!' out"),
        (
            "-- the shop's\nSELECT id AS cart, email FROM users WHERE id IN {keys} FOR UPDATE -- '",
            "take 'FOR UPDATE' out",
        ),
        ("SELECT id AS cart, email # '\nINTO OUTFILE '/x' FROM users WHERE id IN {keys}", "take 'INTO' out"),
        ("SELECT id AS cart, `sleep`(9) AS email FROM users WHERE id IN {keys}", "take 'sleep(' out"),
        (
            "SELECT id AS cart, writes() AS email FROM users WHERE id IN {keys}",
            "the server refuses it: Cannot execute",
        ),
        ("SELECT @x := id AS cart, email FROM users WHERE id IN {keys}", "take ':=' out"),
        (
            "SELECT id AS cart, mail AS email FROM users WHERE id IN {keys}",
            "the server refuses it: Unknown column",
        ),
        ("SELECT id AS cart, email FROM userz WHERE id IN {keys}", "the server refuses it: Table"),
        ("SELECT id AS cart email FROM users WHERE id IN {keys}", "the server refuses it: You have an error"),
        (
            "SELECT id AS cart, email AS emial FROM users WHERE id IN {keys}",
            "no column email; add emial AS email",
        ),
        ("SELECT id, email FROM users WHERE id IN {keys}", "gives no column cart"),
        (
            "SELECT id AS cart, email, name AS nick FROM users WHERE id IN {keys}",
            "a column nick that has no use",
        ),
        ("SELECT id AS cart, id AS email FROM users WHERE id IN {keys}", "its column email must be text"),
        ("SELECT id AS cart, email, email FROM users WHERE id IN {keys}", "gives two columns email"),
        (
            "SELECT u.id AS cart, u.email FROM users u WHERE u.role IN {keys}",
            "by users.role, with which no index",
        ),
    ],
)
def test_each_mistake_is_one_line(session: Any, select: str, expected: str) -> None:
    found = problems(session, select)
    assert any(expected in problem for problem in found), found


CARTS = """
[cart]
table = "oc_cart"
id = "cart_id"
customer = "customer_id"
product = "product_id"
quantity = "quantity"
created = "date_added"
only = { column = "api_id", in = [0] }
select = '''
SELECT c.customer_id AS cart, c.product_id AS product, c.quantity AS quantity, c.date_added AS created,
       p.name AS name, p.price AS price
FROM oc_cart c JOIN products p ON p.id = c.product_id
WHERE c.api_id = 0 AND c.customer_id IN {keys}
ORDER BY c.customer_id, c.cart_id'''
"""
OC_CART = """CREATE TABLE oc_cart (cart_id INT UNSIGNED NOT NULL AUTO_INCREMENT, api_id INT NOT NULL,
customer_id INT NOT NULL, session_id VARCHAR(32) NOT NULL, product_id INT NOT NULL, recurring_id INT NOT NULL,
`option` TEXT NOT NULL, quantity INT NOT NULL, date_added DATETIME NOT NULL, PRIMARY KEY (cart_id),
KEY cart_id (api_id, customer_id, session_id, product_id, recurring_id))"""


def test_an_index_that_begins_with_what_the_statement_fixes(session: Any) -> None:
    """OpenCart 3's table of carts, in which the shop's own back office has carts of its own."""
    with session.cursor() as cursor:
        cursor.execute(OC_CART)
        cursor.executemany(
            "INSERT INTO oc_cart SELECT NULL, 0, %s, '', 1, 0, '', 1, NOW() FROM DUAL",
            [(n,) for n in range(3000)],
        )
        cursor.execute("ANALYZE TABLE oc_cart")
    text = CARTS + preset_text("sample").partition("[orders]")[2].join(["[orders]", ""])
    settings = ConnectionSettings("127.0.0.1", 1, "clerk", "", session.db.decode(), Tls.OFF)
    assert check_preset(session, settings, parse_schema(text, "my.toml")) == []
    with pytest.raises(
        ConfigError, match=r"by oc_cart\.customer_id, with which no index begins: it would read all of it"
    ):
        check_preset(session, settings, parse_schema(text.replace("c.api_id = 0 AND ", ""), "my.toml"))
    unfiltered = parse_schema(text.replace('only = { column = "api_id", in = [0] }', ""), "my.toml")
    (warning,) = check_preset(session, settings, unfiltered)
    assert "cart.customer: no index begins with oc_cart.customer_id" in warning


def test_a_version_that_is_a_column_of_the_rows_is_given_by_their_select(session: Any) -> None:
    with session.cursor() as cursor:
        cursor.execute(OC_CART)
    orders = preset_text("sample").partition("[orders]")[2].join(["[orders]", ""])
    settings = ConnectionSettings("127.0.0.1", 1, "clerk", "", session.db.decode(), Tls.OFF)
    rising = CARTS.replace("select = '''", "version = \"cart.cart_id\"\nselect = '''")
    told = "gives no column version, and cart.version is a column of these rows; add it AS version"
    with pytest.raises(ConfigError, match=told):
        check_preset(session, settings, parse_schema(rising + orders, "my.toml"))
    given = "SELECT c.cart_id AS version, c.customer_id AS cart"
    for text, problem in ((rising, None), (CARTS, "gives a column version that has no use")):
        schema = parse_schema(text.replace("SELECT c.customer_id AS cart", given) + orders, "my.toml")
        with contextlib.nullcontext() if problem is None else pytest.raises(ConfigError, match=problem):
            check_preset(session, settings, schema)


def test_the_fragment_that_does_not_fit_is_named(session: Any) -> None:
    settings = ConnectionSettings("127.0.0.1", 1, "clerk", "", session.db.decode(), Tls.OFF)
    fragments = """
[fragments]
greeting = "CONCAT({first}, ' ', u.id)"
first = "(SELECT x.nam FROM users x WHERE x.id = u.id)"
lower = "LOWER(u.email)"
"""
    select = "SELECT u.id AS cart, {lower} AS email, {greeting} AS name FROM users u WHERE u.id IN {keys}"
    head, _, rest = preset_text("sample").partition("[customers]")
    broken = f'{head}[customers]\nselect = "{select}"\n\n{rest[rest.index("[products]") :]}{fragments}'
    mended = broken.replace("x.nam ", "x.name ")
    check_preset(session, settings, parse_schema(mended, "my.toml"))
    for text, place, word in (
        (broken, "fragments.first", "x.nam"),  # not greeting, which holds it
        (mended.replace("u.id IN", "u.no IN"), "customers.select", "u.no"),
    ):
        with pytest.raises(ConfigError) as caught:
            check_preset(session, settings, parse_schema(text, "my.toml"))
        (problem,) = caught.value.problems
        assert problem.startswith(f"my.toml: {place}: the server refuses it: ")
        assert word in problem


def test_a_large_table_that_is_read_from_end_to_end(session: Any) -> None:
    with session.cursor() as cursor:
        cursor.execute("CREATE TABLE notes (note INT, of_user INT)")
        cursor.executemany("INSERT INTO notes VALUES (%s, %s)", [(n, n % 7) for n in range(3000)])
        cursor.execute("ANALYZE TABLE notes")
    (problem,) = problems(
        session,
        "SELECT u.id AS cart, u.email FROM users u LEFT JOIN notes n ON n.of_user = u.id WHERE u.id IN {keys}",
    )
    assert "rows of n: join it by a column that an index begins with" in problem


def test_orders_that_nobody_can_date_are_told_of(session: Any) -> None:
    select = "SELECT id AS cart, email FROM users WHERE id IN {keys}"
    assert not [warning for warning in check(session, select) if "orders.bought_at" in warning]
    with session.cursor() as cursor:
        cursor.execute("SET sql_mode = ''")
        cursor.execute("ALTER TABLE orders MODIFY created_at DATETIME NULL")
        cursor.execute(
            "INSERT INTO orders (user_id, total_amount, created_at) "
            "VALUES (7, 1, '0000-00-00'), (8, 1, NULL), (9, 1, NOW())"
        )
    (warning,) = [warning for warning in check(session, select) if "orders.bought_at" in warning]
    assert "2 orders that count have no time in orders.created_at" in warning
    assert "one of them is of 7" in warning
