"""Who gets in on ADMIN_PORT, and who does not."""

from importlib.resources import files

import pytest
from fakes.admin import TOKEN, Clock, access_of, cookie_of, get, post
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route

from binlog_watcher.admin.access import SESSION_S, WINDOW_S, WRONG_PER_WINDOW, Door, same
from binlog_watcher.admin.app import STATIC, Part, admin_app

BEARER = {"Authorization": f"Bearer {TOKEN}"}


def inside(_request: Request) -> Response:
    return PlainTextResponse("inside")


def app_of(clock: Clock, url: str = "") -> Starlette:
    own = Part([Route("/api/ping", inside)], own_door=True)
    return admin_app(access_of(clock, url), [Part([Route("/", inside)]), own])


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def app(clock: Clock) -> Starlette:
    return app_of(clock)


def log_in(app: Starlette, token: str = TOKEN, client: str = "192.0.2.1") -> dict[str, str]:
    answer = post(app, "/login", f"token={token}".encode(), client=client)
    assert answer.status == 303, answer.body
    return {"Cookie": cookie_of(answer)}


class TestLoggingIn:
    def test_without_a_token_browsers_are_led_to_the_form(self, app: Starlette) -> None:
        answer = get(app, "/")
        assert (answer.status, answer.headers["location"]) == (303, "/login")
        form = get(app, "/login")
        assert form.status == 200
        assert b'type="password"' in form.body

    def test_the_part_of_a_page_that_htmx_asks_for_leads_the_whole_page_there(self, app: Starlette) -> None:
        answer = get(app, "/", headers={"HX-Request": "true"})
        assert (answer.status, answer.headers["hx-redirect"]) == (401, "/login")

    def test_the_token_begins_a_session(self, app: Starlette) -> None:
        answer = post(app, "/login", f"token={TOKEN}".encode())
        assert (answer.status, answer.headers["location"]) == (303, "/")
        for word in ("HttpOnly", "SameSite=strict", "Path=/", f"Max-Age={SESSION_S}"):
            assert word in answer.headers["set-cookie"]
        assert TOKEN not in answer.headers["set-cookie"]
        session = {"Cookie": cookie_of(answer)}
        assert get(app, "/", headers=session).body == b"inside"
        assert get(app, "/login", headers=session).headers["location"] == "/"

    def test_behind_https_its_cookie_never_travels_without(self, clock: Clock) -> None:
        app = app_of(clock, "https://cartwake.example.com")
        headers = {"Host": "cartwake.example.com", "Origin": "https://cartwake.example.com"}
        cookie = post(app, "/login", f"token={TOKEN}".encode(), headers=headers).headers["set-cookie"]
        assert cookie.startswith("__Host-cartwake=")
        assert "Secure" in cookie

    def test_a_session_ends_by_itself(self, app: Starlette, clock: Clock) -> None:
        session = log_in(app)
        clock.now += SESSION_S - 1
        assert get(app, "/", headers=session).status == 200
        clock.now += 1
        assert get(app, "/", headers=session).status == 303

    def test_logging_out_ends_this_session_and_no_other(self, app: Starlette) -> None:
        session, other = log_in(app), log_in(app)
        left = post(app, "/logout", headers=session)
        assert (left.status, left.headers["location"]) == (303, "/login")
        assert get(app, "/", headers=session).status == 303
        assert get(app, "/", headers=other).status == 200

    def test_a_cookie_that_was_copied_before_holds_nowhere_after_a_restart(self, clock: Clock) -> None:
        before, after = app_of(clock), app_of(clock)
        copied = log_in(before)
        post(before, "/logout", headers=copied)
        assert get(after, "/", headers=copied).status == 303
        assert get(after, "/", headers=log_in(before)).status == 303

    @pytest.mark.parametrize("cookie", ["", "x", "x.y", "WzEsICJhIl0.c2ln", "bnVsbA.x", "\xff"])
    def test_a_made_up_cookie_is_none(self, app: Starlette, cookie: str) -> None:
        assert get(app, "/", headers={"Cookie": f"cartwake={cookie}"}).status == 303

    @pytest.mark.parametrize("body", [b"", b"token=", b"token=x", b"other=1", b"\xff\xfe", b"x" * 5000])
    def test_a_wrong_token_is_told_so(self, app: Starlette, body: bytes) -> None:
        answer = post(app, "/login", body)
        assert answer.status in {400, 401}
        assert b"That is not the token" in answer.body
        assert "set-cookie" not in answer.headers


