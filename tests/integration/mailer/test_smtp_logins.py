"""Encryption, logins, and settings that can not be."""

import asyncio
import os
import socket
import ssl
import threading
from typing import Any

import pytest
from aiosmtpd.smtp import SMTP, AuthResult, Envelope, LoginPassword, Session
from fakes.certificate import write_certificate
from fakes.smtp_inbox import BODY, FROM, PASSWORD, TO, Inbox, Serve, settings

from mailer import SenderStoppedError, SmtpSender, SmtpSettings

Certificate = tuple[ssl.SSLContext, ssl.SSLContext]


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> Certificate:
    """A server context with a self-made certificate for 127.0.0.1, and a client context that trusts it."""
    path = tmp_path_factory.mktemp("tls") / "server.pem"
    write_certificate(path)
    server = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    server.load_cert_chain(path)
    return server, ssl.create_default_context(cafile=str(path))


def log_in(_server: SMTP, _session: Session, _envelope: Envelope, _mechanism: str, data: Any) -> AuthResult:
    """aiosmtpd's authenticator: one account."""
    right = isinstance(data, LoginPassword) and data.login == b"shop" and data.password == PASSWORD.encode()
    return AuthResult(success=right, handled=False, message=None if right else f"535 5.7.8 bad {PASSWORD}")


@pytest.mark.parametrize("tls", ["starttls", "tls"])
async def test_an_encrypted_login_and_delivery(serve: Serve, certificate: Certificate, tls: str) -> None:
    inbox, (server_side, client_side) = Inbox(), certificate
    if tls == "tls":  # aiosmtpd knows of TLS only what it started itself
        port = await serve(inbox, authenticator=log_in, auth_require_tls=False, tls_from_start=server_side)
    else:
        port = await serve(
            inbox, authenticator=log_in, auth_required=True, tls_context=server_side, require_starttls=True
        )
    account = settings(port, tls=tls, user="shop", password=PASSWORD, tls_context=client_side)
    async with SmtpSender(account) as sender:
        await sender.verify(FROM)
        await sender.send(FROM, TO, BODY)
    assert len(inbox.mails) == 1


async def test_a_server_that_never_ends_tls_keeps_no_socket_of_ours(certificate: Certificate) -> None:
    server_side, client_side = certificate
    hung_up = threading.Event()

    def serve(listener: socket.socket) -> None:
        with server_side.wrap_socket(listener.accept()[0], server_side=True) as client:
            client.sendall(b"220 mx.test\r\n")
            for reply in (b"250 mx.test\r\n", b"221 bye\r\n"):
                client.recv(1000)
                client.sendall(reply)
            # No close_notify: what is below TLS shows when our end is really gone.
            with socket.socket(fileno=os.dup(client.fileno())) as below:
                below.settimeout(10)
                try:
                    while below.recv(1000):
                        pass
                except TimeoutError:
                    return
                except OSError:  # a reset is an end, too
                    pass
            hung_up.set()

    with socket.create_server(("127.0.0.1", 0)) as listener:
        thread = threading.Thread(target=serve, args=(listener,))
        thread.start()
        sender = SmtpSender(settings(listener.getsockname()[1], tls="tls", tls_context=client_side))
        await sender.verify()
        await asyncio.to_thread(thread.join)
    assert hung_up.is_set()


@pytest.mark.parametrize("mechanism", ["PLAIN", "LOGIN"])
async def test_a_wrong_password_stops_the_sender_after_one_try(
    serve: Serve, certificate: Certificate, mechanism: str
) -> None:
    tries: list[str] = []

    def refuse(server: SMTP, session: Session, envelope: Envelope, mechanism: str, data: Any) -> AuthResult:
        tries.append(mechanism)
        return log_in(server, session, envelope, mechanism, data)

    inbox, (server_side, client_side) = Inbox(), certificate
    other = {"PLAIN": "LOGIN", "LOGIN": "PLAIN"}[mechanism]
    port = await serve(inbox, authenticator=refuse, tls_context=server_side, auth_exclude_mechanism=[other])
    account = settings(port, tls="starttls", user="shop", password=PASSWORD + "!", tls_context=client_side)
    async with SmtpSender(account) as sender:
        for attempt in (sender.verify(), sender.send(FROM, TO, BODY), sender.send(FROM, TO, BODY)):
            with pytest.raises(SenderStoppedError, match=r"535.*SMTP_USER and SMTP_PASSWORD") as caught:
                await attempt
            assert PASSWORD + "!" not in str(caught.value)
    assert tries == [mechanism]  # the second and the third did not ask
    assert inbox.mails == []


def answering(plain: str, login: str, tries: list[str]) -> Any:
    """aiosmtpd's authenticator: ``plain`` to PLAIN, ``login`` to LOGIN."""

    def answer(
        _server: SMTP, _session: Session, _envelope: Envelope, mechanism: str, _data: Any
    ) -> AuthResult:
        tries.append(mechanism)
        reply = plain if mechanism == "PLAIN" else login
        right = reply.startswith("235")
        return AuthResult(success=right, handled=False, message=None if right else reply)

    return answer


