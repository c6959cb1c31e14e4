"""Each language has every message, with the values of the original and the forms that its plural needs."""

import re
from importlib.resources import files
from io import BytesIO
from pathlib import Path

import pytest
from babel.messages.catalog import Catalog
from babel.messages.extract import extract_from_dir
from babel.messages.plurals import get_plural
from babel.messages.pofile import read_po

import mailer
from mailer.languages import languages, shipped

TRANSLATED = [tag for tag in shipped() if tag != "en"]
_VALUE = re.compile(r"%\((\w+)\)s")


def read(tag: str) -> Catalog:
    data = (files("mailer.languages.catalogues") / f"{tag}.po").read_bytes()
    return read_po(BytesIO(data), locale=tag, abort_invalid=True)


def originals() -> set[str | tuple[str, ...]]:
    keywords = {"_": None, "message": None, "text": None, "ngettext": (1, 2), "plural": (1, 2)}
    methods = [
        ("**/colours.py", "ignore"),
        ("**.py", "python"),
        ("**.html", "jinja2.ext:babel_extract"),
        ("**.txt", "jinja2.ext:babel_extract"),
    ]
    found = extract_from_dir(Path(mailer.__file__).parent, methods, keywords=keywords)
    return {message for _, _, message, _, _ in found}


def test_the_languages_are_those_that_the_documentation_names() -> None:
    assert shipped() == ("en", "ar", "de", "es", "fr", "he", "it", "ja", "nl", "pl", "pt")


@pytest.mark.parametrize("tag", TRANSLATED)
def test_a_catalogue_is_complete_and_has_nothing_else(tag: str) -> None:
    messages = {message.id: message for message in read(tag) if message.id}
    assert messages.keys() == originals()
    assert not [message.id for message in messages.values() if message.fuzzy or not message.string]


@pytest.mark.parametrize("tag", TRANSLATED)
def test_its_texts_are_fit_for_a_mail(tag: str) -> None:
    for message in read(tag):
        if not message.id:
            continue
        ids = message.id if isinstance(message.id, tuple) else (message.id,)
        texts = message.string if isinstance(message.string, tuple) else (message.string,)
        if isinstance(message.id, tuple):
            assert len(texts) == get_plural(tag).num_plurals, message.id
        for text in texts:
            assert isinstance(text, str)
            assert text == text.strip(), text
            assert not re.search(r"[<>{}\"\\]|  ", text), text
            values, own = set(_VALUE.findall(str(ids[-1]))), set(_VALUE.findall(text))
            # Of a form for one or two the number is a word.
            assert own == values or (isinstance(message.id, tuple) and own <= values), text
            assert "%" not in _VALUE.sub("", text), text


@pytest.mark.parametrize(
    ("tag", "texts"),
    [
        ("pl", {1: "1 produkt", 2: "2 produkty", 5: "5 produktów", 22: "22 produkty", 112: "112 produktów"}),
        ("ar", {1: "منتج واحد", 2: "منتجان", 3: "3 منتجات", 11: "11 منتجًا", 100: "100 منتج"}),
        ("he", {1: "פריט אחד", 2: "שני פריטים", 21: "21 פריטים"}),
        ("ja", {1: "1点", 21: "21点"}),
        ("fr", {0: "0 article ", 1: "1 article ", 2: "2 articles "}),
    ],
)
def test_the_right_form_of_a_plural(tag: str, texts: dict[int, str]) -> None:
    [language] = languages((tag,))
    for count, text in texts.items():
        shown = language.plural(
            "%(count)s item is waiting for you.", "%(count)s items are waiting for you.", count
        )
        assert text in shown % {"count": count}


