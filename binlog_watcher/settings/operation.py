"""The settings of the process: its log, its metrics, its end."""

from decimal import Decimal
from pathlib import Path
from typing import Annotated, Literal

from annotated_types import Ge, Le
from pydantic import BaseModel, ValidationInfo, field_validator

from binlog_watcher.settings import types as kind
from binlog_watcher.settings.retention import DAY_US, ORDER_DAYS, least_retention_days


class OperationSettings(BaseModel):
    """A part of ``Settings``."""

    log_level: kind.Level = "INFO"
    """DEBUG (statements, scores), INFO (detections, mails), WARNING (fallbacks), ERROR."""
    log_format: Annotated[Literal["console", "json"], kind.Lower] = "console"
    """`console`: a readable line an event; `json`: the same as one object a line, for whatever collects logs."""
    log_file: Path | None = Path("logs/cart_abandonment.log")
    """Its folder is created. It means something when it is empty: standard error only."""
    log_file_max_mb: Annotated[int, Ge(1), Le(10_000)] = 10
    """At how many megabytes a new file is begun."""
    log_file_backups: Annotated[int, Ge(1), Le(1000)] = 5
    """How many old ones are kept."""
    attribution_days: Annotated[int, Ge(1), Le(30)] = 5
    """An order of the same customer or cart within so many days after a mail counts as recovered ([what the figures
    mean](report.md))."""
    log_retention_days: Annotated[int, Ge(1), Le(36_500)] | None = None
    """After so many days what names a person is taken out of the rows of the log; totals stay, and nothing is
    mailed twice ([privacy](privacy.md)). At least 8, and more than `MAX_CART_AGE_HOURS` and the threshold together.
    Empty: never."""
    metrics_host: kind.Host = "127.0.0.1"
    """An address of this machine, IPv6 (`::1`) too. Whoever reaches it can read the metrics."""
    metrics_port: kind.Port | None = None
    """`/metrics`; `/readyz`: ready means that the binlog is followed and [mail can go
    out](running.md#when-it-is-ready); `/healthz`: the process does not hang. Empty: off."""
    heartbeat_url: kind.SecretUrl | None = None
    """A dead man's switch: called (GET) each minute while this instance is ready and its timers are really looked
    at. Whoever listens there alarms when the calls end ([what to alert
    on](alerts.md#when-nothing-is-left-to-raise-the-alarm))."""
    traces_url: kind.SecretUrl | None = None
    """Where [traces](tracing.md) go, by OTLP over HTTP: `http://127.0.0.1:4318/v1/traces`. Needs the extra `otel`.
    Empty: none are kept."""
    traces_percent: kind.Percent = Decimal(100)
    """Of which share of the carts, in percent."""
    shutdown_seconds: kind.Seconds = 30.0
    """How long a stop waits for mails in hand."""
    worker_processes: Annotated[int, Ge(0), Le(64)] = 0
    """Processes beside the service's own that recommend and build mails, for thousands of carts that fall due at
    once. Each holds the catalogue once more."""

    @field_validator("log_retention_days")
    @classmethod
    def _retention_above_age(cls, value: int | None, info: ValidationInfo) -> int | None:
        age, minutes = info.data.get("max_cart_age_hours"), info.data.get("abandonment_threshold_minutes")
        if value is not None and age is not None and minutes is not None:
            least = least_retention_days(age, minutes, info.data.get("attribution_days", 0))
            if value < least:
                raise ValueError(
                    f"at least {least}: more than MAX_CART_AGE_HOURS = {age} and ABANDONMENT_THRESHOLD_MINUTES = "
                    f"{minutes} together, and than the {ORDER_DAYS} days in which an order counts for its mail"
                )
        return value

    @property
    def log_retention_us(self) -> int | None:
        """The age at which rows of the log are erased, in microseconds; None: never."""
        return None if self.log_retention_days is None else self.log_retention_days * DAY_US
