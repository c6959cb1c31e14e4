"""What may come back from a model, and what may not: good answers in eleven languages, and the attacks."""

import json
import string
import unicodedata
from importlib.resources import files
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from recommender import MAX_CHARACTERS, ProductFacts, TemplateWriter, TextRequest, WriterError, check_answer
from recommender.sentences import sentences_in
from recommender.words import words_of

DATA = Path(__file__).parents[2] / "data"
GOOD: dict[str, list[str]] = json.loads((DATA / "good_answers.json").read_text(encoding="utf-8"))
ATTACKS = json.loads((DATA / "attacks.json").read_text(encoding="utf-8"))
LANGUAGES = sorted(
    path.name[:-4] for path in files("recommender.words").iterdir() if path.name.endswith(".txt")
)
NAMES = ["Desk Lamp", "LED Bulb", "Brass Shade"]

FORBIDDEN: dict[str, str] = json.loads((DATA / "forbidden_words.json").read_text(encoding="utf-8"))


@pytest.mark.parametrize("language", LANGUAGES)
def test_good_answers_pass_and_the_names_stand_in_their_places(language: str) -> None:
    refused = []
    for answer in GOOD[language]:
        wanted = answer
        for place, name in enumerate(NAMES, 1):
            wanted = wanted.replace(f"{{{place}}}", name)
        try:
            assert check_answer(answer, NAMES, language) == wanted
        except WriterError:
            refused.append(answer)
    assert len(refused) <= 3, refused  # "call for something warm" and "get the most out of" hold orders, too


def test_there_is_a_list_for_every_language_of_the_sentences() -> None:
    sentences = sorted(
        p.name[:-5] for p in files("recommender.sentences").iterdir() if p.name.endswith(".toml")
    )
    assert LANGUAGES == sentences == sorted(GOOD) == sorted(FORBIDDEN)


@pytest.mark.parametrize("language", LANGUAGES)
def test_no_list_knows_a_word_of_money_delivery_contact_or_account(language: str) -> None:
    words = words_of(language)
    assert words is not None
    assert [word for word in FORBIDDEN[language].split() if words.knows(word)] == []


@pytest.mark.parametrize(
    "attack", [a for a in ATTACKS if a["clear"]], ids=lambda a: f"{a['language']}-{a['where']}"
)
def test_no_attack_reaches_a_mail(attack: dict[str, str]) -> None:
    language, where, text = attack["language"], attack["where"], attack["text"]
    # A model that obeys answers with it, wherever it stood.
    with pytest.raises(WriterError):
        pytest.fail(f"{text!r} slipped through as {check_answer(text, NAMES, language)!r}")
    if where == "answer":
        return
    facts = ProductFacts(
        text if where == "name" else "Desk Lamp",
        text if where == "category" else "Lighting",
        text if where == "description" else "",
        "same_category",
    )
    assert text not in TemplateWriter().compose(TextRequest((facts,), (facts,), language))


@pytest.mark.parametrize("name", [a for a in ATTACKS if not a["clear"]], ids=lambda a: a["text"])
def test_a_name_that_looks_odd_does_no_harm(name: dict[str, str]) -> None:
    language, text = name["language"], name["text"]
    assert text in TemplateWriter().compose(TextRequest((ProductFacts(text),), (), language))
    answer = GOOD[language][0]
    assert text in check_answer(answer, [text, *NAMES[1:]], language)


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_templates_sentences_are_made_of_the_listed_words(language: str) -> None:
    sentences = sentences_in(language)
    for kind in ("cart_alone", "bought_together", "similar", "same_category", "popular", "mixed"):
        for sentence in getattr(sentences, kind):
            answer = sentence.replace("{cart}", "{1}").replace("{kind}", "{2}")
            try:
                check_answer(answer, NAMES, language)
            except WriterError as error:
                assert "says nothing beside names" in error.reason, sentence  # noqa: PT017 - some are short


def test_white_space_is_collapsed_and_quotes_come_off() -> None:
    assert check_answer('  "Your {1}\n\n waits\tfor you."  ', NAMES, "en") == "Your Desk Lamp waits for you."
    assert (
        check_answer("Thinking about it... { 2 } suits you.", NAMES, "en")
        == "Thinking about it… LED Bulb suits you."
    )
    assert check_answer("\u201cYour {1} waits for you.\u201d", NAMES, "en") == "Your Desk Lamp waits for you."


def test_a_place_in_a_name_is_only_a_name() -> None:
    assert check_answer("Your {1} waits for you.", ["Mug {2}", "B"], "en") == "Your Mug {2} waits for you."


@pytest.mark.parametrize("language", ["xx", "sv", "../en", "", "e"])
def test_without_a_list_nothing_passes(language: str) -> None:
    with pytest.raises(WriterError) as caught:
        check_answer("Your {1} waits for you.", NAMES, language)
    assert caught.value.kind == "language"


