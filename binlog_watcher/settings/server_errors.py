"""What an error of MySQL asks of whoever runs Cartwake, by its number. Pure."""

READ_ONLY = frozenset({1290, 1836, 1792})
"""The server, or each transaction of it, only reads."""

INSECURE = frozenset({1835, 3159, 4191})
"""The server serves encrypted connections only; MariaDB's number differs between versions."""

_NOT_THE_PRIMARY = (
    "it only reads: a replica, or an old primary; MYSQL_HOST must lead to the server that the shop writes to, "
    "which must not be read_only"
)
_ONE_LIMIT = "the account may do no more this hour"
_CURES = {
    **dict.fromkeys(READ_ONLY, _NOT_THE_PRIMARY),
    1040: "raise its max_connections",
    1205: "somebody has locked its tables; try again later",
    1203: "the account has no connection left: raise max_user_connections, on the server or for the account",
    1226: f"{_ONE_LIMIT}, or has no connection left: ALTER USER … WITH MAX_QUERIES_PER_HOUR 0 MAX_UPDATES_PER_HOUR 0 "
    "MAX_CONNECTIONS_PER_HOUR 0 MAX_USER_CONNECTIONS 0",
    3032: "SET GLOBAL offline_mode = OFF lets Cartwake in again",
}


def cure(code: object) -> str:
    """What to do about an error of the server's state, as the end of a sentence: "; do this", or nothing."""
    found = _CURES.get(code) if isinstance(code, int) else None
    return f"; {found}" if found else ""
