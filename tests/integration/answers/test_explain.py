"""`cartwake explain` on the sample shop: what it tells is what the service then does."""

import json
from collections.abc import Iterable
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from fakes.command_line import cartwake as run_cartwake
from fakes.mail_server import MailServer, hang_up
from fakes.recovering import Recovering, abandon, recovering, settings_of
from fakes.running_service import following

from binlog_watcher.answers.cart_seeking import Question
from binlog_watcher.answers.cart_story import Event
from binlog_watcher.answers.explain import CartStory, Explained, explain
from binlog_watcher.commands.explain_shown import shown
from binlog_watcher.core.decision import Send, Skip, Wait
from binlog_watcher.errors import ConfigError
from binlog_watcher.settings.settings import Settings
from binlog_watcher.store.own_tables.log_rows import Episode
from binlog_watcher.store.own_tables.recipients import OptOuts

REASONS: dict[str, Any] = {
    "EXCLUDE_ROLES": "admin",
    "EXCLUDE_ADDRESSES": "*@staff.example.com",
    "BOUNCE_LIMIT": "1",
    "MAX_CART_AGE_HOURS": "72",
}
DUE, WAITING, BOUGHT, OPTED_OUT, ADMIN, STAFF, NOBODY, FREE, SOLD_OUT, OLD = range(1, 11)


def told(settings: Settings, **question: Any) -> Explained:
    show = question.pop("show_address", False)
    return explain(settings, Question(**question), show_address=show)


def story(settings: Settings, cart: object, **more: Any) -> CartStory:
    (one,) = told(settings, cart=str(cart), **more).carts
    return one


def texts(some: Iterable[Event]) -> str:
    return "\n".join(event.text for event in some)


def claim(cartwake: Recovering, key: int) -> None:
    """As an instance has claimed a cart that composes its mail just now."""
    cart = cartwake.resources.loader.load([key]).carts[key]
    episode = Episode(cart, cart.version or 0, cart.newest_row_us, "USD", Decimal(0))
    claims = cartwake.resources.episodes.claim(
        [episode], lease_us=60_000_000, cooldown_us=0, now_us=cartwake.now_us()
    )
    assert list(claims.ids) == [key]


def fill(shop: Any) -> None:
    """A cart for each reason that is easily made."""
    abandon(shop, [DUE, BOUGHT, OPTED_OUT])
    abandon(shop, [WAITING], minutes_ago=10)
    abandon(shop, [OLD], minutes_ago=73 * 60)
    shop.user(ADMIN, "admin@example.com", role="admin")
    shop.user(STAFF, "jane@staff.example.com")
    shop.user(NOBODY, None)
    shop.user(FREE, "free@example.com")
    shop.user(SOLD_OUT, "out@example.com")
    for user in (ADMIN, STAFF, NOBODY):
        shop.add(user, 1)
    shop.run("UPDATE products SET price = 0 WHERE id = 2")
    shop.run("UPDATE products SET stock = 0 WHERE id = 3")
    shop.add(FREE, 2)
    shop.add(SOLD_OUT, 3)
    shop.order(BOUGHT, minutes_ago=5)