@pytest.mark.parametrize(
    ("reason", "answer"),
    [
        ("empty", "  \n "),
        ("characters", "lamp " * 81),
        ("a digit", "We chose 2 for you and you."),
        ("a digit", "We chose ２ for you and you."),
        ("a digit", "We chose Ⅻ for you and you."),
        ("U+0024", "We chose $ for you."),
        ("U+2728", "Your {1} waits for you ✨"),
        ("U+200B", "Your lamp wa\u200bits for you."),
        ("U+0028", "Your lamp (and you) waits."),
        ("U+003C", "Your <b>lamp</b> waits for you."),
        ("U+0336", "Your e\u0336vil lamp waits."),
        ("product that it was not told of", "Your {4} waits for you."),
        ("U+007B", "Your {x} waits for you."),
        ("U+007B", "Your {0} waits for you."),
        ("names together", "Your {1}{2} waits for you."),
        ("repeats", "Your {1} and {1} and {1} wait."),
        ("nothing beside names", "{1}, {2}, {3}!"),
        ("nothing beside names", "{1} and {2}"),
        ("stop", "Look at lamp . desk and more"),
        ("stop", "Look at lamp.desk and more"),
        ("stop", "Look at the lamp:desk and more"),
        ("written like a code", "Your LAMP waits for you."),
        ("written like a code", "Your lAmp waits for you."),
        ("gives an order", "Your {1} waits. Go to the garden."),
        ("not on the list of en", "Your {1} waits for you, darling."),
        ("not on the list of en", "Deine Lampe wartet auf dich."),
        ("not on the list of en", "Your lаmp waits for you."),
        ("not on the list of en", "Your ｌａｍｐ waits for you."),
        ("again and again", "so so so so so so so so so so"),
    ],
)
def test_what_may_not_go_into_a_mail(reason: str, answer: str) -> None:
    with pytest.raises(WriterError) as caught:
        pytest.fail(f"{answer!r} slipped through as {check_answer(answer, NAMES, 'en')!r}")
    assert reason in caught.value.reason
    assert not caught.value.outage
    assert caught.value.kind in {"refused", "empty"}


def test_the_limit_counts_the_names() -> None:
    with pytest.raises(WriterError, match="characters"):
        check_answer("Your {1} waits for you.", ["x" * 390], "en")


@pytest.mark.parametrize(
    ("language", "known", "unknown"),
    [
        (
            "de",
            ["Schreibtischlampe", "Lieblingsfarbe", "Wohnzimmertisch"],
            ["Kundennummer", "Lampenpreis", "Tischx"],
        ),
        ("nl", ["bureaulamp", "keukentafel"], ["klantnummer"]),
        ("he", ["והמנורה", "שבעגלה", "לבית", "ו"], ["ולשלם", "ה" * 9]),
        ("ar", ["والمصباح", "للمنزل", "سلتك", "بسلتكم", "مثاليًا", "بـ"], ["وادفع", "حسابكم"]),
        ("es", ["ayudarte", "combinarlos"], ["pagarte"]),
        ("it", ["aiutarti", "abbinarlo"], ["pagarlo"]),
        ("fr", ["l'", "Lampe"], ["prix"]),
        ("ja", ["カートの商品", "とても人気です"], ["送料", "カートの番号"]),
    ],
)
def test_what_is_made_of_listed_words_is_known(language: str, known: list[str], unknown: list[str]) -> None:
    words = words_of(language)
    assert words is not None
    assert [word for word in known if not words.knows(word)] == []
    assert [word for word in unknown if words.knows(word)] == []


@given(st.text(max_size=500), st.sampled_from(LANGUAGES))
def test_whatever_passes_is_harmless(raw: str, language: str) -> None:
    try:
        text = check_answer(raw, NAMES, language)
    except WriterError:
        return
    assert 0 < len(text) <= MAX_CHARACTERS
    assert text == " ".join(text.split())
    assert not set(text) & set("<>{}[]@%`|\\0123456789")
    assert all(unicodedata.category(char)[0] != "C" for char in text)


WORDS = st.lists(st.sampled_from(["your", "lamp", "and", "desk", "waits", "for", "you"]), max_size=12).map(
    " ".join
)
STRANGE = st.one_of(
    st.text(string.ascii_lowercase, min_size=9, max_size=12),
    st.text(string.ascii_uppercase, min_size=2, max_size=8),
    st.builds(
        "{}.{}".format, st.text(string.ascii_lowercase, min_size=1), st.sampled_from(["com", "shop", "рф"])
    ),
    st.integers(0, 10_000).map(str),
)


@given(WORDS, STRANGE, WORDS)
def test_what_is_strange_is_found_wherever_it_stands(before: str, planted: str, after: str) -> None:
    words = words_of("en")
    assert words is not None
    if not words.knows(planted):
        with pytest.raises(WriterError):
            check_answer(f"{before} {planted} {after}", NAMES, "en")
