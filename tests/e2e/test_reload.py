"""`cartwake reload`, and SIGHUP, to the service as a process of its own."""

import os
import pty
import signal
import socket
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from fakes.visitor import visit
from fakes.waiting import wait_until

from binlog_watcher.demo.process import ServiceFailedError, ServiceProcess, free_port


class Reloaded:
    """A running service whose settings stand in a .env."""

    def __init__(self, shop: Any) -> None:
        self.shop = shop
        self.settings: dict[str, str] = shop.settings()
        self.service: ServiceProcess = shop.process()
        self.service._settings = {
            "METRICS_PORT": self.settings.pop("METRICS_PORT")
        }  # the rest is in the file
        self.write()
        self.service.start()
        wait_until(self.is_ready, 40, tell=lambda: shop.said)

    def write(self, **changes: str) -> None:
        self.settings |= changes
        lines = (f"{name}='{value}'\n" for name, value in self.settings.items())
        (Path(self.service._folder) / ".env").write_text("".join(lines))

    def is_ready(self) -> bool:
        return self.service.metrics().get("cartwake_ready") == 1

    def says(self, what: str) -> None:
        wait_until(lambda: what in self.shop.said, 40, tell=lambda: self.shop.said)

    def mails(self, number: int) -> Any:
        address = self.shop.user(number)
        self.shop.add(number)
        return self.shop.wait_for_mail(address, 40)


@pytest.fixture
def reloaded(running_shop: Any) -> Reloaded:
    return Reloaded(running_shop)


def test_new_settings_count_from_the_next_mail_on_and_no_cart_is_lost_or_mailed_twice(
    reloaded: Reloaded,
) -> None:
    shop = reloaded.shop
    assert "The Sample Shop" in str(reloaded.mails(1).content)
    waiting = shop.user(2)
    shop.add(2)
    reloaded.write(STORE_NAME="Another Name", SENDER_NAME="Another Name")
    pid = reloaded.service.pid
    reloaded.service.run("reload")
    reloaded.says("reload.done")
    shop.wait_for_mail(
        waiting, 40
    )  # by the old settings or by the new: on a busy machine it falls due before
    assert "Another Name" in str(reloaded.mails(3).content)
    wait_until(reloaded.is_ready, 40)
    assert reloaded.service.pid == pid
    assert reloaded.service.alive
    recipients = sorted(address for mail in shop.catcher.mails for address in mail.recipients)
    assert recipients == [f"user{number}@example.com" for number in (1, 2, 3)]


def test_what_is_wrong_is_told_in_the_terminal_and_the_service_is_left_alone(reloaded: Reloaded) -> None:
    reloaded.write(STORE_URL="no address", RECOMMENDATION_COUNT="many")
    with pytest.raises(
        ServiceFailedError, match=r"(?s)RECOMMENDATION_COUNT.*STORE_URL|STORE_URL.*RECOMMENDATION_COUNT"
    ):
        reloaded.service.run("reload")
    assert "reload." not in reloaded.shop.said
    assert reloaded.service.pid is not None
    os.kill(reloaded.service.pid, signal.SIGHUP)
    reloaded.says("reload.refused")
    assert "The Sample Shop" in str(reloaded.mails(1).content)


@pytest.mark.parametrize(
    ("name", "value", "why"),
    [("SHOP_SCHEMA", "magento-2", "quote"), ("MAIL_THEME", "./no-such-folder", "no-such-folder")],
)
def test_what_only_a_start_would_find_is_found_before_anything_ends(
    reloaded: Reloaded, name: str, value: str, why: str
) -> None:
    reloaded.write(**{name: value})
    assert reloaded.service.pid is not None
    os.kill(reloaded.service.pid, signal.SIGHUP)
    reloaded.says("reload.refused")
    assert why in reloaded.shop.said[reloaded.shop.said.index("reload.refused") :]
    assert "service.stopping" not in reloaded.shop.said
    assert reloaded.is_ready()


def test_a_term_that_can_not_begin_goes_back_to_the_settings_before(reloaded: Reloaded) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        reloaded.write(WEB_PORT=str(taken.getsockname()[1]), PUBLIC_URL="https://mail.example.com")
        reloaded.service.run("reload")
        reloaded.says("reload.failed")
    assert "The Sample Shop" in str(reloaded.mails(1).content)


def test_another_token_ends_the_logins_at_the_dashboard(reloaded: Reloaded) -> None:
    port, old, new = free_port(), "o" * 32, "n" * 32

    def status(token: str) -> int:
        try:
            return visit(port, "/", headers={"Authorization": f"Bearer {token}"}).status
        except OSError:
            return 0

    reloaded.write(ADMIN_PORT=str(port), ADMIN_TOKEN=old)
    reloaded.service.run("reload")
    wait_until(lambda: status(old) == 200, 40, tell=lambda: reloaded.shop.said)
    login = visit(
        port, "/login", "POST", body=f"token={old}".encode(),
        headers={"Content-Type": "application/x-www-form-urlencoded", "Origin": f"http://127.0.0.1:{port}"},
    )  # fmt: skip
    session = {"Cookie": login.headers["set-cookie"].partition(";")[0]}
    assert visit(port, "/", headers=session).status == 200
    reloaded.write(ADMIN_TOKEN=new)
    reloaded.service.run("reload")
    wait_until(lambda: status(new) == 200, 40, tell=lambda: reloaded.shop.said)
    assert status(old) == 401
    assert visit(port, "/", headers=session).headers["location"] == "/login"
    assert old not in reloaded.shop.said
    assert new not in reloaded.shop.said


def test_without_a_service_here_it_says_where_it_looked(running_shop: Any) -> None:
    service = running_shop.process()
    with pytest.raises(ServiceFailedError, match="no `cartwake run` was found that was started in"):
        service.run("reload")


ON_A_TERMINAL = """
import fcntl, os, sys, termios
fcntl.ioctl(0, termios.TIOCSCTTY, 0)
os.execv(sys.executable, [sys.executable, "-m", "binlog_watcher", "run"])
"""


def test_a_terminal_that_hangs_up_ends_it(running_shop: Any, tmp_path: Path) -> None:
    ours, theirs = pty.openpty()
    said = tmp_path / "said"
    with said.open("wb") as console:
        process = subprocess.Popen(
            [sys.executable, "-c", ON_A_TERMINAL],
            cwd=tmp_path, env=os.environ | running_shop.settings(), stdin=theirs, stdout=theirs, stderr=console,
            start_new_session=True,
        )  # fmt: skip
    os.close(theirs)
    with process:
        try:
            wait_until(lambda: "service.ready" in said.read_text(), 40)
            os.kill(process.pid, signal.SIGHUP)
            wait_until(lambda: "reload.done" in said.read_text(), 40)
            os.close(ours)
            assert process.wait(40) == 0
        finally:
            process.kill()
