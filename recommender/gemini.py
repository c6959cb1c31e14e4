"""Texts by Google's Gemini: prompt, limits, errors and the check of the answer, whichever SDK carries them."""

import asyncio
import re
import time
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass, field

from recommender.answer_check import check_answer
from recommender.errors import RecommenderError, WriterError
from recommender.gemini_errors import explained, may_be_repeated, simplified
from recommender.gemini_models import plan
from recommender.gemini_sdks import Answer, ApiError, GenAiSdk, LegacySdk, Sdk, UnreachableError
from recommender.limiter import TokenBucket
from recommender.prompt import Prompt, build_prompt
from recommender.writer import TextRequest

SDKS: dict[str, type[LegacySdk] | type[GenAiSdk]] = {
    "google-generativeai": LegacySdk,
    "google-genai": GenAiSdk,
}
DEFAULT_MODEL = "gemini-3.5-flash-lite"

CACHED_TEXTS = 1000
"""Texts that are kept: the same products in the same language get the same one."""
SHORTEST_TRY_S = 0.5
"""With less time left a request is not repeated."""
LONGEST_HOLD_S = 3600.0
"""After a 429 nothing is asked for as long as the server says, and no longer than this."""
PAUSE_S = 0.3
"""Before a request is repeated, where the server does not say how long."""


@dataclass(frozen=True, slots=True)
class GeminiSettings:
    """How to reach Gemini.

    ``temperature``: 0 to 2, sent only to models that still take it; None never sends it. ``max_tokens``: of the
    answer (room for a model's thoughts is added where it can't be told not to think). ``timeout_s``: for the whole
    of one text, a repetition included. ``patience_s``: the longest wait for the rate limit; beyond it the template
    writes.
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
        self._kept: OrderedDict[TextRequest, str] = OrderedDict()

    async def write(self, request: TextRequest) -> str:
        """The checked text for a cart; at once, if there was one for the same products in the same language."""
        if (kept := self._kept.get(request)) is not None:
            self._kept.move_to_end(request)
            return kept
        prompt = build_prompt(request)
        await self._await_turn()
        text = check_answer(self._text(await self._answer(prompt)), prompt.names, request.language)
        self._kept[request] = text
        if len(self._kept) > CACHED_TEXTS:
            self._kept.popitem(last=False)
        return text

    async def close(self) -> None:
        """Give back connections and threads."""
        await self._sdk.close()

    async def _answer(self, prompt: Prompt) -> Answer:
        """Within the time for one text, whatever the SDK does with it."""
        try:
            async with asyncio.timeout(self._settings.timeout_s):
                return await self._ask(prompt)
        except WriterError:
            raise
        except TimeoutError:
            error = WriterError(
                f"Gemini did not answer within {self._settings.timeout_s:g} s", kind="timeout", outage=True
            )
        except ApiError as refusal:
            error = explained(refusal, key=self._settings.api_key, model=self._settings.model)
        except UnreachableError as failure:
            kind = "timeout" if failure.args[0] == "timeout" else "unreachable"
            error = WriterError(f"Gemini can't be reached: {failure.args[0]}", kind=kind, outage=True)
        except Exception as surprise:  # noqa: BLE001 - SDKs raise what their libraries raise; its text may hold the key
            error = WriterError(
                f"Gemini's answer can't be read: {type(surprise).__name__}", kind="garbled", outage=True
            )
        raise error  # outside of the handlers, so that no SDK error hangs on to it as its context

    async def _await_turn(self) -> None:
        if self._bucket.wait_s(self._clock()) > self._settings.patience_s:
            raise WriterError(
                f"the limit of {self._settings.requests_per_minute:g} requests a minute is used up",
                kind="rate_limit",
            )
        wait_s = self._bucket.take(self._clock())
        if wait_s > 0:
            await asyncio.sleep(wait_s)

    async def _ask(self, prompt: Prompt) -> Answer:
        """One request, and one more where that may help: in a simpler form that is remembered, or after a pause."""
        until = self._clock() + self._settings.timeout_s
        try:
            return await self._sdk.generate(prompt, self._generation)
        except (ApiError, UnreachableError) as error:
            simpler = simplified(self._generation, error)
            if simpler is not None:
                self._generation = simpler
            elif not await self._may_repeat(error, until):
                raise
        return await self._sdk.generate(prompt, self._generation)

    async def _may_repeat(self, error: ApiError | UnreachableError, until: float) -> bool:
        """Wait for the moment to ask again, if it comes in time and our own limit has room."""
        now = self._clock()
        after_s = error.retry_after_s if isinstance(error, ApiError) else None
        if after_s is not None:
            self._bucket.hold_until(now + min(after_s, LONGEST_HOLD_S))
        pause_s = max(PAUSE_S if after_s is None else after_s, self._bucket.wait_s(now))
        if not may_be_repeated(error) or now + pause_s + SHORTEST_TRY_S > until:
            return False
        self._bucket.take(now)
        await asyncio.sleep(pause_s)
        return True

    def _text(self, answer: Answer) -> str:
        if answer.blocked:
            raise WriterError(f"Gemini blocked the prompt: {answer.blocked}", kind="blocked")
        if not answer.candidates:
            raise WriterError("Gemini answered without a text", kind="empty")
        match answer.finish:
            case "" | "STOP":
                return answer.text
            case "MAX_TOKENS":
                tokens = self._generation.max_output_tokens
                raise WriterError(f"the answer was cut off at {tokens} tokens", kind="cut_off")
            case finish:
                raise WriterError(f"Gemini stopped: {finish[:40]}", kind="blocked")
