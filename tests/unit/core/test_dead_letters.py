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
        (replace(ROW, status="sent"), "it is sent"),
        (replace(ROW, status="skipped", reason="bought_meanwhile"), "it is skipped (bought_meanwhile)"),
        (replace(ROW, reason="imported"), "another tool"),
        (replace(ROW, newer_id=9), "row 9"),
        (replace(ROW, ours=False), "another preset"),
        (replace(ROW, activity_us=OLDEST - 1), "MAX_CART_AGE_HOURS"),
        (replace(UNKNOWN, reason="unreported"), "may yet tell"),
    ],
)
def test_what_stays_as_it_is(row: DeadLetter, words: str) -> None:
    why = why_not(row, OLDEST)
    assert why is not None
    assert words in why
    assert advice(row, OLDEST, max_attempts=8) == f"nothing: {why}"


def test_an_instance_that_is_gone_tells_nothing_any_more() -> None:
    assert why_not(replace(UNKNOWN, reason="unreported", owner_lives=False), OLDEST) is None


@pytest.mark.parametrize(
    ("row", "words"),
    [
        (ROW, "mend what the mail server objects to"),
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
