"""What a worker on Kafka does: how fast it replays records and arms timers, three of them beside one, and its memory.

The broker is Tansu, which keeps all in memory; a bare consumer of the same records is timed beside the source, so
that it shows whether the broker or the client hold it up. Records are as Debezium writes them. Every worker is a
process of its own.
"""

import argparse
import json
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from confluent_kafka import Producer
from figures import figure, machine, progress
from kafka_records import HEADERS, SECOND, made_up

sys.path.insert(0, str(Path(__file__).parents[1] / "tests"))

from fakes.tansu import make_topic, running_tansu

WORKER = str(Path(__file__).with_name("kafka_worker.py"))
HOUR_US = 3600 * SECOND
CARTS_PER_S, OF_PARTITIONS = 3000, 64
"""Of the rebalance: new carts a second, in all partitions together, with a threshold of an hour."""


def main() -> None:
    options = _options()
    progress(machine())
    with (
        tempfile.TemporaryDirectory(prefix="cartwake-kafka-") as folder,
        running_tansu(Path(folder)) as broker,
    ):
        load = Load(broker, options.records, options.rounds)
        load.replay(options.partitions)
        if options.small:
            return
        load.one_and_three()
        load.rebalance(options.hour)
        load.partitions(options.many)
    timers = [_child("timers", "--records", options.timers) for _ in range(options.rounds)]
    figure("kafka.memory_mb_1m_timers", [one["bytes"] / one["timers"] for one in timers], "MB")
    progress(machine())


@dataclass(frozen=True, slots=True)
class Load:
    """``records`` of each topic that is replayed."""

    broker: str
    records: int
    rounds: int

    def replay(self, partitions: int) -> None:
        """One worker, and a bare consumer of the same records."""
        self._fill("replay", partitions, self.records, step_us=100)
        bare, ours = [], []
        for number in range(self.rounds):
            bare.append(self._run("bare", ["replay"], f"bare-{number}", self.records)[0])
            ours.append(self._run("replay", ["replay"], f"ours-{number}", self.records)[0])
            progress(f"round {number + 1}  bare {_rate(bare[-1]):,.0f}/s  ours {_rate(ours[-1]):,.0f}/s")
        figure("kafka.replay_events_per_s", [_rate(one) for one in ours], "events/s")
        figure("kafka.replay_cpu_us", [one["cpu_s"] / one["records"] * 1e6 for one in ours], "us")
        figure("kafka.bare_consumer_per_s", [_rate(one) for one in bare], "records/s")
        pairs = zip(ours, bare, strict=True)
        figure("kafka.replay_over_bare_consumer", [_rate(one) / _rate(other) for one, other in pairs], "x")
        figure("kafka.replay_memory_mb", [one["rss_mb"] for one in ours], "MB")

    def one_and_three(self) -> None:
        """Three workers, each with its third of the shop, beside one that has one of them."""
        topics = [f"third-{number}" for number in range(3)]
        for topic in topics:
            self._fill(topic, 4, self.records, step_us=100)
        found = []
        for number in range(self.rounds):
            (one,) = self._run("replay", topics[:1], f"one-{number}", self.records)
            three = self._run("replay", topics, f"three-{number}", self.records)
            longest = max(worker["ended"] for worker in three) - min(worker["started"] for worker in three)
            found.append(len(topics) * self.records / longest / _rate(one))
            progress(f"round {number + 1}  three do {found[-1]:.2f} of the work of one")
        figure("kafka.ratio_one_to_three", found, "x")

    def rebalance(self, records: int) -> None:
        """Partitions come to a worker that has none: how long until it has armed an hour's timers of each."""
        partitions = 4
        self._fill("hour", partitions, records * partitions, step_us=HOUR_US // (records * partitions))
        found = [
            self._run("replay", ["hour"], f"hour-{number}", records * partitions)[0]
            for number in range(self.rounds)
        ]
        figure("kafka.rebalance_s_per_partition", [one["seconds"] / partitions for one in found], "s")

    def partitions(self, many: int) -> None:
        """Memory of a worker by the number of its partitions, all of them empty."""
        few = 4
        for number in (few, many):
            make_topic(self.broker, f"empty-{number}", number)
        grown = []
        for at in range(self.rounds):
            small, large = (
                self._run("replay", [f"empty-{number}"], f"empty-{number}-{at}", 0)[0]
                for number in (few, many)
            )
            grown.append((large["rss_mb"] - small["rss_mb"]) * 1024 / (many - few))
        figure("kafka.memory_kb_per_partition", grown, "KB")

    def _fill(self, topic: str, partitions: int, records: int, *, step_us: int) -> None:
        make_topic(self.broker, topic, partitions)
        producer = Producer(
            {
                "bootstrap.servers": self.broker, "partitioner": "murmur2", "linger.ms": 20, "log_level": 0,
                "queue.buffering.max.messages": 200_000,
            }
        )  # fmt: skip
        size = 0
        for key, value in made_up(records, step_us):
            size += len(value)
            while True:
                try:
                    producer.produce(topic, key=key, value=value, headers=HEADERS)
                    break
                except BufferError:
                    producer.poll(0.05)
        assert producer.flush(120) == 0
        progress(
            f"{topic}: {records} records of {size / max(records, 1):.0f} bytes in {partitions} partitions"
        )

    def _run(self, child: str, topics: Sequence[str], group: str, records: int) -> list[dict[str, float]]:
        """A process for each topic, at the same time."""
        return _children(
            [
                (
                    child,
                    "--broker",
                    self.broker,
                    "--topic",
                    topic,
                    "--group",
                    f"{group}-{topic}",
                    "--records",
                    records,
                )
                for topic in topics
            ]
        )


def _rate(reading: dict[str, float]) -> float:
    return reading["records"] / reading["seconds"]


def _child(*arguments: object) -> dict[str, float]:
    return _children([arguments])[0]


def _children(several: Sequence[Sequence[object]]) -> list[dict[str, float]]:
    started = [
        subprocess.Popen([sys.executable, WORKER, *map(str, arguments)], stdout=subprocess.PIPE, text=True)
        for arguments in several
    ]
    outputs = [process.communicate(timeout=900)[0] for process in started]
    assert all(process.returncode == 0 for process in started)
    return [json.loads(output.splitlines()[-1]) for output in outputs]


def _options() -> Any:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--records", type=int, default=400_000, help="of each topic that is replayed")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--partitions", type=int, default=8)
    parser.add_argument("--many", type=int, default=256, help="partitions, of the memory of one")
    parser.add_argument(
        "--hour",
        type=int,
        default=CARTS_PER_S * 3600 // OF_PARTITIONS,
        help="records of a partition in an hour",
    )
    parser.add_argument("--small", action="store_true", help="nothing but the replay")
    parser.add_argument("--timers", type=int, default=1_000_000)
    return parser.parse_args()


if __name__ == "__main__":
    main()
