"""The long run: carts left at an even pace for half an hour; memory, file handles and lateness should stay as they are.

Every ten seconds the service's memory and open file handles are read, and the mails of the interval collected: how
late each was, from its due time to its last byte. The figures compare the first quarter of the run with the last one.
"""

import argparse
import statistics
import time
from collections import Counter
from collections.abc import Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass

import recovery_steady
from figures import figure, machine, progress
from recovery_ground import Ground, customer_of, open_ground, percentile
from recovery_mails import LEAST_BYTES, Mail
from recovery_service import Service, memory, open_files
from recovery_shop import address, baskets
from recovery_steady import THRESHOLD_S

SAMPLE_S = 10.0
_BASKETS = 2_000
_SAMPLES_A_LINE = 6
_STALLED_S = 120.0


@dataclass(frozen=True, slots=True)
class Sample:
    """What the service held at the end of an interval, and how late (ms) the interval's mails were."""

    rss_mb: float
    files: int
    late_ms: list[float]


class Soak:
    """Samples a running service until all mails have come."""

    def __init__(self, ground: Ground, service: Service) -> None:
        self._ground = ground
        self._service = service
        self._came: Counter[str] = Counter()
        self.samples: list[Sample] = []

    def run(self, count: int, writing: "Future[dict[int, float]]", every_s: float) -> None:
        """Sample from the first mail until ``count`` came. Ends the program when they stay away."""
        self._ground.wait_for_mails(1, self._service)
        at = heard = time.monotonic()
        while self._came.total() < count:
            at += every_s
            time.sleep(max(0.0, at - time.monotonic()))
            if writing.done():
                writing.result()
            mails = self._ground.sink.take()
            if mails:
                heard = time.monotonic()
            elif not self._service.process.alive or time.monotonic() - heard > _STALLED_S:
                raise self._service.failed(f"{self._came.total()} of {count} mails came")
            self._add(mails)
            if len(self.samples) % _SAMPLES_A_LINE == 0:
                self._tell(self.samples[-_SAMPLES_A_LINE:])

    def check(self, expected: Sequence[str]) -> None:
        """End the program unless each address got exactly one mail."""
        if self._came != Counter(expected):
            raise SystemExit(
                f"{self._came.total()} mails to {len(self._came)} addresses for {len(expected)} carts"
            )

    def _add(self, mails: list[Mail]) -> None:
        self._came.update(mail.recipient for mail in mails)
        if any(len(mail.content) < LEAST_BYTES for mail in mails):
            raise SystemExit(f"a mail has less than {LEAST_BYTES} bytes")
        pid = self._service.pid
        late = self._lateness(mails) if mails else []
        self.samples.append(Sample(memory(pid).resident, open_files(pid), late))

    def _lateness(self, mails: list[Mail]) -> list[float]:
        came = {customer_of(mail): mail.arrived for mail in mails}
        with self._ground.shop.connect() as connection, connection.cursor() as cursor:
            cursor.execute(
                "SELECT user_id, UNIX_TIMESTAMP(last_activity_at) FROM cart_abandonment_log WHERE user_id IN %s",
                (tuple(came),),
            )
            return [(came[who] - float(active) - THRESHOLD_S) * 1000 for who, active in cursor.fetchall()]

    def _tell(self, samples: Sequence[Sample]) -> None:
        late = [ms for sample in samples for ms in sample.late_ms]
        words = f"p50 {percentile(late, 50):.1f}, p99 {percentile(late, 99):.1f} ms" if late else "no mails"
        progress(
            f"{self._came.total():7} mails  {samples[-1].rss_mb:7.1f} MB  {samples[-1].files:4} files  {words}"
        )


def main() -> None:
    options = _options()
    count = round(options.minutes * 60 * options.rate)
    progress(machine())
    with open_ground(options.products) as ground, ThreadPoolExecutor(1) as writer:
        carts = baskets(ground.products, min(count, _BASKETS))
        people = ground.welcome(count)
        with ground.service(THRESHOLD_S) as service:
            soak = Soak(ground, service)
            writing = writer.submit(recovery_steady.leave, ground, people, carts, options.rate)
            soak.run(count, writing, options.sample)
        soak.check([address(person.id) for person in people])
    report(soak.samples)
    progress(machine())


def report(samples: Sequence[Sample]) -> None:
    """Print the figures: of memory and files the median of a quarter's samples, of lateness that of its mails."""
    quarter = max(1, len(samples) // 4)
    for name, some in (("first", samples[:quarter]), ("last", samples[-quarter:])):
        late = [ms for sample in some for ms in sample.late_ms]
        figure(f"soak.rss_mb_{name}", [statistics.median(one.rss_mb for one in some)], "MB")
        figure(f"soak.fds_{name}", [statistics.median(one.files for one in some)], "")
        figure(f"soak.lateness_p50_ms_{name}", [percentile(late, 50)], "ms")
        figure(f"soak.lateness_p99_ms_{name}", [percentile(late, 99)], "ms")
    figure("soak.mails", [sum(len(one.late_ms) for one in samples)], "")


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--products", type=int, default=10_000)
    parser.add_argument("--minutes", type=float, default=30)
    parser.add_argument("--rate", type=float, default=20, help="carts a second")
    parser.add_argument("--sample", type=float, default=SAMPLE_S, help="seconds between two samples")
    options = parser.parse_args()
    if options.minutes * 60 < 4 * options.sample or options.rate <= 0 or options.sample <= 0:
        parser.error("--minutes must hold four samples, and --rate be above 0")
    return options


if __name__ == "__main__":
    main()
