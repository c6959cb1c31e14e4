"""The catch-up benchmark in small: a real binlog, read by our reader and by the stock reader."""

import importlib
import json
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

BENCHMARKS = Path(__file__).parents[2] / "benchmarks"


@pytest.fixture
def catchup(monkeypatch: pytest.MonkeyPatch) -> Any:
    monkeypatch.syspath_prepend(str(BENCHMARKS))
    return importlib.import_module("catchup")


def test_both_readers_read_the_same_rows() -> None:
    done = subprocess.run(
        [sys.executable, BENCHMARKS / "catchup.py", "--mb=40", "--rounds=1", "--only=ours,stock,receive"],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    figures = {line["figure"]: line for line in map(json.loads, done.stdout.splitlines())}
    assert set(figures) == {"catchup.ratio_stock", "catchup.ratio_receive", "catchup.mb_per_s"}
    assert all(line["rounds"] == 1 and line["value"] > 0 for line in figures.values())
    rows = dict(re.findall(r"round 1  (ours|stock) .*?(\d+ rows  \w+)", done.stderr))
    assert set(rows) == {"ours", "stock"}
    assert len(set(rows.values())) == 1
    written = re.search(r"([\d,]+) of them watched", done.stderr)
    assert written is not None
    assert int(rows["ours"].split()[0]) == int(written[1].replace(",", "")) > 2_000


@pytest.mark.parametrize("theirs", [(7, "same"), (8, "other")])
def test_readers_that_disagree_end_the_benchmark(catchup: Any, theirs: tuple[int, str]) -> None:
    ours = catchup.Reading(1.0, 1.0, 8, "same")
    with pytest.raises(SystemExit, match="disagree"):
        catchup.check({"ours": [ours], "stock": [catchup.Reading(9.0, 9.0, *theirs)]}, 8)


def test_a_row_that_nobody_read_ends_the_benchmark(catchup: Any) -> None:
    with pytest.raises(SystemExit, match="9 rows written"):
        catchup.check({"ours": [catchup.Reading(1.0, 1.0, 8, "same")]}, 9)


def test_a_peer_that_can_not_be_had_is_reported_as_absent(
    catchup: Any, capsys: pytest.CaptureFixture[str]
) -> None:
    readings = {
        "ours": [catchup.Reading(2.0, 1.0, 8, "same")],
        "stock": [catchup.Reading(9.0, 9.0, 8, "same")],
    }
    catchup.report(readings, {"zongji": "there is no node"}, 4_000_000)
    lines = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert [(line["figure"], line["value"]) for line in lines] == [
        ("catchup.ratio_stock", 4.5),
        ("catchup.ratio_zongji", None),
        ("catchup.mb_per_s", 2.0),
    ]
    assert lines[1]["absent"] == "there is no node"
