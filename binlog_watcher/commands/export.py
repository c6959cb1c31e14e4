"""`cartwake export`: everything that our tables hold about one person, as JSON. Reads only."""

import json
from contextlib import closing
from dataclasses import asdict, dataclass
from typing import Any

from binlog_watcher.answers.person import PersonSeeker, Whom
from binlog_watcher.service.resources import open_resources
from binlog_watcher.settings.settings import Settings
from binlog_watcher.store.own_tables import personal
from binlog_watcher.store.own_tables.tables import LOG, RECIPIENT
from binlog_watcher.store.times import from_us

NOT_IN_HERE = (
    "what the shop's own tables hold (customers, carts, orders), the mail server's logs, Cartwake's log files; "
    "the names of customers and products, and the texts of mails, are not stored by Cartwake"
)


@dataclass(frozen=True, slots=True)
class Mailable:
    """Whether an address is mailed at all. ``address_hash`` in hex; ``reason``, ``since``: if it is not."""

    address_hash: str
    may_be_mailed: bool
    reason: str | None = None
    since: str | None = None


@dataclass(frozen=True, slots=True)
class Exported:
    """``tables``: table → rows by column. ``addresses``: opt-outs and bounces, by the keyed hash of the address.

    ``untold``: rows that were left out with --store, as nobody can tell which store they are of.
    """

    at: str
    about: dict[str, str]
    store: str | None
    untold: int
    addresses: list[Mailable]
    tables: dict[str, list[dict[str, Any]]]
    not_in_here: str = NOT_IN_HERE

    def json(self) -> str:
        """As it is printed."""
        return json.dumps(asdict(self), indent=2, ensure_ascii=False)


def export(settings: Settings, whom: Whom) -> Exported:
    """Read what is held about a person. Blocking.

    Raises ConfigError, InvalidAddressError; CartwakeError where Cartwake never ran.
    """
    with closing(open_resources(settings, write=False)) as resources:
        found = PersonSeeker(resources)(whom)
        episodes = resources.episodes
        with resources.database.session() as session:
            tables = personal.read_tables(
                session,
                [row.id for row in found.rows],
                episodes.shop_id or "",
                personal.named(found.noted, episodes.erased),
                found.person.hashes,
            )
        if resources.shop.tells_store:
            tables[LOG] = [row | {"store": found.stores.get(row["cart_key"])} for row in tables[LOG]]
        known = {row["address_hash"]: row for row in tables[RECIPIENT]}
        about = {"customer": whom.customer} if whom.customer is not None else {"address": whom.address}
        return Exported(
            at=from_us(resources.clock.now_us()).isoformat(timespec="seconds"),
            about={name: text or "" for name, text in about.items()},
            store=whom.store,
            untold=found.untold,
            addresses=[
                _mailable(digest.hex(), known.get(digest.hex(), {})) for digest in sorted(found.person.hashes)
            ],
            tables=tables,
        )


def _mailable(digest: str, row: dict[str, Any]) -> Mailable:
    since = row.get("suppressed_at")
    return Mailable(digest, may_be_mailed=since is None, reason=row.get("reason"), since=since)
