"""The two Python SDKs of Gemini behind one small interface; the only importer of either, and only when needed."""

import asyncio
import contextlib
import importlib
import importlib.util
import re
import sys
import threading
import warnings
from dataclasses import dataclass
from typing import Any, Protocol

from recommender.errors import RecommenderError
from recommender.gemini_models import Generation
from recommender.prompt import Prompt

_METHOD_AND_URL = re.compile(r"^[A-Z]+ https?://\S+: ")

THREADS = 8
"""Requests at once through the old SDK, which blocks."""


class ApiError(Exception):
    """The API answered with an error status. ``message`` is the server's and may hold anything: scrub it.

    ``retry_after_s``: the header of that name in seconds, if there was one.
    """

    def __init__(self, status: int, message: str, retry_after_s: float | None = None) -> None:
        super().__init__(status)
        self.status = status
        self.message = message
        self.retry_after_s = retry_after_s


class UnreachableError(Exception):
    """No answer: refused, reset, timed out, or not HTTP. ``args[0]`` is the kind, free of URLs."""


@dataclass(frozen=True, slots=True)
class Answer:
    """What came back. ``finish``: the API's finishReason ("" if none); ``blocked``: why the prompt was refused."""

    text: str
    finish: str
    blocked: str = ""
    candidates: int = 1


class Sdk(Protocol):
    """One way to call generateContent."""

    sets_thinking: bool

    async def generate(self, prompt: Prompt, generation: Generation) -> Answer:
        """One request, never retried. Raises ApiError, UnreachableError, or whatever the SDK trips over."""

    async def close(self) -> None:
        """Give back connections and threads."""


class LegacySdk:
    """google-generativeai, whose support ended on 2025-11-30.

    Over REST, since its gRPC transport brings retries and threads of its own. It blocks, hence the executor; and it
    keeps key and endpoint in the module, so one per process.
    """

    sets_thinking = False  # its messages have no such field

    def __init__(self, *, api_key: str, model: str, timeout_s: float, endpoint: str | None) -> None:
        genai = _load("google.generativeai", extra="gemini")
        options = {"api_endpoint": endpoint} if endpoint else None
        genai.configure(api_key=api_key, transport="rest", client_options=options)
        self._genai = genai
        self._model = model
        self._api_errors = importlib.import_module("google.api_core.exceptions").GoogleAPICallError
        self._transport_errors = importlib.import_module("requests").exceptions
        # Without "retry": None it repeats a 503 for 600 seconds.
        self._request_options = {"timeout": timeout_s, "retry": None}
        self._free = asyncio.Semaphore(THREADS)
        self._closed = False

    async def generate(self, prompt: Prompt, generation: Generation) -> Answer:
        """See ``Sdk``. A cancelled call goes on in its thread, which is given back when it ends; its answer is dropped.

        The library's timeout is one between bytes, so a server that sends a byte now and then holds a thread for long:
        hence daemons, which no exit of the process waits for, and no more than ``THREADS``.
        """
        if self._closed:
            raise UnreachableError("closed")
        await self._free.acquire()
        loop = asyncio.get_running_loop()
        done: asyncio.Future[Answer] = loop.create_future()

        def settle(answer: Answer | None, error: Exception | None) -> None:
            self._free.release()
            if done.done():
                return
            if error is not None:
                done.set_exception(error)
            elif answer is not None:
                done.set_result(answer)

        def run() -> None:
            answer, error = None, None
            try:
                answer = self._call(prompt, generation)
            except Exception as failure:  # noqa: BLE001 - whatever it is, it is raised where it was asked for
                error = failure
            with contextlib.suppress(RuntimeError):  # the loop has ended meanwhile
                loop.call_soon_threadsafe(settle, answer, error)

        threading.Thread(target=run, name="gemini", daemon=True).start()
        return await done

    async def close(self) -> None:
        """See ``Sdk``; does not wait for calls in hand."""
        self._closed = True

    def _call(self, prompt: Prompt, generation: Generation) -> Answer:
        config: dict[str, Any] = {"max_output_tokens": generation.max_output_tokens}
        if generation.temperature is not None:
            config["temperature"] = generation.temperature
        model = self._genai.GenerativeModel(
            self._model, generation_config=config, system_instruction=prompt.system
        )
        try:
            response = model.generate_content(prompt.data, request_options=self._request_options)
        except self._api_errors as error:
            status, message = int(error.code or 0), _METHOD_AND_URL.sub("", str(error.message))
            after_s = _retry_after_s(getattr(error, "response", None))
        except self._transport_errors.Timeout:
            raise UnreachableError("timeout") from None
        except self._transport_errors.ConnectionError:
            raise UnreachableError("connection failed") from None
        else:
            return self._answer(response)
        raise ApiError(
            status, message, after_s
        )  # out here, where the SDK's error with its URL is no longer attached

    @staticmethod
    def _answer(response: Any) -> Answer:
        feedback = response.prompt_feedback
        blocked = _name(feedback.block_reason) if feedback else ""
        if not response.candidates:
            return Answer("", "", blocked, 0)
        candidate = response.candidates[0]
        return Answer(
            "".join(p.text for p in candidate.content.parts), _name(candidate.finish_reason), blocked
        )


