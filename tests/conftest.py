"""Real servers for the tests. Each pytest-xdist worker has its own; a server that can't be had is a failure."""

import contextlib
import secrets
from collections.abc import Iterator
from typing import Any

import pytest
import structlog
from fakes import command_line
from hypothesis import Phase, settings

from binlog_watcher.demo.programs import Flavor
from binlog_watcher.demo.server import Server, prepare, private_server
from binlog_watcher.errors import CartwakeError

settings.register_profile(
    "mutants",  # a mutant's fate must not depend on luck nor on the clock, and nobody reads the smallest example
    derandomize=True, database=None, deadline=None, phases=(Phase.explicit, Phase.generate),
)  # fmt: skip

_SERVER_FIXTURES: dict[str, Flavor] = {"mysql_server": "mysql", "mariadb_server": "mariadb"}


_LONGEST = ("tests/e2e/test_chaos.py", "tests/unit/core/test_core_simulation.py")
_SPREAD = 0.8
"""Before this share of the integration tests is done, the last file of tests/e2e has begun."""


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """The longest files first; then those that mostly wait, tests/e2e, spread among those that work: so the processor
    is never idle, and never has three services to start at once. Small files come last, and no worker ends long
    before the others."""
    files: dict[str, list[pytest.Item]] = {}
    for item in items:
        files.setdefault(item.nodeid.partition("::")[0], []).append(item)
    waiting = [name for name in files if name.startswith("tests/e2e/") and name not in _LONGEST]
    working = [name for name in files if name not in waiting and name not in _LONGEST]
    real = sum(len(files[name]) for name in working if name.startswith("tests/integration/"))
    pause = _SPREAD * real / max(len(waiting), 1)  # tests between two of them
    order, done, begun = [name for name in _LONGEST if name in files], 0, 0
    for name in working:
        while begun < len(waiting) and done >= begun * pause:
            order.append(waiting[begun])
            begun += 1
        order.append(name)
        done += len(files[name])
    items[:] = [item for name in (*order, *waiting[begun:]) for item in files[name]]


def pytest_collection_finish(session: pytest.Session) -> None:
    """Download and initialise before the first test starts, since a test's time limit counts its fixtures."""
    wanted: set[str] = set()
    for item in session.items:
        wanted.update(getattr(item, "fixturenames", ()))
    if session.config.option.collectonly:
        return
    for fixture, flavor in _SERVER_FIXTURES.items():
        if fixture in wanted or "server" in wanted:
            with contextlib.suppress(
                CartwakeError
            ):  # the fixture says it again, where it is a test's failure
                prepare(flavor)


@pytest.fixture(scope="session", autouse=True)
def _fresh_loggers() -> Iterator[None]:
    """Loggers that the service would cache are made anew for each use: capture_logs() must reach them.

    A logger cached while one test had set logging up would go on writing there in every later test.
    """
    configure = structlog.configure

    def without_cache(**settings: Any) -> None:
        configure(**{**settings, "cache_logger_on_first_use": False})

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(structlog, "configure", without_cache)
        yield


@pytest.fixture(scope="session", autouse=True)
def _commands() -> Iterator[None]:
    yield
    command_line.end()


@pytest.fixture(scope="session")
def mysql_server() -> Iterator[Server]:
    """A private MySQL, shared by the tests of this process."""
    with private_server("mysql") as server:
        yield server


@pytest.fixture(scope="session")
def mariadb_server() -> Iterator[Server]:
    """A private MariaDB, shared by the tests of this process."""
    with private_server("mariadb") as server:
        yield server


@pytest.fixture(scope="session", params=["mysql", "mariadb"])
def server(request: pytest.FixtureRequest) -> Server:
    """Each of the two servers in turn."""
    running: Server = request.getfixturevalue(f"{request.param}_server")
    return running


@pytest.fixture
def fresh_database(server: Server) -> Iterator[str]:
    """The name of an empty database on ``server``, dropped afterwards."""
    with _database(server) as name:
        yield name


@pytest.fixture(scope="module")
def shared_database(server: Server) -> Iterator[str]:
    """The same, for all tests of a module."""
    with _database(server) as name:
        yield name


@pytest.fixture
def mysql_database(mysql_server: Server) -> Iterator[str]:
    """The name of an empty database on ``mysql_server``, dropped afterwards."""
    with _database(mysql_server) as name:
        yield name


@pytest.fixture
def mariadb_database(mariadb_server: Server) -> Iterator[str]:
    """The name of an empty database on ``mariadb_server``, dropped afterwards."""
    with _database(mariadb_server) as name:
        yield name


@contextlib.contextmanager
def _database(server: Server) -> Iterator[str]:
    name = f"shop_{secrets.token_hex(4)}"
    with server.connect() as connection, connection.cursor() as cursor:
        cursor.execute(f"CREATE DATABASE {name}")
    yield name
    with server.connect() as connection, connection.cursor() as cursor:
        # A test that leaves a transaction open shall fail here instead of hanging.
        cursor.execute("SET lock_wait_timeout = 10")
        cursor.execute(f"DROP DATABASE IF EXISTS {name}")
