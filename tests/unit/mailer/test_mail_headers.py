import email
import email.policy
import re
from email.header import decode_header, make_header
from email.utils import parseaddr

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from mailer.headers import field, list_field, mailbox_field
from mailer.text import one_line

TEXT = st.text(max_size=200).map(lambda text: one_line(text, 150))
HARD = "Jürgen, you left “things” 🛒 in your cart – 10% off"  # noqa: RUF001 - what real subjects hold


def parse(header: str) -> email.message.EmailMessage:
    return email.message_from_bytes(header.encode() + b"\r\n", policy=email.policy.default)


def lines(header: str) -> list[str]:
    assert header.endswith("\r\n")
    found = header[:-2].split("\r\n")
    assert all(line.startswith(" ") for line in found[1:])
    assert all(line.strip() for line in found)
    return found


@given(TEXT)
@example(HARD)
@example("=?utf-8?B?SGk=?= is not decoded")
@example("x" * 150)
@example("a  b   c")
@example("word " * 29 + "word")
def test_a_subject_reads_back_as_it_was(subject: str) -> None:
    header = field("Subject", subject)
    assert parse(header)["Subject"] == subject
    assert all(len(line) <= 76 for line in lines(header))
    assert header.isascii()


@given(TEXT)
@example(HARD)
def test_encoded_words_are_whole_and_at_most_75_characters(subject: str) -> None:
    for line in lines(field("Subject", subject + "é")):
        word = line.removeprefix("Subject: ").strip()
        assert len(word) <= 75
        text, charset = decode_header(word)[0]
        assert charset == "utf-8"
        assert isinstance(text, bytes)
        text.decode()  # no character is cut in two


@given(TEXT.map(lambda text: one_line(text, 64)))
@example("Doe, Jane")
@example('Jane "JD" Doe \\ Co')
@example("O'Neil (sales) <x@example.org>")
@example("山田 太郎")
@example("=?utf-8?q?x?=")
@example("a" * 64)
@example("  ")
def test_a_display_name_reads_back_and_never_adds_a_mailbox(name: str) -> None:
    header = mailbox_field("To", "jane.doe@example.com", name)
    # The newer parser leaves the space between two encoded-words of a name standing, against RFC 2047, 6.2: it
    # is asked how many mailboxes there are, and the older one for the name.
    assert [address.addr_spec for address in parse(header)["To"].addresses] == ["jane.doe@example.com"]
    phrase, mailbox = parseaddr(email.message_from_string(header)["To"])
    assert (str(make_header(decode_header(phrase))), mailbox) == (name, "jane.doe@example.com")
    assert all(len(line) <= 78 for line in lines(header))


FAMILY = "\N{MAN}\u200d\N{WOMAN}\u200d\N{GIRL}\u200d\N{BOY}"
SCRIPTS = {
    "ja": "カートに商品が残っています。今なら10%オフ",
    "ar": "نسيت شيئًا في سلتك – خصم ١٠٪",  # noqa: RUF001 - as the catalogue has it
    "he": "השארתם משהו בעגלה – 10% הנחה",  # noqa: RUF001 - same
    "emoji": f"🛒 {FAMILY} 🇩🇪 👍🏽 ",
}
IN_SCRIPTS = st.lists(st.sampled_from([*SCRIPTS.values(), "Jane", "a", " "]), min_size=1, max_size=8).map(
    lambda parts: one_line("".join(parts), 150)
)


def encoded_words(header: str) -> list[str]:
    return re.findall(r"=\?utf-8\?B\?[A-Za-z0-9+/=]*\?=", header)


@given(IN_SCRIPTS)
@example(SCRIPTS["ja"] * 3)
@example(SCRIPTS["ar"] * 3)
@example(SCRIPTS["he"] * 3)
@example(FAMILY * 12)
def test_every_script_reads_back_from_words_and_lines_of_the_allowed_length(text: str) -> None:
    subject, sender = field("Subject", text), mailbox_field("From", "shop@example.com", text)
    for header in (subject, sender):
        assert header.isascii()
        assert all(len(word) <= 75 for word in encoded_words(header))
        assert all(len(line) <= 76 for line in lines(header))
        assert text.isascii() or encoded_words(header)
    assert str(make_header(decode_header(email.message_from_string(subject)["Subject"]))) == text
    assert parse(subject)["Subject"] == text
    phrase, mailbox = parseaddr(email.message_from_string(sender)["From"])
    assert (str(make_header(decode_header(phrase))), mailbox) == (text, "shop@example.com")


@pytest.mark.parametrize("bad", ["a\r\nBcc: x@example.org", "a\nb", "a\x00b", "a\rb", "a\x7f"])
def test_control_characters_cannot_start_a_header(bad: str) -> None:
    with pytest.raises(ValueError, match="control character"):
        field("Subject", bad)
    with pytest.raises(ValueError, match="control character"):
        mailbox_field("To", "jane@example.com", bad)
    with pytest.raises(ValueError, match="control character"):
        mailbox_field("To", bad, "Jane")
    with pytest.raises(ValueError, match="control character"):
        list_field("List-Unsubscribe", bad)


def test_list_headers_fold_between_their_urls_only() -> None:
    web, mail = f"<https://shop.test/u/{'x' * 50}>", f"<mailto:a@example.com?subject={'y' * 60}>"
    assert lines(list_field("List-Unsubscribe", f"{web}, {mail}")) == [
        f"List-Unsubscribe: {web},",
        f" {mail}",
    ]
    with pytest.raises(ValueError, match="ASCII"):
        list_field("List-Unsubscribe", "<https://bücher.example>")
