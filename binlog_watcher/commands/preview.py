"""`cartwake preview`: what would be decided for one cart now, and its mail."""

import asyncio
from dataclasses import dataclass

from binlog_watcher.answers.cart_verdict import handled
from binlog_watcher.answers.wording import WHY, in_words
from binlog_watcher.core.cart import Cart
from binlog_watcher.core.decision import Skip, decide, is_ours
from binlog_watcher.core.events import CartKey
from binlog_watcher.core.log_status import Reason
from binlog_watcher.errors import CartwakeError, ConfigError
from binlog_watcher.service.catalogue import read_catalogue
from binlog_watcher.service.mail_server import smtp
from binlog_watcher.service.order_learning import as_orders, ordered_lately
from binlog_watcher.service.pipeline import ComposerSetup, build_recommender
from binlog_watcher.service.resources import Resources, open_resources
from binlog_watcher.service.texts import text_writer
from binlog_watcher.settings.settings import Settings
from binlog_watcher.store.own_tables.history import read_rows
from binlog_watcher.store.shop_tables.shop import Shop
from binlog_watcher.telemetry.metrics import Metrics
from mailer import Address, InvalidAddressError, Rendered, SendError, SmtpSender, parse_address

MOST_ROWS = 20
"""Of the log are looked at for one cart, the newest ones."""

TRIED = 20
"""Newest carts that are looked at for one with a mail: those of guests without an address have none."""


class NoCartError(ConfigError):
    """The shop has no cart at all."""


@dataclass(frozen=True, slots=True)
class Preview:
    """What would be decided for a cart now, in words, and its mail (None for an empty cart).

    ``store``: the storefront that it is of; None where the preset does not say. Another one's has no mail.
    ``answer``: the mail server's, where the mail was sent on trial.
    """

    decision: str
    mail: Rendered | None
    store: str | None = None
    answer: str | None = None


async def preview(
    settings: Settings, *, user: str | None = None, cart_key: str | None = None, send_to: str | None = None
) -> Preview:
    """Decide on a cart as the service would, and render its mail; writes nothing, and sends only to ``send_to``.

    The cart is that of the key, or the newest of the customer's, or the shop's newest. Raises ConfigError where there
    is none (``NoCartError``, if the shop has none at all), CartwakeError for one that can't be read, and where the mail
    could not be sent.
    """
    resources = await asyncio.to_thread(lambda: open_resources(settings, write=False))
    try:
        if user is None and cart_key is None:
            key = await asyncio.to_thread(_newest, resources)
            cart_key = str(key)
        else:
            key = await asyncio.to_thread(_key, resources.shop, user, cart_key)
        whose = f"the cart {cart_key}" if cart_key is not None else f"the cart of user {user}"
        loaded = await asyncio.to_thread(resources.loader.load, [key])
        if key in loaded.unreadable:
            raise CartwakeError(f"{whose} can't be read: {loaded.unreadable[key]}")
        cart = loaded.carts[key]
        words = await asyncio.to_thread(_decided, resources, cart)
        if cart.customer is None:
            return Preview(f"{words}; the shop has no customer {cart.customer_id or key}", None, cart.store)
        if not cart.lines:
            return Preview(f"{words}; {whose} has no rows that count", None, cart.store)
        if not is_ours(cart, resources.policy):
            why = WHY[Reason.STORE]
            return Preview(words if why in words else f"{words}; {why}", None, cart.store or "none")
        mail, answer = await _mail(settings, resources, cart, send_to)
        return Preview(words, mail, cart.store, answer)
    finally:
        await asyncio.to_thread(resources.close)


def _decided(resources: Resources, cart: Cart) -> str:
    """The decision in words; of a cart that was handled before also when and why, by its row in the log."""
    decision = decide(cart, None, resources.clock.now_us(), resources.policy)
    if not isinstance(decision, Skip) or decision.reason is not Reason.HANDLED:
        return in_words(decision)
    with resources.database.session() as session:
        rows = read_rows(session, cart, resources.episodes.shop_id, with_bounces=False, most=MOST_ROWS)
    return f"no mail ({decision.reason}): {handled(cart.logged, rows)}"


async def _mail(
    settings: Settings, resources: Resources, cart: Cart, send_to: str | None
) -> tuple[Rendered, str | None]:
    """The mail, and what the mail server said to it, if it was to be sent."""
    metrics = Metrics()
    writer = text_writer(settings, metrics)
    try:
        catalogue = await asyncio.to_thread(read_catalogue, resources.shop)
        recommender = build_recommender(settings, catalogue)
        now_us = resources.clock.now_us()
        months, lines = settings.recommender_order_months, settings.recommender_order_lines
        found = await asyncio.to_thread(ordered_lately, resources.shop, now_us, months=months, lines=lines)
        recommender.take_orders(as_orders(found))
        composer = ComposerSetup.of(settings, resources).composer(recommender, writer, metrics)
        picks = composer.recommend([cart])[0]
        text = await composer.text(cart, picks)
        # No row's id goes to somebody else: with it the customer could be unsubscribed.
        log_id = cart.logged.id if cart.logged and send_to is None else 0
        rendered, mail = composer.render(cart, picks, text, log_id, now_us)
        if send_to is None:
            return rendered, None
        try:
            to = parse_address(send_to, exact=True)
        except InvalidAddressError as error:
            raise ConfigError(f"--send-to: {error}") from None
        message = composer.trial(cart, rendered, mail, to, now_us)
        return rendered, await _sent(settings, composer.brands.of(cart).store.sender_email, to, message)
    finally:
        await writer.close()


async def _sent(settings: Settings, mail_from: str, to: Address, message: bytes) -> str:
    sender = SmtpSender(smtp(settings))
    try:
        return await sender.send(mail_from, to.mailbox, message)
    except SendError as error:
        raise CartwakeError(f"the mail was not sent: {error}") from error
    finally:
        await sender.close()


def _newest(resources: Resources) -> CartKey:
    """Of the newest carts the first that somebody can be written to about; if there is none the newest."""
    keys = resources.scan.newest(TRIED)
    if not keys:
        raise NoCartError("the shop has no cart yet")
    loaded = resources.loader.load(keys).carts
    return next((key for key in keys if (cart := loaded.get(key)) and cart.customer and cart.lines), keys[0])


def _key(shop: Shop, user: str | None, cart_key: str | None) -> CartKey:
    """The key of the cart that is meant. Raises ConfigError for what can't be one, and a customer without a cart."""
    if cart_key is not None:
        key = shop.key(cart_key)
    else:
        customer = shop.queries.customer.key(user or "") if shop.queries.customer else None
        key = next(iter(shop.carts_of([customer])), None) if customer is not None else None
    if key is None:
        raise ConfigError(f"there is no cart {cart_key}" if user is None else f"user {user} has no cart")
    return key
