"""The shop of the latency benchmark, a process of its own: ``cart`` or ``noise``, by a job as JSON on stdin.

``cart``: single rows at an even pace, each in a transaction; prints, as JSON, when each was acknowledged (user id →
nanoseconds of CLOCK_MONOTONIC). ``noise``: rows of another table, each a transaction too, until stdin
closes; prints how many rows a second they were.
"""

import json
import select
import sys
import time
from collections.abc import Iterator

import pymysql
from pymysql.constants import CLIENT

NOISE_TABLE = "CREATE TABLE noise (id BIGINT AUTO_INCREMENT PRIMARY KEY, number INT, words VARCHAR(200))"
_NOISE_BATCH_SIZE = 10
"""Noisy statements that are sent in one packet, so that Python can keep the pace; each is a transaction."""

_ADD_TO_CART = "INSERT INTO cart (user_id, product_id) VALUES (%s, 1)"
_MAKE_NOISE = ";".join(
    ["INSERT INTO noise (number, words) VALUES (1, REPEAT('noise ', 20))"] * _NOISE_BATCH_SIZE
)


def main() -> None:
    job = json.loads(sys.stdin.readline())
    with pymysql.connect(
        **job["account"],
        autocommit=True,
        ssl_disabled=True,
        read_timeout=30,
        client_flag=CLIENT.MULTI_STATEMENTS,
    ) as connection:
        if sys.argv[1] == "cart":
            print(json.dumps(_write_carts(connection, job["rate"], job["count"])))
        else:
            print(json.dumps(_write_noise(connection, job["rate"] / _NOISE_BATCH_SIZE)))


def _write_carts(connection: "pymysql.Connection", rate: float, count: int) -> dict[int, int]:
    acknowledged = {}
    for key in _paced(range(1, count + 1), rate):
        connection.query(_ADD_TO_CART % key)
        acknowledged[key] = time.monotonic_ns()
    return acknowledged


def _write_noise(connection: "pymysql.Connection", rate: float) -> float:
    """Rows that were written a second: a busy machine may not keep the pace."""
    started = time.monotonic()
    with connection.cursor() as cursor:
        for number in _paced(range(1, sys.maxsize), rate):
            cursor.execute(_MAKE_NOISE)
            while cursor.nextset():
                pass
            if select.select([sys.stdin], [], [], 0)[0]:
                return number * _NOISE_BATCH_SIZE / (time.monotonic() - started)
    raise AssertionError("the noise never ends by itself")


def _paced(numbers: range, rate: float) -> Iterator[int]:
    """``rate`` a second. One that comes late is not followed by a burst: the pace goes on from there."""
    due = time.monotonic()
    for number in numbers:
        due = max(due + 1 / rate, time.monotonic())
        time.sleep(max(0.0, due - time.monotonic()))
        yield number


if __name__ == "__main__":
    main()
