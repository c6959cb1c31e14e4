"""A cart's story in words: no code of ours without a sentence, and none that leaves a reader alone."""

import ast
import inspect
import re
from dataclasses import replace
from datetime import UTC
from decimal import Decimal
from typing import Any

import pytest
from fakes.dictionary import SampleDictionary
from fakes.quiet_cart import CART, CUSTOMER, DUE, HOUR, POLICY, T0, logged

from binlog_watcher.answers.cart_story import LOG_SAYS, Known, Moments, events
from binlog_watcher.answers.cart_verdict import verdict
from binlog_watcher.answers.wording import (
    FLAGS,
    LOGGED_WHY,
    ORDERED_BY,
    PARTS,
    SUPPRESSED_WHY,
    VISITED,
    WHY,
)
from binlog_watcher.commands.optout_file import IMPORTED as IMPORTED_OPTOUT
from binlog_watcher.core.decision import Send, Skip, Wait
from binlog_watcher.core.log_status import Reason, Status
from binlog_watcher.core.outlook import Look, outlook
from binlog_watcher.shop.presets import SAMPLE
from binlog_watcher.store.own_tables import log_upgrade
from binlog_watcher.store.own_tables.history import LogRow, Suppressed, Visits
from binlog_watcher.store.own_tables.recipients import COMPLAINED, MANUAL, UNSUBSCRIBED
from binlog_watcher.store.shop_tables import order_queries, same_address
from binlog_watcher.store.shop_tables.checks import parts
from binlog_watcher.store.shop_tables.columns import ShopColumns
from binlog_watcher.store.shop_tables.found import FOREVER_US
from binlog_watcher.store.shop_tables.orders import NamedOrder
from binlog_watcher.store.shop_tables.queries import Queries
from mailer.web import visitors
from mailer.web.visits import Kind

MOMENTS = Moments("cart.created_at", (), document=False)


def known(**more: Any) -> Known:
    cart = more.pop("cart", CART)
    looks = more.pop("looks", None) or outlook(cart, None, DUE, POLICY)
    fields = {"cart": cart, "now_us": DUE, "policy": POLICY, "moments": MOMENTS, "looks": looks, "rows": 1}
    return Known(**(fields | more))


def row(status: str, reason: str | None = None, **more: Any) -> LogRow:
    return replace(
        LogRow(
            id=7, cart_key="42", status=status, reason=reason, total=Decimal("12.50"), currency="USD", attempts=1,
            error=None, message_id="<m7@example.com>", logged_us=DUE, activity_us=T0, sent_us=None,
            next_attempt_us=None, lease_until_us=None, ours=True,
        ),
        **more,
    )  # fmt: skip


# --- no code without a sentence -------------------------------------------------------------------------------------


def test_every_reason_has_its_sentence() -> None:
    assert set(WHY) == set(Reason)
    assert set(LOGGED_WHY) == {*map(str, Reason), *reasons_of_other_tools()}


def reasons_of_other_tools() -> set[str]:
    """What a migration writes into rows that were there before Cartwake."""
    found = set(re.findall(r"l\.reason = '(\w+)'", inspect.getsource(log_upgrade)))
    assert found == {"imported"}
    return found


def test_every_status_has_its_sentence() -> None:
    assert set(LOG_SAYS) == set(Status)


def test_every_reason_of_the_list_of_addresses_has_its_sentence() -> None:
    assert set(SUPPRESSED_WHY) == {Reason.BOUNCED, COMPLAINED, UNSUBSCRIBED, MANUAL, IMPORTED_OPTOUT}


def test_every_visit_has_its_sentence() -> None:
    tree = ast.parse(inspect.getsource(visitors.flag))
    returned = {
        leaf.value
        for one in ast.walk(tree)
        if isinstance(one, ast.Return) and one.value is not None
        for leaf in ([one.value.body] if isinstance(one.value, ast.IfExp) else [one.value])
        if isinstance(leaf, ast.Constant)
    }
    assert len(returned) == 3
    assert returned == set(FLAGS)
    assert set(VISITED) == set(Kind)


def test_every_part_of_the_fence_has_its_sentence() -> None:
    of_sample = parts(Queries(SAMPLE, ShopColumns(SampleDictionary(), SAMPLE, UTC)))
    assert set(of_sample) <= set(PARTS)
    named = {order_queries.BEGUN_ORDER, same_address.BY_CUSTOMERS, same_address.BY_ORDERS}
    assert named | {"cart_orders", "customer_orders"} == set(ORDERED_BY)
    assert set(ORDERED_BY) | {order_queries.UNPAID_ORDER, "rows", "header", "customer"} == set(PARTS)


# --- the sentences --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("reason", Reason)
def test_whatever_is_decided_is_one_clear_sentence(reason: Reason) -> None:
    for decision in (Skip(reason), Wait(DUE + HOUR, reason)):
        first = verdict(known(looks=[Look(DUE, decision)], rows=0))[0]
        assert first[0].isupper()
        assert first.endswith(".")
        assert first.startswith("No mail: " if isinstance(decision, Skip) else "It waits: ")
        assert len(first) > 20


