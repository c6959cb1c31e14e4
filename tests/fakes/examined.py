"""What `cartwake doctor` says of settings that a test makes."""

from collections.abc import Callable, Sequence
from typing import Any

from binlog_watcher.commands.doctor import Report, doctor
from binlog_watcher.doctor.finding import Finding, Mark
from binlog_watcher.settings.load import examine_settings

FILLED_IN = {
    "MYSQL_USER": "cartwake", "MYSQL_DATABASE": "shop", "MYSQL_PORT": "1", "MYSQL_TLS": "off", "LOG_FILE": "",
    "SMTP_HOST": "127.0.0.1", "SMTP_PORT": "1", "SMTP_TLS": "none", "SENDER_EMAIL": "hello@shop.example.com",
    "STORE_NAME": "The Sample Shop", "STORE_URL": "https://shop.example.com", "STORE_ADDRESS": "1 Market Street",
    "SUPPORT_EMAIL": "support@shop.example.com", "CART_URL": "https://shop.example.com/cart",
    "PROMISES_CONFIRMED": "discount_without_code,free_shipping",
}  # fmt: skip


def no_dns(name: str) -> Sequence[str]:
    raise AssertionError(f"asked the DNS about {name}")


def examined(
    *only: str,
    environ: dict[str, str] | None = None,
    send_to: str | None = None,
    ask_dns: Callable[[str], Sequence[str]] = no_dns,
    **settings: Any,
) -> Report:
    """``settings`` over ``environ``, which is all that can be without a server."""
    given = {
        **(FILLED_IN if environ is None else environ),
        **{name: str(one) for name, one in settings.items()},
    }
    return doctor(examine_settings(None, environ=given), only=only, send_to=send_to, ask_dns=ask_dns)


def found(report: Report, check: str) -> list[Finding]:
    return [result.finding for result, _ in report.results if result.id == check]


def mark_of(report: Report, check: str) -> Mark:
    (finding,) = found(report, check)
    return finding.mark


def not_well(report: Report) -> set[str]:
    """The ids of all that is not as it should be."""
    return {result.id for result, _ in report.results if result.finding.mark is not Mark.OK}
