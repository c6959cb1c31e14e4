"""Decisions as an operator reads them: what is done with a cart, and why."""

from binlog_watcher.core.dead_letters import IMPORTED
from binlog_watcher.core.decision import Decision, Holdout, Send, Skip, Wait
from binlog_watcher.core.log_status import Reason
from binlog_watcher.store.own_tables.recipients import COMPLAINED, MANUAL, UNSUBSCRIBED
from binlog_watcher.store.own_tables.visits import CART_LINK, ITEM_LINK, OPEN_PIXEL, PICK_LINK
from binlog_watcher.store.shop_tables.order_queries import BEGUN_ORDER, UNPAID_ORDER
from binlog_watcher.store.shop_tables.same_address import BY_CUSTOMERS, BY_ORDERS
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
    Reason.UNREADABLE: "nobody can tell from its document what is in it",
    Reason.HOLDOUT: "held out: not mailed, so that the lift can be measured",
    Reason.SUPERSEDED: "the customer filled the cart anew, and that is an episode of its own",
    Reason.BOUGHT_MEANWHILE: "it was bought before its mail could go out",
    Reason.EMPTIED: "it was emptied before its mail could go out",
    Reason.DECLINED: "the customer said `not for this cart` on the page behind a mail's link, or was erased",
    Reason.ERASED: "its customer was erased before its mail could go out",
    Reason.UNREPORTED: "its instance ended while it handed the mail over: nobody can know whether it arrived",
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
    Reason.ADDRESS_BUSY: "another mail to this address is under way",
    Reason.SMTP_STOPPED: "the mail server takes no mail at all just now",
    Reason.NOT_LEADING: "its instance does not lead any more, and another one sends",
    Reason.STOPPING: "its instance was stopped before the mail could go out",
}

LOGGED_WHY: dict[str, str] = {
    **{str(reason): words for reason, words in WHY.items()},
    Reason.OPTED_OUT: "the address had opted out",
    Reason.BOUNCED: "there is no such mailbox",
    Reason.COOLDOWN: "this address had a mail within EMAIL_COOLDOWN_HOURS before",
    Reason.ACTIVITY: "the cart was changed while its mail was being prepared",
    Reason.NO_PRODUCT: "the shop lacked products of it",
    Reason.NO_CUSTOMER: "the shop had no row of its customer",
    Reason.LEASED: "another instance worked on it",
    Reason.UNAVAILABLE: "none of its products could be bought (MAIL_UNAVAILABLE)",
    Reason.NO_ADDRESS: "there was no valid e-mail address",
    IMPORTED: "another tool logged it, before Cartwake",
}
"""The same of a row of the log, which tells of then."""

SUPPRESSED_WHY: dict[str, str] = {
    Reason.BOUNCED: "mails to it bounced: there is no such mailbox",
    COMPLAINED: "its owner told the mail provider that our mail is spam",
    UNSUBSCRIBED: "its owner unsubscribed by a mail's link or by mail",
    MANUAL: "somebody ran `cartwake optout add`",
    IMPORTED: "it was on a list that `cartwake optout import` took in",
}
"""Why an address is never mailed; a list of another tool may bring reasons of its own."""

FLAGS: dict[str, str] = {
    "scanner": "a scanner of a mail filter, not the customer",
    "prefetch": "a program that loads links in advance, not the customer",
    "head": "a program that only asked whether the page is there, not the customer",
}
"""Whose a visit by a mail's link was that does not count."""

VISITED: dict[str, str] = {
    CART_LINK: "the mail's link back to the cart was followed",
    ITEM_LINK: "the mail's link to a product in the cart was followed",
    PICK_LINK: "the mail's link to a recommended product was followed",
    OPEN_PIXEL: "the mail's picture was loaded (mail programs do that by themselves, or never)",
}
"""What a visit was."""

PARTS: dict[str, str] = {
    "rows": "the cart's rows",
    "header": "the cart's header or document",
    "cart_orders": "the orders of the cart",
    "customer_orders": "the orders of its customer",
    BEGUN_ORDER: "the order that was begun with it",
    UNPAID_ORDER: "whether the order that was begun with it was cancelled unpaid",
    "customer": "the customer's row",
    BY_CUSTOMERS: "the orders of other customers' rows with the same address",
    BY_ORDERS: "the orders that carry the same address",
}
"""What the fence compares, by the part of the fingerprint."""

ORDERED_BY: dict[str, str] = {
    "cart_orders": "of this cart",
    "customer_orders": "of this customer",
    BEGUN_ORDER: "begun with this cart",
    BY_CUSTOMERS: "of another customer's row with the same address",
    BY_ORDERS: "with the same address",
}
"""How an order belongs to a cart, by the same."""


def moment(us: int) -> str:
    """A moment as people read it, in UTC."""
    return f"{from_us(us):%Y-%m-%d %H:%M:%S} UTC"


def span(us: int) -> str:
    """A duration, such as ``30 min``."""
    minutes, seconds = divmod(us // 1_000_000, 60)
    hours, minutes = divmod(minutes, 60)
    named = ((hours, "h"), (minutes, "min"), (seconds, "s"))
    return " ".join(f"{number} {unit}" for number, unit in named if number) or "0 s"


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
