"""What mails promise: kept, changed or none, and confirmed only by somebody who said yes."""

from fakes.dialogue import Script

from binlog_watcher.commands.init.answers import Answers
from binlog_watcher.commands.init.dialogue import Unattended
from binlog_watcher.commands.init.promises import Promises, settle
from binlog_watcher.settings.promises import promised, unconfirmed

DEFAULTS = {
    "DISCOUNT_TIER_1_AMOUNT": "100", "DISCOUNT_TIER_1_PERCENT": "10", "DISCOUNT_TIER_1_CODE": "",
    "DISCOUNT_TIER_2_AMOUNT": "500", "DISCOUNT_TIER_2_PERCENT": "20", "DISCOUNT_TIER_2_CODE": "",
    "FREE_SHIPPING_TEXT": "Free shipping on your order",
}  # fmt: skip


def test_where_nobody_is_asked_the_defaults_stand_in_the_file_and_are_not_confirmed() -> None:
    answers = Answers(Unattended())
    settle(answers, None)
    assert answers.known == DEFAULTS
    assert unconfirmed(answers.settings()) == ["discount_without_code", "free_shipping"]


def test_a_yes_confirms_what_has_no_code() -> None:
    script = Script("0", "SAVE10", "")
    answers = Answers(script)
    settle(answers, None)
    assert answers.known == DEFAULTS | {
        "DISCOUNT_TIER_1_CODE": "SAVE10", "PROMISES_CONFIRMED": "discount_without_code,free_shipping",
    }  # fmt: skip
    assert script.asked[1:] == [
        "Code for 10 % off from 100 (Enter: it has none) []", "Code for 20 % off from 500 (Enter: it has none) []",
    ]  # fmt: skip


def test_codes_for_all_leave_only_the_badge_to_confirm() -> None:
    answers = Answers(Script("A10", "B20"))
    settle(answers, Promises.KEEP)
    assert answers.known["PROMISES_CONFIRMED"] == "free_shipping"


def test_other_discounts() -> None:
    script = Script("1", "10:5:A, 5:10", "50:5:SAVE5, 100:10:SAVE10", "-")
    answers = Answers(script)
    settle(answers, None)
    assert (
        promised(answers.settings())
        == "5 % off from 50 USD (code SAVE5), 10 % off from 100 USD (code SAVE10)"
    )
    assert script.complaints == ["DISCOUNT_TIERS: give tiers whose amounts rise from left to right"]
    assert answers.known["PROMISES_CONFIRMED"] == ""


def test_nothing_at_all() -> None:
    answers = Answers(Script("2"), before={"DISCOUNT_TIERS": "50:5"})
    settle(answers, None)
    assert promised(answers.settings()) == "nothing"
    assert answers.known["FREE_SHIPPING_TEXT"] == ""


def test_what_the_file_promised_before_and_was_confirmed_stays() -> None:
    before = {
        "DISCOUNT_TIERS": "50:5",
        "FREE_SHIPPING_TEXT": "",
        "PROMISES_CONFIRMED": "discount_without_code",
    }
    answers = Answers(Unattended(), before=before)
    settle(answers, None)
    assert answers.known == before
