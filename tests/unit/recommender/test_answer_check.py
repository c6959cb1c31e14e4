import string
import unicodedata

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from recommender import MAX_CHARACTERS, WriterError, check_answer

GOOD = [
    "Your desk lamp is still waiting. A warm LED bulb suits it well, and the dimmer makes evenings calm.",
    "The 15-inch laptop with 16 GB of memory goes well with the wireless mouse (for 4 people or one).",
    "Deine Lampe wartet noch auf dich. Dazu passt eine Glühbirne mit warmem Licht!",
    "Votre lampe vous attend toujours. L'ampoule LED s'y accorde très bien.",
    "カートのランプがお待ちしています。LED電球もよく合います。ぜひご覧ください。",
    "Ваша лампа ждёт вас. К ней подойдёт тёплая лампочка.",
    "مصباحك ما زال في انتظارك. يناسبه مصباح دافئ.",
    "می‌خواهید چراغ را ببینید؟ هنوز در سبد شماست.",
    "आपका लैंप आपका इंतज़ार कर रहा है।",
    "Great pick 👩‍💻! Your discount is waiting too 🎉",
    "Wait… your cart is saved. Still thinking about it?",
    "Try 3 new shades, or a 1,000-piece puzzle with 5.5-inch parts.",
    "Made for you: a lamp, a bulb and a shade - all in brass.",
]


@pytest.mark.parametrize("text", GOOD)
def test_an_ordinary_text_passes_unchanged(text: str) -> None:
    assert check_answer(text) == text


def test_white_space_is_collapsed_and_quotes_come_off() -> None:
    assert check_answer('  "Your lamp\n\n waits\tfor you."  ') == "Your lamp waits for you."
    assert check_answer("\u201cYour lamp waits.\u201d") == "Your lamp waits."
    assert check_answer('"Lamp" and "bulb"') == '"Lamp" and "bulb"'


@pytest.mark.parametrize(
    ("reason", "texts"),
    [
        (
            "URL",
            [
                "See https://evil.example/x",
                "See HTTP://EVIL",
                "See www.evil",
                "See www . evil",
                "Visit evil.example today",
                "Visit evil.com.",
                "Visit EVIL.COM",
                "Visit evil . com",
                "Visit evil．com",
                "Visit evil。com",
                "Visit ｅｖｉｌ．ｃｏｍ",
                "Visit e\u0336vil.com",
                "Visit evil (dot) com",
                "Visit 例え。com",
                "Visit example dot com",
                "Visit пример.рф",
                "javascript:alert and so on",
                "mailto:someone",
            ],
        ),
        ("address", ["Write to a@b", "Write to someone at us＠shop", "Go to 10.0.0.1 now", "us (at) shop"]),
        ("phone", ["Call +49 30 1234 5678", "Call (030) 123-456-78"]),
        (
            "markup",
            [
                "A <b>fine</b> lamp",
                "A &lt;b&gt; lamp",
                "A **fine** lamp",
                "A _fine_ lamp",
                "# Your lamp",
                "Fine:\n- lamp\n- bulb",
                "Fine:\n1. lamp\n2. bulb",
                "• lamp",
                "`lamp`",
                "[Customer name], your lamp waits",
                "Hello {name}, your lamp waits",
                '{"text": "Your lamp waits"}',
                "a | lamp",
            ],
        ),
        (
            "percentage",
            [
                "Get 20% off",
                "Get 20 % off",
                "Get 20％ off",
                "Get ٢٠٪ off",
                "ten percent off",
                "ten per cent less",
                "zehn Prozent weniger",
                "dix pour cent de moins",
                "diez por ciento menos",
                "десять процентов",
                "2割引です",
            ],
        ),
        (
            "price",
            [
                "Only $5",
                "Only 5 €",
                "Only £5",
                "Only ₹500",
                "Only ＄5",
                "5 dollars",
                "twenty euros",
                "a few bucks",
                "USD 20",
                "20 EUR",
                "EUR20",
                "CHF 5",
                "500円です",
                "Yours for 19.99",
                "Yours for 1.299",
                "Yours for 1,299",
                "Yours for just 49!",
                "Only 499.",
                "nur 20,-",
            ],
        ),
        (
            "discount of its own",
            [
                "Use code: promo",
                "with this coupon",
                "half off",
                "50 off today",
                "It is for free",
                "Your discount code is LAMP",
            ],
        ),
        (
            "refusal",
            [
                "I can't help with that",
                "I cannot write this",
                "I\u2019m sorry, but no",
                "As an AI, I like lamps",
                "Sorry, no",
            ],
        ),
        ("itself", ["Sure! Your lamp waits.", "Here is the paragraph: your lamp waits"]),
        ("empty", ["", "   ", "\n\t", '""  '.strip('"')]),
        ("no word", ["!!!", "12 34", "…"]),
        (
            "character U+",
            ["lamp\x00", "lamp\x1b red", "lamp\u202egnol", "la\u200bmp", "lamp\ue000", "\ufefflamp"],
        ),
        ("characters", ["lamp " * 81, "x" * 401]),
    ],
)
def test_what_may_not_go_into_a_mail(reason: str, texts: list[str]) -> None:
    for text in texts:
        with pytest.raises(WriterError) as caught:
            pytest.fail(f"{text!r} slipped through as {check_answer(text)!r}")
        assert reason in caught.value.reason, text
        assert not caught.value.outage


