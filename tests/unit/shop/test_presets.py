"""Presets: what is understood, and one line with file and key for each mistake."""

import pickle
from pathlib import Path

import pytest

from binlog_watcher.errors import ConfigError
from binlog_watcher.shop.fields import Condition, Watch, fixed_columns
from binlog_watcher.shop.identity import identity_of
from binlog_watcher.shop.moments import Format, format_of
from binlog_watcher.shop.presets import SAMPLE, load_schema, parse_schema, preset_names, preset_text

SAMPLE_TEXT = preset_text("sample")
HEADERS = """
[variables]
prefix = "x_"
language = 2
[cart]
table = "{prefix}carts"
id = "id"
customer = "customer_id"
updated = ["updated_at", "priced_at"]
open = { column = "active", in = [1, "yes"] }
[lines]
table = "{prefix}lines"
cart = "cart_id"
product = "product_id"
quantity = "quantity"
created = "added_at"
select = "SELECT 1 FROM `{prefix}lines` l WHERE l.language = {language} AND l.note <> '100 %' AND l.cart_id IN {keys}"
[orders]
table = "{prefix}orders"
id = "id"
cart = "cart_id"
bought_at = "at"
bought = { column = "state", not_in = ["open"] }
[customers]
table = "{prefix}customers"
id = "id"
email = "email"
[products]
table = "{prefix}products"
id = "id"
watch = { "{prefix}product_text" = "product_id" }
select = "SELECT 1 FROM {prefix}products p WHERE p.id IN {keys}"
"""


def problems(text: str, **variables: str) -> list[str]:
    with pytest.raises(ConfigError) as caught:
        parse_schema(text, "my.toml", variables)
    assert all(problem.startswith("my.toml: ") for problem in caught.value.problems)
    assert all("\n" not in problem for problem in caught.value.problems)
    return [problem.removeprefix("my.toml: ") for problem in caught.value.problems]


def test_every_shipped_preset_is_in_order() -> None:
    assert preset_names() == [
        "bagisto",
        "drupal-commerce",
        "magento-2",
        "nopcommerce",
        "opencart-3",
        "opencart-4",
        "prestashop-8",
        "sample",
        "shopware-6",
        "sylius",
        "woocommerce",
    ]
    for name in preset_names():
        schema = load_schema(name)
        assert schema.origin == name
        assert schema.description


def test_the_sample_is_flat() -> None:
    assert SAMPLE.header is None
    assert SAMPLE.key_column == ("cart", "user_id")
    assert (SAMPLE.rows.key, SAMPLE.rows.created) == ("user_id", "created_at")
    assert SAMPLE.columns()["orders"] == ("id", "created_at", "user_id", "total_amount")
    assert SAMPLE.selects() == {}


def test_header_and_lines() -> None:
    schema = parse_schema(HEADERS, "my.toml")
    assert schema.header is schema.cart
    assert schema.key_column == ("x_carts", "id")
    assert schema.rows.table == "x_lines"
    assert schema.cart.updated == ("updated_at", "priced_at")
    assert schema.products.watch == {"x_product_text": Watch(column="product_id")}
    assert "FROM `x_lines` l WHERE l.language = {language}" in schema.selects()["lines.select"]
    places = {key: (table, column) for key, table, column in schema.places()}
    assert places["cart.open"] == ("x_carts", "active")
    assert places["products.watch.x_product_text"] == ("x_product_text", "product_id")


@pytest.mark.parametrize("preset", ["prestashop-8", "magento-2", "opencart-3", "opencart-4"])
def test_the_presets_know_their_products_pages(preset: str) -> None:
    assert "{id}" in (load_schema(preset).products.url_pattern or "")


@pytest.mark.parametrize(
    ("pattern", "fits"),
    [("p/{id}", True), ("index.php?id={id}", True), ("https://shop.example.com/{id}.html", True), ("p/", False),
     ("ftp://x.test/{id}", False), ("https://{id}/", False), ("p/{slug}/{id}", False), ("p {id}", False)],
)  # fmt: skip
def test_a_pattern_of_products_pages_is_checked(pattern: str, fits: bool) -> None:
    text = f'{SAMPLE_TEXT}url_pattern = "{pattern}"\n'
    if fits:
        assert parse_schema(text, "my.toml").products.url_pattern == pattern
    else:
        assert [line.partition(": ")[0] for line in problems(text)] == ["products.url_pattern"]


