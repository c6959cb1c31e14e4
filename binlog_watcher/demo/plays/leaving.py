"""Who fills a cart, changes it or empties it, and goes."""

import asyncio

from binlog_watcher.demo.expectations import Timing
from binlog_watcher.demo.sample_shop import product
from binlog_watcher.demo.shoppers import Shopper


async def leave_small(shopper: Shopper) -> None:
    """Below 100: a mail without a discount."""
    await shopper.leave(5, 100)


async def leave_medium(shopper: Shopper) -> None:
    """From 100 to below 500: ten per cent."""
    await shopper.leave(100, 500)


async def leave_large(shopper: Shopper) -> None:
    """From 500 on: twenty per cent."""
    await shopper.leave(500, 4000)


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
