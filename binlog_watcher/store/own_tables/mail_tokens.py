"""MAX_EMAILS_PER_MINUTE for all instances together: the state of their token bucket is a row of the meta table.

Asked only while the setting is set, once for a batch of claims: two statements by the primary key.
"""

from binlog_watcher.core.rate_limit import TokenBucket
from binlog_watcher.store.database import Database, Session
from binlog_watcher.store.own_tables.statement import Statement
from binlog_watcher.store.own_tables.tables import META

NAME = "mail_tokens"

# --- statements -----------------------------------------------------------------------------------------------------


def begin(bucket: TokenBucket) -> Statement:
    """The row as the first instance fills it."""
    return Statement(
        f"INSERT INTO {META} (name, value) VALUES (%s, %s) ON DUPLICATE KEY UPDATE name = name",
        (NAME, _written(bucket)),
    )


def lock() -> Statement:
    """Keep other instances from their tokens, and read what is left."""
    return Statement(f"SELECT value FROM {META} WHERE name = %s FOR UPDATE", (NAME,))


def leave(bucket: TokenBucket) -> Statement:
    """What is left now."""
    return Statement(f"UPDATE {META} SET value = %s WHERE name = %s", (_written(bucket), NAME))


def _written(bucket: TokenBucket) -> str:
    return " ".join(map(str, bucket.state))


# --- what is done with them -----------------------------------------------------------------------------------------


class MailTokens:
    """Takes tokens for this instance's bucket from what all of them have. Every method blocks."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._begun = False

    def take(self, bucket: TokenBucket, wanted: int, now_us: int) -> int:
        """Take up to ``wanted`` tokens; how many there were. ``bucket`` knows then when there are more."""
        if not self._begun:
            with self._database.session() as session:
                session.run(*begin(bucket))
            self._begun = True

        def work(session: Session) -> int:
            _go_on(bucket, session)
            granted = bucket.take(wanted, now_us)
            if granted:
                session.run(*leave(bucket))
            return granted

        return self._database.in_transaction(work)

    def give_back(self, bucket: TokenBucket, tokens: int) -> None:
        """Return tokens that were not needed after all."""

        def work(session: Session) -> None:
            _go_on(bucket, session)
            bucket.give_back(tokens)
            session.run(*leave(bucket))

        self._database.in_transaction(work)


def _go_on(bucket: TokenBucket, session: Session) -> None:
    row = session.row(*lock())
    if row is not None:
        credit, filled_us = map(int, str(row[0]).split())
        bucket.resume(credit, filled_us)
