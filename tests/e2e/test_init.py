"""Ten minutes: `cartwake init` from options, the service with the file that it wrote, and a mail arrives."""

import asyncio
import secrets
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from fakes.command_line import cartwake

from binlog_watcher.demo.process import ServiceProcess, free_port


@pytest.fixture
def account(running_shop: Any) -> Iterator[str]:
    user = f"ten{secrets.token_hex(4)}"
    yield user
    running_shop.run(f"DROP USER IF EXISTS '{user}'@'%'")


def test_from_options_to_the_first_mail(running_shop: Any, account: str, tmp_path: Path) -> None:
    server = running_shop.server
    folder = tmp_path / "here"
    folder.mkdir()
    running_shop.user(41, "early@example.com")
    running_shop.add(41)
    # It was due before the start.
    running_shop.run("UPDATE cart SET created_at = created_at - INTERVAL 1 MINUTE")
    done = cartwake(
        {"CARTWAKE_ADMIN_PASSWORD": server.password}, "init", "--yes", "--host", server.host,
        "--port", str(server.port), "--user", account, "--database", running_shop.database, "--admin", server.user,
        "--apply", "--promises", "none", "STORE_NAME=The Sample Shop", "STORE_URL=https://shop.example.com",
        "STORE_ADDRESS=1 Market Street", "SENDER_EMAIL=hello@shop.example.com", "SMTP_HOST=127.0.0.1",
        f"SMTP_PORT={running_shop.catcher.port}", "ABANDONMENT_THRESHOLD_MINUTES=0.05", "LOG_FILE=",
        folder=folder,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout + done.stderr
    assert "The newest cart: " in done.stdout
    env = (folder / ".env").read_text()
    assert server.password not in env + done.stdout
    # The service takes the file, and nothing else.
    settings = {"CARTWAKE_ENV_FILE": str(folder / ".env"), "METRICS_PORT": str(free_port())}
    with ServiceProcess(settings, tmp_path / "service-0.log") as service:
        service.start()
        asyncio.run(service.wait_until_ready())
        running_shop.user(42, "jane@example.com")
        running_shop.add(42)
        mail = running_shop.wait_for_mail("jane@example.com")
    assert "% off" not in mail.part("plain")
    assert running_shop.mails_to("early@example.com") == []
