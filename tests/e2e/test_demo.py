"""The demo as a stranger meets it: a command, its output, its exit code, and nothing left behind."""

import contextlib
import json
import os
import select
import signal
import subprocess
import sys
from collections.abc import Iterator
from email import message_from_bytes, policy
from pathlib import Path

import pytest
from fakes.waiting import wait_until

PATIENCE = 60.0


@contextlib.contextmanager
def demo(folder: Path, *options: str) -> Iterator[subprocess.Popen[str]]:
    """`cartwake demo` with its output in ``folder``, in a working folder full of a developer's settings."""
    (folder / "work").mkdir()
    (folder / "work" / ".env").write_text("MYSQL_HOST=db.example.com\nMYSQL_PASSWORD=real\nDRY_RUN=yes\n")
    settings = {"MYSQL_HOST": "db.example.com", "EMAIL_COOLDOWN_HOURS": "nonsense", "COLUMNS": "80"}
    with (folder / "stdout").open("w") as out, (folder / "stderr").open("w") as err:
        process = subprocess.Popen(
            [sys.executable, "-m", "binlog_watcher", "demo", "--output", str(folder / "out"), *options],
            cwd=folder / "work",
            env={**os.environ, **settings},
            stdout=out,
            stderr=err,
            stdin=subprocess.DEVNULL,
            start_new_session=True,
            text=True,
        )
        try:
            yield process
        finally:
            if process.poll() is None:
                process.kill()
                process.wait()


def wait_until_it_runs(folder: Path, process: subprocess.Popen[str]) -> None:
    wait_until(lambda: "running:" in output(folder) or process.poll() is not None, PATIENCE)
    assert process.poll() is None, output(folder)


def descendants(pid: int) -> set[int]:
    """The processes below ``pid``, from /proc."""
    children: dict[int, list[int]] = {}
    for status in Path("/proc").glob("[0-9]*/stat"):
        with contextlib.suppress(OSError):
            parent = int(status.read_text().rpartition(")")[2].split()[1])
            children.setdefault(parent, []).append(int(status.parent.name))
    found: set[int] = set()
    waiting = [pid]
    while waiting:
        below = children.get(waiting.pop(), [])
        found.update(below)
        waiting += below
    return found


@contextlib.contextmanager
def followed(pid: int) -> Iterator[list[int]]:
    """Process descriptors of everything that ``pid`` has started."""
    descriptors = [os.pidfd_open(below) for below in descendants(pid)]
    try:
        yield descriptors
    finally:
        for descriptor in descriptors:
            os.close(descriptor)


def all_ended(descriptors: list[int]) -> bool:
    return len(select.select(descriptors, [], [], 0)[0]) == len(descriptors)


def output(folder: Path) -> str:
    return (folder / "stdout").read_text() + (folder / "stderr").read_text()


def test_the_demo_runs_to_a_good_end(tmp_path: Path) -> None:
    with demo(tmp_path) as process:
        code = process.wait(timeout=160)
    assert code == 0, output(tmp_path)

    lines = (tmp_path / "stdout").read_text().splitlines()
    assert lines[-1].startswith("recovered ")
    assert lines[-1].endswith(" USD, as cartwake report counts it")
    assert [line for line in lines if len(line) > 80 and str(tmp_path) not in line] == []
    figures = json.loads((tmp_path / "out" / "result.json").read_text())["demo"]
    assert figures["came_of_it"]["period"]["recovered"] >= 1
    assert figures["came_of_it"]["period"]["mailed"] == figures["received"]
    assert figures["ok"] is True
    assert figures["shoppers"] >= 60
    assert figures["expected"] == figures["received"] > 60
    assert figures["missing"] == figures["doubled"] == figures["wrong"] == 0
    assert figures["lateness_mails"] >= 40
    assert figures["reconcile_finds"] == 0
    assert figures["seconds"] <= 90
    assert "\x1b" not in output(tmp_path)

    mails = tmp_path / "out" / "mails"
    assert len(list(mails.glob("*.eml"))) == len(list(mails.glob("[0-9]*.html"))) == figures["received"]
    assert f"{figures['received']} mails" in (mails / "index.html").read_text()


def test_a_cart_filled_by_hand_and_control_c(tmp_path: Path) -> None:
    out = tmp_path / "out"
    with demo(tmp_path, "--serve") as process:
        wait_until_it_runs(tmp_path, process)
        assert "INSERT INTO cart" in output(tmp_path)

        statement = "INSERT INTO cart (user_id, product_id, quantity) VALUES (1, 1, 1), (1, 16, 1)"
        done = subprocess.run([out / "sql", statement], capture_output=True, text=True, check=False)
        assert done.stdout.strip() == "ok, 2 rows", done.stderr

        def for_ada() -> list[str]:
            mails = [
                message_from_bytes(path.read_bytes(), policy=policy.default)
                for path in out.glob("mails/*.eml")
            ]
            return [mail["Subject"] for mail in mails if "ada@example.com" in str(mail["To"])]

        wait_until(lambda: bool(for_ada()), PATIENCE)
        wait_until(lambda: "Ada, you left" in (out / "mails" / "index.html").read_text(), PATIENCE)
        assert for_ada()[0].startswith("Ada, you left something in your cart")

        with followed(process.pid) as descriptors:
            assert len(descriptors) >= 3, "the server, the service and who watches them"
            process.send_signal(signal.SIGINT)
            assert process.wait(timeout=PATIENCE) == 130, output(tmp_path)
            wait_until(lambda: all_ended(descriptors), PATIENCE)
    assert "Traceback" not in output(tmp_path)
    assert (out / "mails" / "index.html").is_file()


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGKILL], ids=["SIGTERM", "SIGKILL"])
def test_nothing_survives_the_demo(tmp_path: Path, number: signal.Signals) -> None:
    with demo(tmp_path) as process:
        wait_until_it_runs(tmp_path, process)
        with followed(process.pid) as descriptors:
            process.send_signal(number)
            process.wait(timeout=PATIENCE)
            wait_until(lambda: all_ended(descriptors), PATIENCE)


def test_a_closed_terminal_ends_a_background_demo(tmp_path: Path) -> None:
    before = signal.signal(signal.SIGINT, signal.SIG_IGN)  # as a script's background jobs inherit it
    try:
        with demo(tmp_path) as process:
            wait_until_it_runs(tmp_path, process)
            with followed(process.pid) as descriptors:
                process.send_signal(signal.SIGHUP)
                process.send_signal(signal.SIGHUP)  # one from the kernel, one from the shell
                assert process.wait(timeout=PATIENCE) == 130, output(tmp_path)
                wait_until(lambda: all_ended(descriptors), PATIENCE)
    finally:
        signal.signal(signal.SIGINT, before)
    assert "Traceback" not in output(tmp_path)


def test_a_folder_of_somebody_else_is_refused_in_one_line(tmp_path: Path) -> None:
    (tmp_path / "out").mkdir()
    (tmp_path / "out" / "thesis.tex").write_text("precious")
    with demo(tmp_path) as process:
        assert process.wait(timeout=PATIENCE) == 2
    assert len(output(tmp_path).strip().splitlines()) == 1
    assert "--output" in output(tmp_path)
