"""Connections that break, servers that crash, logs that vanish: nothing is lost, and nothing hangs."""

import asyncio
import contextlib
import socket
import ssl
import threading
import time
from collections.abc import Iterator

import pytest
import structlog
from fakes.binlog_follower import Follower, Shop, carts, follow, nothing, open_shop, settings_for, source_of

from binlog_watcher.core.events import Assigned, CartChanged, CartRead, Hydrated, Revoked
from binlog_watcher.core.source import Batch
from binlog_watcher.demo.server import Server, private_server
from binlog_watcher.errors import ConfigError
from binlog_watcher.settings.connection import ConnectionSettings, Tls


@pytest.fixture
def shop(server: Server, fresh_database: str) -> Iterator[Shop]:
    with open_shop(server, fresh_database) as opened:
        yield opened


@pytest.fixture
def own_shop(server: Server) -> Iterator[Shop]:
    """A shop on a server of its own, which the test may break."""
    with private_server(server.flavor) as own, own.connect() as connection:
        with connection.cursor() as cursor:
            cursor.execute("CREATE DATABASE shop")
        with open_shop(own, "shop") as opened:
            yield opened


def keys(follower: Follower) -> list[object]:
    return [event.key for event in follower.events if isinstance(event, CartChanged)]


def dump_threads(shop: Shop) -> list[int]:
    return [int(row[0]) for row in shop.run("SHOW PROCESSLIST") if str(row[4]).startswith("Binlog Dump")]


def purged(shop: Shop) -> bool:
    """Whether only the newest log is left; MariaDB keeps the one before until its checkpoint is written."""
    last = shop.run("SHOW BINARY LOGS")[-1][0]
    shop.run(f"PURGE BINARY LOGS TO '{last}'")
    return len(shop.run("SHOW BINARY LOGS")) == 1


async def test_a_killed_dump_thread_costs_nothing(shop: Shop) -> None:
    async with follow(settings_for(shop.server, shop.database)) as follower:
        for user in range(1, 6):
            for thread in dump_threads(shop):
                with contextlib.suppress(Exception):
                    shop.run(f"KILL {thread}")
            shop.run(f"INSERT INTO cart (user_id) VALUES ({user})")
        await follower.settle(shop)
        assert sorted(set(keys(follower)), key=str) == [1, 2, 3, 4, 5]
        assert len(keys(follower)) == 5, "GTIDs and positions leave no doubles either"
        assert follower.source.stats.reconnects >= 1
        assert follower.resets == []


async def test_a_crashed_server_costs_nothing(own_shop: Shop) -> None:
    shop = own_shop
    async with follow(settings_for(shop.server, shop.database)) as follower:
        shop.run("INSERT INTO cart (user_id) VALUES (1)")
        await asyncio.to_thread(shop.server.kill)
        await asyncio.to_thread(shop.server.start)
        shop.reconnect()
        shop.run("INSERT INTO cart (user_id) VALUES (2)")
        await follower.settle(shop)
        assert keys(follower) == [1, 2]
        assert follower.resets == []


async def test_purged_logs_read_the_tables_anew(shop: Shop) -> None:
    proxy = Proxy(shop.server.port)
    try:
        settings = settings_for(shop.server, shop.database, port=proxy.port)
        hydrate = carts(settings_for(shop.server, shop.database))
        async with follow(settings, hydrate=hydrate) as follower:
            proxy.cut()
            shop.run("INSERT INTO cart (user_id) VALUES (31)", "FLUSH BINARY LOGS")
            for thread in dump_threads(shop):
                with contextlib.suppress(Exception):
                    shop.run(f"KILL {thread}")
            await follower.until(lambda: dump_threads(shop) == [])
            await follower.until(lambda: purged(shop))
            proxy.thaw()
            await follower.until(
                lambda: any(isinstance(e, CartRead) and e.key == 31 for e in follower.events)
            )
            shop.run("INSERT INTO cart (user_id) VALUES (32)")
            await follower.settle(shop)
            assert 32 in keys(follower)
            assert follower.resets in (["purged"], ["history_lost"])
            assert _bracketed(follower)
    finally:
        proxy.close()


def _bracketed(follower: Follower) -> bool:
    """Each Revoked is followed by Assigned and Hydrated."""
    brackets = [type(e) for e in follower.events if isinstance(e, Assigned | Hydrated | Revoked)]
    return brackets == [Assigned, Hydrated] + [Revoked, Assigned, Hydrated] * len(follower.resets)


async def test_a_wrong_password_is_for_a_human(shop: Shop) -> None:
    settings = settings_for(shop.server, shop.database, password="no such password")
    source = source_of(settings, hydrate=nothing)

    def deliver(_: Batch) -> None:
        raise AssertionError

    with structlog.testing.capture_logs() as logs, pytest.raises(ConfigError, match="MYSQL_PASSWORD"):
        await source.run(deliver)
    assert "no such password" not in str(logs)