async def test_each_reason_is_told_as_the_service_acts_on_it(shop: Any, smtp: MailServer) -> None:
    fill(shop)
    ((order,),) = shop.run("SELECT id FROM orders")
    async with recovering(shop, smtp, **REASONS) as cartwake:
        OptOuts(cartwake.resources.database, cartwake.resources.hasher).add("user4@example.com")
        shop.run("UPDATE users SET email = 'user4@example.com' WHERE id = %s", (OPTED_OUT,))
        keys = (DUE, WAITING, BOUGHT, OPTED_OUT, ADMIN, STAFF, NOBODY, FREE, SOLD_OUT, OLD)
        before = {key: story(cartwake.settings, key) for key in keys}
        decided = await cartwake.recover(*keys)
        after = {key: story(cartwake.settings, key) for key in keys}
    expected = {
        DUE: "Due since", WAITING: "Due at", BOUGHT: "No mail: bought on", OPTED_OUT: "No mail: the address opted out",
        ADMIN: "No mail: the customer has one of EXCLUDE_ROLES",
        STAFF: "No mail: the address is one of EXCLUDE_ADDRESSES",
        NOBODY: "No mail: there is no valid e-mail address", FREE: "No mail: its total is 0",
        SOLD_OUT: "No mail: none of its products can be bought", OLD: "No mail: older than MAX_CART_AGE_HOURS",
    }  # fmt: skip
    for key, words in expected.items():
        assert before[key].outcome[0].startswith(words), before[key].outcome
        assert before[key].decision == type(decided[key]).__name__.lower()
        assert before[key].reason == (None if isinstance(decided[key], Send) else decided[key].reason)
    assert f"(order {order}, of this customer)" in before[BOUGHT].outcome[0]
    assert before[WAITING].outcome[0].endswith("; then a mail would go to u***@example.com.")
    assert before[WAITING].due is not None
    assert f"{before[WAITING].due:%Y-%m-%d %H:%M:%S} UTC" in before[WAITING].outcome[0]
    assert before[DUE].outcome[1] == "As things stand the fence would let it through."
    assert before[DUE].timer == (
        "No service with these settings runs; one that starts now would look at it at once."
    )
    assert f"would set its timer to {before[WAITING].due:%Y-%m-%d %H:%M:%S} UTC" in before[WAITING].timer
    assert before[BOUGHT].timer == "No timer: a service that starts now would set none for it."
    (row,) = [row for row in shop.log() if row["cart_key"] == str(DUE)]
    assert after[DUE].outcome[0].startswith("No mail: it was mailed on")
    assert f"the mail server took the mail; Message-ID {row['message_id']}" in texts(after[DUE].events)
    assert "its address is never mailed since then: somebody ran" in texts(after[OPTED_OUT].events)
    assert "No mail: it was skipped on 20" in after[ADMIN].outcome[0]
    assert "`skipped`: not mailed: the customer has one of EXCLUDE_ROLES" in texts(after[ADMIN].events)


async def test_mails_that_did_not_arrive(shop: Any, smtp: MailServer) -> None:
    abandon(shop, [1, 2, 3])
    smtp.answer("RCPT", "user1@example.com", "550 5.1.1 <user1@example.com>: no such user")
    smtp.answer("RCPT", "user2@example.com", "451 4.2.1 <user2@example.com> is over quota")
    smtp.answer("DATA", "user3@example.com", hang_up)
    async with recovering(shop, smtp, **REASONS) as cartwake:
        await cartwake.recover(1, 2, 3)
        gone, later, lost = (story(cartwake.settings, key) for key in (1, 2, 3))
        shop.add(1, 4, minutes_ago=31)
        bounced = story(cartwake.settings, 1)
        told_by_id = {row["cart_key"]: row for row in shop.log()}
    assert "`failed`: there is no such mailbox; given up after 1 attempt. The error: " in texts(gone.events)
    assert "cartwake retry --id" in texts(gone.events)
    assert bounced.outcome[0].startswith("No mail: mails to it bounced"), bounced.outcome
    assert "its address is never mailed since then: mails to it bounced" in texts(bounced.events)
    at = told_by_id["2"]["next_attempt_at"]
    assert f"its mail is tried again at {at:%Y-%m-%d %H:%M:%S} UTC, after 1 attempt" in texts(later.events)
    assert f"{at:%Y-%m-%d %H:%M:%S} UTC; then a mail would go to" in later.outcome[0]
    assert (later.decision, later.reason) == ("wait", "retry")
    assert lost.outcome[0].startswith("No mail: it may have been mailed on 20")
    assert "look for <" in texts(lost.events) or "look for " in texts(lost.events)
    for one in (gone, later, lost):
        assert "user" not in texts(one.events).replace("no such user", "")


async def test_a_cool_down_and_a_mail_under_way(shop: Any, smtp: MailServer) -> None:
    abandon(shop, [1, 2, 3])
    shop.run("UPDATE users SET email = 'user1@example.com' WHERE id = 2")
    shop.user(4, "User3@Example.com")
    shop.add(4, 1)
    async with recovering(shop, smtp) as cartwake:
        await cartwake.recover(1)
        (row,) = shop.log()
        held = story(cartwake.settings, 2)
        claim(cartwake, 3)
        busy = story(cartwake.settings, 4)
        assert isinstance((await cartwake.recover(2))[2], Wait)
        both = told(cartwake.settings, address="USER1@example.com")
    assert "gets no other before" in held.outcome[0]
    assert "then a mail would go to u***@example.com" in held.outcome[0]
    assert f"log row {row['id']}, cart 1" in texts(held.events)
    assert "But it waits for its claim: another mail to this address is under way" in busy.outcome[1]
    assert {one.cart for one in both.carts} == {"1", "2"}


