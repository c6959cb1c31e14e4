"""Quantities of 0, and products that are gone or sold out."""

import asyncio
from dataclasses import replace
from decimal import Decimal

from binlog_watcher.demo.sample_shop import Product, product
from binlog_watcher.demo.shoppers import Shopper


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
    """Sold out meanwhile: still in the mail, not in its total, and nobody is recommended what is sold out."""
    await shopper.add(((product("Monstera Plant"), 1), (product("Terracotta Pot 30 cm"), 2)))
    shopper.expect_mail()
