"""A primary and a replica with another binlog, and the one address under which Cartwake knows whichever serves."""

import contextlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from fakes.binlog_follower import DEADLINE_S, Follower, Shop, now_us, open_shop, settings_for
from fakes.mysql_proxy import MysqlProxy

from binlog_watcher.demo.programs import Flavor
from binlog_watcher.demo.server import Server, private_server
from binlog_watcher.settings.connection import ConnectionSettings

REPLICA = {"server_id": "2", "log_bin": "other-log", "relay_log": "relay"}
USER, PASSWORD = "app", "secret-3"
LOGS_WHAT_IT_GETS = {"mysql": {"log_replica_updates": "ON"}, "mariadb": {"log_slave_updates": "ON"}}
ATTACH = {
    "mysql": "CHANGE REPLICATION SOURCE TO SOURCE_HOST = '127.0.0.1', SOURCE_PORT = {port}, SOURCE_USER = 'root', "
    "SOURCE_PASSWORD = '{password}', SOURCE_AUTO_POSITION = 1, GET_SOURCE_PUBLIC_KEY = 1",
    "mariadb": "CHANGE MASTER TO MASTER_HOST = '127.0.0.1', MASTER_PORT = {port}, MASTER_USER = 'root', "
    "MASTER_PASSWORD = '{password}', MASTER_USE_GTID = slave_pos",
}


@dataclass
class Pair:
    """A primary and its replica, and the one address under which the reader knows whichever serves."""

    primary: Shop
    replica: Shop
    proxy: MysqlProxy

    @property
    def settings(self) -> ConnectionSettings:
        server = self.replica.server
        return settings_for(server, "shop", port=self.proxy.port, user=USER, password=PASSWORD)

    async def replicated(self, follower: Follower) -> None:
        """Wait until the replica has all that the primary has."""
        await follower.until(self.has_all())

    def has_all(self) -> Callable[[], bool]:
        """Whether the replica has all that the primary has by now."""
        if self.primary.server.flavor == "mysql":
            executed = self.primary.run("SELECT @@GLOBAL.gtid_executed")[0][0]
            waits = f"SELECT WAIT_FOR_EXECUTED_GTID_SET('{executed}', {DEADLINE_S})"
        else:
            executed = self.primary.run("SELECT @@GLOBAL.gtid_binlog_pos")[0][0]
            waits = f"SELECT MASTER_GTID_WAIT('{executed}', {DEADLINE_S})"
        return lambda: self.replica.run(waits) == [(0,)]

    def detach(self) -> None:
        """The replica gets nothing more."""
        self.replica.run("STOP REPLICA", "RESET REPLICA ALL")

    def purged(self) -> bool:
        """Whether the replica has but its last log; MariaDB drops none before its engine's checkpoint."""
        last = self.replica.run("SHOW BINARY LOGS")[-1][0]
        return len(self.replica.run(f"PURGE BINARY LOGS TO '{last}'", "SHOW BINARY LOGS")) == 1

    def fail_over(self) -> None:
        self.proxy.cut()
        self.proxy._target = (self.replica.server.host, self.replica.server.port)
        self.proxy.mend()


@contextlib.contextmanager
def replicated_pair(flavor: Flavor, *, logs_what_it_gets: bool = True) -> Iterator[Pair]:
    replica = REPLICA | (LOGS_WHAT_IT_GETS[flavor] if logs_what_it_gets else {})
    with contextlib.ExitStack() as stack:
        one, other = (
            stack.enter_context(private_server(flavor, options=options)) for options in ({}, replica)
        )
        for server in (one, other):
            # Files of other lengths and numbers than the primary's.
            with server.connect() as connection, connection.cursor() as cursor:
                reset = "RESET BINARY LOGS AND GTIDS" if flavor == "mysql" else "RESET MASTER"
                cursor.execute(reset)
        with other.connect() as connection, connection.cursor() as cursor:
            cursor.execute(ATTACH[flavor].format(port=one.port, password=one.password))
            cursor.execute("START REPLICA")
        with one.connect() as connection, connection.cursor() as cursor:
            cursor.execute("CREATE DATABASE shop")
            cursor.execute(f"CREATE USER '{USER}'@'%' IDENTIFIED BY '{PASSWORD}'")
            cursor.execute(f"GRANT ALL ON *.* TO '{USER}'@'%'")
            for _ in range(3):
                cursor.execute("FLUSH BINARY LOGS")
        primary = stack.enter_context(open_shop(one, "shop"))
        _wait_for_table(other)
        second = Shop(other, "shop")
        second._marks = primary._marks  # both fill one table
        stack.callback(second.close)
        proxy = stack.enter_context(MysqlProxy(one.host, one.port).running())
        yield Pair(primary, second, proxy)


def _wait_for_table(server: Server) -> None:
    deadline = now_us() + int(DEADLINE_S * 1e6)
    with server.connect() as connection, connection.cursor() as cursor:
        while now_us() < deadline:
            with contextlib.suppress(Exception):
                cursor.execute("SELECT * FROM shop.products")
                return
        cursor.execute("SHOW REPLICA STATUS")
        raise AssertionError(cursor.fetchall())
