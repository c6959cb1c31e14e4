"""One bad cart, or a part that breaks, holds up no other."""

from typing import Any

import pytest
import structlog
from fakes.mail_server import MailServer
from fakes.recovering import abandon, recovering

from binlog_watcher.core.decision import Skip
from binlog_watcher.core.log_status import Reason
from recommender import LiveRecommender

HOUR = 3_600_000_000
MINUTE = 60_000_000


pytestmark = pytest.mark.usefixtures("impatient")


def aside(logs: list[Any]) -> list[tuple[int, str]]:
    return [(entry["cart"], entry["what"]) for entry in logs if entry["event"] == "recovery.set_aside"]


async def test_a_recommender_that_breaks_costs_the_recommendations_only(
    shop: Any, smtp: MailServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    abandon(shop, [1, 2])

    def broken(*_: object) -> None:
        raise RuntimeError("no matrix")

    monkeypatch.setattr(LiveRecommender, "recommend_many", broken)
    async with recovering(shop, smtp) as cartwake:
        with structlog.testing.capture_logs() as logs:
            await cartwake.recover(1, 2)
        assert {row[1] for row in cartwake.rows()} == {"sent"}
        (entry,) = [entry for entry in logs if entry["event"] == "recommender.failed"]
        assert entry["log_level"] == "warning"
        assert (
            cartwake.pipeline.metrics.registry.get_sample_value(
                "cartwake_fallbacks_total", {"part": "recommender"}
            )
            == 2
        )
    assert len(smtp.accepted) == 2


async def test_a_cart_that_cannot_be_rendered_fails_alone(
    shop: Any, smtp: MailServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    abandon(shop, [1, 2, 3])
    async with recovering(shop, smtp) as cartwake:
        composer: Any = cartwake.composer
        render = composer.render

        def picky(cart: Any, *more: Any) -> Any:
            if cart.key == 2:
                raise ZeroDivisionError("a template of the shop's own")
            return render(cart, *more)

        monkeypatch.setattr(composer, "render", picky)
        await cartwake.recover(1, 2, 3)
        assert sorted(row[:2] for row in cartwake.rows()) == [("1", "sent"), ("2", "failed"), ("3", "sent")]
        assert (
            "ZeroDivisionError"
            in shop.run("SELECT error FROM cart_abandonment_log WHERE cart_key = '2'")[0][0]
        )
        assert cartwake.tracker.in_hand == 0


async def test_a_total_that_no_column_holds_is_skipped_once_and_for_all(shop: Any, smtp: MailServer) -> None:
    abandon(shop, [1, 2, 3])
    shop.run("ALTER TABLE cart MODIFY quantity BIGINT")
    shop.run("UPDATE cart SET quantity = 4000000000000000000 WHERE user_id = 2")
    async with recovering(shop, smtp) as cartwake:
        with structlog.testing.capture_logs() as logs:
            await cartwake.recover(1, 2, 3)
        assert sorted(cartwake.rows()) == [
            ("1", "sent", None, 1), ("2", "skipped", "total_too_high", 0), ("3", "sent", None, 1),
        ]  # fmt: skip
        assert aside(logs) == []
        assert [row["cart_total"] for row in shop.log() if row["cart_key"] == "2"] == [None]
        assert await cartwake.recover(2) == {2: Skip(Reason.HANDLED)}


@pytest.mark.parametrize(("quantity", "percent"), [(38, 20), (1_000_000, 0)])
async def test_a_million_pieces_are_mailed_without_a_promise_and_with_a_warning(
    shop: Any, smtp: MailServer, quantity: int, percent: int
) -> None:
    (address,) = abandon(shop, [1])
    shop.run("UPDATE cart SET quantity = %s", (quantity,))
    async with recovering(shop, smtp) as cartwake:
        with structlog.testing.capture_logs() as logs:
            await cartwake.recover(1)
        told = [entry["log_level"] for entry in logs if entry["event"] == "discount.too_dear"]
        assert told == ([] if percent else ["warning"])
        assert [row["discount_percent"] for row in shop.log()] == [percent]
    (mail,) = smtp.mails_to(address)
    assert ("% off" in mail["Subject"]) is bool(percent)


async def test_a_rebate_is_a_line_as_long_as_something_is_to_be_paid(shop: Any, smtp: MailServer) -> None:
    (address, _) = abandon(shop, [1, 2])
    shop.run("INSERT INTO products (id, name, price, stock) VALUES (900, 'Welcome rebate', -5, 1)")
    shop.add(1, 900)
    shop.run("INSERT INTO products (id, name, price, stock) VALUES (901, 'All for nothing', -1000000, 1)")
    shop.add(2, 901)
    async with recovering(shop, smtp) as cartwake:
        await cartwake.recover(1, 2)
        assert sorted(cartwake.rows()) == [("1", "sent", None, 1), ("2", "skipped", "zero_total", 0)]
    ((price,),) = shop.run("SELECT price FROM products WHERE id = 1")
    assert [row["cart_total"] for row in shop.log() if row["cart_key"] == "1"] == [price - 5]
    (mail,) = smtp.mails_to(address)
    text = mail.get_body(("plain",)).get_content()  # type: ignore[union-attr]  # it has one
    assert "\N{MINUS SIGN}$5.00" in text
    assert "Welcome rebate in your cart" not in text


@pytest.mark.parametrize(
    ("change", "reason", "zero", "unavailable"),
    [
        ("UPDATE products SET price = 0 WHERE id = 1", "zero_total", "true", "false"),
        ("UPDATE products SET stock = 0 WHERE id = 1", "unavailable", "false", "true"),
    ],
)
async def test_what_costs_nothing_or_can_t_be_bought_is_mailed_where_the_shop_wants_it(
    shop: Any, smtp: MailServer, change: str, reason: str, zero: str, unavailable: str
) -> None:
    abandon(shop, [1, 2])
    shop.run(change)
    async with recovering(shop, smtp) as cartwake:
        await cartwake.recover(1)
        assert cartwake.rows() == [("1", "skipped", reason, 0)]
    async with recovering(shop, smtp, MAIL_ZERO_TOTALS=zero, MAIL_UNAVAILABLE=unavailable) as cartwake:
        await cartwake.recover(2)
        assert cartwake.rows()[1:] == [("2", "sent", None, 1)]


async def test_a_skip_that_cannot_be_written_holds_up_no_other(shop: Any, smtp: MailServer) -> None:
    abandon(shop, [1, 2, 3])
    shop.run("UPDATE users SET email = NULL WHERE id > 1")
    shop.run(
        "CREATE TRIGGER no_row_of_2 BEFORE INSERT ON cart_abandonment_log FOR EACH ROW "
        "BEGIN IF NEW.cart_key = '2' THEN SIGNAL SQLSTATE '22003' SET MESSAGE_TEXT = 'none of 2'; END IF; END"
    )
    async with recovering(shop, smtp) as cartwake:
        await cartwake.recover(1, 2, 3)
        assert sorted(cartwake.rows()) == [("1", "sent", None, 1), ("3", "skipped", "no_address", 0)]
        assert cartwake.tracker.in_hand == 0
        # The reconciliation is not to find it every minute.
        assert (cartwake.tracker.due_of(2) or 0) > cartwake.now_us() + MINUTE


@pytest.mark.parametrize("price", ["1e300", "NULL"])
async def test_a_price_that_is_none_holds_up_no_other(shop: Any, smtp: MailServer, price: str) -> None:
    abandon(shop, [1])
    abandon(shop, [2], product=2)
    shop.run("ALTER TABLE products MODIFY price DOUBLE NULL")
    shop.run(f"UPDATE products SET price = {price} WHERE id = 2")
    async with recovering(shop, smtp) as cartwake:
        with structlog.testing.capture_logs() as logs:
            await cartwake.recover(1, 2)
        assert cartwake.rows() == [("1", "sent", None, 1)]
        assert aside(logs) == [(2, "unreadable")]
