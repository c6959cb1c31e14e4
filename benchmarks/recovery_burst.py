"""The burst: carts that fall due at one moment, recovered by Cartwake or by the poller, on the same ground."""

import time
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import recovery_poller
from figures import progress
from recovery_ground import Ground, customer_of, percentile
from recovery_mails import Mail, check, mean_kb
from recovery_poller import Poller
from recovery_service import Usage, cpu_s
from recovery_shop import address

if TYPE_CHECKING:
    from recovery_shop import Basket

THRESHOLD_S = 5.0
"""From the carts' commit to the moment at which all are due: time to read them from the binlog, and to calm down."""


@dataclass(frozen=True, slots=True)
class Burst:
    """One turn: per cart in ms, processor time being that of the contender's own processes. Lateness in ms.

    ``idle``: what a poll used of MySQL that found nothing, of the poller only. ``dump_cpu_ms``: what MySQL
    took a cart to send the binlog, which is no statement.
    """

    carts_per_s: float
    cpu_ms: float
    statements: float
    db_ms: float
    db_cpu_ms: float
    p50_ms: float
    p99_ms: float
    idle: Usage | None = None
    dump_cpu_ms: float = 0.0


def recover(ground: Ground, baskets: "Sequence[Basket]", who: str, settings: dict[str, str]) -> Burst:
    """Let Cartwake recover the carts, counted from the moment at which they fell due to the last mail's last byte."""
    people = ground.welcome(len(baskets))
    with ground.service(THRESHOLD_S, **settings) as service:
        before, cpu_before, dump_before = ground.used(), cpu_s(service.pid), ground.dump_cpu_ms()
        ground.shop.leave(zip(people, baskets, strict=True))
        ground.wait_for_mails(len(people), service)
        logged = ground.settled(people, service)
        used, cpu = ground.used() - before, cpu_s(service.pid) - cpu_before
        dump = (ground.dump_cpu_ms() - dump_before) / len(people)
    mails = ground.sink.take()
    check(mails, [address(person.id) for person in people], who)
    ground.clear(people)
    due = {row.customer: row.due for row in logged}
    late = [(mail.arrived - due[customer_of(mail)]) * 1000 for mail in mails]
    burst = _burst(who, mails, min(due.values()), used, cpu, late)
    return replace(burst, dump_cpu_ms=dump)


def poll(ground: Ground, baskets: "Sequence[Basket]", who: str) -> Burst:
    """Let the poller recover the carts, counted from the end of the query that found them: its waiting is left out.

    So is the time of its query, which a larger burst would share. Its lateness counts from the carts' due time on, and
    is that of a poll at the best moment.
    """
    people = ground.welcome(len(baskets))
    with Poller(ground, THRESHOLD_S) as poller:
        before = ground.meter.read(recovery_poller.ACCOUNT)
        idle = poller.poll()
        if idle.found:
            raise SystemExit(f"the poller found {idle.found} carts where there are none")
        used_idle = ground.meter.read(recovery_poller.ACCOUNT) - before
        ground.shop.leave(zip(people, baskets, strict=True))
        due = time.time() + THRESHOLD_S
        time.sleep(THRESHOLD_S + 1)  # created_at counts whole seconds
        before, cpu_before = ground.meter.read(recovery_poller.ACCOUNT), cpu_s(poller.pid)
        polled = poller.poll()
        used = ground.meter.read(recovery_poller.ACCOUNT) - before
        cpu = cpu_s(poller.pid) - cpu_before
    mails = ground.sink.take()
    check(mails, [address(person.id) for person in people], who)
    ground.clear(people)
    late = [(mail.arrived - due) * 1000 for mail in mails]
    return _burst(who, mails, polled.found_at, used, cpu, late, used_idle)


def _burst(
    who: str,
    mails: Sequence[Mail],
    began: float,
    used: Usage,
    cpu: float,
    late: list[float],
    idle: Usage | None = None,
) -> Burst:
    count = len(mails)
    burst = Burst(
        carts_per_s=count / (mails[-1].arrived - began),
        cpu_ms=cpu * 1000 / count,
        statements=used.statements / count,
        db_ms=used.ms / count,
        db_cpu_ms=used.cpu_ms / count,
        p50_ms=percentile(late, 50),
        p99_ms=percentile(late, 99),
        idle=idle,
    )
    progress(
        f"{who:12}{burst.carts_per_s:7.1f} carts/s of {count}  {burst.cpu_ms:6.2f} ms of CPU a cart, MySQL "
        f"{burst.db_ms:.2f} ms ({burst.db_cpu_ms:.2f} of CPU) in {burst.statements:.3f} statements; "
        f"{mean_kb(mails):.1f} KB a mail"
    )
    return burst
