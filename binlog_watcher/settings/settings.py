"""Every setting of the service: one frozen value, parsed once, all mistakes reported together.

A setting is an environment variable or a line of ``.env`` in the working folder; the environment wins. Its
name is that of the field in capitals. An empty value counts as not set, except LOG_FILE, where empty means
"standard error only", and FREE_SHIPPING_TEXT, where it means "no badge". ``MYSQL_URL`` and ``SERVER_ID`` are
other ways to give the ``MYSQL_…`` fields.

The text below each field is its row in docs/settings.md and the pages beside it (``make reference``).
"""

from collections.abc import Mapping

from pydantic import ConfigDict, SecretStr

from binlog_watcher.settings.admin import AdminSettings
from binlog_watcher.settings.api import ApiSettings
from binlog_watcher.settings.discounts import DiscountSettings
from binlog_watcher.settings.kafka_group import KafkaSettings
from binlog_watcher.settings.mail_content import MailSettings
from binlog_watcher.settings.mail_server import MailServerSettings
from binlog_watcher.settings.operation import OperationSettings
from binlog_watcher.settings.pages import PageSettings
from binlog_watcher.settings.recommending import RecommendationSettings
from binlog_watcher.settings.retention import least_retention_days
from binlog_watcher.settings.shop_server import ShopServerSettings
from binlog_watcher.settings.timing import TimingSettings
from binlog_watcher.settings.webhooks import WebhookSettings
from mailer import VERP


class Settings(
    ApiSettings,
    AdminSettings,
    WebhookSettings,
    OperationSettings,
    MailSettings,
    RecommendationSettings,
    DiscountSettings,
    TimingSettings,
    KafkaSettings,
    ShopServerSettings,
    PageSettings,
    MailServerSettings,
):
    """All settings, valid and frozen; ``load_settings`` makes them from the environment.

    Text that is not set is "". Amounts, percentages and spans are Decimal; the spans the service computes
    with are the properties in integer microseconds. ``repr`` shows no secret. A rule between settings of two parts
    stands with the later one: fields are read from the last part to the first.
    """

    model_config = ConfigDict(
        frozen=True, extra="forbid", hide_input_in_errors=True, validate_default=True, allow_inf_nan=False
    )

    # The same as ``self`` of each storefront by its name, see ``read_stores``.
    stores: Mapping[str, "Settings"] | None = None
    """A file with the storefronts of this shop, such as `./stores.toml`: [several storefronts](stores.md)."""

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
    def least_retention_days(self) -> int:
        """The least age at which rows of the log may be erased."""
        return least_retention_days(
            self.max_cart_age_hours, self.abandonment_threshold_minutes, self.attribution_days
        )

    def secrets(self) -> tuple[str, ...]:
        """The values that must appear nowhere: hand them to ``logs.register_secret``."""
        values = (getattr(self, name) for name in type(self).model_fields)
        return tuple(value.get_secret_value() for value in values if isinstance(value, SecretStr) and value)
