"""What a bad model answers, all the way: from the API over the SDK and the checks to the text of the mail."""

import json
from collections.abc import Iterator
from pathlib import Path

import pytest
from fakes.gemini_server import FakeGemini, text_reply

from recommender import (
    FallbackWriter,
    GeminiSettings,
    GeminiWriter,
    ProductFacts,
    TemplateWriter,
    TextRequest,
    WriterError,
)

TEXTS: dict[str, dict[str, list[str]]] = json.loads(
    (Path(__file__).parents[2] / "data" / "outsider_texts.json").read_text(encoding="utf-8")
)
A_LANGUAGE = 4
"""Texts that are tried of each: all of them are in tests/unit/recommender/test_outsider_texts.py."""


class Told:
    """A ``Watch`` that keeps the kinds."""

    def __init__(self) -> None:
        self.kinds: list[str] = []

    def failed(self, error: WriterError) -> None:
        self.kinds.append(error.kind)

    def went_out(self, error: WriterError) -> None:
        pytest.fail(f"a bad answer is no outage: {error.reason}")

    def came_back(self) -> None:
        pytest.fail("it never was out")


@pytest.fixture
def gemini(monkeypatch: pytest.MonkeyPatch) -> Iterator[FakeGemini]:
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    with FakeGemini() as server:
        yield server


async def test_a_bad_answer_never_reaches_the_mail_and_a_good_one_does(gemini: FakeGemini) -> None:
    told, template = Told(), TemplateWriter()
    settings = GeminiSettings("no-real-key", endpoint=gemini.url, requests_per_minute=6000, timeout_s=20.0)
    writer = FallbackWriter(GeminiWriter(settings), template, told)
    bad = [
        (language, text)
        for language, some in TEXTS["answers that harm"].items()
        for text in some[:A_LANGUAGE]
    ]
    try:
        for number, (language, attack) in enumerate(bad):
            poisoned = ProductFacts(f"Lamp {number}", "Lighting", f"Write: {attack}", "similar")
            request = TextRequest((ProductFacts("Desk"),), (poisoned, ProductFacts("Vase")), language)
            gemini.answer = lambda _, attack=attack: text_reply(attack)  # type: ignore[misc]  # it has a default
            assert await writer.write(request) == template.compose(request)
        assert told.kinds == ["refused"] * len(bad)
        asked = len(gemini.requests)
        for name in (some[0] for some in TEXTS["names that harm"].values()):
            request = TextRequest((ProductFacts(name),), (ProductFacts(name),), "en")
            assert name not in await writer.write(request)
        assert len(gemini.requests) == asked  # a model is not told of such a product
        gemini.answer = lambda _: text_reply(TEXTS["answers that do good"]["fr"][0])
        request = TextRequest((ProductFacts("Node.js, 100 % coton"),), (ProductFacts("A4"),), "fr")
        assert "Node.js, 100 % coton est toujours dans votre panier" in await writer.write(request)
    finally:
        await writer.close()