async def test_a_missing_privilege_names_the_command_that_prints_it(shop: Shop) -> None:
    shop.run(
        "CREATE USER 'reader'@'%' IDENTIFIED BY 'secret-1'",
        f"GRANT SELECT ON `{shop.database}`.* TO 'reader'@'%'",
    )
    try:
        settings = settings_for(shop.server, shop.database, user="reader", password="secret-1")
        source = source_of(settings, hydrate=nothing)

        def deliver(_: Batch) -> None:
            return

        with pytest.raises(ConfigError, match="`cartwake grants`"):
            await source.run(deliver)
    finally:
        shop.run("DROP USER 'reader'@'%'")


@pytest.mark.parametrize(
    ("tls", "encrypted"), [(Tls.OFF, False), (Tls.PREFERRED, True), (Tls.REQUIRED, True)]
)
def test_what_is_encrypted_but_not_verified_reads_no_authorities(
    mysql_server: Server, mysql_database: str, monkeypatch: pytest.MonkeyPatch, tls: Tls, *, encrypted: bool
) -> None:
    def read(*_: object) -> None:
        raise AssertionError("it takes 50 ms of processor time")

    monkeypatch.setattr(ssl.SSLContext, "load_default_certs", read)
    monkeypatch.setattr(ssl.SSLContext, "set_default_verify_paths", read, raising=False)
    connection = settings_for(mysql_server, mysql_database, tls=tls).connect()
    with connection, connection.cursor() as cursor:
        cursor.execute("SHOW STATUS LIKE 'Ssl_cipher'")
        row = cursor.fetchone()
    assert row is not None
    assert bool(row[1]) is encrypted


@pytest.mark.parametrize("tls", [Tls.OFF, Tls.PREFERRED])
async def test_stop_takes_less_than_a_second(shop: Shop, tls: Tls) -> None:
    async with follow(settings_for(shop.server, shop.database, tls=tls)) as follower:
        await _stops_at_once(follower)


async def test_stop_takes_less_than_a_second_when_the_consumer_hangs(shop: Shop) -> None:
    async with follow(settings_for(shop.server, shop.database)) as follower:
        follower.gate.clear()
        for start in range(5):
            values = ", ".join(f"({start * 100 + at + 1})" for at in range(100))
            shop.run(f"INSERT INTO cart (user_id) VALUES {values}")
        await _stops_at_once(follower)


async def _stops_at_once(follower: Follower) -> None:
    begin = time.monotonic()
    stopper = threading.Thread(target=follower.source.stop)
    stopper.start()
    async with asyncio.timeout(1.0):
        assert follower.task is not None
        await follower.task
    stopper.join()
    assert time.monotonic() - begin < 1.0
    assert not follower.source.stats.connected


async def test_a_slow_consumer_holds_the_reader_up_and_loses_nothing(shop: Shop) -> None:
    async with follow(settings_for(shop.server, shop.database)) as follower:
        follower.gate.clear()
        for start in range(20):
            values = ", ".join(f"({start * 100 + at + 1})" for at in range(100))
            shop.run(f"INSERT INTO cart (user_id) VALUES {values}")
        follower.gate.set()
        await follower.settle(shop)
        assert sorted(keys(follower), key=lambda key: int(str(key))) == list(range(1, 2001))


async def test_over_tls(mysql_server: Server, mysql_database: str) -> None:
    with open_shop(mysql_server, mysql_database) as shop:
        ca = str(mysql_server.datadir / "ca.pem")
        settings = settings_for(mysql_server, mysql_database, tls=Tls.VERIFY_CA, tls_ca=ca)
        async with follow(settings) as follower:
            for thread in dump_threads(shop):
                shop.run(f"KILL {thread}")
            values = ", ".join(f"({at})" for at in range(1, 20_001))
            shop.run(f"INSERT INTO cart (user_id) VALUES {values}")
            await follower.settle(shop)
            assert len(keys(follower)) == 20_000
            assert follower.resets == []


async def test_a_certificate_that_nobody_signed_is_for_a_human(
    mysql_server: Server, mysql_database: str
) -> None:
    settings = settings_for(mysql_server, mysql_database, tls=Tls.VERIFY_CA)
    source = source_of(settings, hydrate=nothing)

    def deliver(_: Batch) -> None:
        raise AssertionError

    with pytest.raises(ConfigError, match="MYSQL_TLS_CA"):
        await source.run(deliver)


async def test_two_readers_with_one_server_id_part_company(shop: Shop) -> None:
    settings = settings_for(shop.server, shop.database)
    with structlog.testing.capture_logs() as logs:
        async with follow(settings, server_id=4711) as first, follow(settings, server_id=4711) as second:
            await first.until(lambda: any(log["event"] == "binlog.server_id_taken" for log in logs))
            shop.run("INSERT INTO cart (user_id) VALUES (1)")
            await first.settle(shop)
            await second.settle(shop)
            assert keys(first) == keys(second) == [1]
            assert first.resets == second.resets == []


