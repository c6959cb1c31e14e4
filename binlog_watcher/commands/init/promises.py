"""What mails are to promise: the shop's people say yes to it, change it, or want nothing promised."""

from enum import StrEnum

from binlog_watcher.commands.init.answers import Answers, Question
from binlog_watcher.commands.init.dialogue import NOTHING, tell
from binlog_watcher.commands.init.questions import PROMISES
from binlog_watcher.settings.promises import promised, unconfirmed


class Promises(StrEnum):
    """As `--promises` takes it."""

    KEEP = "keep"
    CHANGE = "change"
    NONE = "none"


_WAYS = {
    Promises.KEEP: "yes, it grants that",
    Promises.CHANGE: "other discounts",
    Promises.NONE: "no discount and no free shipping",
}
_TIER = "DISCOUNT_TIER_{}_{}"
_BADGE = "FREE_SHIPPING_TEXT"
_TIERS = Question(
    "DISCOUNT_TIERS", "From which total how many percent, by which code", lambda _: "100:10, 500:20"
)


def settle(answers: Answers, wish: Promises | None) -> None:
    """Put the promises among the answers. What nobody has said yes to stays unconfirmed: each start tells of it."""
    for name in PROMISES:
        if name in answers.before:
            answers.known.setdefault(name, answers.before[name])
    if wish is None:
        tell(f"Mails would promise: {promised(answers.settings())}.")
        if not answers.dialogue.asks:
            _spell_out(answers)
            return
        wish = list(_WAYS)[answers.dialogue.choose("Does the shop grant that", list(_WAYS.values()))]
    match wish:
        case Promises.KEEP:
            _ask_codes(answers)
        case Promises.CHANGE:
            _ask_others(answers)
        case Promises.NONE:
            _promise_nothing(answers)
    _spell_out(answers)
    answers.known["PROMISES_CONFIRMED"] = ",".join(unconfirmed(answers.settings()))


def _ask_codes(answers: Answers) -> None:
    if answers.settings().discount_tiers:
        return  # they have their codes with them
    for number in (1, 2):
        settings = answers.settings()
        amount, percent = settings.tiers[number - 1].amount, settings.tiers[number - 1].percent
        if percent:
            text = f"Code for {percent:f} % off from {amount:f}"
            answers.ask(Question(_TIER.format(number, "CODE"), text, if_empty="it has none"))


def _ask_others(answers: Answers) -> None:
    for name in [name for name in answers.known if name.startswith("DISCOUNT_TIER")] + [_BADGE]:
        answers.known.pop(name, None)
    if answers.dialogue.asks:
        tell("Such as 50:5:SAVE5, 100:10 for 5 % from 50 with the code SAVE5, and 10 % from 100 without.")
    answers.ask(_TIERS)
    usual = answers.settings().free_shipping_text
    answers.ask(Question(_BADGE, f"Badge about shipping ({NOTHING}: none)", lambda _: usual, if_empty="none"))


def _promise_nothing(answers: Answers) -> None:
    answers.known.pop("DISCOUNT_TIERS", None)
    answers.known |= {_TIER.format(number, "PERCENT"): "0" for number in (1, 2)} | {_BADGE: ""}


def _spell_out(answers: Answers) -> None:
    """The defaults stand in the file, too: whoever reads it sees what goes out."""
    settings = answers.settings()
    answers.known.setdefault(_BADGE, settings.free_shipping_text)
    if settings.discount_tiers:
        return
    for number, tier in enumerate(settings.tiers, 1):
        for part, text in (
            ("AMOUNT", f"{tier.amount:f}"),
            ("PERCENT", f"{tier.percent:f}"),
            ("CODE", tier.code),
        ):
            answers.known.setdefault(_TIER.format(number, part), text)
