"""Free connections are counted in one place."""

import asyncio

import pytest

from mailer import ConnectionSlots


async def test_what_is_taken_is_not_free_until_it_is_released() -> None:
    slots = ConnectionSlots(3)
    slots.take(2)
    assert (slots.free, slots.total) == (1, 3)
    with pytest.raises(ValueError, match="2 connections wanted, 1 are free"):
        slots.take(2)
    slots.release(2)
    assert slots.free == 3
    with pytest.raises(ValueError, match="given back"):
        slots.release(1)


async def test_whoever_waits_for_one_gets_it_when_it_is_free_and_gives_it_back() -> None:
    slots = ConnectionSlots(1)
    order: list[str] = []

    async def use(name: str) -> None:
        async with slots.one():
            order.append(name)
            await asyncio.sleep(0)

    slots.take(1)
    waiting = [asyncio.create_task(use(name)) for name in "abc"]
    await asyncio.sleep(0)
    assert order == []
    slots.release(1)
    async with asyncio.timeout(10):
        await asyncio.gather(*waiting)
    assert sorted(order) == ["a", "b", "c"]
    assert slots.free == 1


async def test_a_connection_is_given_back_when_its_user_fails() -> None:
    slots = ConnectionSlots(1)
    with pytest.raises(OSError, match="gone"):
        async with slots.one():
            raise OSError("gone")
    assert slots.free == 1


async def test_freed_waits_for_the_next_release_only() -> None:
    slots = ConnectionSlots(2)
    slots.take(2)
    slots.release(1)
    waiting = asyncio.create_task(slots.freed())
    await asyncio.sleep(0)
    assert not waiting.done()
    slots.release(1)
    async with asyncio.timeout(10):
        await waiting