class TestBearer:
    def test_the_token_alone_opens_all(self, app: Starlette) -> None:
        assert get(app, "/", headers=BEARER).body == b"inside"

    def test_a_wrong_one_is_a_401(self, app: Starlette) -> None:
        answer = get(app, "/", headers={"Authorization": "Bearer no"})
        assert (answer.status, answer.headers["www-authenticate"]) == (401, "Bearer")

    def test_a_part_with_a_door_of_its_own_asks_itself(self, app: Starlette) -> None:
        assert get(app, "/api/ping").body == b"inside"


class TestTooManyWrongTokens:
    def test_even_the_right_one_has_to_wait_then(self, app: Starlette, clock: Clock) -> None:
        session = log_in(app)
        for _ in range(WRONG_PER_WINDOW):
            assert post(app, "/login", b"token=x").status == 401
        answer = post(app, "/login", f"token={TOKEN}".encode())
        assert (answer.status, answer.headers["retry-after"]) == (429, "60")
        assert get(app, "/", headers=BEARER).status == 429
        assert get(app, "/", headers=session).status == 200  # who is in stays in
        log_in(app, client="192.0.2.2")
        clock.now += WINDOW_S
        log_in(app)

    def test_bearers_count_too(self, app: Starlette) -> None:
        for _ in range(WRONG_PER_WINDOW):
            assert get(app, "/", headers={"Authorization": "Bearer x"}).status in {401, 429}
        assert post(app, "/login", f"token={TOKEN}".encode()).status == 429


class TestForeigners:
    @pytest.mark.parametrize(
        "host", ["localhost:8091", "127.0.0.1:8091", "[::1]:8091", "192.0.2.7", "LOCALHOST"]
    )
    def test_hosts_of_ours(self, app: Starlette, host: str) -> None:
        assert get(app, "/login", headers={"Host": host}).status == 200

    @pytest.mark.parametrize("host", ["evil.example.org", "", "localhost.evil.example.org", "[bad", "a:b:c"])
    def test_a_name_that_points_here_is_refused(self, app: Starlette, host: str) -> None:
        answer = get(app, "/", headers={"Host": host} | BEARER)
        assert answer.status == 421
        assert b"ADMIN_URL" in answer.body

    def test_the_name_in_admin_url_is_ours(self, clock: Clock) -> None:
        app = app_of(clock, "https://cartwake.example.com:8443")
        assert get(app, "/login", headers={"Host": "cartwake.example.com:8443"}).status == 200

    @pytest.mark.parametrize(
        "headers",
        [
            {"Origin": "https://evil.example.org"},
            {"Origin": "null"},
            {"Origin": "http://localhost:1"},
            {"Origin": "https://localhost:8091"},
        ],
    )
    def test_forms_of_other_sites_are_refused(self, app: Starlette, headers: dict[str, str]) -> None:
        assert post(app, "/login", f"token={TOKEN}".encode(), headers=headers).status == 403

    def test_a_proxy_that_puts_its_own_host_in_is_no_foreigner(self, clock: Clock) -> None:
        app = app_of(clock, "https://cartwake.example.com")
        headers = {"Host": "127.0.0.1:8091", "Origin": "https://cartwake.example.com"}
        assert post(app, "/login", f"token={TOKEN}".encode(), headers=headers).status == 303


def test_every_answer_forbids_what_pages_have_no_use_for(app: Starlette) -> None:
    for answer in (
        get(app, "/login"),
        get(app, "/nothing"),
        get(app, "/", headers={"Host": "x.example.org"}),
    ):
        policy = answer.headers["content-security-policy"]
        assert policy.startswith("default-src 'none'; script-src 'self'; style-src 'self'; ")
        assert "unsafe" not in policy
        assert answer.headers["x-frame-options"] == "DENY"
        assert answer.headers["cache-control"] == "no-store"


def test_what_pages_are_made_of_is_served_by_ourselves(app: Starlette) -> None:
    assert get(app, "/static/style.css").headers["content-type"] == "text/css; charset=utf-8"
    assert get(app, "/static/htmx-2.0.11.min.js").body.startswith(b"var htmx=")
    assert b"uPlot (v1.6.32)" in get(app, "/static/uplot-1.6.32.min.js").body[:80]
    assert get(app, "/static/uplot-1.6.32.min.css").body.startswith(b".uplot")
    for name in ("..%2fapp.py", "htmx-LICENSE.txt", "x"):
        assert get(app, f"/static/{name}").status == 404


def test_all_of_it_is_in_the_package_with_its_licences() -> None:
    folder = files("binlog_watcher.admin").joinpath("static")
    there = {one.name for one in folder.iterdir()}
    assert there == {*STATIC, "htmx-LICENSE.txt", "uplot-LICENSE.txt"}


def test_secrets_are_compared_whole() -> None:
    assert same("ä\ud800", "ä\ud800")
    assert not same("a", "ab")
    assert TOKEN not in repr(Door(TOKEN))
