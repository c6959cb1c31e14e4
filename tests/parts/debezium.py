"""Apache Kafka and Debezium's MySQL connector in Kafka Connect, fetched by Maven, as processes of 127.0.0.1.

One broker that is its own controller (KRaft), one worker in standalone mode, everything in a temporary folder. The
versions are those of ``kafka/pom.xml``. Settings: Kafka's *Broker Configs* and *Kafka Connect Configs*, Debezium's
*MySQL connector*.
"""

import contextlib
import hashlib
import json
import re
import shutil
import socket
import subprocess
import urllib.error
import urllib.request
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from fakes.waiting import wait_until

from binlog_watcher.demo.apt import PackageError
from binlog_watcher.demo.cache import build_once, cache_dir
from binlog_watcher.demo.process import free_port
from binlog_watcher.demo.progress import say
from binlog_watcher.demo.server import Server

START_SECONDS = 120
_PAGE = Path(__file__).parents[2] / "docs/kafka.md"
_POM = Path(__file__).parent / "kafka" / "pom.xml"
_JAVA = ("java", "-Xms64m", "-Xmx384m", "-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1")
_CLUSTER = "4L6g3nShT-eMCtK--X86sw"

_BROKER = """
process.roles=broker,controller
node.id=1
controller.quorum.voters=1@127.0.0.1:{controller}
listeners=PLAINTEXT://127.0.0.1:{port},CONTROLLER://127.0.0.1:{controller}
advertised.listeners=PLAINTEXT://127.0.0.1:{port}
controller.listener.names=CONTROLLER
log.dirs={folder}/log
offsets.topic.replication.factor=1
offsets.topic.num.partitions=1
transaction.state.log.replication.factor=1
transaction.state.log.min.isr=1
group.initial.rebalance.delay.ms=0
num.partitions=4
"""
_WORKER = """
bootstrap.servers=127.0.0.1:{kafka}
key.converter=org.apache.kafka.connect.json.JsonConverter
value.converter=org.apache.kafka.connect.json.JsonConverter
key.converter.schemas.enable=false
value.converter.schemas.enable={schemas}
offset.storage.file.filename={folder}/offsets
offset.flush.interval.ms=1000
listeners=http://127.0.0.1:{port}
"""


def fetch_jars() -> Path:
    """The folder with the jars, fetched unless it is there. Raises PackageError."""
    wanted = hashlib.sha256(_POM.read_bytes()).hexdigest()[:16]

    def build(folder: Path) -> None:
        say("Fetching Apache Kafka and Debezium by Maven (150 MB) ...")
        command = [
            "mvn",
            "-q",
            "-B",
            "-f",
            str(_POM),
            "dependency:copy-dependencies",
            f"-DoutputDirectory={folder}",
        ]
        try:
            done = subprocess.run(command, capture_output=True, text=True, timeout=900, check=False)
        except (OSError, subprocess.TimeoutExpired) as error:
            raise PackageError(
                f"Apache Kafka and Debezium can't be fetched: {error}; it takes Maven"
            ) from error
        if done.returncode or not any(folder.glob("debezium-connector-mysql-*.jar")):
            raise PackageError(f"Apache Kafka and Debezium can't be fetched: {done.stdout[-1000:]}")

    if shutil.which("java") is None:
        raise PackageError("Apache Kafka needs Java 17 or newer")
    return build_once(
        cache_dir() / f"kafka-{wanted}", build, waiting=lambda: say("Another test run fetches Kafka")
    )


def _start(jars: Path, folder: Path, name: str, *arguments: str) -> subprocess.Popen[bytes]:
    """A program in a folder, which goes on writing to its log there."""
    with (folder / f"{name}.log").open("ab") as output:
        return subprocess.Popen(
            [*_JAVA, "-cp", f"{jars}/*", *arguments], cwd=folder, stdout=output, stderr=output
        )


def _end(process: subprocess.Popen[bytes]) -> None:
    process.terminate()
    try:
        process.wait(30)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()


