"""Who runs the server, as far as it can be told, and how a variable of it is set there.

Amazon's servers lie below ``/rdsdbbin``; Aurora has a variable of its own; Google's versions end in ``-google``;
Azure's servers are known by their host's name.
"""

from enum import StrEnum

from binlog_watcher.doctor.server import Server


class Host(StrEnum):
    """A name for people. OWN: nobody's service."""

    OWN = "a server of your own"
    RDS = "Amazon RDS"
    AURORA = "Amazon Aurora"
    CLOUD_SQL = "Google Cloud SQL"
    AZURE = "Azure Database for MySQL"


def host_of(server: Server) -> Host:
    """Who runs it."""
    name = server.connection.host.lower()
    if server.variable("aurora_version") is not None:
        return Host.AURORA
    if name.endswith(".rds.amazonaws.com") or str(server.variable("basedir", "")).startswith("/rdsdbbin"):
        return Host.RDS
    if "-google" in server.version:
        return Host.CLOUD_SQL
    return Host.AZURE if name.endswith(".mysql.database.azure.com") else Host.OWN


def how_to_set(server: Server, name: str, value: str) -> str:
    """The statement or the place that sets a global variable, so that it stays."""
    match host_of(server):
        case Host.RDS:
            return f"set {name} = {value} in the instance's parameter group"
        case Host.AURORA:
            return f"set {name} = {value} in the cluster's parameter group"
        case Host.CLOUD_SQL:
            return f"set the instance's database flag {name} = {value}"
        case Host.AZURE:
            return f"az mysql flexible-server parameter set --name {name} --value {value}"
    quoted = value if value.isdigit() else f"'{value}'"
    if server.is_mariadb or server.numbers < (8, 0):
        return f"SET GLOBAL {name} = {quoted}, also in the server's option file"
    return f"SET PERSIST {name} = {quoted}"
