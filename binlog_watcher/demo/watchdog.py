"""Ends a private server and removes its folder when the process that started it is gone, in whatever way.

A script of its own (standard library only), in a session of its own so that Ctrl-C doesn't reach it:

    watchdog.py PARENT FOLDER

Standard input carries the process id of the server, one line each time it starts. At the end of the input, or
when the process PARENT ends, the last server named is killed and FOLDER removed. The server's files are
thrown away, so there is nothing to shut down in order. Process descriptors (pidfd_open(2)) make sure that a
process id that was given to somebody else is never hit.
"""

import contextlib
import os
import select
import shutil
import signal
import sys


def main(parent: int, folder: str) -> None:
    """Watch until the end."""
    server = _watch(parent, _pidfd(parent) if os.getppid() == parent else None)
    if server is not None:
        with contextlib.suppress(ProcessLookupError):
            signal.pidfd_send_signal(server, signal.SIGKILL)
        select.select([server], [], [], 30)
    shutil.rmtree(folder, ignore_errors=True)


def _watch(parent: int, parent_fd: int | None) -> int | None:
    """Follow the server's process ids; returns the last one's descriptor once the parent is gone."""
    server = None
    pending = b""
    while parent_fd is not None and os.getppid() == parent:
        readable, _, _ = select.select([sys.stdin, parent_fd], [], [])
        if parent_fd in readable or not (data := os.read(sys.stdin.fileno(), 4096)):
            break
        *lines, pending = (pending + data).split(b"\n")
        for line in lines:
            server = _pidfd(int(line))
    return server


def _pidfd(pid: int) -> int | None:
    try:
        return os.pidfd_open(pid)
    except ProcessLookupError:
        return None


if __name__ == "__main__":
    main(int(sys.argv[1]), sys.argv[2])
