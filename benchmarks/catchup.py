"""How fast a reader catches up with a binlog: ours beside its peers, on a binlog made for it.

Every reader is a process of its own. Rounds are interleaved and their order rotates, ratios are taken within a
round, and each reader that decodes must have read the same watched rows, by count and checksum.
"""

import argparse
import shutil
import sys
import tempfile
import time
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import catchup_shop
from catchup_peers import DEBEZIUM, PEERS, Peer, PeerFailedError, prepare_debezium
from figures import absent, figure, machine, progress, ratios
from peers.reading import Job, Reading

from binlog_watcher.binlog.dump import Dump, Session
from binlog_watcher.binlog.position import Position
from binlog_watcher.binlog.wire import HEADER
from binlog_watcher.connection import ConnectionSettings, Tls
from binlog_watcher.demo.server import Server, private_server

_FULL_MB = 430
_LEAST = {"bytes": 400_000_000, "events": 500_000, "rows": 400_000}
_FIGURES = {  # figure → peer, ours
    "ratio_stock": ("stock", "ours"),
    "ratio_stock_tls": ("stock_tls", "ours_tls"),
    "ratio_stock_rows_only": ("stock_rows_only", "ours"),
    "ratio_zongji": ("zongji", "ours"),
    "ratio_debezium": ("debezium", "ours"),
    "ratio_mysqlbinlog_raw": ("mysqlbinlog_raw", "ours"),
    "ratio_receive": ("receive", "ours"),
}


@dataclass(frozen=True, slots=True)
class Stream:
    """What the server sends for the binlog: ``bytes`` as counted on the socket, packet headers included."""

    events: int
    bytes: int


class Bench:
    """One binlog, and the readings of it by every reader that can be had."""

    def __init__(self, server: Server, home: Path, peers: list[Peer]) -> None:
        self._server = server
        self._home = home
        self.peers = peers
        self.missing: dict[str, str] = {}
        self.readings: dict[str, list[Reading]] = defaultdict(list)
        self._job = Job(
            server.host, server.port, server.user, server.password, catchup_shop.DATABASE,
            tls=False, file="", offset=0, gtids="", begin_key=catchup_shop.BEGIN_KEY,
            end_key=catchup_shop.END_KEY, bytes=0, work=str(home / "work"),
        )  # fmt: skip
        for peer in list(peers):
            if reason := peer.missing():
                self._drop(peer, reason)

    def write(self, megabytes: int) -> catchup_shop.Amounts:
        """Write the binlog and see to it that it is what was ordered."""
        catchup_shop.open_shop(self._server)
        self._prepare_debezium()
        start = catchup_shop.end_of_binlog(self._server)
        began = time.perf_counter()
        progress(f"Writing about {megabytes} MB of binlog ...")
        amounts = catchup_shop.trade(self._server, megabytes)
        end = catchup_shop.end_of_binlog(self._server)
        if end.file != start.file:
            raise SystemExit(f"the binlog went on in {end.file}: order fewer megabytes")
        self._job = replace(self._job, file=start.file, offset=start.offset, gtids=start.gtids)
        stream = self._survey(end.offset)
        self._job = replace(self._job, bytes=stream.bytes)
        progress(
            f"{stream.bytes / 1e6:.0f} MB, {stream.events:,} events, {amounts.rows:,} rows, {amounts.watched:,} "
            f"of them watched; written in {time.perf_counter() - began:.0f} s"
        )
        if megabytes >= _FULL_MB:
            written = {"bytes": stream.bytes, "events": stream.events, "rows": amounts.rows}
            short = {name: least for name, least in _LEAST.items() if written[name] < least}
            assert not short, f"too little was written: {written}"
        return amounts

    @property
    def size(self) -> int:
        """Bytes of the stream."""
        return self._job.bytes

    def round(self, number: int) -> None:
        """Let each reader read once; the order differs from round to round."""
        turn = number % len(self.peers)
        for peer in [*self.peers[turn:], *self.peers[:turn]]:
            work = Path(self._job.work)
            shutil.rmtree(work, ignore_errors=True)
            if peer is DEBEZIUM:
                shutil.copytree(self._home / "debezium", work)
            else:
                work.mkdir()
            try:
                reading = peer.run(replace(self._job, tls=peer.tls))
            except PeerFailedError as error:
                if peer.name.startswith("ours"):
                    raise
                self._drop(peer, str(error))
                continue
            self.readings[peer.name].append(reading)
            progress(
                f"round {number + 1}  {peer.name:16}{reading.seconds:8.2f} s  {reading.cpu_seconds:8.2f} s of CPU"
                + ("" if reading.rows is None else f"  {reading.rows} rows  {reading.checksum:.12}")
            )

    def _drop(self, peer: Peer, reason: str) -> None:
        """Go on without a peer that can't be had; a ratio needs all of its rounds."""
        progress(f"{peer.name} is absent: {reason}")
        self.missing[peer.name] = reason
        self.peers.remove(peer)
        self.readings.pop(peer.name, None)

    def _prepare_debezium(self) -> None:
        """Let Debezium take its snapshot while rows are written that tell it where the binlog begins."""
        if DEBEZIUM not in self.peers:
            return
        progress("Preparing Debezium ...")
        failure = prepare_debezium(
            replace(self._job, work=str(self._home / "debezium")),
            lambda: catchup_shop.add_to_cart(self._server, catchup_shop.BEGIN_KEY),
        )
        if failure:
            self._drop(DEBEZIUM, failure)

    def _survey(self, end: int) -> Stream:
        """Count what the server sends up to the offset ``end``; also warms the page cache."""
        job = self._job
        settings = ConnectionSettings(job.host, job.port, job.user, job.password, job.database, tls=Tls.OFF)
        sessions: list[Session] = []
        packets = Dump(settings, 4_100_000_009, 1.0, sessions.append).open(Position(job.file, job.offset, ""))
        events = size = reached = 0
        while reached < end:
            for data, start, behind in packets.read():
                *_, reached, _ = HEADER.unpack_from(data, start)
                events += 1
                size += behind - start + 5  # packet header and OK byte
        sessions[0].abandon()
        return Stream(events, size)


