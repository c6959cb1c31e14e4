"""How fast carts are recovered that fall due at once, and how soon one is when they come steadily; beside a poller.

The service is `cartwake run` as a process of its own with all its guarantees; MySQL, the service and an SMTP sink share
the machine. A turn of the burst is a fresh start of one contender, with new customers and the same carts; rounds are
interleaved, the order rotates, and a ratio is taken within a round. The steady run is one, and so are the storm, in
which one statement changes all carts of the past, and the run for memory.
"""

import argparse
import statistics
from collections import defaultdict
from collections.abc import Sequence

import recovery_burst
import recovery_memory
import recovery_steady
import recovery_storm
from figures import absent, figure, machine, progress
from recovery_burst import Burst
from recovery_ground import open_ground
from recovery_memory import Footprint
from recovery_poller import POLLS_PER_MINUTE
from recovery_service import Usage, has_setting
from recovery_shop import baskets
from recovery_steady import Steady
from recovery_storm import Storm

WORKERS = "WORKER_PROCESSES"
CONNECTIONS = {"SMTP_CONNECTIONS": "20"}
"""A fence does for as many mails as there are free connections; the default of 4 is what any provider takes."""

_ONE, _WORKERS, _POLLER = "one_process", "two_workers", "poller"


def main() -> None:
    options = _options()
    further = {**CONNECTIONS, **dict(options.set)}
    configurations: dict[str, dict[str, str]] = {_ONE: further}
    if has_setting(WORKERS):
        configurations[_WORKERS] = {**further, WORKERS: "2"}
    else:
        progress(f"this Cartwake has no {WORKERS}: one process only")
    bursts: dict[str, list[Burst]] = defaultdict(list)
    steady = storm = footprint = None
    progress(machine())
    with open_ground(options.products) as ground:
        spoken = ground.speak(options.languages.split(","))
        for one in configurations.values():
            one.update(spoken)
        ground.remember(options.rows)
        carts = baskets(ground.products, options.carts)
        turns = [*configurations, *([] if options.skip_poller else [_POLLER])]
        for number in range(options.rounds):
            at = number % len(turns)
            for who in [*turns[at:], *turns[:at]]:
                if who == _POLLER:
                    burst = recovery_burst.poll(ground, carts[: options.peer_carts], who)
                else:
                    burst = recovery_burst.recover(ground, carts, who, configurations[who])
                bursts[who].append(burst)
        if not options.skip_steady:
            steady = recovery_steady.run(
                ground, carts, options.rate, options.seconds, options.interval, further
            )
        if not options.skip_storm:
            storm = recovery_storm.run(ground, carts, options.storm_rate, options.storm_seconds, further)
        if not options.skip_memory:
            footprint = recovery_memory.run(ground, 2 if has_setting(WORKERS) else 0, options.memory_scale)
    report(bursts, steady, storm, footprint)
    progress(machine())


def report(
    bursts: dict[str, list[Burst]], steady: Steady | None, storm: Storm | None, footprint: Footprint | None
) -> None:
    """Print the figures."""
    if bursts:
        _report_rates(bursts)
    _report_costs(bursts)
    _report_polls([burst.idle for burst in bursts.get(_POLLER, ()) if burst.idle is not None])
    if steady is not None:
        _report_steady(steady)
    if storm is not None:
        figure("recovery.storm_lateness_p50_ms", [storm.p50_ms], "ms")
        figure("recovery.storm_lateness_max_ms", [storm.max_ms], "ms")
        figure("recovery.storm_statements", [storm.statements], "")
        figure("recovery.storm_calm_s", [storm.calm_s], "s")
    if footprint is not None:
        figure("recovery.rss_mb", [footprint.base.resident], "MB")
        figure("recovery.rss_peak_mb", [footprint.base.peak], "MB")
        if footprint.with_workers is not None:
            figure("recovery.rss_two_workers_mb", [footprint.with_workers.resident], "MB")
        figure("recovery.mb_per_million_timers", [footprint.million_timers], "MB")
        figure("recovery.mb_per_100k_products", [footprint.hundred_thousand_products], "MB")


