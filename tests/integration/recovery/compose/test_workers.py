"""Messages are the same wherever they are made, and a worker that dies costs time only."""

import asyncio
import os
import signal
from dataclasses import dataclass, replace
from decimal import Decimal
from email import policy
from email.parser import BytesParser
from typing import Any

import pytest
from fakes.store import brand, catalogue, store
from fakes.waiting import until

from binlog_watcher.core.cart import Cart, Customer, Line
from binlog_watcher.core.decision import Send
from binlog_watcher.core.tracker import DueCart
from binlog_watcher.recovery.compose.brands import Brands
from binlog_watcher.recovery.compose.composer import Composer
from binlog_watcher.recovery.compose.pool import COMPOSE_BATCH_SIZE, ComposeThread
from binlog_watcher.recovery.compose.workers import ComposeWorkers
from binlog_watcher.recovery.stages import ClaimedCart, ComposedMail
from binlog_watcher.telemetry.metrics import Metrics
from recommender import Catalog, LiveRecommender, Options, Order, TemplateWriter, TextRequest

NOW = 1_790_000_000_000_000


class SlowWriter:
    """Writes texts that have to be waited for, as Gemini does."""

    async def write(self, request: TextRequest) -> str:
        await asyncio.sleep(0)
        if request.lines[0].name == "refuse":
            raise RuntimeError("no text for this one")
        return f"Written for {request.lines[0].name}."

    async def close(self) -> None:
        pass


@dataclass(frozen=True)
class Make:
    """A worker's composer. ``dies_of``: a cart that kills the worker."""

    dies_of: int | None = None

    def __call__(self, catalog: Catalog) -> Composer:
        made = composer(catalog)
        if self.dies_of is not None:
            self._arm(made)
        return made

    def _arm(self, made: Any) -> None:
        build = made.build

        def deadly(claimed: ClaimedCart, *arguments: Any) -> Any:
            if claimed.log_id == self.dies_of:
                os.kill(os.getpid(), signal.SIGKILL)
            return build(claimed, *arguments)

        made.build = deadly


def composer(catalog: Catalog, writer: Any = None) -> Composer:
    return Composer(
        brands=Brands(brand(), {"de": brand(store=store(name="Der Laden", sender_email="hallo@laden.example.com"))}),
        recommender=LiveRecommender(catalog, count=3, options=Options(threshold=0.0), rebuild_pause_s=0),
        writer=writer or TemplateWriter(), metrics=Metrics(), bought_us=0,
    )  # fmt: skip


@pytest.fixture
def catalog() -> Catalog:
    return catalogue()


def claimed(number: int, *, name: str = "Tea pot", email: str = "a@example.com") -> ClaimedCart:
    line = Line(number, f"{name}", "Kitchen", Decimal(20), 1, None)
    cart = Cart(number, Customer(number, "Ada", email, None, b"x" * 32), (line,), NOW, None)
    return ClaimedCart(DueCart(number, "b", NOW, NOW), cart, Send(NOW, NOW), number, 1)


def messages(made: Any) -> list[bytes]:
    return [one.message for one in made]


@pytest.mark.parametrize("writer", [TemplateWriter(), SlowWriter()], ids=["template", "a writer that waits"])
async def test_workers_make_the_same_messages(catalog: Catalog, writer: Any) -> None:
    chunk = [claimed(number) for number in range(1, 8)]
    chunk[2] = replace(chunk[2], cart=replace(chunk[2].cart, store="de"))
    local = composer(catalog, writer)
    expected = messages(await ComposeThread(local).compose(chunk, NOW))
    pool = ComposeWorkers(local, Make(), catalog, 2)
    try:
        await pool.start()
        several = await asyncio.gather(*(pool.compose(chunk, NOW) for _ in range(4)))
    finally:
        await pool.close()
    assert all(messages(made) == expected for made in several)
    assert [b"hallo@laden.example.com" in message for message in expected] == [False, False, True] + [
        False
    ] * 4
    texts = [
        BytesParser(policy=policy.default).parsebytes(message).get_body(("plain",)) for message in expected
    ]
    written = ["Written for Tea pot." in text.get_content() for text in texts if text is not None]
    assert written == [isinstance(writer, SlowWriter)] * 7


@pytest.mark.parametrize("workers", [0, 1])
async def test_a_broken_cart_is_its_own_trouble(catalog: Catalog, workers: int) -> None:
    chunk = [claimed(1), claimed(2, email="not an address"), claimed(3, name="refuse")]
    local = composer(catalog, SlowWriter())
    pool: Any = ComposeWorkers(local, Make(), catalog, workers) if workers else ComposeThread(local)
    try:
        made = await pool.compose(chunk, NOW)
    finally:
        await pool.close()
    assert isinstance(made[0], ComposedMail)
    assert "not an address" not in str(made[0])
    assert isinstance(made[1], Exception)
    assert str(made[2]) == "no text for this one"


