"""Decisions as an operator reads them: what is done with a cart, and why."""

from binlog_watcher.core.decision import Decision, Holdout, Send, Skip, Wait
from binlog_watcher.core.log_status import Reason
from binlog_watcher.store.times import from_us

WHY = {
    Reason.NO_ADDRESS: "there is no valid e-mail address",
    Reason.OPTED_OUT: "the address opted out",
    Reason.BOUNCED: "mails to it bounced, or it was refused: no such mailbox (`cartwake optout remove` undoes it)",
    Reason.NO_CONSENT: "the customer did not consent",
    Reason.ROLLOUT: "not among the ROLLOUT_PERCENT of the customers",
    Reason.ROLE: "the customer has one of EXCLUDE_ROLES",
    Reason.ZERO_TOTAL: "its total is 0, or below (MAIL_ZERO_TOTALS)",
    Reason.TOTAL_TOO_HIGH: "its total has more than twelve digits: no customer's cart",
    Reason.UNAVAILABLE: "none of its products can be bought just now (MAIL_UNAVAILABLE)",
    Reason.JUST_BOUGHT: "all that is in it was ordered just before (ORDER_GRACE_MINUTES)",
    Reason.EXCLUDED_ADDRESS: "the address is one of EXCLUDE_ADDRESSES",
    Reason.STORE: "its store is not listed in STORES",
    Reason.EMPTY: "no row counts: bought, or quantity 0",
    Reason.CLOSED: "its header says that it is no cart any more",
    Reason.GUEST: "a guest who left no e-mail address",
    Reason.HANDLED: "this cart was handled before",
    Reason.TOO_OLD: "older than MAX_CART_AGE_HOURS",
    Reason.BEFORE_ACTIVATION: "it fell due before Cartwake was first switched on",
    Reason.ACTIVITY: "it has not been quiet long enough",
    Reason.NO_PRODUCT: "the shop lacks products of it just now",
    Reason.NO_CUSTOMER: "the shop has no row of its customer just now",
    Reason.COOLDOWN: "this address had a mail within EMAIL_COOLDOWN_HOURS",
    Reason.RETRY: "its mail is to be tried again",
    Reason.LEASED: "an instance works on it",
}


def in_words(decision: Decision) -> str:
    """What is decided, and why. Times in UTC."""
    match decision:
        case Send(due_us=due_us):
            return f"send (due since {from_us(due_us):%Y-%m-%d %H:%M:%S} UTC)"
        case Wait(until_us, reason):
            return (
                f"wait until {from_us(until_us):%Y-%m-%d %H:%M:%S} UTC ({reason}): {WHY.get(reason, reason)}"
            )
        case Skip(reason):
            return f"no mail ({reason}): {WHY.get(reason, reason)}"
        case Holdout():
            return "no mail (holdout): not mailed, so that the lift can be measured"