def test_a_shops_own_wording_counts_before_that_which_is_shipped(tmp_path: Path) -> None:
    (tmp_path / "de.po").write_text(
        'msgid "Return to Cart"\nmsgstr "Weiter einkaufen"\n\nmsgid "Our own"\nmsgstr "Unser"\n'
    )
    (tmp_path / "en.po").write_text('msgid "Subtotal"\nmsgstr "Sum"\n')
    german, swiss, english, french = languages(("de", "de-CH", "en", "fr"), tmp_path)
    for language in (german, swiss):
        assert language.text("Return to Cart") == "Weiter einkaufen"
        assert language.text("Our own") == "Unser"
        assert language.text("Subtotal") == "Zwischensumme"
    assert (english.text("Subtotal"), english.text("Unsubscribe")) == ("Sum", "Unsubscribe")
    assert french.text("Return to Cart") == "Retourner au panier"


def test_no_italian_article_stands_before_a_number() -> None:
    """It would be *l'8 marzo* and *l'8 %*, but *il 10 %*."""
    for message in read("it"):
        assert not re.search(r"\b(?:il|lo|al|del|dal|nel|sul) %\((?:percent|date|count)", str(message.string))


ONE, MANY = "%(count)s item is waiting for you.", "%(count)s items are waiting for you."


@pytest.mark.parametrize(
    ("tag", "forms", "counts"),
    [
        ("de", ["A", "B"], {1: "A", 2: "B"}),
        ("en", ["A", "B"], {1: "A", 2: "B"}),
        ("fr", ["A", "B"], {0: "A", 1: "A", 2: "B", 10**6: "B"}),
        ("he", ["A", "B"], {1: "A", 2: "B", 3: "B", 11: "B"}),
        ("pl", ["A", "B"], {1: "A", 2: "B", 5: "B"}),
        ("pl", ["A", "B", "C"], {1: "A", 2: "B", 5: "C"}),
        ("pl", ["A", "", "C"], {1: "A", 2: "C", 5: "C"}),
        ("de", ["A"], {1: "A", 2: "A"}),
        ("de", ["", ""], {1: "1 Artikel wartet auf Sie.", 2: "2 Artikel warten auf Sie."}),
    ],
)
def test_no_form_of_a_plural_is_english_because_it_was_left_out(
    tmp_path: Path, tag: str, forms: list[str], counts: dict[int, str]
) -> None:
    strings = "".join(f'msgstr[{number}] "{form}"\n' for number, form in enumerate(forms))
    (tmp_path / f"{tag}.po").write_text(f'msgid "{ONE}"\nmsgid_plural "{MANY}"\n{strings}')
    [language] = languages((tag,), tmp_path)
    assert {count: language.plural(ONE, MANY, count) % {"count": count} for count in counts} == counts


def test_a_file_of_an_editor_that_begins_with_a_byte_order_mark_is_read(tmp_path: Path) -> None:
    (tmp_path / "de.po").write_text('msgid "Return to Cart"\nmsgstr "Weiter"\n', encoding="utf-8-sig")
    assert languages(("de",), tmp_path).best("de").text("Return to Cart") == "Weiter"


@pytest.mark.parametrize(
    ("content", "complaint"),
    [
        ('#, python-format\nmsgid "Hi %(name)s,"\nmsgstr "Hallo %(nom)s,"\n', "no value nom"),
        ('msgid "%(percent)s off your cart"\nmsgstr "%(percent)s % Rabatt"\n', "lone %"),
        ("Hello = Hallo\n", "de.po"),
        (f'msgid "{ONE}"\nmsgstr "Nur einer"\n', "de.po.*copy msgid_plural"),
        ('msgid "Subtotal"\nmsgid_plural "Subtotals"\nmsgstr[0] "S"\nmsgstr[1] "T"\n', "msgid_plural"),
        ('msgid "You left something in your cart"\nmsgstr "Noch\\nda"\n', "on one line"),
    ],
)
def test_wording_that_can_not_be_filled_in_is_refused(tmp_path: Path, content: str, complaint: str) -> None:
    (tmp_path / "de.po").write_text(content)
    with pytest.raises(ValueError, match=complaint):
        languages(("de",), tmp_path)


def test_a_language_without_a_catalogue_is_refused_with_those_that_have_one() -> None:
    with pytest.raises(ValueError, match="no catalogue of 'sv'; there are: en, ar, de"):
        languages(("en", "sv"))
