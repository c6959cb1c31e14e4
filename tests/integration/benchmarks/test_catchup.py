"""The catch-up benchmark in small: a real binlog, read by our reader and by the stock reader."""

import importlib
import json
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

BENCHMARKS = Path(__file__).parents[3] / "benchmarks"


@pytest.fixture
def catchup(monkeypatch: pytest.MonkeyPatch) -> Any:
    monkeypatch.syspath_prepend(str(BENCHMARKS))
    return importlib.import_module("catchup")


def test_both_readers_read_the_same_rows() -> None:
    done = subprocess.run(
        [sys.executable, BENCHMARKS / "catchup.py", "--mb=40", "--rounds=1", "--only=stock,receive"],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    figures = {line["figure"]: line for line in map(json.loads, done.stdout.splitlines())}
    assert set(figures) == {"catchup.ratio_stock", "catchup.ratio_receive", "catchup.mb_per_s"}
    assert all(line["rounds"] == 1 and line["value"] > 0 for line in figures.values())
    written = re.search(r"([\d,]+) of them watched", done.stderr)
    same = re.search(r"read the same (\d+) rows", done.stderr)
    assert written is not None
    assert same is not None
    assert int(same[1]) == int(written[1].replace(",", "")) > 2_000


def trial(catchup: Any, theirs: Any) -> Any:
    return catchup.Trial(theirs, catchup.Reading(1.0, 1.0, 8, "same"), catchup.Reading(3.0, 1.0, 8, "same"))


@pytest.mark.parametrize("theirs", [(7, "same"), (8, "other")])
def test_readers_that_disagree_end_the_benchmark(catchup: Any, theirs: tuple[int, str]) -> None:
    with pytest.raises(SystemExit, match="disagree"):
        catchup.check({"stock": [trial(catchup, catchup.Reading(9.0, 9.0, *theirs))]}, 8)


def test_a_row_that_nobody_read_ends_the_benchmark(catchup: Any) -> None:
    with pytest.raises(SystemExit, match="9 rows written"):
        catchup.check({"receive": [trial(catchup, catchup.Reading(1.0, 1.0))]}, 9)


def test_a_peer_that_can_not_be_had_is_reported_as_absent(
    catchup: Any, capsys: pytest.CaptureFixture[str]
) -> None:
    trials = {"stock": [trial(catchup, catchup.Reading(9.0, 9.0, 8, "same"))]}
    catchup.report(trials, {"zongji": "there is no node"}, 4_000_000)
    lines = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert [(line["figure"], line["value"]) for line in lines] == [
        ("catchup.ratio_stock", 4.5),
        ("catchup.ratio_zongji", None),
        ("catchup.mb_per_s", 2.0),
    ]
    assert lines[1]["absent"] == "there is no node"
