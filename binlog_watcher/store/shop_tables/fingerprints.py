"""SQL for a number that changes whenever rows do: the same when a cart is read and at the fence. Pure."""

from collections.abc import Collection, Sequence

EMPTY_FINGERPRINT = "0"
"""What a fingerprint is when no row is there."""


def of_rows(columns: Sequence[str]) -> str:
    """Of all rows that a query groups."""
    return f"IF(COUNT(*) = 0, '{EMPTY_FINGERPRINT}', CONCAT_WS(':', COUNT(*), SUM({checksum(columns)})))"


def of_one_row(columns: Sequence[str]) -> str:
    """The same of a single row, for a query that does not group."""
    return f"CONCAT_WS(':', 1, {checksum(columns)})"


def of_checksums(checksums: Collection[int]) -> str:
    """The same, of the checksums of the rows."""
    return f"{len(checksums)}:{sum(checksums)}" if checksums else EMPTY_FINGERPRINT


def as_bytes(columns: Sequence[str]) -> list[str]:
    """Columns of any charsets and collations, so that they can be put together."""
    return [f"CAST({column} AS BINARY)" for column in columns]


def checksum(columns: Sequence[str]) -> str:
    """Of a single row, as a number."""
    values = ", ".join(f"COALESCE({column}, '-')" for column in columns)
    # CONCAT_WS leaves NULLs out: what is NULL must not look like its neighbour.
    return f"CRC32(CONCAT_WS(',', {values}))"
