"""Each thing that may be wrong with a server gets one line that says what to do."""

import contextlib
from collections.abc import Iterator
from dataclasses import replace

import pytest
from fakes.binlog_follower import Shop, open_shop, settings_for

from binlog_watcher.demo.server import Server, private_server
from binlog_watcher.doctor.preflight import check_server
from binlog_watcher.errors import ConfigError, DatabaseUnavailableError
from binlog_watcher.settings.connection import ConnectionSettings, Tls
from binlog_watcher.settings.grants import OWN_TABLES, OWN_VIEWS, Grants
from binlog_watcher.shop.presets import SAMPLE
from binlog_watcher.shop.schema import Schema
from binlog_watcher.store.database import Database


@pytest.fixture
def shop(server: Server, fresh_database: str) -> Iterator[Shop]:
    with open_shop(server, fresh_database) as opened:
        yield opened


@contextlib.contextmanager
def account(shop: Shop, *privileges: str) -> Iterator[ConnectionSettings]:
    """A user with these privileges and no others. ``{db}`` stands for the shop's database."""
    shop.run("CREATE USER 'clerk'@'127.0.0.1' IDENTIFIED BY 'clerk-pass'")
    try:
        for privilege in privileges:
            shop.run(f"GRANT {privilege.format(db=shop.database)} TO 'clerk'@'127.0.0.1'")
        yield settings_for(shop.server, shop.database, user="clerk", password="clerk-pass")
    finally:
        shop.run("DROP USER 'clerk'@'127.0.0.1'")


def problems(settings: ConnectionSettings, schema: Schema = SAMPLE) -> list[str]:
    with pytest.raises(ConfigError) as caught:
        check_server(settings, schema)
    assert all("\n" not in problem for problem in caught.value.problems)
    return list(caught.value.problems)


def test_a_good_server(shop: Shop) -> None:
    facts = check_server(settings_for(shop.server, shop.database), SAMPLE)
    assert facts.flavor == shop.server.flavor
    assert facts.version.startswith(".".join(str(part) for part in shop.server.version[:2]))
    assert facts.warnings == ()


def grants_of(shop: Shop, schema: Schema = SAMPLE, *, writes: bool = True) -> Grants:
    return Grants("clerk", "127.0.0.1", shop.database, tuple(schema.tables()), writes=writes)


def give(shop: Shop, grants: Grants) -> None:
    shop.run(*(statement.rstrip(";") for statement in grants.statements()))


def test_a_dry_run_needs_no_more_than_to_read(shop: Shop) -> None:
    with account(shop) as settings:
        give(shop, grants_of(shop, writes=False))
        check_server(settings, SAMPLE, writes=False)
        (problem,) = problems(settings)
        assert "SELECT on" not in problem
        for table in (*OWN_TABLES, *OWN_VIEWS):
            assert table in problem


def test_all_that_is_missing_is_named_at_once(shop: Shop) -> None:
    with account(shop, "SELECT ON `{db}`.cart", "REPLICATION SLAVE ON *.*") as settings:
        (problem,) = problems(settings)
        assert problem.startswith(
            "the account 'clerk'@'127.0.0.1' lacks REPLICATION CLIENT on *.*; SELECT on "
        )
        for table in ("users", "products", "orders", *OWN_TABLES, *OWN_VIEWS):
            assert f"{shop.database}.{table}" in problem
        assert f"{shop.database}.cart," not in problem
        assert "`cartwake grants`" in problem
        assert "SHOP_SCHEMA = sample" in problem  # a table that is not there is refused in the same words
        give(shop, grants_of(shop))
        check_server(settings, SAMPLE)


@pytest.mark.parametrize(
    "lacking", ["cart_abandonment_log", "cart_abandonment_recipient", "cart_abandonment_meta"]
)
@pytest.mark.parametrize("right", ["INSERT", "UPDATE", "SELECT"])
def test_each_right_on_our_own_tables(shop: Shop, lacking: str, right: str) -> None:
    with account(shop) as settings:
        give(shop, grants_of(shop))
        check_server(settings, SAMPLE)
        shop.run(f"REVOKE {right} ON `{shop.database}`.{lacking} FROM 'clerk'@'127.0.0.1'")
        (problem,) = problems(settings)
        assert f"lacks {right} on {shop.database}.{lacking}:" in problem


