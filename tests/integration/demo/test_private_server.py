import os
import select
import shutil
import signal
import socket
import subprocess
import sys
from pathlib import Path
from typing import Any

import pymysql
import pytest
from fakes.waiting import wait_until

from binlog_watcher.demo import packages, programs, server
from binlog_watcher.demo.apt import PackageError
from binlog_watcher.demo.programs import Flavor, Program, ServerUnavailableError, find
from binlog_watcher.demo.server import Server, any_server, private_server
from binlog_watcher.errors import ConfigError

BOTH = pytest.mark.parametrize("flavor", ["mysql", "mariadb"])

HOLD = """
import signal, sys, time
from binlog_watcher.demo.server import private_server
signal.signal(signal.SIGINT, signal.default_int_handler)  # a background job inherits it ignored
signal.signal(signal.SIGHUP, signal.SIG_DFL)  # and under nohup this one
with private_server(sys.argv[1]) as server:
    print(server.pid, server.datadir.parent, flush=True)
    time.sleep(600)
"""


def value(of: Server, expression: str) -> object:
    with of.connect() as connection, connection.cursor() as cursor:
        cursor.execute(f"SELECT {expression}")
        (found,) = cursor.fetchone() or (None,)
        return found


def wrapper(program: Program, folder: Path) -> Path:
    """A server program as an administrator might install it: one file that starts by itself."""
    (folder / "bin").mkdir()
    (folder / "share").mkdir()
    (folder / "share/mysql").symlink_to(program.share_folders()[0])
    script = folder / "bin" / program.path.name
    placed = " ".join(f"--{name}='{value}'" for name, value in program.placement().items())
    start = " ".join(f"'{word}'" for word in program.command)
    script.write_text(f'#!/bin/sh\nexec {start} "$@" {placed}\n')
    script.chmod(0o755)
    return script


def impostor(folder: Path, name: str, version_line: str) -> Path:
    script = folder / name
    script.write_text(f"#!/bin/sh\necho '{version_line}'\n")
    script.chmod(0o755)
    return script


def homes(folder: Path) -> list[Path]:
    return list(folder.glob("cartwake-*"))


# What it offers


def test_offers_what_the_stream_needs(server: Server) -> None:
    assert value(server, "@@log_bin") == 1
    assert value(server, "@@binlog_format") == "ROW"
    assert value(server, "@@binlog_row_metadata") == "FULL"
    assert value(server, "@@character_set_server") == "utf8mb4"
    assert value(server, "@@bind_address") == "127.0.0.1"
    assert value(server, "@@port") == server.port


def test_mysql_has_gtids_and_locks_to_look_at(mysql_server: Server) -> None:
    assert value(mysql_server, "@@gtid_mode") == "ON"
    assert value(mysql_server, "COUNT(*) FROM performance_schema.data_locks") == 0


def test_mysql_speaks_tls(mysql_server: Server) -> None:
    with (
        mysql_server.connect(
            ssl={"ca": str(mysql_server.datadir / "ca.pem"), "check_hostname": False}
        ) as connection,
        connection.cursor() as cursor,
    ):
        cursor.execute("SHOW STATUS LIKE 'Ssl_version'")
        assert cursor.fetchone() in {("Ssl_version", "TLSv1.2"), ("Ssl_version", "TLSv1.3")}


def test_nobody_comes_in_without_the_password(server: Server) -> None:
    with pytest.raises(pymysql.OperationalError) as caught:
        server.connect(password="")
    assert caught.value.args[0] == 1045


def test_a_fresh_database_is_empty(server: Server, fresh_database: str) -> None:
    with server.connect(database=fresh_database) as connection, connection.cursor() as cursor:
        assert cursor.execute("SHOW TABLES") == 0
    assert (
        server.url(fresh_database)
        == f"mysql://root:{server.password}@127.0.0.1:{server.port}/{fresh_database}"
    )


# Its life


