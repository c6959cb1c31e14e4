"""Which status may follow which in a row of ``cart_abandonment_log``, and by which step. Pure.

The only table of it: the statements of ``store.own_tables`` take the statuses that they look for, and those that they
set, from these steps.

(new) → claimed → sending → sent | retry | failed | unknown, and skipped for what is not mailed any more.
"""

from dataclasses import dataclass

from binlog_watcher.core.log_status import Status


@dataclass(frozen=True, slots=True)
class Step:
    """One way to set a row's status to one of ``to``, and by their status which rows it may change.

    ``of_anybody``: whoever has the row. ``of_its_owner``: only if the instance that takes the step has it.
    ``left_behind``: only if nobody works on it, because its owner is gone or its lease has ended. None of them: the
    step makes a new row, and never changes one that is there.
    """

    to: tuple[Status, ...]
    of_anybody: tuple[Status, ...] = ()
    of_its_owner: tuple[Status, ...] = ()
    left_behind: tuple[Status, ...] = ()

    @property
    def sets(self) -> Status:
        """The one status that it sets."""
        (status,) = self.to
        return status

    @property
    def free(self) -> Status:
        """The one status in which it may change a row whoever has it."""
        (status,) = self.of_anybody
        return status

    @property
    def left(self) -> Status:
        """The one status in which it may change a row that nobody works on."""
        (status,) = self.left_behind
        return status


OPEN = (Status.RETRY, Status.CLAIMED)
"""Still to be mailed, or not."""

CLAIM = Step((Status.CLAIMED,))
"""An instance takes a new episode."""

TAKE_OVER = Step((Status.CLAIMED,), of_anybody=(Status.RETRY,), left_behind=(Status.CLAIMED,))
"""An instance takes an episode that is open."""

PASS_FENCE = Step((Status.SENDING,), of_its_owner=(Status.CLAIMED,))
"""Its cart has not changed: the mail is handed to SMTP this very moment."""

STAY_FENCED = Step((Status.SENDING,), of_its_owner=(Status.SENDING,))
"""It stands before DATA, and its cart has still not changed: the fence was a while ago."""

FINISH = Step(
    (Status.SENT, Status.RETRY, Status.FAILED, Status.UNKNOWN, Status.SKIPPED),
    of_its_owner=(Status.CLAIMED, Status.SENDING, Status.UNKNOWN),
)
"""How an attempt ended.

A claim that did not pass the fence is given back (``retry``), given up or skipped. What another instance took for
``unknown`` too early is told by its owner after all.
"""

TELL_SENT = Step((Status.SENT,), of_anybody=tuple(Status))
"""What was sent was sent, whoever has the row now and whatever they made of it."""

SETTLE_UNKNOWN = Step((Status.UNKNOWN,), left_behind=(Status.SENDING,))
"""Nobody will tell how the hand-over ended."""

SUPERSEDE = Step((Status.SKIPPED,), of_anybody=OPEN)
"""A newer episode of the same cart was claimed or skipped, or its customer wants no mail for it."""

LOG_SKIP = Step((Status.SKIPPED,))
"""A new episode that is not mailed is logged with its reason."""

SKIP = Step((Status.SKIPPED,), of_anybody=OPEN)
"""The same, for an episode that was begun."""

CLOSE = Step((Status.SKIPPED,), of_anybody=(Status.RETRY,), left_behind=(Status.CLAIMED,))
"""Nothing is left to be mailed: bought, emptied, too old. Claims of the living are theirs to close."""

GIVE_BACK = Step((Status.RETRY,), of_its_owner=(Status.FAILED,))
"""It was refused as every other mail would have been: it is no dead letter."""

PUT_BACK = Step((Status.RETRY,), of_anybody=(Status.FAILED, Status.UNKNOWN))
"""A human asks for another attempt (`cartwake retry`)."""

STEPS: dict[str, Step] = {
    "claim": CLAIM,
    "take over": TAKE_OVER,
    "pass the fence": PASS_FENCE,
    "stay fenced": STAY_FENCED,
    "finish": FINISH,
    "tell sent": TELL_SENT,
    "settle unknown": SETTLE_UNKNOWN,
    "supersede": SUPERSEDE,
    "log skip": LOG_SKIP,
    "skip": SKIP,
    "close": CLOSE,
    "give back": GIVE_BACK,
    "put back": PUT_BACK,
}
