"""One person in several rows, and a row that changes: who bought is not mailed, nor is an address of before."""

from collections.abc import Callable
from typing import Any

import pytest
from fakes.mail_server import MailServer
from fakes.recovering import abandon, meanwhile, recovering
from fakes.waiting import until

from binlog_watcher.core.decision import Send, Skip, decide
from binlog_watcher.core.log_status import Reason
from binlog_watcher.doctor.preflight import check_server
from binlog_watcher.shop.presets import SAMPLE
from binlog_watcher.store.own_tables.recipients import OptOuts

SECOND = 1_000_000

pytestmark = pytest.mark.usefixtures("impatient")


def decided(shop: Any, key: int) -> Any:
    cart = shop.loader(shop.instance()).load([key]).carts[key]
    return decide(cart, None, shop.clock.now_us(), shop.policy)


@pytest.fixture
def after_a_fence_too_old(smtp: MailServer) -> Callable[[Any, str, Callable[[], object]], None]:
    """Answer RCPT to an address so late that the fence is asked again, and let something happen meanwhile."""

    def answer_late(cartwake: Any, address: str, happens: Callable[[], object]) -> None:
        async def slowly(_server: object) -> str:
            fenced_us = cartwake.now_us()
            await until(lambda: cartwake.now_us() - fenced_us > SECOND)
            happens()
            return "250 OK"

        smtp.answer("RCPT", address, slowly)

    return answer_late


# --- bought under another row ---------------------------------------------------------------------------


@pytest.mark.parametrize("spelt", ["user1@example.com", "User1@Example.COM"])
def test_an_order_under_another_row_with_the_address_counts(shop: Any, spelt: str) -> None:
    abandon(shop, [1, 2])
    shop.user(101, spelt)
    assert isinstance(decided(shop, 1), Send)
    shop.order(101)
    assert decided(shop, 1) == Skip(Reason.EMPTY)
    assert isinstance(decided(shop, 2), Send), "and nobody else's does"


def test_an_order_of_before_ends_the_older_rows_only(shop: Any) -> None:
    abandon(shop, [1])
    shop.add(1, 2, minutes_ago=200)
    shop.user(101, "USER1@example.com")
    shop.order(101, minutes_ago=120)
    cart = shop.loader(shop.instance()).load([1]).carts[1]
    assert [line.product_id for line in cart.lines] == [1]


def test_who_differs_by_an_accent_is_another_person(shop: Any) -> None:
    """Many collations take muller.example for müller.example: the orders of one would lose the other's mail."""
    for collation in ("utf8mb4_general_ci", "utf8mb4_unicode_ci"):
        shop.run(f"ALTER TABLE users MODIFY email VARCHAR(255) COLLATE {collation}")
        shop.run("DELETE FROM users")
        shop.run("DELETE FROM cart")
        for user, address in ((1, "info@müller.example"), (2, "info@muller.example")):
            shop.user(user, address)
            shop.add(user, 1)
        shop.user(3, "INFO@MÜLLER.example")
        shop.run("DELETE FROM orders")
        shop.order(2)
        assert isinstance(decided(shop, 1), Send)
        assert decided(shop, 2) == Skip(Reason.EMPTY)
        shop.order(3)
        assert decided(shop, 1) == Skip(Reason.EMPTY)


def test_a_domain_in_either_of_its_forms(shop: Any) -> None:
    shop.user(1, "info@müller.example")
    shop.add(1, 1)
    shop.user(2, "info@xn--mller-kva.example")
    assert isinstance(decided(shop, 1), Send)
    shop.order(2)
    assert decided(shop, 1) == Skip(Reason.EMPTY)


def test_a_collation_that_tells_capitals_apart(shop: Any) -> None:
    shop.run("ALTER TABLE users MODIFY email VARCHAR(255) COLLATE utf8mb4_bin")
    (warning,) = check_server(shop.settings, SAMPLE).warnings
    assert "customers.email: its collation tells capitals from small letters" in warning
    sensitive = shop.reopened()
    for user, address in enumerate(("Jane@Example.com", "jane@example.com", "JANE@EXAMPLE.COM"), start=1):
        shop.user(user, address)
    shop.add(1, 1)
    shop.order(3)
    assert isinstance(decided(sensitive, 1), Send), "no index finds that one"
    shop.order(2)
    assert decided(sensitive, 1) == Skip(Reason.EMPTY)


