"""The programme of the demo: which plays, how often, when, with whom; and the cast; pure."""

from collections.abc import Awaitable, Callable, Iterable
from dataclasses import dataclass
from typing import Literal

from binlog_watcher.demo import personas, plays
from binlog_watcher.demo.personas import FIRST_USER_ID, Persona
from binlog_watcher.demo.sample_shop import User

KILL_AT = 26.0
"""Seconds after the opening at which the service is killed."""

DOWN_FOR = 4.0
"""Seconds that pass before it is started again."""

Cue = Literal["set-up", "opening", "kill", "restart"]


@dataclass(frozen=True, slots=True)
class Scenario:
    """``count`` groups of ``together`` shoppers start evenly spread over ``window``, in seconds after ``cue``.

    ``people`` replace the ordinary customers. The windows keep the second before the kill free of mails
    that fall due: a mail caught inside the hand-over to SMTP has an unknown outcome, as with any sender.
    """

    title: str
    play: Callable[..., Awaitable[None]]
    count: int
    window: tuple[float, float] = (0.3, 15.0)
    cue: Cue = "opening"
    people: tuple[Persona, ...] = ()
    together: int = 1


@dataclass(frozen=True, slots=True)
class Part:
    """One group of shoppers of a scenario; ``offset`` in seconds after the scenario's cue."""

    scenario: Scenario
    offset: float
    cast: tuple[tuple[User, Persona], ...]


SCENARIOS: tuple[Scenario, ...] = (
    Scenario("left before Cartwake was installed", plays.leave_long_ago, 4, (0, 0), "set-up"),
    Scenario("abandons below 100: no discount", plays.leave_small, 6),
    Scenario("abandons below 500: 10 %", plays.leave_medium, 6),
    Scenario("abandons from 500: 20 %", plays.leave_large, 6),
    Scenario("total on the edge of a tier", plays.leave_on_edge, 4, (1, 8)),
    Scenario("abandons ten things at once", plays.leave_desk, 2, (1, 8)),
    Scenario("orders in time", plays.order_in_time, 5),
    Scenario("orders in the last half second", plays.order_at_the_last_moment, 5, (0.3, 14)),
    Scenario("keeps adding", plays.keep_adding, 4, (0.3, 10)),
    Scenario("changes quantities", plays.change_quantities, 4, (0.3, 11)),
    Scenario("empties the cart", plays.empty_the_cart, 4),
    Scenario("deletes one item", plays.delete_one_item, 4, (0.3, 12)),
    Scenario("comes back after the cool-down", plays.come_back_later, 3, (0.5, 9)),
    Scenario("comes back within the cool-down", plays.come_back_soon, 3, (0.2, 1.5)),
    Scenario("buys after the mail", plays.buy_after_the_mail, 3, (1, 9)),
    Scenario("tinkers after the mail", plays.tinker_after_the_mail, 2, (1, 9)),
    Scenario("no address, or an invalid one", plays.cannot_be_reached, 5, people=personas.UNREACHABLE),
    Scenario("account deleted meanwhile", plays.account_is_deleted, 1),
    Scenario("has unsubscribed", plays.has_opted_out, 2, people=personas.OPTED_OUT),
    Scenario("staff (excluded role)", plays.works_here, 2, people=personas.STAFF),
    Scenario("names: markup, Arabic, Japanese", plays.leave_medium, 7, people=personas.HARD_NAMES),
    Scenario(
        "one address, two user ids", plays.share_an_address, 2, (0.2, 1), people=personas.COUPLES, together=2
    ),
    Scenario(
        "… and one of them buys",
        plays.share_an_address_and_buy,
        1,
        (2, 2),
        people=personas.HELD_COUPLE,
        together=2,
    ),
    Scenario("bought rows stay in the cart", plays.bought_rows_stay, 3),
    Scenario("bought, then left something new", plays.bought_and_left_more, 3, (0.3, 13)),
    Scenario("payment fails, order deleted", plays.payment_fails, 2, (0.3, 13)),
    Scenario("guest never logs in", plays.guest_never_logs_in, 2),
    Scenario("guest logs in", plays.guest_logs_in, 3, (0.3, 13)),
    Scenario("quantity 0 only", plays.nothing_but_zero, 1),
    Scenario("quantity 0 beside an item", plays.some_zero, 1),
    Scenario("product deleted from the shop", plays.product_disappears, 2, (0.3, 13)),
    Scenario("product out of stock", plays.out_of_stock, 2),
    Scenario("transaction rolled back", plays.roll_back, 2),
    Scenario("armed when the service is killed", plays.leave_around_the_outage, 5, (21.5, 24.5)),
    Scenario("orders while the service is down", plays.order_during_the_outage, 3, (21.5, 24.5)),
    Scenario("fills the cart while it is down", plays.leave_around_the_outage, 6, (0.3, 2.5), "kill"),
    Scenario("cool-down spans the outage", plays.come_back_soon, 2, (8.5, 10)),
    Scenario("abandons after the restart", plays.leave_medium, 5, (0.5, 5), "restart"),
    Scenario("orders in time after the restart", plays.order_in_time, 3, (0.5, 4), "restart"),
)


def cast(scenarios: Iterable[Scenario] = SCENARIOS) -> tuple[Part, ...]:
    """Give every part its customers and its moment. Raises ValueError when a scenario's people don't fit."""
    ordinary = personas.ordinary()
    parts: list[Part] = []
    user_id = FIRST_USER_ID
    for scenario in scenarios:
        seats = scenario.count * scenario.together
        people = scenario.people or tuple(next(ordinary) for _ in range(seats))
        if len(people) != seats:
            raise ValueError(f"{scenario.title!r} has {seats} shoppers and {len(people)} people")
        users = [User(user_id + n, p.name, p.email, p.role) for n, p in enumerate(people)]
        user_id += seats
        members = list(zip(users, people, strict=True))
        begin, end = scenario.window
        step = (end - begin) / max(1, scenario.count - 1)
        parts += [
            Part(
                scenario,
                begin + step * number,
                tuple(members[number * scenario.together : (number + 1) * scenario.together]),
            )
            for number in range(scenario.count)
        ]
    return tuple(parts)