class Broker:
    """Apache Kafka, which may be stopped, killed and started again: what it was told is in ``folder``."""

    def __init__(self, jars: Path, folder: Path) -> None:
        self._jars, self._folder = jars, folder
        self._port, controller = free_port(), free_port()
        self.address = f"127.0.0.1:{self._port}"
        self._settings = folder / "broker.properties"
        self._settings.write_text(_BROKER.format(port=self._port, controller=controller, folder=folder))
        self._process: subprocess.Popen[bytes] | None = None
        classes = [*_JAVA, "-cp", f"{jars}/*"]
        formatting = [
            *classes,
            "kafka.tools.StorageTool",
            "format",
            "-t",
            _CLUSTER,
            "-c",
            str(self._settings),
        ]
        done = subprocess.run(
            formatting, cwd=folder, capture_output=True, text=True, timeout=START_SECONDS, check=False
        )
        assert done.returncode == 0, done.stdout + done.stderr

    def start(self) -> None:
        """Returns when it answers."""
        log = self._folder / "broker.log"
        process = self._process = _start(
            self._jars, self._folder, "broker", "kafka.Kafka", str(self._settings)
        )
        wait_until(
            lambda: process.poll() is not None or _answers(self._port), START_SECONDS, tell=log.read_text
        )
        assert process.poll() is None, log.read_text()

    def stop(self) -> None:
        """In order, or by force after half a minute."""
        if self._process is not None:
            _end(self._process)

    def kill(self) -> None:
        """SIGKILL."""
        if self._process is not None:
            self._process.kill()
            self._process.wait()


@contextlib.contextmanager
def running_kafka(jars: Path, folder: Path) -> Iterator[str]:
    """A broker; its address."""
    broker = Broker(jars, folder)
    try:
        broker.start()
        yield broker.address
    finally:
        broker.stop()


def page_settings() -> dict[str, str]:
    """The connector as docs/kafka.md gives it."""
    blocks = re.findall(r"```json\n(.*?)```", _PAGE.read_text(), re.DOTALL)
    given: dict[str, str]
    (given,) = [found for block in blocks if "connector.class" in (found := json.loads(block))]
    return given


def configured(
    server: Server, database: str, kafka: str, keys: Mapping[str, str], **more: str
) -> dict[str, str]:
    """A connector as docs/kafka.md gives it, for this database: all goes to the topic ``DATABASE.cartwake``."""
    return page_settings() | {
        "database.hostname": server.host, "database.port": str(server.port), "database.user": server.user,
        "database.password": server.password, "database.server.id": "7011", "topic.prefix": database,
        "database.include.list": database, "table.include.list": f"{database}\\..*",
        "message.key.columns": ";".join(f"{database}.{table}:{column}" for table, column in keys.items()),
        "schema.history.internal.kafka.bootstrap.servers": kafka,
        "schema.history.internal.kafka.topic": f"{database}.history",
        "transforms.route.topic.regex": f"{database}\\.{database}\\..*",
        "transforms.route.topic.replacement": f"{database}.cartwake", **more,
    }  # fmt: skip


@contextlib.contextmanager
def running_connector(
    jars: Path, folder: Path, kafka: str, connector: Mapping[str, str], *, schemas: bool = False
) -> Iterator[None]:
    """A worker with one connector, which follows the binlog. What it has read so far is kept in the folder.

    ``schemas``: of values; a key with a schema changes with its column's type, and with it the partition.
    """
    port = free_port()
    worker, described = folder / "worker.properties", folder / "connector.json"
    worker.write_text(
        _WORKER.format(kafka=kafka.rpartition(":")[2], port=port, folder=folder, schemas=str(schemas).lower())
    )
    described.write_text(json.dumps({"name": "shop", "config": {"name": "shop", **connector}}))
    log = folder / "worker.log"
    before = _connections(log)
    process = _start(
        jars, folder, "worker", "org.apache.kafka.connect.cli.ConnectStandalone", str(worker), str(described)
    )
    try:
        wait_until(
            lambda: process.poll() is not None or (_runs(port) and _connections(log) > before),
            START_SECONDS,
            tell=log.read_text,
        )
        assert process.poll() is None, log.read_text()
        yield
    finally:
        _end(process)


def _answers(port: int) -> bool:
    with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port), timeout=1):
        return True
    return False


def _connections(log: Path) -> int:
    """How often the binlog was followed from some place on: tasks count as running before they know from where."""
    return log.read_text().count("INFO: Connected to ") if log.exists() else 0


def _runs(port: int) -> bool:
    try:
        with urllib.request.urlopen(f"http://127.0.0.1:{port}/connectors/shop/status", timeout=5) as answer:
            status: dict[str, Any] = json.load(answer)
    except (OSError, urllib.error.HTTPError):
        return False
    states = [status["connector"]["state"], *(task["state"] for task in status["tasks"])]
    assert "FAILED" not in states, status
    return states == ["RUNNING", "RUNNING"]
