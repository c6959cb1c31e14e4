"""What the two long crash tests have in common: their options, and how the judge's verdict is told."""

import argparse
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

from figures import figure, machine, progress

sys.path.insert(0, str(Path(__file__).parents[1] / "tests"))

from fakes.chaos.judge import Judge

from binlog_watcher.demo.server import Server, private_server

Run = Callable[[Server, Path, Callable[[str], None]], Judge]
"""Of a crash test on a server, with a folder for its logs, and with whom it tells how far it is."""


def options_of(about: str | None, *, kills: int, restarts: str) -> argparse.Namespace:
    """``restarts``: of what."""
    parser = argparse.ArgumentParser(description=about, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--carts", type=int, default=20_000)
    parser.add_argument("--kills", type=int, default=kills)
    parser.add_argument("--seed", type=int, default=time.time_ns() // 1000 % 1_000_000)
    parser.add_argument(
        "--restart-every", type=int, default=12, metavar="KILLS", help=f"kills between restarts of {restarts}"
    )
    parser.add_argument("--keep", type=Path, metavar="FOLDER", help="where all logs stay")
    options = parser.parse_args()
    if options.carts < options.kills or options.kills < 1 or options.restart_every < 1:
        parser.error("at least one kill, and a cart for each")
    if options.keep:
        options.keep.mkdir(parents=True, exist_ok=True)
    return options


def judged(name: str, options: argparse.Namespace, run: Run) -> None:
    """Run it on a MySQL of its own, and print the figures. A fault ends the program with 1."""
    started = time.monotonic()
    progress(f"seed {options.seed}; {machine()}")
    with (
        tempfile.TemporaryDirectory(prefix="cartwake-chaos-") as folder,
        private_server("mysql", announce=progress) as server,
    ):
        judge = run(
            server,
            options.keep or Path(folder),
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
    for figure_name, value in figures.items():
        figure(f"{name}.{figure_name}", [value], "count")
    if judge.faults:
        progress(judge.report())
        sys.exit(1)
    progress(f"all promises were kept, in {time.monotonic() - started:.0f} s")
