"""Outgoing webhooks on real servers: what is told, to receivers of every kind, and that no mail waits for it."""

import asyncio
import json
import os
import signal
import socket
import subprocess
import sys
import textwrap
import threading
from collections.abc import AsyncIterator, Callable
from decimal import Decimal
from http.server import BaseHTTPRequestHandler
from pathlib import Path
from typing import Any

import pytest
import structlog
from fakes import mailed_history
from fakes.certificate import write_certificate
from fakes.examined import examined, mark_of
from fakes.mail_server import MailServer
from fakes.mailed_history import WINDOW
from fakes.recovering import Recovering, abandon, recovering
from fakes.waiting import until, wait_until
from fakes.webhook_receiver import SECRET, Receiver, receiving, status

from binlog_watcher.answers.erase import erase_person
from binlog_watcher.answers.person import Whom
from binlog_watcher.commands import report_figures
from binlog_watcher.commands.optout import optouts
from binlog_watcher.core.webhook_events import WebhookEvent
from binlog_watcher.doctor.finding import Mark
from binlog_watcher.service import webhook_delivery
from binlog_watcher.service.returned_mail import returned_mails
from binlog_watcher.service.stored_visits import StoredVisits
from binlog_watcher.service.webhook_delivery import Endpoint, WebhookDelivery, delivering_webhooks
from binlog_watcher.settings.webhooks import key_of
from binlog_watcher.store.own_tables import recovered_carts, tables, webhook_queue
from binlog_watcher.store.own_tables.recovered_carts import RecoveredCarts
from binlog_watcher.store.own_tables.webhook_events import WebhookEvents
from binlog_watcher.store.own_tables.webhook_queue import PAUSES_S, EventCount, Standing, State, WebhookQueue
from binlog_watcher.store.shop_tables.shop import Shop
from binlog_watcher.store.times import utc_naive
from binlog_watcher.telemetry.metrics import Metrics
from mailer.bounces import Result, Severity
from mailer.web import Kind, Visit

JANE = "user1@example.com"


@pytest.fixture
async def receiver() -> AsyncIterator[Receiver]:
    with receiving() as one:
        yield one


def told(receiver: Receiver) -> dict[str, Any]:
    """The settings by which it is told."""
    return {"WEBHOOK_URL": receiver.url, "WEBHOOK_SECRET": SECRET}


class Teller:
    """Rounds of deliveries, made by the test."""

    def __init__(self, shop: Any, url: str, *, patience_s: float = 5.0) -> None:
        self.shop = shop
        self.metrics = Metrics()
        self.queue = WebhookQueue(shop.database, "test", keep_days=7)
        self.delivery = WebhookDelivery(
            Endpoint(url, key_of(SECRET)), self.queue, self.metrics, patience_s=patience_s
        )

    async def round(self) -> int:
        async with self.delivery._client() as client:
            return await self.delivery.round(client)

    def rows(self) -> list[tuple[Any, ...]]:
        return list(self.shop.run("SELECT event, status, attempts FROM cart_abandonment_webhook ORDER BY id"))

    def count(self, outcome: str) -> float | None:
        return self.metrics.registry.get_sample_value("cartwake_webhooks_total", {"outcome": outcome})

    def time_passes(self) -> None:
        """So much that all is due again."""
        self.shop.run(
            "UPDATE cart_abandonment_webhook SET next_attempt_at = UTC_TIMESTAMP(6) WHERE status = 'waiting'"
        )


def happened(shop: Any, *events: str) -> None:
    """A mail, and these events of it."""
    shop.run(
        "INSERT INTO cart_abandonment_log (cart_key, user_id, cart_version, status, email_sent, cart_total, currency) "
        "VALUES ('7', 7, 1, 'sent', 1, 120.5, 'EUR')"
    )
    for event in events or ("mail.sent",):
        shop.run(
            "INSERT INTO cart_abandonment_webhook (log_id, event) "
            "SELECT MAX(id), %s FROM cart_abandonment_log",
            (event,),
        )


# --- what is told ---------------------------------------------------------------------------------------------------