FILTERS = """
[cart]
table = "carts"
id = "id"
customer = "user_id"
created = "created_at"
only = [{ column = "channel", in = ["{channel}", "{other}"] }, { column = "merged_id", is_null = true }]
open = [{ column = "state", in = ["cart"] }, { column = "Merged_id", is_null = true }]
watch = { cart_note = { column = "cart_id", only = { column = "kind", not_in = ["log"] } }, address = "cart_id" }
[lines]
table = "lines"
cart = "cart_id"
product = "product_id"
quantity = "quantity"
only = { column = "kind", in = ["product"] }
[orders]
table = "orders"
id = "id"
cart = "cart_id"
bought_at = "at"
bought = { column = "state", not_in = ["open"] }
only = { column = "type", in = ["order"] }
[order_items]
table = "items"
order = "order_id"
product = "product_id"
only = { column = "gift", in = [0] }
[customers]
table = "customers"
id = "id"
email = "email"
only = { column = "deleted", in = [0] }
[products]
table = "products"
id = "id"
name = "name"
price = "price"
only = { column = "version", in = ["live"] }
[variables]
channel = 3
"""


def test_filters_and_lists_of_conditions() -> None:
    orders = FILTERS.replace('cart = "cart_id"\nbought', 'cart = "cart_id"\ncustomer = "user_id"\nbought')
    schema = parse_schema(orders, "my.toml", {"channel": "7"})
    assert schema.cart.only == (
        Condition.model_validate(
            {"column": "channel", "in": [7, "{other}"]}
        ),  # a variable's value, or as it is
        Condition(column="merged_id", is_null=True),
    )
    assert schema.rows.only == (Condition.model_validate({"column": "kind", "in": ["product"]}),)
    assert schema.orders.bought == (Condition(column="state", not_in=("open",)),)
    assert schema.cart.watch["address"] == Watch(column="cart_id")
    assert [(place, table, len(asked)) for place, table, asked in schema.conditions()] == [
        ("cart.open", "carts", 2), ("cart.only", "carts", 2), ("lines.only", "lines", 1),
        ("customers.only", "customers", 1), ("products.only", "products", 1), ("orders.bought", "orders", 1),
        ("orders.only", "orders", 1), ("order_items.only", "items", 1), ("cart.watch.cart_note.only", "cart_note", 1),
    ]  # fmt: skip
    assert schema.columns()["cart_note"] == ("cart_id", "kind")
    assert fixed_columns(schema.cart.only) == {"merged_id"}  # of two channels one may be any
    assert fixed_columns(schema.rows.only) == {"kind"}


@pytest.mark.parametrize(
    ("before", "after", "expected"),
    [
        ('only = { column = "gift", in = [0] }', "only = []",
         "order_items.only: give { column = …, in = […] }, or a list of such, all of which must hold"),
        ('only = { column = "gift", in = [0] }', 'only = ["gift"]', "order_items.only: give { column = …, in = […] }"),
        ('only = { column = "gift", in = [0] }', 'only = [{ column = "gift", in = [0] }, { column = "a", inn = [1] }]',
         "order_items.only.1.inn: there is no such key; did you mean in?"),
        ('only = { column = "gift", in = [0] }', 'only = { column = "gift", in = [0.5] }',
         "order_items.only.in.0: give text or a whole number"),
        ('only = { column = "kind", in', 'only = { column = "Cart_id", in',
         "lines.only: its column says whose the row is; name another"),
        ('only = { column = "type", in', 'only = { column = "cart_id", in', "orders.only: its column says whose"),
        ('only = { column = "version", in', 'only = { column = "id", in', "products.only: its column says whose"),
        ('{ column = "channel", in', '{ column = "id", in', "cart.only: its column says whose"),
        ('column = "kind", not_in', 'column = "cart_id", not_in', "cart.watch.cart_note.only: its column says whose"),
        ('watch = { cart_note = { column = "cart_id", only', "watch = { cart_note = { only",
         "cart.watch.cart_note.column: is missing; give the column's name"),
        ('table = "customers"\nid = "id"\nemail = "email"',
         'select = "SELECT 1 AS cart, 2 AS email WHERE 1 IN {keys}"', "customers.only: is for a table"),
    ],
)  # fmt: skip
def test_mistakes_of_filters(before: str, after: str, expected: str) -> None:
    assert before in FILTERS
    found = problems(
        FILTERS.replace(before, after, 1).replace('bought_at = "at"', 'customer = "u"\nbought_at = "at"')
    )
    assert any(problem.startswith(expected) for problem in found), found


