import re

import pytest
from hypothesis import given
from hypothesis import strategies as st
from itsdangerous import Signer

from mailer import InvalidTokenError, Links, MalformedTokenError, WrongSignatureError

SECRET = "a secret for the tests only"
LINKS = Links(SECRET, support_email="help@example.com", public_url="https://carts.example-shop.test/")


@given(st.integers(0, 2**64 - 1) | st.text(min_size=1, max_size=20))
def test_a_token_brings_its_log_id_back(log_id: int | str) -> None:
    token = LINKS.token(log_id)
    assert LINKS.read(token) == log_id
    assert re.fullmatch(r"[A-Za-z0-9._~-]+", token)


def test_urls_stay_under_76_characters_for_the_first_four_billion_mails() -> None:
    https = LINKS.unsubscribe(2**32 - 1).https
    assert https is not None
    assert len(https) < 76
    assert https.startswith("https://carts.example-shop.test/u/")


def test_without_a_public_url_only_mail_unsubscribes() -> None:
    unsubscribe = Links(SECRET, support_email="help+shop@example.com").unsubscribe(7)
    assert unsubscribe.https is None
    assert unsubscribe.link == unsubscribe.mailto
    assert unsubscribe.mailto == f"mailto:help%2Bshop@example.com?subject=unsubscribe%20{unsubscribe.token}"
    assert unsubscribe.headers == (("List-Unsubscribe", f"<{unsubscribe.mailto}>"),)


def test_with_a_public_url_one_click_works() -> None:
    unsubscribe = LINKS.unsubscribe(7)
    assert unsubscribe.link == unsubscribe.https
    assert unsubscribe.headers == (
        ("List-Unsubscribe", f"<{unsubscribe.https}>, <{unsubscribe.mailto}>"),
        ("List-Unsubscribe-Post", "List-Unsubscribe=One-Click"),
    )


@given(st.integers(0, 2**64 - 1) | st.text(min_size=1, max_size=20))
def test_a_token_is_read_wherever_the_mail_has_it(log_id: int | str) -> None:
    unsubscribe = LINKS.unsubscribe(log_id)
    token = unsubscribe.token
    for text in (
        f" {token}\n", f"unsubscribe {token}", f"Re: AW: Unsubscribe {token}", f"<{token}>",
        unsubscribe.mailto, str(unsubscribe.https), unsubscribe.headers[0][1].split(",")[0],
    ):  # fmt: skip
        assert LINKS.read(text) == log_id


def test_two_tokens_are_none() -> None:
    with pytest.raises(MalformedTokenError):
        LINKS.read(f"{LINKS.token(1)} {LINKS.token(2)}")


@pytest.mark.parametrize("token", ["", "x", "no dots", "a.b.c", "é.ü", "\udcff", "." * 500])
def test_what_never_was_a_token_is_malformed(token: str) -> None:
    with pytest.raises(MalformedTokenError):
        LINKS.read(token)


def test_a_made_up_signature_is_told_apart() -> None:
    with pytest.raises(WrongSignatureError):
        Links("another secret, long enough", support_email="help@example.com").read(LINKS.token(7))


@given(st.integers(0, 40), st.characters(codec="ascii"))
def test_no_changed_character_reads_as_another_customer(place: int, char: str) -> None:
    token = LINKS.token(123_456)
    forged = token[:place] + char + token[place + 1 :]
    try:
        read = LINKS.read(forged)
    except InvalidTokenError:
        return
    assert read == 123_456  # unchanged, or the padding bits of the last character


def test_another_purpose_signed_with_the_same_secret_is_no_unsubscribe() -> None:
    with pytest.raises(WrongSignatureError):
        LINKS.read(Signer(SECRET, salt=b"something else").sign("Bw").decode())


def test_an_old_secret_still_reads_after_rotation() -> None:
    rotated = Links([SECRET, "the new secret, in use now"], support_email="help@example.com")
    assert rotated.read(LINKS.token(7)) == 7
    with pytest.raises(WrongSignatureError):
        LINKS.read(rotated.token(7))


def test_a_short_secret_and_a_long_public_url_are_refused() -> None:
    with pytest.raises(ValueError, match="at least 16"):
        Links("short", support_email="help@example.com")
    with pytest.raises(ValueError, match="at least 16"):
        Links([], support_email="help@example.com")
    with pytest.raises(ValueError, match="characters too long"):
        Links(SECRET, support_email="help@example.com", public_url="https://" + "x" * 60 + ".test")


def test_the_secret_is_not_in_the_repr() -> None:
    assert SECRET not in repr(LINKS)
