"""The shop of the latency benchmark, a process of its own: ``cart`` or ``noise``, by a job as JSON on stdin.

``cart``: single rows at an even pace, each in a transaction; prints, as JSON, when each was acknowledged (user id →
nanoseconds of CLOCK_MONOTONIC). ``noise``: rows of another table, some in each transaction, until stdin closes.
"""

import json
import select
import sys
import time
from collections.abc import Iterator

import pymysql

NOISE_TABLE = "CREATE TABLE noise (id BIGINT AUTO_INCREMENT PRIMARY KEY, number INT, words VARCHAR(200))"
_NOISE_ROWS = 4
"""Rows of a noisy transaction: as many as in the binlog of catchup.py."""

_ADD_TO_CART = "INSERT INTO cart (user_id, product_id) VALUES (%s, 1)"
_MAKE_NOISE = (
    "INSERT INTO noise (number, words) VALUES "
    "(1, REPEAT('noise ', 20)), (2, REPEAT('noise ', 20)), (3, REPEAT('noise ', 20)), (4, REPEAT('noise ', 20))"
)


def main() -> None:
    job = json.loads(sys.stdin.readline())
    with pymysql.connect(**job["account"], autocommit=True, ssl_disabled=True) as connection:
        if sys.argv[1] == "cart":
            print(json.dumps(_write_carts(connection, job["rate"], job["count"])))
        else:
            _write_noise(connection, job["rate"] / _NOISE_ROWS)


def _write_carts(connection: "pymysql.Connection", rate: float, count: int) -> dict[int, int]:
    acknowledged = {}
    for key in _paced(range(1, count + 1), rate):
        connection.query(_ADD_TO_CART % key)
        acknowledged[key] = time.monotonic_ns()
    return acknowledged


def _write_noise(connection: "pymysql.Connection", rate: float) -> None:
    for _ in _paced(range(sys.maxsize), rate):
        connection.query(_MAKE_NOISE)
        if select.select([sys.stdin], [], [], 0)[0]:
            return


def _paced(numbers: range, rate: float) -> Iterator[int]:
    """``rate`` a second. One that comes late is not followed by a burst: the pace goes on from there."""
    due = time.monotonic()
    for number in numbers:
        due = max(due + 1 / rate, time.monotonic())
        time.sleep(max(0.0, due - time.monotonic()))
        yield number


if __name__ == "__main__":
    main()
