"""What of a customer's name is shown, and what is greeted with."""

import html
import sys
import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mailer import display_name, first_name


@pytest.mark.parametrize(
    ("full", "first"),
    [
        ("Jane Doe", "Jane"),
        ("  jane\tdoe ", "jane"),
        ("Doe, Jane", "Jane"),
        ("Jane Doe, PhD", "Jane"),
        ("Dr. Jane Doe", "Jane"),
        ("Dr.Anna Schmidt", "Anna"),
        ("Dipl.-Ing. Hans Meier", "Hans"),
        ("Prof. Dr. rer. nat. Hans Meier", "Hans"),
        ("Phil Neil Collins", "Phil"),
        ("Nat Cole", "Nat"),
        ("Jean-Luc Picard", "Jean-Luc"),
        ("O&#039;Brien", "O'Brien"),
        ("Zo&euml; O&#x27;Brien", "Zoë"),
        ("de la Cruz, Maria", "Maria"),
        ("José Ortega y Gasset", "José"),
        ("Jennifer Null", "Jennifer"),
        ("Anna St.Pierre", "Anna"),
        ("Jane\r\nBcc: x", "Jane"),
        ("\u202eevil", "evil"),
        ("J\u200ba\u00adne Doe", "Jane"),
        ("Na Li", "Na"),
        ("Di Smith", "Di"),
        ("Al Jones", "Al"),
        ("Bo Ek", "Bo"),
    ],
)
def test_customers_are_greeted_by_their_first_name(full: str, first: str) -> None:
    assert first_name(full) == first


@pytest.mark.parametrize(
    "full",
    [
        None,
        "",
        "...",
        "👩‍👩‍👧",
        "null",
        "NULL null",
        "N/A",
        "n.a.",
        "NA",
        "test",
        "Test User",
        "Test Schmidt",
        "x",
        "X Y",
        "xxx",
        "12345",
        "jane99",
        "{{first_name}}",
        "%FIRST_NAME%",
        "first_name",
        "<b>Bob</b> Smith",
        "&lt;b&gt;Bob",
        "測試",
        "тест",
        "Ms",
        "Mr. Park",
        "Mr. & Mrs. Park",
        "Mr. &amp; Mrs. Park",
        "Mr and Mrs Park",
        "de la Cruz Maria",
        "DE LA CRUZ MARIA",
        "van der Berg Jan",
        "di Caprio Leo",
        "Du Pont Jean",
        "Ten Hag Erik",
        "Op de Beek Jan",
        "San Martin Jose",
        "Deleted User",
        "[object Object]",
        "https evil",
        "J. R. Smith",
        "jane@example.com",
        "Win now http://spam.test/x",
        "visit www.spam.test",
        "cheap-pills.com",
        "paypal-security.de",
        "&#112;aypal&#46;de",
        "paypal\u200d-security.de",
        "Visit bit.ly/x",
        "bit.ly/x",
        "\uff50\uff41\uff59\uff50\uff41\uff4c\uff0e\uff44\uff45",
        "\u3164",
        "\u3164 \u3164",
        "\U000e0041\U000e0042",
        "\u200b\u2060",
        "\u2800",
        "&#x3164;",
        "x" * 10_000,
        "Jane" * 2_000,
    ],
)
def test_when_in_doubt_nobody_is_greeted_by_name(full: str | None) -> None:
    assert first_name(full) is None


@pytest.mark.parametrize(
    ("full", "first"),
    [
        ("MARIA", "Maria"),
        ("JEAN-LUC PICARD", "Jean-Luc"),
        ("D'ANGELO RUSSELL", "D'Angelo"),
        ("SA'ID OMAR", "Sa'id"),
        ("ΓΙΩΡΓΟΣ ΠΑΠΑΣ", "Γιωργος"),
        ("ОЛЬГА ИВАНОВА", "Ольга"),
        ("İBRAHİM KAYA", "İbrahim"),
        ("IŞIK KAYA", "IŞIK"),
        ("AJ Smith", "AJ"),
        ("McKenzie Doe", "McKenzie"),
    ],
)
def test_a_name_in_capitals_is_written_as_names_are(full: str, first: str) -> None:
    assert first_name(full) == first


@pytest.mark.parametrize(
    ("full", "first"),
    [
        ("山田 太郎", "山田 太郎"),
        ("葛\U000e0100城 太郎", "葛\U000e0100城 太郎"),
        ("王小明", "王小明"),
        ("김철수", "김철수"),
        ("ジョン・スミス", "ジョン・スミス"),
        ("عبد الله محمد", "عبد الله"),
        ("سارة أحمد", "سارة"),
        ("علی\u200cرضا محمدی", "علی\u200cرضا"),  # noqa: RUF001 - Persian
        ("राहुल शर्मा", "राहुल"),
        ("श्\u200dयाम शर्मा", "श्\u200dयाम"),
        ("பிரியா குமார்", "பிரியா"),
        ("สมชาย ใจดี", "สมชาย"),
        ("Γιώργος Παπαδόπουλος", "Γιώργος"),
        ("Дар'я Коваль", "Дар'я"),
        ("ג'ורג' כהן", "ג'ורג'"),
        ("Հայկ Պետրոսյան", "Հայկ"),
        ("გიორგი ბერიძე", "გიორგი"),
        ("አበበ ቢቂላ", "አበበ"),
        ("Nguyễn Thị Hoa", "Nguyễn"),
        ("D\u2019Angelo Russell", "D\u2019Angelo"),
        ("Jean\u2010Luc Picard", "Jean\u2010Luc"),
    ],
)
def test_names_of_every_script_greet(full: str, first: str) -> None:
    assert first_name(full) == first