def test_a_crash_loses_no_commit(server: Server, fresh_database: str) -> None:
    before = server.pid, server.port, value(server, "@@server_id")
    with server.connect(database=fresh_database) as connection, connection.cursor() as cursor:
        cursor.execute("CREATE TABLE t (id INT PRIMARY KEY)")
        for number in range(200):
            cursor.execute("INSERT INTO t VALUES (%s)", (number,))
        server.kill()
    with pytest.raises(ServerUnavailableError, match="stopped"):
        _ = server.pid
    with pytest.raises(pymysql.OperationalError, match="refused"):
        server.connect()
    server.start()
    assert value(server, f"COUNT(*) FROM {fresh_database}.t") == 200
    assert server.pid != before[0]
    assert (server.port, value(server, "@@server_id")) == before[1:]


@BOTH
def test_options_override_the_defaults_and_restart_adds_to_them(flavor: Flavor) -> None:
    with private_server(flavor, options={"server-id": "7", "skip-log-bin": None}) as own:
        assert (value(own, "@@server_id"), value(own, "@@log_bin")) == (7, 0)
        port = own.port
        own.restart({"read_only": "ON"})
        assert (value(own, "@@read_only"), value(own, "@@server_id"), own.port) == (1, 7, port)


def test_two_servers_are_two(mysql_server: Server) -> None:
    with private_server("mysql") as other:
        assert other.port != mysql_server.port
        assert value(other, "@@server_uuid") != value(mysql_server, "@@server_uuid")


@BOTH
def test_a_case_insensitive_server_gets_a_data_folder_of_its_kind(flavor: Flavor) -> None:
    with private_server(flavor, options={"lower_case_table_names": "1"}) as own:
        assert value(own, "@@lower_case_table_names") == 1


