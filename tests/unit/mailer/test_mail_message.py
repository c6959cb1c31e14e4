import email
import email.policy
from datetime import UTC, datetime

import pytest
from fakes.store import store
from hypothesis import given
from hypothesis import strategies as st

from mailer import Links, Rendered, build, message_id, parse_address
from mailer.sender import check_line_ends
from mailer.text import one_line

STORE = store(
    support_email="help@example.com",
    sender_email="shop@example.com",
    sender_name="Fernweh Büro & Töchter",
    public_url="https://shop.example.com",
)
DATE = datetime(2026, 5, 17, 12, 0, tzinfo=UTC)
UNSUBSCRIBE = Links(
    b"0123456789abcdef", support_email="help@example.com", public_url="https://c.test"
).unsubscribe(7)
LINE = st.text(max_size=80).map(lambda text: one_line(text, 60))
BODY = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\r"), max_size=500)


def make(rendered: Rendered, recipient: str = "jane@example.org", name: str | None = "Jane Doe") -> bytes:
    return build(
        rendered,
        store=STORE,
        recipient=parse_address(recipient),
        recipient_name=name,
        message_id=message_id(7, "example.com"),
        date=DATE,
        unsubscribe=UNSUBSCRIBE,
    )


def parse(message: bytes) -> email.message.EmailMessage:
    return email.message_from_bytes(message, policy=email.policy.default)


@given(subject=LINE, html=BODY, text=BODY, name=LINE)
def test_the_email_package_reads_back_what_was_put_in(subject: str, html: str, text: str, name: str) -> None:
    message = make(Rendered(subject, html, text), name=name)
    check_line_ends(message)
    assert max(map(len, message.split(b"\r\n"))) <= 998
    assert message.isascii()
    parsed = parse(message)
    assert not parsed.defects
    assert parsed["Subject"] == subject
    plain, markup = parsed.iter_parts()
    assert (plain.get_content_type(), markup.get_content_type()) == ("text/plain", "text/html")
    for part, sent in ((plain, text), (markup, html)):
        assert not part.defects
        decoded = part.get_payload(decode=True)
        assert decoded == sent.replace("\n", "\r\n").encode()
    assert [address.addr_spec for address in parsed["To"].addresses] == ["jane@example.org"]


def test_every_header_is_there_once() -> None:
    parsed = parse(make(Rendered("Hi", "<p>Hi</p>", "Hi")))
    assert parsed["From"] == "Fernweh Büro & Töchter <shop@example.com>"
    assert parsed["To"] == "Jane Doe <jane@example.org>"
    assert parsed["Reply-To"] == "help@example.com"
    assert parsed["Date"].datetime == DATE
    assert parsed["Message-ID"] == "<cartwake.7.1@example.com>"
    assert parsed["Auto-Submitted"] == "auto-generated"
    assert parsed["List-Id"] == "<cart-reminders.example.com>"
    assert parsed["Feedback-ID"] == "cart-reminder::cartwake:examplecom"
    assert parsed["MIME-Version"] == "1.0"
    assert parsed["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click"
    assert f"<{UNSUBSCRIBE.https}>" in parsed["List-Unsubscribe"]
    assert f"<{UNSUBSCRIBE.mailto}>" in parsed["List-Unsubscribe"]
    assert len(parsed.keys()) == len(set(parsed.keys()))


def test_the_same_mail_is_the_same_bytes() -> None:
    assert make(Rendered("Hi", "<p>Hi</p>", "Hi")) == make(Rendered("Hi", "<p>Hi</p>", "Hi"))


def test_an_advertisement_for_a_name_stays_out_of_the_header() -> None:
    assert parse(make(Rendered("Hi", "", ""), name="WIN at http://spam.test"))["To"] == "jane@example.org"


def test_an_address_beyond_ascii_stands_in_the_header_as_utf_8() -> None:
    message = make(Rendered("Hi", "", ""), recipient="josé@bücher.example", name=None)
    assert "To: josé@xn--bcher-kva.example\r\n".encode() in message


def test_a_naive_date_is_refused() -> None:
    with pytest.raises(ValueError, match="time zone"):
        build(
            Rendered("Hi", "", ""),
            store=STORE,
            recipient=parse_address("jane@example.org"),
            message_id="<a@b>",
            date=DATE.replace(tzinfo=None),
            unsubscribe=UNSUBSCRIBE,
        )


def test_message_ids_are_stable_and_distinct() -> None:
    assert message_id(7, "example.com") == "<cartwake.7.1@example.com>"
    ids = {
        message_id(7, "example.com", step=2),
        message_id(7, "example.com", tag="k3"),
        message_id(71, "example.com"),
    }
    assert ids == {
        "<cartwake.7.2@example.com>",
        "<cartwake.7.1.k3@example.com>",
        "<cartwake.71.1@example.com>",
    }


@pytest.mark.parametrize(
    ("log_id", "domain"), [("a b", "example.com"), (7, ""), (7, "a\r\nX: y"), ("<7>", "a.test")]
)
def test_what_cannot_be_a_message_id_is_refused(log_id: int | str, domain: str) -> None:
    with pytest.raises(ValueError, match="no Message-ID"):
        message_id(log_id, domain)


@pytest.mark.parametrize(
    "bad", [b"a\nb\r\n", b"a\rb\r\n", b"a", b"", b".\r\n", b"a\r\n.\r\nMAIL FROM:<x>\r\n"]
)
def test_bytes_that_smuggle_or_break_data_are_refused(bad: bytes) -> None:
    with pytest.raises(ValueError, match=r"mailer\.build"):
        check_line_ends(bad)
