"""Every setting of the service: one frozen value, parsed once, all mistakes reported together.

A setting is an environment variable or a line of ``.env`` in the working folder; the environment wins. Its
name is that of the field in capitals. An empty value counts as not set, except LOG_FILE, where empty means
"standard error only", and FREE_SHIPPING_TEXT, where it means "no badge". ``MYSQL_URL`` and ``SERVER_ID`` are
other ways to give the ``MYSQL_…`` fields.
"""

from collections.abc import Mapping
from decimal import Decimal
from pathlib import Path
from typing import Annotated, Literal

from annotated_types import Ge, Le
from pydantic import ConfigDict, Field, SecretStr, ValidationInfo, field_validator

from binlog_watcher.settings import bounce_types, mail_types
from binlog_watcher.settings import types as kind
from binlog_watcher.settings.connection import ConnectionSettings, Tls
from binlog_watcher.settings.mail_server import MailServerSettings
from binlog_watcher.settings.pages import PageSettings
from binlog_watcher.settings.retention import DAY_US, ORDER_DAYS, least_retention_days
from binlog_watcher.settings.types import DiscountTier
from binlog_watcher.shop.presets import load_schema
from binlog_watcher.shop.schema import Schema
from mailer import DEFAULT_FREE_SHIPPING, DEFAULT_NOTE, VERP, AddressPatterns
from mailer.languages import shipped


