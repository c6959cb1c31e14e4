"""An event as it is posted, by the Standard Webhooks specification (standardwebhooks.com). Pure."""

import base64
import hashlib
import hmac
import json

from binlog_watcher.store.own_tables.webhook_queue import Told


def body_of(told: Told) -> bytes:
    """The same at each attempt, as long as the row that it is about stays as it is."""
    message = {
        "type": told.event,
        "timestamp": f"{told.happened_at:%Y-%m-%dT%H:%M:%S.%fZ}",
        "data": told.data,
    }
    return json.dumps(message, separators=(",", ":")).encode()


def headers_of(message_id: str, body: bytes, key: bytes, now_s: float) -> dict[str, str]:
    """``now_s``: epoch seconds of this attempt; receivers refuse what is minutes old."""
    seconds = str(int(now_s))
    signed = b".".join((message_id.encode(), seconds.encode(), body))
    signature = base64.b64encode(hmac.new(key, signed, hashlib.sha256).digest()).decode()
    return {
        "webhook-id": message_id,
        "webhook-timestamp": seconds,
        "webhook-signature": f"v1,{signature}",
        "content-type": "application/json",
        "user-agent": "cartwake",
    }
