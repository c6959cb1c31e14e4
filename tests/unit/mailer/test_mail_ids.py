"""Ids that come back with bounces: nobody makes one up, whatever happens to them on the way."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mailer import Envelope, Links, MailIds
from mailer.mail_ids import LONGEST

OLD, NEW = "the secret of last year", "the secret of this year"
IDS = MailIds(NEW)
ROWS = st.integers(1, 2**64 - 1)


@given(ROWS)
def test_what_was_signed_is_found_in_any_case_and_within_other_text(row: int) -> None:
    token = IDS.sign(row)
    assert len(token) <= LONGEST
    for text in (
        token, token.upper(), f"bounce+{token}@example.com", f"<cartwake.{token}.1.k3@example.com>",
        f"SRS0=HHH=TT=example.com=bounce+{token}@forwarder.test", f"prvs=1234abcd=bounce-{token}@example.com",
    ):  # fmt: skip
        assert IDS.find(text) == row


@given(ROWS, ROWS)
def test_a_mac_is_of_one_row_only(row: int, other: int) -> None:
    forged = f"{other}-{IDS.sign(row).partition('-')[2]}"
    assert IDS.find(forged) == (row if row == other else None)


@given(ROWS, st.text("abcdefghijklmnopqrstuvwxyz234567", min_size=16, max_size=16))
def test_a_mac_that_is_made_up_is_none(row: int, mac: str) -> None:
    assert IDS.find(f"{row}-{mac}") in {None, row if IDS.sign(row).endswith(mac) else None}


@given(st.text(max_size=300))
def test_any_text_is_read(text: str) -> None:
    assert IDS.find(text) is None


def test_a_token_is_found_among_forged_ones_but_not_behind_any_number_of_them() -> None:
    forged = "7-aaaaaaaaaaaaaaaa "
    assert IDS.find(forged * 5 + IDS.sign(9)) == 9
    assert IDS.find(forged * 1000 + IDS.sign(9)) is None


def test_a_secret_is_renewed_without_losing_what_is_under_way() -> None:
    both = MailIds([OLD, NEW])
    assert both.sign(7) == IDS.sign(7)
    assert both.find(MailIds(OLD).sign(7)) == 7
    assert IDS.find(MailIds(OLD).sign(7)) is None


def test_an_unsubscribe_token_is_no_mail_id_and_the_other_way_round() -> None:
    links = Links(NEW, support_email="help@example.com")
    assert IDS.find(links.token(7)) is None
    with pytest.raises(ValueError, match="token"):
        links.read(IDS.sign(7))


@pytest.mark.parametrize("row", [0, -1, 2**64])
def test_what_is_no_row_is_not_signed(row: int) -> None:
    with pytest.raises(ValueError, match="no row"):
        IDS.sign(row)


def test_a_short_secret_is_refused_and_none_is_shown() -> None:
    with pytest.raises(ValueError, match="16 characters"):
        MailIds("short")
    with pytest.raises(ValueError, match="16 characters"):
        MailIds([])
    assert NEW not in repr(MailIds([NEW]))


def test_the_envelope_tells_which_mail_it_was() -> None:
    verp = Envelope(IDS, "hello@shop.example.com", "bounce+{verp}@mail.example.com")
    assert verp.mail_from(7) == f"bounce+{IDS.sign(7)}@mail.example.com"
    assert verp.message_id(7, tag="k3") == f"<cartwake.{IDS.sign(7)}.1.k3@shop.example.com>"
    assert Envelope(IDS, "hello@shop.example.com", "bounce@example.com").mail_from(7) == "bounce@example.com"
    assert Envelope(IDS, "hello@shop.example.com").mail_from(7) == "hello@shop.example.com"
