"""Which process is told to read its settings anew."""

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from binlog_watcher.commands.reload import is_service, reload, services_here
from binlog_watcher.errors import CartwakeError
from binlog_watcher.settings.settings import Settings


@pytest.mark.parametrize(
    ("words", "is_one"),
    [
        (["/opt/cartwake/bin/python", "/opt/cartwake/bin/cartwake", "run"], True),
        (["cartwake", "run", "--standby"], True),
        (["python3", "-m", "binlog_watcher", "run"], True),
        (["python3", "/x/binlog_watcher/__main__.py", "run"], True),
        (["cartwake", "web"], False),
        (["cartwake", "reload"], False),
        (["vi", "run"], False),
        (["python3", "binlog_watcher", "run"], False),
        (["run"], False),
        ([""], False),
    ],
)
def test_a_service_is_known_by_its_command_line(words: list[str], is_one: bool) -> None:
    assert is_service([*words, ""]) is is_one


def process(proc: Path, pid: int, folder: Path, *words: str) -> None:
    (proc / str(pid)).mkdir(parents=True)
    (proc / str(pid) / "cmdline").write_bytes(b"\0".join(word.encode() for word in words) + b"\0")
    (proc / str(pid) / "cwd").symlink_to(folder)


def test_only_what_was_started_in_this_folder_counts(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    here, elsewhere, proc = (tmp_path / name for name in ("here", "elsewhere", "proc"))
    here.mkdir()
    elsewhere.mkdir()
    monkeypatch.chdir(here)
    with pytest.raises(CartwakeError, match=f"no `cartwake run` was found that was started in {here}"):
        reload(Settings(), None, proc=proc)
    process(proc, 11, elsewhere, "cartwake", "run")
    process(proc, 12, here, "cartwake", "web")
    process(proc, 13, here, "cartwake", "run")
    (proc / "14").mkdir()  # it has just ended
    assert list(services_here(proc)) == [13]
    process(proc, 15, here, "cartwake", "run", "--standby")
    with pytest.raises(CartwakeError, match=r"several .* give the --pid of one \(13, 15\)"):
        reload(Settings(), None, proc=proc)


def test_the_process_is_told_and_one_that_is_gone_is_named() -> None:
    with subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE) as told:
        assert f"Told process {told.pid}" in reload(Settings(), told.pid)
        assert told.wait(10) == -signal.SIGHUP
    with pytest.raises(CartwakeError, match=f"there is no process {told.pid}"):
        reload(Settings(), told.pid)


@pytest.mark.skipif(os.geteuid() == 0, reason="root may tell everybody")
def test_another_users_process_is_not_ours_to_tell() -> None:
    with pytest.raises(CartwakeError, match="another user's"):
        reload(Settings(), 1)
