"""Fixtures of the recovery's tests."""

import pytest

from binlog_watcher.recovery import recovery as recovery_module


@pytest.fixture
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    """A wait of seconds that only bridges an outage is shorter here."""
    monkeypatch.setattr(recovery_module, "UNAVAILABLE_US", 50_000)