def test_rights_by_a_role_suffice(shop: Shop) -> None:
    """SHOW GRANTS does not tell what a role gives: only what the server refuses counts."""
    role = f"role_{shop.database}"
    with account(shop) as settings:
        shop.run(f"CREATE ROLE {role}")
        by_role = "%" if shop.server.flavor == "mysql" else ""
        given = [
            one.replace("'clerk'@'127.0.0.1'", f"{role}@'%'" if by_role else role)
            for one in grants_of(shop).statements()
        ]
        shop.run(*(statement.rstrip(";") for statement in given), f"GRANT {role} TO 'clerk'@'127.0.0.1'")
        default = f"SET DEFAULT ROLE {role} {'TO' if by_role else 'FOR'} 'clerk'@'127.0.0.1'"
        shop.run(default)
        check_server(settings, SAMPLE)
        shop.run(f"DROP ROLE {role}")


def test_the_table_of_a_select_that_may_not_be_read(shop: Shop) -> None:
    shop.run("CREATE TABLE prices (product INT PRIMARY KEY, price DECIMAL(10, 2))")
    select = (
        "SELECT p.id AS id, p.name AS name, (SELECT x.price FROM prices x WHERE x.product = p.id) AS price "
        "FROM products p WHERE p.id IN {keys}"
    )
    products = SAMPLE.products.model_copy(update={"select": select})
    schema = SAMPLE.model_copy(update={"products": products})
    with account(shop) as settings:
        give(shop, grants_of(shop))
        (problem,) = problems(settings, schema)
        assert f"lacks SELECT on {shop.database}.prices (or" in problem
        give(shop, grants_of(shop, schema))
        check_server(settings, schema)


def test_a_database_that_may_not_be_entered(shop: Shop) -> None:
    with account(shop) as settings:
        (problem,) = problems(settings)
        assert f"MYSQL_DATABASE = '{shop.database}'" in problem
        assert "`cartwake grants`" in problem


def test_missing_tables_and_columns_are_reported_together(shop: Shop) -> None:
    shop.run(
        "DROP TABLE users", "ALTER TABLE cart DROP COLUMN quantity", "ALTER TABLE orders DROP COLUMN user_id"
    )
    found = problems(settings_for(shop.server, shop.database))
    assert len(found) == 3
    assert f"no table {shop.database}.users" in found[0]
    assert "cart has no column quantity" in found[1]
    assert "orders has no column user_id" in found[2]


def test_other_names(shop: Shop) -> None:
    shop.run("ALTER TABLE cart RENAME basket_rows", "ALTER TABLE basket_rows CHANGE user_id Customer INT")
    cart = SAMPLE.cart.model_copy(update={"table": "basket_rows", "customer": "customer"})
    check_server(settings_for(shop.server, shop.database), SAMPLE.model_copy(update={"cart": cart}))


def test_column_types_and_indexes(shop: Shop) -> None:
    shop.run(
        "ALTER TABLE cart MODIFY created_at DATE",
        "ALTER TABLE orders MODIFY created_at TIMESTAMP(3) NULL",
    )
    (problem,) = problems(settings_for(shop.server, shop.database))
    assert problem == "sample: cart.created: cart.created_at must be a TIMESTAMP or DATETIME, not date"
    shop.run("ALTER TABLE cart MODIFY created_at DATETIME(6)", "ALTER TABLE orders DROP KEY user_id")
    slow, same_address = check_server(settings_for(shop.server, shop.database), SAMPLE).warnings
    for warning in (slow, same_address):
        assert "sample: orders.customer: no index begins with orders.user_id" in warning
        assert "CREATE INDEX user_id ON orders (user_id)" in warning
    assert "bought under another row with the same address" in same_address


