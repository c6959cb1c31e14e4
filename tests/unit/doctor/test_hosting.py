"""Who runs a server, and where a variable of it is set so that it stays."""

from typing import Any, cast

import pytest

from binlog_watcher.doctor.hosting import Host, host_of, how_to_set
from binlog_watcher.doctor.server import Server
from binlog_watcher.settings.connection import ConnectionSettings


class Told(Server):
    """A server that says what the test wants."""

    def __init__(self, version: str, *, host: str = "db.example.com", **variables: str) -> None:
        connection = ConnectionSettings(host, 3306, "cartwake", "", "shop")
        super().__init__(cast("Any", None), connection, None)
        self._told = variables | {"VERSION()": version}

    def variable(self, name: str, default: Any = None) -> Any:
        return self._told.get(name, default)

    def one(self, statement: str) -> Any:
        return self._told[statement.removeprefix("SELECT ")]


@pytest.mark.parametrize(
    ("server", "host", "mend"),
    [
        (Told("9.7.4"), Host.OWN, "SET PERSIST binlog_format = 'ROW'"),
        (Told("8.0.36-0ubuntu0"), Host.OWN, "SET PERSIST binlog_format = 'ROW'"),
        (Told("5.7.44-log"), Host.OWN, "SET GLOBAL binlog_format = 'ROW', also in the server's option file"),
        (
            Told("10.11.6-MariaDB-log"),
            Host.OWN,
            "SET GLOBAL binlog_format = 'ROW', also in the server's option file",
        ),
        (
            Told("8.0.36", basedir="/rdsdbbin/mysql-8.0.36.R1/"),
            Host.RDS,
            "set binlog_format = ROW in the instance's parameter group",
        ),
        (
            Told("8.4.3", host="Shop.abc.eu-west-1.RDS.amazonaws.com"),
            Host.RDS,
            "set binlog_format = ROW in the instance's parameter group",
        ),
        (
            Told("8.0.32", aurora_version="3.05.2"),
            Host.AURORA,
            "set binlog_format = ROW in the cluster's parameter group",
        ),
        (Told("8.0.31-google"), Host.CLOUD_SQL, "set the instance's database flag binlog_format = ROW"),
        (
            Told("8.0.36-azure", host="shop.mysql.database.azure.com"),
            Host.AZURE,
            "az mysql flexible-server parameter set --name binlog_format --value ROW",
        ),
    ],
    ids=lambda value: value.version if isinstance(value, Told) else "",
)
def test_a_variable_is_set_where_it_stays(server: Server, host: Host, mend: str) -> None:
    assert host_of(server) is host
    assert how_to_set(server, "binlog_format", "ROW") == mend


def test_numbers_are_not_quoted() -> None:
    assert how_to_set(Told("9.7.4"), "max_connections", "200") == "SET PERSIST max_connections = 200"