@BOTH
def test_leaves_nothing_behind(flavor: Flavor, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    with private_server(flavor) as own:
        pid = own.pid
        assert homes(tmp_path) == [own.datadir.parent]
    assert homes(tmp_path) == []
    with pytest.raises(ProcessLookupError):
        os.kill(pid, 0)


@BOTH
def test_a_long_temporary_folder_will_do(
    flavor: Flavor, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    deep = tmp_path / ("x" * 100) / ("y" * 100)
    deep.mkdir(parents=True)
    monkeypatch.setattr("tempfile.tempdir", str(deep))
    with private_server(flavor) as own:
        assert value(own, "1") == 1


@pytest.mark.parametrize(
    ("flavor", "how"),
    [
        ("mysql", "SIGKILL"),
        ("mysql", "SIGINT"),
        ("mariadb", "SIGKILL"),
        ("mariadb", "SIGTERM"),
        ("mariadb", "SIGHUP"),
    ],
)
def test_goes_when_its_owner_goes(flavor: Flavor, how: str, tmp_path: Path) -> None:
    environment = {**os.environ, "TMPDIR": str(tmp_path)}
    with subprocess.Popen(
        [sys.executable, "-c", HOLD, flavor], stdout=subprocess.PIPE, stderr=subprocess.PIPE, env=environment
    ) as owner:
        assert owner.stdout is not None
        pid, home = owner.stdout.readline().split()
        orphan = os.pidfd_open(int(pid))
        assert Path(home.decode()).is_dir()
        owner.send_signal(signal.Signals[how])
        assert owner.wait(30) != 0
    try:
        assert select.select([orphan], [], [], 30)[0] == [orphan]
    finally:
        os.close(orphan)
    wait_until(lambda: not homes(tmp_path), 30, tell=lambda: homes(tmp_path))


def test_takes_another_port_when_one_is_taken(monkeypatch: pytest.MonkeyPatch) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        free = next(server._free_ports(1))
        monkeypatch.setattr(server, "_free_ports", lambda _: [taken.getsockname()[1], free])
        with private_server("mariadb") as own:
            assert own.port == free


@BOTH
def test_a_server_that_does_not_start_says_why(
    flavor: Flavor, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    with (
        pytest.raises(ServerUnavailableError, match=r"did not start: .*no_such_option.*; set CARTWAKE_M"),
        private_server(flavor, options={"no_such_option": "1"}),
    ):
        pytest.fail("it started")
    assert homes(tmp_path) == []


# Where it comes from


@BOTH
def test_a_named_program_is_used(flavor: Flavor, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    script = wrapper(find(flavor), tmp_path)
    monkeypatch.setenv("CARTWAKE_CACHE", str(tmp_path / "cache"))
    monkeypatch.setenv("CARTWAKE_MYSQLD" if flavor == "mysql" else "CARTWAKE_MARIADBD", str(script))
    with private_server(flavor) as own:
        assert value(own, "1") == 1
    assert sorted(path.name for path in (tmp_path / "cache").iterdir()) == ["templates"]


@pytest.mark.parametrize(
    ("says", "complaint"),
    [
        (
            "mysqld  Ver 10.11.6-MariaDB for debian-linux-gnu on x86_64",
            "this is MariaDB 10.11.6; MySQL 8.0.14 or newer",
        ),
        ("mysqld  Ver 5.7.44 for Linux on x86_64", "this is MySQL 5.7.44; MySQL 8.0.14 or newer is needed"),
        ("hello", "this is no database server"),
    ],
)
def test_a_named_program_that_can_not_serve_is_an_error(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, says: str, complaint: str
) -> None:
    monkeypatch.setenv("CARTWAKE_MYSQLD", str(impostor(tmp_path, "mysqld", says)))
    with pytest.raises(ConfigError, match=rf"CARTWAKE_MYSQLD=.*: {complaint}"):
        find("mysql")


def test_a_named_program_that_is_not_there_is_an_error(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CARTWAKE_MARIADBD", "/no/such/mariadbd")
    with pytest.raises(ConfigError, match="CARTWAKE_MARIADBD=/no/such/mariadbd: there is no such program"):
        find("mariadb")


def test_a_mysqld_on_the_path_may_be_mariadb(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    script = impostor(tmp_path, "mysqld", "mysqld  Ver 10.11.6-MariaDB for debian-linux-gnu on x86_64")
    monkeypatch.setenv("PATH", f"{tmp_path}:{os.environ['PATH']}")
    monkeypatch.delenv("CARTWAKE_MYSQLD", raising=False)
    assert find("mysql").path != script
    monkeypatch.setattr(programs, "_NAMES", {"mariadb": ("mysqld",)})
    monkeypatch.delenv("CARTWAKE_MARIADBD", raising=False)
    assert find("mariadb").path == script


def test_mariadb_stands_in_where_there_is_no_mysql(monkeypatch: pytest.MonkeyPatch) -> None:
    without_downloads(monkeypatch, "mysql")
    lines: list[str] = []
    with any_server(announce=lines.append) as own:
        assert own.flavor == "mariadb"
        assert "MariaDB" in str(value(own, "@@version"))
    assert "no MySQL server is installed and none can be downloaded (the mirror is gone)" in lines[-1]


def test_without_any_server_the_error_says_what_to_do(monkeypatch: pytest.MonkeyPatch) -> None:
    without_downloads(monkeypatch, "mysql", "mariadb")
    with pytest.raises(ServerUnavailableError) as caught, any_server(announce=lambda _: None):
        pytest.fail("there is a server")
    for hint in ("CARTWAKE_MYSQLD", "CARTWAKE_MARIADBD", "MYSQL_HOST", "the mirror is gone"):
        assert hint in str(caught.value)


def without_downloads(monkeypatch: pytest.MonkeyPatch, *flavors: str) -> None:
    real = packages.fetch

    def fetch(name: str, *arguments: Any, **options: Any) -> Path:
        if name in flavors:
            raise PackageError("the mirror is gone")
        return real(name, *arguments, **options)

    monkeypatch.setattr(packages, "fetch", fetch)
    monkeypatch.setattr(shutil, "which", lambda *_, **__: None)
    for variable in ("CARTWAKE_MYSQLD", "CARTWAKE_MARIADBD"):
        monkeypatch.delenv(variable, raising=False)
