"""The settings of an instance in the crash test."""

from fakes.chaos.shop import DATABASE

from binlog_watcher.demo.process import free_port
from binlog_watcher.demo.server import Server

CONNECTIONS = 4
THRESHOLD_S = 3.0


def settings_of(server: Server, smtp_port: int) -> dict[str, str]:
    """The whole environment of one instance; each has an SMTP port of its own."""
    return {
        "MYSQL_HOST": server.host,
        "MYSQL_PORT": str(server.port),
        "MYSQL_USER": server.user,
        "MYSQL_PASSWORD": server.password,
        "MYSQL_DATABASE": DATABASE,
        "SMTP_HOST": "127.0.0.1",
        "SMTP_PORT": str(smtp_port),
        "SMTP_TLS": "none",
        "SMTP_CONNECTIONS": str(CONNECTIONS),
        "RETRY_FIRST_SECONDS": "0.5",
        "SENDER_EMAIL": "hello@shop.example.com",
        "STORE_NAME": "The Sample Shop",
        "STORE_URL": "https://shop.example.com",
        "STORE_ADDRESS": "1 Market Street, 12345 Sampletown",
        "SUPPORT_EMAIL": "support@shop.example.com",
        "CART_URL": "https://shop.example.com/cart",
        "ABANDONMENT_THRESHOLD_MINUTES": str(THRESHOLD_S / 60),
        "CHECK_INTERVAL_SECONDS": "1",
        "MAIL_UNAVAILABLE": "true",  # who left a product that is sold out counts, too
        "LOG_FILE": "",
        "METRICS_PORT": str(free_port()),
    }
