"""The one list of rights: the statements, the file that the demo and Docker use, and what an account lacks of them."""

import re
from datetime import UTC
from pathlib import Path

import pytest
from fakes.dictionary import SampleDictionary

from binlog_watcher.kafka import marks
from binlog_watcher.settings.grants import GROUP_TABLES, OWN_TABLES, OWN_VIEWS, Grants
from binlog_watcher.shop.presets import SAMPLE
from binlog_watcher.store.own_tables import definitions, group, tables
from binlog_watcher.store.shop_tables.columns import ShopColumns
from binlog_watcher.store.shop_tables.queries import Queries

ROOT = Path(__file__).parents[3]
READS = ("cart", "orders")


def grants(database: str = "shop", *, writes: bool = False) -> Grants:
    return Grants("cartwake", "%", database, READS, writes=writes)


def test_the_file_of_the_demo_and_of_docker_is_what_the_command_prints() -> None:
    printed = Grants("cartwake", "%", "shop", tuple(SAMPLE.tables())).script()
    assert (ROOT / "binlog_watcher/demo/account.sql").read_text() == printed


def test_they_name_all_that_is_ours() -> None:
    assert set(OWN_TABLES) == {
        tables.LOG, tables.RECIPIENT, tables.META, tables.CART, tables.CLICK, tables.RETURNED,
        tables.WEBHOOK,
    }  # fmt: skip
    monitoring = (ROOT / "binlog_watcher/store/own_tables/views.sql").read_text()
    figures = definitions.views(Queries(SAMPLE, ShopColumns(SampleDictionary(), SAMPLE, UTC)), 5)
    assert set(OWN_VIEWS) == set(re.findall(r"VIEW (\w+) AS", "\n".join([monitoring, *figures])))


def test_what_instances_by_kafka_need_comes_where_they_are() -> None:
    assert set(GROUP_TABLES) == {group.MARK, group.CLOCK}
    assert marks.TABLE == group.MARK
    without, beside = (
        Grants("cartwake", "%", "shop", READS, kafka=kafka).statements() for kafka in (False, True)
    )
    assert [one.split("`")[3] for one in beside if one not in without] == list(GROUP_TABLES)
    assert all(table in grants().removal() for table in GROUP_TABLES)


@pytest.mark.parametrize("writes", [True, False])
def test_each_table_is_named_and_a_dry_run_writes_nowhere(writes: bool) -> None:
    statements = grants(writes=writes).statements()
    assert not any(".*" in statement and "*.*" not in statement for statement in statements)
    assert all(statement.endswith(";") for statement in statements)
    assert any("INSERT" in statement for statement in statements) is writes
    assert len(statements) == len(set(statements))


def test_strange_names_are_quoted() -> None:
    statements = Grants("o'brien", "%", "my`shop", ("a`b",), writes=False).statements()
    assert statements[1] == "GRANT SELECT ON `my``shop`.`a``b` TO 'o''brien'@'%';"


NOTHING = "GRANT USAGE ON *.* TO `cartwake`@`%`"


@pytest.mark.parametrize(
    ("shown", "lacks"),
    [
        ([NOTHING], ["REPLICATION SLAVE, REPLICATION CLIENT on *.*", "SELECT on shop.cart, shop.orders"]),
        (["GRANT ALL PRIVILEGES ON *.* TO `cartwake`@`%`"], []),
        (
            ["GRANT REPLICATION SLAVE, BINLOG MONITOR ON *.* TO `c`@`%` IDENTIFIED BY PASSWORD '*X'"],
            ["SELECT on shop.cart, shop.orders"],
        ),
        (["GRANT SELECT, REPLICATION SLAVE ON *.* TO `c`@`%`"], ["REPLICATION CLIENT on *.*"]),
        (
            ["GRANT REPLICATION SLAVE, REPLICATION CLIENT ON *.* TO `c`@`%`", "GRANT SELECT ON `sh%`.* TO `c`@`%`"],
            [],
        ),
        (
            ["GRANT REPLICATION SLAVE, REPLICATION CLIENT ON *.* TO `c`@`%`", "GRANT SELECT ON `sho\\_`.* TO `c`@`%`"],
            ["SELECT on shop.cart, shop.orders"],
        ),
        (
            [
                "GRANT REPLICATION SLAVE, REPLICATION CLIENT ON *.* TO `c`@`%`",
                "GRANT SELECT ON `shop`.`CART` TO `c`@`%`",
                "GRANT SELECT (`id`, `total`), INSERT ON `shop`.`orders` TO `c`@`%`",
                "GRANT `a_role`@`%` TO `c`@`%`",
            ],
            ["SELECT on shop.orders"],
        ),
    ],
)  # fmt: skip
def test_what_an_account_lacks(shown: list[str], lacks: list[str]) -> None:
    assert grants().lacking(shown) == lacks


def test_the_account_is_made_with_whatever_is_in_its_password() -> None:
    made = Grants("o'neill", "10.0.0.%", "shop", READS).creation("it's \\ 5%")
    assert made == "CREATE USER 'o''neill'@'10.0.0.%' IDENTIFIED BY 'it''s \\\\ 5%';"
    assert grants().script(made).splitlines()[1] == made


def test_the_page_about_removal_counts_what_there_is() -> None:
    words = dict(zip(range(6, 13), ("six", "seven", "eight", "nine", "ten", "eleven", "twelve"), strict=True))
    said = f"{words[len(OWN_TABLES)]} tables, {words[len(OWN_VIEWS)]} views"
    assert said in (Path(__file__).parents[3] / "docs/removal.md").read_text()
