"""From a claimed cart to the bytes of its mail: recommend → write → render → build.

Whatever fails on the way has a fallback: no recommender, no recommendations; no Gemini, the template's text. Only a
mail that can't be built at all is an error.
"""

from collections.abc import Sequence
from email.utils import make_msgid
from functools import partial

import structlog

from binlog_watcher.core.cart import Cart
from binlog_watcher.recovery.compose.brands import Brands
from binlog_watcher.recovery.stages import ClaimedCart, ComposedMail
from binlog_watcher.store.times import from_us
from binlog_watcher.telemetry.metrics import Metrics
from mailer import (
    Address,
    Line,
    Pick,
    RecoveryMail,
    Rendered,
    build,
    check_line_ends,
    first_name,
    parse_address,
)
from recommender import LiveRecommender, ProductFacts, Recommendation, TemplateWriter, TextRequest, TextWriter

log = structlog.get_logger(__name__)


class Composer:
    """Builds mails, each in the name of its cart's storefront.

    ``installation`` tells this shop's Message-IDs from those of another under the same domain. ``bought_us``: what the
    customer bought so shortly before the cart is not recommended.
    """

    def __init__(
        self,
        *,
        brands: Brands,
        recommender: LiveRecommender,
        writer: TextWriter,
        metrics: Metrics,
        bought_us: int,
        installation: str = "",
    ) -> None:
        self.brands = brands
        self.recommender = recommender
        self._writer = writer
        self._metrics = metrics
        self._installation = installation
        self._bought_us = bought_us
        self._fallbacks = 0

    def recommend(self, carts: Sequence[Cart]) -> list[list[Recommendation]]:
        """Recommendations for a batch; none at all when the recommender fails. Blocking: call it in a thread."""
        try:
            return self.recommender.recommend_many(
                [[line.product_id for line in cart.lines if line.price >= 0] for cart in carts],
                [cart.bought_within(self._bought_us) for cart in carts],
            )
        except Exception as error:  # noqa: BLE001 - whatever breaks in it, the mail goes out without
            log.warning("recommender.failed", error=f"{type(error).__name__}: {error}", mails=len(carts))
            self.count_fallbacks(len(carts))
            return [[] for _ in carts]

    def warm_up(self) -> None:
        """Build the recommender's index and the templates now. Blocking; a failure shows with the first cart again."""
        self.recommend([])
        for brand in [self.brands.default, *self.brands.listed.values()]:
            brand.renderer.warm_up()

    @property
    def fallbacks(self) -> int:
        """Mails so far that go without recommendations since the recommender failed."""
        return self._fallbacks

    def count_fallbacks(self, mails: int) -> None:
        """So many more mails go without recommendations since the recommender failed, here or in a worker."""
        if mails:
            self._fallbacks += mails
            self._metrics.fallbacks.labels("recommender").inc(mails)

    @property
    def writes_at_once(self) -> bool:
        """Whether texts need not be waited for."""
        return isinstance(self._writer, TemplateWriter)

    def text_at_once(self, cart: Cart, picks: Sequence[Recommendation]) -> str:
        """The template's text."""
        return TemplateWriter().compose(self._request(cart, picks))

    async def text(self, cart: Cart, picks: Sequence[Recommendation]) -> str:
        """The recommendation text; the writer falls back to the template by itself."""
        return await self._writer.write(self._request(cart, picks))

    def _request(self, cart: Cart, picks: Sequence[Recommendation]) -> TextRequest:
        brand = self.brands.of(cart)
        return TextRequest(
            lines=tuple(ProductFacts(line.name, line.category) for line in cart.lines if line.price >= 0),
            picks=tuple(ProductFacts.of(pick.product, pick.reason) for pick in picks),
            language=brand.language(cart).tag,
        )

    def render(
        self, cart: Cart, picks: Sequence[Recommendation], text: str, log_id: int, now_us: int
    ) -> tuple[Rendered, RecoveryMail]:
        """Subject, HTML and plain text.

        ``log_id`` 0 is no row's, for previews: their links lead to the shop itself, which the pages would refuse to do.
        """
        brand = self.brands.of(cart)
        items = brand.items(cart)
        mail = RecoveryMail(
            first_name=first_name(cart.customer.name if cart.customer else None),
            lines=[
                Line(
                    line.name,
                    line.category or None,
                    line.price,
                    line.quantity,
                    line.image,
                    brand.product_pages.of(line.product_id, line.url),
                    line.available,
                )
                for line in cart.lines
            ],
            log_id=log_id,
            unsubscribe=brand.links.unsubscribe(log_id),
            items=items,
            cart_link=brand.links.back_to_cart(log_id, items) if log_id else None,
            product_link=partial(brand.links.to_product, log_id) if log_id else None,
            pixel=brand.links.pixel(log_id),
            discount=brand.discount(cart),
            valid_until=brand.valid_until(from_us(now_us).date()),
            currency=cart.currency or brand.store.currency,
            language=cart.customer.language if cart.customer else None,
            text=text,
            picks=[
                Pick(
                    name=pick.product.name,
                    price=brand.price(cart, pick.product.price),
                    category=pick.product.category or None,
                    image_url=pick.product.image,
                    url=brand.product_pages.of(pick.product.id, pick.product.url),
                )
                for pick in picks
            ],
        )
        return brand.renderer.render(mail), mail

    def trial(self, cart: Cart, rendered: Rendered, mail: RecoveryMail, to: Address, now_us: int) -> bytes:
        """The message as it would reach the customer, made out to somebody else. Its Message-ID is of no row."""
        brand = self.brands.of(cart)
        message = build(
            rendered,
            store=brand.store,
            recipient=to,
            message_id=make_msgid("cartwake.preview", brand.store.sender_email.rpartition("@")[2]),
            date=from_us(now_us),
            unsubscribe=mail.unsubscribe,
        )
        return message if brand.signer is None else brand.signer.sign(message)

    def build(
        self, claimed: ClaimedCart, picks: Sequence[Recommendation], text: str, now_us: int
    ) -> ComposedMail:
        """Render and build the message once: a retry of the same row has the same Message-ID."""
        rendered, mail = self.render(claimed.cart, picks, text, claimed.log_id, now_us)
        customer, brand = claimed.cart.customer, self.brands.of(claimed.cart)
        address = parse_address(customer.email if customer else None)
        mid = brand.envelope.message_id(claimed.log_id, tag=self._installation)
        message = build(
            rendered,
            store=brand.store,
            recipient=address,
            message_id=mid,
            date=from_us(now_us),
            unsubscribe=mail.unsubscribe,
            recipient_name=customer.name if customer else None,
            metadata=brand.envelope.metadata(claimed.log_id),
        )
        if brand.signer is not None:
            message = brand.signer.sign(message)
        check_line_ends(message)
        return ComposedMail(claimed, brand.envelope.mail_from(claimed.log_id), address.mailbox, message, mid)
