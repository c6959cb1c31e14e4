"""The HTTP API on a real shop: what it answers, whom it lets in, and that it is what its description says."""

import json
import urllib.error
import urllib.request
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import pytest
import schemathesis
from fakes.admin import TOKEN as ADMIN
from fakes.dashboard import FakeInstance
from fakes.mail_server import MailServer
from fakes.recovering import abandon, recovering, settings_of
from hypothesis import HealthCheck, Phase, given
from hypothesis import settings as trying
from hypothesis import strategies as st
from schemathesis.checks import not_a_server_error
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    negative_data_rejection,
    response_schema_conformance,
    status_code_conformance,
)

from binlog_watcher.admin import api as api_module
from binlog_watcher.admin.api_description import DESCRIPTION
from binlog_watcher.admin.serving import serving_admin
from binlog_watcher.demo.process import free_port

READ, WRITE = "r" * 40, "w" * 40
CHECKS: list[Any] = [
    not_a_server_error, status_code_conformance, content_type_conformance, response_schema_conformance,
    negative_data_rejection,
]  # fmt: skip


@dataclass
class Api:
    port: int

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}/api/v1"

    def call(
        self,
        method: str,
        path: str,
        body: Any = None,
        *,
        token: str | None = WRITE,
        kind: str = "application/json",
    ) -> tuple[int, Any]:
        """Status and what was answered; a problem's title."""
        data = body if isinstance(body, bytes) or body is None else json.dumps(body).encode()
        headers = {"Content-Type": kind} | ({"Authorization": f"Bearer {token}"} if token else {})
        request = urllib.request.Request(self.url + path, data=data, method=method, headers=headers)  # noqa: S310 - our own
        try:
            answer = urllib.request.urlopen(request, timeout=30)  # noqa: S310 - same
        except urllib.error.HTTPError as error:
            answer = error
        with answer:
            said = json.load(answer)
            sort = answer.headers["Content-Type"]
        if sort == "application/json":
            return int(answer.status), said
        assert (sort, said["status"]) == ("application/problem+json", answer.status)
        return int(answer.status), said["title"]


@pytest.fixture
def api(shop: Any, smtp: MailServer) -> Iterator[Api]:
    port = free_port()
    settings = settings_of(
        shop, smtp,
        ADMIN_PORT=str(port), ADMIN_TOKEN=ADMIN, API_TOKENS=f"bi:read:{READ}, crm:write:{WRITE}",
    )  # fmt: skip
    with serving_admin(settings, FakeInstance()):
        yield Api(port)


async def mailed(shop: Any, smtp: MailServer) -> None:
    """User 1 got a mail."""
    abandon(shop, [1])
    async with recovering(shop, smtp) as cartwake:
        await cartwake.recover(1)


async def test_what_is_asked_is_answered_as_the_commands_would(shop: Any, smtp: MailServer, api: Api) -> None:
    await mailed(shop, smtp)
    status, said = api.call("POST", "/explain", {"customer": "1"}, token=READ)
    assert (status, said["carts"][0]["cart"]) == (200, "1")
    assert "user1@" not in json.dumps(said)
    status, said = api.call("GET", "/report?days=7", token=READ)
    assert (status, said["days"], said["figures"]["period"]["mailed"]) == (200, 7, 1)
    assert {"abandonment_rate", "recovery_rate", "lost"} <= said["figures"]["period"].keys()
    status, said = api.call("GET", "/carts/due?limit=5", token=READ)
    assert status in {200, 503}
    assert api.call("GET", "/openapi.json", token=READ) == (200, DESCRIPTION)


async def test_what_is_changed_is_changed_once(shop: Any, smtp: MailServer, api: Api) -> None:
    await mailed(shop, smtp)
    jane = {"address": "user1@example.com"}
    assert api.call("POST", "/opt-outs", jane) == (200, {"changed": True})
    assert api.call("POST", "/opt-outs", jane) == (200, {"changed": False})
    assert shop.run("SELECT reason FROM cart_abandonment_recipient WHERE suppressed_at IS NOT NULL") == [
        ("manual",)
    ]
    assert api.call("POST", "/opt-outs/remove", jane) == (200, {"changed": True})
    status, said = api.call("POST", "/erase", jane)
    assert (status, "confirm" in said) == (422, True)
    assert shop.log()[0]["user_id"] == 1
    status, said = api.call("POST", "/erase", jane | {"confirm": "erase"})
    assert (status, said["rows"], said["dry_run"]) == (200, 1, False)
    assert shop.log()[0]["user_id"] is None


def test_who_may_not_is_told_so(api: Api) -> None:
    jane = {"address": "user1@example.com"}
    assert api.call("POST", "/opt-outs", jane, token=READ)[0] == 403
    assert api.call("GET", "/report", token=None)[0] == 401
    assert api.call("GET", "/report", token=ADMIN)[0] == 401, "the dashboard's token is another"
    for _ in range(4):
        assert api.call("GET", "/report", token="x" * 40)[0] == 401
    assert api.call("GET", "/openapi.json", token=READ)[0] == 429, "who tries tokens out has to wait"


@pytest.mark.parametrize(
    ("method", "path", "body", "status"),
    [
        ("GET", "/report?days=0", None, 422),
        ("GET", "/report?days=91", None, 422),
        ("GET", "/report?hours=1", None, 422),
        ("GET", "/carts/due?limit=501", None, 422),
        ("POST", "/explain", {}, 422),
        ("POST", "/explain", {"customer": "1", "cart": "1"}, 422),
        ("POST", "/explain", {"customer": 1}, 422),
        ("POST", "/explain", [1], 422),
        ("POST", "/explain", b"{", 400),
        ("POST", "/explain", b"[" * 3000, 400),
        ("POST", "/explain", b"x" * 5000, 413),
        ("POST", "/opt-outs", {"address": "nobody"}, 422),
        ("POST", "/erase", {"confirm": "erase"}, 422),
    ],
)
def test_what_makes_no_sense_is_a_problem(api: Api, method: str, path: str, body: Any, status: int) -> None:
    assert api.call(method, path, body)[0] == status


def test_other_bodies_and_too_many_requests_are_problems(api: Api, monkeypatch: pytest.MonkeyPatch) -> None:
    assert api.call("POST", "/explain", b"customer=1", kind="application/x-www-form-urlencoded")[0] == 415
    monkeypatch.setattr(api_module, "PER_MINUTE", 0)
    assert api.call("GET", "/openapi.json")[0] == 429


@pytest.mark.parametrize("path", [path for path in DESCRIPTION["paths"] if path != "/openapi.json"])
def test_it_is_what_its_description_says(api: Api, monkeypatch: pytest.MonkeyPatch, path: str) -> None:
    monkeypatch.setattr(api_module, "PER_MINUTE", 1_000_000)
    loaded = schemathesis.openapi.from_dict(DESCRIPTION)
    ((_, operation),) = loaded[path].items()

    @trying(
        max_examples=12, deadline=None, database=None, derandomize=True, phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
    )  # fmt: skip
    @given(data=st.data())
    def try_out(data: st.DataObject) -> None:
        case = data.draw(operation.as_strategy())
        response = case.call(base_url=api.url, headers={"Authorization": f"Bearer {WRITE}"})
        if response.status_code != 503:  # FakeInstance may have no timers: that is described, too
            case.validate_response(response, checks=CHECKS)

    try_out()