async def test_clicks_and_an_episode_that_was_left(shop: Any, smtp: MailServer) -> None:
    abandon(shop, [1])
    async with recovering(shop, smtp) as cartwake:
        await cartwake.recover(1)
        (row,) = shop.log()
        shop.run(
            "INSERT INTO cart_abandonment_click (log_id, kind, flag) VALUES (%s, 'cart', NULL), (%s, 'cart', NULL), "
            "(%s, 'cart', 'scanner')",
            (row["id"],) * 3,
        )
        one = story(cartwake.settings, 1)
    assert "the mail's link back to the cart was followed, 2 times" in texts(one.events)
    assert "followed by a scanner of a mail filter" in texts(one.events)
    moments = [event.at for event in one.events if event.at is not None]
    assert moments == sorted(moments)


@pytest.mark.parametrize("server", ["mysql"], indirect=True)
async def test_rollout_and_several_reasons_at_once(shop: Any, smtp: MailServer) -> None:
    shop.user(1, "jane@staff.example.com", role="admin")
    shop.add(1, 1)
    async with recovering(shop, smtp, **REASONS, ROLLOUT_PERCENT="0") as cartwake:
        one = story(cartwake.settings, 1)
        assert isinstance((await cartwake.recover(1))[1], Skip)
    assert "EXCLUDE_ROLES" in one.outcome[0]
    assert "Against a mail speaks, too:" in one.outcome[-1]
    assert "EXCLUDE_ADDRESSES" in one.outcome[-1]
    assert "ROLLOUT_PERCENT" in one.outcome[-1]


async def test_it_needs_no_right_but_select_and_writes_nothing(shop: Any, smtp: MailServer) -> None:
    abandon(shop, [1, 2])
    async with recovering(shop, smtp) as cartwake:
        await cartwake.recover(1)
    shop.run("CREATE USER IF NOT EXISTS 'looker'@'%' IDENTIFIED BY 'secret'")
    shop.run(f"GRANT SELECT ON `{shop.name}`.* TO 'looker'@'%'")
    settings = settings_of(shop, smtp, MYSQL_USER="looker", MYSQL_PASSWORD="secret")
    tables = [f"cart_abandonment_{name}" for name in ("log", "recipient", "meta", "cart", "click")]
    before = [shop.run(f"SELECT * FROM {table}") for table in tables]
    mailed, due = story(settings, 1), story(settings, 2)
    assert mailed.outcome[0].startswith("No mail: it was mailed on")
    assert due.outcome[:2][1] == "As things stand the fence would let it through."
    assert [shop.run(f"SELECT * FROM {table}") for table in tables] == before


async def test_beside_a_running_service(shop: Any, smtp: MailServer) -> None:
    abandon(shop, [1], minutes_ago=10)
    settings = settings_of(shop, smtp)
    async with following(settings) as service:
        found = told(settings, customer="1")
        due_us = service.tracker.due_of(1)
    (one,) = found.carts
    assert found.service == "A service follows this database."
    assert due_us is not None
    assert one.due is not None
    assert round(one.due.timestamp() * 1e6) == due_us
    assert one.timer == f"The service's timer for it stands at {one.due:%Y-%m-%d %H:%M:%S} UTC."
    assert told(settings, customer="1").service.startswith("No service follows this database")


