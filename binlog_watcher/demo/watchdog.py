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
    stdin = sys.stdin.fileno()
    os.set_blocking(stdin, False)
    over = False
    while not over:
        over = parent_fd is None or os.getppid() != parent
        if parent_fd is not None and not over:
            readable, _, _ = select.select([stdin, parent_fd], [], [])
            over = parent_fd in readable
        # Read at the end too: the parent may have died right after it named a server.
        data = _read(stdin)
        over = over or data == b""
        *lines, pending = (pending + (data or b"")).split(b"\n")
        for line in lines:
            server = _pidfd(int(line))
    return server


def _read(descriptor: int) -> bytes | None:
    """What is there: empty at the end of the input, None when nothing is there yet."""
    try:
        return os.read(descriptor, 65536)
    except BlockingIOError:
        return None


def _pidfd(pid: int) -> int | None:
    try:
        return os.pidfd_open(pid)
    except ProcessLookupError:
        return None


if __name__ == "__main__":
    main(int(sys.argv[1]), sys.argv[2])
