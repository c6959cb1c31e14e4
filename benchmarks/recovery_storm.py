"""The storm: one statement changes a row of every old cart, and fresh carts fall due in the midst of it."""

import time
from dataclasses import dataclass
from typing import TYPE_CHECKING

from figures import progress
from recovery_ground import Ground, customer_of, percentile
from recovery_mails import check
from recovery_service import Service
from recovery_shop import FIRST_CUSTOMER, ROWS_OF_ONE, address
from recovery_steady import leave

if TYPE_CHECKING:
    from collections.abc import Sequence

    from recovery_shop import Basket

THRESHOLD_S = 10.0
"""Long enough to read the statement's rows from the binlog before its carts are due."""

_LEAST_S = 5.0
_STALLED_S = 600.0
_LOOK_S = 0.1


@dataclass(frozen=True, slots=True)
class Storm:
    """Lateness of the fresh carts in ms.

    ``statements``: all that Cartwake asked of MySQL from the statement on until no cart was due any more; ``calm_s``:
    how long that was after the old carts fell due.
    """

    p50_ms: float
    max_ms: float
    statements: int
    calm_s: float


def run(
    ground: Ground, baskets: "Sequence[Basket]", rate: float, seconds: float, settings: dict[str, str]
) -> Storm:
    """Change every cart of the past, and leave ``rate`` fresh ones a second from its commit on, for ``seconds``."""
    people = ground.welcome(round(rate * max(seconds, _LEAST_S)))
    with ground.service(THRESHOLD_S, **settings) as service:
        before = ground.used()
        old = _change_all(ground)
        due = time.time() + THRESHOLD_S
        leave(ground, people, baskets, rate)
        _wait_for_calm(service, due)
        calm_s = time.time() - due
        used = ground.used() - before
        ground.wait_for_mails(len(people), service)
        logged = ground.settled(people, service)
    mails = ground.sink.take()
    check(mails, [address(person.id) for person in people], "storm")
    ground.clear(people)
    fell_due = {row.customer: row.due for row in logged}
    late = [(mail.arrived - fell_due[customer_of(mail)]) * 1000 for mail in mails]
    storm = Storm(percentile(late, 50), max(late), used.statements, calm_s)
    progress(
        f"{old} old carts changed by one statement, {len(people)} fresh ones at {rate:g}/s beside: lateness p50 "
        f"{storm.p50_ms:.0f}, at most {storm.max_ms:.0f} ms; {storm.statements} statements; calm {calm_s:.1f} s after "
        "the old ones fell due"
    )
    return storm


def _change_all(ground: Ground) -> int:
    """One row of each cart of the past; how many there were."""
    with ground.shop.connect() as connection, connection.cursor() as cursor:
        changed: int = cursor.execute(
            "UPDATE cart SET quantity = quantity + 1 WHERE user_id < %s AND id MOD %s = 0",
            (FIRST_CUSTOMER, ROWS_OF_ONE),
        )
    return changed


def _wait_for_calm(service: Service, due: float) -> None:
    """Wait until the old carts have fallen due, and none is due or in hand any more."""
    deadline = due + _STALLED_S
    while time.time() < deadline:
        found = service.process.metrics()
        busy = sum(found.get(name, 0) for name in ("cartwake_timers_armed", "cartwake_recoveries_in_hand"))
        if time.time() > due and busy == 0:
            return
        time.sleep(_LOOK_S)
    raise service.failed("carts are due or in hand after all this time")