def test_keys_that_can_not_be_followed(shop: Shop) -> None:
    shop.run("ALTER TABLE cart MODIFY user_id DECIMAL(10,0)")
    (problem,) = problems(settings_for(shop.server, shop.database))
    assert "cart.user_id is decimal" in problem


def test_a_large_table_that_reading_locks_needs_its_index(shop: Shop) -> None:
    """Of MyISAM: the shop's own UPDATE would wait until we have read all orders."""
    shop.run("ALTER TABLE orders ENGINE = MyISAM", "ALTER TABLE orders DROP KEY user_id")
    settings = settings_for(shop.server, shop.database)
    assert any(
        "no index begins with orders.user_id" in line for line in check_server(settings, SAMPLE).warnings
    )
    digits = " UNION ALL ".join(f"SELECT {digit} AS d" for digit in range(10))
    crowd = ", ".join(f"({digits}) t{nth}" for nth in range(5))
    shop.run(f"INSERT INTO orders (user_id) SELECT 1 FROM {crowd}")
    (problem,) = problems(settings)
    assert "sample: orders.customer: no index begins with orders.user_id" in problem
    assert "CREATE INDEX user_id ON orders (user_id)" in problem
    assert "the shop's own writes would wait" in problem
    assert "ALLOW_SLOW_TABLES=true" in problem
    check_server(settings, SAMPLE, slow_tables=True)
    shop.run("CREATE INDEX user_id ON orders (user_id)")
    check_server(settings, SAMPLE)


def test_views_and_other_engines(shop: Shop) -> None:
    shop.run("ALTER TABLE orders ENGINE = MyISAM")
    (warning,) = check_server(settings_for(shop.server, shop.database), SAMPLE).warnings
    assert "MyISAM" in warning
    shop.run("RENAME TABLE cart TO cart_rows", "CREATE VIEW cart AS SELECT * FROM cart_rows")
    (problem,) = problems(settings_for(shop.server, shop.database))
    assert "cart is a view" in problem


def test_a_wrong_password(shop: Shop) -> None:
    settings = settings_for(shop.server, shop.database, password="guess-me-not")
    (problem,) = problems(settings)
    assert "MYSQL_PASSWORD" in problem
    assert "guess-me-not" not in problem


def test_an_unknown_database(shop: Shop) -> None:
    (problem,) = problems(settings_for(shop.server, "nowhere"))
    assert "'nowhere'" in problem


@contextlib.contextmanager
def set_globally(shop: Shop, **variables: object) -> Iterator[None]:
    """The server's own defaults for new sessions; afterwards they are as they were."""
    before = {name: shop.run(f"SELECT @@GLOBAL.{name}")[0][0] for name in variables}
    shop.run(*(f"SET GLOBAL {name} = {value}" for name, value in variables.items()))
    try:
        yield
    finally:
        shop.run(*(f"SET GLOBAL {name} = {value}" for name, value in before.items()))


def test_what_a_server_makes_of_our_statements_by_default(shop: Shop) -> None:
    """Answers that are cut off after a row, and joins and updates that are refused."""
    with set_globally(shop, sql_select_limit=1, max_join_size=1, sql_safe_updates=1):
        settings = settings_for(shop.server, shop.database)
        assert check_server(settings, SAMPLE).warnings == ()
        database = Database(settings)
        with database.session() as session:
            assert len(session.rows("SELECT 1 FROM information_schema.COLUMNS")) > 1
        database.close()


def refusal(settings: ConnectionSettings) -> str:
    with pytest.raises(DatabaseUnavailableError) as caught:
        check_server(settings, SAMPLE)
    assert "is it running" not in str(caught.value)
    return str(caught.value)


def test_an_account_that_must_encrypt(shop: Shop) -> None:
    with account(shop, "SELECT ON `{db}`.*") as settings:
        shop.run("ALTER USER 'clerk'@'127.0.0.1' REQUIRE SSL")
        (problem,) = problems(replace(settings, tls=Tls.OFF))
        assert "MYSQL_PASSWORD; or MYSQL_TLS: it is off" in problem