class GenAiSdk:
    """google-genai, the successor; asynchronous by itself."""

    sets_thinking = True

    def __init__(self, *, api_key: str, model: str, timeout_s: float, endpoint: str | None) -> None:
        genai = _load("google.genai", extra="genai")
        self._types = genai.types
        self._api_error = importlib.import_module("google.genai.errors").APIError
        self._model = model
        options = self._types.HttpOptions(
            base_url=endpoint, api_version="v1beta", timeout=int(timeout_s * 1000)
        )
        # vertexai is named so that a GOOGLE_GENAI_USE_VERTEXAI in the environment does not take over.
        self._client = genai.Client(api_key=api_key, vertexai=False, http_options=options)

    async def generate(self, prompt: Prompt, generation: Generation) -> Answer:
        """See ``Sdk``."""
        try:
            response = await self._client.aio.models.generate_content(
                model=self._model, contents=prompt.data, config=self._config(prompt, generation)
            )
        except self._api_error as error:
            status, message = int(error.code or 0), str(error.message)
            after_s = _retry_after_s(error.response)
        except Exception as error:
            if _is_transport_error(error):
                kind = "timeout" if "Timeout" in type(error).__name__ else "connection failed"
                raise UnreachableError(kind) from None
            raise
        else:
            return self._answer(response)
        raise ApiError(status, message, after_s)

    async def close(self) -> None:
        """See ``Sdk``."""
        await self._client.aio.aclose()
        self._client.close()

    def _config(self, prompt: Prompt, generation: Generation) -> Any:
        thinking = {
            key: value
            for key, value in (
                ("thinking_level", generation.thinking_level),
                ("thinking_budget", generation.thinking_budget),
            )
            if value is not None
        }
        return self._types.GenerateContentConfig(
            system_instruction=prompt.system,
            temperature=generation.temperature,
            max_output_tokens=generation.max_output_tokens,
            thinking_config=self._types.ThinkingConfig(**thinking) if thinking else None,
            automatic_function_calling=self._types.AutomaticFunctionCallingConfig(disable=True),
        )

    @staticmethod
    def _answer(response: Any) -> Answer:
        feedback = response.prompt_feedback
        blocked = _name(feedback.block_reason) if feedback else ""
        if not response.candidates:
            return Answer("", "", blocked, 0)
        candidate = response.candidates[0]
        parts = (candidate.content.parts if candidate.content else None) or []
        text = "".join(part.text or "" for part in parts if not part.thought)
        return Answer(text, _name(candidate.finish_reason), blocked)


def _retry_after_s(response: Any) -> float | None:
    """Of either SDK's response; a date in the header, which Google does not send, is none."""
    said = str((getattr(response, "headers", None) or {}).get("retry-after", ""))
    return float(said) if re.fullmatch(r"\d{1,6}(?:[.]\d+)?", said) else None


def _name(reason: Any) -> str:
    """An enum of either SDK as its name; "" for none, unset or unspecified."""
    name = str(getattr(reason, "name", reason) or "")
    return "" if name.endswith("_UNSPECIFIED") or name == "0" else name


def _is_transport_error(error: Exception) -> bool:
    """The SDK runs on httpx or on httpx2, whichever is there: go by the families' common base name."""
    return any(
        base.__name__ in {"TransportError", "ClientConnectionError"} for base in type(error).__mro__
    ) or isinstance(error, OSError)


_OTHER = {"gemini": ("google-genai", "google.genai"), "genai": ("google-generativeai", "google.generativeai")}
"""By the extra of one SDK the name and the module of the other."""


def _is_installed(module: str) -> bool:
    try:
        return importlib.util.find_spec(module) is not None
    except (ImportError, ValueError):  # without the package above it; or one that a test has taken away
        return False


def _load(module: str, *, extra: str) -> Any:
    package = {"gemini": "google-generativeai", "genai": "google-genai"}[extra]
    try:
        with warnings.catch_warnings():
            # Both are known (see LegacySdk) and of no use to whoever runs the shop.
            warnings.filterwarnings("ignore", r"\s*All support for the `google.generativeai`", FutureWarning)
            warnings.filterwarnings("ignore", r"You are using a Python version", FutureWarning)
            return importlib.import_module(module)
    except ImportError as error:
        other = _OTHER[extra]
        hint = f"set GEMINI_SDK={other[0]}, which is installed; or " if _is_installed(other[1]) else ""
        raise RecommenderError(
            f"Gemini texts need the package {package}, which can't be imported ({error}): {hint}"
            f"{sys.executable} -m pip install {package} (or install Cartwake with its extra: '.[{extra}]' in its "
            f"source, 'cartwake[{extra}]' from an index), or leave GEMINI_API_KEY empty for texts from the template"
        ) from error
