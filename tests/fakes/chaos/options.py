"""How much chaos, and of what kind."""

from dataclasses import dataclass

UNREACHABLE = 69
"""The exit code of an instance that can't reach MySQL at its start."""

UP_S = 60.0
"""How long an instance may take to start."""

PATIENCE_S = 5.0
"""With an instance that is to be killed, while too few mails come."""

FROZEN = 0.25
"""Before how many kills another instance stands still for seconds, as a paused virtual machine does."""

FROZEN_S = (1, 6)
FROZEN_LEADER_S = (6, 16)
"""Long enough, mostly, for the standby to take over."""

AIMED = 0.8
"""The share of kills that wait until the victim has mails in flight; the others come at any moment."""


@dataclass(frozen=True, slots=True)
class Options:
    """How much chaos. ``restart_every``: kills between two restarts of MySQL, every third of which is a SIGKILL.

    ``standby``: one instance leads, and the other takes over.
    """

    carts: int
    kills: int
    seed: int
    restart_every: int
    standby: bool = False
    settle_s: float = 240.0
