"""Texts by Google's Gemini: prompt, limits, errors and the check of the answer, whichever SDK carries them."""

import asyncio
import re
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from http import HTTPStatus
from urllib.parse import quote

from recommender.answer_check import check_answer
from recommender.errors import RecommenderError, WriterError
from recommender.gemini_models import Generation, plan
from recommender.gemini_sdks import Answer, ApiError, GenAiSdk, LegacySdk, Sdk, UnreachableError
from recommender.limiter import TokenBucket
from recommender.prompt import Prompt, build_prompt
from recommender.writer import TextRequest

SDKS: dict[str, type[LegacySdk] | type[GenAiSdk]] = {
    "google-generativeai": LegacySdk,
    "google-genai": GenAiSdk,
}
DEFAULT_MODEL = "gemini-3.5-flash-lite"

_KEY_LIKE = re.compile(r"AIza[\w-]{10,}|(?<=key=)[^&\s\"']+", re.IGNORECASE)
_MESSAGE_LIMIT = 200


@dataclass(frozen=True, slots=True)
class GeminiSettings:
    """How to reach Gemini.

    ``temperature``: 0 to 2, sent only to models that still take it; None never sends it. ``max_tokens``: of the
    answer (room for a model's thoughts is added where it can't be told not to think). ``timeout_s``: for the whole
    of one text. ``patience_s``: the longest wait for the rate limit; beyond it the template writes.
    ``sdk``: ``google-generativeai`` or its successor ``google-genai``. ``endpoint``: another base URL, for tests.
    """

    api_key: str = field(repr=False)
    model: str = DEFAULT_MODEL
    temperature: float | None = 0.7
    max_tokens: int = 500
    requests_per_minute: float = 60
    timeout_s: float = 10.0
    patience_s: float = 2.0
    sdk: str = "google-generativeai"
    endpoint: str | None = None

    def __post_init__(self) -> None:
        """Raise RecommenderError for the first setting that can't be; the key's value is never shown."""
        key = self.api_key
        checks = (
            (
                key and key.isascii() and key.isprintable() and " " not in key,
                "api_key",
                "the key, without spaces",
            ),
            (
                self.model and re.fullmatch(r"[\w./-]+", self.model),
                "model",
                f"a name such as {DEFAULT_MODEL}",
            ),
            (self.temperature is None or 0 <= self.temperature <= 2, "temperature", "a number from 0 to 2"),
            (self.max_tokens > 0, "max_tokens", "a number above 0"),
            (self.requests_per_minute > 0, "requests_per_minute", "a number above 0"),
            (self.timeout_s > 0, "timeout_s", "a number above 0"),
            (self.patience_s >= 0, "patience_s", "a number of 0 or more"),
            (self.sdk in SDKS, "sdk", " or ".join(SDKS)),
        )
        for right, name, allowed in checks:
            if not right:
                shown = "" if name == "api_key" else f" is {getattr(self, name)!r},"
                raise RecommenderError(f"Gemini's {name}{shown} must be {allowed}")


class GeminiWriter:
    """A ``TextWriter``. Every failure is a WriterError whose reason is one line without the key or the answer.

    Raises RecommenderError at construction when the SDK is not installed.
    """

    def __init__(self, settings: GeminiSettings, *, clock: Callable[[], float] = time.monotonic) -> None:
        self._settings = settings
        self._clock = clock
        self._bucket = TokenBucket(settings.requests_per_minute)
        self._sdk: Sdk = SDKS[settings.sdk](
            api_key=settings.api_key,
            model=settings.model,
            timeout_s=settings.timeout_s,
            endpoint=settings.endpoint,
        )
        self._generation = plan(
            settings.model, settings.temperature, settings.max_tokens, sets_thinking=self._sdk.sets_thinking
        )

    async def write(self, request: TextRequest) -> str:
        """The checked text for a cart."""
        await self._await_turn()
        try:
            async with asyncio.timeout(self._settings.timeout_s):
                answer = await self._ask(build_prompt(request))
        except WriterError:
            raise
        except TimeoutError:
            error = WriterError(f"Gemini did not answer within {self._settings.timeout_s:g} s", outage=True)
        except ApiError as refusal:
            error = WriterError(self._explain(refusal), outage=True)
        except UnreachableError as failure:
            error = WriterError(f"Gemini can't be reached: {failure.args[0]}", outage=True)
        except Exception as surprise:  # noqa: BLE001 - SDKs raise what their libraries raise; its text may hold the key
            error = WriterError(f"Gemini's answer can't be read: {type(surprise).__name__}", outage=True)
        else:
            return check_answer(self._text(answer))
        raise error  # outside of the handlers, so that no SDK error hangs on to it as its context

    async def close(self) -> None:
        """Give back connections and threads."""
        await self._sdk.close()

    async def _await_turn(self) -> None:
        if self._bucket.wait_s(self._clock()) > self._settings.patience_s:
            raise WriterError(
                f"the limit of {self._settings.requests_per_minute:g} requests a minute is used up"
            )
        wait_s = self._bucket.take(self._clock())
        if wait_s > 0:
            await asyncio.sleep(wait_s)

    async def _ask(self, prompt: Prompt) -> Answer:
        """One request; a parameter that the model refuses is left out from then on."""
        while True:
            generation = self._generation
            try:
                return await self._sdk.generate(prompt, generation)
            except ApiError as error:
                simpler = _simplify(generation, error)
                if simpler is None:
                    raise
            self._generation = simpler

    def _text(self, answer: Answer) -> str:
        if answer.blocked:
            raise WriterError(f"Gemini blocked the prompt: {answer.blocked}")
        if not answer.candidates:
            raise WriterError("Gemini answered without a text")
        match answer.finish:
            case "" | "STOP":
                return answer.text
            case "MAX_TOKENS":
                raise WriterError(f"the answer was cut off at {self._generation.max_output_tokens} tokens")
            case finish:
                raise WriterError(f"Gemini stopped: {finish[:40]}")

    def _explain(self, error: ApiError) -> str:
        try:
            status = f"{error.status} {HTTPStatus(error.status).phrase}"
        except ValueError:
            status = str(error.status)
        hint = {
            400: " (is GEMINI_API_KEY right? is GEMINI_MODEL?)",
            401: " (is GEMINI_API_KEY right?)",
            403: " (is GEMINI_API_KEY right and allowed to use this API?)",
            404: f" (is there a model {self._settings.model}? see GEMINI_MODEL)",
            429: " (the quota is used up; see GEMINI_REQUESTS_PER_MINUTE)",
        }.get(error.status, "")
        return f"Gemini answered {status}{hint}: {self._scrub(error.message)}"

    def _scrub(self, message: str) -> str:
        for form in (self._settings.api_key, quote(self._settings.api_key, safe="")):
            message = message.replace(form, "***")
        return " ".join(_KEY_LIKE.sub("***", message).split())[:_MESSAGE_LIMIT]


def _simplify(generation: Generation, error: ApiError) -> Generation | None:
    """The same request without the parameter that a 400 names; None when it names none that was sent."""
    if error.status != HTTPStatus.BAD_REQUEST:
        return None
    message = error.message.lower()
    if generation.temperature is not None and "temperature" in message:
        return generation.without_temperature()
    if (generation.thinking_level, generation.thinking_budget) != (None, None) and "thinking" in message:
        return generation.without_thinking()
    return None
