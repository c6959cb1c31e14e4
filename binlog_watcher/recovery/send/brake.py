"""The brake: a server that refuses every mail alike, or loses every one, must not burn the carts one after the other.

A few different recipients in a row that end like that, and nothing is begun any more but one due mail at a time, after
longer and longer pauses: only a mail that the server takes shows that it is over. Refusals of a mailbox don't count,
for they say nothing of others. Pure; times are epoch microseconds.
"""

import enum
from collections import Counter
from collections.abc import Sequence

from binlog_watcher.core.backoff import pause
from binlog_watcher.core.events import CartKey
from binlog_watcher.recovery.stages import ComposedMail, DecidedCart


class End(enum.Enum):
    """How a hand-over can end that says something of the server. The value: so many recipients in a row are too many.

    A mail that was refused is given back, so nothing is lost by the count; one that was lost may have arrived.
    ``US``: it was refused in words that are known to tell of us.
    """

    US = 1
    REFUSED = 5
    LOST = 3


PROBE_US = 60_000_000
"""The first pause, before one mail is tried. The next ones are twice as long each, up to ``LONGEST_PROBE_US``."""

LONGEST_PROBE_US = 900_000_000

PROBE_TAKES_US = 5_000_000
"""How soon the carts behind a probe are looked at again: by then it has mostly shown that all is well."""


class Brake:
    """Counts ends in a row, and says which mails may be begun."""

    def __init__(self) -> None:
        self._begin_anew()

    def _begin_anew(self) -> None:
        self._ends: dict[End, set[str]] = {end: set() for end in End}  # recipients since a mail was taken
        self._burnt: list[int] = []  # rows that failed in this run
        self._on = False
        self._probe: CartKey | None = None
        self._probe_us = 0  # when the next one may begin
        self._look_us = 0  # when carts that wait are looked at again
        self._probes = 0
        self._tried = Counter[CartKey]()  # how often each was the probe

    @property
    def is_on(self) -> bool:
        """Whether mails are held back."""
        return self._on

    def took(self) -> bool:
        """The server took a mail: the run is over. True if mails were held back until now."""
        was_on = self._on
        if was_on or any(self._ends.values()):
            self._begin_anew()
        return was_on

    def ended(self, end: End, mail: ComposedMail, now_us: int) -> bool:
        """A mail ended like that. True if the brake goes on by it."""
        if self._on:
            return False
        self._ends[end].add(mail.recipient.casefold())
        if len(self._ends[end]) < end.value:
            return False
        self._on = True
        self._wait(now_us)
        return True

    def is_probe(self, key: CartKey) -> bool:
        """Whether this cart's mail is the one that is tried while all others wait."""
        return self._on and key == self._probe

    def failed(self, log_id: int) -> None:
        """A row is given up by an end of the run."""
        self._burnt.append(log_id)

    def take_burnt(self) -> tuple[int, ...]:
        """The rows to give back once the brake is on: the server would have refused anybody's mail."""
        if not self._on:
            return ()
        burnt, self._burnt = tuple(self._burnt), []
        return burnt

    def lets(self, key: CartKey) -> bool:
        """Whether this cart's mail may go on."""
        return not self._on or key == self._probe

    def held_until_us(self, now_us: int) -> int:
        """When a cart that waits is looked at again; 0 while none has to."""
        if not self._on:
            return 0
        return self._look_us if self._look_us > now_us else max(self._probe_us, now_us)

    def probe(self, decided: Sequence[DecidedCart], now_us: int) -> DecidedCart | None:
        """The one of these carts that is tried now, if it is time: that which was the probe least often."""
        if not self._on or now_us < self._probe_us or not decided:
            return None
        one = min(decided, key=lambda each: self._tried[each.due.key])
        self._probe = one.due.key
        self._tried[one.due.key] += 1
        # Should it come to nothing (bought meanwhile, claimed by another instance), the next one has its turn then.
        self._wait(now_us)
        self._look_us = now_us + PROBE_TAKES_US
        return one

    def _wait(self, now_us: int) -> None:
        self._probes += 1
        self._probe_us = now_us + pause(PROBE_US, LONGEST_PROBE_US, self._probes)
