from decimal import Decimal

import pytest

from mailer.languages import ENGLISH, Language

D = Decimal
NB, NARROW, RLM, MINUS = (
    "\N{NO-BREAK SPACE}",
    "\N{NARROW NO-BREAK SPACE}",
    "\N{RIGHT-TO-LEFT MARK}",
    "\N{MINUS SIGN}",
)
APOSTROPHE = "\N{RIGHT SINGLE QUOTATION MARK}"


@pytest.mark.parametrize(
    ("amount", "currency", "text"),
    [
        ("1234.5", "USD", "$1,234.50"),
        ("1234.5", "EUR", "€1,234.50"),
        ("0.005", "GBP", "£0.01"),
        ("1234.5", "JPY", "¥1,235"),
        ("1234.5", "XYZ", f"XYZ{NB}1,234.50"),
        ("1234.5678", "KWD", f"KWD{NB}1,234.568"),
        ("-25.89", "USD", f"{MINUS}$25.89"),
        ("1E+3", "USD", "$1,000.00"),
    ],
)
def test_money_reads_as_customers_expect(amount: str, currency: str, text: str) -> None:
    assert ENGLISH.money(D(amount), currency) == text


@pytest.mark.parametrize(
    ("tag", "currency", "text"),
    [
        ("de", "EUR", f"1.234.567,51{NB}€"),
        ("de", "CHF", f"CHF{NB}1{APOSTROPHE}234{APOSTROPHE}567.51"),
        ("de-AT", "CHF", f"CHF{NB}1.234.567,51"),  # the tag has a country
        ("en", "INR", "₹12,34,567.51"),
        ("en-US", "INR", "₹1,234,567.51"),
        ("en", "PLN", f"PLN{NB}1,234,567.51"),  # no language of Poland: its own way of grouping
        ("pl", "PLN", f"1{NB}234{NB}567,51{NB}zł"),
        ("fr", "EUR", f"1{NARROW}234{NARROW}567,51{NB}€"),
        ("ja", "JPY", "\N{FULLWIDTH YEN SIGN}1,234,568"),
        ("nl", "EUR", f"€{NB}1.234.567,51"),
        ("he", "ILS", f"{RLM}1,234,567.51{NB}{RLM}₪"),
        ("is", "ISK", f"1.234.568{NB}kr."),
    ],
)
def test_each_language_writes_money_its_way_and_that_of_the_currencys_country(
    tag: str, currency: str, text: str
) -> None:
    assert Language(tag).money(D("1234567.505"), currency) == text


def test_a_negative_amount_has_a_minus_that_is_no_hyphen() -> None:
    assert Language("de").money(D("-1234567.5"), "CHF") == f"CHF{NB}{MINUS}1{APOSTROPHE}234{APOSTROPHE}567.50"


@pytest.mark.parametrize(
    ("percent", "text"), [("10.00", "10%"), ("12.50", "12.5%"), ("100", "100%"), ("1E+1", "10%")]
)
def test_percentages_drop_needless_zeros(percent: str, text: str) -> None:
    assert ENGLISH.percent(D(percent)) == text


def test_percentages_and_numbers_are_the_languages_own() -> None:
    german = Language("de")
    assert (german.percent(D("12.5")), german.number(12345)) == (f"12,5{NB}%", "12.345")


@pytest.mark.parametrize("tag", ["", "xx-nonsense", "not a language", "de_DE.UTF-8"])
def test_what_is_no_language_is_refused(tag: str) -> None:
    with pytest.raises(ValueError, match="is no language that is known"):
        Language(tag)


def test_direction() -> None:
    assert [Language(tag).direction for tag in ("en", "ar", "he", "ja")] == ["ltr", "rtl", "rtl", "ltr"]
