"""What providers post, on the shop's database: from the mail that went out to the address that gets no more."""

import base64
import hashlib
import hmac
import json
from decimal import Decimal
from typing import Any

import pytest
import structlog
from fakes.mail_server import MailServer
from fakes.recovering import Recovering, abandon, recovering
from fakes.sns import TOPIC, Amazon
from fakes.visitor import visit

from binlog_watcher.clock import wall_s
from binlog_watcher.commands.optout import optouts
from binlog_watcher.commands.report import read_report
from binlog_watcher.commands.report_tables import shown
from binlog_watcher.demo.process import free_port
from binlog_watcher.service import provider_reports
from binlog_watcher.service.pages import serving_pages
from mailer.webhooks import ses

MAILGUN_KEY = "a signing key of the tests"
LOGIN = "cartwake:a long password of the tests"
AUTHORIZED = {"Authorization": "Basic " + base64.b64encode(LOGIN.encode()).decode()}


def webhooks() -> dict[str, Any]:
    return {
        "PUBLIC_URL": "https://c.example.com", "WEB_PORT": str(free_port()), "MAILGUN_WEBHOOK_KEY": MAILGUN_KEY,
        "POSTMARK_WEBHOOK_LOGIN": LOGIN, "EMAIL_COOLDOWN_HOURS": "0",
    }  # fmt: skip


def reasons(cartwake: Recovering) -> list[str]:
    return sorted(entry.reason for entry in optouts(cartwake.settings).list())


def complaint(message_id: str) -> bytes:
    """As Mailgun posts it."""
    at, token = int(wall_s()), "t" * 50
    signature = hmac.new(MAILGUN_KEY.encode(), f"{at}{token}".encode(), hashlib.sha256).hexdigest()
    event = {
        "event": "complained",
        "id": "m1",
        "message": {"headers": {"message-id": message_id.strip("<>")}},
    }
    signed = {"timestamp": str(at), "token": token, "signature": signature}
    return json.dumps({"signature": signed, "event-data": event}).encode()


async def test_a_bounce_and_a_complaint_that_are_posted_end_the_mails(shop: Any, smtp: MailServer) -> None:
    first, second = abandon(shop, (1, 2), minutes_ago=120)
    async with recovering(shop, smtp, **webhooks()) as cartwake:
        await cartwake.recover(1, 2)
        ((bounced,), (complained,)) = smtp.mails_to(first), smtp.mails_to(second)
        signed = str(bounced["X-PM-Metadata-cartwake"])
        bounce = {"RecordType": "Bounce", "Type": "HardBounce", "ID": 42, "Email": first.upper(),
                  "Metadata": {"cartwake": signed}}  # fmt: skip
        made_up = bounce | {"ID": 43, "Metadata": {"cartwake": signed[:-3] + "aaa"}}
        port = cartwake.settings.web_port
        assert port is not None
        with structlog.testing.capture_logs() as logs, serving_pages(cartwake.settings):

            def post(path: str, body: bytes, headers: dict[str, str]) -> int:
                return visit(port, path, "POST", body=body, headers=headers).status

            assert post("/b/postmark", json.dumps(bounce).encode(), {}) == 401
            assert post("/b/postmark", json.dumps(made_up).encode(), AUTHORIZED) == 200
            assert reasons(cartwake) == []
            for _ in range(2):
                assert post("/b/postmark", json.dumps(bounce).encode(), AUTHORIZED) == 200
            assert reasons(cartwake) == ["bounced"]
            body = complaint(str(complained["Message-ID"]))
            for _ in range(2):
                assert post("/b/mailgun", body, {}) == 200
            assert reasons(cartwake) == ["bounced", "complained"]
            assert post("/b/postmark", b'{"RecordType": "Delivery"}', AUTHORIZED) == 200
        assert first not in str(logs).lower()
        for user in (1, 2):
            shop.add(user, 3, minutes_ago=60)
        await cartwake.recover(1, 2)
        assert [row[1:3] for row in cartwake.rows()[-2:]] == [
            ("skipped", "bounced"),
            ("skipped", "opted_out"),
        ]
        report = read_report(cartwake.settings, days=Decimal(1), limit=20)
        assert report is not None
        counts = {one.kind: one.mails for one in report.returned}
        assert counts == {"hard": 1, "complaint": 1, "unsigned": 1, "no_news": 1}
        assert any("1 hard bounces" in str(part) for part in shown(report))
    assert len(smtp.mails_to(first)) == len(smtp.mails_to(second)) == 1


async def test_a_bounce_that_ses_posts_ends_the_mails(
    shop: Any, smtp: MailServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    amazon = Amazon()
    monkeypatch.setitem(provider_reports._PROVIDERS, "ses", lambda topics: ses(topics, amazon.open))
    (address,) = abandon(shop, (1,), minutes_ago=120)
    async with recovering(shop, smtp, **webhooks(), SES_TOPIC_ARN=TOPIC) as cartwake:
        await cartwake.recover(1)
        (mail,) = smtp.mails_to(address)
        recipients = [{"emailAddress": address, "status": "5.1.1"}]
        bounce = {
            "notificationType": "Bounce",
            "mail": {"commonHeaders": {"messageId": str(mail["Message-ID"])}},
            "bounce": {
                "bounceType": "Permanent",
                "bounceSubType": "General",
                "bouncedRecipients": recipients,
            },
        }
        made_up = bounce | {
            "mail": {"commonHeaders": {"messageId": "<cartwake.1-aaaaaaaaaaaaaaaa.1@example.com>"}}
        }
        port = cartwake.settings.web_port
        assert port is not None
        with serving_pages(cartwake.settings):
            for message, expected in ((made_up, []), (bounce, ["bounced"])):
                more = {"MessageId": f"sns-{len(expected)}"}
                body = amazon.posts(message, at=wall_s(), **more)
                assert visit(port, "/b/ses", "POST", body=body).status == 200
                assert reasons(cartwake) == expected
