"""The template's sentences in all languages."""

import re
from importlib.resources import files

import pytest

from recommender import ProductFacts, TemplateWriter, TextRequest
from recommender.sentences import sentences_in

TAGS = sorted(
    path.name[:-5] for path in files("recommender.sentences").iterdir() if path.name.endswith(".toml")
)
_PLACES = {
    "cart_alone": {"cart"},
    "bought_together": {"cart"},
    "similar": {"cart"},
    "same_category": {"cart", "kind"},
    "popular": {"cart"},
    "mixed": {"cart"},
}


def test_there_are_eleven_languages() -> None:
    assert TAGS == ["ar", "de", "en", "es", "fr", "he", "it", "ja", "nl", "pl", "pt"]


@pytest.mark.parametrize("tag", TAGS)
def test_there_are_a_dozen_reasons_and_each_names_what_it_is_about(tag: str) -> None:
    language = sentences_in(tag)
    for name, places in _PLACES.items():
        sentences = getattr(language, name)
        assert len(set(sentences)) == len(sentences) >= 3
        for sentence in sentences:
            found = re.findall(r"\{(\w+)\}", sentence)
            assert "cart" in found
            assert set(found) <= places
            assert sentence == sentence.strip()
            assert len(sentence) < 100
    assert "{count}" in language.more


@pytest.mark.parametrize(
    ("tag", "two", "four"),
    [
        ("en", "A and B", "A and 3 more"),
        ("de", "A und B", "A und 3 weitere"),
        ("fr", "A et B", "A et 3 autres"),
        ("pl", "A i B", "A i jeszcze 3"),
        ("ja", "A、B", "A、ほか3点"),
        ("he", "A וB", "A ועוד 3"),  # noqa: RUF001 - Hebrew
        ("ar", "A وB", "A و3 غيرها"),
        ("pt-BR", "A e B", "A e mais 3"),
        ("xx", "A and B", "A and 3 more"),
        ("../en", "A and B", "A and 3 more"),
    ],
)
def test_names_are_listed_as_the_language_does(tag: str, two: str, four: str) -> None:
    language = sentences_in(tag)
    assert (language.listed(["A"], 2), language.listed(["A", "B"], 2)) == ("A", two)
    assert language.listed(["A", "B", "C", "D"], 2) == four


@pytest.mark.parametrize("tag", TAGS)
def test_the_text_is_in_the_language_names_the_cart_and_says_why(tag: str) -> None:
    lines = (ProductFacts("Kettle {kind}", "Kitchen"),)
    language = sentences_in(tag)
    for picks, kind in (
        ((), "cart_alone"),
        ((ProductFacts("Mug", "Home", "", "bought_together"),) * 2, "bought_together"),
        ((ProductFacts("Mug", "Home", "", "similar"),), "similar"),
        ((ProductFacts("Mug", "Kitchen", "", "similar"),), "same_category"),
        ((ProductFacts("Mug", "Kitchen", "", "same_category"),), "same_category"),
        ((ProductFacts("Mug", "Kitchen", "", "popular"),), "popular"),
        ((ProductFacts("Mug", "Kitchen"),), "same_category"),
        ((ProductFacts("Mug", "", "", "popular"), ProductFacts("Rug", "", "", "bought_together")), "mixed"),
        ((ProductFacts("Rug"),), "mixed"),
    ):
        text = TemplateWriter().compose(TextRequest(lines, picks, tag))
        assert "Kettle {kind}" in text
        templates = {text.replace("Kettle {kind}", "{cart}").replace("Kitchen", "{kind}")}
        assert templates & set(getattr(language, kind)), kind
