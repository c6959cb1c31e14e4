"""Messages are what the library of the Standard Webhooks takes, and nothing that was changed."""

from datetime import UTC, datetime

import pytest
from fakes.webhook_receiver import SECRET
from standardwebhooks import Webhook, WebhookVerificationError

from binlog_watcher.service.webhook_delivery import Endpoint
from binlog_watcher.service.webhook_message import body_of, headers_of
from binlog_watcher.settings.webhooks import key_of
from binlog_watcher.store.own_tables.webhook_queue import Told

TOLD = Told(7, "msg_1", "mail.sent", datetime(2026, 1, 2, 3, 4, 5, 6), 0, {"cart_key": "ä", "total": "1.00"})  # noqa: DTZ001 - UTC, as sessions read


def test_the_specifications_own_example() -> None:
    """https://github.com/standard-webhooks/standard-webhooks: its test vector."""
    key = key_of("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw")
    headers = headers_of("msg_p5jXN8AQM9LWM0D4loKWxJek", b'{"test": 2432232314}', key, 1614265330.9)
    assert headers["webhook-signature"] == "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="
    assert headers["webhook-timestamp"] == "1614265330"


def test_a_message_is_verified_by_the_library_that_receivers_use() -> None:
    body = body_of(TOLD)
    headers = headers_of(TOLD.id, body, key_of(SECRET), datetime.now(UTC).timestamp())
    assert Webhook(SECRET).verify(body, headers) == {
        "type": "mail.sent", "timestamp": "2026-01-02T03:04:05.000006Z", "data": {"cart_key": "ä", "total": "1.00"},
    }  # fmt: skip
    with pytest.raises(WebhookVerificationError):
        Webhook(SECRET).verify(body.replace(b"1.00", b"9.00"), headers)
    with pytest.raises(WebhookVerificationError):
        Webhook(SECRET).verify(body, headers | {"webhook-id": "msg_2"})


def test_of_the_receivers_address_only_the_host_is_shown() -> None:
    assert repr(Endpoint("https://crm.example.com/secret", b"key")) == "Endpoint(host='crm.example.com')"
