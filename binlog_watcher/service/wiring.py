"""Turns Settings into the parts' own values: each package gets only its slice, and none knows Settings."""

import os
from collections.abc import Mapping
from importlib.metadata import version
from pathlib import Path

from binlog_watcher.core.decision import Policy, nobody
from binlog_watcher.core.events import Change
from binlog_watcher.errors import ConfigError
from binlog_watcher.recovery.compose.brands import Brand, Brands
from binlog_watcher.recovery.compose.product_pages import ProductPages
from binlog_watcher.service.signers import envelope, signing_keys
from binlog_watcher.settings.settings import Settings
from binlog_watcher.shop.schema import Schema
from binlog_watcher.telemetry.otel import open_traces
from binlog_watcher.telemetry.traces import Traces
from mailer import (
    DiscountTable,
    DkimError,
    DkimSigner,
    Links,
    ShopInfo,
    Tier,
    read_key,
)
from mailer.languages import Languages, languages
from mailer.theme_check import problems
from mailer.themes import Theme, ThemeError, built_in, load_theme

MODELS = "recommender"
"""The folder in that of a cache which is the recommender's alone."""


def traces(settings: Settings) -> Traces:
    """Traces of carts' ways, where TRACES_URL says where to; of a dry run there are none. Raises ConfigError."""
    if settings.traces_url is None or settings.dry_run:
        return Traces()
    url = settings.traces_url.get_secret_value()
    return open_traces(url, percent=float(settings.traces_percent), version=version("cartwake"))


def policy(settings: Settings, activated_us: int) -> Policy:
    """The rules that decide() applies."""
    return Policy(
        threshold_us=settings.threshold_us,
        cooldown_us=settings.cooldown_us,
        max_age_us=settings.max_cart_age_us,
        activated_us=activated_us,
        excluded_roles=settings.exclude_roles,
        excludes_address=settings.exclude_addresses.match if settings.exclude_addresses else nobody,
        rollout_percent=settings.rollout_percent,
        mail_zero_totals=settings.mail_zero_totals,
        mail_unavailable=settings.mail_unavailable,
        order_grace_us=settings.order_grace_us,
        stores=None if settings.stores is None else frozenset(settings.stores),
    )


def insist_on_stores(settings: Settings, schema: Schema, *, told: bool) -> None:
    """Raises ConfigError where the listed stores and the preset don't go together.

    ``told``: whether the preset says which store a cart is of.
    """
    if settings.stores is not None and not told:
        raise ConfigError(
            f"STORES is set, and {schema.origin} does not say which store a cart is of: give store in [cart], or a "
            "column store in the SELECT of customers"
        )
    others = [name for name, store in (settings.stores or {}).items() if store.currency != settings.currency]
    if others and schema.currency is not None:
        raise ConfigError(
            f"STORES gives {', '.join(others)} another currency, and {schema.origin} says that all prices are in "
            f"{schema.currency}: take one of the two out"
        )


def shop_info(settings: Settings, currency: str | None = None) -> ShopInfo:
    """The shop as the mail shows it. ``currency``: that of its preset, if it names one."""
    try:
        return ShopInfo(
            name=settings.store_name,
            url=settings.store_url,
            address=settings.store_address,
            support_email=settings.support_email,
            sender_email=settings.sender_email,
            sender_name=settings.sender_name,
            cart_url=settings.cart_url,
            logo_url=settings.store_logo_url or None,
            logo_dark_url=settings.store_logo_dark_url or None,
            public_url=settings.public_url or None,
            currency=currency or settings.currency,
            emoji=settings.subject_emoji,
            free_shipping_text=settings.free_shipping_text,
        )
    except ValueError as error:
        raise ConfigError(str(error)) from error


def discounts(settings: Settings) -> DiscountTable:
    """The discount tiers."""
    try:
        return DiscountTable(
            tuple(Tier(tier.amount, tier.percent, tier.code or None) for tier in settings.tiers),
            note=settings.discount_note,
            ceiling=settings.discount_ceiling,
            rounding=settings.discount_rounding,
        )
    except ValueError as error:
        raise ConfigError(f"DISCOUNT_TIER settings: {error}") from error