def test_the_limit_counts_what_is_left_after_trimming() -> None:
    exact = ("lamp " * 80).strip()
    assert len(exact) == MAX_CHARACTERS - 1
    assert check_answer(f"\n {exact}s \n") == exact + "s"
    with pytest.raises(WriterError):
        check_answer(exact + "ss")


@given(st.text(max_size=500))
def test_whatever_passes_is_harmless_and_passes_again(raw: str) -> None:
    try:
        text = check_answer(raw)
    except WriterError:
        return
    assert 0 < len(text) <= MAX_CHARACTERS
    assert text == " ".join(text.split())
    assert not set(text) & set("<>{}[]@%`|\\")
    assert all(unicodedata.category(char) not in {"Cc", "Cs", "Co", "Cn", "Sc"} for char in text)
    assert check_answer(text) == text or text[0] in "\"'\u201c\u201e\u00ab\u2018"


WORDS = st.lists(st.text(string.ascii_lowercase, min_size=1, max_size=8), max_size=12).map(" ".join)
DOMAINS = st.builds(
    lambda host, top: f"{host}.{top}",
    st.text(string.ascii_lowercase + string.digits + "-", min_size=1, max_size=12),
    st.sampled_from(["com", "net", "org", "example", "shop", "de", "co.uk", "рф"]),
)
AMOUNTS = st.one_of(
    st.builds("{}{}".format, st.sampled_from("$€£¥₹₽₩"), st.integers(0, 10_000)),
    st.builds(
        "{} {}".format,
        st.integers(0, 10_000),
        st.sampled_from(["EUR", "usd", "euros", "dollars", "kr", "zł"]),
    ),
    st.decimals(0, 10_000, places=2).map(str),
    st.builds(
        "{}{}".format, st.integers(0, 100), st.sampled_from(["%", " %", " percent", " Prozent", "\uff05"])
    ),
)


@given(WORDS, st.one_of(DOMAINS, AMOUNTS), WORDS)
def test_links_and_figures_are_found_wherever_they_stand(before: str, planted: str, after: str) -> None:
    assume("zł" not in planted)
    with pytest.raises(WriterError):
        check_answer(f"{before} {planted} {after}")


@given(WORDS, DOMAINS, WORDS)
def test_links_are_found_in_full_width_letters_too(before: str, domain: str, after: str) -> None:
    wide = "".join(chr(ord(char) + 0xFEE0) if "!" <= char <= "~" else char for char in domain)
    with pytest.raises(WriterError):
        check_answer(f"{before} {wide} {after}")
