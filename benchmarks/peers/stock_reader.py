"""The stock reader, mysql-replication's BinLogStreamReader: what its users have in common."""

import ssl
from collections.abc import Sequence

from pymysqlreplication import BinLogStreamReader
from reading import Shop


def account(shop: Shop, *, tls: bool = False) -> dict[str, object]:
    """PyMySQL's arguments. ``tls``: encrypted, the certificate unchecked."""
    arguments: dict[str, object] = {
        "host": shop.host,
        "port": shop.port,
        "user": shop.user,
        "password": shop.password,
    }
    if not tls:
        return arguments | {"ssl_disabled": True}
    context = ssl.create_default_context()
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    return arguments | {"ssl": context}


def open_stream(
    shop: Shop,
    server_id: int,
    start: tuple[str, int],
    tables: Sequence[str],
    events: Sequence[type] | None,
    *,
    tls: bool = False,
) -> BinLogStreamReader:
    """The stream from ``start`` (file, offset) on, filtered to ``tables``; ``events``: only these, None: all."""
    file, offset = start
    return BinLogStreamReader(
        account(shop, tls=tls),
        server_id=server_id,
        blocking=True,
        resume_stream=True,
        log_file=file,
        log_pos=offset,
        only_schemas=[shop.database],
        only_tables=tables,
        only_events=events,
        enable_logging=False,
    )
