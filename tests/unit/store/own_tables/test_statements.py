"""The text of every statement on the log, as a human reads it; and that it knows no status but the steps'.

`WRITE_STATEMENTS=1 pytest tests/unit/store/own_tables/test_statements.py` writes the files anew: read the difference.
"""

import inspect
import os
import re
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import UTC
from decimal import Decimal
from pathlib import Path
from typing import Any, cast

import pytest
from fakes.dictionary import SampleDictionary

from binlog_watcher.core import transitions
from binlog_watcher.core.cart import Cart, Customer, Line, LoggedEpisode
from binlog_watcher.core.cart_note import CartNote
from binlog_watcher.core.log_status import Reason, Status
from binlog_watcher.core.rate_limit import TokenBucket
from binlog_watcher.core.transitions import STEPS, Step
from binlog_watcher.core.webhook_events import WebhookEvent
from binlog_watcher.shop.presets import SAMPLE
from binlog_watcher.store.own_tables import (
    cart_notes,
    claims,
    dead_letters,
    erased_notes,
    erasure,
    fence,
    group,
    history,
    leftovers,
    log,
    mail_tokens,
    outcomes,
    overview,
    personal,
    retention,
    returned_mails,
    rights,
    settling,
    visits,
    webhook_events,
    webhook_queue,
)
from binlog_watcher.store.own_tables.log_rows import Episode, Fenced, Outcome
from binlog_watcher.store.own_tables.statement import Statement
from binlog_watcher.store.shop_tables.columns import ShopColumns
from binlog_watcher.store.shop_tables.queries import Queries
from binlog_watcher.store.times import utc_naive
from mailer.bounces import Severity

FOLDER = Path(__file__).with_name("statements")
NOW = 1_790_000_000_000_000
HOUR = 3_600_000_000
ADA, BOB = b"\xaa" * 32, b"\xbb" * 32

FACT = webhook_events.Fact(WebhookEvent.SENT, 7, detail={"reason": None})
CLOCKS = [group.Clock("carts[0]", NOW, 7), group.Clock("carts[1]", NOW, 0)]
QUERIES = Queries(SAMPLE, ShopColumns(SampleDictionary(), SAMPLE, UTC))


def logged(log_id: int, status: Status, **more: Any) -> LoggedEpisode:
    fields = {"attempts": 1, "next_attempt_us": None, "lease_until_us": NOW} | more
    return LoggedEpisode(id=log_id, version=NOW, status=status, **fields)


def episode(key: int, address_hash: bytes, row: LoggedEpisode | None = None) -> Episode:
    line = Line(5, "Mouse", "Input", Decimal("19.99"), 2, None)
    customer = Customer(key, "Ada", "ada@example.com", None, address_hash)
    cart = Cart(
        key=key,
        customer=customer,
        lines=(line,),
        version=NOW,
        newest_order_us=None,
        logged=row,
        customer_id=key,
    )
    return Episode(cart, NOW, NOW, "EUR", Decimal(10))


RETRY = logged(7, Status.RETRY, owner="there")
DEAD = logged(4, Status.CLAIMED, owner="gone", owner_alive=False)
ALIVE = logged(5, Status.CLAIMED, owner="there")
NEW = [episode(1, BOB), episode(2, ADA)]
BEGUN = [(episode(7, ADA, RETRY), RETRY), (episode(4, BOB, DEAD), DEAD), (episode(5, BOB, ALIVE), ALIVE)]
ENDED = [
    Outcome(2, Status.RETRY, error="451 later", next_attempt_us=NOW + HOUR, message_id="<m2@example.com>"),
    Outcome(1, Status.SENT, at_us=NOW, address_hash=ADA, message_id="<m1@example.com>"),
    Outcome(3, Status.FAILED, error="550 no"),
]
AGAIN = outcomes.Before(Status.SENDING, utc_naive(NOW - HOUR), BOB)
TOO_EARLY = outcomes.Before(Status.UNKNOWN, utc_naive(NOW - HOUR), BOB)


def values_of(statement: Statement) -> list[Any]:
    """The values of a statement whose placeholders have no names."""
    return list(statement.parameters)


CARTS = [
    replace(NEW[0].cart, fingerprint="1:11/2:22/1:5/0"),
    replace(NEW[1].cart, fingerprint="3:33/0/1:6/0"),
]