async def test_a_worker_that_is_killed_is_replaced(catalog: Catalog) -> None:
    local = composer(catalog)
    expected = messages(await ComposeThread(local).compose([claimed(1)], NOW))
    pool = ComposeWorkers(local, Make(), catalog, 1)
    try:
        await pool.start()
        (worker,) = pool._workers
        os.kill(worker.process.pid or 0, signal.SIGKILL)
        assert messages(await pool.compose([claimed(1)], NOW)) == expected
        assert pool._workers != [worker]
    finally:
        await pool.close()


async def test_where_no_worker_can_be_had_it_is_made_here_and_tried_again(
    catalog: Catalog, monkeypatch: pytest.MonkeyPatch
) -> None:
    local = composer(catalog)
    expected = messages(await ComposeThread(local).compose([claimed(1)], NOW))
    pool = ComposeWorkers(local, Make(), catalog, 1)
    try:
        await pool.start()
        (worker,) = pool._workers
        os.kill(worker.process.pid or 0, signal.SIGKILL)
        new, asked = pool._new, 0

        def no_memory() -> Any:
            nonlocal asked
            asked += 1
            raise OSError("Cannot allocate memory")

        monkeypatch.setattr(pool, "_new", no_memory)
        for _ in range(2):
            assert messages(await pool.compose([claimed(1)], NOW)) == expected
        assert asked == 4, "it is tried at each chunk, and none waits for ever"
        monkeypatch.setattr(pool, "_new", new)
        assert messages(await pool.compose([claimed(1)], NOW)) == expected
        assert len(pool._workers) == 1
    finally:
        await pool.close()


async def test_of_what_a_worker_is_not_told_yet_the_last_state_is_kept(catalog: Catalog) -> None:
    pool = ComposeWorkers(composer(catalog), Make(), catalog, 1)
    try:
        await pool.start()
        (worker,) = pool._workers
        products = list(catalog)
        for _ in range(1000):  # a catalogue that is read anew once a minute, through a quiet night
            pool.products_changed(products, ["gone"])
        assert len(worker.changes) == len(products) + 1
        assert worker.changes["gone"] is None
        await pool.compose([claimed(1)], NOW)
        assert worker.changes == {}
    finally:
        await pool.close()


async def test_a_cart_that_no_worker_survives_is_made_here(catalog: Catalog) -> None:
    local = composer(catalog)
    chunk = [claimed(1), claimed(13)]
    expected = messages(await ComposeThread(local).compose(chunk, NOW))
    pool = ComposeWorkers(local, Make(dies_of=13), catalog, 1)
    try:
        assert messages(await pool.compose(chunk, NOW)) == expected
        assert messages(await pool.compose([claimed(1)], NOW)) == expected[:1]
    finally:
        await pool.close()


async def test_workers_hear_of_changed_products(catalog: Catalog) -> None:
    local = composer(catalog)
    pool = ComposeWorkers(local, Make(), catalog, 1)
    try:
        await pool.start()
        before = await pool.compose([claimed(1)], NOW)
        gone = [product.id for product in catalog if product.id != 1]
        for product_id in gone:
            catalog.remove(product_id)
        pool.products_changed([], gone)
        after = await pool.compose([claimed(1)], NOW)
    finally:
        await pool.close()
    assert len(messages(after)[0]) < len(messages(before)[0])  # nothing is left to be recommended


async def test_workers_hear_of_orders(catalog: Catalog) -> None:
    garden = replace(next(iter(catalog)), id=99, name="Garden rake", description="", category="Garden")
    catalog.upsert(garden)
    local = composer(catalog)
    pool = ComposeWorkers(local, Make(), catalog, 1)
    try:
        await pool.start()
        (before,) = messages(await pool.compose([claimed(1)], NOW))
        pool.orders_came([Order((1, 99))] * 3, anew=True)
        pool.orders_came([Order((1, 99))], anew=False)
        assert len(local.recommender.orders()) == 4
        deadline = asyncio.get_running_loop().time() + 60
        after = before
        while after == before:  # the new model is built beside the answers
            assert asyncio.get_running_loop().time() < deadline
            (after,) = messages(await pool.compose([claimed(1)], NOW))
    finally:
        await pool.close()
    (text,) = [BytesParser(policy=policy.default).parsebytes(after).get_body(("plain",))]
    assert text is not None
    assert "Garden rake" in text.get_content()


async def test_workers_end_with_their_parent(catalog: Catalog) -> None:
    pool = ComposeWorkers(composer(catalog), Make(), catalog, 2)
    await pool.start()
    processes = [worker.process for worker in pool._workers]
    await pool.close()
    await until(lambda: not any(process.is_alive() for process in processes))
    assert COMPOSE_BATCH_SIZE > 1
