"""A copy of the shop, with Cartwake's tables, must not mail; a failover behind the same name does."""

import asyncio
import contextlib
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from fakes.mail_server import MailServer
from fakes.recovering import settings_of

from binlog_watcher.commands.reconcile import reconcile_once
from binlog_watcher.commands.run import run
from binlog_watcher.demo import sample_shop
from binlog_watcher.demo.server import Server
from binlog_watcher.errors import ConfigError
from binlog_watcher.service.reloading import rehearse
from binlog_watcher.service.service import opened
from binlog_watcher.service.standby import run_standby
from binlog_watcher.settings.settings import Settings
from binlog_watcher.store.own_tables import origin
from binlog_watcher.store.own_tables.tables import META

NOBODY = MailServer(port=25)
ELSEWHERE = "6f1c1a2e-0000-0000-0000-000000000000"


class Copied:
    """A shop on which Cartwake ran; ``settings``: of that run."""

    def __init__(self, shop: Any) -> None:
        self.shop = shop
        self.settings = settings_of(shop, NOBODY)

    def changed(self, **names: str) -> None:
        """Let the log have been written elsewhere."""
        for name, value in names.items():
            self.shop.run(f"UPDATE {META} SET value = %s WHERE name = %s", (value, f"origin.{name}"))

    def recorded(self) -> dict[str, str]:
        rows = self.shop.run(f"SELECT name, value FROM {META} WHERE name LIKE 'origin.%%'")
        return {str(name).removeprefix("origin."): str(value) for name, value in rows}


@pytest.fixture
async def copied(bare_shop: Callable[[], Any]) -> Copied:
    found = Copied(bare_shop())
    await starts(found.settings)
    return found


async def starts(settings: Settings) -> None:
    async with opened(settings):
        pass


async def test_the_first_run_writes_down_where_it_was(copied: Copied) -> None:
    recorded = copied.recorded()
    assert recorded["host"] == "127.0.0.1"
    assert recorded["database"] == copied.shop.name
    assert len(recorded["server"]) > 20
    await starts(copied.settings)


@pytest.mark.parametrize("moved", ["host", "database"])
async def test_a_copy_is_refused_at_every_start_that_could_mail(copied: Copied, moved: str) -> None:
    copied.changed(server=ELSEWHERE, **{moved: "production"})
    before = copied.recorded()
    for start in (
        starts(copied.settings),
        run_standby(copied.settings, asyncio.Event()),
        rehearse(copied.settings),
        reconcile_once(copied.settings, dry_run=False),
    ):
        with pytest.raises(ConfigError, match=f"production.*server {ELSEWHERE}.*run --adopt") as refused:
            await start
        assert len(refused.value.problems) == 1
    assert copied.recorded() == before


async def test_a_dry_run_of_a_copy_is_what_it_is_for(copied: Copied) -> None:
    copied.changed(server=ELSEWHERE, host="production")
    await starts(settings_of(copied.shop, NOBODY, DRY_RUN="true"))
    await reconcile_once(copied.settings, dry_run=True)
    assert copied.recorded()["host"] == "production"


async def test_a_failover_behind_the_same_name_passes(copied: Copied) -> None:
    own = copied.recorded()["server"]
    copied.changed(server=ELSEWHERE)
    await starts(copied.settings)
    assert copied.recorded()["server"] == own


async def test_another_name_of_the_same_server_passes(copied: Copied) -> None:
    copied.changed(host="db.example.com")
    await starts(copied.settings)
    assert copied.recorded()["host"] == "127.0.0.1"


async def test_adopting_it_once_is_enough(copied: Copied, monkeypatch: pytest.MonkeyPatch) -> None:
    copied.changed(server=ELSEWHERE, host="production")
    begun = []
    monkeypatch.setattr("binlog_watcher.commands.run.asyncio.run", lambda work: begun.append(work.close()))
    dry = settings_of(copied.shop, NOBODY, DRY_RUN="true")
    run(lambda: dry, lambda _: None, adopt=True)
    assert copied.recorded()["host"] == "production", "a dry run writes nothing"
    run(lambda: copied.settings, lambda _: None, adopt=True)
    assert len(begun) == 2
    await starts(copied.settings)


async def test_a_log_of_before_knows_no_origin_and_is_taken(copied: Copied) -> None:
    copied.shop.run(f"DELETE FROM {META} WHERE name LIKE 'origin.%%'")
    await starts(copied.settings)
    assert len(copied.recorded()) == 3


async def test_what_is_restored_on_another_server(
    mysql_server: Server, mariadb_server: Server, mysql_database: str, mariadb_database: str
) -> None:
    """The meta table itself, from one real server to another."""
    places = _Place(mysql_server, mysql_database), _Place(mariadb_server, mariadb_database)
    for place in places:
        with place.server.connect() as connection:
            sample_shop.create(connection, place.name, users=())
        await starts(settings_of(place, NOBODY))
    here, there = places
    with here.connect() as original, there.connect() as restored:
        original.execute(f"SELECT name, value FROM {META}")
        restored.executemany(f"REPLACE INTO {META} (name, value) VALUES (%s, %s)", original.fetchall())
    settings = settings_of(there, NOBODY)
    with pytest.raises(ConfigError, match=f"written in {here.name} on 127.0.0.1"):
        await starts(settings)
    origin.adopt(settings.connection)
    await starts(settings)


class _Place:
    def __init__(self, server: Server, name: str) -> None:
        self.server = server
        self.name = name

    @contextlib.contextmanager
    def connect(self) -> Iterator[Any]:
        with self.server.connect(database=self.name) as connection, connection.cursor() as cursor:
            yield cursor