@dataclass(frozen=True)
class Built:
    """A statement and its step. Built by the test that looks at it: a mutant is not alive while tests are collected."""

    builder: Callable[..., Statement]
    values: tuple[Any, ...]
    named: dict[str, Any]
    step: Step | None

    @property
    def statement(self) -> Statement:
        return self.builder(*self.values, **self.named)


def built(builder: Callable[..., Statement], *values: Any, step: Step | None = None, **named: Any) -> Built:
    return Built(builder, values, named, step)


STATEMENTS: dict[str, list[Built]] = {
    "webhook_events": [
        built(webhook_events.note, [FACT, replace(FACT, log_id=3, detail={})]),
        built(webhook_events.note_click, {"link": "item"}),
        built(webhook_events.note_suppression, ADA, {"reason": "unsubscribed"}),
        built(webhook_events.forget, [7, 4]),
    ],
    "group": [
        built(group.write_marks, [3, 0]),
        built(group.write_clocks, "cartwake", "shop@1", CLOCKS, 2),
        built(group.read_clocks, "cartwake"),
        built(group.newest_mark),
    ],
    "webhook_queue": [
        built(webhook_queue.due, 8),
        built(webhook_queue.take, [7, 4], "me"),
        built(webhook_queue.taken, [7, 4], "me"),
        built(webhook_queue.settle, [7, 4]),
        built(webhook_queue.postpone, 7, 300),
        built(webhook_queue.give_up, 7),
        built(webhook_queue.give_up_old),
        built(webhook_queue.purge, webhook_queue.State.TOLD, 14),
        built(webhook_queue.purge_behind, 2_000_000),
        built(webhook_queue.newest),
        built(webhook_queue.standing),
    ],
    "claims": [
        built(claims.lock_addresses, {BOB, ADA}),
        built(claims.mails_under_way, {BOB, ADA}),
        built(claims.insert, transitions.CLAIM, "me", NEW, lease_us=HOUR, step=transitions.CLAIM),
        built(claims.erased_versions, ["erased:b", "erased:a"]),
        built(claims.inserted, "me", NEW),
        built(claims.rows_of, NEW),
        built(claims.take_over, "me", BEGUN, HOUR, step=transitions.TAKE_OVER),
        built(claims.taken_over, "me", [7, 4, 5]),
        built(claims.supersede, "shop-me", NEW, step=transitions.SUPERSEDE),
        built(
            claims.insert, transitions.LOG_SKIP, "me", NEW, reason=Reason.NO_ADDRESS, lease_us=None,
            step=transitions.LOG_SKIP,
        ),
        built(claims.skip_begun, [7, 4], Reason.ROLE, step=transitions.SKIP),
    ],
    "fence": [
        built(
            fence.pass_fence, "me", QUERIES, [Fenced(1, CARTS[0]), Fenced(2, CARTS[1])], HOUR,
            step=transitions.PASS_FENCE,
        ),
        built(
            fence.pass_fence, "me", QUERIES, [Fenced(1, CARTS[0])], HOUR, again=True,
            step=transitions.STAY_FENCED,
        ),
        built(fence.unchanged_parts, QUERIES, CARTS[0]),
        built(fence.passed, "me", [1, 2]),
    ],
    "outcomes": [
        built(outcomes.addresses, [2, 3]),
        built(outcomes.lock_rows, [2, 3]),
        built(outcomes.take_back_mails, [2, 3], {BOB}),
        built(outcomes.write, "me", ENDED, {2: AGAIN, 3: TOO_EARLY}, step=transitions.FINISH),
        built(outcomes.give_back, "me", [2, 1], NOW, step=transitions.GIVE_BACK),
        built(outcomes.suppress_bounced, ADA, "a***@example.com", 2),
    ],
    "leftovers": [
        built(leftovers.close_rows, [RETRY, DEAD, ALIVE], Reason.EMPTIED, step=transitions.CLOSE),
        built(leftovers.mails_in_hand),
        built(leftovers.lock_unreported, [1, 2]),
        built(leftovers.count_as_mailed, {BOB, ADA}, NOW),
        built(leftovers.give_up, [1, 2], NOW, step=transitions.SETTLE_UNKNOWN),
        built(leftovers.waiting, NOW, HOUR),
    ],
    "dead_letters": [
        built(dead_letters.given_up, [Status.FAILED], 20),
        built(dead_letters.details, [1, 2]),
        built(dead_letters.carts, [1, 2]),
        built(dead_letters.lock_carts, {"2", "1"}),
        built(dead_letters.due_again, [2, 1], step=transitions.PUT_BACK),
    ],
    "mail_tokens": [
        built(mail_tokens.begin, TokenBucket(60, NOW)),
        built(mail_tokens.lock),
        built(mail_tokens.leave, TokenBucket(60, NOW)),
    ],
    "log": [
        built(log.newest_rows, ["1", "2"]),
        built(log.last_mails, ["1", "2"], NOW),
    ],
    "history": [
        built(history.rows_of_carts, ["1", "2"], with_bounces=True, most=100),
        built(history.key_of, 1),
        built(history.visits_of, [1, 2]),
        built(history.suppression, ADA),
        built(history.mail_at, ADA, NOW),
        built(history.carts_mailed_to, ADA, 20),
        built(history.carts_of_user, "7", 20),
    ],
    "overview": [
        built(overview.lateness_steps, NOW, HOUR),
    ],
    "rights": [
        built(rights.claiming), built(rights.locking_addresses), built(rights.keeping_facts),
        built(rights.keeping_notes), built(rights.forgetting), built(rights.keeping_clicks),
        built(rights.forgetting_clicks), built(rights.counting_returned),
        built(rights.keeping_events), built(rights.forgetting_events),
    ],
    "visits": [
        built(visits.mail, 1),
        built(visits.click, 1, "cart", 0, "scanner"),
        built(visits.lock_mail, 1),
        built(visits.newest_row, "1"),
        built(visits.decline_again, 2, NOW),
        built(visits.close_open, visits.LoggedMail("1", "shop-me", 60), step=transitions.SUPERSEDE),
        built(visits.decline, 1, NOW, step=transitions.LOG_SKIP),
        built(visits.followed, NOW),
    ],
    "returned_mails": [
        built(returned_mails.mailed, 7),
        built(returned_mails.note_bounce, 7, Severity.HARD),
        built(returned_mails.suppress, ADA, "a***@example.com", returned_mails.BounceRules(), Severity.HARD),
        built(returned_mails.count, "hard"),
        built(returned_mails.expired, 180), built(returned_mails.lift, [BOB, ADA], 180),
        built(returned_mails.returned_since, NOW),
    ],
    "erasure": [
        built(erasure.addresses, [1, 2]),
        built(erasure.lock_rows, [1, 2]),
        built(erasure.taken_names, {"erased:b", "erased:a"}),
        built(erasure.followed_by_orders, QUERIES, [1, 2]),
        built(erasure.blank, [(1, "erased:a", True, False, True), (2, "erased:b", False, False, False)]),
        built(erasure.counted_visits, [1, 2]),
        built(erasure.forget_flagged, [1, 2]), built(erasure.forget_visits, [1, 2]),
        built(erasure.keep_visits, [(1, "cart", utc_naive(NOW))]),
        built(erasure.forget_hints, {BOB, ADA}),
        built(erasure.mark_handled, "shop-", [("erased:a", NOW)], step=transitions.LOG_SKIP),
    ],
    "settling": [
        built(settling.rivals, [1, 2]),
        built(settling.outcomes, QUERIES, 5, [1, 2], [1, 2, 3]),
        built(settling.keep, [settling.Settled(1, True, False, Decimal(90), "EUR", True)]),
    ],
    "erased_notes": [
        built(erased_notes.forget_notes, "shop", ["1", "two"]),
        built(erased_notes.noted_documents, "shop", ["1", "two"]),
        built(erased_notes.forget_named_notes, "shop", ["erased:a"]),
        built(erased_notes.name_notes, "shop", [("two", "erased:a")]),
    ],
    "personal": [
        built(personal.rows_with_address, {BOB, ADA}),
        built(personal.rows_of_carts, ["1", "2"], "shop"),
        built(personal.rows_of_users, {2, 1}, 0, 20_000, "shop"),
        built(personal.last_id),
        built(personal.keys_of_others, ["1"], [1, 2]),
        built(personal.whole_rows, [1]), built(personal.whole_visits, [1]),
        built(personal.whole_notes, "shop", ["1"]), built(personal.whole_recipients, {BOB, ADA}),
    ],
    "retention": [
        built(retention.rows_behind, (utc_naive(NOW - HOUR), 7), NOW),
        built(retention.how_far),
        built(retention.came_to, (utc_naive(NOW - HOUR), 7)),
    ],
    "cart_notes": [
        built(cart_notes.write, "shop", [CartNote(1, NOW, None), CartNote("two", None, NOW)]),
        built(cart_notes.revive, "shop", {"1": "erased:a", "two": "erased:b"}),
        built(cart_notes.take_back_orders, "shop", [1, "two"]),
        built(cart_notes.read, "shop", [1, "two"]),
        built(cart_notes.purge, NOW), built(cart_notes.old_documents, "shop", NOW),
        built(cart_notes.last_note, "shop"),
        built(cart_notes.form_noted, "shop"), built(cart_notes.note_form, "shop", "ab12"),
        built(cart_notes.forms_of_others, "shop"), built(cart_notes.forget_shop, "other"),
        built(cart_notes.active_between, "shop", NOW - HOUR, NOW, "1", 20),
        built(cart_notes.renew, "shop", ["two"]), built(cart_notes.forget, "shop", ["one"], NOW),
    ],
}  # fmt: skip
ALL = [
    pytest.param(one, id=f"{name}.{one.builder.__name__}")
    for name, some in STATEMENTS.items()
    for one in some
]


