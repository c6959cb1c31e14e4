"""The pages' server itself, with visits in memory: slow, rude and odd clients hold nobody up."""

import contextlib
import socket
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import pytest
from fakes.pages import LINKS, FakeVisits, path_of, settings
from fakes.visitor import one_click, visit
from fakes.waiting import wait_until

from mailer.web import PageServer, pages_app
from mailer.web import server as page_server

UNSUBSCRIBE = path_of(LINKS.unsubscribe(7).https)
BACK = path_of(LINKS.back_to_cart(7))


@contextlib.contextmanager
def served(visits: FakeVisits) -> Iterator[int]:
    server = PageServer(pages_app(settings(), visits, now=lambda: 1_790_000_000), "127.0.0.1", 0)
    try:
        yield server.port
    finally:
        server.close()


@contextlib.contextmanager
def raw(port: int, *sent: bytes) -> Iterator[socket.socket]:
    with socket.create_connection(("127.0.0.1", port), timeout=30) as client:
        for part in sent:
            client.sendall(part)
        yield client


def answered(client: socket.socket) -> bytes:
    """All that comes until the server ends the connection."""
    said = b""
    with contextlib.suppress(ConnectionError):
        while part := client.recv(65536):
            said += part
    return said


def test_it_answers_and_says_nothing_of_itself() -> None:
    visits = FakeVisits()
    with served(visits) as port:
        answer = visit(port, UNSUBSCRIBE)
        assert answer.status == 200
        assert "server" not in answer.headers
        head = visit(port, UNSUBSCRIBE, "HEAD")
        assert (head.status, head.body, head.headers["content-length"]) == (
            200, b"", answer.headers["content-length"],
        )  # fmt: skip
        assert one_click(port, UNSUBSCRIBE).status == 200
        assert visits.stopped == [7]
        back = visit(port, BACK)
        assert (back.status, back.headers["location"]) == (303, "https://shop.example.com/cart")


def test_a_thousand_links_that_are_none_leave_a_valid_one_its_answer() -> None:
    with served(FakeVisits()) as port:
        with ThreadPoolExecutor(8) as crowd:
            statuses = list(crowd.map(lambda number: visit(port, f"/u/made-up-{number}").status, range(1000)))
        assert set(statuses) == {404, 429}
        assert visit(port, UNSUBSCRIBE).status == 200


@pytest.mark.parametrize(
    ("request_line", "status"),
    [
        (b"OPTIONS * HTTP/1.1", b"40"), (b"OPTIONS /u/x HTTP/1.1", b"405"), (b"TRACE / HTTP/1.1", b"40"),
        (b"CONNECT c.example.com:443 HTTP/1.1", b"40"), (b"BREW /u/x HTTP/1.1", b"405"),
        (b"GET /u/%ff%fe%00 HTTP/1.1", b"404"), (b"GET /u/\xff\xfe HTTP/1.1", b"40"),
        (b"GET /r/../../../../etc/passwd HTTP/1.1", b"404"), (b"GET /r/%2e%2e%2fetc%2fpasswd HTTP/1.1", b"404"),
        (b"GET http://evil.example/u/x HTTP/1.1", b"404"), (b"GET /" + b"x" * 60_000 + b" HTTP/1.1", b"4"),
        (b"nonsense", b"400"), (b"\x16\x03\x01\x02\x00\x01\x00\x01", b"400"),
    ],
)  # fmt: skip
def test_odd_requests_get_an_answer_and_the_next_visitor_his(request_line: bytes, status: bytes) -> None:
    with served(FakeVisits()) as port:
        with raw(port, request_line + b"\r\nHost: c.example.com\r\nConnection: close\r\n\r\n") as client:
            said = answered(client)
        assert said.startswith(b"HTTP/1.1 " + status) or not said
        assert visit(port, UNSUBSCRIBE).status == 200


def test_a_body_that_is_too_large_is_not_read() -> None:
    head = f"POST {UNSUBSCRIBE} HTTP/1.1\r\nHost: c\r\nContent-Type: application/x-www-form-urlencoded\r\n".encode()
    visits = FakeVisits()
    with served(visits) as port:
        with raw(port, head, b"Content-Length: 99999999999\r\n\r\n") as client:
            said = answered(client)
        assert said.startswith(b"HTTP/1.1 413")
        with raw(
            port,
            head,
            b"Transfer-Encoding: chunked\r\n\r\n",
            b"1000\r\n" + b"x" * 4096 + b"\r\n",
            b"8\r\nxxxx",
        ) as client:
            assert answered(client).startswith(b"HTTP/1.1 413")
    assert visits.stopped == []


def test_who_never_ends_his_headers_is_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(page_server, "REQUEST_S", 0.2)
    with served(FakeVisits()) as port:
        with raw(port, b"GET / HTTP/1.1\r\nX-Slow: ") as client:
            assert answered(client) == b""
        with raw(port) as client:
            assert answered(client) == b""
        with raw(
            port, b"GET /style.css HTTP/1.1\r\nHost: c\r\n\r\n"
        ) as client:  # kept alive, and begun again
            assert client.recv(65536).startswith(b"HTTP/1.1 200")
            client.sendall(b"GET /style.css HTTP/1.1\r\nX-Slow: ")
            answered(client)


def test_slow_clients_without_number_leave_room_for_others() -> None:
    with served(FakeVisits()) as port, contextlib.ExitStack() as crowd:
        for _ in range(100):
            crowd.enter_context(raw(port, b"POST " + UNSUBSCRIBE.encode() + b" HTTP/1.1\r\n"))
        assert visit(port, UNSUBSCRIBE).status == 200


def test_a_stop_lets_what_is_asked_be_answered() -> None:
    visits = FakeVisits()
    before = set(threading.enumerate())
    with served(visits) as port:
        visit(port, UNSUBSCRIBE)
        visits.stuck = threading.Event()
        with ThreadPoolExecutor(1) as other:
            posted = other.submit(one_click, port, UNSUBSCRIBE)
            stopping = threading.Timer(0.05, visits.stuck.set)
            stopping.start()
            assert posted.result().status == 200
    wait_until(
        lambda: not any(thread.name.startswith("pages") for thread in set(threading.enumerate()) - before)
    )
    with pytest.raises(ConnectionRefusedError):
        visit(port, UNSUBSCRIBE)


def test_a_port_that_is_taken_is_an_error_at_once() -> None:
    with served(FakeVisits()) as port, pytest.raises(OSError, match="in use"):
        PageServer(pages_app(settings(), FakeVisits(), now=lambda: 0), "127.0.0.1", port)
