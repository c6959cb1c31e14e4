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
    assert order == ["a", "b", "c"], "first come, first served"
    assert slots.free == 1


async def test_a_user_in_a_loop_does_not_starve_another() -> None:
    slots = ConnectionSlots(1)
    turns: list[str] = []

    async def use(name: str) -> None:
        for _ in range(5):
            async with slots.one():
                turns.append(name)
                await asyncio.sleep(0)

    async with asyncio.timeout(10):
        await asyncio.gather(use("a"), use("b"))
    assert "".join(turns).startswith("ababab")


async def test_whoever_gives_up_waiting_loses_no_connection() -> None:
    slots = ConnectionSlots(1)

    async def use() -> None:
        async with slots.one():
            raise AssertionError("it never gets one")

    slots.take(1)
    waiting, other = asyncio.create_task(use()), asyncio.create_task(use())
    await asyncio.sleep(0)
    waiting.cancel()
    await asyncio.gather(waiting, return_exceptions=True)
    slots.release(1)  # handed to the other one, which is cancelled before it can go on
    other.cancel()
    await asyncio.gather(other, return_exceptions=True)
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
