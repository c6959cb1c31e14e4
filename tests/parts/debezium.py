"""Apache Kafka and Debezium's MySQL connector in Kafka Connect, fetched by Maven, as processes of 127.0.0.1.

One broker that is its own controller (KRaft), one worker in standalone mode, everything in a temporary folder. The
versions are those of ``kafka/pom.xml``. Settings: Kafka's *Broker Configs* and *Kafka Connect Configs*, Debezium's
*MySQL connector*.
"""

import contextlib
import hashlib
import json
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

START_SECONDS = 120
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


@contextlib.contextmanager
def _java(jars: Path, folder: Path, name: str, *arguments: str) -> Iterator[subprocess.Popen[bytes]]:
    """A program in a folder; ended with the block, by force after half a minute."""
    log = folder / f"{name}.log"
    with log.open("ab") as output:
        process = subprocess.Popen(
            [*_JAVA, "-cp", f"{jars}/*", *arguments], cwd=folder, stdout=output, stderr=output
        )
    try:
        yield process
    finally:
        process.terminate()
        try:
            process.wait(30)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


@contextlib.contextmanager
def running_kafka(jars: Path, folder: Path) -> Iterator[str]:
    """A broker; its address."""
    port, controller = free_port(), free_port()
    settings = folder / "broker.properties"
    settings.write_text(_BROKER.format(port=port, controller=controller, folder=folder))
    formatting = [
        *_JAVA,
        "-cp",
        f"{jars}/*",
        "kafka.tools.StorageTool",
        "format",
        "-t",
        _CLUSTER,
        "-c",
        str(settings),
    ]
    done = subprocess.run(
        formatting, cwd=folder, capture_output=True, text=True, timeout=START_SECONDS, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr
    with _java(jars, folder, "broker", "kafka.Kafka", str(settings)) as process:
        wait_until(
            lambda: process.poll() is not None or _answers(port),
            START_SECONDS,
            tell=(folder / "broker.log").read_text,
        )
        assert process.poll() is None, (folder / "broker.log").read_text()
        yield f"127.0.0.1:{port}"


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
    with _java(
        jars, folder, "worker", "org.apache.kafka.connect.cli.ConnectStandalone", str(worker), str(described)
    ) as process:
        wait_until(
            lambda: process.poll() is not None or (_runs(port) and _connections(log) > before),
            START_SECONDS,
            tell=log.read_text,
        )
        assert process.poll() is None, log.read_text()
        yield


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
