"""The table, the JSON and the choice of checks; none of it asks anybody."""

import base64
import io
import json
import sys
from pathlib import Path

import pytest
from fakes.examined import FILLED_IN, examined, found, mark_of, not_well
from rich.console import Console

from binlog_watcher.commands.doctor import Report
from binlog_watcher.doctor.examination import IDS
from binlog_watcher.doctor.finding import Finding, Mark, Result, failed, not_looked_at, ok, warning
from binlog_watcher.errors import ConfigError
from binlog_watcher.settings.load import Given
from binlog_watcher.telemetry.otel import open_traces


def shown(report: Report, *, width: int = 80, encoding: str = "utf-8") -> str:
    text = io.StringIO()
    console = Console(file=text, width=width, force_terminal=False)
    for part in report.shown(encoding=encoding):
        console.print(part, highlight=False)
    return text.getvalue()


def result(check: str, finding: Finding, since: str | None = None) -> tuple[Result, list[Given]]:
    given = [Given("MYSQL_HOST", "db.example.com", ".env line 3"), Given("MYSQL_PASSWORD", None, "environment"),
             Given("PUBLIC_URL", "", "default")]  # fmt: skip
    return Result(check, finding, tuple(one.name for one in given), since), given


REPORT = Report([
    result("mysql.version", ok("MySQL 9.7.4")),
    result("binlog.retention", warning("kept for [1] hour", "too short", "SET PERSIST x = 1")),
    result("binlog.enabled", failed("the server writes no binlog", "it is all there is to follow", "log_bin")),
    result("binlog.format", not_looked_at("binlog.enabled comes first"), "binlog.enabled"),
    result("binlog.gtid", not_looked_at("binlog.enabled comes first"), "binlog.enabled"),
    result("dns.spf", not_looked_at("no answer")),
])  # fmt: skip


def test_the_table() -> None:
    lines = [line.rstrip() for line in shown(REPORT).splitlines()]
    assert lines == [
        "✓ mysql.version    MySQL 9.7.4",
        "! binlog.retention kept for [1] hour",
        "                   too short",
        "                   → SET PERSIST x = 1",
        "                   MYSQL_HOST = db.example.com (.env line 3); MYSQL_PASSWORD",
        "                   (environment)",
        "✗ binlog.enabled   the server writes no binlog",
        "                   it is all there is to follow",
        "                   → log_bin",
        "                   MYSQL_HOST = db.example.com (.env line 3); MYSQL_PASSWORD",
        "                   (environment)",
        "! dns.spf          not looked at: no answer",
        "                   MYSQL_HOST = db.example.com (.env line 3); MYSQL_PASSWORD",
        "                   (environment)",
        "!                  not looked at, since binlog.enabled comes first:",
        "                   binlog.format, binlog.gtid",
        "1 good, 1 could be better, 1 failed, 3 not looked at",
    ]


@pytest.mark.parametrize("width", [40, 80, 200])
def test_it_keeps_to_its_width_and_a_statement_stays_whole_in_it(width: int) -> None:
    assert all(len(line) <= width for line in shown(REPORT, width=width).splitlines())


def test_colours_are_for_terminals() -> None:
    assert "\x1b" not in shown(REPORT)
    console = Console(file=io.StringIO(), force_terminal=True, color_system="standard", width=80)
    with console.capture() as caught:
        console.print(next(iter(REPORT.shown())))
    assert "\x1b[31m✗" in caught.get()


def test_a_terminal_without_the_signs() -> None:
    text = shown(REPORT, encoding="ascii")
    assert "ok mysql.version" in text
    assert "x  binlog.enabled" in text


def test_the_json() -> None:
    told = json.loads(REPORT.json())
    assert told["ok"] is False
    assert [(one["id"], one["state"]) for one in told["checks"]][:3] == [
        ("mysql.version", "ok"), ("binlog.retention", "warning"), ("binlog.enabled", "failed"),
    ]  # fmt: skip
    assert told["checks"][1] | {"settings": []} == {
        "id": "binlog.retention", "state": "warning", "seen": "kept for [1] hour", "why": "too short",
        "mend": "SET PERSIST x = 1", "settings": [],
    }  # fmt: skip
    assert told["checks"][1]["settings"][1] == {
        "name": "MYSQL_PASSWORD", "value": None, "origin": "environment",
    }  # fmt: skip


