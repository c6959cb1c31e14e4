"""MYSQL_URL as the single settings that it stands for. Pure."""

from collections.abc import Iterator
from urllib.parse import parse_qsl, unquote, urlsplit

_SCHEMES = frozenset({"mysql", "mysql+pymysql", "mariadb", "mariadb+pymysql"})
_OPTIONS = {
    "tls": "MYSQL_TLS",
    "ssl-mode": "MYSQL_TLS",
    "tls_ca": "MYSQL_TLS_CA",
    "tls_cert": "MYSQL_TLS_CERT",
    "tls_key": "MYSQL_TLS_KEY",
    "server_id": "MYSQL_SERVER_ID",
}


def split_url(url: str) -> Iterator[tuple[str, str]]:
    """Names and values. Raises ValueError that holds nothing of the URL but its options."""
    shape = (
        "mysql://user:password@host:port/database, with %40 for @, %2F for / and %25 for % in the password"
    )
    try:
        parts = urlsplit(url)
        port = parts.port
        host = parts.hostname
    except ValueError:
        raise ValueError(shape) from None
    if parts.scheme not in _SCHEMES or not host or parts.fragment:
        raise ValueError(shape)
    yield "MYSQL_HOST", unquote(host)
    if port is not None:
        yield "MYSQL_PORT", str(port)
    if parts.username:
        yield "MYSQL_USER", unquote(parts.username)
    if parts.password:
        yield "MYSQL_PASSWORD", unquote(parts.password)
    # A slash at the end is how many write URLs; no database is called so.
    path = parts.path.removeprefix("/").removesuffix("/")
    if "/" in path:
        raise ValueError("one database after the host, mysql://user:password@host:port/database")
    if path:
        yield "MYSQL_DATABASE", unquote(path)
    for option, text in parse_qsl(parts.query, keep_blank_values=True):
        if option == "charset":
            continue  # common in such URLs; Cartwake always speaks utf8mb4
        if option not in _OPTIONS:
            raise ValueError(f"no option {option!r}; known are {', '.join(sorted(_OPTIONS))}")
        # MySQL's --ssl-mode says DISABLED where MYSQL_TLS says off; the other names are the same.
        yield _OPTIONS[option], "off" if text.upper() == "DISABLED" else text
