"""What lies beside the shop: the pages' address, the key of Gemini, the disk for logs, and what mails promise."""

import os
import re
import shutil
import ssl
import urllib.error
import urllib.request
from collections.abc import Iterator
from pathlib import Path

from binlog_watcher.doctor.case import Case
from binlog_watcher.doctor.finding import Check, Finding, failed, ok, warning
from binlog_watcher.errors import ConfigError
from binlog_watcher.settings.promises import in_words, promised, unconfirmed
from binlog_watcher.settings.types import is_loopback
from binlog_watcher.telemetry.otel import sdk

_PATIENCE_S = 5.0
_GEMINI_KEY = re.compile(r"AIza[\w-]{35}|AQ\.[\w.-]{20,}")
"""Those of Google's projects, and the newer ones of AI Studio."""


def _promises(case: Case) -> Iterator[Finding]:
    missing = unconfirmed(case.settings)
    said = f"mails promise {promised(case.settings)}"
    if missing:
        yield warning(said, "nobody has said yes to it", in_words(missing).partition("; ")[2])
    else:
        yield ok(said)


def _pages(case: Case) -> Iterator[Finding]:
    url = case.settings.public_url
    if not url:
        yield ok("PUBLIC_URL is not set: no pages, customers unsubscribe by mail")
        return
    asked = f"{url}/style.css"
    mend = "is `cartwake run` or `cartwake web` up, and does the proxy lead to WEB_PORT? (docs/nginx.md)"
    try:
        with urllib.request.urlopen(asked, timeout=_PATIENCE_S) as answer:  # noqa: S310  # http(s), see PUBLIC_URL
            is_ours = answer.headers.get_content_type() == "text/css"
    except urllib.error.HTTPError as error:
        yield warning(f"{asked} answers {error.code} {error.reason}", _DEAD_LINKS, mend)
    except (OSError, ValueError) as error:
        reason = getattr(error, "reason", error)
        if isinstance(reason, ssl.SSLCertVerificationError):
            yield failed(
                f"{url}: its certificate is refused ({reason.verify_message})",
                _DEAD_LINKS,
                "give the proxy a valid one",
            )
        else:
            yield warning(f"{asked} gives no answer from here ({reason})", _DEAD_LINKS, mend)
    else:
        if is_ours:
            yield ok(f"{url} leads to the pages")
        else:
            yield warning(f"{asked} is not Cartwake's", _DEAD_LINKS, mend)


_DEAD_LINKS = "customers could neither unsubscribe by the mail's link nor come back to their cart"


def _admin(case: Case) -> Iterator[Finding]:
    settings = case.settings
    if settings.admin_port is None:
        yield ok("ADMIN_PORT is not set: no dashboard")
    elif settings.admin_port in {settings.web_port, settings.metrics_port}:
        yield failed(
            f"ADMIN_PORT={settings.admin_port} is the port of the pages or of the metrics, too",
            "only one of them can be served there",
            "give the dashboard a port of its own",
        )
    elif not is_loopback(settings.admin_host) and not settings.admin_url.startswith("https://"):
        yield warning(
            f"the dashboard is served on ADMIN_HOST={settings.admin_host}, without TLS",
            "whoever listens on the way reads the token",
            "leave ADMIN_HOST at 127.0.0.1 and use a tunnel, or put a proxy with TLS before it and set ADMIN_URL "
            "(docs/dashboard.md)",
        )
    else:
        where = settings.admin_url or f"http://{settings.admin_host}:{settings.admin_port}"
        yield ok(f"the dashboard is on {where}, behind ADMIN_TOKEN")


def _gemini(case: Case) -> Iterator[Finding]:
    """Asks nobody: a key that looks right may be none."""
    key = case.settings.gemini_api_key
    if key is None:
        yield ok("GEMINI_API_KEY is not set: the template writes the texts")
    elif case.settings.gemini_endpoint or _GEMINI_KEY.fullmatch(key.get_secret_value()):
        yield ok("GEMINI_API_KEY looks like one")
    else:
        yield warning(
            "GEMINI_API_KEY does not look like one (AIza and 35 more characters)",
            "if Gemini refuses it the template writes every text",
            "copy it anew from https://aistudio.google.com/apikey",
        )


def _traces(case: Case) -> Iterator[Finding]:
    """Only whether they can be made: where they go may be away, and holds nothing up."""
    if case.settings.traces_url is None:
        yield ok("TRACES_URL is not set: no traces")
        return
    try:
        sdk()
    except ConfigError as error:
        for problem in error.problems:  # a dry run makes none, and starts without
            yield (warning if case.settings.dry_run else failed)(problem, "`cartwake run` would not start")
    else:
        yield ok("OpenTelemetry's SDK is there")


def _disk(case: Case) -> Iterator[Finding]:
    settings = case.settings
    if settings.log_file is None:
        yield ok("logs go to standard error")
        return
    folder = _existing(settings.log_file.absolute().parent)
    file = settings.log_file if settings.log_file.exists() else folder
    if not os.access(file, os.W_OK):
        yield failed(
            f"{file} can't be written by this user",
            "`cartwake run` would not start",
            "give it to the service's user, or set LOG_FILE (empty: standard error)",
        )
        return
    wanted = settings.log_file_max_mb * (settings.log_file_backups + 1)
    free = shutil.disk_usage(folder).free // 1_000_000
    if free < wanted:
        yield warning(
            f"{free} MB are free in {folder}, and logs may take {wanted}",
            "a full disk stops the log, and MySQL's if it is the same one",
            "make room, or lower LOG_FILE_MAX_MB or LOG_FILE_BACKUPS",
        )
    else:
        yield ok(f"{free} MB are free in {folder}; logs take {wanted} at most")


def _existing(folder: Path) -> Path:
    """The folder, or what is there of the way to it."""
    return next(one for one in (folder, *folder.parents) if one.exists())


CHECKS: tuple[Check[Case], ...] = (
    Check(
        "mail.promises",
        _promises,
        (
            "DISCOUNT_TIERS",
            "DISCOUNT_TIER_1_CODE",
            "DISCOUNT_TIER_2_CODE",
            "FREE_SHIPPING_TEXT",
            "PROMISES_CONFIRMED",
        ),
    ),
    Check("pages.reachable", _pages, ("PUBLIC_URL", "WEB_PORT")),
    Check("admin.reach", _admin, ("ADMIN_PORT", "ADMIN_HOST", "ADMIN_URL", "ADMIN_TOKEN")),
    Check("gemini.key", _gemini, ("GEMINI_API_KEY",)),
    Check("traces.sdk", _traces, ("TRACES_URL",)),
    Check("logs.disk", _disk, ("LOG_FILE", "LOG_FILE_MAX_MB", "LOG_FILE_BACKUPS")),
)