def test_how_columns_hold_moments() -> None:
    text = SAMPLE_TEXT.replace('created = "created_at"', 'created = { column = "{at}", format = "unix" }', 1)
    text = text.replace('bought_at = "created_at"', 'bought_at = { column = "day", format = "yyyymmdd" }')
    text = text.replace("# updated", 'updated = ["moved", { column = "priced", format = "unix_ms" }]\n#', 1)
    schema = parse_schema(text + '\n[variables]\nat = "made"\n', "my.toml")
    moments = [schema.rows.created, *schema.rows.updated, schema.orders.bought_at]
    assert moments == ["made", "moved", "priced", "day"]
    assert [format_of(moment or "") for moment in moments] == [Format.UNIX, None, Format.UNIX_MS, Format.DAY]
    assert {key: format_of(name) for key, _, name in schema.places() if key == "cart.created"} == {
        "cart.created": Format.UNIX
    }
    again = pickle.loads(pickle.dumps(schema))  # noqa: S301  # as worker processes are given it
    assert again.rows.created.held_as is Format.UNIX
    same, other = (parse_schema(text.replace("unix_ms", held_as) + '\n[variables]\nat = "made"\n', "my.toml")
                   for held_as in ("unix_ms", "unix"))  # fmt: skip
    assert identity_of(same).content == identity_of(schema).content != identity_of(other).content


@pytest.mark.parametrize(
    "created",
    ['{ column = "at", format = "seconds" }', '{ column = "at" }', '{ format = "unix" }', "5", '["at"]',
     '{ column = "at", format = "unix", zone = "UTC" }'],
)  # fmt: skip
def test_mistakes_of_moments(created: str) -> None:
    found = problems(SAMPLE_TEXT.replace('created = "created_at"', f"created = {created}", 1))
    hint = "a column's name, or { column = …, format = … } with one of: unix, unix_ms, yyyymmdd, text, iso"
    assert found == [f"cart.created: give {hint}"]


def test_variables_are_pieces_of_names_or_values() -> None:
    schema = parse_schema(HEADERS, "my.toml", {"prefix": "", "language": "7"})
    assert schema.cart.table == "carts"
    assert schema.variables == {"prefix": "", "language": 7}  # a number stays one
    assert problems(HEADERS, prefix="a; DROP TABLE x") == [
        "variables.prefix: is 'a; DROP TABLE x'; a piece of a name has only letters, digits, _ and $"
    ]
    assert problems(HEADERS, langage="2") == [
        "variables.langage: SHOP_VARIABLES sets it, but the preset has no such variable; did you mean language?"
    ]