async def test_each_fact_is_told_once_by_who_makes_it_so(
    shop: Any, smtp: MailServer, receiver: Receiver
) -> None:
    abandon(shop, [1, 2])
    shop.user(3, None)
    shop.add(3, 1)
    smtp.answer("RCPT", "user2@example.com", "550 5.1.1 no such user")
    async with recovering(shop, smtp, **told(receiver)) as cartwake:
        await cartwake.recover(1, 2, 3)
        ids = dict(shop.run("SELECT cart_key, id FROM cart_abandonment_log"))
        visits = StoredVisits(cartwake.settings)
        for _ in range(2):
            visits.record(Visit(ids["1"], Kind.ITEM, 2, None))
        visits.record(Visit(ids["1"], Kind.OPEN, 0, None))
        visits.record(Visit(ids["1"], Kind.CART, 0, "scanner"))
        mails = returned_mails(cartwake.settings, cartwake.resources)
        for _ in range(2):
            mails.bounced(ids["1"], [Result(Severity.SOFT, (JANE,), "5.2.2")])
            visits.stop_mails(ids["1"])
        visits.close()
        optouts(cartwake.settings).add("nobody@example.com")  # of whom the log knows nothing
        teller = Teller(shop, receiver.url)
        while await teller.round():
            pass
    assert sorted((m["type"], m["data"]["log_id"]) for _, m in receiver.messages) == sorted(
        [
            ("cart.detected", ids["1"]), ("cart.detected", ids["2"]), ("cart.detected", ids["3"]),
            ("mail.sent", ids["1"]), ("mail.bounced", ids["2"]), ("link.clicked", ids["1"]),
            ("link.clicked", ids["1"]), ("mail.bounced", ids["1"]), ("customer.unsubscribed", ids["1"]),
        ]
    )  # fmt: skip
    assert len(set(receiver.ids)) == len(receiver.ids)
    assert receiver.paths == ["/hooks?from=cartwake"] * len(receiver.ids)
    of_jane = {m["type"]: m["data"] for _, m in receiver.messages if m["data"]["log_id"] == ids["1"]}
    whole = of_jane["mail.sent"]
    assert {name: whole[name] for name in ("cart_key", "customer_id", "currency")} == {
        "cart_key": "1", "customer_id": 1, "currency": "USD",
    }  # fmt: skip
    assert whole["total"] == str(shop.log()[0]["cart_total"])
    assert whole["sent_at"].endswith("Z")
    assert (of_jane["link.clicked"]["link"], of_jane["link.clicked"]["link_number"]) == ("item", 2)
    assert of_jane["mail.bounced"]["bounce"] == "soft"
    assert of_jane["customer.unsubscribed"]["reason"] == "unsubscribed"
    reasons = {
        m["data"]["log_id"]: m["data"]["reason"] for _, m in receiver.messages if m["type"] == "cart.detected"
    }
    assert reasons == {ids["1"]: None, ids["2"]: None, ids["3"]: "no_address"}
    assert "@" not in str(receiver.messages), "no address leaves"
    assert {row[1] for row in teller.rows()} == {"told"}


async def test_only_what_is_wanted_is_written_down_and_without_a_receiver_nothing(
    shop: Any, smtp: MailServer, receiver: Receiver
) -> None:
    abandon(shop, [1, 2])
    async with recovering(shop, smtp, WEBHOOK_EVENTS="mail.sent", **told(receiver)) as cartwake:
        await cartwake.recover(1)
    async with recovering(shop, smtp) as cartwake:
        await cartwake.recover(2)
    assert shop.run("SELECT event FROM cart_abandonment_webhook") == [("mail.sent",)]


async def test_what_is_erased_is_not_told(shop: Any, smtp: MailServer, receiver: Receiver) -> None:
    abandon(shop, [1, 2])
    async with recovering(shop, smtp, **told(receiver)) as cartwake:
        await cartwake.recover(1, 2)
        erase_person(cartwake.settings, Whom(customer="1"))
        while await Teller(shop, receiver.url).round():
            pass
    assert {message["data"]["customer_id"] for _, message in receiver.messages} == {2}


