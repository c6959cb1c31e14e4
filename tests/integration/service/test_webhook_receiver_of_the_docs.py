"""The receiver in docs/webhooks.md takes what Cartwake tells, once, and nothing else."""

import asyncio
import re
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from fakes.pages import call

from binlog_watcher.service.webhook_message import headers_of
from binlog_watcher.settings.webhooks import key_of

PAGE = Path(__file__).parents[3] / "docs" / "webhooks.md"
BODY = b'{"type":"mail.sent","data":{"cart_key":"42"}}'


def test_it_takes_each_message_once_and_no_forged_one(capsys: pytest.CaptureFixture[str]) -> None:
    (program,) = re.findall(r"```python\n(.*?)```", PAGE.read_text(encoding="utf-8"), re.DOTALL)
    names: dict[str, Any] = {}
    exec(compile(program, str(PAGE), "exec"), names)  # noqa: S102 - our own page
    headers = headers_of("msg_1", BODY, key_of(names["SECRET"]), datetime.now(UTC).timestamp())

    def post(body: bytes) -> int:
        return asyncio.run(call(names["app"], "/cartwake", "POST", headers=headers, body=body)).status

    assert [post(BODY), post(BODY), post(BODY.replace(b"42", b"43"))] == [204, 204, 401]
    assert capsys.readouterr().out == "mail.sent 42\n"
