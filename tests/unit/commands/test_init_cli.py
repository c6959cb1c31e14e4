"""`cartwake init` called wrongly: told before anybody is asked, and a secret never repeated."""

import sys
from pathlib import Path

import pytest

from binlog_watcher.commands import cli


@pytest.mark.parametrize(
    ("environ", "arguments", "says"),
    [
        (
            {},
            ["MYSQL_PASSWORD=secret"],
            "MYSQL_PASSWORD: everybody on this machine can read the command line",
        ),
        ({}, ["STORE_NAMES=x"], "did you mean STORE_NAME?"),
        ({}, ["Shop"], "'Shop': give NAME=VALUE"),
        ({}, ["CURRENCY=EURO"], "CURRENCY: give the three letters"),
        (
            {"MYSQL_HOST": "db1.test"},
            ["--host", "db2.test"],
            "MYSQL_HOST is 'db1.test' in the environment, which wins",
        ),
        ({"STORE_NAMES": "x"}, [], "did you mean STORE_NAME?"),
        ({}, ["--apply"], "--apply needs an administrator's login"),
        ({}, ["--file", "nowhere/.env"], "nowhere: this user can't write there"),
        ({}, [], "STORE_ADDRESS is not set: give the shop's postal address"),
    ],
)
def test_wrong_calls(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path,
    environ: dict[str, str], arguments: list[str], says: str,
) -> None:  # fmt: skip
    monkeypatch.chdir(tmp_path)
    for name, value in environ.items():
        monkeypatch.setenv(name, value)
    monkeypatch.setattr(sys, "argv", ["cartwake", "init", "--yes", *arguments])
    with pytest.raises(SystemExit) as ended:
        cli.main()
    assert ended.value.code == 2
    err = capsys.readouterr().err
    assert says in err
    assert "secret" not in err
    assert list(tmp_path.iterdir()) == []
