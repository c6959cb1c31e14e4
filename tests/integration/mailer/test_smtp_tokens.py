"""Servers that take access tokens and no passwords, as Microsoft 365 and Gmail do."""

import base64
import json
import sys
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from aiosmtpd.smtp import SMTP, AuthResult
from fakes.smtp_inbox import BODY, FROM, TO, Inbox, Serve, settings
from fakes.token_endpoint import TokenEndpoint, token_endpoint

from mailer import (
    AccessTokens,
    OAuthClient,
    RetryLaterError,
    SenderStoppedError,
    SmtpSender,
    SmtpSettings,
    by_command,
    by_endpoint,
)

USER = "shop@example.com"


@dataclass
class TokenInbox(Inbox):
    """``accepts``: the tokens that are good; ``given``: those that came; ``refusal``: what is said of others."""

    accepts: set[str] = field(default_factory=set)
    given: list[str] = field(default_factory=list)
    refusal: str = "535 5.7.3 Authentication unsuccessful"

    async def auth_XOAUTH2(self, server: SMTP, args: list[str]) -> AuthResult:  # noqa: N802 - aiosmtpd's name
        user, token = base64.b64decode(args[1]).decode().removesuffix("\x01\x01").split("\x01auth=Bearer ")
        assert user == f"user={USER}"
        self.given.append(token)
        if token in self.accepts:
            return AuthResult(success=True, handled=False, message="235 2.7.0 Accepted", auth_data=user)
        await server.challenge_auth(json.dumps({"status": "401", "schemes": "bearer"}))
        return AuthResult(success=False, handled=False, message=self.refusal)


@pytest.fixture
def endpoint() -> Iterator[TokenEndpoint]:
    with token_endpoint() as endpoint:
        yield endpoint


async def serving(serve: Serve, inbox: TokenInbox, tokens: AccessTokens) -> SmtpSettings:
    port = await serve(inbox, auth_require_tls=False, auth_exclude_mechanism=["PLAIN", "LOGIN"])
    return settings(port, user=USER, tokens=tokens, max_messages=1)


def answer(token: str, lives_s: object = 3600) -> tuple[int, str]:
    return 200, json.dumps({"token_type": "Bearer", "access_token": token, "expires_in": lives_s})


async def test_an_endpoint_is_asked_once_for_many_connections(serve: Serve, endpoint: TokenEndpoint) -> None:
    inbox = TokenInbox(accepts={"t1"})
    endpoint.answers = [answer("t1")]
    client = OAuthClient(endpoint.url, "an id", "a secret", "https://outlook.office365.com/.default")
    async with SmtpSender(await serving(serve, inbox, by_endpoint(client))) as sender:
        await sender.verify(FROM)
        for _ in range(3):
            await sender.send(FROM, TO, BODY)
    assert len(inbox.mails) == 3
    assert endpoint.asked == [
        {
            "grant_type": "client_credentials", "client_id": "an id", "client_secret": "a secret",
            "scope": "https://outlook.office365.com/.default",
        }
    ]  # fmt: skip


async def test_a_refresh_token_asks_in_its_own_way(serve: Serve, endpoint: TokenEndpoint) -> None:
    inbox = TokenInbox(accepts={"t1"})
    endpoint.answers = [answer("t1")]
    client = OAuthClient(endpoint.url, "an id", "a secret", refresh_token="again")
    async with SmtpSender(await serving(serve, inbox, by_endpoint(client))) as sender:
        await sender.send(FROM, TO, BODY)
    (form,) = endpoint.asked
    assert (form["grant_type"], form["refresh_token"]) == ("refresh_token", "again")


async def test_a_token_is_replaced_before_its_end(serve: Serve, endpoint: TokenEndpoint) -> None:
    inbox = TokenInbox(accepts={"t1", "t2"})
    endpoint.answers = [answer("t1", 0), answer("t2", "3600")]
    tokens = by_endpoint(OAuthClient(endpoint.url, "an id", "a secret"))
    await tokens.get()
    tokens._until = 0.0  # its second is over
    async with SmtpSender(await serving(serve, inbox, tokens)) as sender:
        await sender.send(FROM, TO, BODY)
    assert inbox.given == ["t2"]


async def test_a_token_that_was_taken_back_is_replaced_at_once(serve: Serve, endpoint: TokenEndpoint) -> None:
    inbox = TokenInbox(accepts={"t2"})
    endpoint.answers = [answer("t1"), answer("t2")]
    tokens = by_endpoint(OAuthClient(endpoint.url, "an id", "a secret"))
    async with SmtpSender(await serving(serve, inbox, tokens)) as sender:
        await sender.send(FROM, TO, BODY)
    assert inbox.given == ["t1", "t2"]


async def test_a_second_refusal_stops_the_sender(serve: Serve, endpoint: TokenEndpoint) -> None:
    inbox = TokenInbox()
    endpoint.answers = [answer("t1")]
    tokens = by_endpoint(OAuthClient(endpoint.url, "an id", "a secret"))
    async with SmtpSender(await serving(serve, inbox, tokens)) as sender:
        for _ in range(2):
            with pytest.raises(
                SenderStoppedError, match=r"refused the access token \(535\): check that SMTP_USER"
            ):
                await sender.send(FROM, TO, BODY)
    assert inbox.given == ["t1", "t1"]


