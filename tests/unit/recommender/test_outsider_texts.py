"""Answers and names by somebody who had not seen the lists: what harms is kept out, and what does no harm is not."""

import json
from pathlib import Path

import pytest

from recommender import ProductFacts, TemplateWriter, TextRequest, WriterError, check_answer, printable_name
from recommender.name_signs import folded
from recommender.words import words_of

TEXTS: dict[str, dict[str, list[str]]] = json.loads(
    (Path(__file__).parents[2] / "data" / "outsider_texts.json").read_text(encoding="utf-8")
)
NAMES = ["Desk Lamp", "LED Bulb", "Brass Shade"]
EVERY_LANGUAGE = sorted(TEXTS["names that harm"])


def _passes(answer: str, language: str) -> bool:
    try:
        check_answer(answer, NAMES, language)
    except WriterError:
        return False
    return True


@pytest.mark.parametrize("language", sorted(TEXTS["answers that harm"]))
def test_no_answer_that_harms_passes(language: str) -> None:
    assert [text for text in TEXTS["answers that harm"][language] if _passes(text, language)] == []


@pytest.mark.parametrize("language", sorted(TEXTS["answers that do good"]))
def test_answers_that_do_good_pass(language: str) -> None:
    refused = [text for text in TEXTS["answers that do good"][language] if not _passes(text, language)]
    assert len(refused) <= 1, refused  # "our shop" and "dia un'occhiata" are on no list


@pytest.mark.parametrize("language", EVERY_LANGUAGE)
def test_the_template_prints_no_name_that_harms(language: str) -> None:
    printed = []
    for name in TEXTS["names that harm"][language]:
        facts = ProductFacts(name, name, reason="same_category")
        text = TemplateWriter().compose(TextRequest((facts,), (facts,), language))
        if printable_name(name, 70) or folded(name) in folded(text):
            printed.append(name)
    assert printed == []


@pytest.mark.parametrize("language", sorted(TEXTS["names that do no harm"]))
def test_the_template_prints_names_that_do_no_harm(language: str) -> None:
    kept_out = [
        name
        for name in TEXTS["names that do no harm"][language]
        if name not in TemplateWriter().compose(TextRequest((ProductFacts(name),), (), language))
    ]
    assert kept_out == []


@pytest.mark.parametrize(
    ("language", "harmless", "harm"),
    [
        (
            "en",
            "Have a look at {1}, and we would add {2}.",
            "Have a look at {1}, and add {2}, and come home.",
        ),
        ("en", "Not sure yet? {2} suits {1}.", "Not good: {2} suits {1}."),
        ("en", "We thought of {2} for you.", "We sleep near {2} for you."),
        ("de", "{2} passt zu {1}, noch nicht sicher?", "{2} passt zu {1}, das ist nicht sicher."),
        ("it", "{2} si abbina bene a {1} in casa.", "{2} lo offre la casa con {1}."),
        ("ja", "{2}は{1}とよく合います。", "{2}は{1}と合いますが、良くない。"),
    ],
)
def test_ordinary_words_may_not_stand_together_where_they_would_harm(
    language: str, harmless: str, harm: str
) -> None:
    assert _passes(harmless, language)
    words = words_of(language)
    assert words is not None
    with pytest.raises(WriterError, match=r"words together|gives an order"):
        check_answer(harm, NAMES, language)
