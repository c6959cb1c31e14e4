"""What is written into .env is read back as it was; the file is the owner's alone, and the one before is kept."""

import os
import stat
from pathlib import Path

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from binlog_watcher.errors import ConfigError
from binlog_watcher.settings.env import read_values
from binlog_watcher.settings.env_file import assignment, env_text, insist_on_folder, write_env

NAMES = frozenset({"MYSQL_PASSWORD", "STORE_NAME", "STORE_ADDRESS", "FREE_SHIPPING_TEXT", "SMTP_HOST"})
AWKWARD = st.text(alphabet=st.sampled_from("aé \t#'\"\\$=`\n\r\u2028{};&!")) | st.text()


def read_back(folder: Path, text: str) -> dict[str, str]:
    path = folder / "read.env"
    path.write_bytes(text.encode())
    values = read_values(path, {}, names=NAMES, file_may_be_missing=False)
    assert values.problems == []
    return {name: value.text for name, value in values.found.items()}


@settings(deadline=None)
@given(password=AWKWARD, name=AWKWARD)
def test_every_value_is_read_back_as_it_was(
    tmp_path_factory: pytest.TempPathFactory, password: str, name: str
) -> None:
    name = name.strip()
    assume(password and name)
    assume(not (len(name) > 1 and name[0] == name[-1] and name[0] in "'\""))  # refused in any form
    text = env_text("# head", {"one": {"MYSQL_PASSWORD": password}, "two": {"STORE_NAME": name}})
    assert read_back(tmp_path_factory.getbasetemp(), text) == {"MYSQL_PASSWORD": password, "STORE_NAME": name}


@pytest.mark.parametrize(
    ("text", "written"),
    [
        ("127.0.0.1", "A=127.0.0.1"),
        ("", "A="),
        ("Jane's Shop #1", 'A="Jane\'s Shop #1"'),
        ("Jane's $hop", r"A='Jane\'s $hop'"),
        ("pa$$word", "A='pa$$word'"),
        ('1 "Main" St\n12345 Town', r'A="1 \"Main\" St\n12345 Town"'),
    ],
)
def test_quotes_where_they_are_needed(text: str, written: str) -> None:
    assert assignment("A", text) == written


def test_an_empty_value_and_an_empty_section(tmp_path: Path) -> None:
    text = env_text("# head", {"badge": {"FREE_SHIPPING_TEXT": ""}, "nothing": {}})
    assert "nothing" not in text
    assert read_back(tmp_path, text) == {"FREE_SHIPPING_TEXT": ""}


def mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


def test_the_file_is_its_owners_and_the_ones_before_are_kept(tmp_path: Path) -> None:
    path = tmp_path / ".env"
    umask = os.umask(0)
    try:
        assert write_env(path, "A=1\n") is None
        path.chmod(0o644)
        assert write_env(path, "A=2\n") == tmp_path / ".env.bak"
        assert write_env(path, "A=3\n") == tmp_path / ".env.bak2"
    finally:
        os.umask(umask)
    texts = {file.name: file.read_text() for file in tmp_path.iterdir()}
    assert texts == {".env": "A=3\n", ".env.bak": "A=1\n", ".env.bak2": "A=2\n"}
    assert {mode(file) for file in tmp_path.iterdir()} == {0o600}


def test_a_link_leads_to_the_file_that_is_written(tmp_path: Path) -> None:
    real = tmp_path / "kept" / "shop.env"
    real.parent.mkdir()
    (tmp_path / ".env").symlink_to(real)
    write_env(tmp_path / ".env", "A=1\n")
    assert real.read_text() == "A=1\n"
    assert (tmp_path / ".env").is_symlink()


def test_a_folder_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"nowhere/\.env: can't be written \(No such file"):
        write_env(tmp_path / "nowhere" / ".env", "A=1\n")
    with pytest.raises(ConfigError, match="nowhere: this user can't write there"):
        insist_on_folder(tmp_path / "nowhere" / ".env")
    insist_on_folder(tmp_path / ".env")


def test_what_fails_half_way_leaves_the_old_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / ".env"
    write_env(path, "A=1\n")

    def full(_: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(ConfigError, match="No space left"):
        write_env(path, "A=2\n")
    assert path.read_text() == "A=1\n"
    assert list(tmp_path.iterdir()) == [path]
