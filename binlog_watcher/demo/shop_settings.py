"""The settings that the demo's shop runs Cartwake with: the environment of ``cartwake run``."""

from dataclasses import dataclass
from pathlib import Path

from binlog_watcher.demo.expectations import CODES
from binlog_watcher.demo.sample_shop import ACCOUNT, DATABASE


@dataclass(frozen=True, slots=True)
class Pace:
    """How fast the demo lives, in seconds: hours of a real shop in a minute and a half."""

    threshold: float = 6.0
    cooldown: float = 15.0


def service_settings(
    *, mysql_port: int, mysql_password: str, smtp_port: int, metrics_port: int, log_file: Path, pace: Pace
) -> dict[str, str]:
    """Settings by the names that ``.env.example`` documents."""
    codes = [code for code in CODES.values() if code]
    return {
        "MYSQL_HOST": "127.0.0.1",
        "MYSQL_PORT": str(mysql_port),
        "MYSQL_USER": ACCOUNT,
        "MYSQL_PASSWORD": mysql_password,
        "MYSQL_DATABASE": DATABASE,
        "SMTP_HOST": "127.0.0.1",
        "SMTP_PORT": str(smtp_port),
        "SMTP_TLS": "none",
        "SENDER_EMAIL": "hello@shop.example.com",
        "SENDER_NAME": "The Sample Shop",
        "STORE_NAME": "The Sample Shop",
        "STORE_URL": "https://shop.example.com",
        "STORE_ADDRESS": "1 Market Street, 12345 Sampletown",
        "SUPPORT_EMAIL": "support@shop.example.com",
        "CART_URL": "https://shop.example.com/cart",
        "PRODUCT_URL": "https://shop.example.com/products/{id}",
        "CURRENCY": "USD",
        "DISCOUNT_TIER_1_CODE": codes[0],
        "DISCOUNT_TIER_2_CODE": codes[1],
        "PROMISES_CONFIRMED": "free_shipping",
        "EXCLUDE_ROLES": "admin",
        "ABANDONMENT_THRESHOLD_MINUTES": _fraction(pace.threshold, 60),
        "EMAIL_COOLDOWN_HOURS": _fraction(pace.cooldown, 3600),
        "CHECK_INTERVAL_SECONDS": "5",
        "LOG_LEVEL": "INFO",
        "LOG_FILE": str(log_file),
        "METRICS_PORT": str(metrics_port),
    }


def settings_for_another(settings: dict[str, str]) -> dict[str, str]:
    """The same for a second instance: it logs to the terminal and leaves the port of the figures alone."""
    return {name: value for name, value in settings.items() if name != "METRICS_PORT"} | {"LOG_FILE": ""}


def _fraction(seconds: float, unit: int) -> str:
    return f"{seconds / unit:.9f}".rstrip("0").rstrip(".")
