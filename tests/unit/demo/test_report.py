import io
import json
from pathlib import Path

import pytest
from fakes.dashboard import figures as of_the_report
from rich.console import Console

from binlog_watcher.answers.figures_told import headline
from binlog_watcher.demo import by_hand, report
from binlog_watcher.demo.display import LastMail, Snapshot, display
from binlog_watcher.demo.expectations import Timing
from binlog_watcher.demo.judgement import Outcome, Verdict


def a_console(width: int = 100, *, terminal: bool = False) -> tuple[Console, io.StringIO]:
    stream = io.StringIO()
    return Console(file=stream, width=width, force_terminal=terminal, _environ={}), stream


def an_outcome(*, problem: str | None = None) -> Outcome:
    verdicts = (
        Verdict("abandons [below] 100", shoppers=2, expected=2, received=2),
        Verdict("orders", shoppers=1, received=1 if problem else 0, wrong=1 if problem else 0),
    )
    if problem:
        verdicts[1].problems.append(problem)
    lateness: dict[Timing, list[float]] = {timing: [] for timing in Timing}
    lateness[Timing.LIVE] = [20.0, 30.0]
    return Outcome(verdicts, lateness)


def test_the_report_ends_with_what_came_of_it_and_keeps_the_figures_in_a_file(tmp_path: Path) -> None:
    console, stream = a_console(width=70)
    outcome = an_outcome()
    figures = report.summary(outcome, seconds=61.234, server="mysql 9.7.0", folder=tmp_path, recovered=3)
    report.show(console, outcome, figures, ["all mails: there", *report.ending(of_the_report())])

    lines = stream.getvalue().splitlines()
    assert lines[-2] == "left: 1,287 carts (106,821.00 EUR); mailed: 982"
    assert lines[-1] == "recovered 217 orders: 15,482.95 EUR, as cartwake report counts it"
    assert lines[-1].startswith(headline(of_the_report()))
    assert not any(line.startswith("{") for line in lines)
    assert any("abandons [below] 100" in line for line in lines)
    demo = json.loads((tmp_path / "result.json").read_text())["demo"]
    assert demo["ok"] is True
    assert (demo["shoppers"], demo["expected"], demo["received"]) == (3, 2, 2)
    assert (demo["lateness_p50_ms"], demo["lateness_p99_ms"]) == (20.0, 30.0)
    assert demo["outage_p50_ms"] is None
    assert demo["folder"] == str(tmp_path)
    assert demo["recovered"] == 3


@pytest.mark.parametrize("timing", [Timing.LIVE, Timing.HELD, Timing.OUTAGE])
def test_lines_of_lateness_fit_a_terminal(timing: Timing) -> None:
    lateness: dict[Timing, list[float]] = {one: [] for one in Timing}
    lateness[timing] = [99_999.0] * 9999
    (line,) = report.lateness_lines(Outcome((), lateness))
    assert len(line) <= 80


def test_problems_are_told_in_full(tmp_path: Path) -> None:
    console, stream = a_console()
    outcome = an_outcome(problem="mail 3 to ada@example.com: nothing should have come [really]")
    figures = report.summary(outcome, seconds=1, server="x", folder=tmp_path)
    report.show(console, outcome, figures)

    assert figures["ok"] is False
    assert figures["wrong"] == 1
    assert "orders: mail 3 to ada@example.com: nothing should have come [really]" in stream.getvalue()


def test_many_problems_go_to_a_file(tmp_path: Path) -> None:
    console, stream = a_console()
    outcome = an_outcome(problem="first")
    outcome.verdicts[1].problems.extend(f"problem {number}" for number in range(30))
    report.show(console, outcome, report.summary(outcome, seconds=1, server="x", folder=tmp_path))

    assert "and 11 more in problems.txt" in stream.getvalue()
    assert len((tmp_path / "problems.txt").read_text().splitlines()) == 31


def a_snapshot(second: float, service: str = "running") -> Snapshot:
    mail = LastMail(3.2, "a***@example.com", "Ada, you left [something] in your cart")
    return Snapshot(second, service, 12, 1, 3, 9, 4, 20, ("keeps adding",), (mail,))


def test_without_a_terminal_there_are_plain_lines_now_and_then() -> None:
    console, stream = a_console()
    with display(console) as shown:
        for second in (0.0, 1.0, 2.0, 5.1, 5.3):
            shown.show(a_snapshot(second))
        shown.show(a_snapshot(5.5, "killed with SIGKILL"))
    lines = stream.getvalue().splitlines()
    assert len(lines) == 3
    assert lines[0].strip() == "0.0 s  running: 12 timers, 1 in hand, 3 mailed; 4 of 20 done"
    assert "killed with SIGKILL" in lines[2]
    assert "\x1b" not in stream.getvalue()


def test_a_terminal_gets_a_board() -> None:
    console, stream = a_console(terminal=True)
    with display(console) as shown:
        shown.show(a_snapshot(1.0))
        shown.show(a_snapshot(2.0))
    text = stream.getvalue()
    for word in ("timers armed", "mailed", "a***@example.com", "[something]", "keeps adding"):
        assert word in text


def test_settings_survive_the_shell(tmp_path: Path) -> None:
    path = tmp_path / "demo.env"
    by_hand.write_settings(path, {"STORE_ADDRESS": "1 Market Street, it's $here", "LOG_FILE": ""})
    assert path.read_text() == "STORE_ADDRESS='1 Market Street, it'\"'\"'s $here'\nLOG_FILE=''\n"
    assert path.stat().st_mode & 0o077 == 0


def test_the_script_says_when_nobody_serves() -> None:
    console, stream = a_console(width=200)
    assert by_hand.run(1, "x", "shop", ["SELECT 1"], console) == 69
    assert "cartwake demo --serve" in stream.getvalue()