def test_a_server_that_wants_encryption(shop: Shop) -> None:
    with set_globally(shop, require_secure_transport="ON"):
        (problem,) = problems(settings_for(shop.server, shop.database, tls=Tls.OFF))
        # MariaDB only says that access is denied.
        told = "MYSQL_TLS: it is off" if shop.server.flavor == "mariadb" else "set MYSQL_TLS to required"
        assert told in problem


def test_limits_of_the_account(shop: Shop) -> None:
    with account(shop, "SELECT ON `{db}`.*") as settings:
        shop.run("ALTER USER 'clerk'@'127.0.0.1' WITH MAX_QUERIES_PER_HOUR 1")
        limit = "max_queries_per_hour" if shop.server.flavor == "mariadb" else "max_questions"
        assert limit in refusal(settings)
        assert refusal(settings).endswith("MAX_CONNECTIONS_PER_HOUR 0 MAX_USER_CONNECTIONS 0")
        shop.run("ALTER USER 'clerk'@'127.0.0.1' WITH MAX_QUERIES_PER_HOUR 0 MAX_USER_CONNECTIONS 1")
        shop.run("FLUSH USER_RESOURCES")
        with contextlib.closing(settings.connect()):
            assert "max_user_connections" in refusal(settings)


@pytest.mark.parametrize("server", ["mysql"], indirect=True)  # MariaDB sets it only where it started with one
def test_too_many_connections_of_one_account(shop: Shop) -> None:
    with (
        account(shop, "SELECT ON `{db}`.*") as settings,
        set_globally(shop, max_user_connections=1),
        contextlib.closing(settings.connect()),
    ):
        assert "raise max_user_connections" in refusal(settings)


def test_an_unreachable_server() -> None:
    settings = ConnectionSettings("127.0.0.1", 1, "root", "", "shop", Tls.OFF)
    with pytest.raises(DatabaseUnavailableError, match=r"127\.0\.0\.1:1 "):
        check_server(settings, SAMPLE)


def test_less_than_ideal_settings_are_warnings(shop: Shop) -> None:
    metadata = "MINIMAL" if shop.server.flavor == "mysql" else "NO_LOG"
    shop.run(f"SET GLOBAL binlog_row_metadata = '{metadata}'", "SET GLOBAL binlog_row_image = 'MINIMAL'")
    try:
        warnings = check_server(settings_for(shop.server, shop.database), SAMPLE).warnings
        assert "binlog_row_image = 'FULL'" in warnings[0]
        assert "binlog_row_metadata = 'FULL'" in warnings[1]
    finally:
        shop.run("SET GLOBAL binlog_row_metadata = 'FULL'", "SET GLOBAL binlog_row_image = 'FULL'")


def test_statement_format_binlog(shop: Shop) -> None:
    shop.run("SET GLOBAL binlog_format = 'STATEMENT'")
    try:
        (problem,) = problems(settings_for(shop.server, shop.database))
        assert problem.startswith("binlog_format is STATEMENT: ")
        setting = "SET GLOBAL" if shop.server.flavor == "mariadb" else "SET PERSIST"
        assert f"{setting} binlog_format = 'ROW'" in problem
    finally:
        shop.run("SET GLOBAL binlog_format = 'ROW'")


def test_a_binlog_that_leaves_the_shop_out(server: Server) -> None:
    with (
        private_server(server.flavor, options={"binlog_ignore_db": "shop"}) as filtered,
        filtered.connect() as connection,
        connection.cursor() as cursor,
    ):
        cursor.execute("CREATE DATABASE shop")
        with open_shop(filtered, "shop"):
            (problem,) = problems(settings_for(filtered, "shop"))
            assert "binlog_ignore_db" in problem


def test_no_binlog_at_all(server: Server) -> None:
    with (
        private_server(server.flavor, options={"skip_log_bin": None}) as silent,
        silent.connect() as connection,
        connection.cursor() as cursor,
    ):
        cursor.execute("CREATE DATABASE shop")
        with open_shop(silent, "shop") as shop:
            shop.run("DROP TABLE users")
            found = problems(settings_for(silent, "shop"))
            assert "writes no binlog" in found[0]
            assert "users" in found[1], "the other problems are reported all the same"
