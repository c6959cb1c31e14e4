"""The form that asks for ADMIN_TOKEN, and the way out."""

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from binlog_watcher.admin.access import LOGIN, SESSION_S, WINDOW_S, Access
from binlog_watcher.admin.pages import page
from mailer.web.forms import TooLargeError, TooSlowError, fields_of, read_body

MOST_BYTES = 4096


class Login:
    """One handler an address."""

    def __init__(self, access: Access) -> None:
        self._access = access

    async def page(self, request: Request) -> Response:
        """The form; who is in already is led on."""
        if self._access.has_session(request):
            return RedirectResponse("/", 303)
        return page("login.html", wrong=False, refused=False)

    async def posted(self, request: Request) -> Response:
        """A token: right, a session begins; wrong, the form again."""
        if self._access.is_refused(request):
            refused = page("login.html", wrong=False, refused=True, status=429)
            refused.headers["Retry-After"] = str(int(WINDOW_S))
            return refused
        try:
            body = await read_body(request, MOST_BYTES)
        except (TooLargeError, TooSlowError):
            return page("login.html", wrong=True, refused=False, status=400)
        given = dict(fields_of(request.headers.get("content-type", ""), body)).get("token", "").strip()
        if not self._access.fits(request, given):
            return page("login.html", wrong=True, refused=False, status=401)
        answer = RedirectResponse("/", 303)
        door = self._access.door
        answer.set_cookie(
            door.cookie, self._access.begin(), max_age=SESSION_S, path="/", secure=door.is_secure, httponly=True,
            samesite="strict",
        )  # fmt: skip
        return answer

    async def left(self, request: Request) -> Response:
        """The session is over."""
        self._access.end(request)
        answer = RedirectResponse(LOGIN, 303)
        door = self._access.door
        answer.delete_cookie(door.cookie, path="/", secure=door.is_secure, httponly=True, samesite="strict")
        return answer
