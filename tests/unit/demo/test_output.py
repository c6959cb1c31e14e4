from pathlib import Path

import pytest

from binlog_watcher.demo import output
from binlog_watcher.errors import ConfigError


def test_a_folder_is_made_here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    assert output.prepare() == tmp_path / "demo-output"


def test_our_own_folder_is_emptied(tmp_path: Path) -> None:
    folder = output.prepare(tmp_path / "out")
    (folder / "mails").mkdir()
    (folder / "mails" / "0001.eml").write_text("old")
    (folder / "link").symlink_to(tmp_path)
    assert output.prepare(folder) == folder
    assert [path.name for path in folder.iterdir()] == [".cartwake-demo"]
    assert tmp_path.is_dir()


def test_somebody_elses_folder_is_left_alone(tmp_path: Path) -> None:
    (tmp_path / "thesis.tex").write_text("precious")
    with pytest.raises(ConfigError, match="--output"):
        output.prepare(tmp_path)
    assert (tmp_path / "thesis.tex").read_text() == "precious"


def test_a_file_is_no_folder(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("x")
    with pytest.raises(ConfigError, match="no folder"):
        output.prepare(tmp_path / "file")


def test_where_nothing_can_be_written_it_is_a_temporary_folder(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir("/proc")  # not even root may write here
    folder = output.prepare()
    try:
        assert folder.is_dir()
        assert folder.is_absolute()
        assert not folder.is_relative_to("/proc")
    finally:
        (folder / ".cartwake-demo").unlink()
        folder.rmdir()


def test_a_folder_that_cannot_be_made(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("x")
    with pytest.raises(ConfigError, match="can't write"):
        output.prepare(tmp_path / "file" / "below")


def test_a_folder_that_another_demo_is_writing_to_is_left_alone(tmp_path: Path) -> None:
    folder = output.prepare(tmp_path / "out")
    (folder / "mail.eml").write_text("kept")
    with output.hold(folder), pytest.raises(ConfigError, match="another demo is writing"):
        output.prepare(folder)
    assert (folder / "mail.eml").exists()
    output.prepare(folder)
    assert not (folder / "mail.eml").exists()
