"""Customers whom no mail may reach, and guests."""

import asyncio

from binlog_watcher.demo.shoppers import Shopper


async def cannot_be_reached(shopper: Shopper) -> None:
    """No address or an invalid one: logged as skipped, no mail."""
    await shopper.add(shopper.basket())
    shopper.story.skips.append("no_address")


async def account_is_deleted(shopper: Shopper) -> None:
    """The customer is gone before the cart is due: nobody to write to."""
    await shopper.add(shopper.basket())
    await asyncio.sleep(1)
    await shopper.stage.shop.run(("DELETE FROM users WHERE id = %s", (shopper.user_id,)))
    shopper.story.skips.append("no_address")


async def has_opted_out(shopper: Shopper) -> None:
    """Unsubscribed earlier: logged as skipped, no mail."""
    await shopper.add(shopper.basket())
    shopper.story.skips.append("opted_out")


async def works_here(shopper: Shopper) -> None:
    """Staff fill test carts: an excluded role, logged as skipped."""
    await shopper.add(shopper.basket())
    shopper.story.skips.append("role")


async def guest_never_logs_in(shopper: Shopper) -> None:
    """A cart without a customer: nobody to write to."""
    await shopper.add_as_guest(shopper.basket(), None if shopper.user_id % 2 else 0)


async def guest_logs_in(shopper: Shopper) -> None:
    """The rows move to the customer at login: counted from there."""
    chosen = shopper.basket()
    rows = await shopper.add_as_guest(chosen, None if shopper.user_id % 2 else 0)
    await asyncio.sleep(2)
    await shopper.log_in(rows, chosen)
    shopper.expect_mail()
