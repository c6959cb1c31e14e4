import socket
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import structlog
from fakes.pages import RETURN_SECRET

from binlog_watcher.commands.web import web
from binlog_watcher.errors import ConfigError
from binlog_watcher.service.pages import serving_pages
from binlog_watcher.service.stored_visits import web_settings
from binlog_watcher.settings.load import load_settings
from binlog_watcher.settings.settings import Settings

ROOT = Path(__file__).parents[3]
SHOP = {
    "MYSQL_HOST": "127.0.0.1", "MYSQL_PORT": "1", "MYSQL_USER": "cartwake", "MYSQL_DATABASE": "shop",
    "STORE_NAME": "Shop", "STORE_URL": "https://shop.example.com", "STORE_ADDRESS": "1 Market Street",
    "SUPPORT_EMAIL": "help@example.com", "CART_URL": "https://shop.example.com/cart", "SENDER_EMAIL": "a@example.com",
}  # fmt: skip


def settings(**more: str) -> Settings:
    return load_settings(
        None,
        need="preview",
        environ=SHOP | {"PUBLIC_URL": "https://c.example.com", "WEB_PORT": "8090"} | more,
    )


def test_without_a_port_for_them_nothing_of_the_pages_is_imported() -> None:
    told = (
        "import sys, binlog_watcher.commands.service_cli, binlog_watcher.service.standby, mailer\n"
        "print({'starlette', 'uvicorn', 'jwt', 'mailer.web'} & set(sys.modules))"
    )
    ran = subprocess.run([sys.executable, "-c", told], cwd=ROOT, capture_output=True, text=True, check=True)
    assert ran.stdout == "set()\n"


def test_a_port_that_is_taken_is_a_config_error_that_says_what_to_do() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        with (
            pytest.raises(
                ConfigError, match=f"WEB_PORT={port}: can't listen on 127.0.0.1 .*choose a free port"
            ),
            serving_pages(settings(WEB_PORT=str(port))),
        ):
            pass


def test_a_dry_run_serves_none_and_says_so() -> None:
    with structlog.testing.capture_logs() as logs, serving_pages(settings(DRY_RUN="true")):
        pass
    assert [entry["event"] for entry in logs] == ["pages.not_served"]
    with pytest.raises(ConfigError, match="DRY_RUN"):
        web(settings(DRY_RUN="true"))


def test_the_command_needs_a_port() -> None:
    with pytest.raises(ConfigError, match="WEB_PORT is not set"):
        web(load_settings(None, need="preview", environ=SHOP))


def test_the_pages_are_told_the_shop_and_each_of_its_storefronts(tmp_path: Path) -> None:
    file = tmp_path / "stores.toml"
    file.write_text('[DE]\nstore_name = "Laden"\ncart_url = "https://laden.example.com/korb"\n')
    more: dict[str, Any] = {
        "STORES": str(file),
        "RETURN_SECRET": RETURN_SECRET,
        "UTM_PARAMETERS": "utm_source=c",
    }
    found = web_settings(settings(**more))
    assert found.shop("").cart_url == found.shop("gone").cart_url == "https://shop.example.com/cart"
    assert found.shop("de").cart_url == "https://laden.example.com/korb"
    assert (found.shop("de").name, found.shop("de").url) == ("Laden", "https://shop.example.com")
    assert (found.issuer, found.return_days, found.utm) == (
        "https://c.example.com",
        30,
        (("utm_source", "c"),),
    )
    assert RETURN_SECRET not in repr(found)
