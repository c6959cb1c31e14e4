import pytest
from hypothesis import given
from hypothesis import strategies as st

from mailer import InvalidTokenError, Links, MalformedTokenError, WrongSignatureError
from mailer.refill import LONGEST
from mailer.tokens import Purpose, Tokens

SECRET = "a secret for the tests only"
IDS = st.integers(0, 2**64 - 1) | st.text(min_size=1, max_size=20)


@given(IDS, st.text(max_size=64), st.text("0123456789:,", max_size=LONGEST), st.sampled_from(Purpose))
def test_a_token_brings_back_what_was_put_in(
    log_id: int | str, store: str, items: str, purpose: Purpose
) -> None:
    tokens = Tokens(SECRET, purpose)
    assert tokens.read(tokens.make(log_id, store, items)) == (log_id, store, items)


@given(IDS, st.sampled_from(Purpose), st.sampled_from(Purpose))
def test_a_token_of_one_purpose_is_none_for_another(log_id: int | str, made: Purpose, read: Purpose) -> None:
    token = Tokens(SECRET, made).make(log_id)
    if made is read:
        assert Tokens(SECRET, read).read(token) == (log_id, "", "")
    else:
        with pytest.raises(WrongSignatureError):
            Tokens(SECRET, read).read(token)


@given(st.integers(0, 60), st.characters(codec="ascii"))
def test_no_changed_character_reads_as_another_row_or_storefront(place: int, char: str) -> None:
    tokens = Tokens(SECRET, Purpose.RETURN)
    token = tokens.make(123_456, "de", "7:1")
    forged = token[:place] + char + token[place + 1 :]
    try:
        read = tokens.read(forged)
    except InvalidTokenError:
        return
    assert read == (123_456, "de", "7:1")  # unchanged, or the padding bits of the last character


@given(st.text() | st.binary().map(lambda raw: raw.decode("utf-8", "surrogateescape")))
def test_what_never_was_a_token_is_refused(text: str) -> None:
    with pytest.raises(InvalidTokenError):
        Tokens(SECRET, Purpose.RETURN).read(text)


def test_a_cut_token_and_an_endless_one_are_malformed() -> None:
    tokens = Tokens(SECRET, Purpose.UNSUBSCRIBE)
    for token in (tokens.make(7)[:-1], tokens.make(7) + "\n", "A" * 1000 + "." + "A" * 27):
        with pytest.raises(MalformedTokenError):
            tokens.read(token)


def test_the_last_secret_signs_and_all_are_read() -> None:
    new = "the new secret, in use now"
    rotated = Tokens([SECRET, new], Purpose.RETURN)
    assert rotated.read(Tokens(SECRET, Purpose.RETURN).make(7)) == (7, "", "")
    assert Tokens(new, Purpose.RETURN).read(rotated.make(7)) == (7, "", "")
    with pytest.raises(WrongSignatureError):
        Tokens(SECRET, Purpose.RETURN).read(rotated.make(7))


def test_links_back_and_pixels_need_pages() -> None:
    with_pages = Links(
        SECRET,
        support_email="help@example.com",
        public_url="https://c.example.com/",
        store="de",
        open_pixel=True,
    )
    token = str(with_pages.back_to_cart(7)).removeprefix("https://c.example.com/r/")
    assert Tokens(SECRET, Purpose.RETURN).read(token) == (7, "de", "")
    token = str(with_pages.pixel(7)).removeprefix("https://c.example.com/o/")
    assert Tokens(SECRET, Purpose.OPEN).read(token) == (7, "", "")
    without = Links(SECRET, support_email="help@example.com")
    assert without.back_to_cart(7) is None
    assert without.pixel(7) is None
