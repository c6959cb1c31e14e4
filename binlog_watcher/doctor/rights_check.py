"""Whether the account may do what it has to, and no more."""

import re
from collections.abc import Iterator, Sequence

import pymysql.err

from binlog_watcher.binlog.connection.probe import probe_binlog
from binlog_watcher.doctor.finding import Check, Finding, failed, not_looked_at, ok, warning
from binlog_watcher.doctor.preset_check import findings_of
from binlog_watcher.doctor.server import NO_PRIVILEGE, Server
from binlog_watcher.settings.grants import HELP, Grants
from binlog_watcher.settings.server_errors import READ_ONLY
from binlog_watcher.shop.sql_text import quote
from binlog_watcher.store.own_tables.rights import writing

_NOT_THERE_YET = frozenset({1054, 1146})
_ROLES = re.compile(r"GRANT (?P<roles>(?:[`'][^ ]+)(?:, ?[`'][^ ]+)*) TO ")
_LOCKED_S = 10
"""How long somebody else's lock on all tables (a backup's, say) is waited for."""


def _sufficient(server: Server) -> Iterator[Finding]:
    """By what the server refuses: roles and wildcards of its grants are not ours to interpret."""
    denied = [*_following(server), *denied_tables(server), *(_writing(server) if server.writes else ())]
    if denied:
        yield lacking(server, denied, writes=server.writes)
    else:
        user, host = account(server)
        yield ok(f"'{user}'@'{host}' may do all that it has to")


def _following(server: Server) -> Iterator[str]:
    if not int(server.variable("log_bin", "1")):
        return
    try:
        server.rows(server.status_statement)
        probe_binlog(server.connection)
    except pymysql.err.MySQLError as error:
        if error.args[0] not in NO_PRIVILEGE:
            raise
        yield f"the right to read the binlog ({error.args[1]})"


def denied_tables(server: Server) -> list[str]:
    """The shop's tables that may not be read."""
    return [f"SELECT on {server.connection.database}.{table}" for table in findings_of(server).denied]


def _writing(server: Server) -> Iterator[str]:
    """Whether a claim could be written, as far as the account is concerned; our tables need not be there yet."""
    server.rows(f"SET SESSION lock_wait_timeout = {_LOCKED_S}")
    for statement in writing():
        try:
            server.rows(statement.sql)
        except pymysql.err.MySQLError as error:
            if error.args[0] in NO_PRIVILEGE:
                yield f"a right on Cartwake's own tables ({error.args[1]})"
            # A server that only reads does not say what the account may: see mysql.writable.
            elif error.args[0] not in _NOT_THERE_YET | READ_ONLY:
                raise


def _reading(server: Server) -> Iterator[Finding]:
    """Of the shop's tables alone."""
    if denied := denied_tables(server):
        yield lacking(server, denied, writes=False)


def account(server: Server) -> tuple[str, str]:
    """User and host, as the server took them."""
    user, _, host = str(server.one("SELECT CURRENT_USER()")).rpartition("@")
    return user, host


def _grants(server: Server, *, writes: bool) -> Grants:
    return Grants(*account(server), server.connection.database, tuple(server.schema.tables()), writes=writes)


def lacking(server: Server, denied: Sequence[str], *, writes: bool) -> Finding:
    """Names all that an account lacks. ``denied``: what was refused, for servers that do not tell all the rights."""
    grants = _grants(server, writes=writes)
    try:
        lacks = grants.lacking(str(row[0]) for row in server.rows("SHOW GRANTS"))
    except pymysql.err.MySQLError:
        lacks = []
    named = "; ".join(lacks or denied)
    hint = ""
    database = server.connection.database
    if any(f"{database}.{table}" in re.split(r"[ ,;]+", named) for table in grants.reads):
        # The server says the same of a table that does not exist.
        hint = f" (or SHOP_SCHEMA = {server.schema.origin} and MYSQL_DATABASE do not fit this shop)"
    return failed(f"the account '{grants.user}'@'{grants.host}' lacks {named}{hint}", mend=HELP)


def _with_roles(server: Server) -> Iterator[str]:
    """Rows of SHOW GRANTS, and what roles add to them: whoever has the password may take each that is granted."""
    shown = [str(row[0]) for row in server.rows("SHOW GRANTS")]
    yield from shown
    roles = [match["roles"] for row in shown if (match := _ROLES.match(row))]
    if not server.is_mariadb:
        using = f"SHOW GRANTS FOR CURRENT_USER() USING {', '.join(roles)}"
        yield from (str(row[0]) for row in (server.rows(using) if roles else ()))
        return
    before = server.one("SELECT CURRENT_ROLE()")
    for role in roles:  # of another role than that which is taken MariaDB tells nothing
        server.rows(f"SET ROLE {role}")
        yield from (str(row[0]) for row in server.rows("SHOW GRANTS"))
        server.rows(f"SET ROLE {quote(str(before)) if before else 'NONE'}")


def _not_too_wide(server: Server) -> Iterator[Finding]:
    grants = _grants(server, writes=server.writes)
    try:
        shown = list(_with_roles(server))
    except pymysql.err.MySQLError as error:
        yield not_looked_at(f"the server does not tell the account's rights ({error.args[-1]})")
        return
    found = list(dict.fromkeys(grants.too_wide(shown)))
    if not found:
        yield ok("no rights that reach too far")
        return
    yield warning(
        f"{grants.account} may do far more than it has to: {'; '.join(found)}",
        "whoever gets hold of its password could change or delete the shop's data",
        f"make an account of its own: CREATE USER, then what `cartwake grants` prints; or {grants.revoke_all()}, "
        "then the same",
    )


AT_START: tuple[Check[Server], ...] = (
    Check("account.rights", _sufficient, ("MYSQL_USER", "SHOP_SCHEMA", "DRY_RUN"), needs=("shop.preset",)),
)
"""What `cartwake run` looks at, too."""

OF_READING: tuple[Check[Server], ...] = (Check("account.rights", _reading, needs=("shop.preset",)),)
"""The same for whoever only looks at the tables."""

BESIDE: tuple[Check[Server], ...] = (
    Check("account.excess", _not_too_wide, ("MYSQL_USER",), needs=("shop.preset",)),
)
