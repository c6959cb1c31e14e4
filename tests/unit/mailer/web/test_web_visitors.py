from ipaddress import ip_network

import pytest
from starlette.requests import Request

from mailer.web.limits import INVALID_PER_WINDOW, MOST_ADDRESSES, WINDOW_S, InvalidLinks
from mailer.web.visitors import address

TRUSTED = (ip_network("127.0.0.0/8"), ip_network("10.0.0.0/8"), ip_network("fd00::/8"))


def request(client: str | None, *forwarded: str) -> Request:
    headers = [(b"x-forwarded-for", line.encode("latin-1")) for line in forwarded]
    return Request(
        {"type": "http", "method": "GET", "path": "/", "client": client and (client, 1), "headers": headers}
    )


@pytest.mark.parametrize(
    ("client", "forwarded", "who"),
    [
        ("192.0.2.1", (), "192.0.2.1"),
        ("192.0.2.1", ("198.51.100.1",), "192.0.2.1"),  # not from a proxy of ours
        ("127.0.0.1", ("198.51.100.1",), "198.51.100.1"),
        ("127.0.0.1", ("203.0.113.9, 198.51.100.1",), "198.51.100.1"),  # the client made the first one up
        ("127.0.0.1", ("203.0.113.9", "198.51.100.1, 10.1.2.3"), "198.51.100.1"),
        ("127.0.0.1", ("10.1.2.3",), "10.1.2.3"),
        ("127.0.0.1", ("198.51.100.1, nonsense",), "127.0.0.1"),
        ("127.0.0.1", (" , ,",), "127.0.0.1"),
        ("127.0.0.1", (), "127.0.0.1"),
        ("::ffff:127.0.0.1", ("198.51.100.1",), "198.51.100.1"),
        ("2001:db8:1:2:3::4", (), "2001:db8:1:2::/64"),
        ("fd00::1", ("2001:db8:1:2:ffff::",), "2001:db8:1:2::/64"),
        ("fe80::1%eth0", (), "fe80::/64"),
        (None, ("198.51.100.1",), ""),
        ("unix:", (), "unix:"),
    ],
)
def test_who_is_held_to_a_limit(client: str | None, forwarded: tuple[str, ...], who: str) -> None:
    assert address(request(client, *forwarded), TRUSTED) == who


def test_a_window_later_all_is_forgiven() -> None:
    links = InvalidLinks()
    assert [links.note("a", 0.0) for _ in range(INVALID_PER_WINDOW + 1)][-2:] == [False, True]
    assert links.note("a", WINDOW_S - 0.1)
    assert not links.note("a", WINDOW_S)


def test_no_more_addresses_are_remembered_than_fit() -> None:
    links = InvalidLinks()
    for number in range(MOST_ADDRESSES + 50):
        links.note(str(number), 0.0)
    assert len(links._seen) == MOST_ADDRESSES
    assert "0" not in links._seen