async def test_a_refusal_for_now_passes(serve: Serve, endpoint: TokenEndpoint) -> None:
    inbox = TokenInbox(refusal="454 4.7.0 Temporary authentication failure")
    endpoint.answers = [answer("t1")]
    tokens = by_endpoint(OAuthClient(endpoint.url, "an id", "a secret"))
    async with SmtpSender(await serving(serve, inbox, tokens)) as sender:
        with pytest.raises(RetryLaterError, match="454"):
            await sender.send(FROM, TO, BODY)
        inbox.accepts = {"t1"}
        await sender.send(FROM, TO, BODY)


async def test_a_server_without_tokens_says_what_it_has(serve: Serve) -> None:
    port = await serve(Inbox(), auth_require_tls=False)
    tokens = by_command(["/bin/echo", "t1"])
    async with SmtpSender(settings(port, user=USER, tokens=tokens)) as sender:
        with pytest.raises(SenderStoppedError, match=r"it offers (login, plain|plain, login), not xoauth2"):
            await sender.verify()


async def test_a_server_that_wants_tokens_names_the_settings_for_them(serve: Serve) -> None:
    port = await serve(TokenInbox(), auth_require_tls=False, auth_exclude_mechanism=["PLAIN", "LOGIN"])
    async with SmtpSender(settings(port, user=USER, password="wrong")) as sender:
        with pytest.raises(
            SenderStoppedError, match=r"but xoauth2: .* or set SMTP_TOKEN_COMMAND or SMTP_OAUTH"
        ):
            await sender.verify()


async def test_a_command_prints_the_token(serve: Serve, tmp_path: Path) -> None:
    runs = tmp_path / "runs"
    script = f"open({str(runs)!r}, 'a').write('x'); print('t1'); print('more')"
    inbox = TokenInbox(accepts={"t1"})
    tokens = by_command([sys.executable, "-c", script])
    async with SmtpSender(await serving(serve, inbox, tokens)) as sender:
        for _ in range(2):
            await sender.send(FROM, TO, BODY)
    assert runs.read_text() == "x"


@pytest.mark.parametrize(
    ("script", "complaint"),
    [
        ("import sys; print('secret'); sys.exit('secret')", r"failed \(exit 1\)"),
        ("pass", "printed no token"),
        ("print('caf\\u00e9')", "printed no token"),
        ("print('a\\x01b')", "printed no token"),
        ("print('x' * 20000)", "printed no token"),
    ],
)
async def test_a_command_that_gives_no_token_is_tried_again(script: str, complaint: str) -> None:
    with pytest.raises(RetryLaterError, match=complaint) as caught:
        await by_command([sys.executable, "-c", script]).get()
    assert "secret" not in str(caught.value)


async def test_a_command_that_hangs_is_ended(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("mailer.access_tokens.TIMEOUT_S", 0.2)
    with pytest.raises(RetryLaterError, match=r"took longer than 0\.2 s"):
        await by_command([sys.executable, "-c", "import time; time.sleep(60)"]).get()


async def test_a_command_that_is_not_there_stops_the_sender() -> None:
    with pytest.raises(SenderStoppedError, match=r"can't be run \(No such file.*give the whole path"):
        await by_command(["/nowhere/token"]).get()


@pytest.mark.parametrize(
    ("status", "body", "kind", "complaint"),
    [
        (
            400,
            '{"error": "invalid_grant", "error_description": "secret"}',
            SenderStoppedError,
            r"400 \(invalid_grant\)",
        ),
        (401, '{"error": "a secret!"}', SenderStoppedError, "answers 401: check SMTP_OAUTH_TOKEN_URL"),
        (404, "not JSON, a secret", SenderStoppedError, "answers 404: check"),
        (302, "http://127.0.0.1:1/secret", SenderStoppedError, "answers 302: check"),
        (429, "{}", RetryLaterError, "answers 429: it is asked again"),
        (503, "", RetryLaterError, "answers 503"),
        (200, "not JSON, a secret", RetryLaterError, "no access_token"),
        (200, "[" * 50_000, RetryLaterError, "no access_token"),
        (200, '{"access_token": null}', RetryLaterError, "gave no token"),
        (200, '{"access_token": "t", "expires_in": "soon"}', RetryLaterError, "no access_token"),
        (200, '{"access_token": "a\\r\\nRSET"}', RetryLaterError, "gave no token"),
    ],
)
async def test_what_an_endpoint_may_answer(
    endpoint: TokenEndpoint, status: int, body: str, kind: type[Exception], complaint: str
) -> None:
    endpoint.answers = [(status, body)]
    with pytest.raises(kind, match=complaint) as caught:
        await by_endpoint(OAuthClient(endpoint.url, "an id", "a secret")).get()
    assert "secret" not in str(caught.value).replace("SMTP_OAUTH_CLIENT_SECRET", "")
    assert len(endpoint.asked) == 1


async def test_an_endpoint_that_is_not_there_is_asked_again() -> None:
    with pytest.raises(RetryLaterError, match=r"can't be reached \(.*refused"):
        await by_endpoint(OAuthClient("http://127.0.0.1:1/token", "an id", "a secret")).get()


@pytest.mark.parametrize("url", ["http://example.com/token", "ftp://127.0.0.1/", "file:///etc/passwd"])
def test_secrets_go_by_https_only(url: str) -> None:
    with pytest.raises(ValueError, match="https://"):
        OAuthClient(url, "an id", "a secret")


def test_password_and_tokens_exclude_each_other() -> None:
    with pytest.raises(ValueError, match="belong together"):
        settings(25, user=USER, password="a", tokens=by_command(["x"]))
    with pytest.raises(ValueError, match="belong together"):
        settings(25, tokens=by_command(["x"]))
