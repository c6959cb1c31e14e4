"""What the demo's shoppers do; each play states what must come of it."""

import asyncio
from dataclasses import replace
from decimal import Decimal

from binlog_watcher.demo.expectations import Timing
from binlog_watcher.demo.sample_shop import Product, product
from binlog_watcher.demo.shoppers import LATEST_ORDER, Shopper


async def _leave(shopper: Shopper, low: int, high: int) -> None:
    await shopper.add(shopper.basket(low, high))
    shopper.expect_mail()


async def leave_small(shopper: Shopper) -> None:
    """Below 100: a mail without a discount."""
    await _leave(shopper, 5, 100)


async def leave_medium(shopper: Shopper) -> None:
    """From 100 to below 500: ten per cent."""
    await _leave(shopper, 100, 500)


async def leave_large(shopper: Shopper) -> None:
    """From 500 on: twenty per cent."""
    await _leave(shopper, 500, 4000)


_EDGES = (
    ("External SSD 1 TB", 1),
    ("MIDI Keyboard 25", 1),
    ("Graphics Card RX 12 GB", 1),
    ("Violin Outfit 4/4", 2),
)


async def leave_on_edge(shopper: Shopper) -> None:
    """Totals of 99.99, 100.00, 499.99 and 500.00."""
    name, quantity = _EDGES[shopper.user_id % len(_EDGES)]
    await shopper.add(((product(name), quantity),))
    shopper.expect_mail()


async def leave_desk(shopper: Shopper) -> None:
    """The whole desk at once: laptop, mouse, keyboard, monitor, webcam and more in one statement."""
    names = ("Laptop Aero 14", "Wireless Mouse", "Mechanical Keyboard", "27-inch 4K Monitor", "HD Webcam")
    extras = (
        "USB-C Docking Station",
        "Dual Monitor Arm",
        "Felt Desk Mat XL",
        "LED Desk Lamp",
        "Standing Desk Oak",
    )
    await shopper.add(tuple((product(name), 1) for name in names + extras))
    shopper.expect_mail()


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


async def keep_adding(shopper: Shopper) -> None:
    """Adds something again and again: one mail, counted from the last."""
    things = ("Hand Coffee Grinder", "French Press 1 L", "Espresso Roast Beans 1 kg")
    for name in things:
        await shopper.add(((product(name), 1),))
        if name != things[-1]:
            await asyncio.sleep(shopper.stage.threshold * 0.5)
    shopper.expect_mail()


async def change_quantities(shopper: Shopper) -> None:
    """One more of this, two more of that: the mail has the last quantities, counted from the last change."""
    chosen = shopper.basket(60, 300)
    await shopper.add(chosen)
    await asyncio.sleep(2)
    await shopper.change_quantity(chosen[0][0], 3)
    await asyncio.sleep(1.5)
    await shopper.change_quantity(chosen[-1][0], 4)
    shopper.expect_mail()


async def empty_the_cart(shopper: Shopper) -> None:
    """Thinks better of it: no mail."""
    await shopper.add(shopper.basket())
    await asyncio.sleep(2)
    await shopper.empty()


async def delete_one_item(shopper: Shopper) -> None:
    """The mail knows only what is left, counted from the deletion."""
    gone, kept, also = product("Two-Person Tent"), product("Gas Camping Stove"), product("Headlamp 400 lm")
    await shopper.add(((gone, 1), (kept, 1), (also, 2)))
    await asyncio.sleep(2)
    await shopper.remove(gone)
    shopper.expect_mail()


async def come_back_later(shopper: Shopper) -> None:
    """Gets a mail, comes back when the cool-down is over and leaves again: a second mail."""
    await _leave(shopper, 20, 400)
    mail = await shopper.mail()
    await shopper.stage.restarted.wait()
    await shopper.until(mail.arrived_at + shopper.stage.cooldown + 1)
    await shopper.add(((product("Plush Fox"), 1),))
    shopper.expect_mail()