def written(builder: Callable[..., Statement], statement: Statement) -> str:
    """A statement as it stands in a file: its purpose, the text with a clause a line, the values."""
    purpose = (inspect.getdoc(builder) or "").splitlines()[0]
    sql = re.sub(r" (FROM|LEFT JOIN|STRAIGHT_JOIN|JOIN|WHERE|SET|VALUES|ON DUPLICATE|UNION ALL|AND|OR|ORDER BY) ",
                 r"\n  \1 ", statement.sql)  # fmt: skip
    values = statement.parameters
    named = values.items() if isinstance(values, dict) else enumerate(values, start=1)
    lines = [f"--   {name}: {value(one)}" for name, one in named]
    return "\n".join([f"-- {builder.__name__}: {purpose}", f"{sql};", *lines, ""])


def value(one: object) -> str:
    if isinstance(one, tuple):
        return f"({', '.join(map(value, one))})"
    return f"0x{one.hex()[:4]}…" if isinstance(one, bytes) else str(one)


@pytest.mark.parametrize("name", STATEMENTS)
def test_the_statements_are_as_they_were_read_last(name: str) -> None:
    text = "\n".join(written(one.builder, one.statement) for one in STATEMENTS[name])
    file = FOLDER / f"{name}.sql"
    if os.environ.get("WRITE_STATEMENTS"):
        file.write_text(text, encoding="utf-8")
    assert file.read_text(encoding="utf-8") == text


