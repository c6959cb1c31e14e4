"""Cartwake's command line with its modules imported once: each command is a fork of the process that has them.

A command takes a second of a processor to import what it needs, and a page of the docs has dozens. A fork has its own
settings, folder, standard streams and exit code, as the program has. `run` and `web`, which are signalled, are started
for real.

As a program: ``python -m fakes.preloaded SOCKET`` serves until the one who started it is gone.
"""

import contextlib
import gc
import importlib
import json
import os
import pkgutil
import select
import signal
import socket
import subprocess
import sys
import traceback
from collections.abc import Iterator
from pathlib import Path

from fakes.waiting import wait_until

ROOT = Path(__file__).parents[2]

CLIENT = """#!{python} -IS
import os, socket, sys
arguments = sys.argv[1:]
if arguments[:1] in (["run"], ["web"]):
    os.execv({python!r}, [{python!r}, "-m", "binlog_watcher", *arguments])
import json
with socket.socket(socket.AF_UNIX) as server:
    server.connect({path!r})
    asked = json.dumps([arguments, os.getcwd(), dict(os.environ)]).encode()
    socket.send_fds(server, [len(asked).to_bytes(4, "big")], [0, 1, 2])
    server.sendall(asked)
    code = server.recv(1)
sys.exit(code[0] if code else "the command's process died")
"""


@contextlib.contextmanager
def preloaded(folder: Path) -> Iterator[str]:
    """The text of a program that stands for `cartwake`."""
    path = str(folder / "cartwake.sock")
    command = [sys.executable, "-m", "fakes.preloaded", path]
    environ = {**os.environ, "PYTHONPATH": f"{ROOT / 'tests'}:{ROOT}", "COLUMNS": "200"}
    with subprocess.Popen(command, env=environ, stdin=subprocess.PIPE) as server:
        try:
            wait_until(lambda: server.poll() is not None or Path(path).exists(), 60)
            yield CLIENT.format(python=sys.executable, path=path)
        finally:
            server.terminate()


def serve(path: str) -> None:
    """Fork for each command that is asked for."""
    for package in ("binlog_watcher.commands", "binlog_watcher.doctor", "binlog_watcher.store"):
        for module in pkgutil.walk_packages(importlib.import_module(package).__path__, f"{package}."):
            importlib.import_module(module.name)
    gc.freeze()
    with socket.socket(socket.AF_UNIX) as listening:
        listening.bind(path + ".new")
        listening.listen()
        Path(path + ".new").rename(path)  # whoever sees it can connect
        while True:
            ready, _, _ = select.select([listening, sys.stdin], [], [])
            if sys.stdin in ready:  # its other end is closed: whoever started us is gone
                return
            asking, _ = listening.accept()
            with asking:
                signal.signal(signal.SIGCHLD, signal.SIG_IGN)  # nobody waits for them
                if os.fork() == 0:
                    listening.close()
                    _attend(asking)


def _attend(asking: socket.socket) -> None:
    """In a fork: run the command in another one, and tell its exit code."""
    signal.signal(signal.SIGCHLD, signal.SIG_DFL)
    length, streams, _, _ = socket.recv_fds(asking, 4, 3)
    asked = b""
    while len(asked) < int.from_bytes(length, "big"):
        asked += asking.recv(1 << 16)
    arguments, folder, environ = json.loads(asked)
    child = os.fork()
    if child:
        _, status = os.waitpid(child, 0)
        asking.sendall(bytes([os.waitstatus_to_exitcode(status) & 255]))
        os._exit(0)
    asking.close()
    for number, stream in enumerate(streams):
        os.dup2(stream, number)
        os.close(stream)
    os.chdir(folder)
    os.environ.clear()
    os.environ.update(environ)
    sys.argv = ["cartwake", *arguments]
    os._exit(_command())


def _command() -> int:
    from binlog_watcher.__main__ import main  # noqa: PLC0415 - imported long ago, for whoever serves

    try:
        main()
        code = 0
    except SystemExit as end:
        code = end.code if isinstance(end.code, int) else int(end.code is not None)
    except BaseException:  # noqa: BLE001 - as an interpreter ends
        traceback.print_exc()
        code = 1
    sys.stdout.flush()
    sys.stderr.flush()
    return code


if __name__ == "__main__":
    serve(sys.argv[1])
