"""The crash test of a consumer group in small; ``benchmarks/chaos_kafka.py`` is the same, longer."""

import secrets
from pathlib import Path

import pytest
from fakes.chaos.group import run_group_chaos
from fakes.chaos.options import Options

from binlog_watcher.demo.server import private_server


@pytest.mark.parts
@pytest.mark.timeout(400)
def test_exactly_one_mail_from_a_group_whatever_crashes(tmp_path: Path, kafka_jars: Path) -> None:
    options = Options(carts=40, kills=1, seed=secrets.randbelow(1_000_000), restart_every=1)
    with private_server("mysql") as server:
        judge = run_group_chaos(server, tmp_path, options, kafka_jars, print)
    assert not judge.faults, judge.report()
    assert len(judge.seen.kills) == 1
    assert judge.mailed > 12
