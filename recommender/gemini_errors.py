"""What an error of Gemini's API means: a line for the log, a kind for the metric, and whether to ask once more."""

import re
from http import HTTPStatus
from urllib.parse import quote

from recommender.errors import WriterError
from recommender.gemini_models import Generation
from recommender.gemini_sdks import ApiError, UnreachableError

_KEY_LIKE = re.compile(r"AIza[\w-]{10,}|(?<=key=)[^&\s\"']+", re.IGNORECASE)
_MESSAGE_LIMIT = 200

_HINTS = {
    400: " (is GEMINI_API_KEY right? is GEMINI_MODEL?)",
    401: " (is GEMINI_API_KEY right?)",
    403: " (is GEMINI_API_KEY right and allowed to use this API?)",
    404: " (is there a model {model}? see GEMINI_MODEL)",
    429: " (the quota is used up; see GEMINI_REQUESTS_PER_MINUTE)",
}
_KINDS = {400: "key", 401: "key", 403: "key", 404: "model", 429: "quota"}


def explained(error: ApiError, *, key: str, model: str) -> WriterError:
    """As a WriterError. The server's message may hold the key, so that is taken out."""
    try:
        status = f"{error.status} {HTTPStatus(error.status).phrase}"
    except ValueError:
        status = str(error.status)
    hint = _HINTS.get(error.status, "").format(model=model)
    kind = _KINDS.get(error.status, "server" if error.status >= 500 else "status")
    return WriterError(
        f"Gemini answered {status}{hint}: {_scrubbed(error.message, key)}", kind=kind, outage=True
    )


def may_be_repeated(error: ApiError | UnreachableError) -> bool:
    """Whether the same request may succeed in a moment; after 429 only if the server said when."""
    if isinstance(error, UnreachableError):
        return bool(error.args[0] == "connection failed")
    return error.status >= 500 or (
        error.status == HTTPStatus.TOO_MANY_REQUESTS and error.retry_after_s is not None
    )


def simplified(generation: Generation, error: ApiError | UnreachableError) -> Generation | None:
    """The same request without the parameter that a 400 names; None when it names none that was sent."""
    if not isinstance(error, ApiError) or error.status != HTTPStatus.BAD_REQUEST:
        return None
    message = error.message.lower()
    if generation.temperature is not None and "temperature" in message:
        return generation.without_temperature()
    if (generation.thinking_level, generation.thinking_budget) != (None, None) and "thinking" in message:
        return generation.without_thinking()
    return None


def _scrubbed(message: str, key: str) -> str:
    for form in (key, quote(key, safe="")):
        message = message.replace(form, "***")
    return " ".join(_KEY_LIKE.sub("***", message).split())[:_MESSAGE_LIMIT]