async def test_what_is_not_there_is_said_with_where_it_looked(shop: Any, smtp: MailServer) -> None:
    abandon(shop, [1])
    async with recovering(shop, smtp) as cartwake:
        missing = told(cartwake.settings, customer="77")
        unknown = told(cartwake.settings, address="nobody@example.com")
        with pytest.raises(ConfigError, match="no key of a cart here"):
            told(cartwake.settings, cart="x")
        with pytest.raises(ConfigError, match="does not say which store"):
            told(cartwake.settings, cart="1", store="de")
    assert (missing.exit_code, unknown.exit_code) == (1, 1)
    assert (
        missing.nothing
        == "There is no cart of customer 77. Looked in: cart.user_id, cart_abandonment_log.cart_key."
    )
    assert unknown.nothing is not None
    assert "users.email" in unknown.nothing
    assert "nobody@example.com" not in "\n".join(shown(unknown))


async def test_addresses_are_masked_unless_asked_for(shop: Any, smtp: MailServer) -> None:
    abandon(shop, [1])
    smtp.answer("RCPT", "user1@example.com", "451 4.2.1 <user1@example.com> is over quota")
    async with recovering(shop, smtp) as cartwake:
        await cartwake.recover(1)
        masked = told(cartwake.settings, address="user1@example.com")
        bare = told(cartwake.settings, address="user1@example.com", show_address=True)
    for text in (masked.json(), "\n".join(shown(masked))):
        assert "user1@example.com" not in text
        assert "u***@example.com" in text
    assert "over quota" in masked.json()
    assert "user1@example.com" in bare.json()
    (cart,) = json.loads(masked.json())["carts"]
    assert (cart["cart"], cart["decision"], cart["reason"]) == ("1", "wait", "retry")
    assert [line["quantity"] for line in cart["lines"]] == [1]
    assert "What would happen now" in "\n".join(shown(masked))


@pytest.mark.parametrize("server", ["mysql"], indirect=True)
def test_the_command(shop: Any, tmp_path: Path) -> None:
    abandon(shop, [1], minutes_ago=10)
    settings = {
        "MYSQL_HOST": "127.0.0.1", "MYSQL_PORT": str(shop.server.port), "MYSQL_USER": shop.server.user,
        "MYSQL_PASSWORD": shop.server.password, "MYSQL_DATABASE": shop.name, "MYSQL_TLS": "off",
    }  # fmt: skip
    told_of = run_cartwake(settings, "explain", "--address", "user1@example.com", folder=tmp_path)
    assert told_of.returncode == 0, told_of.stderr
    assert "; then a mail would go to u***@example.com." in told_of.stdout
    as_json = run_cartwake(settings, "explain", "--cart", "1", "--json", folder=tmp_path)
    assert json.loads(as_json.stdout)["carts"][0]["decision"] == "wait"
    nobody = run_cartwake(settings, "explain", "--customer", "9", folder=tmp_path)
    assert nobody.returncode == 1
    assert "Looked in: cart.user_id" in nobody.stdout
    for wrong in (["--cart", "1", "--customer", "1"], [], ["--cart", "x"], ["--address", "none"]):
        refused = run_cartwake(settings, "explain", *wrong, folder=tmp_path)
        assert refused.returncode == 2, (wrong, refused.stderr)
        assert "Traceback" not in refused.stderr


def test_before_cartwake_ever_ran(bare_shop: Any) -> None:
    shop = bare_shop()
    abandon(shop, [1])
    found = told(settings_of(shop, MailServer(port=25)), cart="1")
    assert found.carts[0].outcome[0] == "No mail: it fell due before Cartwake was first switched on."
    assert "Cartwake never ran here" in found.notes[0]


async def test_the_fence_is_asked_for_what_it_would_see(shop: Any, smtp: MailServer) -> None:
    """The cart changes between its reading and the fence, as it may while a mail is composed."""
    abandon(shop, [1])
    async with recovering(shop, smtp) as cartwake:
        instance: Recovering = cartwake
        cart = instance.resources.loader.load([1]).carts[1]
        ahead = instance.resources.episodes.look_ahead
        now_us = instance.now_us()
        assert ahead(cart, cooldown_us=0, now_us=now_us) == (None, [])
        shop.run("UPDATE cart SET quantity = 5 WHERE user_id = 1")
        shop.run("UPDATE users SET name = 'Jane Roe' WHERE id = 1")
        shop.order(1)
        _, changed = ahead(cart, cooldown_us=0, now_us=now_us)
        assert changed[:3] == ["rows", "customer_orders", "customer"]
        assert shop.log() == []