def links(settings: Settings, stored_secret: str | None, *, store: str = "") -> Links:
    """The links of mails, in the name of a storefront."""
    try:
        return Links(
            signing_keys(settings, stored_secret),
            support_email=settings.unsubscribe_email or settings.support_email,
            public_url=settings.public_url or None,
            store=store,
            product_site=settings.store_url if settings.track_product_links else None,
            open_pixel=settings.open_pixel,
        )
    except ValueError as error:
        raise ConfigError(f"LINK_SECRET or PUBLIC_URL: {error}") from error


def dkim_signer(settings: Settings) -> DkimSigner | None:
    """Signs the mails in the name of the sender's domain, with the keys that are given; None without any."""
    if not settings.dkim_keys:
        return None
    try:
        keys = [read_key(selector, Path(path)) for selector, path in settings.dkim_keys]
        return DkimSigner(settings.sender_email.rpartition("@")[2], keys)
    except DkimError as error:
        raise ConfigError(f"DKIM_KEYS: {error}") from error


def mail_languages(settings: Settings) -> Languages:
    """The languages of mails and pages, with the shop's own wording."""
    try:
        messages = settings.mail_messages or mail_theme(settings).messages
        return languages(settings.languages, messages)
    except ValueError as error:
        raise ConfigError(f"LANGUAGES or MAIL_MESSAGES: {error}") from error


def mail_theme(settings: Settings) -> Theme:
    """How mails look. Raises ConfigError for a folder that was changed or is gone since the settings were read."""
    try:
        return load_theme(settings.mail_theme)
    except ThemeError as error:
        raise ConfigError(f"MAIL_THEME: {error}") from error


def brands(
    settings: Settings,
    stored_secret: str | None,
    *,
    currency: str | None = None,
    url_pattern: str | None = None,
) -> Brands:
    """What mails show and promise, of the settings and of each store that is listed.

    ``currency``: see ``shop_info``; ``url_pattern``: of products' pages, by the preset.
    """
    prices_in = currency or settings.currency

    def brand(one: Settings, name: str = "") -> Brand:
        pages = ProductPages(one.product_url, url_pattern)
        return Brand(
            shop_info(one, currency),
            discounts(one),
            links(one, stored_secret, store=name),
            envelope(one, stored_secret),
            prices_in,
            pages,
            dkim_signer(one),
            mail_languages(one),
            mail_theme(one),
            one.discount_code_days,
        )

    def checked(one: Settings, name: str = "") -> Brand:
        made = brand(one, name)
        # Those that are built in are checked by the tests.
        if one.mail_theme not in built_in() and (found := problems(made.store, made.theme)):
            raise ConfigError(*(f"MAIL_THEME {one.mail_theme}: {problem}" for problem in found))
        return made

    listed = {}
    for name, store in (settings.stores or {}).items():
        try:
            listed[name] = checked(store, name)
        except ConfigError as error:
            raise ConfigError(*(f"STORES [{name}]: {line}" for line in error.problems)) from error
    return Brands(checked(settings), listed)


def model_folder(settings: Settings, environ: Mapping[str, str] = os.environ) -> Path | None:
    """Where the recommender's indexes are kept; None: nowhere."""
    named = settings.recommender_cache
    if named is not None:
        return None if named.casefold() == "none" else Path(named).absolute() / MODELS
    if own := environ.get("CACHE_DIRECTORY"):  # systemd's: absolute, one of ours
        return Path(own.partition(":")[0]) / MODELS
    # The XDG Base Directory Specification: a relative path is invalid, and ignored.
    xdg = environ.get("XDG_CACHE_HOME", "")
    try:
        return (Path(xdg) if xdg.startswith("/") else Path.home() / ".cache") / "cartwake" / MODELS
    except RuntimeError:  # no home
        return None


def remember_us(policy: Policy) -> int:
    """How long what was told of a cart matters: a zone that is read wrong makes it a day younger, no more."""
    return policy.max_age_us + 24 * 3_600_000_000


def untold(schema: Schema) -> frozenset[Change]:
    """Activity that the shop's tables do not tell of, once it is over: the binlog alone does."""
    if schema.document is not None:
        return frozenset(Change)
    header = schema.header
    if schema.rows.updated and header is not None and (header.counts or header.ignore):
        return frozenset(Change) - {Change.INSERT}  # what changes in the header alone, and rows that are gone
    if schema.rows.updated or (header is not None and header.updated):
        return frozenset()
    return frozenset(Change) - ({Change.INSERT} if schema.rows.created else set())
