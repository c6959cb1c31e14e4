"""The steady run: carts left one after another at an even pace, each in a transaction, mailed as they fall due."""

import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from figures import progress
from recovery_ground import Ground, customer_of, percentile
from recovery_mails import check
from recovery_service import Usage
from recovery_shop import address

if TYPE_CHECKING:
    from recovery_shop import Basket

    from binlog_watcher.demo.sample_shop import User

THRESHOLD_S = 5.0

_CLOCKS_AGREE_S = 1.0
"""How far the commit's time in the log may be from the moment at which the writer heard of it."""


@dataclass(frozen=True, slots=True)
class Steady:
    """Lateness in ms: from a cart's due time to its mail's last byte, and to the start of the hand-over.

    ``idle``: what Cartwake used of MySQL in one CHECK_INTERVAL_SECONDS in which nothing happened.
    """

    p50_ms: float
    p99_ms: float
    handed_p50_ms: float
    handed_p99_ms: float
    idle: Usage


def run(
    ground: Ground,
    baskets: "Sequence[Basket]",
    rate: float,
    seconds: float,
    interval_s: float,
    settings: dict[str, str],
) -> Steady:
    """Let Cartwake idle for an interval of its checks, then leave ``rate`` carts a second for ``seconds``."""
    people = ground.welcome(round(rate * seconds))
    settings = settings | {"CHECK_INTERVAL_SECONDS": str(interval_s)}
    with ground.service(THRESHOLD_S, **settings) as service:
        before = ground.used()
        time.sleep(interval_s)
        idle = ground.used() - before
        acknowledged = leave(ground, people, baskets, rate)
        ground.wait_for_mails(len(people), service)
        logged = ground.settled(people, service)
    mails = ground.sink.take()
    check(mails, [address(person.id) for person in people], "steady run")
    ground.clear(people)
    for row in logged:
        # The due time is what the service makes of the binlog: it must be the commit's.
        if abs(row.due - THRESHOLD_S - acknowledged[row.customer]) > _CLOCKS_AGREE_S:
            raise SystemExit(
                f"customer {row.customer} fell due {row.due}, left at {acknowledged[row.customer]}"
            )
    due = {row.customer: row.due for row in logged}
    late = [(mail.arrived - due[customer_of(mail)]) * 1000 for mail in mails]
    handed = [(row.handed - row.due) * 1000 for row in logged]
    (p50, p99), (handed_p50, handed_p99) = (
        [percentile(times, at) for at in (50, 99)] for times in (late, handed)
    )
    steady = Steady(p50, p99, handed_p50, handed_p99, idle)
    progress(
        f"steady at {rate:g} carts/s for {seconds:g} s: lateness p50 {steady.p50_ms:.1f}, p99 {steady.p99_ms:.1f} ms "
        f"(to the hand-over {steady.handed_p50_ms:.1f} and {steady.handed_p99_ms:.1f}); idle for {interval_s:g} s: "
        f"{idle.statements} statements, {idle.ms:.1f} ms"
    )
    return steady


def leave(
    ground: Ground, people: "Sequence[User]", baskets: "Sequence[Basket]", rate: float
) -> dict[int, float]:
    """Leave a cart each, at that rate; when MySQL acknowledged each, in epoch seconds. A pause is not caught up."""
    acknowledged = {}
    with ground.shop.connect() as connection, connection.cursor() as cursor:
        for number in _paced(len(people), rate):
            person = people[number]
            cursor.executemany(
                "INSERT INTO cart (user_id, product_id, quantity) VALUES (%s, %s, %s)",
                [(person.id, *line) for line in baskets[number % len(baskets)].lines],
            )
            acknowledged[person.id] = time.time()
    return acknowledged


def _paced(count: int, rate: float) -> Iterator[int]:
    due = time.monotonic()
    for number in range(count):
        due = max(due + 1 / rate, time.monotonic())
        time.sleep(max(0.0, due - time.monotonic()))
        yield number
