"""What a timer costs: time, memory, and pauses of the event loop; beside heapq and asyncio.call_later.

Every measurement is a process of its own. Rounds are interleaved and their order rotates. Operations are timed in
processor time, so that other programs on the machine count little; pauses in real time, because pauses are.
"""

import argparse
import gc
import json
import random
import subprocess
import sys
import time
from collections import defaultdict
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from figures import figure, machine, progress, ratios
from wheel_contenders import CONTENDERS, Contender
from wheel_pause import longest_pauses

_SMALL, _BIG = 1_000_000, 10_000_000
_HALF_AN_HOUR_US = 1_800_000_000
_START_US = 1_700_000_000_000_000
_OPERATIONS = ("arm", "rearm", "cancel", "expire")
_PAGE_SIZE = 4096  # of /proc/self/statm on every machine that MySQL's packages run on
_NAMES = {"wheel": "", "heapq": "heapq_", "call_later": "call_later_"}


def main() -> None:
    options = _options()
    if options.child:
        print(json.dumps(_child(options.child, options.timers)))
        return
    progress(machine())
    _operations(options.timers, options.rounds)
    if not options.small:
        _big(options.rounds)
    pauses = [_measure("pause", options.timers) for _ in range(options.rounds)]
    for phase in pauses[0]:
        figure(f"wheel.pause_{phase}_ms", [one[phase] for one in pauses], "ms")
    longest = [max(value for phase, value in one.items() if phase != "cpu") for one in pauses]
    figure("wheel.pause_max_ms", longest, "ms")
    progress(machine())


def _operations(timers: int, rounds: int) -> None:
    """Time and memory of each operation at ``timers`` timers."""
    found: dict[str, list[dict[str, float]]] = defaultdict(list)
    names = list(CONTENDERS)
    for number in range(rounds):
        turn = number % len(names)
        for name in [*names[turn:], *names[:turn]]:
            found[name].append(_measure(name, timers))
            progress(f"round {number + 1}  {name:11}" + "  ".join(_words(found[name][-1])))
    for name, readings in found.items():
        for operation in _OPERATIONS:
            figure(f"wheel.{_NAMES[name]}{operation}_ns", [one[operation] for one in readings], "ns")
        size = "1m" if timers == _SMALL else str(timers)
        figure(f"wheel.{_NAMES[name]}bytes_per_timer_{size}", [one["bytes"] for one in readings], "bytes")
        moved = [one["bytes_moved"] for one in readings]
        figure(f"wheel.{_NAMES[name]}bytes_per_moved_timer_{size}", moved, "bytes")
    ours = found.pop("wheel")
    for name, readings in found.items():
        for operation in _OPERATIONS:
            pairs = [[one[operation] for one in several] for several in (readings, ours)]
            figure(f"wheel.ratio_{name}_{operation}", ratios(*pairs), "x")


def _big(rounds: int) -> None:
    """Memory at ten million timers: no matter of time, so two processes may run at once."""
    names = [name for _ in range(rounds) for name in CONTENDERS]
    found: dict[str, list[float]] = defaultdict(list)
    with ThreadPoolExecutor(2) as pool:
        for name, reading in zip(
            names, pool.map(lambda name: _measure(f"arm-{name}", _BIG), names), strict=True
        ):
            found[name].append(reading["bytes"])
            progress(f"10 million  {name:11}{reading['bytes']:.0f} bytes a timer")
    for name, several in found.items():
        figure(f"wheel.{_NAMES[name]}bytes_per_timer_10m", several, "bytes")


def _words(reading: dict[str, float]) -> Iterable[str]:
    for name, value in reading.items():
        yield f"{name} {value:.0f}" + ("" if name.startswith("bytes") else " ns")


def _measure(what: str, timers: int) -> dict[str, float]:
    command = [sys.executable, str(Path(__file__)), "--child", what, "--timers", str(timers)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode:
        raise SystemExit(f"measuring {what} failed: {done.stderr}")
    found: dict[str, float] = json.loads(done.stdout)
    return found


def _child(what: str, timers: int) -> dict[str, float]:
    if what == "pause":
        return longest_pauses(timers)
    name = what.removeprefix("arm-")
    return _play(CONTENDERS[name](), timers, only_arm=name != what)


def _play(contender: Contender, timers: int, *, only_arm: bool) -> dict[str, float]:
    """Arm in random order, as hydration does; move each once, as customers do; cancel half; expire half.

    Times in ns an operation. Bytes are the growth of the process; the keys themselves exist before, and are the
    same whatever holds them.
    """
    order = random.Random(7)
    keys = list(range(_SMALL * 20, _SMALL * 20 + timers))
    order.shuffle(keys)
    gc.collect()
    gc.freeze()  # our own lists shall cost no contender anything
    empty = _resident()
    draw = order.random

    def arm() -> None:
        for key in keys:
            contender.arm(key, _START_US + int(draw() * _HALF_AN_HOUR_US))

    found = {"arm": _nanoseconds(arm) / timers}
    found["bytes"] = (_resident() - empty) / timers
    if only_arm:
        return found
    order.shuffle(keys)
    # Of a number that comes out of the binlog again, each time is another object.
    copies = [key + 0 for key in keys]
    gc.freeze()
    before = _resident()
    step = _HALF_AN_HOUR_US / timers

    def move() -> None:
        for number, key in enumerate(copies):
            contender.arm(key, _START_US + _HALF_AN_HOUR_US + int(number * step))

    found["rearm"] = _nanoseconds(move) / timers
    found["bytes_moved"] = found["bytes"] + (_resident() - before) / timers
    half = timers // 2
    order.shuffle(copies)

    def cancel() -> None:
        for key in copies[:half]:
            contender.cancel(key)

    found["cancel"] = _nanoseconds(cancel) / half
    expired: list[int] = []
    found["expire"] = _nanoseconds(lambda: expired.append(contender.expire(_START_US * 2))) / (timers - half)
    assert expired == [timers - half], f"{expired} of {timers - half} fired"
    return found


def _nanoseconds(work: Callable[[], object]) -> int:
    started = time.process_time_ns()
    work()
    return time.process_time_ns() - started


def _resident() -> int:
    """Bytes of memory that the process holds, garbage not counted."""
    gc.collect()
    return int(Path("/proc/self/statm").read_text().split()[1]) * _PAGE_SIZE


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--timers", type=int, default=_SMALL, help="by default %(default)s")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--small", action="store_true", help="leave out the ten million")
    parser.add_argument("--child", help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.timers < 1000 or options.rounds < 1:
        parser.error("--timers starts at 1000 and --rounds at 1")
    return options


if __name__ == "__main__":
    main()
