"""The shop's server as our own reader is told of it."""

from reading import Shop

from binlog_watcher.settings.connection import ConnectionSettings, Tls


def connection_to(shop: Shop, *, tls: bool = False) -> ConnectionSettings:
    return ConnectionSettings(
        shop.host, shop.port, shop.user, shop.password, shop.database, tls=Tls.REQUIRED if tls else Tls.OFF
    )
