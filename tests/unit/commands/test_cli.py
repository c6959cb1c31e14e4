"""What the command line makes of calls and errors, before any command has begun."""

import subprocess
import sys

import pytest

from binlog_watcher.commands import cli, schema
from binlog_watcher.errors import CartwakeError, ConfigError, DatabaseUnavailableError

COMMANDS = {
    "run",
    "reload",
    "reconcile",
    "report",
    "retry",
    "preview",
    "erase",
    "explain",
    "export",
    "recommend",
    "optout",
    "bounce",
    "grants",
    "init",
    "uninstall",
    "schema",
    "theme",
    "web",
    "demo",
    "doctor",
}


def call(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], *arguments: str
) -> tuple[int, str, str]:
    """The exit code of `cartwake` with these arguments, and what it says on standard output and error."""
    monkeypatch.setattr(sys, "argv", ["cartwake", *arguments])
    with pytest.raises(SystemExit) as ended:
        cli.main()
    assert isinstance(ended.value.code, int)
    out, err = capsys.readouterr()
    return ended.value.code, out, err


def test_every_command_is_there() -> None:
    assert set(cli.COMMANDS) == COMMANDS


@pytest.mark.parametrize("name", sorted(COMMANDS))
def test_each_command_has_a_help(
    name: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    code, out, err = call(monkeypatch, capsys, name, "--help")
    assert (code, err) == (0, "")
    assert f"cartwake {name}" in out


def test_a_command_imports_what_it_needs_itself() -> None:
    """All of them together take a second and more of processor time."""
    program = (
        "import sys\n"
        "from binlog_watcher.commands import cli\n"
        "print({'sqlalchemy', 'pydantic', 'mailer'} & sys.modules.keys())\n"
        "from binlog_watcher.commands import {parsers}\n"
        "print({'numpy', 'scipy', 'recommender', 'uvicorn'} & sys.modules.keys())\n"
    ).replace("{parsers}", "explain_cli, optout_cli, personal_cli, report_cli, retry_cli")
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert done.stdout == "set()\nset()\n"


@pytest.mark.parametrize(
    ("arguments", "complaint"),
    [
        (["preview"], "--user, --cart and --newest"),
        (["preview", "--user", "1", "--cart", "2"], "--user, --cart and --newest"),
        (["explain"], "--customer, --address and --cart"),
        (["explain", "--customer", "1", "--cart", "2"], "--customer, --address and --cart"),
        (["retry"], "--failed, --unknown or --id"),
        (["retry", "--id", "0"], "--id"),
        (["report", "--days", "0"], "--days"),
        (["optout", "add"], "address or --token"),
        (["optout", "add", "jane@example.com", "--token", "x"], "address or --token"),
        (["nonsense"], "nonsense"),
    ],
)
def test_a_wrong_call_is_told_and_ends_with_2(
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    arguments: list[str],
    complaint: str,
) -> None:
    code, _, err = call(monkeypatch, capsys, *arguments)
    assert code == 2
    assert complaint in err.replace("ADDRESS", "address"), "versions of typer differ"


@pytest.mark.parametrize(
    ("error", "code", "lines"),
    [
        (ConfigError("one thing", "another"), 2, ["cartwake: one thing", "cartwake: another"]),
        (DatabaseUnavailableError("gone"), 69, ["cartwake: gone"]),
        (
            ExceptionGroup("", [DatabaseUnavailableError("gone"), ExceptionGroup("", [ConfigError("why")])]),
            2,
            ["cartwake: why"],
        ),
        (ExceptionGroup("", [DatabaseUnavailableError("gone")]), 69, ["cartwake: gone"]),
        (KeyboardInterrupt(), 130, ["cartwake: interrupted"]),
    ],
)
def test_an_error_is_one_line_a_problem_and_an_exit_code(
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    error: BaseException,
    code: int,
    lines: list[str],
) -> None:
    def fail(**_: object) -> None:
        raise error

    monkeypatch.setattr(cli, "app", fail)
    assert call(monkeypatch, capsys) == (code, "", "".join(f"{line}\n" for line in lines))


@pytest.mark.parametrize(
    "error", [RuntimeError("a bug"), ExceptionGroup("", [CartwakeError("known"), RuntimeError("a bug")])]
)
def test_a_bug_keeps_its_trace(monkeypatch: pytest.MonkeyPatch, error: Exception) -> None:
    def fail(**_: object) -> None:
        raise error

    monkeypatch.setattr(cli, "app", fail)
    with pytest.raises(type(error)) as raised:
        cli.main()
    assert raised.value is error


def test_ctrl_c_within_a_command(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    def interrupted() -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(schema, "presets_shown", interrupted)
    assert call(monkeypatch, capsys, "schema", "show") == (130, "", "cartwake: interrupted\n")
