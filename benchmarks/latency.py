"""How soon a committed cart row is known: from the server's acknowledgement to the event; ours beside its peers.

200 single-row inserts a second into the cart, beside 5,000 rows a second of another
table, each a transaction too. The readers take turns, each
a process of its own that follows the server alone; rounds are interleaved, and their order rotates. A time below
zero is real: the server hands a transaction to its readers before it acknowledges it.
"""

import argparse
import json
import statistics
import subprocess
import sys
import tempfile
import time
from collections import defaultdict
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from catchup_peers import OURS, PEERS, Peer
from figures import absent, figure, machine, progress, ratios
from latency_following import Following, ReaderFailedError
from latency_writer import NOISE_TABLE

from binlog_watcher.demo import sample_shop
from binlog_watcher.demo.server import Server, private_server

_FOLDER = Path(__file__).parent
_CARTS_PER_S, _NOISE_PER_S = 200, 5_000
_PROBE_KEY, _LAST_KEY = 3_999_999_999, 4_000_000_000
_WARM_UP_S = 1.0
_NAMES = ("ours", "stock", "zongji", "zongji_at_commit", "debezium")
_PERCENTILES = {"p50": 50, "p99": 99}


@dataclass(frozen=True, slots=True)
class Reader:
    """One of those compared; ``peer`` knows whether it can be had."""

    name: str
    command: tuple[str, ...]
    peer: Peer


def main() -> None:
    options = _options()
    readers, missing = _available(options.only.split(",") if options.only else list(_NAMES))
    found: dict[str, list[dict[str, float]]] = defaultdict(list)
    with private_server("mysql", announce=progress) as server:
        with server.connect() as connection, connection.cursor() as cursor:
            sample_shop.create(connection, users=())
            cursor.execute(NOISE_TABLE)
        progress(machine())
        for number in range(options.rounds):
            turn = number % len(readers)
            for reader in [*readers[turn:], *readers[:turn]]:
                if reader.name in missing:
                    continue
                try:
                    latencies, noise = _follow(server, reader, options.seconds)
                except ReaderFailedError as error:
                    if reader.name == "ours":
                        raise SystemExit(f"ours failed: {error}") from error
                    missing[reader.name] = str(error)
                    progress(f"{reader.name} is absent: {error}")
                    continue
                cuts = statistics.quantiles(latencies, n=100)
                found[reader.name].append({name: cuts[at - 1] for name, at in _PERCENTILES.items()})
                words = ", ".join(f"{name} {value:.3f} ms" for name, value in found[reader.name][-1].items())
                progress(
                    f"round {number + 1}  {reader.name:17}{words}  ({len(latencies)} rows beside {noise:.0f} a second)"
                )
    _report(found, missing)
    progress(machine())


def _available(names: list[str]) -> tuple[list[Reader], dict[str, str]]:
    """The readers that can be had, and why others can't."""
    python, debezium = sys.executable, str(_FOLDER / "peers/.venv/bin/python")
    commands = {
        "ours": (python, "latency_cartwake.py"),
        "stock": (python, "latency_stock.py"),
        "zongji": ("node", "latency_zongji.js"),
        "zongji_at_commit": ("node", "latency_zongji.js", "at-commit"),
        "debezium": (debezium, "latency_debezium.py"),
    }
    peers = {peer.name: peer for peer in (OURS, *PEERS)}
    readers, missing = [], {}
    for name in names:
        program, script, *arguments = commands[name]
        command = (program, str(_FOLDER / "peers" / script), *arguments)
        reader = Reader(name, command, peers[name.removesuffix("_at_commit")])
        if reason := reader.peer.missing():
            missing[name] = reason
            progress(f"{name} is absent: {reason}")
        else:
            readers.append(reader)
    return readers, missing


def _follow(server: Server, reader: Reader, seconds: float) -> tuple[list[float], float]:
    """Milliseconds from acknowledgement to event, one for each cart row; and the rows of noise a second."""
    with tempfile.TemporaryDirectory(prefix="cartwake-latency-") as work:
        job = {
            "host": server.host, "port": server.port, "user": server.user, "password": server.password,
            "database": sample_shop.DATABASE, "work": work, "probe_key": _PROBE_KEY, "last_key": _LAST_KEY,
        }  # fmt: skip
        with Following(list(reader.command), job, Path(work)) as following:
            with server.connect(database=sample_shop.DATABASE) as connection, connection.cursor() as cursor:
                while not following.ready():
                    cursor.execute("INSERT INTO cart (user_id, product_id) VALUES (%s, 1)", (_PROBE_KEY,))
                    time.sleep(0.2)
                acknowledged, noise = _trade(server, seconds)
                cursor.execute("INSERT INTO cart (user_id, product_id) VALUES (%s, 1)", (_LAST_KEY,))
            arrived = following.arrivals()
    if arrived.keys() != acknowledged.keys():
        raise ReaderFailedError(f"{len(arrived)} of {len(acknowledged)} rows arrived")
    return [(arrived[key] - at) / 1e6 for key, at in acknowledged.items()], noise


def _trade(server: Server, seconds: float) -> tuple[dict[str, int], float]:
    """Write carts beside noise; when each was acknowledged, and the rows of noise a second."""
    account = {
        "host": server.host, "port": server.port, "user": server.user, "password": server.password,
        "database": sample_shop.DATABASE,
    }  # fmt: skip
    with _writer("noise", {"account": account, "rate": _NOISE_PER_S}) as noise:
        time.sleep(_WARM_UP_S)
        carts = {"account": account, "rate": _CARTS_PER_S, "count": round(_CARTS_PER_S * seconds)}
        with _writer("cart", carts) as writer:
            told, _ = writer.communicate()
        rate, _ = noise.communicate()  # closes its stdin, which ends it
    return json.loads(told), float(rate)


def _writer(what: str, job: dict[str, Any]) -> "subprocess.Popen[str]":
    process = subprocess.Popen(
        [sys.executable, str(_FOLDER / "latency_writer.py"), what],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    assert process.stdin is not None
    process.stdin.write(json.dumps(job) + "\n")
    process.stdin.flush()
    return process


def _report(found: dict[str, list[dict[str, float]]], missing: dict[str, str]) -> None:
    for name in _NAMES:
        for percentile in _PERCENTILES:
            title = f"latency.{'' if name == 'ours' else name + '_'}ack_to_event_{percentile}_ms"
            ratio = f"latency.ratio_{name}_{percentile}"
            if name in missing:
                absent(title, "ms", missing[name])
                absent(ratio, "x", missing[name])
            elif name in found:
                theirs, ours = ([one[percentile] for one in found[which]] for which in (name, "ours"))
                figure(title, theirs, "ms")
                if name != "ours" and min(*ours, *theirs) > 0:
                    figure(ratio, ratios(theirs, ours), "x")
                elif name != "ours":
                    absent(ratio, "x", "events come before the acknowledgement")


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--seconds", type=float, default=10, help="of each reader in each round")
    parser.add_argument("--only", metavar="NAMES", help="readers, by commas; ours is needed")
    options = parser.parse_args()
    if options.only and ("ours" not in (names := options.only.split(",")) or not {*_NAMES} >= {*names}):
        parser.error(f"--only takes names of {', '.join(_NAMES)}, and ours among them")
    if options.rounds < 1 or options.seconds < 1:
        parser.error("--rounds and --seconds start at 1")
    return options


if __name__ == "__main__":
    main()
