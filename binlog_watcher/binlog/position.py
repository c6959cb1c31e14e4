"""Where in a server's history the reader stands."""

from dataclasses import dataclass, field

from binlog_watcher.binlog.gtid import GtidSet


@dataclass(slots=True)
class Position:
    """After the last group that was read to its end.

    With GTIDs (MySQL) ``gtids`` is what counts, and survives a failover. Without, ``file`` and ``offset`` are
    good for the server ``identity`` only; MariaDB's ``domains`` (domain → server id, sequence number) serve to
    notice that a server of the same address is another one.
    """

    file: str
    offset: int
    identity: str
    gtids: GtidSet | None = None
    domains: dict[int, str] = field(default_factory=dict)

    def __str__(self) -> str:
        return f"{self.file}:{self.offset}" if self.gtids is None else str(self.gtids)
