"""Who has had a mail and comes back, or shares the address with somebody who has."""

import asyncio

from binlog_watcher.demo.expectations import Timing
from binlog_watcher.demo.sample_shop import product
from binlog_watcher.demo.shoppers import Shopper


async def come_back_later(shopper: Shopper) -> None:
    """Gets a mail, comes back when the cool-down is over and leaves again: a second mail."""
    await shopper.leave(20, 400)
    mail = await shopper.mail()
    await shopper.stage.restarted.wait()
    await shopper.until(mail.arrived_at + shopper.stage.cooldown + 1)
    await shopper.add(((product("Plush Fox"), 1),))
    shopper.expect_mail()


async def come_back_soon(shopper: Shopper) -> None:
    """Comes back inside the cool-down: the second mail waits for its end."""
    await shopper.leave(20, 400)
    mail = await shopper.mail()
    await asyncio.sleep(1.2)
    await shopper.add(((product("Plush Fox"), 1),))
    shopper.expect_mail(Timing.HELD, not_before=mail.arrived_at + shopper.stage.cooldown)


async def buy_after_the_mail(shopper: Shopper) -> None:
    """The mail worked."""
    await shopper.leave(50, 900)
    await shopper.mail()
    await asyncio.sleep(1.2)
    await shopper.order()


async def tinker_after_the_mail(shopper: Shopper) -> None:
    """Changes a quantity and deletes an item after the mail: still the same cart, no second mail."""
    chosen = ((product("Acrylic Paint Set 18"), 1), (product("Table Easel Beech"), 1))
    await shopper.add(chosen)
    shopper.expect_mail()
    await shopper.mail()
    await asyncio.sleep(1.2)
    await shopper.change_quantity(chosen[0][0], 2)
    await shopper.remove(chosen[1][0])


_APART = 1.2
"""Seconds between two carts whose order matters: on MariaDB the time of a commit has whole seconds."""


async def share_an_address(first: Shopper, second: Shopper) -> None:
    """Two user ids, one address: one mail now, the other cart's after the cool-down."""
    await first.leave(20, 400)
    await asyncio.sleep(_APART)
    await second.add(second.basket())
    mail = await first.mail()
    second.expect_mail(Timing.HELD, not_before=mail.arrived_at + first.stage.cooldown)


async def share_an_address_and_buy(first: Shopper, second: Shopper) -> None:
    """The second cart is held back and bought meanwhile: one mail in all."""
    await first.leave(20, 400)
    await asyncio.sleep(_APART)
    await second.add(second.basket())
    await first.mail()
    await asyncio.sleep(2)
    await second.order()
