"""The brake: when it goes on, what it lets through meanwhile, and that only a mail that was taken lets it go."""

import pytest
from fakes.stages import NOW, SECOND, Shop, cart

from binlog_watcher.core.decision import Send
from binlog_watcher.recovery.send.brake import LONGEST_PROBE_US, PROBE_TAKES_US, PROBE_US, Brake, End
from binlog_watcher.recovery.stages import DecidedCart


class Street:
    """A brake, and the carts of user1, user2 …"""

    def __init__(self) -> None:
        self.shop, self.brake = Shop(), Brake()

    def end(self, end: End, *keys: int) -> list[bool]:
        return [self.brake.ended(end, self.shop.composed(key), NOW) for key in keys]

    def braked(self, end: End = End.REFUSED) -> None:
        assert any(self.end(end, *range(101, 101 + end.value)))

    def decided(self, *keys: int) -> list[DecidedCart]:
        return [DecidedCart(self.shop.take(key), cart(key), Send(NOW, NOW)) for key in keys]


@pytest.mark.parametrize("end", End)
def test_a_few_different_recipients_in_a_row_are_enough(end: End) -> None:
    street = Street()
    few = end.value
    assert street.end(end, *range(1, few + 1)) == [False] * (few - 1) + [True]
    assert street.brake.is_on
    assert street.end(end, few + 1) == [False], "it is on already"


def test_one_recipient_again_and_again_is_not() -> None:
    street = Street()
    street.end(End.REFUSED, 1, 2)
    for _ in range(20):
        street.shop.tracker.finish(1)
        street.end(End.REFUSED, 1)
    assert not street.brake.is_on


def test_a_mail_that_is_taken_ends_the_run() -> None:
    street = Street()
    street.end(End.REFUSED, 1, 2, 3, 4)
    assert not street.brake.took(), "nothing was held back"
    assert street.end(End.REFUSED, 5, 6, 7, 8, 9) == [False] * 4 + [True]
    assert street.brake.took()
    assert not street.brake.is_on
    assert street.brake.held_until_us(NOW) == 0


def test_what_failed_in_the_run_is_given_back_once_and_only_if_it_goes_on() -> None:
    street = Street()
    for key in (1, 2):
        street.brake.failed(key)
    assert street.brake.take_burnt() == ()
    street.braked()
    assert street.brake.take_burnt() == (1, 2)
    assert street.brake.take_burnt() == ()


def test_what_failed_before_a_mail_was_taken_had_its_own_reason() -> None:
    street = Street()
    street.end(End.REFUSED, 1)
    street.brake.failed(1)
    street.brake.took()
    street.braked()
    assert street.brake.take_burnt() == ()


def test_nothing_but_one_mail_is_let_through_and_only_after_a_pause() -> None:
    street = Street()
    street.braked()
    brake, some = street.brake, street.decided(1, 2)
    assert not brake.lets(1)
    assert brake.held_until_us(NOW) == NOW + PROBE_US
    assert brake.probe(some, NOW + PROBE_US - 1) is None
    probe = brake.probe(some, NOW + PROBE_US)
    assert probe is some[0]
    assert [brake.lets(key) for key in (1, 2)] == [True, False]
    assert brake.is_probe(1)
    assert brake.probe(some, NOW + PROBE_US) is None, "one is enough"


def test_the_others_look_again_soon_and_then_when_the_next_one_is_tried() -> None:
    street = Street()
    street.braked()
    at = NOW + PROBE_US
    street.brake.probe(street.decided(1), at)
    assert street.brake.held_until_us(at) == at + PROBE_TAKES_US
    assert street.brake.held_until_us(at + PROBE_TAKES_US) == at + 2 * PROBE_US


def test_the_pauses_grow_and_each_cart_has_its_turn() -> None:
    street = Street()
    street.braked()
    brake, some, at = street.brake, street.decided(1, 2, 3), NOW
    tried, pauses = [], []
    for _ in range(7):
        pauses.append(brake.held_until_us(at + PROBE_TAKES_US) - at)
        at = brake.held_until_us(at + PROBE_TAKES_US)
        probe = brake.probe(some, at)
        assert probe is not None
        tried.append(probe.due.key)
    assert tried == [1, 2, 3, 1, 2, 3, 1]
    assert [pause // SECOND for pause in pauses] == [60, 120, 240, 480, 900, 900, 900]
    assert pauses[-1] == LONGEST_PROBE_US


def test_without_a_due_cart_the_turn_is_kept() -> None:
    street = Street()
    street.braked()
    assert street.brake.probe([], NOW + PROBE_US) is None
    assert street.brake.probe(street.decided(1), NOW + PROBE_US) is not None


def test_once_it_went_off_all_begins_anew() -> None:
    street = Street()
    street.braked()
    street.brake.probe(street.decided(1), NOW + PROBE_US)
    street.brake.took()
    assert street.brake.probe(street.decided(2), NOW + 2 * PROBE_US) is None
    street.end(End.LOST, *range(11, 11 + End.LOST.value))
    assert street.brake.held_until_us(NOW) == NOW + PROBE_US
