"""A dashboard without a service and a database behind it, in every state that it can be in."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any

from binlog_watcher.admin.access import Access
from binlog_watcher.admin.app import Part, admin_app
from binlog_watcher.admin.dashboard import dashboard_of
from binlog_watcher.admin.keeper import Kept
from binlog_watcher.admin.readings import Advised, LogReading
from binlog_watcher.answers.cart_seeking import Question
from binlog_watcher.answers.cart_story import Event
from binlog_watcher.answers.explain import CartLine, CartStory, Explained
from binlog_watcher.core.dead_letters import DeadLetter
from binlog_watcher.errors import DatabaseUnavailableError
from binlog_watcher.service.live import Standing
from binlog_watcher.settings.load import load_settings
from binlog_watcher.settings.settings import Settings
from binlog_watcher.store.own_tables.figures import (
    Day,
    Figures,
    Followed,
    Lateness,
    Outcome,
    Period,
    Sums,
    Window,
)
from binlog_watcher.store.own_tables.overview import UnderWay
from binlog_watcher.store.own_tables.recent import RecentRow
from binlog_watcher.telemetry.metrics_server import Obstacle

NOW = datetime(2026, 3, 20, 14, 7, 42, tzinfo=UTC)
NOW_US = int(NOW.timestamp()) * 1_000_000
MINUTE = 60_000_000
LONG = "Donaudampfschifffahrtsgesellschaftskapitänsmützen & Söhne"


def settings(**more: str) -> Settings:
    environ = {
        "MYSQL_HOST": "127.0.0.1", "MYSQL_PORT": "1", "MYSQL_USER": "cartwake", "MYSQL_DATABASE": "shop",
        "STORE_NAME": "The Sample Shop", "STORE_URL": "https://shop.example.com", "STORE_ADDRESS": "1 Market Street",
        "SUPPORT_EMAIL": "help@example.com", "CART_URL": "https://shop.example.com/cart",
        "SENDER_EMAIL": "a@example.com", "PROMISES_CONFIRMED": "discount_without_code,free_shipping",
    }  # fmt: skip
    return load_settings(None, need="preview", environ=environ | more)


def standing(**more: Any) -> Standing:
    dues = [
        9,
        31,
        44,
        70,
        75,
        77,
        130,
        131,
        132,
        133,
        200,
        260,
        290,
        300,
        301,
        350,
        420,
        421,
        423,
        424,
        540,
        590,
    ]
    upcoming: list[tuple[int | str, int]] = [
        (4_117 + at, NOW_US + due * 1_000_000) for at, due in enumerate(dues)
    ]
    found = Standing(
        now_us=NOW_US, upcoming=upcoming, armed=184, in_hand=2, lag_us=0, silent_us=400_000, resets={}, queues={},
        sender_stopped=False, texts_fail=False,
    )  # fmt: skip
    return replace(found, **more)


def day(at: date, abandoned: int, mailed: int, recovered: int) -> Day:
    clicks = recovered * 2 // 3
    money = Decimal(recovered) * Decimal("71.35")
    return Day(
        at,
        Sums(
            carts=abandoned, abandoned=abandoned, mailed=mailed, ordered=recovered, recovered_click=clicks,
            recovered_other=recovered - clicks, value={"EUR": Decimal(abandoned) * 83}, click_money={"EUR": money},
        ),
    )  # fmt: skip


def figures(days: Sequence[Day] | None = None, **more: Any) -> Figures:
    if days is None:
        numbers = [
            (38 + back * 7 % 19 - 9 * (back % 7 in {1, 2}), back)
            for back in reversed(range(30))
            if back != 17
        ]
        days = [
            day(NOW.date() - timedelta(days=back), many, many * 3 // 4 + back % 3, many // 6 + back % 2)
            for many, back in numbers
        ]
    sums = Sums()
    for one in days:
        sums += one.sums
    found = Figures(
        window=Window.last(NOW_US, days=30), attribution_days=5, now=Period(sums, orders=1_903), before=None,
        links=Followed(sums.mailed // 3, 0, 0), holdout=Sums(), days=tuple(days), splits={},
        outcomes=(Outcome("sent", None, sums.mailed),),
        lateness=Lateness(sums.mailed, 380_000, 900_000, 2_400_000, 74_000_000), traced=("customer",), with_totals=True,
    )  # fmt: skip
    return replace(found, **more)


def row(log_id: int, status: str, reason: str | None = None, **more: Any) -> RecentRow:
    found = RecentRow(
        id=log_id, cart_key=str(4_000 + log_id), status=status, reason=reason,
        total=Decimal("12.50") * (log_id % 17 + 1),
        currency="EUR", attempts=1, error=None, at_us=NOW_US - (100 - log_id) * 37_000_000, next_attempt_us=None,
    )  # fmt: skip
    return replace(found, **more)


ROWS = [
    row(99, "claimed"),
    row(98, "sent"),
    row(97, "sent"),
    row(96, "skipped", "opted_out"),
    row(95, "sent", attempts=2),
    row(94, "skipped", "bought_meanwhile"),
    row(93, "sent"),
    row(
        92,
        "retry",
        error="451 4.7.1 <jane@example.com>: greylisted, try again later",
        next_attempt_us=NOW_US + MINUTE,
    ),
    row(91, "sent"),
    row(90, "skipped", "holdout"),
    row(89, "sent"),
    row(88, "skipped", "no_address", total=Decimal("1240.00")),
]
NOTHING_UNDER_WAY = UnderWay(0, 0, 0, 0, None)


def log(rows: Sequence[RecentRow] = ROWS, **more: Any) -> LogReading:
    return replace(LogReading(list(rows), 0, 0, [], NOTHING_UNDER_WAY), **more)


def letter(log_id: int, status: str, error: str | None, todo: str) -> Advised:
    found = DeadLetter(
        id=log_id, cart_key="77", user_id=77, status=status, reason=None, total=Decimal(99), currency="EUR", attempts=8,
        error=error, message_id="<cartwake.71.ab@shop.example.com>", logged_us=NOW_US, mailed_us=None,
        activity_us=NOW_US, newer_id=None, owner_lives=False,
    )  # fmt: skip
    return Advised(found, todo)


TROUBLED = log(
    [row(71, "failed", error="550 5.7.1 <jane@example.com> rejected: sender not allowed"), row(70, "unknown"), *ROWS],
    failed=3,
    unknown=1,
    letters=[
        letter(71, "failed", "550 5.7.1 <jane@example.com> rejected: sender not allowed", "mend it"),
        letter(
            70, "unknown", None,
            "look for <cartwake.70.ab@shop.example.com> in the mail server's log; if it never arrived there: "
            "cartwake retry --id 70",
        ),
    ],
)  # fmt: skip

STORY = CartStory(
    cart="4117", customer="4117", address="j***@example.com", store=None, currency="EUR",
    total=Decimal("129.80"), rows=2,
    lines=[
        CartLine("12", "Trail running shoes &amp; socks", 1, Decimal("99.90"), Decimal("99.90"), available=True),
        CartLine("31", LONG, 1, Decimal("29.90"), Decimal("29.90"), available=False),
    ],
    missing_products=[], last_activity=NOW, activity_from="the binlog", due=NOW,
    timer="The service's timer for it stands at 2026-03-20 14:37:42 UTC.",
    events=[
        Event(NOW - timedelta(days=3), "sent", "log row 42: the mail server took the mail; Message-ID <a@example.com>"),
        Event(NOW - timedelta(days=2), "order", "order 9001 of this customer"),
        Event(NOW, "activity", "last activity, known from the creation of its newest row that counts"),
        Event(None, "unpaid_order", "its address is never mailed (`cartwake optout remove` undoes it)"),
    ],
    decision="wait", reason="activity",
    outcome=["Now: wait until 2026-03-20 14:37:42 UTC: it has not been quiet long enough.",
             "Then: a mail would be sent."],
)  # fmt: skip


class FakeKeeper:
    """Hands out what it was given."""

    def __init__(self, kept: Kept[Any]) -> None:
        self.kept = kept

    def look(self) -> Kept[Any]:
        return self.kept


class FakeReadings:
    """``figures`` and ``log``: what was read; None: nothing yet. ``down``: the database is away."""

    def __init__(self, figures: Kept[Any], log: Kept[Any], *, down: bool = False) -> None:
        self.figures, self.log = FakeKeeper(figures), FakeKeeper(log)
        self.down = down
        self.asked: list[Question] = []

    def story(self, question: Question) -> Explained:
        self.asked.append(question)
        if self.down:
            raise DatabaseUnavailableError("MySQL at 127.0.0.1:3306 can't be reached: ConnectionRefusedError")
        found = [STORY] if question.cart != "1" else []
        return Explained(
            at=NOW, service_runs=True, service="A service follows this database.", notes=[], carts=found, unreadable={},
            more=0, nothing=None if found else "There is no cart 1. Looked in: cart.user_id.",
        )  # fmt: skip

    def close(self) -> None:
        pass


class FakeLive:
    def __init__(self, found: Standing) -> None:
        self.found = found

    def standing(self, *, timers: int) -> Standing:
        return replace(self.found, upcoming=self.found.upcoming[:timers])


class FakeInstance:
    """``live`` is None for one that stands by."""

    def __init__(self, live: Standing | None = None, obstacle: Obstacle | None = None) -> None:
        self.live: Any = None if live is None else FakeLive(live)
        self.obstacle = obstacle

    def not_ready(self) -> Obstacle | None:
        return self.obstacle


AWAY = "MySQL at 127.0.0.1:3306 can't be reached: ConnectionRefusedError"
AT_S = NOW.timestamp()


def part(
    state: str = "fine",
    *,
    readings: FakeReadings | None = None,
    instance: FakeInstance | None = None,
    **more: str,
) -> Part:
    """The dashboard in one of ``STATES``."""
    default_readings, default_instance, names = STATES[state]
    return dashboard_of(
        settings(**names, **more), instance or default_instance, readings or default_readings, lambda: AT_S
    )


def app_in(state: str, access: Access) -> Any:
    return admin_app(access, [part(state)])


def _kept(value: Any, error: str | None = None) -> Kept[Any]:
    return Kept(value, AT_S - 40, error)


EMPTY = figures([], lateness=None, now=Period(Sums(), 0))
MANY_CURRENCIES = figures(
    [
        Day(
            NOW.date(),
            Sums(
                carts=1_250_000, abandoned=1_250_000, mailed=1_000_000, recovered_click=90_000,
                value={"EUR": Decimal(10**9), "JPY": Decimal(10**10)},
                click_money={"EUR": Decimal("123456789.10"), "JPY": Decimal(9_876_543_210), "CHF": Decimal("12.30")},
            ),
        )
    ]
)  # fmt: skip

ERASED = row(9, "sent", cart_key="erased:" + "0" * 32)
LONG_KEY = row(8, "skipped", "superseded", cart_key="k" * 190)

STATES: dict[str, tuple[FakeReadings, FakeInstance, dict[str, str]]] = {
    "fine": (FakeReadings(_kept(figures()), _kept(log())), FakeInstance(standing()), {}),
    "problems": (
        FakeReadings(_kept(figures()), _kept(TROUBLED)),
        FakeInstance(
            standing(resets={"purged": 3, "failover": 2}, queues={"fence": 40}),
            Obstacle("smtp", "the SMTP server takes no mail from us"),
        ),
        {"PROMISES_CONFIRMED": ""},
    ),
    "empty": (
        FakeReadings(_kept(EMPTY), _kept(log([]))),
        FakeInstance(standing(upcoming=[], armed=0, in_hand=0)),
        {},
    ),
    "never_ran": (FakeReadings(_kept(None), _kept(None)), FakeInstance(standing(upcoming=[], armed=0)),
                  {"DRY_RUN": "true"}),
    "counting": (FakeReadings(Kept(), Kept()), FakeInstance(None, Obstacle("starting", "…")), {}),
    "standby": (FakeReadings(_kept(figures()), _kept(log())), FakeInstance(None, Obstacle("standby")), {}),
    "away": (
        FakeReadings(_kept(figures(), AWAY), _kept(log(), AWAY), down=True),
        FakeInstance(standing(), Obstacle("binlog", "nothing was heard of it for 190 s; is MySQL there?")),
        {},
    ),
    "long": (
        FakeReadings(
            _kept(MANY_CURRENCIES),
            _kept(log([ERASED, LONG_KEY])),
        ),
        FakeInstance(standing(upcoming=[("s" * 190, NOW_US + MINUTE)] * 700, armed=1_250_000)),
        {"STORE_NAME": LONG * 3},
    ),
}  # fmt: skip
"""Name → readings, instance and settings."""
