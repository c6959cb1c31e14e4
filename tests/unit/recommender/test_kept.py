"""A model that is kept is used again where it fits, and done without where it doesn't."""

import logging
import os
import pickle
import shutil
import subprocess
import sys
import threading
from collections.abc import Callable, Hashable, Iterable, Sequence
from dataclasses import replace
from decimal import Decimal
from pathlib import Path

import numpy as np
import pytest

from recommender import Catalog, KeptModels, LiveRecommender, Options, OrderLog, Product, Recommender
from recommender.model import learnt
from recommender.stored import mapped_vectors, write_together, write_vectors
from recommender.subprocess_build import vectorise_in_subprocess
from recommender.vectors import texts_of, vectorise

SHOP = [
    Product(number, f"{kind} number{number % 5} {colour}", "for tea", Decimal(5), kind)
    for number, (kind, colour) in enumerate(
        [(kind, colour) for kind in ("Mug", "Pot", "Lamp", "Rug") for colour in "abcdefghij"]
    )
]
ORDERS = [[1, 12], [1, 12], [3, 30]]
CARTS = [[product.id] for product in SHOP]


class Work:
    """What had to be done, here in place of another process."""

    def __init__(self) -> None:
        self.done: list[str] = []

    def vectorise(self, products: Sequence[Product], folder: Path) -> None:
        self.done.append("texts")
        write_vectors(folder, vectorise(map(texts_of, products)))

    def learn(
        self, texts: Path, folder: Path, ids: Iterable[Hashable], orders: OrderLog, options: Options
    ) -> None:
        self.done.append("orders")
        rows = {product_id: row for row, product_id in enumerate(ids)}
        together = learnt(mapped_vectors(texts).matrix, rows, orders, options)
        assert together is not None
        write_together(folder, together)


@pytest.fixture
def work(monkeypatch: pytest.MonkeyPatch) -> Work:
    made = Work()
    monkeypatch.setattr("recommender.kept.WORTH_IT", 10)
    monkeypatch.setattr("recommender.kept.vectorise_in_subprocess", made.vectorise)
    monkeypatch.setattr("recommender.kept.learn_in_subprocess", made.learn)
    return made


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "cache" / "models"


def never(*_: object) -> Recommender:
    raise AssertionError("it should be kept")


def started(folder: Path, products: Iterable[Product] = SHOP, orders: object = ()) -> Recommender:
    """The model of a service that starts."""
    return KeptModels(folder, never)(products, OrderLog(orders), Options())  # type: ignore[arg-type] # of any form


@pytest.mark.parametrize("orders", [[], ORDERS], ids=["texts", "texts and orders"])
def test_a_start_maps_what_the_last_one_built(work: Work, folder: Path, orders: list[list[int]]) -> None:
    expected = Recommender.build(SHOP, orders).recommend(CARTS)
    assert started(folder, SHOP, orders).recommend(CARTS) == expected
    built = ["texts", "orders"] if orders else ["texts"]
    assert work.done == built
    assert started(folder, reversed(SHOP), orders).recommend(CARTS) == expected
    assert work.done == built
    assert folder.stat().st_mode & 0o777 == 0o700


def test_new_orders_need_no_new_index_of_texts(work: Work, folder: Path) -> None:
    started(folder, SHOP, ORDERS)
    more = [*ORDERS, [5, 25], [5, 25]]
    model = started(folder, SHOP, more)
    assert work.done == ["texts", "orders", "orders"]
    assert model.recommend(CARTS) == Recommender.build(SHOP, more).recommend(CARTS)


def test_what_changed_between_two_starts_is_read_anew(work: Work, folder: Path) -> None:
    started(folder, SHOP, ORDERS)
    catalog = Catalog(
        [replace(SHOP[0], name="Zebra kettle"), *SHOP[2:], Product(99, "Zebra tin", price=Decimal(5))]
    )
    catalog.upsert(replace(SHOP[12], stock=0))
    live = LiveRecommender(catalog, builder=KeptModels(folder, never))
    live.build()
    assert work.done == ["texts", "orders"]
    assert live.recommend([0])[0].product.id == 99
    assert live.recommend([99])[0].product.id == 0
    found = {pick.product.id for [cart] in CARTS for pick in live.recommend([cart])}
    assert not found & {1, 12}, "one is gone, one is sold out"
    live.take_orders(ORDERS)
    live.build()
    assert work.done == ["texts", "orders", "texts", "orders"], (
        "while it runs they are put together more often"
    )


