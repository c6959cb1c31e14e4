"""Who goes first under MAX_EMAILS_PER_MINUTE."""

from decimal import Decimal

from hypothesis import given
from hypothesis import strategies as st

from binlog_watcher.core.cart import Cart, Line
from binlog_watcher.core.decision import Send
from binlog_watcher.core.tracker import DueCart
from binlog_watcher.recovery.priority import in_turn
from binlog_watcher.recovery.stages import DecidedCart


def decided(key: int, total: int, due_us: int) -> DecidedCart:
    line = Line(1, "Mouse", "", Decimal(total), 1, None)
    return DecidedCart(
        DueCart(key, "binlog", due_us, None), Cart(key, None, (line,), due_us, None), Send(due_us, due_us)
    )


def test_the_dearest_first_and_every_fourth_time_the_oldest() -> None:
    carts = [decided(key, total=key, due_us=key) for key in range(1, 9)]
    assert [one.due.key for one in in_turn(carts, 0)] == [8, 7, 6, 1, 5, 4, 3, 2]
    assert in_turn(carts, 3)[0].due.key == 1


@given(
    st.lists(st.tuples(st.integers(0, 50), st.integers(0, 50)), max_size=40),
    st.integers(0, 10),
)
def test_each_cart_once_and_the_oldest_within_four(carts: list[tuple[int, int]], taken: int) -> None:
    sends = [decided(key, total, due_us) for key, (total, due_us) in enumerate(carts)]
    order = in_turn(sends, taken)
    assert sorted(one.due.key for one in order) == list(range(len(carts)))
    if order:
        oldest = min(due_us for _, due_us in carts)
        assert any(one.send.due_us == oldest for one in order[:4])


def test_a_cheap_cart_gets_its_turn_however_many_dear_ones_come() -> None:
    """One token at a time, and a new dear cart for every one that went."""
    waiting = [decided(0, total=1, due_us=0), decided(1, total=100, due_us=1)]
    gone: list[object] = []
    for step in range(8):
        first = in_turn(waiting, len(gone))[0]
        gone.append(first.due.key)
        waiting = [one for one in waiting if one.due.key != first.due.key]
        waiting.append(decided(step + 2, total=100, due_us=step + 2))
    assert 0 in gone[:4]