async def come_back_soon(shopper: Shopper) -> None:
    """Comes back inside the cool-down: the second mail waits for its end."""
    await _leave(shopper, 20, 400)
    mail = await shopper.mail()
    await asyncio.sleep(1.2)
    await shopper.add(((product("Plush Fox"), 1),))
    shopper.expect_mail(Timing.HELD, not_before=mail.arrived_at + shopper.stage.cooldown)


async def buy_after_the_mail(shopper: Shopper) -> None:
    """The mail worked."""
    await _leave(shopper, 50, 900)
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


_APART = 1.2
"""Seconds between two carts whose order matters: on MariaDB the time of a commit has whole seconds."""


async def share_an_address(first: Shopper, second: Shopper) -> None:
    """Two user ids, one address: one mail now, the other cart's after the cool-down."""
    await _leave(first, 20, 400)
    await asyncio.sleep(_APART)
    await second.add(second.basket())
    mail = await first.mail()
    second.expect_mail(Timing.HELD, not_before=mail.arrived_at + first.stage.cooldown)


async def share_an_address_and_buy(first: Shopper, second: Shopper) -> None:
    """The second cart is held back and bought meanwhile: one mail in all."""
    await _leave(first, 20, 400)
    await asyncio.sleep(_APART)
    await second.add(second.basket())
    await first.mail()
    await asyncio.sleep(2)
    await second.order()


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


async def nothing_but_zero(shopper: Shopper) -> None:
    """Quantity 0 is no item."""
    await shopper.add(((product("Kite Delta 160 cm"), 0),))


async def some_zero(shopper: Shopper) -> None:
    """Quantity 0 beside a real item: the mail has the real one."""
    await shopper.add(((product("Balance Bike"), 0), (product("Kids Bike 20-inch"), 1)))
    shopper.expect_mail()


def _one_off(shopper: Shopper) -> Product:
    """A product that is only ever in this shopper's cart."""
    number = 10_000 + shopper.user_id
    return replace(
        product("Wall Clock Silent"),
        id=number,
        name=f"Last Year's Wall Clock {number}",
        price=Decimal("17.00"),
    )


async def product_disappears(shopper: Shopper) -> None:
    """One product is deleted from the shop: the mail has the rest."""
    goner = _one_off(shopper)
    await shopper.stage.shop.run(
        (
            "INSERT INTO products (id, name, description, price, category, stock) VALUES (%s, %s, %s, %s, %s, 1)",
            (goner.id, goner.name, goner.description, goner.price, goner.category),
        )
    )
    await shopper.add(((goner, 1), (product("Floor Lamp Arc"), 1)))
    await asyncio.sleep(1)
    await shopper.lose_product(goner)
    shopper.expect_mail()


async def out_of_stock(shopper: Shopper) -> None:
    """Sold out meanwhile: still in the mail, and nobody is recommended what is sold out."""
    await shopper.add(((product("Monstera Plant"), 1), (product("Terracotta Pot 30 cm"), 2)))
    shopper.expect_mail()


async def roll_back(shopper: Shopper) -> None:
    """The transaction never commits: no cart, no mail."""
    await shopper.stage.shop.run(
        (
            "INSERT INTO cart (user_id, product_id, quantity) VALUES (%s, %s, 1)",
            (shopper.user_id, product("Chess Set Walnut").id),
        ),
        keep=False,
    )


async def leave_long_ago(shopper: Shopper) -> None:
    """Left before Cartwake was there: never mailed."""
    await shopper.add(shopper.basket(), days_ago=(0.1, 1, 2, 30)[shopper.user_id % 4])


async def leave_around_the_outage(shopper: Shopper) -> None:
    """Due while the service is down: mailed when it is back."""
    await shopper.add(shopper.basket(20, 900))
    shopper.expect_mail(Timing.OUTAGE)


async def order_during_the_outage(shopper: Shopper) -> None:
    """Armed before the kill, bought while nobody watched: no mail."""
    await shopper.add(shopper.basket())
    await shopper.stage.killed.wait()
    await asyncio.sleep(0.5)
    await shopper.order()