def check(readings: Mapping[str, Sequence[Reading]], watched: int) -> None:
    """End the program unless every reader that decodes read the same rows, as many as were written."""
    found = {
        (reading.rows, reading.checksum): name
        for name, several in readings.items()
        for reading in several
        if reading.rows is not None
    }
    if len(found) != 1 or {rows for rows, _ in found} != {watched}:
        raise SystemExit(f"the readers disagree, or not with the {watched} rows written: {found}")


def report(readings: Mapping[str, Sequence[Reading]], missing: Mapping[str, str], size: int) -> None:
    """Print the figures. ``size``: bytes of the stream."""
    seconds = {name: [reading.seconds for reading in several] for name, several in readings.items()}
    for name, (peer, ours) in _FIGURES.items():
        if peer in missing:
            absent(f"catchup.{name}", "x", missing[peer])
        elif seconds.get(peer) and seconds.get(ours):
            figure(f"catchup.{name}", ratios(seconds[peer], seconds[ours]), "x")
    figure("catchup.mb_per_s", [size / one / 1e6 for one in seconds["ours"]], "MB/s")


def main() -> None:
    options = _options()
    peers = [peer for peer in PEERS if options.only is None or peer.name in options.only.split(",")]
    with (
        tempfile.TemporaryDirectory(prefix="cartwake-catchup-") as home,
        private_server("mysql", options=catchup_shop.SERVER_OPTIONS, announce=progress) as server,
    ):
        bench = Bench(server, Path(home), peers)
        amounts = bench.write(options.mb)
        progress(machine())
        for number in range(options.rounds):
            bench.round(number)
        check(bench.readings, amounts.watched)
    report(bench.readings, bench.missing, bench.size)
    progress(machine())


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument(
        "--mb", type=int, default=_FULL_MB, help="size of the binlog, by default %(default)s MB"
    )
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--only", metavar="NAMES", help="readers, by commas; ours is needed")
    options = parser.parse_args()
    known = {peer.name for peer in PEERS}
    if options.only is not None and (
        "ours" not in (names := options.only.split(",")) or not known >= {*names}
    ):
        parser.error(f"--only takes names of {', '.join(sorted(known))}, and ours among them")
    if options.mb < 1 or options.rounds < 1:
        parser.error("--mb and --rounds start at 1")
    return options


if __name__ == "__main__":
    sys.exit(main())