def statements_of(module: Any) -> set[str]:
    """The names of all functions of a module that give a statement."""
    return {
        name
        for name, function in inspect.getmembers(module, inspect.isfunction)
        if function.__module__ == module.__name__
        and inspect.signature(function).return_annotation is Statement
        and "__mutmut_" not in name  # `make mutants` puts them beside the function
    }


@pytest.mark.parametrize(
    "module",
    [
        claims,
        fence,
        outcomes,
        leftovers,
        dead_letters,
        mail_tokens,
        log,
        history,
        overview,
        rights,
        visits,
        returned_mails,
        erasure,
        erased_notes,
        personal,
        retention,
        cart_notes,
        group,
        webhook_events,
        webhook_queue,
    ],
)
def test_no_statement_is_left_out_and_each_says_its_purpose(module: Any) -> None:
    name = module.__name__.rpartition(".")[2]
    assert statements_of(module) == {one.builder.__name__ for one in STATEMENTS[name]}
    assert all(one.builder.__doc__ for one in STATEMENTS[name])


@pytest.mark.parametrize("one", ALL)
def test_no_status_is_written_into_the_text(one: Built) -> None:
    statement = one.statement
    literals = set(re.findall(r"'(\w+)'", statement.sql))
    assert not literals & set(Status)


@pytest.mark.parametrize("one", ALL)
def test_every_value_has_its_place(one: Built) -> None:
    statement = one.statement
    if isinstance(statement.parameters, dict):
        assert set(re.findall(r"%\((\w+)\)s", statement.sql)) <= set(statement.parameters)
    else:
        assert len(re.findall(r"(?<!%)%s", statement.sql)) == len(statement.parameters)


def statuses_in(values: Any) -> set[Status]:
    if isinstance(values, Status):
        return {values}
    if isinstance(values, dict):
        values = list(values.values())
    return set().union(*map(statuses_in, values)) if isinstance(values, list | tuple) else set()


