"""Foreign keys as SHOW CREATE TABLE writes them."""

import pytest

from binlog_watcher.binlog.cascades import Parent, parse_foreign_keys

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