@pytest.mark.parametrize(
    ("full", "shown"),
    [
        ("Conan O&#039;Brien", "Conan O'Brien"),
        ("Mr. & Mrs. Park", "Mr. & Mrs. Park"),
        ("Dr.Anna Schmidt", "Dr.Anna Schmidt"),
        ("J.R.Tolkien", "J.R.Tolkien"),
        ("MARIA", "MARIA"),
        ("null", None),
        ("12345", None),
        ("Jane paypal-security.de", None),
        ("\u3164", None),
    ],
)
def test_the_header_shows_the_whole_name_or_none(full: str, shown: str | None) -> None:
    assert display_name(full) == shown


def test_a_long_name_is_cut_for_the_header() -> None:
    assert len(display_name("ab " * 5_000) or "") == 63


@given(st.text(max_size=200))
def test_what_greets_is_short_and_holds_nothing_but_a_name(full: str) -> None:
    name = first_name(full)
    assert name is None or (
        0 < len(name) <= 40 and not set(name) & set('<>@/\\{}&"') and any(char.isalpha() for char in name)
    )


# What shows nothing by Unicode's own tables (format characters, the fillers of Hangul, variation selectors, tags).
INVISIBLE = [
    char
    for char in map(chr, range(sys.maxunicode + 1))
    if unicodedata.category(char) == "Cf"
    and not 0x600 <= ord(char) <= 0x8E2
    and not 0x110BD <= ord(char) <= 0x1343F
] + [*"\u034f\u115f\u1160\u17b4\u17b5\u3164\uffa0\u2800\ufe00\ufe0f\u180b", "\U000e0100", "\U000e01ef"]
GIVEN = st.sampled_from(["Jane", "Zoë", "O'Brien", "D\u2019Angelo", "Łukasz", "Ольга", "أحمد", "Jean-Luc"])


@given(st.text(st.sampled_from([*INVISIBLE, " ", "\u00a0"]), max_size=20))
def test_what_nobody_sees_greets_nobody(full: str) -> None:
    assert display_name(full) is None
    assert first_name(full) is None


@given(GIVEN, st.text(st.sampled_from("\u3164\u115f\u200b\u2060\U000e0041"), max_size=5), st.integers(0, 9))
def test_invisible_letters_in_a_name_change_nothing(name: str, hidden: str, at: int) -> None:
    assert first_name(name[:at] + hidden + name[at:]) == first_name(name)


@given(
    st.sampled_from(["", "Jane ", "Jane Doe ", "visit "]),
    st.from_regex(r"[a-z0-9](-?[a-z0-9]){0,15}", fullmatch=True),
    st.sampled_from(["de", "com", "ly", "co.uk", "shop", "xyz", "рф", "info"]),
    st.sampled_from(["", "/", "/x", " now", "/a?b=c", "."]),
)
def test_no_domain_is_ever_shown(before: str, domain: str, top: str, after: str) -> None:
    full = f"{before}{domain}.{top}{after}"
    assert display_name(full) is None
    assert first_name(full) is None


@given(
    st.sampled_from(["null", "N/A", "n.a.", "none", "test", "undefined", "guest", "unknown", "user", "demo"]),
    st.sampled_from([str.lower, str.upper, str.title]),
    st.sampled_from(
        ["{}", "({})", "[{}]", "<{}>", "{{{{{}}}}}", "{} {}", "-{}-", " {} ", "{}, {}", "%{}%", "{}1"]
    ),
)
def test_a_placeholder_in_whatever_brackets_is_nobody(word: str, case: object, frame: str) -> None:
    assert callable(case)
    full = frame.format(*[case(word)] * 2)
    assert display_name(full) is None
    assert first_name(full) is None


@given(GIVEN, st.sampled_from(["Doe", "O'Neil", "Müller"]), st.integers(1, 2))
def test_entities_make_no_difference(given_name: str, family: str, times: int) -> None:
    plain = f"{given_name} {family}"
    escaped = "".join(char if char.isalpha() else f"&#{ord(char)};" for char in plain)
    if times == 2:  # an import escaped what was escaped
        escaped = html.escape(escaped)
    assert display_name(escaped) == display_name(plain)
    assert first_name(escaped) == first_name(plain)


@given(
    st.sampled_from(
        ["de", "de la", "van der", "von", "del", "dos", "El", "Van Den", "du", "Le", "Di", "Ten"]
    ),
    st.sampled_from(["Cruz", "Berg", "Silva"]),
    st.sampled_from(["Maria", "Jan", "Ana"]),
)
def test_a_particle_never_greets(particle: str, family: str, name: str) -> None:
    assert first_name(f"{particle} {family} {name}") is None
    assert first_name(f"{particle} {family} {name}".upper()) is None
    assert first_name(f"{particle} {family}, {name}") == name
