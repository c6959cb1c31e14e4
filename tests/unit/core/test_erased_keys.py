"""The names of erased carts: the same for the same key, and no way back."""

from hypothesis import example, given
from hypothesis import strategies as st

from binlog_watcher.core.erased_keys import MARK, ErasedKeys, is_erased
from binlog_watcher.store.own_tables.log_upgrade import KEY_LENGTH

KEYS = st.text(max_size=KEY_LENGTH)


@given(KEYS)
@example("7")
@example("\ud800")
def test_a_name_is_stable_fits_its_column_and_stays_as_it_is(key: str) -> None:
    name = ErasedKeys("salt")(key)
    assert name == ErasedKeys("salt")(key) == ErasedKeys("salt")(name)
    assert is_erased(name)
    assert len(name) <= 64
    assert name.isascii()


@given(KEYS, KEYS)
def test_other_keys_have_other_names_but_for_spaces_at_the_end(one: str, other: str) -> None:
    erased = ErasedKeys("salt")
    same = one.rstrip(" ") == other.rstrip(" ")
    assert (erased(one) == erased(other)) == (same or is_erased(one) or is_erased(other))


def test_without_the_salt_nobody_makes_a_name_up() -> None:
    assert ErasedKeys("salt")("987654321") != ErasedKeys("another")("987654321")
    assert "987654321" not in ErasedKeys("salt")("987654321")


def test_a_key_that_looks_like_a_name_is_taken_for_one() -> None:
    assert is_erased(MARK + "whatever")
    assert not is_erased("987654321")
