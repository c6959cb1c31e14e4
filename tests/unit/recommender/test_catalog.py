import threading
from decimal import Decimal

import pytest

from recommender import Catalog, Product, RecommenderError, clean_text, shorten


def product(number: int, name: str = "Lamp", stock: int | None = 5, price: str = "10") -> Product:
    return Product(number, name, "It glows.", Decimal(price), "Lighting", None, stock)


def test_a_row_becomes_a_product_of_plain_text() -> None:
    made = Product.from_row(
        {
            "id": 7,
            "name": "Caf&eacute; &amp; <b>Bar</b> set",
            "description": "<p>Two cups</p><p>one pot</p><script>alert(1)</script>",
            "price": "12.50",
            "category": None,
            "image": " ",
            "stock": "3",
        }
    )
    assert made == Product(7, "Café & Bar set", "Two cups one pot", Decimal("12.50"), "", None, 3)


@pytest.mark.parametrize("price", [None, "", "abc", "NaN", "-1", "Infinity"])
def test_a_price_that_is_none_is_refused_with_the_id(price: object) -> None:
    with pytest.raises(RecommenderError, match="product 'SKU-1'"):
        Product.from_row({"id": "SKU-1", "name": "x", "price": price})


@pytest.mark.parametrize("product_id", [None, 1.5, b"x"])
def test_a_row_without_an_id_is_refused(product_id: object) -> None:
    with pytest.raises(RecommenderError, match="without a usable id"):
        Product.from_row({"id": product_id, "price": 1})


def test_texts_of_binary_columns_are_utf_8() -> None:
    assert Product.from_row({"id": 1, "name": "Tür".encode(), "price": 1}).name == "Tür"


@pytest.mark.parametrize(
    ("stock", "price", "name", "available"),
    [
        (None, "1", "x", True),
        (1, "1", "x", True),
        (0, "1", "x", False),
        (-2, "1", "x", False),
        (1, "0", "x", False),
        (1, "1", "", False),
    ],
)
def test_what_a_customer_may_be_sent_to(stock: int | None, price: str, name: str, *, available: bool) -> None:
    assert product(1, name, stock, price).available is available


def test_a_new_stock_figure_is_no_new_text() -> None:
    catalog = Catalog([product(1), product(2)])
    before = catalog.snapshot()
    catalog.upsert(product(1, stock=4))
    after = catalog.snapshot()
    assert (after.generation, after.texts) == (before.generation + 1, before.texts)
    assert before.products[1].stock == 5
    assert after.products[1].stock == 4


def test_what_changes_nothing_is_no_new_generation() -> None:
    catalog = Catalog([product(1)])
    before = catalog.snapshot()
    catalog.upsert(product(1))
    catalog.replace([product(1)])
    assert not catalog.remove(99)
    assert catalog.snapshot() is before


def test_new_removed_and_rewritten_products_are_new_texts() -> None:
    catalog = Catalog([product(1)])
    seen = [catalog.snapshot().texts]
    for change in (
        lambda: catalog.upsert(product(2)),
        lambda: catalog.upsert(product(2, name="Torch")),
        lambda: catalog.remove(2),
        lambda: catalog.replace([product(3)]),
    ):
        change()
        seen.append(catalog.snapshot().texts)
    assert seen == sorted(set(seen))
    assert list(catalog) == [product(3)]
    assert len(catalog) == 1
    assert catalog.get(1) is None
    assert 3 in catalog


def test_a_change_that_comes_while_catalogues_are_compared_is_told_of_too(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    catalog = Catalog([product(1), product(2)])
    start = catalog.place
    compare = Catalog._took_over
    taken: list[bool] = []

    def interrupted(self: Catalog, fresh: dict[int | str, Product]) -> bool:
        snapshot = self.snapshot
        if not taken:
            # What a thread sees that is overtaken between its look and its change.
            old = snapshot()
            self.upsert(product(9))
            monkeypatch.setattr(self, "snapshot", lambda: old)
        taken.append(compare(self, fresh))
        monkeypatch.setattr(self, "snapshot", snapshot)
        return taken[-1]

    monkeypatch.setattr(Catalog, "_took_over", interrupted)
    catalog.replace([product(1), product(3)])
    assert taken == [False, True]
    assert catalog.changes_since(start).products == {9: None, 2: None, 3: product(3)}


def test_changes_are_read_a_few_at_a_time(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("recommender.catalog.JOURNAL", 4)
    catalog = Catalog([product(1), product(2)])
    start = catalog.snapshot().place
    for number in (1, 2, 3):
        catalog.upsert(product(number, stock=0))
    catalog.remove(2)
    first = catalog.changes_since(start, 2)
    assert first.products == {1: product(1, stock=0), 2: None}
    second = catalog.changes_since(first.place, 2)
    assert second.place == catalog.place
    assert second.products == {3: product(3, stock=0), 2: None}
    assert catalog.changes_since(second.place).products == {}
    for number in range(10):
        catalog.upsert(product(number, stock=number))
    assert catalog.changes_since(start).products is None, "that was too long ago"


def test_snapshots_hold_still_while_other_threads_write() -> None:
    catalog = Catalog(product(number) for number in range(200))
    stop = threading.Event()
    failures: list[BaseException] = []

    def write(offset: int) -> None:
        number = 0
        while not stop.is_set():
            number += 1
            catalog.upsert(product(offset + number % 300, stock=number))
            catalog.remove(offset + (number * 7) % 300)

    def read() -> None:
        try:
            for _ in range(300):
                snapshot = catalog.snapshot()
                assert sum(1 for _ in snapshot.products.values()) == len(snapshot.products)
                assert all(item.id in snapshot.products for item in snapshot.products.values())
        except BaseException as error:  # noqa: BLE001 - handed to the test's own thread
            failures.append(error)

    writers = [threading.Thread(target=write, args=(start,)) for start in (0, 150)]
    readers = [threading.Thread(target=read) for _ in range(2)]
    for thread in (*writers, *readers):
        thread.start()
    for thread in readers:
        thread.join()
    stop.set()
    for thread in writers:
        thread.join()
    assert not failures


@pytest.mark.parametrize(
    ("raw", "plain"),
    [
        (None, ""),
        ("", ""),
        ("  a\n\tb\u00a0c  ", "a b c"),
        ("AT&amp;amp;T", "AT&T"),
        ("&lt;b&gt;bold&lt;/b&gt;", "bold"),
        ("5 < 6 and 7 > 2", "5 < 6 and 7 > 2"),
        ("one<br/>two<li>three", "one two three"),
        ("in<b>visi</b>ble", "invisible"),
        ("<style>p {color: red}</style>text<!-- note -->", "text"),
        ("cut off <a href='x", "cut off"),
        ("zero\u200bwidth\x00null\u202eright", "zerowidth nullright"),
        ("Noe\u0308l", "Noël"),
        ("\ud800broken", "broken"),
    ],
)
def test_cleaning(raw: str | None, plain: str) -> None:
    assert clean_text(raw, 100) == plain


def test_long_texts_are_cut_at_a_word() -> None:
    assert clean_text("word " * 100, 22) == "word word word word…"
    assert clean_text("あ" * 100, 10) == "あ" * 9 + "…"
    assert shorten("short", 5) == "short"
    assert len(clean_text("<i>" * 500_000 + "x" * 500_000, 50)) <= 50
