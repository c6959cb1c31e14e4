"""GTIDs of MariaDB: the last one of each domain is a whole position, written ``0-1-100,1-1-7``.

Text format: MariaDB knowledge base, "Global Transaction ID". The events that carry them: ``headers``.
"""

from collections.abc import Mapping
from typing import NamedTuple


class MariadbGtid(NamedTuple):
    """One transaction, by the domain that it was written in, the server that wrote it, and its number there."""

    domain: int
    server_id: int
    sequence: int

    def __str__(self) -> str:
        return f"{self.domain}-{self.server_id}-{self.sequence}"


Domains = Mapping[int, MariadbGtid]
"""Domain → the last GTID of it."""


def parse_domains(text: str) -> dict[int, MariadbGtid]:
    """Read what the server calls a GTID position. Raises ValueError."""
    domains = {}
    for gtid in filter(None, text.split(",")):
        domain, server_id, sequence = map(int, gtid.split("-"))
        domains[domain] = MariadbGtid(domain, server_id, sequence)
    return domains


def write_domains(domains: Domains) -> str:
    """The same text again, as ``slave_connect_state`` takes it."""
    return ",".join(str(gtid) for _, gtid in sorted(domains.items()))


def has_reached(reached: Domains, wanted: Domains) -> bool:
    """Whether a server that stands at ``reached`` has got as far as ``wanted`` in each of its domains.

    False of no domains at all: nothing tells that histories are the same.
    """
    return bool(wanted) and all(
        domain in reached and reached[domain].sequence >= gtid.sequence for domain, gtid in wanted.items()
    )
