"""Where claimed carts become messages: a chunk at a time, in a thread of this process or in workers of their own."""

import asyncio
from collections.abc import Sequence
from typing import Protocol

from binlog_watcher.recovery.compose.composer import Composer
from binlog_watcher.recovery.stages import ClaimedCart, ComposedMail
from recommender import Options, Order, Product, Recommendation

COMPOSE_BATCH_SIZE = 25
"""Carts that are composed at a time: enough for the recommender to gain by it, few enough for the first to go soon."""

Composed = ComposedMail | Exception
"""A cart's message, or why it has none."""


class ComposePool(Protocol):
    """Composes; an error of one cart's is its own and no other's."""

    async def start(self) -> None:
        """Make ready, once the catalogue has been read."""
        ...

    async def compose(self, chunk: Sequence[ClaimedCart], now_us: int) -> list[Composed]:
        """The messages, in the order of the carts."""
        ...

    def products_changed(self, changed: Sequence[Product], gone: Sequence[int | str]) -> None:
        """The catalogue has these now, and these no more. Any thread."""
        ...

    def orders_came(self, orders: Sequence[Order], *, anew: bool) -> None:
        """The recommender learns from these orders, too; ``anew``: from these alone. Any thread."""
        ...

    def options_chosen(self, options: Options) -> None:
        """The recommender goes by these from now on. Any thread."""
        ...

    async def close(self) -> None:
        """Compose no more."""
        ...


class ComposeThread:
    """Composes in a thread of this process."""

    def __init__(self, composer: Composer) -> None:
        self._composer = composer

    async def start(self) -> None:
        """Build the index; without one mails go out with no recommendations, and say so in the log."""
        await asyncio.to_thread(self._composer.warm_up)

    async def compose(self, chunk: Sequence[ClaimedCart], now_us: int) -> list[Composed]:
        """One hop to a thread for all of it; the texts between two hops, when Gemini writes them."""
        if self._composer.writes_at_once:
            return await asyncio.to_thread(compose_all, self._composer, chunk, now_us)
        picks = await asyncio.to_thread(self._composer.recommend, [one.cart for one in chunk])
        texts = await texts_of(self._composer, chunk, picks)
        return await asyncio.to_thread(build_all, self._composer, chunk, picks, texts, now_us)

    def products_changed(self, changed: Sequence[Product], gone: Sequence[int | str]) -> None:
        """Begin to take them up out of the service's own catalogue now, not with the next cart."""
        del changed, gone
        self._composer.recommender.follow()

    def orders_came(self, orders: Sequence[Order], *, anew: bool) -> None:
        """Learn from them when the next model is built."""
        self._composer.recommender.take_orders(orders, anew=anew)

    def options_chosen(self, options: Options) -> None:
        """Build a model by them."""
        self._composer.recommender.choose(options)

    async def close(self) -> None:
        """Nothing to do."""


def compose_all(composer: Composer, chunk: Sequence[ClaimedCart], now_us: int) -> list[Composed]:
    """All of a chunk, with a writer that does not wait for anything. Blocking."""
    picks = composer.recommend([one.cart for one in chunk])
    texts = [composer.text_at_once(one.cart, chosen) for one, chosen in zip(chunk, picks, strict=True)]
    return build_all(composer, chunk, picks, texts, now_us)


async def texts_of(
    composer: Composer, chunk: Sequence[ClaimedCart], picks: Sequence[list[Recommendation]]
) -> list[str | Exception]:
    """The texts, written all at once."""
    found = await asyncio.gather(
        *(composer.text(one.cart, chosen) for one, chosen in zip(chunk, picks, strict=True)),
        return_exceptions=True,
    )
    for one in found:
        if isinstance(one, BaseException) and not isinstance(one, Exception):
            raise one
    return [one for one in found if not isinstance(one, BaseException) or isinstance(one, Exception)]


def build_all(
    composer: Composer,
    chunk: Sequence[ClaimedCart],
    picks: Sequence[list[Recommendation]],
    texts: Sequence[str | Exception],
    now_us: int,
) -> list[Composed]:
    """Render and build. Blocking."""
    made: list[Composed] = []
    for one, chosen, text in zip(chunk, picks, texts, strict=True):
        if isinstance(text, Exception):
            made.append(text)
            continue
        try:
            made.append(composer.build(one, chosen, text, now_us))
        except Exception as error:  # noqa: BLE001 - this cart's; the others go on
            made.append(error)
    return made
