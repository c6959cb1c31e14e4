"""Fetches the parts before the first test starts, since a test's time limit counts its fixtures."""

import contextlib
import os
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path

import pytest
from parts import chromium, debezium, dovecot, markup, php, postfix, prometheus, spam

from binlog_watcher.demo.packages import fetch

_PARTS: dict[str, Callable[[], Path]] = {
    "browser": lambda: fetch("chromium", chromium.PACKAGES),
    "mail_server": lambda: fetch("postfix", postfix.PACKAGES),
    "imap_server": lambda: fetch("dovecot", dovecot.PACKAGES),
    "spam_filter": lambda: fetch("spamassassin", spam.PACKAGES),
    "checkers": markup.install,
    "php_program": lambda: fetch("php", php.PACKAGES),
    "kafka_jars": debezium.fetch_jars,
    "prometheus_package": lambda: fetch("prometheus", prometheus.PACKAGES),
}
"""Fixture → what fetches its part, unless it is in the cache."""

_fetched: dict[str, Future[Path]] = {}
"""What came of it; an error is raised where it is a test's failure."""

OUTPUT = Path(__file__).parents[2] / "test-output"


def pytest_collection_finish(session: pytest.Session) -> None:
    """Fetch what the chosen tests need, all at once, and say so on the terminal."""
    chosen: set[str] = set()
    for item in session.items:
        chosen.update(getattr(item, "fixturenames", ()))
    wanted = [fixture for fixture in _PARTS if fixture in chosen]
    if not wanted or session.config.option.collectonly:
        return
    capture = session.config.pluginmanager.getplugin("capturemanager")
    shown = capture.global_and_fixture_disabled() if capture else contextlib.nullcontext()
    with shown, ThreadPoolExecutor(len(wanted)) as pool:
        _fetched.update({name: pool.submit(_PARTS[name]) for name in wanted})


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Print what the spam filter thinks of each mail."""
    reports = [report for outcome in ("passed", "failed") for report in terminalreporter.getreports(outcome)]
    lines = [text for report in reports for name, text in report.user_properties if name == "spam"]
    if lines:
        terminalreporter.section("SpamAssassin's scores and the rules that hit")
        for line in lines:
            terminalreporter.line(str(line))


@pytest.fixture(scope="session")
def browser(tmp_path_factory: pytest.TempPathFactory) -> Iterator[chromium.Browser]:
    with chromium.running_browser(
        _fetched["browser"].result(), tmp_path_factory.mktemp("chromium")
    ) as browser:
        yield browser


@pytest.fixture(scope="module")
def mail_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[postfix.Postfix]:
    if os.geteuid() != 0 and not os.environ.get("CI"):
        pytest.skip("Postfix runs under several accounts: only root can start it (in CI this is a failure)")
    with postfix.running(_fetched["mail_server"].result(), tmp_path_factory.mktemp("postfix")) as server:
        yield server


@pytest.fixture(scope="module")
def imap_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dovecot.Dovecot]:
    if os.geteuid() != 0 and not os.environ.get("CI"):
        pytest.skip("Dovecot runs under several accounts: only root can start it (in CI this is a failure)")
    with dovecot.running(_fetched["imap_server"].result(), tmp_path_factory.mktemp("dovecot")) as server:
        yield server


@pytest.fixture(scope="session")
def spam_filter() -> spam.SpamAssassin:
    return spam.SpamAssassin(_fetched["spam_filter"].result())


@pytest.fixture(scope="session")
def php_program() -> php.Php:
    return php.Php(_fetched["php_program"].result())


@pytest.fixture(scope="session")
def prometheus_package() -> Path:
    return _fetched["prometheus_package"].result()


@pytest.fixture(scope="session")
def kafka_jars() -> Path:
    return _fetched["kafka_jars"].result()


@pytest.fixture(scope="session")
def checkers() -> markup.Checkers:
    return markup.Checkers(_fetched["checkers"].result())


@pytest.fixture(scope="session")
def pictures() -> Path:
    """Where screenshots are left for people to look at."""
    return _folder("mails")


@pytest.fixture(scope="session")
def dashboard_pictures() -> Path:
    """The same of the dashboard."""
    return _folder("dashboard")


@pytest.fixture(scope="session")
def page_pictures() -> Path:
    """The same of the pages behind a mail's links."""
    return _folder("pages")


@pytest.fixture(scope="session")
def reports() -> Path:
    """Where findings are left for people to read."""
    return _folder("reports")


def _folder(name: str) -> Path:
    folder = OUTPUT / name
    folder.mkdir(parents=True, exist_ok=True)
    return folder