@pytest.mark.parametrize(
    ("before", "after", "expected"),
    [
        ('id = "id"\ncustomer', "customer", "cart.id: is missing; give the column's name"),
        ('product = "product_id"\n', "", "cart.product: is missing; give the column's name"),
        ('created = "created_at"\n', "", "cart.created: is missing; give the column's name"),
        ('email = "email"', 'mail = "email"', "customers.mail: there is no such key; did you mean email?"),
        ('email = "email"\n', "", "customers.email: is missing; give the column's name"),
        ("[orders]", "[order]", "order: there is no such key; did you mean orders?"),
        ("[orders]", "[order]", "orders: this section is missing"),
        ('table = "users"', 'table = ""', "customers.table: give a table or column name of 1 to 64 characters"),
        ('table = "users"', 'table = "shop.users"', "customers.table: give a table or column name"),
        ('table = "users"', 'table = "us`ers"', "customers.table: give a table or column name"),
        ('table = "users"', "table = 5", "customers.table: give text in quotes"),
        ('table = "users"', 'table = ["users"]', "customers.table: give text in quotes"),
        ('table = "users"', 'table = "{prefix}users"', "customers.table: {prefix} is no variable"),
        ('bought_at = "created_at"', 'bought_at = "at"\nbought = "paid"', "orders.bought: "),
        ('bought_at = "created_at"', 'bought_at = "at"\nbought = { column = "s" }', "orders.bought: give column"),
        (
            'bought_at = "created_at"',
            'bought_at = "at"\nbought = { column = "s", in = [] }',
            "orders.bought: give column and one of",
        ),
        (
            'bought_at = "created_at"',
            'bought_at = "at"\nbought = { column = "s", inn = [1] }',
            "orders.bought.inn: there is no such key",
        ),
        (
            'bought_at = "created_at"',
            'bought_at = "at"\nbought = { column = "user_id", in = [1] }',
            "orders.bought: its column says whose the order is",
        ),
        (
            'bought_at = "created_at"',
            'bought_at = "at"\nunpaid = "SELECT 1 AS id WHERE 1 IN {keys}"',
            "orders.unpaid: needs cart.document.order",
        ),
        ('bought_at = "created_at"', 'bought_at = "at"\ncart = "c"', "orders.cart: is for carts with a header"),
        ('quantity = "quantity"', 'quantity = "quantity"\nopen = { column = "a", in = [1] }', "cart.open: is for"),
        ('quantity = "quantity"', 'quantity = "quantity"\nversion = "newest"', "cart.version: give a column"),
        ('stock = "stock"', 'select = "SELECT 1"', "products.select: give either a select or the columns"),
        ('stock = "stock"', 'select = "SELECT 1"', "products.select: give a SELECT with IN {keys}"),
        ("[cart] ", 'timezone = "Mars"\n[cart] ', "timezone: give a time zone by its IANA name"),
        ("[cart] ", 'currency = "euro"\n[cart] ', "currency: give an ISO 4217 code"),
        ("[cart] ", "origin = 1\n[cart] ", "origin: there is no such key"),
        ("[cart] ", "variables = 5\n[cart] ", "variables: give name = text or whole number"),
        ("[cart] ", "cart = ", "Invalid value"),
    ],
)  # fmt: skip
def test_each_mistake_is_one_line_with_file_and_key(before: str, after: str, expected: str) -> None:
    assert before in SAMPLE_TEXT
    found = problems(SAMPLE_TEXT.replace(before, after, 1))
    assert any(problem.startswith(expected) for problem in found), found


@pytest.mark.parametrize(
    ("before", "after", "expected"),
    [
        ('cart = "cart_id"\nproduct', "product", "lines.cart: is missing; give the column's name"),
        ('created = "added_at"\n', "", "lines.created: is missing; give the column with the row's creation"),
        (
            'customer = "customer_id"\n',
            "",
            "cart.customer: is missing; give the column with the customer, or email",
        ),
        (
            'customer = "customer_id"\n',
            'customer = "c"\nproduct = "p"\n',
            "cart.product: belongs into [lines]",
        ),
        (
            'cart = "cart_id"\nbought',
            "bought",
            "orders.customer: is missing; give the column with the customer, or cart",
        ),
        ("= {language}", "= '{language}'", "lines.select: {language} stands in quotes or in a comment"),
        ("= {language}", "= 1 /* {language} */", "lines.select: {language} stands in quotes or in a comment"),
        (" IN {keys}", " IN ({keys})", "lines.select: give a SELECT with IN {keys}"),
        (" IN {keys}", " NOT IN {keys}", "lines.select: give a SELECT with IN {keys}"),
        (
            " IN {keys}",
            " IN {keys} OR l.note = '{keys}'",
            "lines.select: {keys} stands in quotes or in a comment",
        ),
        ("{language}", "{lang}", "lines.select: {lang} is no variable; add it to [variables]"),
        (" IN {keys}", " IN (1)", "lines.select: give a SELECT with IN {keys}"),
        (
            'id = "id"\nemail = "email"',
            'select = "SELECT {keys}"',
            "customers.email: is missing; give the column's name",
        ),
        (
            'email = "email"',
            'email = "email"\nname = "name"\nselect = "SELECT 1 WHERE 1 IN {keys}"',
            "customers.select: give either a select or the columns name, not both",
        ),
        ('open = { column = "active"', 'open = { column = "id"', "cart.open: its column is the cart's id"),
    ],
)
def test_mistakes_of_headers_and_lines(before: str, after: str, expected: str) -> None:
    assert before in HEADERS
    found = problems(HEADERS.replace(before, after, 1))
    assert any(problem.startswith(expected) for problem in found), found


