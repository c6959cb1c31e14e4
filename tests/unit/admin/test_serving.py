import socket
import subprocess
import sys
from pathlib import Path

import pytest
from fakes.admin import TOKEN
from fakes.visitor import visit

from binlog_watcher.admin.serving import serving_admin
from binlog_watcher.demo.process import free_port
from binlog_watcher.errors import ConfigError
from binlog_watcher.service.live import Live
from binlog_watcher.settings.load import load_settings
from binlog_watcher.settings.settings import Settings
from binlog_watcher.telemetry.metrics_server import Obstacle

ROOT = Path(__file__).parents[3]
SHOP = {
    "MYSQL_HOST": "127.0.0.1", "MYSQL_PORT": "1", "MYSQL_USER": "cartwake", "MYSQL_DATABASE": "shop",
    "STORE_NAME": "Shop", "STORE_URL": "https://shop.example.com", "STORE_ADDRESS": "1 Market Street",
    "SUPPORT_EMAIL": "help@example.com", "CART_URL": "https://shop.example.com/cart", "SENDER_EMAIL": "a@example.com",
}  # fmt: skip


class Waiting:
    """An instance that another one leads."""

    live: Live | None = None

    def not_ready(self) -> Obstacle | None:
        return Obstacle("standby")


def settings(**more: str) -> Settings:
    return load_settings(None, need="preview", environ=SHOP | more)


def test_without_a_port_for_it_nothing_of_it_is_imported() -> None:
    told = (
        "import sys, binlog_watcher.commands.service_cli\n"
        "print({'starlette', 'uvicorn', 'binlog_watcher.admin.app'} & set(sys.modules))"
    )
    ran = subprocess.run([sys.executable, "-c", told], cwd=ROOT, capture_output=True, text=True, check=True)
    assert ran.stdout == "set()\n"
    with serving_admin(settings(), Waiting()):
        pass


def test_a_port_that_is_taken_is_a_config_error_that_says_what_to_do() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = str(taken.getsockname()[1])
        with (
            pytest.raises(
                ConfigError, match=rf"^ADMIN_PORT={port}: can't listen on 127.0.0.1 .*choose a free port"
            ),
            serving_admin(settings(ADMIN_PORT=port, ADMIN_TOKEN=TOKEN), Waiting()),
        ):
            pass


def test_it_is_served_on_its_port_while_the_service_runs_and_no_longer() -> None:
    port = free_port()
    with serving_admin(settings(ADMIN_PORT=str(port), ADMIN_TOKEN=TOKEN), Waiting()):
        assert visit(port, "/").headers["location"] == "/login"
        assert visit(port, "/", headers={"Authorization": f"Bearer {TOKEN}"}).status == 200
    with pytest.raises(ConnectionRefusedError):
        visit(port, "/")
