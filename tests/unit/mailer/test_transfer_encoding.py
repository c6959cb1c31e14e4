"""Both encodings, read back by the standard library."""

import base64
import quopri

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from mailer.sender import check_line_ends
from mailer.transfer_encoding import encoded

TEXT = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\r"), max_size=600)
LATIN = st.text(st.sampled_from("aeio.= \t\nü<>\"'\x00\x7f~"), max_size=600)


def read(name: str, body: bytes) -> bytes:
    """The content; the last line end belongs to the boundary that follows."""
    return base64.b64decode(body) if name == "base64" else quopri.decodestring(body.removesuffix(b"\r\n"))


@given(TEXT | LATIN)
@example("")
@example("." * 300)
@example("= " * 300)
@example("." + "a" * 70 + " ")
@example("." + "a" * 71 + " \n." + " " * 200)
@example("a" * 71 + "=" + "b" * 80)
@example("\n.\n..\n. \n")
def test_the_standard_library_reads_back_what_was_put_in(text: str) -> None:
    name, body = encoded(text)
    assert read(name, body) == text.replace("\n", "\r\n").encode()
    lines = body.split(b"\r\n")
    assert max(map(len, lines)) <= 76
    assert not any(line.startswith(b".") for line in lines)
    assert not any(line.endswith((b" ", b"\t")) for line in lines)
    assert body.isascii()
    assert body == b"" or lines[-1] == b""
    check_line_ends(b"X: y\r\n\r\n" + body)


@given(TEXT | LATIN)
def test_the_shorter_one_is_taken(text: str) -> None:
    data = text.replace("\n", "\r\n").encode()
    name, body = encoded(text)
    other = base64.encodebytes(data) if name == "quoted-printable" else quopri.encodestring(data)
    # Line ends within are counted a little differently; what matters are the bytes that they cost as a whole.
    assert len(body) <= len(other) * 1.1 + 10


@pytest.mark.parametrize(
    ("text", "name", "most"),
    [
        ("<p style='color: red'>Hello Jane, your cart waits.</p>" * 500, "quoted-printable", 1.1),
        ("Grüße aus München, Ihr Warenkorb wartet auf Sie.\n" * 500, "quoted-printable", 1.26),
        ("カートに商品が残っています。" * 500, "base64", 1.38),
        ("قبعة صوفية دافئة. " * 500, "base64", 1.38),
    ],
)
def test_each_script_costs_little(text: str, name: str, most: float) -> None:
    used, body = encoded(text)
    assert used == name
    assert len(body) < len(text.encode()) * most


def test_line_ends_of_all_kinds_become_one() -> None:
    assert encoded("a\nb\r\nc\rd")[1] == b"a\r\nb\r\nc\r\nd\r\n"


def test_a_lone_surrogate_becomes_a_question_mark() -> None:
    assert read(*encoded("a\ud800b")) == b"a?b"
