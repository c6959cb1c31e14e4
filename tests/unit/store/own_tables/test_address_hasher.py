"""Who is one recipient, however an address is written."""

import pytest

from binlog_watcher.store.own_tables.recipients import AddressHasher

JANE = AddressHasher("salt")("jane@example.com")


@pytest.mark.parametrize(
    "raw",
    [
        " Jane@Example.com ",
        "\uff4a\uff41\uff4e\uff45\uff20example.com",
        "mailto:jane@example.com",
        "jane@example.com, bob@example.com",
    ],
)
def test_one_person_is_one_recipient(raw: str) -> None:
    assert AddressHasher("salt")(raw) == JANE


def test_what_is_no_address_has_no_hash() -> None:
    assert AddressHasher("salt")("Jane <jane@example.com>") is None
