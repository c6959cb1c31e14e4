"""The pages on the shop's database: what a customer asks for is done before he is told so, and no mail slips by."""

import contextlib
import re
from collections.abc import Iterator
from decimal import Decimal
from typing import Any

import pytest
import structlog
from fakes.mail_server import MailServer
from fakes.mysql_proxy import MysqlProxy
from fakes.recovering import abandon, meanwhile, recovering, settings_of
from fakes.visitor import one_click, path_of_link, visit

from binlog_watcher.commands.report import read_report
from binlog_watcher.commands.report_tables import shown
from binlog_watcher.core.decision import Skip
from binlog_watcher.core.log_status import Reason
from binlog_watcher.demo.process import free_port
from binlog_watcher.service.pages import serving_pages
from binlog_watcher.service.wiring import links
from binlog_watcher.settings.settings import Settings
from binlog_watcher.store.own_tables.figures import Followed
from mailer import Links

SECRET = "a secret of more than 16 characters"
PRODUCT_PAGE = "https://shop.example.com/p/{id}"
FORM = {"Content-Type": "application/x-www-form-urlencoded"}


def pages_settings(**more: str) -> dict[str, Any]:
    port = str(free_port())
    return {"PUBLIC_URL": "https://c.example.com", "WEB_PORT": port, "LINK_SECRET": SECRET} | more


@contextlib.contextmanager
def served(settings: Settings) -> Iterator[int]:
    with serving_pages(settings):
        assert settings.web_port is not None
        yield settings.web_port


