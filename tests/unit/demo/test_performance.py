from decimal import Decimal
from pathlib import Path
from typing import Any, cast

from binlog_watcher.demo.catcher import MailCatcher
from binlog_watcher.demo.expectations import ExpectedMail, Item, Timing
from binlog_watcher.demo.performance import Performance
from binlog_watcher.demo.sample_shop import SAMPLE_USERS
from binlog_watcher.demo.scenarios import SCENARIOS
from binlog_watcher.demo.scenarios import cast as give_parts
from binlog_watcher.demo.shoppers import Stage

NOBODY = cast("Any", None)
"""Neither database nor service is touched here."""


def a_performance(folder: Path) -> Performance:
    return Performance(give_parts(SCENARIOS[1:2]), Stage(NOBODY, MailCatcher(folder), 6, 15), NOBODY)


def expected(due: float, timing: Timing = Timing.LIVE) -> ExpectedMail:
    return ExpectedMail(101, "a@example.com", None, (Item("x", Decimal(1)),), due, timing)


def test_carts_that_strayed_into_the_outage_are_judged_as_such(tmp_path: Path) -> None:
    performance = a_performance(tmp_path)
    performance._killed_at, performance._ready_at = 1000.0, 1006.0
    story = performance.stories[0]
    story.expected = [
        expected(999.0),  # mailed before the kill
        expected(1003.0),  # armed before, due while the service was down
        expected(1011.0),  # the cart was left while it was down
        expected(1013.0),  # left when it was ready again
        expected(1003.0, Timing.HELD),
    ]
    performance._mark_stragglers()
    assert [mail.timing for mail in story.expected] == [
        Timing.LIVE,
        Timing.OUTAGE,
        Timing.OUTAGE,
        Timing.LIVE,
        Timing.HELD,
    ]


def test_mails_to_customers_played_with_by_hand_are_not_judged(tmp_path: Path) -> None:
    performance = a_performance(tmp_path)
    catcher = performance._stage.catcher
    catcher.take("shop@example.com", [str(SAMPLE_USERS[0].email)], b"Subject: by hand\r\n\r\n")
    catcher.take("shop@example.com", ["amelia.andersen.0@example.com"], b"Subject: simulated\r\n\r\n")
    assert [mail.subject for mail in performance.mails] == ["simulated"]
