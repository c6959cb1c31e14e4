"""A connector in a thread: what a real server has in its binlog goes to a topic of the mock cluster."""

import json
import threading
import warnings
from collections.abc import Iterator, Mapping
from contextlib import contextmanager

from fakes.debezium import Writer, end_of
from fakes.kafka import PARTITIONS, Cluster

from binlog_watcher.demo.server import Server
from binlog_watcher.kafka import marks

KEYS = {"cart": "user_id", "orders": "user_id", marks.TABLE: marks.KEY}
PAUSE_S = 0.2


class Connector:
    """Follows one database while it runs. ``stopped``: it is dead, and its topic stands still."""

    def __init__(self, server: Server, database: str, cluster: Cluster, topic: str) -> None:
        self.topic = topic
        self._server = server
        self._writer = Writer(server, KEYS, database=database)
        self._producer = cluster.producer
        self._since = end_of(server)
        self._ending = threading.Event()
        self.stopped = threading.Event()
        self._producer.list_topics(topic, timeout=10)  # makes it

    def follow(self) -> None:
        """Until ``end``."""
        warnings.simplefilter("ignore", DeprecationWarning)  # of the stock library's
        while not self._ending.wait(PAUSE_S):
            if not self.stopped.is_set():
                self._go_on()

    def _go_on(self) -> None:
        for record in self._writer.records(self._since):
            key = json.dumps(record.key, separators=(",", ":")).encode()
            partition = marks.partition_of(key, PARTITIONS)
            self._producer.produce(
                self.topic, key=key, value=record.value, headers=list(record.headers), partition=partition
            )
        self._since = self._writer.reached
        self._producer.flush(10)

    def end(self) -> None:
        self._ending.set()


@contextmanager
def running_connector(server: Server, database: str, cluster: Cluster, topic: str) -> Iterator[Connector]:
    connector = Connector(server, database, cluster, topic)
    thread = threading.Thread(target=connector.follow, name="connector")
    thread.start()
    try:
        yield connector
    finally:
        connector.end()
        thread.join()


def settings_of(cluster: Cluster, topic: str) -> Mapping[str, str]:
    return {
        "KAFKA_BROKERS": ", ".join(cluster.brokers),
        "KAFKA_TOPIC": topic,
        "KAFKA_GROUP": f"of-{topic}",
        "KAFKA_SESSION_SECONDS": "6",
    }
