"""Which episodes may be claimed, as far as their addresses are concerned. Pure."""

from collections.abc import Mapping, Sequence

from binlog_watcher.core.cart import Recipient
from binlog_watcher.core.events import CartKey
from binlog_watcher.core.log_status import Reason
from binlog_watcher.store.own_tables.log_rows import Episode

SENDING_NOW = "\0sending"
"""Stands for a mail between fence and outcome: it holds its address back, whichever cart it is for."""

BUSY_AGAIN_US = 2_000_000
"""When a cart is looked at again whose address has another mail under way."""


def hold_back(
    episodes: Sequence[Episode],
    known: Mapping[bytes, Recipient],
    busy: Mapping[bytes, set[str]],
    *,
    cooldown_us: int,
    now_us: int,
) -> tuple[list[Episode], dict[CartKey, tuple[int, Reason]]]:
    """The episodes that may be claimed, and until when and why the others wait. Pure.

    ``busy``: address → keys of carts whose mail is under way, or SENDING_NOW. Of two episodes with one address the
    first one wins.
    """
    waits: dict[CartKey, tuple[int, Reason]] = {}
    free: list[Episode] = []
    taken: set[bytes] = set()
    for episode in episodes:
        digest = episode.address_hash
        state = known.get(digest) if digest else None
        if digest is None or state is None or state.suppressed:
            # It is decided on again at once, and closed.
            waits[episode.key] = (now_us, Reason.BOUNCED if state and state.bounced else Reason.OPTED_OUT)
        elif (held_us := state.held_until_us(cooldown_us, episode.cart.own_mail_us)) > now_us:
            waits[episode.key] = (held_us, Reason.COOLDOWN)
        elif digest in taken or busy.get(digest, set()) - {str(episode.key)}:
            waits[episode.key] = (now_us + BUSY_AGAIN_US, Reason.ADDRESS_BUSY)
        else:
            taken.add(digest)
            free.append(episode)
    return free, waits