@pytest.mark.parametrize("status", Status)
@pytest.mark.parametrize("reason", [None, *Reason, "imported", "of a newer Cartwake"])
def test_whatever_is_logged_is_told_with_its_reason(status: Status, reason: str | None) -> None:
    story = known(cart=replace(CART, logged=logged(status)), log=[row(status, reason)])
    (text,) = [event.text for event in events(story) if event.what == "logged"]
    assert text.startswith(f"log row 7, `{status}`: ")
    assert text.endswith("Logged total: 12.50 USD.")
    assert ".." not in text
    if reason is not None and status not in {Status.SENT, Status.CLAIMED, Status.SENDING}:
        assert LOGGED_WHY.get(reason, f"reason `{reason}`") in text


@pytest.mark.parametrize(
    ("status", "words"),
    [
        (Status.SENT, "No mail: it was mailed on 2026-09-21 14:13:20 UTC (log row 7)"),
        (Status.FAILED, "`cartwake retry --id 7` tries again"),
        (Status.UNKNOWN, "it may have been mailed on 2026-09-21 14:13:20 UTC, nobody knows (log row 7)"),
        (Status.SENDING, "being handed over just now (log row 7)"),
        (
            Status.SKIPPED,
            "it was skipped on 2026-09-21 14:43:20 UTC (log row 7): the customer said `not for this cart`",
        ),
    ],
)
def test_a_handled_cart_names_its_row(status: Status, words: str) -> None:
    sent_us = 1_790_000_000_000_000
    one = row(status, Reason.DECLINED if status is Status.SKIPPED else None, sent_us=sent_us)
    cart = replace(CART, logged=replace(logged(status), id=7))
    assert words in verdict(known(cart=cart, log=[one], looks=[Look(DUE, Skip(Reason.HANDLED))]))[0]


def test_a_mail_names_address_and_moment() -> None:
    assert verdict(known())[0].endswith("a mail would go to a***@example.com now.")
    waiting = known(looks=outlook(CART, None, DUE - 1, POLICY))
    assert verdict(waiting)[0].startswith("Due at ")
    assert verdict(waiting)[0].endswith("UTC; then a mail would go to a***@example.com.")
    odd = replace(CART, customer=replace(CUSTOMER, email="no address at all"))
    assert known(cart=odd).address == "***"
    assert "ada@example.com" in verdict(known(show_address=True))[0]


def test_what_would_hold_the_mail_up_is_told() -> None:
    busy = verdict(known(hindrance=(DUE + 1, Reason.ADDRESS_BUSY)))
    assert busy[1].startswith("But it waits for its claim: another mail to this address is under way")
    changed = verdict(known(changed=["rows", "customer"]))
    assert "the fence would stop it: the cart's rows, the customer's row changed" in changed[1]


def test_an_order_is_named_by_how_it_belongs_to_the_cart() -> None:
    empty = replace(CART, lines=(), newest_order_us=DUE)
    order = NamedOrder(17, DUE, same_address.BY_CUSTOMERS)
    looks = [Look(DUE, Skip(Reason.EMPTY))]
    assert (
        "(order 17, of another customer's row with the same address)"
        in verdict(known(cart=empty, orders=[order], looks=looks))[0]
    )
    unreadable = replace(empty, newest_order_us=FOREVER_US)
    story = known(cart=unreadable, orders=[NamedOrder(17, FOREVER_US, "cart_orders")], looks=looks)
    assert "bought at a time that nobody can read (order 17" in verdict(story)[0]
    assert events(story)[0].at is None
    gone = known(cart=empty, orders=[order], looks=looks, rows=0)
    assert verdict(gone)[0] == "No mail: it is empty: the shop has nothing in it; the newest order is 17."


def test_the_order_of_time() -> None:
    story = known(
        log=[row(Status.SENT, sent_us=DUE + HOUR, bounced_us=DUE + 3 * HOUR, bounce="hard")],
        visits=[
            Visits(7, "cart", None, DUE + 2 * HOUR, 3),
            Visits(7, "open", "prefetch", DUE + 2 * HOUR + 1, 1),
        ],
        suppressed=Suppressed(DUE + 4 * HOUR, "of another tool"),
        orders=[NamedOrder(1, T0 - HOUR, "customer_orders")],
    )
    assert [event.what for event in events(story)] == [
        "order", "activity", "due", "logged", "sent", "visit", "visit", "bounced", "suppressed",
    ]  # fmt: skip
    assert "reason `of another tool`" in events(story)[-1].text
    assert "followed, 3 times" in events(story)[5].text


def test_an_error_is_masked_and_on_one_line() -> None:
    story = known(
        log=[row(Status.RETRY, error="451 4.2.1\n <jane@example.com> over quota", next_attempt_us=DUE + HOUR)]
    )
    (text,) = [event.text for event in events(story) if event.what == "logged"]
    assert "451 4.2.1 <j***@example.com> over quota" in text
    assert isinstance(known().looks[-1].decision, Send)
