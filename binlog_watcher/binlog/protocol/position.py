"""Where in a server's history the reader stands."""

from dataclasses import dataclass, field

from binlog_watcher.binlog.protocol.headers import file_number
from binlog_watcher.binlog.protocol.mariadb_gtid import MariadbGtid, write_domains
from binlog_watcher.binlog.protocol.mysql_gtid import GtidSet


@dataclass(slots=True)
class Position:
    """After the last group that was read to its end.

    With GTIDs (MySQL) ``gtids`` is what counts, and survives a failover. Without, ``file`` and ``offset`` are
    good for the server ``identity`` only. MariaDB's ``domains`` (domain → last GTID of it) tell a history from
    another, and where to go on after a failover: then ``file`` is empty until the new server has told its own.
    """

    file: str
    offset: int
    identity: str
    gtids: GtidSet | None = None
    domains: dict[int, MariadbGtid] = field(default_factory=dict)

    def __str__(self) -> str:
        if self.gtids is not None:
            return str(self.gtids)
        return f"{self.file}:{self.offset}" if self.file else self.by_domains

    def lies_before(self, other: "Position") -> bool:
        """Whether it is known to be at ``other`` or before, in the history of one server."""
        if self.gtids is not None and other.gtids is not None:
            return True  # the other is all that was executed (if it was not reset)
        if self.gtids is not None or other.gtids is not None or not self.file or not other.file:
            return False
        return (file_number(self.file), self.offset) <= (file_number(other.file), other.offset)

    @property
    def by_domains(self) -> str:
        """The position as MariaDB's ``slave_connect_state`` takes it."""
        return write_domains(self.domains)