@pytest.mark.parametrize("one", [one for one in ALL if cast("Built", one.values[0]).step is not None])
def test_a_statement_that_changes_a_status_knows_those_of_its_step(one: Built) -> None:
    builder, statement, step = one.builder, one.statement, one.step
    assert step is not None
    allowed = {*step.to, *step.of_anybody, *step.of_its_owner, *step.left_behind}
    if builder is outcomes.write:
        allowed |= {*transitions.TELL_SENT.of_anybody}
        assert values_of(statement)[-3:] == [step.of_its_owner, Status.SENT, transitions.TELL_SENT.of_anybody]
    else:
        assert statuses_in(statement.parameters) == allowed


def test_every_step_has_its_name_and_its_statement() -> None:
    assert list(STEPS.values()) == [one for one in vars(transitions).values() if isinstance(one, Step)]
    stated = [one.step for some in STATEMENTS.values() for one in some if one.step is not None]
    assert [step for step in STEPS.values() if step not in stated] == [transitions.TELL_SENT]  # within FINISH


def test_an_attempt_ends_in_any_status_but_those_of_a_mail_in_hand() -> None:
    assert set(transitions.FINISH.to) == set(Status) - {Status.CLAIMED, Status.SENDING}


# --- what the text alone does not say -------------------------------------------------------------------------------


def test_addresses_are_locked_in_one_order_whatever_the_carts_is() -> None:
    hashes = [bytes([nth]) * 32 for nth in (9, 3, 7, 1, 5)]
    assert claims.lock_addresses(set(hashes)).parameters == sorted(hashes)
    assert claims.lock_addresses(hashes) == claims.lock_addresses(hashes[::-1])


def test_rows_are_taken_over_in_the_order_of_their_ids() -> None:
    assert claims.take_over("me", BEGUN, 1) == claims.take_over("me", BEGUN[::-1], 1)
    assert values_of(claims.take_over("me", BEGUN, 1))[:1] == [4]


def test_outcomes_are_written_in_the_order_of_their_ids() -> None:
    assert outcomes.write("me", ENDED, {}) == outcomes.write("me", ENDED[::-1], {})
    assert values_of(outcomes.write("me", ENDED, {}))[0] == 1


def test_no_column_of_an_outcome_is_made_of_one_that_the_same_statement_sets() -> None:
    """In what order MySQL and MariaDB set the columns of several tables is their own affair."""
    sets = outcomes.write("me", ENDED, {}).sql.partition(" SET ")[2]
    for column, expression in re.findall(r"(\b[lr]\.\w+) = (COALESCE\([^)]*\)|[^,]+)", sets):
        assert set(re.findall(r"\b[lr]\.\w+", expression)) <= {column}


@pytest.mark.parametrize(
    ("outcome", "before", "email_sent", "keeps_moment"),
    [
        (Outcome(1, Status.RETRY), None, 0, False),
        (Outcome(1, Status.RETRY), outcomes.Before(Status.SENDING, None, ADA), 0, False),
        (Outcome(1, Status.RETRY), AGAIN, None, True),
        (Outcome(1, Status.FAILED), AGAIN, None, True),
        (Outcome(1, Status.SKIPPED), AGAIN, None, True),
        (Outcome(1, Status.FAILED), TOO_EARLY, 0, False),
    ],
)
def test_a_mail_that_did_not_leave_keeps_the_moment_of_one_before_that_may_have_arrived(
    outcome: Outcome, before: outcomes.Before | None, email_sent: int | None, keeps_moment: bool
) -> None:
    values = values_of(outcomes.write("me", [outcome], {1: before} if before else {}))
    moment = before.sent_at if before and keeps_moment else None
    assert values[4:6] == [email_sent, moment]
    assert values[9] is None, "and is no new mail to its address"


def test_a_customer_s_number_is_kept_as_far_as_its_column_holds_it() -> None:
    cart = replace(NEW[0].cart, customer_id=claims.HIGHEST_ID)
    kept = claims.insert(transitions.CLAIM, "me", [replace(NEW[0], cart=cart)], lease_us=HOUR)
    assert claims.HIGHEST_ID in kept.parameters
    cart = replace(cart, customer_id=claims.HIGHEST_ID + 1)
    left_out = claims.insert(transitions.CLAIM, "me", [replace(NEW[0], cart=cart)], lease_us=HOUR)
    assert claims.HIGHEST_ID + 1 not in left_out.parameters
