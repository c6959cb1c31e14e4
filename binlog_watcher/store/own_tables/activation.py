"""What the meta table keeps of when mails are due: how far back they reach, and after which threshold.

See docs/design.md, *What abandoned means*.
"""

from binlog_watcher.store.database import Database
from binlog_watcher.store.own_tables import recipients
from binlog_watcher.store.own_tables.tables import META

REACHES_BACK_TO = "reaches_back_to"
"""Name of the moment; the activation time itself never moves, for Message-IDs are made of it."""

THRESHOLD = "threshold_us"
"""Name of the threshold by which the newest instance that writes the log decides."""


def keep_threshold(database: Database, threshold_us: int) -> None:
    """For whoever asks later how late mails were, in a shell that knows another threshold."""
    with database.session() as session:
        session.run(
            f"INSERT INTO {META} (name, value) VALUES (%s, %s) ON DUPLICATE KEY UPDATE value = %s",
            (THRESHOLD, str(threshold_us), str(threshold_us)),
        )


def kept_threshold_us(database: Database) -> int | None:
    """None where no instance has kept one yet."""
    stored = recipients.meta(database, THRESHOLD)
    return None if stored is None else int(stored)


def mailed_after_us(
    database: Database, activated_us: int, span_us: int, *, with_log: bool, keep: bool
) -> int:
    """Carts that fell due up to this moment are not mailed: the activation, or ``span_us`` before it.

    Once it was earlier (in a run with ``keep``) it stays so: carts of that time may be waiting for their turn.
    """
    stored = recipients.meta(database, REACHES_BACK_TO) if with_log else None
    known_us = activated_us if stored is None else min(int(stored), activated_us)
    wanted_us = activated_us - span_us
    if keep and wanted_us < known_us:
        with database.session() as session:
            session.run(
                f"INSERT INTO {META} (name, value) VALUES (%s, %s) "
                "ON DUPLICATE KEY UPDATE value = IF(CAST(value AS SIGNED) > %s, %s, value)",
                (REACHES_BACK_TO, str(wanted_us), wanted_us, str(wanted_us)),
            )
    return min(known_us, wanted_us)
