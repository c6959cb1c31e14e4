import pytest
from hypothesis import given
from hypothesis import strategies as st

from mailer import InvalidAddressError, mask, parse_address
from mailer.text import initial, one_line, shop_line


@pytest.mark.parametrize(
    ("raw", "mailbox", "key"),
    [
        ("jane@example.com", "jane@example.com", "jane@example.com"),
        ("  Jane.Doe+shop@Example.COM ", "Jane.Doe+shop@example.com", "jane.doe+shop@example.com"),
        ("a@shop.test", "a@shop.test", "a@shop.test"),
        ("o'neil@example.org", "o'neil@example.org", "o'neil@example.org"),
        ("info@bücher.example", "info@xn--bcher-kva.example", "info@xn--bcher-kva.example"),
        ("JOSÉ@example.org", "JOSÉ@example.org", "josé@example.org"),
    ],
)
def test_an_address_is_sent_to_as_written_and_keyed_in_lower_case(raw: str, mailbox: str, key: str) -> None:
    address = parse_address(raw)
    assert (address.mailbox, address.normalised) == (mailbox, key)


@pytest.mark.parametrize(
    ("raw", "mailbox"),
    [
        ("\uff4a\uff41\uff4e\uff45@example.com", "jane@example.com"),
        ("jane\uff20example.com", "jane@example.com"),
        (
            "\uff2aane\uff20\uff45\uff58\uff41\uff4d\uff50\uff4c\uff45\uff0e\uff43\uff4f\uff4d",
            "Jane@example.com",
        ),
        ("\u3000jane@example.com\u00a0", "jane@example.com"),
        ("jose\u0301@example.org", "jos\u00e9@example.org"),
        ("jane@example.com, bob@example.com", "jane@example.com"),
        ("jane@example.com;bob@example.com", "jane@example.com"),
        ("jane@example.com\uff1b nonsense", "jane@example.com"),
        ("jane@example.com,", "jane@example.com"),
        (" , jane@example.com", "jane@example.com"),
        ("mailto:jane@example.com", "jane@example.com"),
        ("MAILTO: jane@example.com", "jane@example.com"),
        ("mailto:jane%2Bshop@example.com?subject=Hi", "jane+shop@example.com"),
        ("mailto:jane@example.com,bob@example.com", "jane@example.com"),
    ],
)
def test_what_customers_typed_is_read_as_it_is_meant(raw: str, mailbox: str) -> None:
    assert parse_address(raw) == parse_address(mailbox)
    assert parse_address(raw).mailbox == mailbox


@pytest.mark.parametrize(
    ("raw", "complaint"),
    [
        ("jane@example.com, bob@example.com", "a list"),
        ("mailto:jane@example.com", "mailto:"),
        ("jane\uff20example.com", "another width"),
    ],
)
def test_what_an_operator_gives_must_be_the_address_itself(raw: str, complaint: str) -> None:
    with pytest.raises(InvalidAddressError, match=complaint) as caught:
        parse_address(raw, exact=True)
    assert "jane@" not in str(caught.value)
    assert "bob@" not in str(caught.value)


@pytest.mark.parametrize(
    "raw", [" Jane.Doe+shop@Example.COM ", "jose\u0301@example.org", "info@bücher.example"]
)
def test_an_operators_address_is_read_like_a_customers(raw: str) -> None:
    assert parse_address(raw, exact=True) == parse_address(raw)


def test_dots_and_plus_tags_stay_for_providers_differ() -> None:
    keys = {
        parse_address(raw).normalised for raw in ("a.b@example.com", "ab@example.com", "ab+x@example.com")
    }
    assert len(keys) == 3


def test_only_a_local_part_beyond_ascii_needs_smtputf8() -> None:
    assert parse_address("josé@example.org").needs_smtputf8
    assert not parse_address("info@bücher.example").needs_smtputf8


@pytest.mark.parametrize(
    "raw",
    [
        None,
        "",
        "   ",
        "jane",
        "jane@",
        "@example.com",
        "jane@localhost",
        "jane@example",
        "jane@@example.com",
        "jane doe@example.com",
        "Jane <jane@example.com>",
        '"jane"@example.com',
        "jane@[127.0.0.1]",
        "jane@example.com\r\nBcc: all@example.org",
        "jane\n@example.com",
        "jane,bob@example.com",
        "Jane <jane@example.com>, bob@example.com",
        "mailto:",
        "mailto:jane",
        "mailto:jane%0D%0ABcc:x@example.com",
        ",;",
        "a" * 65 + "@example.com",
        "x" * 10_000 + "@example.com",
        "j\x00ane@example.com",
        "\udcffjane@example.com",
        "jane@exa mple.com",
        "jane@-example.com",
    ],
)
def test_what_cannot_be_mailed_is_refused_without_showing_it(raw: str | None) -> None:
    with pytest.raises(InvalidAddressError) as caught:
        parse_address(raw)
    assert "jane@example.com" not in str(caught.value)
    assert len(str(caught.value)) < 300


@given(st.text(max_size=60) | st.from_regex(r"[^@]{1,10}@[^@]{1,12}\.[a-z]{2,3}", fullmatch=True))
def test_whatever_comes_in_nothing_that_breaks_a_header_comes_out(raw: str) -> None:
    try:
        address = parse_address(raw)
    except InvalidAddressError:
        return
    for text in (address.mailbox, address.normalised):
        assert not any(char.isspace() or ord(char) < 33 or char in '<>,;:"()[]\\' for char in text)
        assert text.count("@") == 1
    assert parse_address(address.mailbox).normalised == address.normalised


@pytest.mark.parametrize(
    ("address", "masked"),
    [("jane@example.com", "j***@example.com"), ("@example.com", "***"), ("nonsense", "***"), ("", "***")],
)
def test_masking_leaves_the_first_letter_and_the_domain(address: str, masked: str) -> None:
    assert mask(address) == masked


def test_the_repr_of_an_address_is_masked() -> None:
    address = parse_address("jane@example.com")
    assert "jane@" not in f"{address!r} {address!s} {address}"


def test_ten_thousand_characters_become_a_short_line() -> None:
    assert shop_line("&amp;" * 10_000, 10) == "&" * 9 + "…"


@given(st.text(max_size=300), st.integers(1, 80))
def test_one_line_is_one_encodable_line_within_its_limit(text: str, limit: int) -> None:
    line = one_line(text, limit)
    assert len(line) <= limit
    assert line == " ".join(line.split(" ")).strip()
    assert line.isprintable() or not any(ord(char) < 32 or ord(char) == 127 for char in line)
    line.encode()
    assert one_line(line, limit) == line


def test_entities_in_product_text_are_shown_as_characters() -> None:
    assert shop_line("AT&amp;amp;T, M&amp;uuml;ller") == "AT&T, Müller"
    assert shop_line("Salt &amp; Pepper &ndash; 2&nbsp;pcs\n&#x1F36C;") == "Salt & Pepper – 2 pcs 🍬"  # noqa: RUF001


def test_the_initial_is_the_first_letter_or_digit() -> None:
    assert [initial(name) for name in ("(new) mug", "4K TV", "山", "***", "")] == ["N", "4", "山", "•", "•"]
