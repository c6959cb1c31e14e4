"""`cartwake retry`: puts rows that were given up, or whose outcome nobody knows, back to be tried again.

It sends nothing itself. What is put back goes the way of every retry: decide(), claim and fence have the last word.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import partial

from binlog_watcher.core.log_status import Status
from binlog_watcher.errors import CartwakeError
from binlog_watcher.service.resources import open_resources
from binlog_watcher.settings.settings import Settings
from binlog_watcher.store.locks.presence import service_runs
from binlog_watcher.store.own_tables import dead_letters
from binlog_watcher.store.own_tables.dead_letters import PutBack

ROWS_BATCH_SIZE = 500
"""Rows a transaction."""


@dataclass(slots=True)
class RetryReport:
    """What became of the rows. ``refused``: why rows stay as they are, by id; ``named``: those given by their id.

    ``check_interval_s``: within what time a running service looks at them.
    """

    named: frozenset[int]
    service_runs: bool
    dry_run: bool
    check_interval_s: float
    failed: list[int] = field(default_factory=list)
    unknown: list[int] = field(default_factory=list)
    refused: dict[int, str] = field(default_factory=dict)

    @property
    def exit_code(self) -> int:
        """1 when a row that was named stays as it is."""
        return 1 if self.named & self.refused.keys() else 0

    def lines(self) -> list[str]:
        """The report in words."""
        told = [
            f"row {log_id} stays as it is: {why}"
            for log_id, why in sorted(self.refused.items())
            if log_id in self.named
        ]
        others = len(self.refused) - len(told)
        if others:
            told.append(
                f"{others} rows stay as they are: too old, logged again since, or another preset's (cartwake report)"
            )
        count = len(self.failed) + len(self.unknown)
        if not count:
            return [*told, "nothing to retry"] if not self.named else [*told, "nothing was put back"]
        rows = f"{count} {'row' if count == 1 else 'rows'} ({len(self.failed)} failed, {len(self.unknown)} unknown)"
        if self.dry_run:
            return [*told, f"dry run: {rows} would be put back, nothing was written"]
        told.append(f"put back: {rows}")
        if self.service_runs:
            told.append(f"the running service sends them within {self.check_interval_s:g} seconds")
        else:
            told.append(
                "no service follows this database: the next `cartwake run` sends them, or `cartwake reconcile`"
            )
        return told

    def add(self, done: PutBack) -> None:
        """Take in what became of some more rows."""
        for log_id, status in done.was.items():
            (self.failed if status is Status.FAILED else self.unknown).append(log_id)
        self.refused |= done.refused


def retry_rows(
    settings: Settings, *, statuses: Sequence[Status] = (), ids: Sequence[int] = ()
) -> RetryReport:
    """Put back all rows in ``statuses`` and those with ``ids``. Blocking; with DRY_RUN it only says what it would do.

    Raises CartwakeError where Cartwake never ran.
    """
    resources = open_resources(settings, write=False)
    try:
        if not resources.with_log:
            raise CartwakeError("Cartwake never ran on this database: there is nothing to retry")
        report = RetryReport(
            named=frozenset(ids),
            service_runs=service_runs(resources.database),
            dry_run=settings.dry_run,
            check_interval_s=settings.check_interval_seconds,
        )
        with resources.database.session() as session:
            wanted = sorted({*ids, *dead_letters.ids(session, statuses)})
        shop = resources.episodes.shop_id
        oldest_us = resources.clock.now_us() - resources.policy.max_age_us
        work = dead_letters.look_at if settings.dry_run else dead_letters.put_back
        for start in range(0, len(wanted), ROWS_BATCH_SIZE):
            some = wanted[start : start + ROWS_BATCH_SIZE]
            report.add(
                resources.database.in_transaction(partial(work, wanted=some, oldest_us=oldest_us, shop=shop))
            )
        return report
    finally:
        resources.close()