class Settings(PageSettings, MailServerSettings):
    """All settings, valid and frozen; ``load_settings`` makes them from the environment.

    Text that is not set is "". Amounts, percentages and spans are Decimal; the spans the service computes
    with are the properties in integer microseconds. ``repr`` shows no secret.
    """

    model_config = ConfigDict(
        frozen=True, extra="forbid", hide_input_in_errors=True, validate_default=True, allow_inf_nan=False
    )

    # The shop's MySQL
    mysql_host: kind.Host = "127.0.0.1"
    mysql_port: kind.Port = 3306
    mysql_user: kind.Text = ""
    mysql_password: kind.Secret = SecretStr("")
    mysql_database: kind.Text = ""
    mysql_tls: Annotated[Tls, kind.Lower] = Tls.PREFERRED
    mysql_tls_ca: kind.PemFile | None = None
    mysql_tls_cert: kind.PemFile | None = None
    mysql_tls_key: kind.PemFile | None = None
    mysql_server_id: kind.ServerId | None = None
    shop_timezone: kind.Zone | None = None
    shop_schema: kind.Text = "sample"
    shop_variables: kind.Variables = ()
    allow_slow_tables: bool = False

    # When a cart counts as abandoned, and who is written to
    abandonment_threshold_minutes: kind.Minutes = Decimal(30)
    max_cart_age_hours: kind.PositiveHours = Decimal(72)
    email_cooldown_hours: kind.Hours = Decimal(24)
    check_interval_seconds: kind.Interval = 60.0
    rollout_percent: kind.Percent = Decimal(100)
    exclude_roles: kind.Roles = frozenset()
    order_grace_minutes: kind.Grace = Decimal(60)
    mail_zero_totals: bool = False
    mail_unavailable: bool = False
    exclude_addresses: kind.Addresses = AddressPatterns()
    max_emails_per_minute: Annotated[int, Ge(1), Le(1_000_000)] | None = None
    bounce_limit: Annotated[int, Ge(0), Le(100)] = 2
    dry_run: bool = False

    # Discounts
    discount_tiers: kind.Tiers = ()
    discount_tier_1_amount: kind.Amount = Decimal(100)
    discount_tier_1_percent: kind.Percent = Decimal(10)
    discount_tier_1_code: kind.Text = ""
    discount_tier_2_amount: kind.Amount = Decimal(500)
    discount_tier_2_percent: kind.Percent = Decimal(20)
    discount_tier_2_code: kind.Text = ""
    discount_max_total: kind.Amount | None = None
    discount_rounding: Annotated[Literal["cart", "row"], kind.Lower] = "cart"
    discount_code_days: Annotated[int, Ge(1), Le(365)] | None = None
    discount_note: kind.Text = DEFAULT_NOTE
    free_shipping_text: kind.Text = DEFAULT_FREE_SHIPPING
    promises_confirmed: kind.Promises = frozenset()

    # Recommendations
    recommendation_count: Annotated[int, Ge(0), Le(12)] = 3
    similarity_threshold: Annotated[float, Ge(0), Le(1)] = 0.1
    gemini_api_key: kind.Secret | None = None
    gemini_model: kind.Text = "gemini-3.5-flash-lite"
    gemini_temperature: Annotated[float, Ge(0), Le(2)] = 0.7
    gemini_max_tokens: Annotated[int, Ge(1), Le(65536)] = 500
    gemini_requests_per_minute: Annotated[int, Ge(1), Le(100_000)] = 60
    gemini_timeout_seconds: kind.Seconds = 10.0
    gemini_sdk: Literal["google-generativeai", "google-genai"] = "google-generativeai"
    gemini_endpoint: kind.Web | None = None

    # The shop, as the mail shows it; ``stores``: the same of each storefront by its name, see ``read_stores``
    store_name: kind.Text = ""
    store_url: kind.Web = ""
    store_logo_url: kind.Web = ""
    store_logo_dark_url: kind.Web = ""
    store_address: kind.Lines = ""
    support_email: kind.Mail = ""
    cart_url: kind.CartUrl = ""
    product_url: kind.ProductUrl | None = None
    currency: kind.Currency = "USD"
    mail_theme: mail_types.ThemeName = "calm"
    languages: mail_types.LanguageTags = shipped()
    mail_messages: mail_types.Folder = None
    stores: Mapping[str, "Settings"] | None = None

    # Sending
    sender_email: kind.Mail = ""
    sender_name: kind.Text = Field(default_factory=lambda data: data.get("store_name", ""))
    bounce_address: bounce_types.BounceAddress = ""
    unsubscribe_email: kind.Mail = ""
    subject_emoji: bool = False

    # Operation
    log_level: kind.Level = "INFO"
    log_file: Path | None = Path("logs/cart_abandonment.log")
    log_file_max_mb: Annotated[int, Ge(1), Le(10_000)] = 10
    log_file_backups: Annotated[int, Ge(1), Le(1000)] = 5
    log_retention_days: Annotated[int, Ge(1), Le(36_500)] | None = None
    metrics_host: kind.Host = "127.0.0.1"
    metrics_port: kind.Port | None = None
    heartbeat_url: kind.SecretUrl | None = None
    shutdown_seconds: kind.Seconds = 30.0
    worker_processes: Annotated[int, Ge(0), Le(64)] = 0

    @field_validator("max_cart_age_hours")
    @classmethod
    def _age_above_threshold(cls, value: Decimal, info: ValidationInfo) -> Decimal:
        minutes = info.data.get("abandonment_threshold_minutes")
        if minutes is not None and value * 60 <= minutes:
            raise ValueError(f"more hours than ABANDONMENT_THRESHOLD_MINUTES = {minutes} are")
        return value

    @field_validator("email_cooldown_hours")
    @classmethod
    def _cooldown_below_age(cls, value: Decimal, info: ValidationInfo) -> Decimal:
        age = info.data.get("max_cart_age_hours")
        if age is not None and value >= age:
            # A cart held back that long would be too old for a mail when its time comes.
            raise ValueError(f"less than MAX_CART_AGE_HOURS = {age}")
        return value

    @field_validator("log_retention_days")
    @classmethod
    def _retention_above_age(cls, value: int | None, info: ValidationInfo) -> int | None:
        age, minutes = info.data.get("max_cart_age_hours"), info.data.get("abandonment_threshold_minutes")
        if value is not None and age is not None and minutes is not None:
            least = least_retention_days(age, minutes)
            if value < least:
                raise ValueError(
                    f"at least {least}: more than MAX_CART_AGE_HOURS = {age} and ABANDONMENT_THRESHOLD_MINUTES = "
                    f"{minutes} together, and than the {ORDER_DAYS} days in which an order counts for its mail"
                )
        return value

    @field_validator("discount_tier_2_amount")
    @classmethod
    def _tiers_rise(cls, value: Decimal, info: ValidationInfo) -> Decimal:
        lower = info.data.get("discount_tier_1_amount")
        if not info.data.get("discount_tiers") and lower is not None and value <= lower:
            raise ValueError(f"more than DISCOUNT_TIER_1_AMOUNT = {lower}")
        return value

    @field_validator("mysql_tls_ca")
    @classmethod
    def _ca_has_use(cls, value: str | None, info: ValidationInfo) -> str | None:
        if value is not None and info.data.get("mysql_tls") is Tls.OFF:
            raise ValueError("no certificate with MYSQL_TLS = off, or MYSQL_TLS = verify_ca")
        return value

    @field_validator("mysql_tls_key")
    @classmethod
    def _certificate_has_key(cls, value: str | None, info: ValidationInfo) -> str | None:
        if "mysql_tls_cert" in info.data and (value is None) != (info.data["mysql_tls_cert"] is None):
            raise ValueError("both MYSQL_TLS_CERT and MYSQL_TLS_KEY, or neither")
        return value

    @property
    def connection(self) -> ConnectionSettings:
        """How MySQL is reached."""
        return ConnectionSettings(
            host=self.mysql_host,
            port=self.mysql_port,
            user=self.mysql_user,
            password=self.mysql_password.get_secret_value(),
            database=self.mysql_database,
            tls=self.mysql_tls,
            tls_ca=self.mysql_tls_ca,
            tls_cert=self.mysql_tls_cert,
            tls_key=self.mysql_tls_key,
        )

    def preset(self) -> Schema:
        """The shop's tables: the preset SHOP_SCHEMA with SHOP_VARIABLES. Raises ConfigError for a preset's mistakes."""
        return load_schema(self.shop_schema, dict(self.shop_variables))

    @property
    def tiers(self) -> tuple[DiscountTier, ...]:
        """The discount table, amounts rising: DISCOUNT_TIERS, else the two numbered tiers."""
        return self.discount_tiers or (
            DiscountTier(
                self.discount_tier_1_amount, self.discount_tier_1_percent, self.discount_tier_1_code
            ),
            DiscountTier(
                self.discount_tier_2_amount, self.discount_tier_2_percent, self.discount_tier_2_code
            ),
        )

    @property
    def discount_ceiling(self) -> Decimal | None:
        """The highest total that a discount is promised for: DISCOUNT_MAX_TOTAL, else by the highest tier.

        None: any total. Where the only tier begins at 0, nothing tells what is much in this currency.
        """
        highest = max(tier.amount for tier in self.tiers)
        by_tiers = max(100 * highest, Decimal(10_000)) if highest else None
        return by_tiers if self.discount_max_total is None else self.discount_max_total

    @property
    def senders(self) -> tuple[str, ...]:
        """Who the SMTP server sees mails come from: BOUNCE_ADDRESS (0 for the id), else SENDER_EMAIL; of each store."""
        stores = [self] if self.stores is None else self.stores.values()
        addresses = (store.bounce_address.replace(VERP, "0") or store.sender_email for store in stores)
        return tuple(dict.fromkeys(addresses))

    def currency_of(self, store: str | None) -> str:
        """The currency of a store's prices, by its name: its own, else CURRENCY."""
        return (self.stores or {}).get(store or "", self).currency

    @property
    def order_grace_us(self) -> int:
        """How long after an order nobody is reminded of what was in it, in microseconds."""
        return int(self.order_grace_minutes * 60_000_000)

    @property
    def threshold_us(self) -> int:
        """How long a cart must be quiet, in microseconds."""
        return int(self.abandonment_threshold_minutes * 60_000_000)

    @property
    def max_cart_age_us(self) -> int:
        """The age from which an abandoned cart gets no mail, in microseconds."""
        return int(self.max_cart_age_hours * 3_600_000_000)

    @property
    def least_retention_days(self) -> int:
        """The least age at which rows of the log may be erased."""
        return least_retention_days(self.max_cart_age_hours, self.abandonment_threshold_minutes)

    @property
    def log_retention_us(self) -> int | None:
        """The age at which rows of the log are erased, in microseconds; None: never."""
        return None if self.log_retention_days is None else self.log_retention_days * DAY_US

    @property
    def cooldown_us(self) -> int:
        """The least time between two mails to one address, in microseconds."""
        return int(self.email_cooldown_hours * 3_600_000_000)

    @property
    def first_retry_us(self) -> int:
        """The pause after the first temporary failure of a mail, in microseconds."""
        return int(self.retry_first_seconds * 1_000_000)

    def secrets(self) -> tuple[str, ...]:
        """The values that must appear nowhere: hand them to ``logs.register_secret``."""
        values = (getattr(self, name) for name in type(self).model_fields)
        return tuple(value.get_secret_value() for value in values if isinstance(value, SecretStr) and value)
