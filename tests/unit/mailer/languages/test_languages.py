from mailer.languages import ENGLISH, Language, Languages


def test_a_customer_gets_the_language_asked_for_or_the_stores_own() -> None:
    german, swiss, french = Language("de"), Language("de-CH"), Language("fr")
    languages = Languages((french, german, swiss))
    assert [languages.best(tag).tag for tag in ("de", "de-AT", "DE-ch", "it", "", None)] == [
        "de", "de", "de-CH", "fr", "fr", "fr",
    ]  # fmt: skip


def test_without_any_it_is_english() -> None:
    assert Languages().best("de") is ENGLISH
