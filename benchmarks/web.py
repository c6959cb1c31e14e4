"""How many visitors the pages behind a mail's links serve: `cartwake web` on one core, with a real MySQL beside it.

A client in a process of its own keeps connections open and asks anew as soon as it was answered: half of the requests
look at the page to unsubscribe, four of ten follow the link back to the cart, one of ten unsubscribes.
"""

import argparse
import asyncio
import itertools
import multiprocessing
import os
import random
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import urlsplit

import structlog
from figures import figure, machine, progress

from binlog_watcher.demo import sample_shop
from binlog_watcher.demo.process import free_port
from binlog_watcher.demo.server import Server, private_server
from binlog_watcher.settings.connection import ConnectionSettings
from binlog_watcher.shop.presets import SAMPLE
from binlog_watcher.store.database import Database
from binlog_watcher.store.own_tables import tables
from binlog_watcher.store.shop_tables.shop import Shop
from mailer import Links

NAME = "visited"
SECRET = "a secret of the benchmark"  # noqa: S105 - made up
MAILS = 100_000
CONNECTIONS = 16
MIX = ("look",) * 5 + ("click",) * 4 + ("leave",)
EXPECTED = {"look": 200, "click": 303, "leave": 200}
BODY = "List-Unsubscribe=One-Click"
AGENT = "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--seconds", type=float, default=8)
    options = parser.parse_args()
    structlog.configure(logger_factory=structlog.PrintLoggerFactory(sys.stderr))  # stdout is for the figures
    progress(machine())
    rates, tails, costs = [], [], []
    with private_server("mysql") as server:
        _prepare(server)
        with _pages(server) as (port, pid), multiprocessing.get_context("spawn").Pool(1) as client:
            client.apply(crowd, (port, 1, 2.0))
            for nth in range(options.rounds):
                before = _cpu_s(pid)
                spans, statuses = client.apply(crowd, (port, nth, options.seconds))
                costs.append((_cpu_s(pid) - before) * 1000 / len(spans))
                progress(f"round {nth}: {len(spans)} requests, {dict(statuses)}")
                rates.append(len(spans) / options.seconds)
                tails.append(sorted(spans)[len(spans) * 99 // 100] * 1000)
    figure("web.requests_per_s", rates, "requests/s")
    figure("web.p99_ms", tails, "ms")
    figure("web.cpu_ms_per_request", costs, "ms")
    progress(machine())


def _prepare(server: Server) -> None:
    """A log with many mails, each to an address of its own."""
    with server.connect() as connection:
        sample_shop.create(connection, NAME, users=())
    database = Database(ConnectionSettings(server.host, server.port, server.user, server.password, NAME))
    tables.migrate(database, Shop(database, SAMPLE))
    with database.session() as session:
        session.run("SET SESSION cte_max_recursion_depth = 10000000")
        session.run(
            "INSERT INTO cart_abandonment_log (cart_key, cart_version, status, email_sent, sent_at, address_hash) "
            "WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < %s) "
            "SELECT i, i, 'sent', 1, UTC_TIMESTAMP(6), UNHEX(SHA2(i, 256)) FROM n",
            (MAILS,),
        )
    database.close()


@contextmanager
def _pages(server: Server) -> Iterator[tuple[int, int]]:
    """`cartwake web` on a core of its own, as far as there are two; its port and its process."""
    port = free_port()
    environment = {
        "MYSQL_HOST": server.host, "MYSQL_PORT": str(server.port), "MYSQL_USER": server.user,
        "MYSQL_PASSWORD": server.password, "MYSQL_DATABASE": NAME, "LINK_SECRET": SECRET, "LOG_LEVEL": "WARNING",
        "STORE_NAME": "Shop", "STORE_URL": "https://shop.example.com", "STORE_ADDRESS": "1 Market Street",
        "SUPPORT_EMAIL": "help@example.com", "SENDER_EMAIL": "shop@example.com", "WEB_PORT": str(port),
        "CART_URL": "https://shop.example.com/cart", "PUBLIC_URL": "https://c.example.com", "RETURN_SECRET": "x" * 32,
        "PATH": os.environ["PATH"],
    }  # fmt: skip
    core = {max(os.sched_getaffinity(0))}
    process = subprocess.Popen(
        [sys.executable, "-m", "binlog_watcher", "web"], env=environment, cwd="/",
        preexec_fn=lambda: os.sched_setaffinity(0, core),  # noqa: PLW1509 - no thread runs yet
    )  # fmt: skip
    try:
        _wait_for(port)
        yield port, process.pid
    finally:
        process.terminate()
        process.wait(20)


def _cpu_s(pid: int) -> float:
    """Processor time of a process so far, in seconds (proc(5), stat)."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def _wait_for(port: int) -> None:
    async def try_it() -> None:
        while True:
            try:
                _, writer = await asyncio.open_connection("127.0.0.1", port)
            except OSError:
                await asyncio.sleep(0.05)
            else:
                writer.close()
                return

    asyncio.run(asyncio.wait_for(try_it(), 30))


# --- the client, in its own process ---------------------------------------------------------------------------------


def crowd(port: int, seed: int, seconds: float) -> tuple[Sequence[float], Counter[int]]:
    """Seconds that each answer took, and how many had which status."""
    return asyncio.run(_crowd(port, random.Random(seed), seconds))


async def _crowd(port: int, chance: random.Random, seconds: float) -> tuple[Sequence[float], Counter[int]]:
    links = Links(SECRET, support_email="help@example.com", public_url="https://c.example.com")
    requests = itertools.cycle([_request(links, chance) for _ in range(20_000)])
    spans: list[float] = []
    statuses: Counter[int] = Counter()
    end = time.perf_counter() + seconds

    async def visitor() -> None:
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        while time.perf_counter() < end:
            request, expected = next(requests)
            began = time.perf_counter()
            writer.write(request)
            head = await reader.readuntil(b"\r\n\r\n")
            length = int(head.lower().partition(b"content-length: ")[2].partition(b"\r\n")[0])
            await reader.readexactly(length)
            spans.append(time.perf_counter() - began)
            statuses[int(head[9:12])] += 1
            assert int(head[9:12]) == expected, head
        writer.close()

    await asyncio.gather(*(visitor() for _ in range(CONNECTIONS)))
    return spans, statuses


def _request(links: Links, chance: random.Random) -> tuple[bytes, int]:
    """What a visitor sends, and the status that he should get."""
    kind, log_id = chance.choice(MIX), chance.randint(1, MAILS)
    link = links.back_to_cart(log_id) if kind == "click" else links.unsubscribe(log_id).https
    head = f"{'POST' if kind == 'leave' else 'GET'} {urlsplit(str(link)).path} HTTP/1.1\r\nHost: c.example.com\r\n"
    head += f"User-Agent: {AGENT}\r\n"
    body = BODY if kind == "leave" else ""
    if body:
        head += f"Content-Type: application/x-www-form-urlencoded\r\nContent-Length: {len(body)}\r\n"
    return f"{head}\r\n{body}".encode(), EXPECTED[kind]


if __name__ == "__main__":
    main()
