"""Whether the server writes a binlog that can be followed."""

from collections.abc import Iterator

import pymysql.err

from binlog_watcher.doctor.document_check import image_too_small
from binlog_watcher.doctor.finding import Check, Finding, failed, not_looked_at, ok, warning
from binlog_watcher.doctor.hosting import how_to_set
from binlog_watcher.doctor.server import NO_PRIVILEGE, Server

_WHOLE = frozenset({"FULL", "FULL_NODUP"})


def _enabled(server: Server) -> Iterator[Finding]:
    if int(server.variable("log_bin", "1")):
        yield ok("the server writes a binlog")
    else:
        yield failed(
            "the server writes no binlog",
            "Cartwake learns of carts and orders from it alone",
            "start the server with log_bin (it is off now); on a hosted server switch automated backups on",
        )


def _format(server: Server) -> Iterator[Finding]:
    row_format = str(server.variable("binlog_format", "ROW"))
    if row_format == "ROW":
        yield ok("binlog_format is ROW")
    else:
        yield failed(
            f"binlog_format is {row_format}",
            "the binlog does not tell which rows were changed",
            f"{how_to_set(server, 'binlog_format', 'ROW')}, and have the shop reconnect",
        )


def _row_image(server: Server) -> Iterator[Finding]:
    image = str(server.variable("binlog_row_image", "FULL"))
    if image in _WHOLE:
        yield ok(f"binlog_row_image is {image}")
        return
    mend = how_to_set(server, "binlog_row_image", "FULL")
    too_small = None if server.preset is None else image_too_small(server.preset, image, _primary_key(server))
    if too_small is not None:
        yield failed(f"binlog_row_image is {image}", too_small, mend)
        return
    yield warning(
        f"binlog_row_image is {image}",
        "changed rows do not tell the customer, who must be looked up; deleting an old order makes Cartwake read the "
        "tables anew, once a minute at most",
        mend,
    )


def _primary_key(server: Server) -> list[str]:
    rows = server.rows(
        "SELECT COLUMN_NAME FROM information_schema.STATISTICS "
        "WHERE TABLE_SCHEMA = %s AND TABLE_NAME = %s AND INDEX_NAME = 'PRIMARY'",
        (server.connection.database, server.schema.cart.table),
    )
    return [str(row[0]).casefold() for row in rows]


def _row_metadata(server: Server) -> Iterator[Finding]:
    metadata = str(server.variable("binlog_row_metadata", "MINIMAL"))
    if metadata == "FULL":
        yield ok("binlog_row_metadata is FULL")
    else:
        yield warning(
            f"binlog_row_metadata is {metadata}",
            "column names are taken from the tables as they are now, and may be wrong across an ALTER TABLE",
            how_to_set(server, "binlog_row_metadata", "FULL"),
        )


def _filters(server: Server) -> Iterator[Finding]:
    database = server.connection.database
    try:
        status = server.row(server.status_statement)
    except pymysql.err.MySQLError as error:
        if error.args[0] not in NO_PRIVILEGE:
            raise
        yield not_looked_at("the account may not ask for it (account.rights)")
        return
    for name, filtered, wanted in (
        ("binlog_do_db", status[2], True),
        ("binlog_ignore_db", status[3], False),
    ):
        if filtered and (database in str(filtered).split(",")) is not wanted:
            yield failed(
                f"the binlog leaves out {database!r} ({name} = {filtered})",
                "nothing of the shop arrives",
                f"remove {name} from the server's options and restart it",
            )
            return
    yield ok(f"nothing of {database} is left out")


AT_START: tuple[Check[Server], ...] = (
    Check("binlog.enabled", _enabled),
    Check("binlog.format", _format, needs=("binlog.enabled",)),
    Check("binlog.row_image", _row_image, needs=("binlog.enabled",)),
    Check("binlog.row_metadata", _row_metadata, needs=("binlog.enabled",)),
    Check("binlog.filters", _filters, ("MYSQL_DATABASE",), needs=("binlog.enabled",)),
)
"""What `cartwake run` looks at, too."""
