"""The crash test: whatever is killed at whatever moment, every abandoned cart has exactly one mail.

``benchmarks/chaos.py`` is the same, longer; a failure prints the seed and each offending cart's story.
"""

import secrets
from pathlib import Path

import pytest
from fakes.chaos.conductor import Options, run_chaos

from binlog_watcher.demo.server import private_server

CARTS, KILLS = 2000, 25


@pytest.mark.timeout(900)
def test_exactly_one_mail_whatever_crashes(tmp_path: Path) -> None:
    options = Options(CARTS, KILLS, seed=secrets.randbelow(1_000_000), restart_every=8)
    with private_server("mysql") as server:
        judge = run_chaos(server, tmp_path, options, print)
    assert not judge.faults, judge.report()
    assert len(judge.seen.kills) == KILLS
    assert 2 * sum(kill.in_flight > 0 for kill in judge.seen.kills) >= KILLS
    assert judge.mailed > CARTS / 2
