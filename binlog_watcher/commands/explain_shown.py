"""`cartwake explain` on a terminal: plain sentences, one a line."""

import html
from collections.abc import Iterator

from binlog_watcher.answers.explain import CartLine, CartStory, Explained


def shown(explained: Explained) -> Iterator[str]:
    """The answer, line by line. Times in UTC."""
    yield f"It is {explained.at:%Y-%m-%d %H:%M:%S} UTC. {explained.service}"
    yield from explained.notes
    if explained.nothing is not None:
        yield explained.nothing
    for key, why in explained.unreadable.items():
        yield from ("", f"Cart {key} can't be read, and is not mailed till it can: {why}")
    for story in explained.carts:
        yield ""
        yield from _story(story)
    if explained.more:
        yield from ("", f"{explained.more} older carts are left out: ask for one with --cart.")


def _story(story: CartStory) -> Iterator[str]:
    yield f"Cart {story.cart}, of {_whose(story)}{f', store {story.store}' if story.store else ''}"
    yield "  Now in the shop"
    yield f"    {_contents(story)}"
    for line in story.lines:
        yield f"    {_line(line)}"
    if story.missing_products:
        yield f"    the shop lacks the product of further rows just now: {', '.join(story.missing_products)}"
    if story.events:
        yield "  What happened"
    for event in story.events:
        at = "(at an unknown time)" if event.at is None else f"{event.at:%Y-%m-%d %H:%M:%S}"
        yield f"    {at}  {event.text}"
    yield "  What would happen now"
    for sentence in (*story.outcome, story.timer):
        yield f"    {sentence}"


def _whose(story: CartStory) -> str:
    who = "a guest" if story.customer is None else f"customer {story.customer}"
    return f"{who} ({story.address or 'no address'})"


def _contents(story: CartStory) -> str:
    rows = f"{story.rows} row{'' if story.rows == 1 else 's'}"
    if not story.lines:
        return f"{rows}, of which none counts" if story.rows else "nothing"
    pieces = sum(line.quantity for line in story.lines)
    count = "1 line that counts" if len(story.lines) == 1 else f"{len(story.lines)} lines that count"
    return f"{rows}; {count}, {pieces} in all: {story.total:.2f} {story.currency or ''}".rstrip()


def _line(line: CartLine) -> str:
    note = "" if line.available else " (can't be bought just now)"
    name = " ".join(html.unescape(line.name).split())[:60]
    return f"{line.quantity} x {name} (product {line.product}), {line.total:.2f}{note}"