@pytest.mark.parametrize("code", [502, 503, 504])
async def test_a_method_that_is_offered_and_not_known_gives_way_to_the_next(serve: Serve, code: int) -> None:
    inbox, tries = Inbox(), list[str]()
    authenticator = answering(f"{code} 5.5.4 unrecognized", "235 2.7.0 welcome", tries)
    port = await serve(inbox, authenticator=authenticator, auth_require_tls=False)
    async with SmtpSender(settings(port, user="shop", password=PASSWORD)) as sender:
        await sender.send(FROM, TO, BODY)
    assert tries == ["PLAIN", "LOGIN"]
    assert len(inbox.mails) == 1


@pytest.mark.parametrize(
    ("plain", "login", "asked"),
    [
        ("535 5.7.8 wrong", "235 2.7.0 welcome", ["PLAIN"]),
        ("504 5.5.4 unrecognized", "535 5.7.8 wrong", ["PLAIN", "LOGIN"]),
        ("504 5.5.4 unrecognized", "504 5.5.4 unrecognized", ["PLAIN", "LOGIN"]),
    ],
)
async def test_a_login_that_no_method_brings_about_stops_the_sender(
    serve: Serve, plain: str, login: str, asked: list[str]
) -> None:
    tries = list[str]()
    authenticator = answering(plain, login, tries)
    port = await serve(Inbox(), authenticator=authenticator, auth_require_tls=False)
    async with SmtpSender(settings(port, user="shop", password=PASSWORD)) as sender:
        for _ in range(2):
            with pytest.raises(SenderStoppedError, match="refused the login"):
                await sender.send(FROM, TO, BODY)
    assert tries == asked


async def test_a_server_that_wants_a_login_stops_the_sender(serve: Serve) -> None:
    inbox = Inbox({"MAIL": ["530 5.7.0 Authentication required"]})
    async with SmtpSender(settings(await serve(inbox))) as sender:
        with pytest.raises(SenderStoppedError, match=r"wants a login.*530"):
            await sender.send(FROM, TO, BODY)


async def test_a_server_without_logins_stops_a_sender_that_has_one(serve: Serve) -> None:
    async with SmtpSender(settings(await serve(Inbox()), user="shop", password=PASSWORD)) as sender:
        with pytest.raises(SenderStoppedError, match="offers no login"):
            await sender.verify()


async def test_no_starttls_no_password(serve: Serve) -> None:
    inbox = Inbox()
    port = await serve(inbox, authenticator=log_in, auth_require_tls=False)
    async with SmtpSender(settings(port, tls="starttls", user="shop", password=PASSWORD)) as sender:
        with pytest.raises(SenderStoppedError, match="does not offer STARTTLS"):
            await sender.send(FROM, TO, BODY)
    assert inbox.mails == []


@pytest.mark.parametrize("tls", ["starttls", "tls"])
async def test_a_certificate_that_nobody_signed_stops_the_sender(
    serve: Serve, certificate: Certificate, tls: str
) -> None:
    server_side = certificate[0]
    how = {"tls_from_start": server_side} if tls == "tls" else {"tls_context": server_side}
    async with SmtpSender(settings(await serve(Inbox(), **how), tls=tls)) as sender:
        with pytest.raises(
            SenderStoppedError, match=r"certificate of the SMTP server 127\.0\.0\.1 is not trusted"
        ):
            await sender.send(FROM, TO, BODY)


async def test_tls_towards_a_plain_port_says_which_setting_to_change(serve: Serve) -> None:
    async with SmtpSender(settings(await serve(Inbox()), tls="tls")) as sender:
        with pytest.raises(SenderStoppedError, match="SMTP_TLS and SMTP_PORT"):
            await sender.send(FROM, TO, BODY)


@pytest.mark.parametrize(
    ("changes", "complaint"),
    [
        ({"host": "smtp.example.com", "tls": "none"}, "would send the password"),
        ({"host": "127.0.0.1.example.com", "tls": "none"}, "would send the password"),
        ({"host": " "}, "host is empty"),
        ({"tls": "ssl"}, "allowed are starttls, tls and none"),
        ({"port": 0}, "1 to 65535"),
        ({"user": "shop"}, "belong together"),
        ({"connections": 0}, "at least 1"),
        ({"timeout": 0}, "above 0"),
    ],
)
def test_impossible_settings_are_refused(changes: dict[str, Any], complaint: str) -> None:
    with pytest.raises(ValueError, match=complaint):
        settings(2525, **changes)


@pytest.mark.parametrize("host", ["127.0.0.1", "127.8.9.1", "::1", "[::1]", "localhost", "LOCALHOST."])
def test_plain_text_is_allowed_on_the_loopback_by_all_its_names(host: str) -> None:
    assert SmtpSettings(host, 25, tls="none").host == host


def test_ports_follow_from_tls_and_the_password_stays_out_of_the_repr() -> None:
    hosts = [SmtpSettings("smtp.example.com", tls=tls).effective_port for tls in ("starttls", "tls")]
    assert [*hosts, SmtpSettings("localhost", tls="none").effective_port] == [587, 465, 25]
    assert PASSWORD not in repr(SmtpSettings("smtp.example.com", user="shop", password=PASSWORD))