@pytest.mark.parametrize(("table", "key"), [("users", "email"), ("orders", "user_id")])
def test_without_an_index_the_other_rows_are_left_alone_and_the_check_says_so(
    shop: Any, table: str, key: str
) -> None:
    shop.run(f"ALTER TABLE {table} DROP KEY {key}")
    abandon(shop, [1])
    shop.user(101, "user1@example.com")
    shop.order(101)
    warnings = check_server(shop.settings, SAMPLE).warnings
    (warning,) = [one for one in warnings if "same address is mailed all the same" in one]
    assert f"no index begins with {table}.{key}: " in warning
    assert warning.endswith(f"; CREATE INDEX {key} ON {table} ({key})")
    assert isinstance(decided(shop.reopened(), 1), Send)


def test_a_batch_costs_the_same_number_of_statements(shop: Any) -> None:
    abandon(shop, range(1, 21))
    counts = []
    for keys in ([1], list(range(1, 21))):
        before = shop.database.statements
        assert len(shop.loader(shop.instance()).load(keys).carts) == len(keys)
        counts.append(shop.database.statements - before)
    assert counts[0] == counts[1]


@pytest.mark.parametrize("stage", ["compose", "fence"])
async def test_an_order_under_another_row_stops_the_mail(
    shop: Any, smtp: MailServer, monkeypatch: pytest.MonkeyPatch, stage: str
) -> None:
    abandon(shop, [1, 2])
    shop.user(101, "USER1@example.com")
    async with recovering(shop, smtp) as cartwake:
        async with meanwhile(monkeypatch, cartwake, stage, 1, 2):
            shop.order(101)
        assert sorted(cartwake.rows()) == [("1", "skipped", "bought_meanwhile", 0), ("2", "sent", None, 1)]
    assert smtp.mails_to("user1@example.com") == []


