import pytest

from mailer.languages import ENGLISH, Language, Languages


def test_a_customer_gets_the_language_asked_for_or_the_stores_own() -> None:
    german, swiss, french = Language("de"), Language("de-CH"), Language("fr")
    languages = Languages((french, german, swiss))
    assert [languages.best(tag).tag for tag in ("de", "de-AT", "DE-ch", "it", "", None)] == [
        "de", "de", "de-CH", "fr", "fr", "fr",
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("asked", "tag"),
    [
        ("en", "en-GB"),
        ("en-US", "en-GB"),
        ("pt-PT", "pt-BR"),
        ("de-AT", "de"),
        ("de-CH", "de-CH"),
        ("fr", "it"),
    ],
)
def test_the_language_of_another_country_comes_before_another_language(asked: str, tag: str) -> None:
    languages = Languages([Language(one) for one in ("it", "de-CH", "de", "en-GB", "pt-BR")])
    assert (languages.best(asked).tag, languages.accepted(asked).tag) == (tag, tag)


@pytest.mark.parametrize(
    ("stored", "tag"),
    [
        ("iw", "he"),
        ("iw-IL", "he"),
        ("in", "id"),
        ("in-ID", "id"),
        ("no", "nb"),
        ("no-NO", "nb"),
        ("nb-NO", "nb"),
        ("ino", "en"),
    ],
)
def test_old_codes_of_languages_are_understood(stored: str, tag: str) -> None:
    languages = Languages([Language(one) for one in ("en", "he", "id", "nb")])
    assert (languages.best(stored).tag, languages.accepted(stored).tag) == (tag, tag)


def test_of_several_countries_the_first_that_is_offered_counts() -> None:
    assert Languages([Language("it"), Language("en-GB"), Language("en-AU")]).best("en-US").tag == "en-GB"


def test_without_any_it_is_english() -> None:
    assert Languages().best("de") is ENGLISH


@pytest.mark.parametrize(
    ("header", "tag"),
    [
        ("de", "de"),
        ("de-AT,de;q=0.9,en;q=0.8", "de"),
        ("en;q=0.5, de;q=0.7", "de"),
        ("de-CH;Q=0.5, de;Q=0.7", "de"),
        ("it, pt;q=0", "fr"),
        ("de;q=0, de-CH", "de-CH"),
        ("", "fr"),
        ("*", "fr"),
        ("de;q=" + "9" * 600, "fr"),
        ("\x00\xff;;,,q=1", "fr"),
        ("x" * 10_000, "fr"),
    ],
)
def test_a_page_has_the_first_language_of_the_browser_that_is_offered(header: str, tag: str) -> None:
    languages = Languages((Language("fr"), Language("de"), Language("de-CH")))
    assert languages.accepted(header).tag == tag
