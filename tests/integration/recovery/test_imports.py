"""Carts that fall due while the shop imports its products or customers: by deleting, or a TRUNCATE, and inserting."""

from typing import Any

import pytest
from fakes.mail_server import MailServer
from fakes.recovering import abandon, recovering
from fakes.waiting import until

from binlog_watcher.core.decision import Skip, Wait
from binlog_watcher.core.log_status import Reason

pytestmark = pytest.mark.usefixtures("impatient")

PEOPLE = [1, 2, 3, 4, 5, 6]
BACK = "INSERT INTO products SELECT * FROM kept_products"


def keep_products(shop: Any) -> None:
    shop.run("CREATE TABLE kept_products AS SELECT * FROM products")


@pytest.mark.parametrize("emptied", ["DELETE FROM products", "TRUNCATE TABLE products"])
async def test_carts_due_within_an_import_of_the_products_are_mailed_when_these_are_back(
    shop: Any, smtp: MailServer, emptied: str
) -> None:
    abandon(shop, PEOPLE)
    keep_products(shop)
    shop.run(emptied)
    async with recovering(shop, smtp) as cartwake:
        cartwake.hydrate()  # as after the TRUNCATE, and after a restart
        assert sorted(cartwake.tracker.keys()) == PEOPLE
        cartwake.follow()
        await until(lambda: len(cartwake.resources.loader.absences.waiting_for([1])) == len(PEOPLE))
        assert cartwake.rows() == []
        shop.run(BACK)
        cartwake.recovery.products_came([1, 2])
        await until(lambda: len(smtp.accepted) == len(PEOPLE))
        await cartwake.drained()
        assert {row[1] for row in cartwake.rows()} == {"sent"}
        assert cartwake.resources.loader.absences.waiting_for([1]) == []


async def test_a_cart_that_waits_for_products_is_over_when_it_is_emptied(shop: Any, smtp: MailServer) -> None:
    abandon(shop, [1, 2])
    shop.run("DELETE FROM products")
    async with recovering(shop, smtp) as cartwake:
        decisions = await cartwake.recover(1, 2)
        assert {(type(one), one.reason) for one in decisions.values()} == {(Wait, Reason.NO_PRODUCT)}
        shop.run("DELETE FROM cart WHERE user_id = 1")
        shop.order(2)
        cartwake.recovery.products_came([1])
        cartwake.follow()
        await until(lambda: cartwake.tracker.keys() == [] and cartwake.tracker.in_hand == 0)
        assert cartwake.rows() == []
    assert smtp.accepted == []


async def test_a_mail_whose_products_went_before_its_retry_is_not_given_up(
    shop: Any, smtp: MailServer
) -> None:
    (address,) = abandon(shop, [1])
    keep_products(shop)
    smtp.answer("RCPT", address, "450 later")
    async with recovering(shop, smtp, RETRY_FIRST_SECONDS="0.05") as cartwake:
        await cartwake.recover(1)
        assert cartwake.rows() == [("1", "retry", None, 0)]
        shop.run("DELETE FROM products")
        cartwake.follow()
        await until(lambda: cartwake.resources.loader.absences.waiting_for([1]) == [1])
        assert cartwake.rows() == [("1", "retry", None, 0)]
        shop.run(BACK)
        cartwake.recovery.products_came([1])
        await until(lambda: len(smtp.accepted) == 1)
        await cartwake.drained()
        assert cartwake.rows() == [("1", "sent", None, 1)]


async def test_a_customer_who_is_back_in_time_is_mailed(shop: Any, smtp: MailServer) -> None:
    (address,) = abandon(shop, [1])
    shop.run("CREATE TABLE kept_users AS SELECT * FROM users")
    shop.run("DELETE FROM users")
    async with recovering(shop, smtp) as cartwake:
        decision = (await cartwake.recover(1))[1]
        assert isinstance(decision, Wait)
        assert decision.reason is Reason.NO_CUSTOMER
        assert decision.until_us < cartwake.now_us() + 3_000_000
        assert cartwake.rows() == []
        shop.run("INSERT INTO users SELECT * FROM kept_users")
        cartwake.follow()
        await until(lambda: len(smtp.mails_to(address)) == 1)


async def test_a_customer_who_has_gone_for_good_is_no_customer_after_the_threshold(
    shop: Any, smtp: MailServer
) -> None:
    abandon(shop, [1])
    shop.run("DELETE FROM users")
    async with recovering(shop, smtp, ABANDONMENT_THRESHOLD_MINUTES="0.01") as cartwake:
        assert isinstance((await cartwake.recover(1))[1], Wait)
        cartwake.follow()
        await until(lambda: cartwake.rows() == [("1", "skipped", "no_address", 0)])


async def test_some_products_that_have_gone_for_good_hold_a_cart_up_a_little(
    shop: Any, smtp: MailServer
) -> None:
    (address,) = abandon(shop, [1])
    shop.add(1, 2)
    version = cart_version(shop)
    shop.run("DELETE FROM products WHERE id = 2")
    async with recovering(shop, smtp, ABANDONMENT_THRESHOLD_MINUTES="0.01") as cartwake:
        decision = (await cartwake.recover(1))[1]
        assert (type(decision), decision.reason) == (Wait, Reason.NO_PRODUCT)
        cartwake.follow()
        await until(lambda: len(smtp.mails_to(address)) == 1)
        await cartwake.drained()
        # The product's return is no new episode.
        assert [row["cart_version"] for row in shop.log()] == [version]
        shop.run("INSERT INTO products (id, name, price, stock) VALUES (2, 'Back again', 5, 1)")
        assert (await cartwake.recover(1))[1] == Skip(Reason.HANDLED)


def cart_version(shop: Any) -> int:
    ((newest,),) = shop.run("SELECT UNIX_TIMESTAMP(MAX(created_at)) FROM cart")
    return int(newest) * 1_000_000
