"""What every command needs of the shop's MySQL: sessions, column types, the log, addresses, and Cartwake's clock."""

from contextlib import closing
from dataclasses import dataclass

import structlog

from binlog_watcher.clock import ServerClock
from binlog_watcher.core.decision import Policy
from binlog_watcher.core.erased_keys import ErasedKeys
from binlog_watcher.recovery.loading import CartLoader
from binlog_watcher.service.wiring import insist_on_stores, policy
from binlog_watcher.settings.settings import Settings
from binlog_watcher.shop.identity import ShopIdentity, identity_of
from binlog_watcher.shop.schema import Schema
from binlog_watcher.store.database import Database
from binlog_watcher.store.locks.presence import Presence, new_owner
from binlog_watcher.store.own_tables import activation, belonging, origin, recipients, tables
from binlog_watcher.store.own_tables.cart_notes import CartNotes
from binlog_watcher.store.own_tables.dry_notes import DryNotes
from binlog_watcher.store.own_tables.log import EpisodeLog
from binlog_watcher.store.own_tables.retention import OldRows
from binlog_watcher.store.own_tables.webhook_events import WebhookEvents
from binlog_watcher.store.shop_tables.scans import Scan, scan_of
from binlog_watcher.store.shop_tables.shop import Shop

log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Resources:
    """The opened parts. ``with_log``: whether our own tables are there (a dry run creates none).

    ``activated_us``: the first run that was not dry, else now.
    """

    schema: Schema
    database: Database
    shop: Shop
    scan: Scan
    episodes: EpisodeLog
    notes: CartNotes
    hasher: recipients.AddressHasher
    loader: CartLoader
    clock: ServerClock
    policy: Policy
    identity: ShopIdentity
    activated_us: int
    link_secret: str | None
    with_log: bool
    attribution_days: int

    @property
    def old_rows(self) -> OldRows:
        """Rows of the log that may be erased since they are old."""
        return OldRows(self.database, self.shop, self.episodes.erased, attribution_days=self.attribution_days)

    def close(self) -> None:
        """Close all sessions."""
        self.database.close()


def open_resources(
    settings: Settings, *, write: bool, activate: bool | None = None, include_older_us: int = 0
) -> Resources:
    """``resources_of`` the shop that the settings name."""
    return resources_of(
        settings, settings.preset(), write=write, activate=activate, include_older_us=include_older_us
    )


def resources_of(
    settings: Settings,
    schema: Schema,
    *,
    write: bool,
    activate: bool | None = None,
    include_older_us: int = 0,
) -> Resources:
    """Connect, and with ``write`` create or upgrade our tables. Blocking.

    ``activate`` (default: as ``write``): set the activation time, if it is not set; ``include_older_us``: how long
    before it a cart may have fallen due that is mailed. Raises ConfigError and DatabaseUnavailableError.
    """
    database = Database(settings.connection)
    clock = ServerClock()
    refresh_clock(clock, database)
    shop = Shop(database, schema, timezone=settings.shop_timezone, currency_of=settings.currency_of)
    insist_on_stores(settings, schema, told=shop.tells_store)
    if write:
        tables.migrate(database, shop, attribution_days=settings.attribution_days)
    with_log = tables.exist(database)
    identity = identity_of(schema)
    shop_id = belonging.own_id(database, identity) if with_log else identity.id
    salt = (recipients.meta(database, "address_salt") if with_log else None) or "dry-run"
    erased = ErasedKeys(salt)
    episodes = EpisodeLog(
        database,
        shop,
        new_owner(shop_id),
        erased=erased,
        bounce_limit=settings.bounce_limit,
        events=WebhookEvents(settings.told_events),
    )
    notes = _notes(shop, shop_id or "", clock, erased, write=write)
    hasher = recipients.AddressHasher(salt)
    activate = write if activate is None else activate
    activated_us = episodes.activated_us(clock.now_us(), dry_run=not activate)
    mailed_after_us = activation.mailed_after_us(
        database, activated_us, include_older_us, with_log=with_log, keep=activate
    )
    return Resources(
        schema=schema,
        database=database,
        shop=shop,
        scan=scan_of(shop, notes),
        episodes=episodes,
        notes=notes,
        hasher=hasher,
        loader=CartLoader(shop, episodes, notes, hasher, now_us=clock.now_us, with_log=with_log),
        clock=clock,
        policy=policy(settings, mailed_after_us),
        identity=identity,
        activated_us=activated_us,
        link_secret=recipients.meta(database, "link_secret") if with_log else None,
        with_log=with_log,
        attribution_days=settings.attribution_days,
    )


def _notes(shop: Shop, shop_id: str, clock: ServerClock, erased: ErasedKeys, *, write: bool) -> CartNotes:
    database, document = shop.database, shop.schema.document
    form = None if document is None else document.form
    present = tables.exist(database) and tables.notes_exist(database)
    if write:
        return CartNotes(database, shop_id, present=present, form=form, standing=shop.standing, erased=erased)
    return DryNotes(database, shop_id, now_us=clock.now_us, present=present, form=form, erased=erased)


def presence_of(settings: Settings, resources: Resources) -> Presence:
    """What shows others that this service lives, and with which preset; it does not show it yet."""
    preset = None if settings.dry_run else resources.identity.content
    return Presence(settings.connection, resources.episodes.owner, preset=preset)


def enter_log(resources: Resources, presence: Presence) -> None:
    """What comes before a service works with the log; ``presence`` is shown from then on. Blocking; if it writes.

    Raises DatabaseUnavailableError while no claim can be written, ConfigError while a service with another preset
    follows the database.
    """
    resources.episodes.check_writable()
    with belonging.one_at_a_time(resources.database):  # two that look in one moment would not see each other
        belonging.insist_alone(resources.database, resources.identity)
        register(resources)
        presence.ping()
    with resources.database.session() as session:
        others = belonging.rows_of_others(session, resources.episodes.shop_id)
    for other in others:
        log.warning(
            "log.of_another_preset", preset=other.description, open_mails=other.rows,
            hint=f"they are left alone; if it is the same shop: {belonging.how_to_adopt(other)}",
        )  # fmt: skip


def register(resources: Resources) -> None:
    """Remember whose rows are written from now on, on which server, and by which threshold. Blocking."""
    belonging.register(resources.database, resources.episodes.shop_id or "", resources.identity)
    activation.keep_threshold(resources.database, resources.policy.threshold_us)
    origin.record_origin(resources.database)


def check_alone(settings: Settings) -> None:
    """Raises ConfigError while a service with another preset follows the database. Blocking."""
    with closing(Database(settings.connection)) as database:
        if tables.exist(database):
            belonging.insist_alone(database, identity_of(settings.preset()))


def refresh_clock(clock: ServerClock, database: Database) -> int:
    """Measure the offset to MySQL's clock; how far it moved, in microseconds."""
    with database.session() as session:

        def server_us() -> int:
            row = session.row("SELECT CAST(UNIX_TIMESTAMP(SYSDATE(6)) * 1000000 AS SIGNED)")
            return int(row[0]) if row else clock.now_us()

        return clock.refresh(server_us)
