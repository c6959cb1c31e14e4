"""What would happen to a cart now, and when, in plain sentences. Pure."""

from collections.abc import Iterator, Sequence

from binlog_watcher.answers.cart_story import READABLE_US, Known, why
from binlog_watcher.answers.wording import ORDERED_BY, PARTS, WHY, moment
from binlog_watcher.core.cart import LoggedEpisode
from binlog_watcher.core.decision import Holdout, Send, Skip, Wait, refusals
from binlog_watcher.core.log_status import Reason, Status
from binlog_watcher.core.outlook import Look
from binlog_watcher.store.own_tables.history import LogRow

TOLD_BY_EPISODE = frozenset({Reason.EMPTY, Reason.CLOSED, Reason.BOUGHT_MEANWHILE})
"""Ends of a cart that an order explains."""


def verdict(known: Known) -> list[str]:
    """The sentences; the first one says whether a mail would go out, and when."""
    final = known.looks[-1].decision
    sentences = [_first(known)]
    if isinstance(final, Send):
        sentences += _before_it_leaves(known)
    if isinstance(final, Send | Wait):
        until_us = known.cart.newest_row_us + known.policy.max_age_us
        sentences.append(f"It can be mailed until {moment(until_us)} (MAX_CART_AGE_HOURS).")
    against = list(dict.fromkeys(refusals(known.cart, known.policy))) if known.cart.lines else []
    if isinstance(final, Skip) and final.reason in against:
        others = [WHY[reason] for reason in against if reason is not final.reason]
        sentences += [f"Against a mail speaks, too: {'; '.join(others)}."] if others else []
    return sentences


def _first(known: Known) -> str:
    final = known.looks[-1].decision
    waits = [_wait(look) for look in known.looks[:-1]]
    lead = "; ".join(waits) + "; then " if waits else ""
    match final:
        case Send(due_us=due_us):
            if waits:
                return _sentence(f"{lead}a mail would go to {known.address}")
            return f"Due since {moment(due_us)}: a mail would go to {known.address} now."
        case Wait(until_us, reason):
            return _sentence(f"{lead}it waits: {WHY[reason]}; looked at again at {moment(until_us)}")
        case Holdout():
            return _sentence(f"{lead}no mail: {WHY[Reason.HOLDOUT]}")
        case Skip(reason):
            return _sentence(f"{lead}no mail: {_why_skipped(known, reason)}")


def _sentence(text: str) -> str:
    text = text[0].upper() + text[1:]
    return text if text.endswith(".") else f"{text}."


def _wait(look: Look) -> str:
    """What ends by itself, see ``core.outlook``."""
    assert isinstance(look.decision, Wait)  # noqa: S101 - only these are followed
    until = moment(look.decision.until_us)
    match look.decision.reason:
        case Reason.ACTIVITY:
            return f"due at {until}"
        case Reason.COOLDOWN:
            return f"its address had a mail lately, and gets no other before {until} (EMAIL_COOLDOWN_HOURS)"
        case reason:
            return f"{WHY[reason]} at {until}"


def _before_it_leaves(known: Known) -> Iterator[str]:
    """What stands between the decision and the mail: the claim, and the fence."""
    if known.hindrance is not None and len(known.looks) == 1:
        until_us, reason = known.hindrance
        yield f"But it waits for its claim: {WHY[reason]}; looked at again at {moment(until_us)}."
    if known.changed:
        parts = ", ".join(PARTS.get(part, part) for part in known.changed)
        yield (
            f"But the fence would stop it: {parts} changed while this was read. Ask again; if it says so each time, "
            "please report it with this output."
        )
    elif known.hindrance is None or len(known.looks) > 1:
        yield "As things stand the fence would let it through."


def _why_skipped(known: Known, reason: Reason) -> str:
    if reason is Reason.HANDLED:
        return handled(known.cart.logged, known.log)
    if reason in TOLD_BY_EPISODE:
        return _over(known, reason)
    if reason is Reason.UNREADABLE:
        return f"{WHY[reason]} ({known.cart.unreadable})"
    if reason is Reason.STORE:
        return f"{WHY[reason]}: {known.cart.store or 'it has none'}"
    return WHY[reason]


def _over(known: Known, reason: Reason) -> str:
    """Why there is nothing (any more) to recover."""
    order_us = known.cart.newest_order_us
    if order_us is not None and (known.rows or reason is not Reason.EMPTY):
        order = known.orders[0] if known.orders else None
        number = "" if order is None else f" (order {order.id}, {ORDERED_BY.get(order.way, order.way)})"
        if order_us >= READABLE_US:
            return f"bought at a time that nobody can read{number}"
        return f"bought on {moment(order_us)}{number}"
    if reason is Reason.BOUGHT_MEANWHILE:
        told_us = known.cart.told_order_us
        return (
            f"the binlog told of an order at {moment(told_us)}" if told_us else "the binlog told of an order"
        )
    if reason is Reason.CLOSED:
        return WHY[reason]
    if known.rows and not known.moments.document:
        return f"none of its {known.rows} rows counts: quantity 0, or a time of creation that nobody can read"
    empty = "it is empty: the shop has nothing in it"
    return empty if not known.orders else f"{empty}; the newest order is {known.orders[0].id}"


def handled(logged: LoggedEpisode | None, log: Sequence[LogRow]) -> str:
    """By which row of the log a cart was handled, when and why. ``log``: the cart's rows."""
    row = next((row for row in log if logged is not None and row.id == logged.id), None)
    if row is None:
        return WHY[Reason.HANDLED]
    named = f"log row {row.id}"
    if not row.ours:
        return f"{named} of another preset has this cart"
    again = "; what is put in from now on is a new episode"
    match row.status:
        case Status.SENT:
            return f"it was mailed{_on(row.sent_us)} ({named}){again}"
        case Status.SKIPPED:
            return f"it was skipped{_on(row.logged_us)} ({named}): {why(row) or 'no reason is kept'}{again}"
        case Status.SENDING:
            return f"its mail is being handed over just now ({named})"
        case Status.FAILED:
            retry = f"`cartwake retry --id {row.id}` tries again"
            return f"its mail was given up{_on(row.logged_us)} ({named}); {retry}{again}"
        case Status.UNKNOWN:
            return f"it may have been mailed{_on(row.sent_us)}, nobody knows ({named}){again}"
        case _:
            return f"{WHY[Reason.HANDLED]} ({named}){again}"


def _on(us: int | None) -> str:
    return "" if us is None else f" on {moment(us)}"
