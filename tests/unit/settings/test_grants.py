"""The GRANT statements that messages name, held against the file that the docs name."""

import re
from pathlib import Path

from binlog_watcher.settings.grants import OWN_TABLES, OWN_VIEWS, Grants, host_named_in
from binlog_watcher.store.own_tables import tables

ROOT = Path(__file__).parents[3]


def statements(text: str) -> set[str]:
    code = re.sub(r"^--.*$", "", text, flags=re.MULTILINE)
    return {found.strip() for found in code.split(";") if found.strip()}


def test_they_are_those_of_the_file_except_that_the_shop_is_read_as_a_whole() -> None:
    file = statements((ROOT / "binlog_watcher/demo/account.sql").read_text())
    named = statements(Grants("cartwake", "%", "shop", mariadb=False).all_of_them())
    assert named - file == {"GRANT SELECT ON `shop`.* TO 'cartwake'@'%'"}
    assert all(grant.startswith("GRANT SELECT ON `shop`.`") for grant in file - named)


def test_they_name_all_that_is_ours() -> None:
    assert set(OWN_TABLES) == {
        tables.LOG, tables.RECIPIENT, tables.META, tables.CART, tables.CLICK, tables.RETURNED,
    }  # fmt: skip
    views = (ROOT / "binlog_watcher/store/own_tables/views.sql").read_text()
    assert set(OWN_VIEWS) == set(re.findall(r"VIEW (\w+) AS", views))


def test_strange_names_are_quoted() -> None:
    grant = Grants("o'brien", "%", "my`shop", mariadb=True).to_read()
    assert grant == "GRANT SELECT ON `my``shop`.* TO 'o''brien'@'%';"
    assert "BINLOG MONITOR" in Grants("c", "%", "shop", mariadb=True).to_follow()


def test_the_accounts_host_is_taken_from_the_message() -> None:
    assert host_named_in("Access denied for user 'clerk'@'10.0.%' to database 'shop'") == "10.0.%"
    assert host_named_in("Access denied; you need the SUPER privilege") == "%"
