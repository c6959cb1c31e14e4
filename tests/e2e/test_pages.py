"""The pages as a process of their own, `cartwake web`, and inside of one that waits for its turn to lead."""

import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

from fakes.visitor import one_click, path_of_link, visit
from fakes.waiting import wait_until

from binlog_watcher.demo.process import free_port
from mailer import Links

SECRET = "a secret of more than 16 characters"
ROOT = Path(__file__).parents[2]


def answers(port: int) -> bool:
    try:
        return visit(port, "/style.css").status == 200
    except OSError:
        return False


def test_pages_alone_opt_out_whom_a_service_elsewhere_mailed(running_shop: Any, tmp_path: Path) -> None:
    port = free_port()
    shared = {"PUBLIC_URL": "https://c.example.com", "LINK_SECRET": SECRET}
    service = running_shop.service(**shared, WEB_SERVED_ELSEWHERE="true")
    running_shop.user(1)
    running_shop.add(1)
    wait_until(lambda: [row[1] for row in running_shop.log()] == ["sent"])
    environment = running_shop.settings(**shared, WEB_PORT=str(port))
    console = tmp_path / "web.log"
    with console.open("wb") as said:
        pages = subprocess.Popen(
            [sys.executable, "-m", "binlog_watcher", "web"], env=environment | {"PYTHONPATH": str(ROOT)},
            cwd=tmp_path, stdout=said, stderr=said,
        )  # fmt: skip
    try:
        wait_until(lambda: answers(port), tell=console.read_text)
        links = Links(SECRET, support_email="a@example.com", public_url="https://c.example.com")
        assert one_click(port, path_of_link(str(links.unsubscribe(1).https))).status == 200
        suppressed = "SELECT reason FROM cart_abandonment_recipient WHERE suppressed_at IS NOT NULL"
        assert running_shop.run(suppressed) == [("unsubscribed",)]
        pages.send_signal(signal.SIGTERM)
        assert pages.wait(20) == 0
    finally:
        pages.kill()
        pages.wait(20)
    assert "pages.opted_out" in console.read_text()
    assert SECRET not in console.read_text()
    assert "/u/" not in console.read_text(), "an address is a secret of its customer's"
    assert service.stop() == 0


def test_who_waits_to_lead_serves_pages_too(running_shop: Any) -> None:
    ports = [free_port(), free_port()]
    shared = {"PUBLIC_URL": "https://c.example.com", "LINK_SECRET": SECRET}
    running_shop.service("--standby", **shared, WEB_PORT=str(ports[0]))
    running_shop.process("--standby", **shared, WEB_PORT=str(ports[1])).start()
    wait_until(lambda: all(map(answers, ports)), tell=lambda: running_shop.said)