class Proxy:
    """Forwards to a server until it is frozen: connections stay open, and nothing comes through."""

    def __init__(self, port: int) -> None:
        self._target = port
        self._frozen = threading.Event()
        self._refuses = False
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port = self._listener.getsockname()[1]
        self._sockets: list[socket.socket] = []
        threading.Thread(target=self._accept, daemon=True).start()

    def freeze(self) -> None:
        self._frozen.set()

    def thaw(self) -> None:
        """New connections work again; the frozen ones stay frozen."""
        self._frozen = threading.Event()
        self._refuses = False

    def cut(self) -> None:
        """End all connections, and take no new ones."""
        self._refuses = True
        for sock in self._sockets:
            with contextlib.suppress(OSError):
                sock.shutdown(socket.SHUT_RDWR)

    def close(self) -> None:
        self._listener.close()
        for sock in self._sockets:
            sock.close()

    def _accept(self) -> None:
        while True:
            try:
                client, _ = self._listener.accept()
                if self._refuses:
                    client.close()
                    continue
                server = socket.create_connection(("127.0.0.1", self._target))
            except OSError:
                return
            self._sockets += [client, server]
            for source, target in ((client, server), (server, client)):
                threading.Thread(
                    target=self._forward, args=(source, target, self._frozen), daemon=True
                ).start()

    def _forward(self, source: socket.socket, target: socket.socket, frozen: threading.Event) -> None:
        with contextlib.suppress(OSError):
            while data := source.recv(1 << 16):
                if frozen.is_set():
                    return
                target.sendall(data)
            target.shutdown(socket.SHUT_WR)


@pytest.mark.parametrize("tls", [Tls.OFF, Tls.PREFERRED])
async def test_a_frozen_peer_is_noticed(shop: Shop, tls: Tls) -> None:
    proxy = Proxy(shop.server.port)
    try:
        settings = settings_for(shop.server, shop.database, port=proxy.port, tls=tls)
        async with follow(settings, heartbeat_s=0.2) as follower:
            proxy.freeze()
            shop.run("INSERT INTO cart (user_id) VALUES (1)")
            await follower.until(lambda: not follower.source.stats.connected)
            proxy.thaw()
            await follower.settle(shop)
            assert keys(follower) == [1]
            assert follower.resets == []
    finally:
        proxy.close()


async def test_resets_are_rare_however_many_are_asked_for(shop: Shop) -> None:
    async with follow(settings_for(shop.server, shop.database), reset_interval_s=60.0) as follower:
        for _ in range(5):
            follower.source.request_reset("asked")
        await follower.until(lambda: follower.resets == ["asked"])
        await follower.until(lambda: follower.source.stats.resets == {"asked": 1})
        for _ in range(5):
            shop.run("TRUNCATE TABLE cart")
        # The stream goes on, and the next reset waits for its minute.
        assert len(await follower.changes(shop, "INSERT INTO cart (user_id) VALUES (1)")) == 1
        assert follower.source.stats.troubles == {"statement": 5}
        assert follower.source.stats.resets == {"asked": 1}
        assert _bracketed(follower)


async def test_a_hydration_that_fails_is_repeated(shop: Shop) -> None:
    settings = settings_for(shop.server, shop.database)
    attempts: list[int] = []

    def hydrate() -> Iterator[list[CartRead]]:
        attempts.append(1)
        yield [CartRead(1, 0, 0)]
        if len(attempts) < 3:
            broken = ConnectionSettings("127.0.0.1", 1, "nobody", "", "none", Tls.OFF)
            broken.connect()

    async with follow(settings, hydrate=hydrate) as follower:
        brackets = [type(e) for e in follower.events if isinstance(e, Assigned | Hydrated | Revoked)]
        assert brackets == [Assigned, Revoked, Assigned, Revoked, Assigned, Hydrated]
        assert follower.source.stats.resets == {}


async def test_history_that_the_server_lost_is_noticed(own_shop: Shop) -> None:
    shop = own_shop
    async with follow(settings_for(shop.server, shop.database)) as follower:
        shop.run("INSERT INTO cart (user_id) VALUES (1)")
        await follower.settle(shop)
        reset = "RESET BINARY LOGS AND GTIDS" if shop.server.flavor == "mysql" else "RESET MASTER"
        shop.run(reset)
        for thread in dump_threads(shop):
            with contextlib.suppress(Exception):
                shop.run(f"KILL {thread}")
        await follower.until(lambda: bool(follower.source.stats.resets))
        shop.run("INSERT INTO cart (user_id) VALUES (2)")
        await follower.settle(shop)
        assert 2 in keys(follower)
