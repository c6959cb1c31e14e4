"""The crash test: whatever is killed or frozen at whatever moment, every abandoned cart has exactly one mail.

``benchmarks/chaos.py`` is the same, longer; a failure prints the seed and each offending cart's story.
"""

import secrets
from pathlib import Path

import pytest
from fakes.chaos.conductor import run_chaos
from fakes.chaos.options import Options

from binlog_watcher.demo.programs import Flavor
from binlog_watcher.demo.server import private_server

MANY = 20
"""So many kills that chance evens out."""


@pytest.mark.timeout(900)
@pytest.mark.parametrize(
    ("flavor", "carts", "kills", "standby"),
    [
        ("mysql", 1600, 20, False),
        ("mariadb", 640, 8, False),
        ("mysql", 480, 8, True),
        ("mariadb", 320, 6, True),
    ],
    ids=["mysql", "mariadb", "mysql-standby", "mariadb-standby"],
)
def test_exactly_one_mail_whatever_crashes(
    tmp_path: Path, flavor: Flavor, carts: int, kills: int, *, standby: bool
) -> None:
    options = Options(carts, kills, secrets.randbelow(1_000_000), restart_every=8, standby=standby)
    with private_server(flavor) as server:
        judge = run_chaos(server, tmp_path, options, print)
    assert not judge.faults, judge.report()
    assert len(judge.seen.kills) == kills
    # The kills hit what they are aimed at; of a few of them chance decides how many do.
    assert sum(kill.in_flight > 0 for kill in judge.seen.kills) >= (kills // 3 if kills >= MANY else 1)
    assert judge.mailed > carts / 2
