"""EXCLUDE_ADDRESSES: which addresses a pattern means, and what is none."""

import pytest

from mailer import AddressPatterns


@pytest.mark.parametrize(
    ("pattern", "among", "not_among"),
    [
        ("jane@example.com", ["jane@example.com", "Jane@EXAMPLE.com"], ["mary.jane@example.com", "jane@example.co"]),
        ("noreply@", ["noreply@example.com", "NoReply@example.org"], ["noreply2@example.com", "jane@noreply.example"]),
        ("@example.com", ["jane@example.com"], ["jane@shop.example.com", "jane@badexample.com", "jane@example.com.au"]),
        ("@*.example.com", ["jane@shop.example.com"], ["jane@example.com"]),
        ("*@example.com", ["jane@example.com"], ["jane@example.org"]),
        ("test-*@example.org", ["test-@example.org", "test-17@example.org"], ["atest-1@example.org"]),
        ("*bot*@*", ["shop-bot-3@example.org"], ["shop@bot.example"]),
        ("a.c+d@example.com", ["a.c+d@example.com"], ["abc+d@example.com", "a.cd@example.com"]),
        ("@bücher.example", ["jo@bücher.example", "jo@xn--bcher-kva.example"], ["jo@bucher.example"]),
        ("@Straße.example", ["jo@straße.example"], ["jo@strasse.example"]),
    ],
)  # fmt: skip
def test_what_a_pattern_means(pattern: str, among: list[str], not_among: list[str]) -> None:
    patterns = AddressPatterns((pattern,))
    assert [address for address in [*among, *not_among] if patterns.match(address)] == among


def test_an_address_is_read_as_it_is_mailed() -> None:
    patterns = AddressPatterns(("noreply@", "@shop.example.com"))
    assert patterns.match("mailto:noreply@example.org")
    assert patterns.match(" bot@shop.example.com, jane@example.com")
    assert not patterns.match("jane@example.com, bot@shop.example.com")


@pytest.mark.parametrize("raw", [None, "", "noreply", "@"])
def test_what_is_no_address_is_none_of_them(raw: str | None) -> None:
    assert not AddressPatterns(("noreply@",)).match(raw)
    assert not AddressPatterns().match("noreply@example.com")


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("example.com", "is none"), ("noreply", "is none"), ("a@b@c", "is none"), ("a b@example.com", "is none"),
        ("a@exam ple.com", "is none"), ("a@.com", "is none"), ("<a@example.com>", "is none"),
        ("@", "everybody"), ("*@*", "everybody"), ("@*.*", "everybody"), ("a@bü_cher.example", "can exist"),
    ],
)  # fmt: skip
def test_a_slip_is_named(text: str, why: str) -> None:
    with pytest.raises(ValueError, match=why):
        AddressPatterns((text,))
