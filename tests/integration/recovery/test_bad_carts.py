"""One bad cart, or a part that breaks, holds up no other."""

from typing import Any

import pytest
import structlog
from fakes.mail_server import MailServer
from fakes.recovering import abandon, recovering

from recommender import Recommender

HOUR = 3_600_000_000
MINUTE = 60_000_000


pytestmark = pytest.mark.usefixtures("impatient")


def aside(logs: list[Any]) -> list[tuple[int, str]]:
    return [(entry["user"], entry["what"]) for entry in logs if entry["event"] == "recovery.set_aside"]


async def test_a_recommender_that_breaks_costs_the_recommendations_only(
    shop: Any, smtp: MailServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    abandon(shop, [1, 2])

    def broken(*_: object) -> None:
        raise RuntimeError("no matrix")

    monkeypatch.setattr(Recommender, "recommend_many", broken)
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


async def test_a_total_that_no_column_holds_is_left_out_alone(shop: Any, smtp: MailServer) -> None:
    abandon(shop, [1, 2, 3])
    shop.run("ALTER TABLE cart MODIFY quantity BIGINT")
    shop.run("UPDATE cart SET quantity = 4000000000000000000 WHERE user_id = 2")
    async with recovering(shop, smtp) as cartwake:
        with structlog.testing.capture_logs() as logs:
            await cartwake.recover(1, 2, 3)
        assert sorted(row[:2] for row in cartwake.rows()) == [("1", "sent"), ("3", "sent")]
        assert aside(logs) == [(2, "unwritable")]
        assert not [entry for entry in logs if entry.get("outcome") == "taken"]
        # Nobody else took it, and the reconciliation is not to find it every minute.
        assert (cartwake.tracker.due_of(2) or 0) > cartwake.now_us() + MINUTE


async def test_a_skip_that_cannot_be_written_holds_up_no_other(shop: Any, smtp: MailServer) -> None:
    abandon(shop, [1, 2, 3])
    shop.run("UPDATE users SET email = NULL WHERE id > 1")
    shop.run("ALTER TABLE cart MODIFY quantity BIGINT")
    shop.run("UPDATE cart SET quantity = 4000000000000000000 WHERE user_id = 2")
    async with recovering(shop, smtp) as cartwake:
        await cartwake.recover(1, 2, 3)
        assert sorted(cartwake.rows()) == [("1", "sent", None, 1), ("3", "skipped", "no_address", 0)]
        assert cartwake.tracker.in_hand == 0


@pytest.mark.parametrize("price", ["1e300", "-5", "NULL"])
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
