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
    "of_one_kind": {"cart", "kind"},
    "of_other_kinds": {"cart"},
    "of_any_kind": {"cart"},
}


def test_there_are_eleven_languages() -> None:
    assert TAGS == ["ar", "de", "en", "es", "fr", "he", "it", "ja", "nl", "pl", "pt"]


@pytest.mark.parametrize("tag", TAGS)
def test_there_are_a_dozen_sentences_and_each_names_what_it_is_about(tag: str) -> None:
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
def test_the_text_is_in_the_language_and_names_the_cart(tag: str) -> None:
    lines = (ProductFacts("Kettle {kind}", "Kitchen"),)
    texts = {
        TemplateWriter().compose(TextRequest(lines, picks, language=tag))
        for picks in (
            (),
            (ProductFacts("Mug", "Kitchen"),),
            (ProductFacts("Rug", "Home"),),
            (ProductFacts("Rug"),),
        )
    }
    assert len(texts) == 4
    assert all("Kettle {kind}" in text for text in texts)
    assert tag == "en" or not any(re.search(r"\b(your|the|with)\b", text) for text in texts)
