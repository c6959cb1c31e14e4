"""Who writes the texts, made of the settings, and what is said when Gemini does not."""

import time
from collections.abc import Callable

import structlog

from binlog_watcher.errors import ConfigError
from binlog_watcher.settings.settings import Settings
from binlog_watcher.telemetry.metrics import Metrics
from recommender import (
    FallbackWriter,
    GeminiSettings,
    GeminiWriter,
    RecommenderError,
    TemplateWriter,
    TextWriter,
    WriterError,
)

log = structlog.get_logger(__name__)

FALLBACK_QUIET_S = 60.0
"""While Gemini fails every mail falls back: after the first WARNING there is at most one in this time."""


class GeminiReport:
    """A ``Watch``: counts every fallback by kind, and says so in the log, at once and then damped.

    An outage is an ERROR once, and a gauge until it is over: mails go out with the template's text, so nobody would
    notice otherwise. ``clock`` in seconds.
    """

    def __init__(self, metrics: Metrics, *, clock: Callable[[], float] = time.monotonic) -> None:
        self._metrics = metrics
        self._clock = clock
        self._quiet_until = float("-inf")
        self._untold = 0
        metrics.gemini_out.set(0)

    def failed(self, error: WriterError) -> None:
        """See ``Watch``."""
        self._metrics.fallbacks.labels("gemini").inc()
        self._metrics.gemini_errors.labels(error.kind).inc()
        self._untold += 1
        now = self._clock()
        if now >= self._quiet_until:
            log.warning("gemini.fallback", reason=error.reason, kind=error.kind, mails=self._untold)
            self._quiet_until = now + FALLBACK_QUIET_S
            self._untold = 0

    def went_out(self, error: WriterError) -> None:
        """See ``Watch``."""
        self._metrics.gemini_out.set(1)
        log.error(
            "gemini.out",
            reason=error.reason,
            kind=error.kind,
            advice="mails go out with the template's texts until Gemini answers again; see docs/gemini.md",
        )

    def came_back(self) -> None:
        """See ``Watch``."""
        self._metrics.gemini_out.set(0)
        log.info("gemini.back")


def text_writer(settings: Settings, metrics: Metrics) -> TextWriter:
    """Gemini with the template as its fallback, or the template alone without a key."""
    if settings.gemini_api_key is None:
        return TemplateWriter()

    try:
        primary = GeminiWriter(
            GeminiSettings(
                api_key=settings.gemini_api_key.get_secret_value(),
                model=settings.gemini_model,
                temperature=settings.gemini_temperature,
                max_tokens=settings.gemini_max_tokens,
                requests_per_minute=settings.gemini_requests_per_minute,
                timeout_s=settings.gemini_timeout_seconds,
                sdk=settings.gemini_sdk,
                endpoint=settings.gemini_endpoint or None,
            )
        )
    except RecommenderError as error:
        raise ConfigError(f"GEMINI settings: {error}") from error
    return FallbackWriter(primary, TemplateWriter(), GeminiReport(metrics))
