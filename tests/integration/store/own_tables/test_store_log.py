"""Claims, the fence and outcomes: one mail a cart and an address, whatever two instances do at once."""

import threading
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import pytest
from fakes.waiting import wait_until

from binlog_watcher.core.decision import Send, Skip, Wait, decide
from binlog_watcher.core.log_status import Reason, Status
from binlog_watcher.store.locks.presence import Presence
from binlog_watcher.store.own_tables import recipients
from binlog_watcher.store.own_tables.log import EpisodeLog
from binlog_watcher.store.own_tables.log_rows import Episode, Fenced, Outcome

LEASE = 600_000_000


def abandoned(shop: Any, user_id: int, email: str | None = None) -> None:
    shop.user(user_id, email or f"user{user_id}@example.com")
    shop.add(user_id, 1)


def naive(us: int) -> datetime:
    return datetime.fromtimestamp(us // 1_000_000, UTC).replace(tzinfo=None, microsecond=us % 1_000_000)


def fence(shop: Any, episodes: EpisodeLog, ids: dict[int, int]) -> set[int]:
    carts = shop.loader(episodes).load(list(ids)).carts
    return episodes.fence([Fenced(log_id, carts[key]) for key, log_id in ids.items()], lease_us=LEASE)


def episode_of(shop: Any, episodes: EpisodeLog, key: int) -> Episode:
    cart = shop.loader(episodes).load([key]).carts[key]
    return Episode(cart, cart.version, cart.version, "USD", Decimal(10))


def decision(shop: Any, episodes: EpisodeLog, key: int) -> Any:
    cart = shop.loader(episodes).load([key]).carts[key]
    return decide(cart, None, shop.clock.now_us(), shop.policy)


def test_a_claim_is_one_row_and_ours(shop: Any) -> None:
    abandoned(shop, 1)
    episodes = shop.instance()
    claims = shop.claim(episodes, 1)
    assert list(claims.ids) == [1]
    (row,) = shop.log()
    assert (row["status"], row["email_sent"], row["attempts"], row["owner"]) == (
        "claimed",
        0,
        0,
        episodes.owner,
    )


def test_of_two_instances_in_the_same_millisecond_one_claims(shop: Any) -> None:
    for user_id in range(1, 21):
        abandoned(shop, user_id)
    one, two = shop.instance(), shop.instance()
    gate = threading.Barrier(2)

    def claim(episodes: EpisodeLog) -> set[Any]:
        keys = list(range(1, 21))
        carts = shop.loader(episodes).load(keys).carts
        gate.wait()
        return set(
            episodes.claim(
                [Episode(cart, cart.version, cart.version, "USD", cart.total * 0) for cart in carts.values()],
                lease_us=LEASE, cooldown_us=0, now_us=shop.clock.now_us(),
            ).ids
        )  # fmt: skip

    with ThreadPoolExecutor(2) as pool:
        first, second = pool.map(claim, (one, two))
    assert first | second == set(range(1, 21))
    assert not first & second
    assert len(shop.log()) == 20


def test_two_users_with_one_address_at_two_instances_make_one_claim(shop: Any) -> None:
    abandoned(shop, 1, "shared@example.com")
    abandoned(shop, 2, "Shared@example.com")
    one, two = shop.instance(), shop.instance()
    gate = threading.Barrier(2)

    def claim(pair: tuple[EpisodeLog, int]) -> int:
        gate.wait()
        return len(shop.claim(*pair).ids)

    with ThreadPoolExecutor(2) as pool:
        assert sum(pool.map(claim, ((one, 1), (two, 2)))) == 1
    loser = next(key for key in (1, 2) if str(key) not in {row["cart_key"] for row in shop.log()})
    waiting = shop.claim(shop.instance(), loser)
    assert waiting.waits[loser][1] is Reason.ADDRESS_BUSY


def test_two_users_with_one_address_in_one_batch(shop: Any) -> None:
    abandoned(shop, 1, "shared@example.com")
    abandoned(shop, 2, "shared@example.com")
    claims = shop.claim(shop.instance(), 1, 2)
    assert list(claims.ids) == [1]
    assert claims.waits[2][1] is Reason.ADDRESS_BUSY


def test_the_cooldown_holds_an_address_back_and_says_until_when(shop: Any) -> None:
    abandoned(shop, 1, "shared@example.com")
    abandoned(shop, 2, "shared@example.com")
    episodes = shop.instance()
    ids = shop.claim(episodes, 1).ids
    assert fence(shop, episodes, ids) == set(ids.values())
    now_us = shop.clock.now_us()
    digest = shop.hasher("shared@example.com")
    episodes.finish(
        [Outcome(ids[1], Status.SENT, at_us=now_us, address_hash=digest, message_id="<m@example.com>")]
    )
    until_us, reason = shop.claim(episodes, 2, cooldown_us=1_000_000_000).waits[2]
    assert reason is Reason.COOLDOWN
    assert until_us == now_us + 1_000_000_000
    wait = decision(shop, episodes, 2)
    assert isinstance(wait, Wait)
    assert wait.reason is Reason.COOLDOWN


def test_a_lapsed_claim_of_another_cart_does_not_hold_its_address_back(shop: Any) -> None:
    abandoned(shop, 1, "shared@example.com")
    abandoned(shop, 2, "shared@example.com")
    ids = shop.claim(shop.instance(), 1).ids
    assert shop.claim(shop.instance(), 2).waits[2][1] is Reason.ADDRESS_BUSY
    shop.run("UPDATE cart_abandonment_log SET lease_until = UTC_TIMESTAMP(6) WHERE id = %s", (ids[1],))
    assert list(shop.claim(shop.instance(), 2).ids) == [2]


@pytest.mark.parametrize("after", [-1, 0, 1])
def test_the_cooldown_ends_at_one_moment_for_claim_and_log_and_decision(shop: Any, after: int) -> None:
    abandoned(shop, 1)
    episodes = shop.instance()
    ids = shop.claim(episodes, 1).ids
    now_us = shop.clock.now_us()
    episodes.finish([Outcome(ids[1], Status.RETRY, next_attempt_us=now_us - 1)])
    last_us, cooldown_us = now_us - 1_000_000, 1_000_000 - after
    shop.run("UPDATE cart_abandonment_recipient SET last_mail_at = %s", (naive(last_us),))
    assert (episodes.open_rows(now_us, cooldown_us) == []) is (after < 0)
    cart = shop.loader(episodes).load([1]).carts[1]
    policy = replace(shop.policy, cooldown_us=cooldown_us)
    assert isinstance(decide(cart, None, now_us, policy), Wait if after < 0 else Send)
    claims = episodes.claim(
        [Episode(cart, cart.version, cart.version, "USD", Decimal(10))],
        lease_us=LEASE, cooldown_us=cooldown_us, now_us=now_us,
    )  # fmt: skip
    assert list(claims.ids) == ([] if after < 0 else [1])
    assert claims.waits == ({1: (now_us + 1, Reason.COOLDOWN)} if after < 0 else {})


def test_the_fence_lets_a_quiet_cart_pass_once(shop: Any) -> None:
    abandoned(shop, 1)
    abandoned(shop, 2)
    episodes = shop.instance()
    ids = shop.claim(episodes, 1, 2).ids
    assert fence(shop, episodes, ids) == set(ids.values())
    assert {row["status"] for row in shop.log()} == {"sending"}
    cart = shop.loader(episodes).load([1]).carts[1]
    assert shop.instance().fence([Fenced(ids[1], cart)], lease_us=LEASE) == set()


@pytest.mark.parametrize(
    "change",
    [
        "INSERT INTO orders (user_id, total_amount) VALUES (1, 5)",
        "INSERT INTO cart (user_id, product_id) VALUES (1, 3)",
        "UPDATE cart SET quantity = quantity + 1 WHERE user_id = 1",
        "DELETE FROM cart WHERE user_id = 1",
        "UPDATE cart SET user_id = 9 WHERE user_id = 1",
        "UPDATE users SET email = 'new@example.com' WHERE id = 1",
        "UPDATE users SET email = NULL WHERE id = 1",
        "UPDATE users SET name = 'Joan' WHERE id = 1",
        "UPDATE users SET role = 'admin' WHERE id = 1",
        "DELETE FROM users WHERE id = 1",
        "INSERT INTO orders (user_id, total_amount) VALUES (9, 5)",
    ],
)
def test_the_fence_stops_a_cart_that_changed_and_no_other(shop: Any, change: str) -> None:
    abandoned(shop, 1)
    abandoned(shop, 2)
    episodes = shop.instance()
    ids = shop.claim(episodes, 1, 2).ids
    shop.user(9, "USER1@example.com")
    carts = shop.loader(episodes).load([1, 2]).carts
    shop.run(change)
    passed = episodes.fence([Fenced(ids[key], carts[key]) for key in (1, 2)], lease_us=LEASE)
    assert passed == {ids[2]}


def test_the_fence_needs_owner_and_lease(shop: Any) -> None:
    abandoned(shop, 1)
    episodes = shop.instance()
    ids = shop.claim(episodes, 1).ids
    shop.run("UPDATE cart_abandonment_log SET lease_until = UTC_TIMESTAMP(6) - INTERVAL 1 SECOND")
    assert fence(shop, episodes, ids) == set()


def test_we_never_lock_a_row_of_the_shop(shop: Any) -> None:
    if shop.server.flavor != "mysql":
        shop.run("SET GLOBAL innodb_lock_wait_timeout = 2")
    abandoned(shop, 1)
    abandoned(shop, 2)
    episodes = shop.instance()
    ids = shop.claim(episodes, 1, 2).ids
    carts = shop.loader(episodes).load([1, 2]).carts
    with shop.database.session() as session:
        # The very statement of the fence, held open in a transaction so that its locks can be looked at.
        session.run("START TRANSACTION")
        original, episodes._database = episodes._database, _Pinned(session)
        try:
            assert len(episodes.fence([Fenced(ids[k], carts[k]) for k in (1, 2)], lease_us=LEASE)) == 2
        finally:
            episodes._database = original
        if shop.server.flavor == "mysql":
            locked = shop.run(
                "SELECT DISTINCT object_name FROM performance_schema.data_locks WHERE object_schema = %s",
                (shop.name,),
            )
            assert {name for (name,) in locked} == {"cart_abandonment_log"}
        # What the shop does at that moment goes through at once.
        for statement in (
            "INSERT INTO orders (user_id, total_amount) VALUES (1, 5)",
            "UPDATE cart SET quantity = 2 WHERE user_id = 1",
            "INSERT INTO cart (user_id, product_id) VALUES (2, 2)",
            "DELETE FROM cart WHERE user_id = 2",
            "UPDATE users SET email = 'new@example.com' WHERE id = 1",
            "INSERT INTO users (id, name, email) VALUES (3, 'Jane', 'user1@example.com')",
            "DELETE FROM users WHERE id = 2",
        ):
            shop.run(f"SET STATEMENT innodb_lock_wait_timeout=1 FOR {statement}" if shop.server.flavor == "mariadb"
                     else statement.replace("INSERT", "INSERT /*+ SET_VAR(lock_wait_timeout=1) */", 1))  # fmt: skip
        session.run("ROLLBACK")


class _Pinned:
    """A database whose every session is the same one."""

    def __init__(self, session: Any) -> None:
        self._session = session

    def session(self) -> "_Pinned":
        return self

    def __enter__(self) -> Any:
        return self._session

    def __exit__(self, *_: object) -> None:
        pass


def test_outcomes(shop: Any) -> None:
    for user_id in (1, 2, 3, 4):
        abandoned(shop, user_id)
    episodes = shop.instance()
    ids = shop.claim(episodes, 1, 2, 3, 4).ids
    fence(shop, episodes, ids)
    now_us = shop.clock.now_us()
    episodes.finish(
        [
            Outcome(ids[1], Status.SENT, at_us=now_us, address_hash=shop.hasher("user1@example.com")),
            Outcome(
                ids[2], Status.RETRY, error="451 later", at_us=now_us, next_attempt_us=now_us + 60_000_000
            ),
            Outcome(ids[3], Status.FAILED, error="550 no such user " + "x" * 1000, at_us=now_us),
            Outcome(ids[4], Status.UNKNOWN, at_us=now_us, address_hash=shop.hasher("user4@example.com")),
        ]
    )
    assert [(r["status"], r["email_sent"]) for r in shop.log()] == [
        ("sent", 1), ("retry", 0), ("failed", 0), ("unknown", None),
    ]  # fmt: skip
    with shop.database.session() as session:
        hashes = [shop.hasher(f"user{n}@example.com") for n in (1, 2, 3, 4)]
        known = recipients.read(session, hashes)
    assert [known[digest].last_mail_us is not None for digest in hashes] == [True, False, False, True]
    assert isinstance(decision(shop, episodes, 1), Skip)
    wait = decision(shop, episodes, 2)
    assert isinstance(wait, Wait)
    assert wait == Wait(now_us + 60_000_000, Reason.RETRY)


def test_a_retry_is_claimed_again_and_counts_its_attempts(shop: Any) -> None:
    abandoned(shop, 1)
    episodes = shop.instance()
    ids = shop.claim(episodes, 1).ids
    fence(shop, episodes, ids)
    episodes.finish([Outcome(ids[1], Status.RETRY, next_attempt_us=shop.clock.now_us() - 1)])
    assert [row.key for row in episodes.open_rows(shop.clock.now_us())] == ["1"]
    other = shop.instance()
    assert isinstance(decision(shop, other, 1), Send)
    assert shop.claim(other, 1).ids == ids
    (row,) = shop.log()
    assert (row["status"], row["attempts"], row["owner"]) == ("claimed", 1, other.owner)
    # The first instance wakes up and can do nothing any more.
    assert fence(shop, episodes, ids) == set()
    assert fence(shop, other, ids) == {ids[1]}
    assert shop.log()[0]["attempts"] == 2


def test_of_two_heirs_that_saw_the_same_dead_owner_one_takes_over(shop: Any) -> None:
    abandoned(shop, 1)
    ids = shop.claim(shop.instance(), 1).ids
    heirs = [shop.instance(), shop.instance()]
    carts = [shop.loader(heir).load([1]).carts[1] for heir in heirs]
    taken = [
        heir.claim(
            [Episode(cart, cart.version or 0, cart.version or 0, "USD", Decimal(10))],
            lease_us=LEASE, cooldown_us=0, now_us=shop.clock.now_us(),
        ).ids
        for heir, cart in zip(heirs, carts, strict=True)
    ]  # fmt: skip
    assert taken == [ids, {}]


def test_a_dead_instances_claims_are_taken_over_at_once_and_a_live_ones_are_not(shop: Any) -> None:
    abandoned(shop, 1)
    dead = shop.instance()
    presence = Presence(shop.settings, dead.owner)
    presence.ping()
    ids = shop.claim(dead, 1).ids
    heir = shop.instance()
    assert isinstance(decision(shop, heir, 1), Wait)
    assert heir.open_rows(shop.clock.now_us()) == []
    presence.close()  # what MySQL does when the process dies: the lock is free a moment later
    wait_until(lambda: isinstance(decision(shop, heir, 1), Send))
    assert [row.key for row in heir.open_rows(shop.clock.now_us())] == ["1"]
    assert shop.claim(heir, 1).ids == ids
    assert fence(shop, dead, ids) == set()
    assert fence(shop, heir, ids) == set(ids.values())


def test_a_mail_under_way_when_the_instance_died_is_unknown_and_counts_as_mailed(shop: Any) -> None:
    abandoned(shop, 1)
    dead = shop.instance()
    ids = shop.claim(dead, 1).ids
    fence(shop, dead, ids)
    heir = shop.instance()
    assert heir.settle_unknown(shop.clock.now_us()) == 1
    (row,) = shop.log()
    assert (row["status"], row["email_sent"]) == ("unknown", None)
    assert decision(shop, heir, 1) == Skip(Reason.HANDLED)
    with shop.database.session() as session:
        digest = shop.hasher("user1@example.com")
        assert recipients.read(session, [digest])[digest].last_mail_us is not None
    # The old owner comes back and knows better.
    dead.finish([Outcome(ids[1], Status.SENT, at_us=shop.clock.now_us(), address_hash=digest)])
    assert shop.log()[0]["status"] == "sent"


def last_mail_us(shop: Any, address: str) -> int | None:
    with shop.database.session() as session:
        last: int | None = recipients.read(session, [shop.hasher(address)])[shop.hasher(address)].last_mail_us
        return last


def test_a_mail_given_up_too_early_that_never_left_starts_no_cooldown(shop: Any) -> None:
    """After a restart of MySQL, say, which frees the locks of the living."""
    abandoned(shop, 1)
    abandoned(shop, 2)
    sender, other = shop.instance(), shop.instance()
    ids = shop.claim(sender, 1, 2).ids
    fence(shop, sender, ids)
    assert other.settle_unknown(shop.clock.now_us()) == 2  # the sender has no presence
    now_us = shop.clock.now_us()
    sender.finish(
        [
            Outcome(ids[1], Status.RETRY, error="451 later", next_attempt_us=now_us - 1),
            Outcome(ids[2], Status.SENT, at_us=now_us, address_hash=shop.hasher("user2@example.com")),
        ]
    )
    assert [(row["status"], row["sent_at"] is None, row["email_sent"]) for row in shop.log()] == [
        ("retry", True, 0),
        ("sent", False, 1),
    ]
    assert last_mail_us(shop, "user1@example.com") is None
    assert last_mail_us(shop, "user2@example.com") == now_us
    assert isinstance(decision(shop, other, 1), Send)


def test_what_was_mailed_before_still_counts_when_a_later_mail_never_left(shop: Any) -> None:
    abandoned(shop, 1)
    sender, other = shop.instance(), shop.instance()
    first = shop.claim(sender, 1).ids
    fence(shop, sender, first)
    then_us = shop.clock.now_us() - 48 * 3_600_000_000
    sender.finish(
        [Outcome(first[1], Status.SENT, at_us=then_us, address_hash=shop.hasher("user1@example.com"))]
    )
    shop.add(1, 2, minutes_ago=40)
    second = shop.claim(sender, 1).ids
    fence(shop, sender, second)
    assert other.settle_unknown(shop.clock.now_us()) == 1
    sender.finish([Outcome(second[1], Status.FAILED, error="550 gone")])
    assert last_mail_us(shop, "user1@example.com") == then_us


def test_a_newer_version_supersedes_an_open_one(shop: Any) -> None:
    abandoned(shop, 1)
    episodes = shop.instance()
    ids = shop.claim(episodes, 1).ids
    episodes.finish([Outcome(ids[1], Status.RETRY, next_attempt_us=shop.clock.now_us() + 10**9)])
    shop.add(1, 2, minutes_ago=40)
    shop.claim(episodes, 1)
    assert [(r["status"], r["reason"]) for r in shop.log()] == [("skipped", "superseded"), ("claimed", None)]


def test_a_newer_version_leaves_another_shops_open_one_alone(shop: Any) -> None:
    """Where customers are the carts' keys, those of two shops in one database may be alike."""
    abandoned(shop, 1)
    first, second = shop.instance("first"), shop.instance("second")
    ids = shop.claim(first, 1).ids
    first.finish([Outcome(ids[1], Status.RETRY, next_attempt_us=shop.clock.now_us() + 10**9)])
    shop.add(1, 2, minutes_ago=40)
    second.skip([episode_of(shop, second, 1)], Reason.ROLE)
    assert [(r["status"], r["reason"]) for r in shop.log()] == [("retry", None), ("skipped", "role")]
    shop.add(1, 3, minutes_ago=35)
    first.skip([episode_of(shop, first, 1)], Reason.ROLE)
    assert [r["status"] for r in shop.log()] == ["skipped"] * 3


def test_deleting_the_newest_row_makes_no_new_episode(shop: Any) -> None:
    abandoned(shop, 1)
    shop.add(1, 2, minutes_ago=40)
    episodes = shop.instance()
    ids = shop.claim(episodes, 1).ids
    fence(shop, episodes, ids)
    episodes.finish([Outcome(ids[1], Status.SENT, at_us=shop.clock.now_us())])
    shop.run("DELETE FROM cart WHERE product_id = 2")
    assert decision(shop, episodes, 1) == Skip(Reason.HANDLED)


def test_skips_are_logged_once_with_their_reason(shop: Any) -> None:
    shop.user(1, None)
    shop.add(1, 1)
    episodes = shop.instance()
    cart = shop.loader(episodes).load([1]).carts[1]
    episode = Episode(cart, cart.version, cart.version, "USD", cart.total * 0)
    episodes.skip([episode], Reason.NO_ADDRESS)
    episodes.skip([episode], Reason.NO_ADDRESS)
    assert [(r["status"], r["reason"], r["email_sent"]) for r in shop.log()] == [("skipped", "no_address", 0)]


def test_opting_out_and_in(shop: Any) -> None:
    abandoned(shop, 1)
    optouts = recipients.OptOuts(shop.database, shop.hasher)
    assert optouts.add("USER1@example.com")
    assert not optouts.add("user1@example.com")
    assert [entry.hint for entry in optouts.list()] == ["u***@example.com"]
    skip = decision(shop, shop.instance(), 1)
    assert isinstance(skip, Skip)
    assert skip.reason is Reason.OPTED_OUT
    assert shop.claim(shop.instance(), 1).waits[1][1] is Reason.OPTED_OUT
    assert optouts.remove("user1@example.com")
    assert not optouts.remove("user1@example.com")
    assert isinstance(decision(shop, shop.instance(), 1), Send)


def test_the_activation_time_is_kept_and_a_dry_run_sets_none(shop: Any) -> None:
    episodes = shop.instance()
    assert episodes.activated_us(5_000_000, dry_run=True) == 5_000_000
    assert episodes.activated_us(7_000_000, dry_run=False) == 7_000_000
    assert episodes.activated_us(9_000_000, dry_run=False) == 7_000_000