def _report_rates(bursts: dict[str, list[Burst]]) -> None:
    rates = {who: [burst.carts_per_s for burst in several] for who, several in bursts.items()}
    ours = {who: several for who, several in rates.items() if who != _POLLER}
    best = max(ours, key=lambda who: statistics.median(ours[who]))
    progress(f"the best configuration is {best}")
    figure("recovery.carts_per_s", ours[best], "1/s")
    figure("recovery.carts_per_s_one_process", ours[_ONE], "1/s")
    if _WORKERS in ours:
        figure("recovery.carts_per_s_two_workers", ours[_WORKERS], "1/s")
    else:
        absent("recovery.carts_per_s_two_workers", "1/s", f"this Cartwake has no setting {WORKERS}")
    figure("recovery.statements_per_cart", [burst.statements for burst in bursts[best]], "")
    if _POLLER in rates:
        theirs = rates[_POLLER]
        figure("recovery.poller_carts_per_s", theirs, "1/s")
        figure(
            "recovery.ratio_poller", [our / their for our, their in zip(ours[best], theirs, strict=True)], "x"
        )
        figure("recovery.poller_statements_per_cart", [burst.statements for burst in bursts[_POLLER]], "")


def _report_costs(bursts: dict[str, list[Burst]]) -> None:
    for who, several in bursts.items():
        figure(f"recovery.{who}_cpu_ms_per_cart", [burst.cpu_ms for burst in several], "ms")
        figure(f"recovery.{who}_db_ms_per_cart", [burst.db_ms for burst in several], "ms")
        figure(f"recovery.{who}_db_cpu_ms_per_cart", [burst.db_cpu_ms for burst in several], "ms")
        if who != _POLLER:
            figure(f"recovery.{who}_dump_cpu_ms_per_cart", [burst.dump_cpu_ms for burst in several], "ms")
        figure(f"recovery.{who}_burst_lateness_p50_ms", [burst.p50_ms for burst in several], "ms")
        figure(f"recovery.{who}_burst_lateness_p99_ms", [burst.p99_ms for burst in several], "ms")


def _report_polls(idle: Sequence[Usage]) -> None:
    """What a poll costs MySQL that finds nothing."""
    if idle:
        figure("recovery.poller_db_ms_per_poll", [one.ms for one in idle], "ms")
        figure("recovery.poller_db_cpu_ms_per_poll", [one.cpu_ms for one in idle], "ms")
        figure("recovery.poller_db_ms_per_minute", [one.ms * POLLS_PER_MINUTE for one in idle], "ms")


def _report_steady(steady: Steady) -> None:
    figure("recovery.lateness_p50_ms", [steady.p50_ms], "ms")
    figure("recovery.lateness_p99_ms", [steady.p99_ms], "ms")
    figure("recovery.lateness_to_hand_over_p50_ms", [steady.handed_p50_ms], "ms")
    figure("recovery.lateness_to_hand_over_p99_ms", [steady.handed_p99_ms], "ms")
    figure("recovery.db_ms_per_interval", [steady.idle.ms], "ms")
    figure("recovery.db_cpu_ms_per_interval", [steady.idle.cpu_ms], "ms")


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--products", type=int, default=10_000)
    parser.add_argument("--carts", type=int, default=10_000, help="carts that fall due at once")
    parser.add_argument("--peer-carts", type=int, default=1_500, help="how many of them the poller recovers")
    parser.add_argument("--rows", type=int, default=1_000_000, help="older rows of the cart table")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--rate", type=float, default=50, help="carts a second of the steady run")
    parser.add_argument("--seconds", type=float, default=60, help="of the steady run")
    parser.add_argument("--interval", type=float, default=60, help="CHECK_INTERVAL_SECONDS, as long idle")
    parser.add_argument("--storm-rate", type=float, default=10, help="carts a second in the storm")
    parser.add_argument("--storm-seconds", type=float, default=30, help="for which they come")
    parser.add_argument("--memory-scale", type=float, default=1, help="share of the timers and products")
    parser.add_argument(
        "--set", type=_setting, action="append", default=[], metavar="NAME=VALUE",
        help="a further setting of the service, to try what it does; SMTP_CONNECTIONS is 20 unless set",
    )  # fmt: skip
    parser.add_argument(
        "--languages", default="en,de,fr", help="of the customers, in turn; by default %(default)s"
    )
    parser.add_argument("--skip-poller", action="store_true")
    parser.add_argument("--skip-steady", action="store_true")
    parser.add_argument("--skip-storm", action="store_true")
    parser.add_argument("--skip-memory", action="store_true")
    options = parser.parse_args()
    if min(options.carts, options.peer_carts, options.rows) < 1:
        parser.error("--carts, --peer-carts and --rows start at 1")
    if options.peer_carts > options.carts:
        parser.error("--peer-carts are some of --carts")
    return options


def _setting(text: str) -> tuple[str, str]:
    name, found, value = text.partition("=")
    if not found or not has_setting(name):
        raise argparse.ArgumentTypeError(f"{text!r} is no NAME=VALUE of a setting")
    return name, value


if __name__ == "__main__":
    main()