async def test_the_row_and_its_order_may_both_be_new(
    shop: Any, smtp: MailServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As a guest checkout makes them. A row without an order is no reason to stop."""
    abandon(shop, [1, 2])
    async with recovering(shop, smtp) as cartwake:
        async with meanwhile(monkeypatch, cartwake, "fence", 1, 2):
            shop.user(101, "user1@example.com")
            shop.order(101)
            shop.user(102, "user2@example.com")
        assert sorted(cartwake.rows()) == [("1", "skipped", "bought_meanwhile", 0), ("2", "sent", None, 1)]


async def test_an_order_under_another_row_while_the_mail_server_answers_slowly(
    shop: Any, smtp: MailServer, after_a_fence_too_old: Any
) -> None:
    abandon(shop, [1, 2])
    shop.user(101, "user1@example.com")
    async with recovering(shop, smtp) as cartwake:
        after_a_fence_too_old(cartwake, "user1@example.com", lambda: shop.order(101))
        after_a_fence_too_old(cartwake, "user2@example.com", lambda: None)
        await cartwake.recover(1, 2)
        assert sorted(cartwake.rows()) == [("1", "skipped", "bought_meanwhile", 0), ("2", "sent", None, 1)]
    assert smtp.mails_to("user1@example.com") == []


# --- the row changes --------------------------------------------------------------------------------------


@pytest.mark.parametrize("stage", ["compose", "fence", "RCPT"])
async def test_a_changed_address_gets_the_mail_and_the_former_does_not(
    shop: Any, smtp: MailServer, monkeypatch: pytest.MonkeyPatch, stage: str, after_a_fence_too_old: Any
) -> None:
    abandon(shop, [1, 2])

    def change() -> None:
        shop.run("UPDATE users SET email = 'new@example.com' WHERE id = 1")

    async with recovering(shop, smtp) as cartwake:
        if stage == "RCPT":
            after_a_fence_too_old(cartwake, "user1@example.com", change)
            await cartwake.recover(1, 2)
        else:
            async with meanwhile(monkeypatch, cartwake, stage, 1, 2):
                change()
        assert sorted(row[:2] for row in cartwake.rows()) == [("1", "retry"), ("2", "sent")]
        cartwake.follow()
        await until(lambda: sorted(row[:2] for row in cartwake.rows()) == [("1", "sent"), ("2", "sent")])
    assert smtp.mails_to("user1@example.com") == []
    assert len(smtp.mails_to("new@example.com")) == 1
    (digest,) = shop.run("SELECT address_hash FROM cart_abandonment_log WHERE cart_key = '1'")
    assert (
        digest
        == shop.run(
            "SELECT r.address_hash FROM cart_abandonment_recipient r JOIN cart_abandonment_log l "
            "ON l.address_hash = r.address_hash AND l.sent_at = r.last_mail_at WHERE l.cart_key = '1'"
        )[0]
    ), "the cool-down is the new address's"


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ("UPDATE users SET email = NULL, name = 'erased' WHERE id = 1", "no_address"),
        ("UPDATE users SET role = 'Admin' WHERE id = 1", "role"),
        ("DELETE FROM users WHERE id = 1", None),
    ],
)
@pytest.mark.parametrize("stage", ["compose", "fence", "RCPT"])
async def test_who_is_erased_or_excluded_meanwhile_is_not_mailed(
    shop: Any,
    smtp: MailServer,
    monkeypatch: pytest.MonkeyPatch,
    stage: str,
    change: str,
    reason: str | None,
    after_a_fence_too_old: Any,
) -> None:
    abandon(shop, [1, 2])
    async with recovering(shop, smtp, EXCLUDE_ROLES="admin") as cartwake:
        if stage == "RCPT":
            after_a_fence_too_old(cartwake, "user1@example.com", lambda: shop.run(change))
            await cartwake.recover(1, 2)
        else:
            async with meanwhile(monkeypatch, cartwake, stage, 1, 2):
                shop.run(change)
        rows = {row[0]: row[1:3] for row in cartwake.rows()}
        assert rows["2"] == ("sent", None)
        if reason is None:
            assert rows["1"][0] != "sent"  # whether it waits for the row to come back is another matter
        else:
            assert rows["1"] == ("skipped", reason)
    assert [envelope.rcpt_tos for envelope in smtp.accepted] == [["user2@example.com"]]


async def test_a_changed_name_is_the_one_that_is_greeted(
    shop: Any, smtp: MailServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    abandon(shop, [1])
    async with recovering(shop, smtp) as cartwake:
        async with meanwhile(monkeypatch, cartwake, "fence", 1):
            shop.run("UPDATE users SET name = 'Grace Hopper' WHERE id = 1")
        cartwake.follow()
        await until(lambda: [row[1] for row in cartwake.rows()] == ["sent"])
    (mail,) = smtp.mails_to("user1@example.com")
    text = mail.get_body(("plain",))
    assert text is not None
    assert "Grace" in text.get_content()


async def test_the_new_address_has_bought(
    shop: Any, smtp: MailServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Both at once: the address moves to one under which somebody just ordered."""
    abandon(shop, [1])
    shop.user(101, "new@example.com")
    async with recovering(shop, smtp) as cartwake:
        async with meanwhile(monkeypatch, cartwake, "fence", 1):
            shop.order(101)
            shop.run("UPDATE users SET email = 'New@example.com' WHERE id = 1")
        assert cartwake.rows() == [("1", "skipped", "bought_meanwhile", 0)]
    assert smtp.accepted == []


async def test_the_new_address_has_opted_out(
    shop: Any, smtp: MailServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    abandon(shop, [1])
    async with recovering(shop, smtp) as cartwake:
        OptOuts(cartwake.resources.database, cartwake.resources.hasher).add("new@example.com")
        async with meanwhile(monkeypatch, cartwake, "fence", 1):
            shop.run("UPDATE users SET email = 'new@example.com' WHERE id = 1")
        assert cartwake.rows() == [("1", "skipped", "opted_out", 0)]
    assert smtp.accepted == []


async def test_a_row_that_changes_in_columns_of_no_concern_stops_nothing(
    shop: Any, smtp: MailServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A login moves a column of many shops' customers."""
    shop.run("ALTER TABLE users ADD last_seen DATETIME(6) NULL")
    abandon(shop, [1])
    async with recovering(shop, smtp) as cartwake:
        async with meanwhile(monkeypatch, cartwake, "fence", 1):
            shop.run("UPDATE users SET last_seen = NOW(6)")
        assert cartwake.rows() == [("1", "sent", None, 1)]
