"""Who buys, in time, too late for the mail, or not quite."""

import asyncio

from binlog_watcher.demo.expectations import Timing
from binlog_watcher.demo.sample_shop import product
from binlog_watcher.demo.shoppers import LATEST_ORDER, Shopper


async def order_in_time(shopper: Shopper) -> None:
    """Buys halfway to the threshold: no mail."""
    await shopper.add(shopper.basket())
    await shopper.until(shopper.due - shopper.stage.threshold / 2)
    await shopper.order()


async def order_at_the_last_moment(shopper: Shopper) -> None:
    """Buys in the last half second: no mail."""
    await shopper.add(shopper.basket())
    await shopper.until(shopper.due - LATEST_ORDER)
    commit = await shopper.order()
    if commit.ended > shopper.due - 0.05:
        late = commit.ended - shopper.due
        shopper.story.inconclusive = (
            f"the machine was too busy: the order came {late:+.2f} s from the due moment"
        )


async def bought_rows_stay(shopper: Shopper) -> None:
    """Bought, and the rows are still in the cart table: no mail."""
    await shopper.add(shopper.basket())
    await asyncio.sleep(1)
    await shopper.order()


async def bought_and_left_more(shopper: Shopper) -> None:
    """Bought rows stay, something new is added: the mail names only the new."""
    await shopper.add(shopper.basket(200, 900))
    await asyncio.sleep(1)
    await shopper.order()
    await shopper.next_second()
    await shopper.add(((product("Moka Pot 6 Cups"), 1), (product("Milk Frother"), 1)))
    shopper.expect_mail()


async def payment_fails(shopper: Shopper) -> None:
    """The order is deleted again: the cart is open as before.

    What the shop's clock says of the cart (whole seconds) is all there is to go by after an order.
    """
    await shopper.add(shopper.basket())
    await asyncio.sleep(1.5)
    await shopper.order()
    await asyncio.sleep(1)
    await shopper.take_back_order()
    shopper.expect_mail(Timing.CLOCK)


async def order_during_the_outage(shopper: Shopper) -> None:
    """Armed before the kill, bought while nobody watched: no mail."""
    await shopper.add(shopper.basket())
    await shopper.stage.killed.wait()
    await asyncio.sleep(0.5)
    await shopper.order()