async def test_a_mail_links_to_the_pages_and_they_do_what_is_asked(shop: Any, smtp: MailServer) -> None:
    first, second = abandon(shop, (1, 2))
    more = pages_settings(OPEN_PIXEL="true", PRODUCT_URL=PRODUCT_PAGE, UTM_PARAMETERS="utm_source=cartwake")
    async with recovering(shop, smtp, **more) as cartwake:
        await cartwake.recover(1, 2)
        (mail,) = smtp.mails_to(first)
        headers = str(mail["List-Unsubscribe"])
        assert mail["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click"
        (https,) = re.findall(r"<(https://[^>]+)>", headers)
        html, text = (mail.get_body((kind,)).get_content() for kind in ("html", "plain"))  # type: ignore[union-attr]
        assert "https://shop.example.com/p/" not in html + text
        back, product, *picks = dict.fromkeys(re.findall(r"https://c\.example\.com/r/[\w.~-]+", html))
        assert all(link in text for link in (back, product, *picks))
        assert https in html
        (pixel,) = re.findall(r'<img src="(https://c\.example\.com/o/[^"]+)"', html)
        with served(cartwake.settings) as port:
            assert visit(port, path_of_link(https)).status == 200
            assert shop.run(
                "SELECT COUNT(*) FROM cart_abandonment_recipient WHERE suppressed_at IS NOT NULL"
            ) == [(0,)]
            clicked = visit(port, path_of_link(back))
            target = "https://shop.example.com/cart?utm_source=cartwake"
            assert (clicked.status, clicked.headers["location"]) == (303, target)
            assert visit(port, path_of_link(back), "HEAD").status == 303
            followed = visit(port, path_of_link(product))
            target = "https://shop.example.com/p/1?utm_source=cartwake"
            assert (followed.status, followed.headers["location"]) == (303, target)
            led_to = [visit(port, path_of_link(link)).headers["location"] for link in picks]
            assert led_to
            assert all(
                re.fullmatch(r"https://shop\.example\.com/p/\d+\?utm_source=cartwake", one) for one in led_to
            )
            assert visit(port, path_of_link(pixel)).headers["content-type"] == "image/gif"
            for _ in range(2):
                assert one_click(port, path_of_link(https)).status == 200
        kept = shop.run("SELECT kind, link_no, flag FROM cart_abandonment_click ORDER BY id")
        assert kept == [
            ("cart", 0, None),
            ("cart", 0, "head"),
            ("item", 1, None),
            *(("pick", number, None) for number in range(1, len(picks) + 1)),
            ("open", 0, None),
        ]
        report = read_report(cartwake.settings, days=Decimal(1), limit=5)
        assert report is not None
        assert any(
            "2 sent, 1 clicked (50.0 %), 1 on a recommendation, 1 opened" in str(part)
            for part in shown(report)
        )
        assert report.figures is not None
        assert report.figures.links == Followed(1, 1, 1)
        shop.user(3, first)
        shop.add(3, 1, minutes_ago=60)
        shop.run("UPDATE cart_abandonment_recipient SET last_mail_at = NULL")
        decisions = await cartwake.recover(3)
    assert isinstance(decisions[3], Skip)
    assert decisions[3].reason is Reason.OPTED_OUT
    assert len(smtp.mails_to(second)) == 1


@pytest.mark.parametrize("stage", ["compose", "fence"])
@pytest.mark.parametrize("choice", ["stop", "cart"])
async def test_what_was_asked_for_stops_the_mail_that_has_not_passed_the_fence(
    shop: Any, smtp: MailServer, monkeypatch: pytest.MonkeyPatch, stage: str, choice: str
) -> None:
    (address,) = abandon(shop, [1])
    async with recovering(shop, smtp, **pages_settings()) as cartwake:
        with served(cartwake.settings) as port:
            async with meanwhile(monkeypatch, cartwake, stage, 1):
                (log_id,) = (row["id"] for row in shop.log())
                path = path_of_link(str(links(cartwake.settings, None).unsubscribe(log_id).https))
                answer = visit(port, path, "POST", body=f"choice={choice}".encode(), headers=FORM)
                assert answer.status == 200
        await cartwake.drained()
    assert smtp.mails_to(address) == []
    statuses = {(row["status"], row["reason"]) for row in shop.log()}
    assert statuses == {("skipped", "opted_out" if choice == "stop" else "declined")}


async def test_nothing_is_confirmed_while_mysql_is_away_and_it_works_again_by_itself(
    shop: Any, smtp: MailServer
) -> None:
    (log_id,) = _mailed(shop)
    made = Links(SECRET, support_email="a@example.com", public_url="https://c.example.com")
    out, back = (
        path_of_link(str(link)) for link in (made.unsubscribe(log_id).https, made.back_to_cart(log_id))
    )
    with MysqlProxy("127.0.0.1", shop.server.port).running() as proxy:
        settings = settings_of(shop, smtp, **pages_settings(MYSQL_PORT=str(proxy.port)))
        proxy.cut()
        with served(settings) as port, structlog.testing.capture_logs() as logs:
            assert visit(port, out).status == 503, "it does not know the secret of our table"
            proxy.mend()
            assert visit(port, out).status == 200
            proxy.cut()
            for path in (out, back):
                answer = one_click(port, path) if path is out else visit(port, path)
                assert (answer.status, answer.headers["retry-after"]) == (503, "30")
            proxy.mend()
            # The statement is cut off, and then its answer: it may be done, and is told of only when asked again.
            for reply_lost in (False, True):
                proxy.trap(b"COMMIT", reply_lost=reply_lost)
                assert one_click(port, out).status == 503
                assert proxy.sprung.wait(10)
                proxy.mend()
            assert one_click(port, out).status == 200
            assert visit(port, back).status == 303
    assert shop.run("SELECT reason FROM cart_abandonment_recipient WHERE suppressed_at IS NOT NULL") == [
        ("unsubscribed",)
    ]
    # Once each time, however many visitors there were.
    told = [entry["event"] for entry in logs if entry["event"] in {"pages.unavailable", "pages.available"}]
    assert told == ["pages.unavailable", "pages.available"] * 2
    assert "Traceback" not in str(logs)


async def test_a_row_that_somebody_locks_is_answered_by_come_again(shop: Any, smtp: MailServer) -> None:
    (log_id,) = _mailed(shop)
    made = Links(SECRET, support_email="a@example.com", public_url="https://c.example.com")
    out = path_of_link(str(made.unsubscribe(log_id).https))
    settings = settings_of(shop, smtp, **pages_settings())
    with served(settings) as port:
        with shop.server.connect(database=shop.name) as holder, holder.cursor() as cursor:
            cursor.execute("BEGIN")
            cursor.execute(
                "INSERT INTO cart_abandonment_recipient (address_hash) SELECT address_hash FROM cart_abandonment_log"
            )
            assert one_click(port, out).status == 503
            assert visit(port, out).status == 200, "pages that ask nothing are there"
            holder.rollback()
        assert one_click(port, out).status == 200


async def test_a_mail_that_was_erased_is_none(shop: Any, smtp: MailServer) -> None:
    made = Links(SECRET, support_email="a@example.com", public_url="https://c.example.com")
    with served(settings_of(shop, smtp, **pages_settings())) as port:
        for link in (made.unsubscribe(7).https, made.back_to_cart(7)):
            answer = (
                one_click(port, path_of_link(str(link)))
                if "/u/" in str(link)
                else visit(port, path_of_link(str(link)))
            )
            assert answer.status == 404
    assert shop.run("SELECT * FROM cart_abandonment_click") == []


def _mailed(shop: Any) -> list[int]:
    shop.run(
        "INSERT INTO cart_abandonment_log (cart_key, cart_version, status, email_sent, sent_at, address_hash) "
        "VALUES ('1', 1, 'sent', 1, UTC_TIMESTAMP(6), REPEAT('a', 32))"
    )
    return [row["id"] for row in shop.log()]
