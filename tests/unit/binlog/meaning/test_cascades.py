"""Foreign keys as SHOW CREATE TABLE writes them."""

import pytest

from binlog_watcher.binlog.meaning.cascades import Parent, parents_of, parse_foreign_keys
from binlog_watcher.binlog.meaning.effects import watched_tables
from binlog_watcher.shop.presets import SAMPLE

KEY = "  CONSTRAINT `c` FOREIGN KEY (`user_id`) REFERENCES "


@pytest.mark.parametrize(
    ("reference", "expected"),
    [
        ("`users` (`id`)", None),
        ("`users` (`id`) ON DELETE RESTRICT ON UPDATE NO ACTION", None),
        ("`users` (`id`) ON DELETE CASCADE", ("shop", "users", True, ())),
        ("`users` (`id`) ON DELETE SET NULL ON UPDATE RESTRICT", ("shop", "users", True, ())),
        ("`users` (`id`) ON UPDATE CASCADE", ("shop", "users", False, ("id",))),
        ("`users` (`ID`) ON DELETE CASCADE ON UPDATE SET NULL,", ("shop", "users", True, ("id",))),
        ("`other`.`users` (`a`, `b``c`) ON UPDATE SET DEFAULT", ("other", "users", False, ("a", "b`c"))),
        ("`the ``users``` (`id`) ON DELETE SET DEFAULT", ("shop", "the `users`", True, ())),
    ],
)
def test_what_has_an_action(reference: str, expected: tuple[str, str, bool, tuple[str, ...]] | None) -> None:
    found = parse_foreign_keys(f"CREATE TABLE `cart` (\n{KEY}{reference}\n) ENGINE=InnoDB", ("shop", "cart"))
    if expected is None:
        assert found == []
    else:
        schema, table, deletes, updates = expected
        assert found == [((schema, table), Parent(deletes, frozenset(updates)))]


def test_every_foreign_key_counts() -> None:
    definition = f"{KEY}`users` (`id`) ON DELETE CASCADE,\n{KEY}`products` (`id`) ON UPDATE CASCADE\n"
    assert [name for name, _ in parse_foreign_keys(definition, ("shop", "cart"))] == [
        ("shop", "users"),
        ("shop", "products"),
    ]
    assert Parent(deletes=True) | Parent(updates=frozenset({"id"})) == Parent(
        deletes=True, updates=frozenset({"id"})
    )


def test_what_the_parents_own_row_tells_is_no_unseen_change() -> None:
    lines, carts, users = ("shop", "cart_item"), ("shop", "carts"), ("shop", "users")
    entities = {lines: {"cart_id": "cart"}, carts: {"id": "cart"}}
    definition = (
        "FOREIGN KEY (`cart_id`) REFERENCES `carts` (`id`) ON DELETE CASCADE,\n"
        "FOREIGN KEY (`parent_id`) REFERENCES `cart_item` (`id`) ON DELETE CASCADE,\n"
        "FOREIGN KEY (`user_id`) REFERENCES `users` (`id`) ON DELETE CASCADE\n"
    )
    assert parse_foreign_keys(definition, lines, entities) == [(users, Parent(deletes=True))]
    assert [name for name, _ in parse_foreign_keys(definition, lines)] == [carts, lines, users]
    # A cart key that is set to NULL, or changed, is another matter.
    other = "FOREIGN KEY (`cart_id`) REFERENCES `carts` (`id`) ON DELETE SET NULL ON UPDATE CASCADE"
    assert parse_foreign_keys(other, lines, entities) == [
        (carts, Parent(deletes=True, updates=frozenset({"id"})))
    ]


def test_parents_of_parents_are_found_though_they_go_in_a_circle() -> None:
    definitions = {
        ("shop", "cart"): f"{KEY}`users` (`id`) ON DELETE CASCADE",
        ("shop", "users"): f"{KEY}`crm`.`firms` (`id`) ON DELETE CASCADE",
        ("crm", "firms"): f"{KEY}`shop`.`users` (`id`) ON UPDATE CASCADE",
    }
    asked = []

    def definition(table: tuple[str, str]) -> str:
        asked.append(table)
        return definitions.get(table, "")

    assert parents_of("shop", watched_tables(SAMPLE), definition) == {
        ("shop", "users"): Parent(deletes=True, updates=frozenset({"id"})),
        ("crm", "firms"): Parent(deletes=True),
    }
    assert len(asked) == len(set(asked))
    assert {("shop", "orders"), ("shop", "products"), *definitions} == set(asked)
