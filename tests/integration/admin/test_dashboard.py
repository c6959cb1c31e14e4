"""The dashboard beside a running service, on a real shop: it tells what is so, and no page waits for the database."""

import re
from collections.abc import Callable
from typing import Any

import pytest
from fakes.admin import TOKEN
from fakes.dashboard import FakeInstance
from fakes.mail_server import MailServer
from fakes.mysql_proxy import MysqlProxy
from fakes.recovering import settings_of
from fakes.running_service import following, standing_by
from fakes.visitor import visit
from fakes.waiting import until, wait_until

from binlog_watcher.admin import readings
from binlog_watcher.admin.serving import serving_admin
from binlog_watcher.demo.process import free_port
from binlog_watcher.service.alone import Alone
from binlog_watcher.service.standby import Standby
from binlog_watcher.settings.load import load_settings
from binlog_watcher.settings.settings import Settings

CONFIRMED = {"PROMISES_CONFIRMED": "discount_without_code,free_shipping"}


def admin(**more: str) -> dict[str, str]:
    return {"ADMIN_PORT": str(free_port()), "ADMIN_TOKEN": TOKEN} | CONFIRMED | more


def settings_at(shop: Any, port: int) -> Settings:
    """Of a dashboard alone."""
    environ = {
        "MYSQL_HOST": "127.0.0.1", "MYSQL_PORT": str(port), "MYSQL_USER": shop.server.user,
        "MYSQL_PASSWORD": shop.server.password, "MYSQL_DATABASE": shop.name, "MYSQL_TLS": "off", "LOG_FILE": "",
    }  # fmt: skip
    return load_settings(None, need="mysql", environ=environ | admin())


def page(port: int, path: str = "/", *, body: bytes | None = None) -> str:
    """``body``: it is posted."""
    method = "GET" if body is None else "POST"
    answer = visit(port, path, method, headers={"Authorization": f"Bearer {TOKEN}"}, body=body)
    assert answer.status == 200, answer
    return re.sub(r"\s+", " ", answer.text)


def says(port: int, *words: str, path: str = "/") -> Callable[[], bool]:
    """Whether all the words stand on a page."""
    return lambda: all(word in page(port, path) for word in words)


def activate(shop: Any) -> None:
    shop.run(
        "INSERT IGNORE INTO cart_abandonment_meta (name, value) VALUES ('activated_at', %s)",
        (str(shop.clock.now_us() - 1000 * 3_600_000_000),),
    )


async def test_it_tells_what_is_so(shop: Any, smtp: MailServer) -> None:
    activate(shop)
    shop.user(1, "jane@example.com")
    shop.user(2, None)
    shop.user(3, "joe@example.com")
    shop.add(1, 1, minutes_ago=60)
    shop.add(2, 1, minutes_ago=60)
    shop.add(3, 1, minutes_ago=25)
    settings = settings_of(shop, smtp, **admin())
    port = settings.admin_port or 0
    async with following(settings) as service:
        with serving_admin(settings, Alone(service)):
            await until(says(port, "All is well: mail goes out", "of 1 timers"))
            timers = page(port, "/now")
            assert '<a href="/cart?by=cart&amp;q=3"><span class="unseen">Cart </span>3</a>' in timers
            assert re.search(r'class="num">(5 min|4 min \d+ s)<', timers)
            await until(says(port, ">mailed<", "There was no valid e-mail address", path="/outcomes"))
            await until(
                lambda: ">Today</h2>" in page(port, "/figures") and "counted at" in page(port, "/figures")
            )
            found = page(port, "/figures")
            assert re.search(r'<h3>Abandoned</h3><p class="figure">[012]</p>', found)
            story = page(port, "/cart/story", body=b"by=address&q=jane@example.com")
            assert "Cart 1" in story
            assert "the mail server took the mail" in story
            assert "j***@example.com" in story
            assert "jane@example.com" not in story
            assert "no key of a cart here" in page(port, "/cart/story?by=cart&q=x")
            assert "Looked in:" in page(port, "/cart/story?by=customer&q=99")


async def test_an_instance_that_stands_by_shows_the_figures_and_no_timers(
    shop: Any, smtp: MailServer
) -> None:
    activate(shop)
    first, second = (settings_of(shop, smtp, **admin()) for _ in range(2))
    async with standing_by(Standby(first, beside=serving_admin)):
        await until(says_when_there(first.admin_port or 0, "All is well: mail goes out"))
        async with standing_by(Standby(second, beside=serving_admin)):
            port = second.admin_port or 0
            await until(says_when_there(port, "Standing by: another instance leads"))
            assert "No timers run in this instance" in page(port)
            await until(says(port, "No cart was abandoned yet", "counted at"))


def test_without_the_database_pages_are_there_and_say_so(shop: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(readings, "LOG_S", 0.05)
    with MysqlProxy("127.0.0.1", shop.server.port).running() as proxy:
        settings = settings_at(shop, proxy.port)
        port = settings.admin_port or 0
        with serving_admin(settings, FakeInstance()):
            wait_until(says(port, "No cart was abandoned yet"))
            proxy.cut()
            wait_until(says(port, "The log can&#39;t be read"))
            assert "MySQL at 127.0.0.1" in page(port, "/cart/story?by=cart&q=1")
            proxy.mend()
            wait_until(lambda: "The log can&#39;t be read" not in page(port))


def says_when_there(port: int, *words: str) -> Callable[[], bool]:
    """The same of a server that may only be about to start."""

    def told() -> bool:
        try:
            return says(port, *words)()
        except ConnectionRefusedError:
            return False

    return told
