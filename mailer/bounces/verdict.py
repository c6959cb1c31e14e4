"""What a report on several recipients means for the one whom the mail was for. Pure."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from mailer.bounces.severity import Severity


@dataclass(frozen=True, slots=True)
class Result:
    """What a report says of one recipient. ``addresses``: as it names him, the one that was mailed first.

    ``status``: the code that tells most, "" without one.
    """

    severity: Severity
    addresses: tuple[str, ...] = ()
    status: str = ""


@dataclass(frozen=True, slots=True)
class Verdict:
    """``address``: which of the addresses that the report names is the one that was mailed; None: it names others."""

    severity: Severity
    status: str
    address: str | None = None


_WORST_FIRST = list(Severity)


def verdict(results: Sequence[Result], is_mailed: Callable[[str], bool]) -> Verdict:
    """``is_mailed``: whether an address is the one that the mail was for.

    A report that names others only is about where the mail was forwarded to: that such a mailbox is gone says of ours
    only that nobody reads it there, so it is a soft bounce. One that names nobody is about ours: its id says so.
    """
    for result in results:
        own = next((address for address in result.addresses if is_mailed(address)), None)
        if own is not None:
            return Verdict(result.severity, result.status, own)
    worst = min(results, key=lambda result: _WORST_FIRST.index(result.severity), default=None)
    if worst is None:
        return Verdict(Severity.SOFT, "")
    forwarded = bool(worst.addresses) and worst.severity is Severity.HARD
    return Verdict(Severity.SOFT if forwarded else worst.severity, worst.status)
