"""Exactly one mail a cart from a consumer group, whatever crashes: see tests/fakes/chaos/group.py.

Apache Kafka and Debezium's connector are fetched by Maven. A failing run prints its seed and the story of each
offending cart, and exits with 1.
"""

import argparse
import sys
import tempfile
import time
from pathlib import Path

from figures import figure, machine, progress

sys.path.insert(0, str(Path(__file__).parents[1] / "tests"))

from fakes.chaos.group import run_group_chaos
from fakes.chaos.options import Options
from parts.debezium import fetch_jars

from binlog_watcher.demo.server import private_server

SETTLE_S = 900.0
"""What killed workers had claimed is taken over by one worker, some hundreds a pass."""


def main() -> None:
    options = _options()
    jars = fetch_jars()
    started = time.monotonic()
    progress(f"seed {options.seed}; {machine()}")
    with (
        tempfile.TemporaryDirectory(prefix="cartwake-chaos-") as folder,
        private_server("mysql", announce=progress) as server,
    ):
        judge = run_group_chaos(
            server,
            options.keep or Path(folder),
            Options(options.carts, options.kills, options.seed, options.restart_every, settle_s=SETTLE_S),
            jars,
            lambda text: progress(f"{time.monotonic() - started:6.0f} s  {text}"),
        )
    figures = {
        "carts": options.carts,
        "kills": len(judge.seen.kills),
        "kills_in_flight": sum(kill.in_flight > 0 for kill in judge.seen.kills),
        "freezes": len(judge.seen.stops),
        "mailed": judge.mailed,
        "unknown": len(judge.unknown),
        "doubles": judge.count("double"),
        "lost": judge.count("lost"),
        "mailed_after_order": judge.count("after_order"),
    }
    for name, value in figures.items():
        figure(f"kafka_chaos.{name}", [value], "count")
    if judge.faults:
        progress(judge.report())
        sys.exit(1)
    progress(f"all promises were kept, in {time.monotonic() - started:.0f} s")


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--carts", type=int, default=20_000)
    parser.add_argument("--kills", type=int, default=100)
    parser.add_argument("--seed", type=int, default=time.time_ns() // 1000 % 1_000_000)
    parser.add_argument(
        "--restart-every", type=int, default=12, metavar="KILLS", help="kills between restarts of the broker"
    )
    parser.add_argument("--keep", type=Path, metavar="FOLDER", help="where all logs stay")
    options = parser.parse_args()
    if options.carts < options.kills or options.kills < 1 or options.restart_every < 1:
        parser.error("at least one kill, and a cart for each")
    if options.keep:
        options.keep.mkdir(parents=True, exist_ok=True)
    return options


if __name__ == "__main__":
    main()
