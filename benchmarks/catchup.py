"""How fast a reader catches up with a binlog: ours beside its peers, on a binlog made for it.

Every reader is a process of its own. Ours reads right before and right after each peer, by the same means (TLS or
not), and a ratio is the peer's time over the mean of the two: so a machine that is busy for a while slows both. Each
reader that decodes must have read the same watched rows, by count and checksum.
"""

import argparse
import shutil
import statistics
import tempfile
import time
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import catchup_shop
from catchup_peers import DEBEZIUM, OURS, PEERS, Peer, PeerFailedError, prepare_debezium
from figures import absent, figure, machine, progress, ratios
from peers.reading import Job, Reading

from binlog_watcher.binlog.connection.dump import Dump, Session
from binlog_watcher.binlog.protocol.position import Position
from binlog_watcher.binlog.protocol.wire import HEADER
from binlog_watcher.demo.server import Server, private_server
from binlog_watcher.settings.connection import ConnectionSettings, Tls

_FULL_MB = 430
_LEAST = {"bytes": 400_000_000, "events": 500_000, "rows": 400_000}


@dataclass(frozen=True, slots=True)
class Stream:
    """What the server sends for the binlog: ``bytes`` as counted on the socket, packet headers included."""

    events: int
    bytes: int


@dataclass(frozen=True, slots=True)
class Trial:
    """A peer's reading, and ours before and after it."""

    theirs: Reading
    before: Reading
    after: Reading

    @property
    def ours_s(self) -> float:
        """Our time."""
        return (self.before.seconds + self.after.seconds) / 2


class Bench:
    """One binlog, and what every reader that can be had makes of it."""

    def __init__(self, server: Server, home: Path, peers: list[Peer]) -> None:
        self._server = server
        self._home = home
        self.peers = peers
        self.missing: dict[str, str] = {}
        self.trials: dict[str, list[Trial]] = defaultdict(list)
        self._job = Job(
            server.host, server.port, server.user, server.password, catchup_shop.DATABASE, str(home / "work"),
            tls=False, file="", offset=0, gtids="", begin_key=catchup_shop.BEGIN_KEY,
            end_key=catchup_shop.END_KEY, bytes=0,
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
        """Let each peer read once; the order differs from round to round."""
        turn = number % max(1, len(self.peers))
        for peer in [*self.peers[turn:], *self.peers[:turn]]:
            ours = replace(OURS, tls=peer.tls)
            before = self._read(ours)
            try:
                theirs = self._read(peer)
            except PeerFailedError as error:
                self._drop(peer, str(error))
                continue
            trial = Trial(theirs, before, self._read(ours))
            self.trials[peer.name].append(trial)
            progress(
                f"round {number + 1}  {peer.name:16}{theirs.seconds:7.2f} s, {theirs.cpu_seconds:5.2f} of CPU   "
                f"ours {before.seconds:5.2f} s, {before.cpu_seconds:.2f}   {trial.after.seconds:5.2f} s, "
                f"{trial.after.cpu_seconds:.2f}"
            )

    def _read(self, peer: Peer) -> Reading:
        work = Path(self._job.work)
        shutil.rmtree(work, ignore_errors=True)
        if peer is DEBEZIUM:
            shutil.copytree(self._home / "debezium", work)
        else:
            work.mkdir()
        return peer.run(replace(self._job, tls=peer.tls))

    def _drop(self, peer: Peer, reason: str) -> None:
        """Go on without a peer that can't be had."""
        progress(f"{peer.name} is absent: {reason}")
        self.missing[peer.name] = reason
        self.peers.remove(peer)
        self.trials.pop(peer.name, None)

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


def check(trials: Mapping[str, Sequence[Trial]], watched: int) -> None:
    """End the program unless every reader that decodes read the same rows, as many as were written."""
    found = {
        (reading.rows, reading.checksum): who
        for peer, several in trials.items()
        for trial in several
        for who, reading in ((peer, trial.theirs), ("ours", trial.before), ("ours", trial.after))
        if reading.rows is not None
    }
    if len(found) != 1 or {rows for rows, _ in found} != {watched}:
        raise SystemExit(f"the readers disagree, or not with the {watched} rows written: {found}")
    ((_, checksum),) = found
    progress(f"every reader that decodes read the same {watched} rows, checksum {checksum:.12}")


def report(trials: Mapping[str, Sequence[Trial]], missing: Mapping[str, str], size: int) -> None:
    """Print the figures. ``size``: bytes of the stream."""
    for peer in PEERS:
        if several := trials.get(peer.name):
            values = ratios([trial.theirs.seconds for trial in several], [trial.ours_s for trial in several])
            figure(f"catchup.ratio_{peer.name}", values, "x")
        elif peer.name in missing:
            absent(f"catchup.ratio_{peer.name}", "x", missing[peer.name])
    plain = [trials[peer.name] for peer in PEERS if not peer.tls and peer.name in trials]
    if plain:
        rounds = [statistics.median(trial.ours_s for trial in one) for one in zip(*plain, strict=True)]
        figure("catchup.mb_per_s", [size / seconds / 1e6 for seconds in rounds], "MB/s")


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
        check(bench.trials, amounts.watched)
    report(bench.trials, bench.missing, bench.size)
    progress(machine())


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument(
        "--mb", type=int, default=_FULL_MB, help="size of the binlog, by default %(default)s MB"
    )
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--only", metavar="NAMES", help="peers to compare with, by commas")
    options = parser.parse_args()
    known = {peer.name for peer in PEERS}
    if options.only is not None and not known >= {*options.only.split(",")}:
        parser.error(f"--only takes names of {', '.join(sorted(known))}")
    if options.mb < 1 or options.rounds < 1:
        parser.error("--mb and --rounds start at 1")
    return options


if __name__ == "__main__":
    main()
