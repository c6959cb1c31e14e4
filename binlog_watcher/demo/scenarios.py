"""The programme of the demo: which plays, how often, when, with whom; and the cast; pure."""

from collections.abc import Awaitable, Callable, Iterable
from dataclasses import dataclass
from typing import Literal

from binlog_watcher.demo import personas
from binlog_watcher.demo.personas import FIRST_USER_ID, Persona
from binlog_watcher.demo.plays import buying, coming_back, leaving, odd_carts, odd_customers
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
    Scenario("left before Cartwake was installed", leaving.leave_long_ago, 4, (0, 0), "set-up"),
    Scenario("abandons below 100: no discount", leaving.leave_small, 6),
    Scenario("abandons below 500: 10 %", leaving.leave_medium, 6),
    Scenario("abandons from 500: 20 %", leaving.leave_large, 6),
    Scenario("total on the edge of a tier", leaving.leave_on_edge, 4, (1, 8)),
    Scenario("abandons ten things at once", leaving.leave_desk, 2, (1, 8)),
    Scenario("orders in time", buying.order_in_time, 5),
    Scenario("orders in the last half second", buying.order_at_the_last_moment, 5, (0.3, 14)),
    Scenario("keeps adding", leaving.keep_adding, 4, (0.3, 10)),
    Scenario("changes quantities", leaving.change_quantities, 4, (0.3, 11)),
    Scenario("empties the cart", leaving.empty_the_cart, 4),
    Scenario("deletes one item", leaving.delete_one_item, 4, (0.3, 12)),
    Scenario("comes back after the cool-down", coming_back.come_back_later, 3, (0.5, 9)),
    Scenario("comes back within the cool-down", coming_back.come_back_soon, 3, (0.2, 1.5)),
    Scenario("buys after the mail", coming_back.buy_after_the_mail, 3, (1, 9)),
    Scenario("tinkers after the mail", coming_back.tinker_after_the_mail, 2, (1, 9)),
    Scenario(
        "no address, or an invalid one", odd_customers.cannot_be_reached, 5, people=personas.UNREACHABLE
    ),
    Scenario("account deleted meanwhile", odd_customers.account_is_deleted, 1),
    Scenario("has unsubscribed", odd_customers.has_opted_out, 2, people=personas.OPTED_OUT),
    Scenario("staff (excluded role)", odd_customers.works_here, 2, people=personas.STAFF),
    Scenario("names: markup, Arabic, Japanese", leaving.leave_medium, 7, people=personas.HARD_NAMES),
    Scenario(
        "one address, two user ids",
        coming_back.share_an_address,
        2,
        (0.2, 1),
        people=personas.COUPLES,
        together=2,
    ),
    Scenario(
        "… and one of them buys",
        coming_back.share_an_address_and_buy,
        1,
        (2, 2),
        people=personas.HELD_COUPLE,
        together=2,
    ),
    Scenario("bought rows stay in the cart", buying.bought_rows_stay, 3),
    Scenario("bought, then left something new", buying.bought_and_left_more, 3, (0.3, 13)),
    Scenario("payment fails, order deleted", buying.payment_fails, 2, (0.3, 13)),
    Scenario("guest never logs in", odd_customers.guest_never_logs_in, 2),
    Scenario("guest logs in", odd_customers.guest_logs_in, 3, (0.3, 13)),
    Scenario("quantity 0 only", odd_carts.nothing_but_zero, 1),
    Scenario("quantity 0 beside an item", odd_carts.some_zero, 1),
    Scenario("product deleted from the shop", odd_carts.product_disappears, 2, (0.3, 13)),
    Scenario("product out of stock", odd_carts.out_of_stock, 2),
    Scenario("transaction rolled back", leaving.roll_back, 2),
    Scenario("armed when the service is killed", leaving.leave_around_the_outage, 5, (21.5, 24.5)),
    Scenario("orders while the service is down", buying.order_during_the_outage, 3, (21.5, 24.5)),
    Scenario("fills the cart while it is down", leaving.leave_around_the_outage, 6, (0.3, 2.5), "kill"),
    Scenario("cool-down spans the outage", coming_back.come_back_soon, 2, (8.5, 10)),
    Scenario("abandons after the restart", leaving.leave_medium, 5, (0.5, 5), "restart"),
    Scenario("orders in time after the restart", buying.order_in_time, 3, (0.5, 4), "restart"),
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
