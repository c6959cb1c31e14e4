"""Who is told of events, and how it is said that a setting is wrong."""

import pytest

from binlog_watcher.core.webhook_events import WebhookEvent
from binlog_watcher.errors import ConfigError
from binlog_watcher.settings.load import load_settings
from binlog_watcher.settings.settings import Settings

SECRET = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSwZ3jK5n0vQbE="
ENOUGH = {
    "MYSQL_USER": "cartwake",
    "MYSQL_DATABASE": "shop",
    "SENDER_EMAIL": "shop@shop.test",
    "SMTP_HOST": "mail.example.com",
    "STORE_NAME": "Example Shop",
    "STORE_URL": "https://shop.test",
    "STORE_ADDRESS": "1 Example Street",
    "SUPPORT_EMAIL": "help@example.com",
    "CART_URL": "https://shop.test/cart",
}


def load(**environ: str) -> Settings:
    return load_settings(None, environ=ENOUGH | environ)


def complaint(**environ: str) -> str:
    with pytest.raises(ConfigError) as caught:
        load(**environ)
    (only,) = caught.value.problems
    return only


def test_nobody_is_told_by_default() -> None:
    settings = load()
    assert (settings.webhook_url, settings.webhook_secret) == (None, None)
    assert settings.webhook_events == frozenset(WebhookEvent)
    assert settings.told_events == frozenset()


def test_a_receiver_is_told_of_all_or_of_what_it_wants() -> None:
    told = {"WEBHOOK_URL": "https://crm.example.com/hooks/1?key=2", "WEBHOOK_SECRET": SECRET}
    assert load(**told).told_events == frozenset(WebhookEvent)
    some = load(**told, WEBHOOK_EVENTS="mail.sent, Cart.Recovered,")
    assert some.told_events == {WebhookEvent.SENT, WebhookEvent.RECOVERED}
    assert "MfKQ9r8" not in repr(some)
    assert set(some.secrets()) >= {SECRET, told["WEBHOOK_URL"]}


@pytest.mark.parametrize("url", ["http://127.0.0.1:8000/x", "http://localhost/x", "http://[::1]:1/"])
def test_http_is_for_this_machine(url: str) -> None:
    assert load(WEBHOOK_URL=url, WEBHOOK_SECRET=SECRET).told_events


@pytest.mark.parametrize(
    ("environ", "said"),
    [
        ({"WEBHOOK_URL": "http://crm.example.com/", "WEBHOOK_SECRET": SECRET}, "begins with https://"),
        ({"WEBHOOK_URL": "https://user:word@crm.example.com/", "WEBHOOK_SECRET": SECRET}, "give an address"),
        ({"WEBHOOK_URL": "https://crm.example.com/#a", "WEBHOOK_SECRET": SECRET}, "without #"),
        ({"WEBHOOK_URL": "https://crm.example.com/"}, "both WEBHOOK_URL and WEBHOOK_SECRET"),
        ({"WEBHOOK_SECRET": SECRET}, "both WEBHOOK_URL and WEBHOOK_SECRET"),
        ({"WEBHOOK_URL": "https://crm.example.com/", "WEBHOOK_SECRET": "whsec_dG9vIHNob3J0"}, "openssl rand"),
        ({"WEBHOOK_URL": "https://crm.example.com/", "WEBHOOK_SECRET": SECRET[6:]}, "openssl rand"),
        ({"WEBHOOK_EVENTS": "mail.opened"}, "cart.detected, cart.recovered"),
        ({"WEBHOOK_EVENTS": ","}, "one or more of"),
    ],
)
def test_what_is_wrong_is_said_with_what_is_allowed(environ: dict[str, str], said: str) -> None:
    complained = complaint(**environ)
    assert said in complained
    assert not any(value in complained for value in environ.values() if value.startswith(("http", "whsec")))
