"""A DNS server on 127.0.0.1: TXT records by name, any other name is unknown, and about some it is silent."""

import contextlib
import socket
import threading
from collections.abc import Iterator, Mapping, Sequence

import dns.flags
import dns.message
import dns.name
import dns.rcode
import dns.rrset

SILENCE: Sequence[str] = ("(silence)",)
"""In the place of records: nothing is answered."""


@contextlib.contextmanager
def dns_server(records: Mapping[str, Sequence[str]]) -> Iterator[tuple[str, int]]:
    """Address and port, while it runs. ``records``: by name, without the last dot; they may be changed meanwhile."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
        sock.bind(("127.0.0.1", 0))
        thread = threading.Thread(target=_serve, args=(sock, records))
        thread.start()
        try:
            yield sock.getsockname()
        finally:
            with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as last:
                last.sendto(b"", sock.getsockname())
            thread.join()


def _serve(sock: socket.socket, records: Mapping[str, Sequence[str]]) -> None:
    while True:
        data, sender = sock.recvfrom(4096)
        if not data:
            return
        answer = _answer(dns.message.from_wire(data), records)
        if answer is not None:
            sock.sendto(answer.to_wire(), sender)


def _answer(query: dns.message.Message, records: Mapping[str, Sequence[str]]) -> dns.message.Message | None:
    name = query.question[0].name
    found = records.get(name.to_text(omit_final_dot=True).lower())
    if found is SILENCE:
        return None
    response = dns.message.make_response(query)
    response.flags |= dns.flags.RA
    if found is None:
        response.set_rcode(dns.rcode.NXDOMAIN)
    else:
        # No string of a record is longer than 255 bytes: a longer one comes in pieces.
        pieces = [" ".join(f'"{text[at : at + 200]}"' for at in range(0, len(text), 200)) for text in found]
        response.answer.append(dns.rrset.from_text(name, 60, "IN", "TXT", *pieces))
    return response
