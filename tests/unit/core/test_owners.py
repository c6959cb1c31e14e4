"""What an owner tells."""

import pytest

from binlog_watcher.core.owners import is_ours, owner_of, shop_of


def test_an_owner_names_its_shop_and_its_instance() -> None:
    assert owner_of("a1", "f00d") == "a1-f00d"
    assert shop_of(owner_of("a1", "f00d")) == "a1"
    assert owner_of(None, "f00d") == "f00d"
    assert shop_of("a1-f00d-2") == "a1"


@pytest.mark.parametrize(
    ("owner", "ours"),
    [("a1-f00d", True), ("a1-", True), (None, True), ("f00d", True), ("b2-f00d", False), ("b2-", False),
     ("a1b-f", False)],
)  # fmt: skip
def test_what_nobody_claims_is_anybodys(owner: str | None, ours: bool) -> None:
    assert is_ours(owner, "a1") is ours
    assert is_ours(owner, None)