async def test_a_fact_that_is_written_again_is_one_event(
    shop: Any, smtp: MailServer, receiver: Receiver, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The reply to the statement was lost, say."""
    abandon(shop, [1])
    async with recovering(shop, smtp, **told(receiver)) as cartwake:
        episodes: Any = cartwake.resources.episodes
        finish = episodes.finish

        def twice(outcomes: Any) -> int:
            finish(outcomes)
            return int(finish(outcomes))

        monkeypatch.setattr(episodes, "finish", twice)
        await cartwake.recover(1)
    assert shop.run("SELECT event FROM cart_abandonment_webhook ORDER BY id") == [
        ("cart.detected",), ("mail.sent",),
    ]  # fmt: skip


def test_orders_that_mails_recovered_are_told_once_as_the_report_counts_them(shop: Any) -> None:
    mailed_history.write(shop)
    shop.shop = Shop(shop.database, mailed_history.schema())
    with shop.database.session() as session:
        tables.create_views(session, shop.shop)
    now_us = WINDOW.until_us
    events = WebhookEvents(frozenset({WebhookEvent.RECOVERED}))
    recovered = RecoveredCarts(shop.database, shop.shop, events, days=5, back_us=now_us - WINDOW.since_us)
    told = recovered.look(now_us)
    wanted = shop.run(
        "SELECT r.log_id, CAST(r.order_id AS CHAR), r.amount, r.currency, r.clicked FROM cart_abandonment_recovered r "
        "JOIN cart_abandonment_log l ON l.id = r.log_id WHERE l.created_at >= %s ORDER BY 1",
        (utc_naive(WINDOW.since_us),),
    )
    found = [
        (log_id, detail["order_id"], Decimal(detail["amount"]), detail["currency"], int(detail["clicked"]))
        for log_id, text in shop.run("SELECT log_id, detail FROM cart_abandonment_webhook ORDER BY 1")
        for detail in [json.loads(text)]
    ]
    assert found == wanted
    assert told == len(found) == 7
    assert recovered.look(now_us) == 0
    assert RecoveredCarts(shop.database, shop.shop, WebhookEvents(), days=5, back_us=1).look(now_us) == 0


@pytest.mark.parametrize(
    ("order", "told_as"),
    [(b"\x01\x9a\xff", "019aff"), ("\N{SHOPPING TROLLEY}" * 60, "\N{SHOPPING TROLLEY}" * 24), ("A" * 120, "A" * 100)],
    ids=["bytes", "another script", "long"],
)  # fmt: skip
def test_an_order_s_id_of_any_kind_is_told_as_text_that_fits(shop: Any, order: Any, told_as: str) -> None:
    row = (1, order, "2026-03-01 12:00:00", Decimal("123456789012.34"), "EUR", 0)
    with shop.database.session() as session:
        WebhookEvents(frozenset(WebhookEvent)).note(session, [recovered_carts._fact(row)])
    ((text,),) = shop.run("SELECT detail FROM cart_abandonment_webhook")
    assert json.loads(text)["order_id"] == told_as


# --- receivers of every kind ----------------------------------------------------------------------------------------


async def test_a_dead_receiver_is_tried_again_ever_more_rarely_until_the_event_is_dead(shop: Any) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        teller = Teller(shop, f"http://127.0.0.1:{taken.getsockname()[1]}/")
        happened(shop)
        pauses = []
        for _ in PAUSES_S:
            assert await teller.round() == 1
            (pause,) = shop.run(
                "SELECT ROUND(TIMESTAMPDIFF(MICROSECOND, UTC_TIMESTAMP(6), next_attempt_at) / 1e6, -1) "
                "FROM cart_abandonment_webhook"
            )[0]
            pauses.append(int(pause))
            assert await teller.round() == 0, "it is not due yet"
            teller.time_passes()
        assert pauses == [round(pause, -1) for pause in PAUSES_S]
        with structlog.testing.capture_logs() as logs:
            await teller.round()
    assert [entry["event"] for entry in logs] == ["webhook.dead"]
    assert teller.rows() == [("mail.sent", "dead", len(PAUSES_S) + 1)]
    assert (teller.count("failed"), teller.count("dead")) == (len(PAUSES_S), 1)
    teller.time_passes()
    assert await teller.round() == 0


@pytest.mark.parametrize("code", [400, 404, 500, 503, 301, 307])
async def test_any_answer_but_a_yes_is_a_no(shop: Any, receiver: Receiver, code: int) -> None:
    teller = Teller(shop, receiver.url)
    happened(shop)
    receiver.respond = status(code, Location=receiver.url.replace("hooks", "elsewhere"))
    await teller.round()
    assert teller.rows() == [("mail.sent", "waiting", 1)]
    assert receiver.paths == ["/hooks?from=cartwake"], "redirects are not followed"
    receiver.respond = status(201)
    teller.time_passes()
    await teller.round()
    assert teller.rows() == [("mail.sent", "told", 2)]
    assert receiver.ids[0] == receiver.ids[1]
    assert receiver.messages[0] == receiver.messages[1]


def slow(released: threading.Event) -> Callable[[BaseHTTPRequestHandler], None]:
    """Answers byte after byte, so that no single read takes long, until it is released."""

    def respond(handler: BaseHTTPRequestHandler) -> None:
        while not released.wait(0.02):
            handler.wfile.write(b"H")
            handler.wfile.flush()

    return respond


async def test_a_slow_receiver_has_so_much_time_and_no_more(shop: Any, receiver: Receiver) -> None:
    released = threading.Event()
    receiver.respond = slow(released)
    teller = Teller(shop, receiver.url, patience_s=0.3)
    happened(shop)
    with structlog.testing.capture_logs() as logs:
        await teller.round()
    released.set()
    assert logs[0]["error"] == "no answer within 0.3 s"
    assert teller.rows() == [("mail.sent", "waiting", 1)]


async def test_of_an_endless_answer_little_is_read(shop: Any, receiver: Receiver) -> None:
    receiver.respond = status(200, b"x" * 5_000_000)
    teller = Teller(shop, receiver.url)
    happened(shop)
    await teller.round()
    assert teller.rows() == [("mail.sent", "told", 1)]


async def test_one_that_wants_no_more_is_left_alone_and_the_table_still_cleaned(
    shop: Any, receiver: Receiver, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(webhook_delivery, "LOOK_S", 0.01)
    monkeypatch.setattr(webhook_delivery, "CLEAN_S", 0.0)
    monkeypatch.setattr(webhook_delivery, "SILENCES_S", (0.01,))
    teller = Teller(shop, receiver.url)
    happened(shop, "mail.sent", "mail.bounced")
    receiver.respond = status(410)
    stop = threading.Event()
    with structlog.testing.capture_logs() as logs:
        running = asyncio.create_task(teller.delivery.run(stop))
        await until(lambda: teller.delivery.is_gone)
        happened_later = (
            "INSERT INTO cart_abandonment_webhook (log_id, event) SELECT MAX(id), 'link.clicked' FROM "
        )
        shop.run(f"{happened_later}cart_abandonment_log")
        shop.run("UPDATE cart_abandonment_webhook SET happened_at = happened_at - INTERVAL 5 DAY")
        await until(lambda: {row[1] for row in teller.rows()} == {"dead"})
        shop.run("UPDATE cart_abandonment_webhook SET happened_at = happened_at - INTERVAL 30 DAY")
        await until(lambda: teller.rows() == [])
        stop.set()
        await running
    assert [entry["event"] for entry in logs].count("webhooks.gone") == 1
    assert len(receiver.messages) == 2, "nothing is posted after its answer"
    assert "from=cartwake" not in str(logs), "the address may be a secret"
    assert teller.count("dead") == 3


async def test_while_nothing_comes_through_one_event_tries(shop: Any, receiver: Receiver) -> None:
    teller = Teller(shop, receiver.url)
    happened(shop, *(f"e.{number}" for number in range(12)))
    receiver.respond = status(500)
    assert await teller.round() == webhook_delivery.AT_ONCE
    assert teller.delivery.silence_s == webhook_delivery.SILENCES_S[0]
    assert await teller.round() == 1
    assert teller.delivery.silence_s == webhook_delivery.SILENCES_S[1]
    receiver.respond = status(200)
    assert await teller.round() == 1
    assert teller.delivery.silence_s == 0
    assert await teller.round() == 2, "the others have their pauses"
    assert {attempts for _, state, attempts in teller.rows() if state == "waiting"} == {1}


async def test_a_receiver_without_tls_is_told_nothing_in_clear(shop: Any, receiver: Receiver) -> None:
    teller = Teller(shop, receiver.url.replace("http:", "https:"))
    happened(shop)
    await teller.round()
    assert receiver.messages == []
    assert teller.rows() == [("mail.sent", "waiting", 1)]


@pytest.mark.parametrize(
    ("made", "trusted", "said"),
    [
        ({}, False, "SSL_CERT_FILE"),
        ({"days_left": -1}, True, "certificate has expired): have the receiver's operator renew it"),
        ({"address": "127.0.0.2"}, True, "WEBHOOK_URL must name the host as its certificate does"),
    ],
    ids=["untrusted", "expired", "wrong name"],
)
async def test_a_certificate_that_is_not_good_is_refused_and_the_event_kept(
    shop: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, made: dict[str, Any], trusted: bool, said: str
) -> None:
    authority, certificate = tmp_path / "authority.pem", tmp_path / "receiver.pem"
    write_certificate(authority)
    write_certificate(certificate, authority=authority, **made)
    if trusted:
        monkeypatch.setenv("SSL_CERT_FILE", str(authority))
    with receiving(certificate) as receiver:
        teller = Teller(shop, receiver.url)
        happened(shop)
        with structlog.testing.capture_logs() as logs:
            await teller.round()
        found = (
            examined("webhooks.receiver", WEBHOOK_URL=receiver.url, WEBHOOK_SECRET=SECRET)
            .results[0][0]
            .finding
        )
        assert (receiver.messages, receiver.paths) == ([], [])
    assert teller.rows() == [("mail.sent", "waiting", 1)]
    (told,) = [entry for entry in logs if entry["event"] == "webhooks.unreachable"]
    assert said in told["error"]
    assert "from=cartwake" not in str(logs)
    assert found.mark is Mark.FAILED
    assert f"{found.seen.partition(' is refused ')[2]}: {found.mend}" in told["error"], "the same words"


async def test_one_of_the_shop_s_own_authority_is_trusted_by_its_file(
    shop: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    authority, certificate = tmp_path / "authority.pem", tmp_path / "receiver.pem"
    write_certificate(authority)
    write_certificate(certificate, authority=authority)
    monkeypatch.setenv("SSL_CERT_FILE", str(authority))
    with receiving(certificate) as receiver:
        teller = Teller(shop, receiver.url)
        happened(shop)
        await teller.round()
        assert receiver.types == ["mail.sent"]
        report = examined("webhooks.receiver", WEBHOOK_URL=receiver.url, WEBHOOK_SECRET=SECRET)
        assert mark_of(report, "webhooks.receiver") is Mark.OK
        assert receiver.paths[1:] == ["HEAD /"], "the doctor tells no event, and no secret of the address"
    assert teller.rows() == [("mail.sent", "told", 1)]
    away = examined("webhooks.receiver", WEBHOOK_URL=receiver.url, WEBHOOK_SECRET=SECRET)
    assert mark_of(away, "webhooks.receiver") is Mark.WARNING


# --- the queue ------------------------------------------------------------------------------------------------------


async def test_two_tellers_do_not_tell_the_same(shop: Any) -> None:
    happened(shop, *(f"e.{number}" for number in range(10)))
    first, second = (WebhookQueue(shop.database, name, keep_days=7) for name in ("a", "b"))
    one, other = first.take(6), second.take(6)
    assert (len(one), len(other)) == (6, 4)
    assert not {told.id for told in one} & {told.id for told in other}


def test_the_dead_are_kept_while_their_orders_are_looked_for(shop: Any) -> None:
    happened(shop, "dead")
    shop.run(
        "UPDATE cart_abandonment_webhook SET status = 'dead', happened_at = happened_at - INTERVAL 33 DAY "
        "WHERE event = 'dead'"
    )
    WebhookQueue(shop.database, "a", keep_days=35).clean()
    assert shop.run("SELECT event, status FROM cart_abandonment_webhook") == [("dead", "dead")]
    WebhookQueue(shop.database, "a", keep_days=7).clean()
    assert shop.run("SELECT event FROM cart_abandonment_webhook") == []


def test_what_is_old_goes_and_what_waited_too_long_is_dead(
    shop: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(webhook_queue, "MOST_ROWS", 3)
    queue = WebhookQueue(shop.database, "a", keep_days=7)
    happened(shop, "too.far", "told.old", "told.new", "waits.long", "waits", "dead.old")
    for event, state, days in (
        ("told.old", "told", 8), ("told.new", "told", 6), ("waits.long", "waiting", 5), ("dead.old", "dead", 31),
    ):  # fmt: skip
        shop.run(
            "UPDATE cart_abandonment_webhook SET status = %s, happened_at = happened_at - INTERVAL %s DAY "
            "WHERE event = %s",
            (state, days, event),
        )
    assert queue.clean() == 1
    assert shop.run("SELECT event, status FROM cart_abandonment_webhook ORDER BY id") == [
        ("told.new", "told"), ("waits.long", "dead"), ("waits", "waiting"),
    ]  # fmt: skip
    standing = queue.standing()
    assert (standing.waiting, standing.dead) == (1, 1)
    assert isinstance(standing, Standing)
    with shop.database.session() as session:
        counts = webhook_queue.read_counts(session)
    assert EventCount("waits.long", State.DEAD, 1) in counts
    assert EventCount("waits", State.WAITING, 1) in counts
    assert report_figures.webhooks(counts).rows == (
        ("told.new", "1", "0", "0"), ("waits", "0", "1", "0"), ("waits.long", "0", "0", "1"),
    )  # fmt: skip


def test_killed_between_telling_and_writing_it_down_it_tells_again_by_the_same_id(
    shop: Any, smtp: MailServer
) -> None:
    happened(shop)
    program = textwrap.dedent("""
        import sys, threading
        from binlog_watcher.service.webhook_delivery import delivering_webhooks
        from binlog_watcher.settings.load import load_settings
        with delivering_webhooks(load_settings(None)):
            threading.Event().wait()
    """)
    with receiving() as receiver:
        cartwake = Recovering(shop, smtp, **told(receiver))
        environ = os.environ | {
            name.upper(): str(getattr(value, "get_secret_value", lambda value=value: value)())
            for name, value in cartwake.settings
            if name in cartwake.settings.model_fields_set and value not in ("", None)
        }
        environ |= {"MYSQL_TLS": "off", "SMTP_TLS": "none", "LOG_FILE": ""}
        cartwake.resources.close()
        process = subprocess.Popen([sys.executable, "-c", program], env=environ)
        try:
            receiver.respond = lambda _handler: os.kill(process.pid, signal.SIGKILL)
            wait_until(lambda: process.poll() is not None)
            assert process.returncode == -signal.SIGKILL
            teller = Teller(shop, receiver.url)
            assert teller.rows() == [("mail.sent", "waiting", 0)]
            receiver.respond = status(204)
            teller.time_passes()
            with delivering_webhooks(cartwake.settings):
                wait_until(lambda: teller.rows() == [("mail.sent", "told", 1)])
        finally:
            process.kill()
            process.wait()
    assert len(receiver.ids) == 2
    assert receiver.ids[0] == receiver.ids[1]


async def test_a_receiver_that_hangs_delays_no_mail(shop: Any, smtp: MailServer, receiver: Receiver) -> None:
    released = threading.Event()

    def hang(handler: BaseHTTPRequestHandler) -> None:
        released.wait(30)
        status(200)(handler)

    receiver.respond = hang
    happened(shop)
    abandon(shop, range(1, 6))
    async with recovering(shop, smtp, **told(receiver)) as cartwake:
        with delivering_webhooks(cartwake.settings):
            await until(lambda: len(receiver.messages) == 1)
            await cartwake.recover(1, 2, 3, 4, 5)
            assert len(smtp.accepted) == 5
            assert not released.is_set()
            assert len(receiver.messages) == 1, "the first one has not answered yet"
            released.set()
            await until(lambda: len(receiver.messages) == 11)


async def test_a_receiver_that_hangs_holds_up_no_end(shop: Any, smtp: MailServer, receiver: Receiver) -> None:
    released = threading.Event()

    def hang(handler: BaseHTTPRequestHandler) -> None:
        released.wait(60)
        status(200)(handler)

    receiver.respond = hang
    happened(shop)
    cartwake = Recovering(shop, smtp, **told(receiver))
    try:
        with delivering_webhooks(cartwake.settings):
            await until(lambda: len(receiver.messages) == 1)
        assert "webhooks" not in {thread.name for thread in threading.enumerate()}
        rows = shop.run("SELECT status, attempts FROM cart_abandonment_webhook")
        assert rows == [("waiting", 0)], "it was given up, not tried in vain"
    finally:
        released.set()
        cartwake.resources.close()


def test_without_a_receiver_there_is_no_thread(shop: Any, smtp: MailServer) -> None:
    cartwake = Recovering(shop, smtp)
    with delivering_webhooks(cartwake.settings):
        assert "webhooks" not in {thread.name for thread in threading.enumerate()}
    cartwake.resources.close()


def test_a_layout_without_webhooks_is_upgraded_with_its_rows(shop: Any, smtp: MailServer) -> None:
    happened(shop)
    shop.run("DROP TABLE cart_abandonment_webhook")
    shop.run("UPDATE cart_abandonment_meta SET value = '4' WHERE name = 'schema_version'")
    cartwake = Recovering(shop, smtp)
    try:
        assert shop.run("SELECT COUNT(*) FROM cart_abandonment_webhook") == [(0,)]
        assert [row["status"] for row in shop.log()] == ["sent"]
    finally:
        cartwake.resources.close()
