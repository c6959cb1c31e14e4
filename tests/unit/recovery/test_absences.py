"""Since when carts lack their products or customer, and which of them wait for a product."""

from dataclasses import replace

import pytest
from fakes.stages import NOW, SECOND, cart

from binlog_watcher.recovery import absences as absences_module
from binlog_watcher.recovery.absences import Absences


def test_the_moment_when_it_was_found_stays_until_nothing_lacks() -> None:
    absences = Absences()
    bare = cart(1, lines=(), missing=frozenset({7}))
    assert absences.note(bare, NOW).lacking_since_us == NOW
    assert absences.note(bare, NOW + SECOND).lacking_since_us == NOW
    assert absences.note(cart(1), NOW + 2 * SECOND).lacking_since_us is None
    assert absences.note(bare, NOW + 3 * SECOND).lacking_since_us == NOW + 3 * SECOND


def test_carts_are_found_by_the_products_that_they_lack_now() -> None:
    absences = Absences()
    absences.note(cart(1, lines=(), missing=frozenset({7, 8})), NOW)
    absences.note(cart(2, missing=frozenset({"8"})), NOW)
    absences.note(replace(cart(3), customer=None), NOW)
    assert absences.waiting_for([7]) == [1]
    assert absences.waiting_for([8, 9]) == [1, 2]
    absences.note(cart(1), NOW)
    assert absences.waiting_for([7, 8]) == [2]


def test_what_is_remembered_has_a_bound(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(absences_module, "MOST_REMEMBERED", 2)
    absences = Absences()
    for key in (1, 2, 3):
        absences.note(cart(key, missing=frozenset({7})), NOW)
    assert absences.waiting_for([7]) == [2, 3]
