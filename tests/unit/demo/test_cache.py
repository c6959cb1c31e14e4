import os
import signal
import subprocess
import sys
import threading
from pathlib import Path

import pytest

from binlog_watcher.demo.cache import build_once, cache_dir
from binlog_watcher.errors import ConfigError

KILLED_HALF_WAY = """
import sys, time
from pathlib import Path
from binlog_watcher.demo.cache import build_once

def build(folder):
    (folder / "half").write_text("...")
    print("building", flush=True)
    time.sleep(600)

build_once(Path(sys.argv[1]), build, waiting=lambda: None)
"""


def nobody_waits() -> None:
    pytest.fail("nobody else holds the lock")


def test_the_cache_is_named_by_the_first_setting_there_is(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "xdg"))
    monkeypatch.setenv("CARTWAKE_CACHE", str(tmp_path / "own"))
    assert cache_dir() == tmp_path / "own"
    monkeypatch.delenv("CARTWAKE_CACHE")
    assert cache_dir() == tmp_path / "xdg" / "cartwake"
    monkeypatch.setenv("XDG_CACHE_HOME", "relative/is/invalid")
    assert cache_dir() == tmp_path / "home" / ".cache" / "cartwake"
    assert cache_dir().stat().st_mode & 0o077 == 0


def test_a_cache_that_can_not_be_written_is_a_clear_error(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "file").touch()
    monkeypatch.setenv("CARTWAKE_CACHE", str(tmp_path / "file" / "cache"))
    with pytest.raises(ConfigError, match="set CARTWAKE_CACHE to a folder that you may write"):
        cache_dir()


def test_builds_once(tmp_path: Path) -> None:
    built: list[Path] = []
    for _ in range(2):
        final = build_once(tmp_path / "thing", built.append, waiting=nobody_waits)
        assert final.is_dir()
    assert len(built) == 1


def test_a_failed_build_leaves_nothing_and_can_be_repeated(tmp_path: Path) -> None:
    def fail(folder: Path) -> None:
        (folder / "half").touch()
        raise OSError("no space left")

    with pytest.raises(OSError, match="no space"):
        build_once(tmp_path / "thing", fail, waiting=nobody_waits)
    assert [path.name for path in tmp_path.iterdir()] == ["thing.lock"]
    build_once(tmp_path / "thing", lambda folder: (folder / "whole").touch(), waiting=nobody_waits)
    assert [path.name for path in (tmp_path / "thing").iterdir()] == ["whole"]


def test_a_build_that_was_killed_does_not_poison_the_cache(tmp_path: Path) -> None:
    final = tmp_path / "thing"
    with subprocess.Popen([sys.executable, "-c", KILLED_HALF_WAY, final], stdout=subprocess.PIPE) as builder:
        assert builder.stdout is not None
        assert builder.stdout.readline() == b"building\n"
        os.kill(builder.pid, signal.SIGKILL)
    assert not final.exists()
    assert len(list(tmp_path.glob("thing.partial-*"))) == 1
    build_once(final, lambda folder: (folder / "whole").touch(), waiting=nobody_waits)
    assert [path.name for path in final.iterdir()] == ["whole"]
    assert list(tmp_path.glob("thing.partial-*")) == []


def test_the_second_builder_waits_for_the_first(tmp_path: Path) -> None:
    started, second_waits = threading.Event(), threading.Event()
    built: list[str] = []

    def slow(folder: Path) -> None:
        started.set()
        assert second_waits.wait(20)
        (folder / "by").write_text("first")
        built.append("first")

    first = threading.Thread(
        target=build_once, args=(tmp_path / "thing", slow), kwargs={"waiting": nobody_waits}
    )
    first.start()
    assert started.wait(20)
    final = build_once(tmp_path / "thing", lambda _: built.append("second"), waiting=second_waits.set)
    first.join(20)
    assert (final / "by").read_text() == "first"
    assert built == ["first"]
