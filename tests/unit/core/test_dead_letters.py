"""What can be put back, and what a human is told to do about it."""

from dataclasses import replace
from decimal import Decimal

import pytest

from binlog_watcher.core.dead_letters import DeadLetter, advice, why_not

NOW = 1_790_000_000_000_000
OLDEST = NOW - 1000
ROW = DeadLetter(
    id=7, cart_key="42", user_id=42, status="failed", reason=None, total=Decimal("19.99"), currency="EUR",
    attempts=1, error="550 no", message_id="<cartwake.7.1@shop.example.com>", logged_us=NOW, mailed_us=None,
    activity_us=NOW, newer_id=None, owner_lives=True,
)  # fmt: skip
UNKNOWN = replace(ROW, status="unknown", mailed_us=NOW)


@pytest.mark.parametrize(
    "row", [ROW, UNKNOWN, replace(ROW, activity_us=OLDEST), replace(ROW, activity_us=None)]
)
def test_what_can_be_put_back(row: DeadLetter) -> None:
    assert why_not(row, OLDEST) is None


@pytest.mark.parametrize(
    ("row", "words"),
    [
        (replace(ROW, status="sent"), "it is sent, neither failed nor unknown"),
        (
            replace(ROW, status="skipped", reason="bought_meanwhile"),
            "it is skipped (bought_meanwhile), neither failed nor unknown",
        ),
        (replace(ROW, reason="imported"), "another tool logged it, before Cartwake"),
        (replace(ROW, cart_key="erased:0a1b"), "it was erased (docs/privacy.md)"),
        (replace(ROW, ours=False), "it belongs to another preset (SHOP_SCHEMA, SHOP_VARIABLES)"),
        (replace(ROW, newer_id=9), "the cart was logged again since, as row 9"),
        (replace(ROW, activity_us=OLDEST - 1), "its cart is older than MAX_CART_AGE_HOURS"),
        (
            replace(UNKNOWN, reason="unreported"),
            "the instance that handed it over still runs and may yet tell; stop that instance first",
        ),
    ],
)
def test_what_stays_as_it_is(row: DeadLetter, words: str) -> None:
    assert why_not(row, OLDEST) == words
    assert advice(row, OLDEST, max_attempts=8) == f"nothing: {words}"


def test_an_instance_that_is_gone_tells_nothing_any_more() -> None:
    assert why_not(replace(UNKNOWN, reason="unreported", owner_lives=False), OLDEST) is None


@pytest.mark.parametrize(
    ("row", "words"),
    [
        (ROW, "mend what the mail server objects to"),
        (replace(ROW, reason="bounced"), "correct the customer's address"),
        (replace(ROW, attempts=8), "once the mail server takes mail again"),
        (replace(ROW, message_id=None, error="TypeError: x"), "mend what the error says"),
        (UNKNOWN, "look for <cartwake.7.1@shop.example.com>"),
        (replace(UNKNOWN, message_id=None), "look for cartwake.7."),
    ],
)
def test_advice_ends_with_the_command(row: DeadLetter, words: str) -> None:
    told = advice(row, OLDEST, max_attempts=8)
    assert told.startswith(words)
    assert told.endswith(": cartwake retry --id 7")
