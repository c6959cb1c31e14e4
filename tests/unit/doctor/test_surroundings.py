"""What lies beside the shop and can be seen without asking anybody."""

from pathlib import Path
from typing import Any

import pytest
from fakes.examined import examined, found, mark_of

from binlog_watcher.doctor.finding import Mark


@pytest.mark.parametrize(
    ("key", "mark"),
    [
        ("AIza" + "Sy0_-" * 7, Mark.OK),
        ("AQ.Ab8RN6" + "x" * 40, Mark.OK),
        ("sk-proj-0123456789", Mark.WARNING),
        ("AIza" + "x" * 30, Mark.WARNING),
    ],
)
def test_the_shape_of_a_key(key: str, mark: Mark) -> None:
    report = examined("gemini.key", GEMINI_API_KEY=key)
    assert mark_of(report, "gemini.key") is mark
    assert key not in report.json()


def test_a_fake_of_gemini_takes_any_key() -> None:
    report = examined("gemini.key", GEMINI_API_KEY="sk-proj-0", GEMINI_ENDPOINT="http://127.0.0.1:1")
    assert mark_of(report, "gemini.key") is Mark.OK


def test_promises_want_a_yes_by_name() -> None:
    report = examined("mail.promises", PROMISES_CONFIRMED="free_shipping")
    (finding,) = found(report, "mail.promises")
    assert finding.mark is Mark.WARNING
    assert "10 % off from 100 USD (no code!)" in finding.seen
    assert finding.mend.endswith("set PROMISES_CONFIRMED=discount_without_code")
    assert report.exit_code == 0
    assert mark_of(examined("mail.promises"), "mail.promises") is Mark.OK


def test_room_for_logs(tmp_path: Path) -> None:
    small = examined("logs.disk", LOG_FILE=tmp_path / "new" / "cart.log")
    assert mark_of(small, "logs.disk") is Mark.OK
    huge = examined(
        "logs.disk", LOG_FILE=tmp_path / "cart.log", LOG_FILE_MAX_MB=10_000, LOG_FILE_BACKUPS=1000
    )
    (finding,) = found(huge, "logs.disk")
    assert finding.mark is Mark.WARNING
    assert "and logs may take 10010000" in finding.seen


def test_a_log_that_can_not_be_written() -> None:
    (finding,) = found(examined("logs.disk", LOG_FILE="/proc/self/cart.log"), "logs.disk")
    assert finding.mark is Mark.FAILED
    assert "LOG_FILE" in finding.mend


@pytest.mark.parametrize(
    ("more", "mark", "words"),
    [
        ({}, Mark.OK, "no dashboard"),
        ({"ADMIN_PORT": "8091"}, Mark.OK, "http://127.0.0.1:8091, behind ADMIN_TOKEN"),
        (
            {"ADMIN_PORT": "8091", "ADMIN_HOST": "192.0.2.7"},
            Mark.WARNING,
            "ADMIN_HOST=192.0.2.7, without TLS",
        ),
        (
            {"ADMIN_PORT": "8091", "ADMIN_HOST": "192.0.2.7", "ADMIN_URL": "https://cartwake.example.com"},
            Mark.OK,
            "on https://cartwake.example.com",
        ),
        ({"ADMIN_PORT": "8091", "METRICS_PORT": "8091"}, Mark.FAILED, "or of the metrics, too"),
    ],
)
def test_who_can_reach_the_dashboard(more: dict[str, str], mark: Mark, words: str) -> None:
    given: dict[str, Any] = more | ({"ADMIN_TOKEN": "t" * 32} if more else {})
    (finding,) = found(examined("admin.reach", **given), "admin.reach")
    assert finding.mark is mark
    assert words in finding.seen


def test_a_dashboard_without_its_token_is_not_called_switched_off() -> None:
    (finding,) = found(examined("admin.reach", ADMIN_PORT="8091"), "admin.reach")
    assert finding.seen == "not looked at: ADMIN_TOKEN must be right first"
