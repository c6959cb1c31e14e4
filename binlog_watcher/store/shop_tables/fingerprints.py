"""SQL for a number that changes whenever rows do: the same when a cart is read and at the fence. Pure."""

from collections.abc import Sequence

EMPTY_FINGERPRINT = "0"
"""What a fingerprint is when no row is there."""


def of_rows(columns: Sequence[str]) -> str:
    """Of all rows that a query groups."""
    return f"IF(COUNT(*) = 0, '{EMPTY_FINGERPRINT}', CONCAT_WS(':', COUNT(*), SUM({_checksum(columns)})))"


def of_one_row(columns: Sequence[str]) -> str:
    """The same of a single row, for a query that does not group."""
    return f"CONCAT_WS(':', 1, {_checksum(columns)})"


def _checksum(columns: Sequence[str]) -> str:
    values = ", ".join(f"COALESCE({column}, '-')" for column in columns)
    # CONCAT_WS leaves NULLs out: what is NULL must not look like its neighbour.
    return f"CRC32(CONCAT_WS(',', {values}))"