def test_a_new_product_that_sells_is_learnt_from_while_it_runs(
    work: Work, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("recommender.kept.OFTEN", 10)
    models = KeptModels(folder, never)
    models(SHOP[:-1], OrderLog(ORDERS), Options())
    models(SHOP, OrderLog(ORDERS), Options())
    assert work.done == ["texts", "orders"], "nobody bought it yet"
    orders = [*ORDERS, [1, SHOP[-1].id], [1, SHOP[-1].id]]
    model = models(SHOP, OrderLog(orders), Options())
    assert work.done == ["texts", "orders"] * 2
    assert model.recommend(CARTS) == Recommender.build(SHOP, orders).recommend(CARTS)


def test_only_so_many_are_kept(work: Work, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("recommender.following.LEAST", 2)
    left = folder / ".new-of a process that was killed"
    left.mkdir(parents=True, mode=0o700)
    folder.chmod(0o700)
    for start in (0, 10, 20, 25):
        part = SHOP[start : start + 15]
        assert started(folder, part, ORDERS).recommend(CARTS) == Recommender.build(part, ORDERS).recommend(
            CARTS
        )
    assert work.done == ["texts", "orders"] * 4
    assert sorted(path.name.partition("-")[0] for path in folder.iterdir()) == [
        "lock", "orders", "orders", "texts", "texts",
    ]  # fmt: skip


def truncated(entry: Path) -> None:
    file = entry / "inverted.indices.npy"
    file.write_bytes(file.read_bytes()[:-40])


def with_another_byte(entry: Path) -> None:
    file = entry / "matrix.indices.npy"
    data = bytearray(file.read_bytes())
    data[-3] ^= 0x40
    file.write_bytes(data)


def of_another_release(entry: Path) -> None:
    file = entry / "manifest.json"
    file.write_text(file.read_text().replace('"code": "', '"code": "0'))


def without_a_manifest(entry: Path) -> None:
    (entry / "manifest.json").unlink()


def with_a_list_for_a_manifest(entry: Path) -> None:
    (entry / "manifest.json").write_text("[]")


def with_a_pickle(entry: Path) -> None:
    (entry / "ids.npy").write_bytes(pickle.dumps(["not", "read"]))


def with_what_begins_as_an_archive(entry: Path) -> None:
    (entry / "ids.npy").write_bytes(b"PK\x03\x04 and no more")


def with_a_number_for_a_list(entry: Path) -> None:
    np.save(entry / "ids.npy", np.array(5))


def with_a_file_in_its_place(entry: Path) -> None:
    shutil.rmtree(entry)
    entry.write_text("of somebody else")


def with_a_link_in_its_place(entry: Path) -> None:
    shutil.rmtree(entry)
    entry.symlink_to(entry.parent.parent, target_is_directory=True)


def empty(entry: Path) -> None:
    for path in entry.iterdir():
        path.unlink()


@pytest.mark.parametrize(
    "damage",
    [
        truncated,
        with_another_byte,
        of_another_release,
        without_a_manifest,
        with_a_list_for_a_manifest,
        with_a_pickle,
        with_what_begins_as_an_archive,
        with_a_number_for_a_list,
        with_a_file_in_its_place,
        with_a_link_in_its_place,
        empty,
    ],
)
def test_what_is_no_good_is_removed_and_built_anew(
    work: Work, folder: Path, caplog: pytest.LogCaptureFixture, damage: Callable[[Path], None]
) -> None:
    started(folder)
    (entry,) = folder.glob("texts-*")
    damage(entry)
    with caplog.at_level(logging.WARNING):
        assert started(folder).recommend(CARTS) == Recommender.build(SHOP).recommend(CARTS)
    (record,) = caplog.records
    assert "of no use, and is removed" in record.getMessage()
    assert work.done == ["texts", "texts"]
    assert not entry.exists()
    assert folder.parent.exists()


def test_what_can_not_be_removed_is_passed_over(
    work: Work, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    started(folder)
    (entry,) = folder.glob("texts-*")
    of_another_release(entry)
    monkeypatch.setattr("recommender.kept._clear", lambda _entry: None)
    assert started(folder).recommend(CARTS) == Recommender.build(SHOP).recommend(CARTS)
    assert work.done == ["texts", "texts"]
    started(folder)
    assert work.done == ["texts", "texts"], "the good one is found beside it"


def test_of_what_was_learnt_the_same_is_true(work: Work, folder: Path) -> None:
    started(folder, SHOP, ORDERS)
    (entry,) = folder.glob("orders-*")
    (entry / "seen.npy").write_bytes(b"")
    assert started(folder, SHOP, ORDERS).recommend(CARTS) == Recommender.build(SHOP, ORDERS).recommend(CARTS)
    assert work.done == ["texts", "orders", "orders"]


def test_a_folder_that_can_not_be_used_is_done_without(
    work: Work, folder: Path, caplog: pytest.LogCaptureFixture
) -> None:
    folder.mkdir(parents=True)
    folder.chmod(0o777)
    for place in (folder, Path("/proc/nowhere")):
        with caplog.at_level(logging.WARNING):
            model = KeptModels(place, Recommender.build)(SHOP, OrderLog(), Options())
        assert len(model) == len(SHOP)
        assert f"no index is kept in {place}" in caplog.text
    assert work.done == []
    assert list(folder.iterdir()) == []


def test_small_catalogues_leave_no_trace(folder: Path) -> None:
    assert len(KeptModels(folder, Recommender.build)(SHOP, OrderLog(), Options())) == len(SHOP)
    assert not folder.exists()


def test_of_several_that_start_at_once_one_builds(work: Work, folder: Path) -> None:
    found: list[Recommender] = []
    threads = [threading.Thread(target=lambda: found.append(started(folder, SHOP, ORDERS))) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert work.done == ["texts", "orders"]
    assert all(model.recommend(CARTS) == found[0].recommend(CARTS) for model in found)


@pytest.mark.slow
def test_built_in_processes_it_is_the_same(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("recommender.kept.WORTH_IT", 10)
    expected = Recommender.build(SHOP, ORDERS).recommend(CARTS)
    assert started(folder, SHOP, ORDERS).recommend(CARTS) == expected


@pytest.mark.slow
def test_why_nothing_could_be_written_is_told(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError, match="nowhere"):
        vectorise_in_subprocess(SHOP, tmp_path / "nowhere")


@pytest.mark.slow
def test_orders_have_one_fingerprint_in_every_process() -> None:
    orders = [["mug", "pot", "rug"], ["pot", 7], [("a", 1), "mug"]]
    code = f"from recommender import OrderLog; print(OrderLog({orders!r}).fingerprint())"
    found = subprocess.run(
        [sys.executable, "-c", code],
        env={**os.environ, "PYTHONHASHSEED": "77"},
        capture_output=True,
        text=True,
        check=True,
    )
    assert found.stdout.strip() == OrderLog(orders).fingerprint()
    assert OrderLog(orders[:2]).fingerprint() != OrderLog(orders).fingerprint()
    assert OrderLog().fingerprint() == ""
