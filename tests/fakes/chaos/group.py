"""The crash test of a consumer group: workers that are killed, frozen, join and leave, and a broker that is restarted.

The rows come from the private MySQL's binlog by Debezium's own connector, through Apache Kafka, as in earnest. Two of
the workers have names (static membership), two have none; the last one only comes now and then.
"""

import contextlib
from collections.abc import Callable
from pathlib import Path

from fakes.chaos.conductor import Chaos
from fakes.chaos.judge import Judge
from fakes.chaos.options import Options
from fakes.chaos.settings import settings_of
from fakes.chaos.shop import DATABASE
from fakes.tansu import make_topic
from parts.debezium import Broker, configured, running_connector

from binlog_watcher.demo.server import Server
from binlog_watcher.kafka import marks

KEYS = {"cart": "user_id", "orders": "user_id", marks.TABLE: marks.KEY}
TOPIC = f"{DATABASE}.cartwake"
PARTITIONS = 12
NAMED = 2
"""So many have a name."""

GUEST = 3
"""Joins and leaves."""

FROZEN_S = (14, 20)
"""Most of it is longer than a session lasts: whoever goes on then has lost its partitions."""

JOINS_OR_LEAVES = 5
"""Kills between."""


class GroupChaos(Chaos):
    """``Options.restart_every``: kills between two restarts of the broker, every third of which is a SIGKILL."""

    instances = 4

    def __init__(
        self,
        server: Server,
        folder: Path,
        options: Options,
        jars: Path,
        announce: Callable[[str], None] = lambda _: None,
    ) -> None:
        super().__init__(server, folder, options, announce)
        self._jars = jars
        kafka = folder / "kafka"
        kafka.mkdir()
        self._broker = Broker(jars, kafka)
        self._away.add(GUEST)
        self._frozen_s = FROZEN_S

    @property
    def _run_options(self) -> list[str]:
        return ["--source", "kafka"]

    def _settings(self, stack: contextlib.ExitStack) -> list[dict[str, str]]:
        self._broker.start()
        stack.callback(self._broker.stop)
        make_topic(self._broker.address, TOPIC, PARTITIONS)
        config = configured(
            self._server, DATABASE, self._broker.address, KEYS,
            **{"table.include.list": ",".join(f"{DATABASE}.{table}" for table in KEYS)},
        )  # fmt: skip
        folder = self._folder / "connect"
        folder.mkdir()
        stack.enter_context(running_connector(self._jars, folder, self._broker.address, config))
        self._tell("Kafka and Debezium are up")
        return [
            settings_of(self._server, port)
            | {"KAFKA_BROKERS": self._broker.address, "KAFKA_TOPIC": TOPIC}
            | ({"KAFKA_MEMBER": f"worker-{number}"} if number < NAMED else {})
            for number, port in enumerate(self._smtp.ports)
        ]

    def _between(self, kills: int) -> None:
        if kills % JOINS_OR_LEAVES == 0:
            self._join_or_leave()
        if kills % self._options.restart_every == 0:
            self._restart_broker(crash=kills // self._options.restart_every % 3 == 2)

    def _join_or_leave(self) -> None:
        service = self._services[GUEST]
        if GUEST in self._away:
            self._note("another worker joins")
            service.start()
            self._away.discard(GUEST)
            return
        with self._starting:
            self._away.add(GUEST)
            code = service.stop()
        self._note(f"it has left, with {code}")

    def _restart_broker(self, *, crash: bool) -> None:
        self._note(f"the broker is {'killed' if crash else 'stopped'}")
        if crash:
            self._broker.kill()
        else:
            self._broker.stop()
        self._broker.start()
        self._note("the broker is back")


def run_group_chaos(
    server: Server, folder: Path, options: Options, jars: Path, announce: Callable[[str], None]
) -> Judge:
    """The crash test of a group, on an empty server; see ``run_chaos``."""
    return GroupChaos(server, folder, options, jars, announce).run()
