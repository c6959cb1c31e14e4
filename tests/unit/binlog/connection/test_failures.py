"""Errors by what to do about them."""

import pytest
from pymysql.err import InternalError, OperationalError, ProgrammingError

from binlog_watcher.binlog.connection.failures import Remedy, is_retryable, remedy_for
from binlog_watcher.errors import ConfigError, DatabaseUnavailableError
from binlog_watcher.settings.connection import ConnectionSettings

HERE = ConnectionSettings("db.example.com", 3306, "clerk", "top-secret", "shop")


@pytest.mark.parametrize("code", [2003, 2006, 2013, 1040, 1053, 1290, 1836, 1205, 1317, 9999])
def test_what_passes_is_tried_again(code: int) -> None:
    error = OperationalError(code, "whatever")
    assert is_retryable(error)
    assert remedy_for(error, HERE) is Remedy.RECONNECT


@pytest.mark.parametrize(
    ("text", "remedy"),
    [
        ("Cannot replicate because the source purged required binary logs.", Remedy.RESET),
        ("Could not find first log file name in binary log index file", Remedy.RESET),
        ("Replica has more GTIDs than the source has, using the source's SERVER_UUID.", Remedy.RESET),
        ("A replica with the same server_uuid/server_id as this replica has connected", Remedy.NEW_SERVER_ID),
        ("A slave with the same server_uuid as this slave has connected to the master", Remedy.NEW_SERVER_ID),
    ],
)
def test_1236_means_several_things(text: str, remedy: Remedy) -> None:
    assert remedy_for(InternalError(1236, text), HERE) is remedy


@pytest.mark.parametrize(
    ("code", "text", "advice"),
    [
        (1045, "Access denied", "MYSQL_PASSWORD"),
        (1227, "you need REPLICATION SLAVE", "you need REPLICATION SLAVE.*`cartwake grants`"),
        (1044, "Access denied to database", "MYSQL_DATABASE = 'shop'.*`cartwake grants`"),
        (1049, "Unknown database", "MYSQL_DATABASE"),
        (1236, "Binary log is not open", "log_bin"),
    ],
)
def test_what_only_a_human_can_mend(code: int, text: str, advice: str) -> None:
    with pytest.raises(ConfigError, match=advice) as caught:
        remedy_for(OperationalError(code, text), HERE)
    assert "top-secret" not in str(caught.value)


def test_other_errors() -> None:
    assert is_retryable(DatabaseUnavailableError("gone"))
    assert remedy_for(DatabaseUnavailableError("gone"), HERE) is Remedy.RECONNECT
    assert remedy_for(TimeoutError(), HERE) is Remedy.RECONNECT
    assert not is_retryable(ValueError("a mistake of ours"))


@pytest.mark.parametrize(("code", "retryable"), [(1146, True), (1054, False)])
def test_a_table_that_is_gone_may_come_back_and_a_column_may_not(code: int, retryable: bool) -> None:
    error = ConfigError("MySQL says no")
    error.__cause__ = ProgrammingError(code, "no such thing")
    assert is_retryable(error) is retryable
