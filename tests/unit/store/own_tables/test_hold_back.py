"""Which carts may be claimed: one mail an address, after its cool-down, and to nobody who opted out."""

from dataclasses import replace
from decimal import Decimal
from typing import Any

import pytest

from binlog_watcher.core.cart import Cart, Customer, LoggedEpisode, Recipient
from binlog_watcher.core.log_status import Reason, Status
from binlog_watcher.store.own_tables.free_addresses import BUSY_AGAIN_US, SENDING_NOW, hold_back
from binlog_watcher.store.own_tables.log_rows import Episode

NOW = 1_790_000_000_000_000
COOLDOWN = 86_400_000_000
ADA, BOB = b"\xaa" * 32, b"\xbb" * 32


def episode(key: int, address_hash: bytes | None, **more: Any) -> Episode:
    customer = Customer(key, None, None, None, address_hash)
    cart = Cart(key=key, customer=customer, lines=(), version=NOW, newest_order_us=None, **more)
    return Episode(cart, NOW, NOW, "EUR", Decimal(0))


def held(
    *episodes: Episode, known: dict[bytes, Recipient] | None = None, busy: dict[bytes, set[str]] | None = None
) -> dict[Any, tuple[int, Reason]]:
    """Why the carts wait; the others are free."""
    recipients = {ADA: Recipient(), BOB: Recipient()} if known is None else known
    free, waits = hold_back(episodes, recipients, busy or {}, cooldown_us=COOLDOWN, now_us=NOW)
    assert {e.key for e in free} | set(waits) == {e.key for e in episodes}
    assert not {e.key for e in free} & set(waits)
    return waits


def test_of_two_carts_with_one_address_the_first_is_free() -> None:
    busy = (NOW + BUSY_AGAIN_US, Reason.ADDRESS_BUSY)
    assert held(episode(1, ADA), episode(2, ADA), episode(3, BOB)) == {2: busy}
    assert held(episode(2, ADA), episode(1, ADA)) == {1: busy}


@pytest.mark.parametrize(("since", "waits"), [(COOLDOWN - 1, True), (COOLDOWN, False), (COOLDOWN + 1, False)])
def test_the_cooldown_ends_at_its_very_moment(since: int, waits: bool) -> None:
    known = {ADA: Recipient(last_mail_us=NOW - since)}
    expected = {1: (NOW - since + COOLDOWN, Reason.COOLDOWN)} if waits else {}
    assert held(episode(1, ADA), known=known) == expected


def test_a_mail_that_is_sent_again_is_not_held_back_by_itself_but_by_another() -> None:
    row = LoggedEpisode(9, NOW, Status.RETRY, 1, None, None, own_mail=(ADA, NOW - 5))
    again = episode(1, ADA, logged=row)
    assert held(again, known={ADA: Recipient(last_mail_us=NOW - 5)}) == {}
    assert held(again, known={ADA: Recipient(last_mail_us=NOW - 4)})[1][1] is Reason.COOLDOWN
    newer = replace(again, cart=replace(again.cart, logged=replace(row, version=NOW - 1)))
    assert held(newer, known={ADA: Recipient(last_mail_us=NOW - 5)})[1][1] is Reason.COOLDOWN


def test_a_mail_under_way_to_the_address_holds_every_other_cart_back() -> None:
    assert set(held(episode(1, ADA), episode(2, BOB), busy={ADA: {"7"}})) == {1}
    assert held(episode(1, ADA), busy={ADA: {"1"}}) == {}, "its own claim, left behind by a dead instance"
    assert set(held(episode(1, ADA), busy={ADA: {"1", "7"}})) == {1}
    assert set(held(episode(1, ADA), busy={ADA: {SENDING_NOW}})) == {1}


@pytest.mark.parametrize("known", [{}, {ADA: Recipient(suppressed=True)}])
def test_who_opted_out_since_is_decided_on_again_at_once(known: dict[bytes, Recipient]) -> None:
    assert held(episode(1, ADA), known=known) == {1: (NOW, Reason.OPTED_OUT)}


def test_a_cart_without_address_is_not_claimed() -> None:
    assert held(episode(1, None)) == {1: (NOW, Reason.OPTED_OUT)}


def test_an_address_that_bounced_is_told_from_one_that_opted_out() -> None:
    for recipient, reason in (
        (Recipient(suppressed=True, bounced=True), Reason.BOUNCED),
        (Recipient(suppressed=True), Reason.OPTED_OUT),
    ):
        assert held(episode(1, ADA), known={ADA: recipient}) == {1: (NOW, reason)}