def test_only_some() -> None:
    assert {one.id for one, _ in examined("gemini", "logs.disk").results} == {"gemini.key", "logs.disk"}
    with pytest.raises(
        ConfigError, match=r"--only nowhere: there is no such check; there are settings\.valid"
    ) as said:
        examined("gemini.key", "nowhere")
    assert all(check in str(said.value) for check in IDS)
    with pytest.raises(ConfigError, match="there is no such check"):
        examined("")


def test_what_the_wanted_rests_on_fails_with_it() -> None:
    report = examined("binlog.format")
    assert [(one.id, one.finding.mark) for one, _ in report.results] == [
        ("mysql.connection", Mark.FAILED), ("binlog.format", Mark.NOT_LOOKED_AT),
    ]  # fmt: skip
    assert report.exit_code == 1


def test_every_id_is_of_one_check_and_has_its_room() -> None:
    assert len(set(IDS)) == len(IDS)
    assert all(check.count(".") == 1 for check in IDS)


def test_without_any_setting_all_is_told_in_one_pass() -> None:
    report = examined(environ={})
    assert report.exit_code == 1
    told = {one.id for one, _ in report.results}
    silent = {"kafka.client", "kafka.topic", "kafka.retention", "kafka.group", "smtp.trial"}
    assert told == set(IDS) - silent
    assert {one.id for one, _ in report.results if one.finding.mark is Mark.FAILED} == {"settings.valid"}
    assert {one.since for one, _ in report.results} == {None, "settings.valid"}


def test_a_wrong_setting_hides_only_what_goes_by_it() -> None:
    report = examined("smtp", "logs", environ=FILLED_IN, SMTP_TLS="perhaps")
    assert not_well(report) == {"settings.valid", "smtp.login"}
    (login,) = [one for one, _ in report.results if one.id == "smtp.login"]
    assert login.finding.seen == "not looked at: SMTP_TLS must be right first"


def test_no_secret_is_told() -> None:
    report = examined(
        "mysql",
        "smtp",
        "settings",
        MYSQL_PASSWORD="hush-hush-1",
        SMTP_PASSWORD="hush-hush-2",
        SMTP_USER="shop",
    )
    assert "hush" not in report.json() + shown(report)
    assert "MYSQL_PASSWORD (environment)" in " ".join(shown(report).split())


def test_what_mails_are_made_of(monkeypatch: pytest.MonkeyPatch) -> None:
    assert [one.finding.mark for one, _ in examined("mail.parts").results] == [Mark.OK]
    monkeypatch.setitem(sys.modules, "google.genai", None)  # as if it were not installed
    report = examined("mail.parts", GEMINI_API_KEY="AIza" + "x" * 35, GEMINI_SDK="google-genai")
    (finding,) = [one.finding for one, _ in report.results]
    assert finding.mark is Mark.FAILED
    assert "pip install google-genai" in finding.seen


def test_traces_without_their_sdk(monkeypatch: pytest.MonkeyPatch) -> None:
    """In the words that end a start."""
    url = "http://127.0.0.1:4318/v1/traces"
    assert mark_of(examined("traces.sdk"), "traces.sdk") is Mark.OK
    assert mark_of(examined("traces.sdk", TRACES_URL=url), "traces.sdk") is Mark.OK
    monkeypatch.setitem(sys.modules, "opentelemetry.sdk.trace", None)  # as if it were not installed
    (finding,) = found(examined("traces.sdk", TRACES_URL=url), "traces.sdk")
    with pytest.raises(ConfigError) as refused:
        open_traces(url, percent=100, version="1")
    assert (finding.mark, (finding.seen,)) == (Mark.FAILED, tuple(refused.value.problems))
    assert "cartwake[otel]" in finding.seen
    assert mark_of(examined("traces.sdk", TRACES_URL=url, DRY_RUN="true"), "traces.sdk") is Mark.WARNING


def test_signing_without_its_library(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "key").write_text(base64.b64encode(bytes(32)).decode())
    monkeypatch.setitem(sys.modules, "dkim", None)
    (finding,) = found(examined("mail.parts", DKIM_KEYS=f"mail={tmp_path}/key"), "mail.parts")
    assert finding.mark is Mark.FAILED
    assert "cartwake[dkim]" in finding.seen


def test_names_that_are_no_settings() -> None:
    report = examined("settings.names", SMTP_SECURE="true")
    (finding,) = [one.finding for one, _ in report.results]
    assert finding.seen == "SMTP_SECURE: no settings of Cartwake's"


def test_an_address_that_is_none() -> None:
    with pytest.raises(ConfigError, match="--send-to"):
        examined("smtp", send_to="jane")