@pytest.mark.parametrize("text", ["a = " + "[" * 3000 + "]" * 3000, "a = " + "9" * 5000, "a = 1\na = 2"])
def test_what_no_parser_takes(text: str) -> None:
    (problem,) = problems(text)
    assert problem.endswith("docs/schemas.md shows its form")


def test_guests_who_can_not_be_told_to_have_bought() -> None:
    by_customer = HEADERS.replace('cart = "cart_id"\nbought_at', 'customer = "customer_id"\nbought_at')
    by_customer = by_customer.replace("[lines]", 'email = "email"\n[lines]')
    closing_tells = parse_schema(by_customer, "my.toml")
    assert closing_tells.orders.customer == "customer_id"
    (problem,) = problems(by_customer.replace('open = { column = "active", in = [1, "yes"] }\n', ""))
    assert problem.startswith("orders.cart: is missing; guests who left an address")


def test_flat_carts_find_orders_by_their_customer_and_by_a_select_of_addresses() -> None:
    select = "SELECT 1 AS {}, 2 AS id, 3 AS bought_at WHERE 1 IN {{keys}}"
    by_email = SAMPLE_TEXT.replace("[orders]", f'[orders]\nby_email = "{select.format("email")}"')
    orders = parse_schema(by_email, "my.toml").orders
    assert (orders.customer, orders.by_email) == ("user_id", select.format("email"))
    by_customer = SAMPLE_TEXT.replace("[orders]", f'[orders]\nby_customer = "{select.format("customer")}"')
    told = "orders.by_customer: is for carts with keys of their own; give the column orders.customer"
    assert told in problems(by_customer)


def test_numbers_stay_numbers() -> None:
    assert problems(HEADERS, language="two") == ["variables.language: is 'two'; give a whole number"]


def test_a_select_of_customers_stands_beside_the_table_that_has_their_addresses() -> None:
    select = 'email = "email"\nselect = "SELECT 1 AS cart, 2 AS email WHERE 1 IN {keys}"'
    schema = parse_schema(HEADERS.replace('email = "email"', select), "my.toml")
    assert schema.customers.select is not None
    assert (schema.customers.table, schema.customers.id, schema.customers.email) == (
        "x_customers",
        "id",
        "email",
    )
    assert schema.columns()["x_customers"] == ("id", "email")


def test_files(tmp_path: Path) -> None:
    file = tmp_path / "shop.toml"
    with pytest.raises(
        ConfigError, match=r"shop\.toml: there is no such file; `cartwake schema show sample`"
    ):
        load_schema(str(file))
    file.write_bytes(b"\xff\xfe[cart]")
    with pytest.raises(ConfigError, match="not UTF-8"):
        load_schema(str(file))
    with pytest.raises(ConfigError, match="can't be read"):
        load_schema(f"{tmp_path}/")
    file.write_text("\ufeff" + SAMPLE_TEXT, encoding="utf-8")  # as some editors save it
    assert load_schema(str(file)).cart == SAMPLE.cart
    with pytest.raises(ConfigError, match=r"no preset 'prestashop'; did you mean prestashop-8\?"):
        load_schema("prestashop")


@pytest.mark.parametrize(
    ("condition", "holds", "fails"),
    [
        (
            Condition.model_validate({"column": "c", "in": [1, "Paid"]}),
            [1, "1", "paid", "PAID "],
            [None, 0, "", "open"],
        ),
        (Condition(column="c", not_in=("open", 8)), ["paid", 0, 7, None], ["OPEN", 8, "8"]),
        (Condition(column="c", is_null=False), ["x", 0, ""], [None]),
        (Condition(column="c", is_null=True), [None], ["x", 0, ""]),
    ],
)
def test_conditions(
    condition: Condition, holds: list[str | int | None], fails: list[str | int | None]
) -> None:
    assert all(condition.holds(value) for value in holds)
    assert not any(condition.holds(value) for value in fails)
