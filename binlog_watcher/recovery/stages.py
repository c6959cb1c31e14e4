"""A cart's way as values, one type a stage. Pure.

    due → decided → claimed → composed → fenced → handed over → settled
     ↑                           └────────┴── decided again ──────┘ │
     └──────────────────── the timer, or the log ───────────────────┘

=============  =================  ==========================================================================
type           made by            says
=============  =================  ==========================================================================
DueCart        Timers, reconcile  its timer fired, or its row was left behind
DecidedCart    Recovery           decide() wants it mailed
ClaimedCart    Claiming           its row in the log is ours
ComposedMail   Composing          the message is built
FencedMail     Fencing            nothing has changed since: it may leave this very moment
Settlement     HandOver           how the attempt ended; OutcomeWriter has it written
=============  =================  ==========================================================================

The stages from ComposedMail on are joined by queues. A mail that may not leave after all goes to DecidingAgain, whose
answer is a Settlement too: the row waits for another attempt or is closed. Nothing calls back.
"""

from dataclasses import dataclass
from typing import NamedTuple

from binlog_watcher.core.cart import Cart
from binlog_watcher.core.decision import Send
from binlog_watcher.core.events import CartKey
from binlog_watcher.core.log_status import Reason
from binlog_watcher.core.tracker import DueCart
from binlog_watcher.store.own_tables.log_rows import Fenced, Outcome


class DecidedCart(NamedTuple):
    """A cart that decide() wants to be mailed."""

    due: DueCart
    cart: Cart
    send: Send


class UnmailedCart(NamedTuple):
    """A cart that decide() wants not to be mailed. ``activity_us`` None: no episode (any more), nothing is logged."""

    due: DueCart
    cart: Cart
    reason: Reason
    activity_us: int | None


@dataclass(frozen=True, slots=True)
class ClaimedCart:
    """A cart that is ours to mail, with the decision that led here. ``attempt``: the number of this one, from 1."""

    due: DueCart
    cart: Cart
    send: Send
    log_id: int
    attempt: int

    @property
    def key(self) -> CartKey:
        """The cart key."""
        return self.cart.key


@dataclass(frozen=True, slots=True)
class ComposedMail:
    """A finished message on its way to the fence. ``sender``: the address that it comes from."""

    claimed: ClaimedCart
    sender: str
    recipient: str
    message: bytes
    message_id: str


@dataclass(frozen=True, slots=True)
class FencedMail:
    """A mail that passed the fence: its row is ``sending``. ``fenced_us``: when it was asked, in ``elapsed_us``."""

    mail: ComposedMail
    fenced_us: int


@dataclass(frozen=True, slots=True)
class Settlement:
    """How an attempt ended. ``connections``: how many are free once that is in the log; 0 for what was not composed.

    ``give_back``: rows of mails before it, which failed as every other would have.
    """

    claimed: ClaimedCart
    outcome: Outcome
    connections: int
    give_back: tuple[int, ...] = ()


def as_fenced(mail: ComposedMail) -> Fenced:
    """What the fence compares: the row, and the cart as it was when its mail was decided on."""
    return Fenced(mail.claimed.log_id, mail.claimed.cart)
