"""The SMTP server of the recovery benchmark, a process of its own: takes every mail, counts it, keeps it in a file.

Nothing is parsed while mails come in: their bytes are appended to a file, with recipient and arrival noted; the
benchmark parses them after the run. Commands on stdin, one a line, each answered by one line: ``count``, how many
mails came since the last ``take``; ``take``, the path of a JSON file that lists them (recipient, arrival in epoch
seconds, offset and size in the file of the same name that ends in .bin). It ends when stdin does.
"""

import asyncio
import contextlib
import json
import os
import sys
import time
from pathlib import Path
from typing import cast

_END = b"\r\n.\r\n"
_GREETING = b"220 sink.example.com ESMTP\r\n"
_FEATURES = b"250-sink.example.com\r\n250-8BITMIME\r\n250-SMTPUTF8\r\n250 SIZE 10000000\r\n"
_OK = b"250 OK\r\n"


class Store:
    """The mails of a run."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._runs = 0
        self._begin()

    def _begin(self) -> None:
        self._runs += 1
        self._size = 0
        self._index: list[tuple[str, float, int, int]] = []
        self._file = (self._folder / f"mails-{self._runs}.bin").open("wb")

    def add(self, recipient: str, message: bytes) -> None:
        """Keep a mail that is here to its last byte."""
        self._index.append((recipient, time.time(), self._size, len(message)))
        self._file.write(message)
        self._size += len(message)

    def obey(self, command: str) -> str:
        """Answer a command."""
        if command == "count":
            return str(len(self._index))
        self._file.close()
        path = self._folder / f"mails-{self._runs}.json"
        path.write_text(json.dumps(self._index))
        self._begin()
        return str(path)

    def close(self) -> None:
        """Keep no more."""
        self._file.close()


class Receiver(asyncio.Protocol):
    """One connection."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._buffer = bytearray()
        self._searched = 0  # bytes of a message that were looked through for its end
        self._recipient = ""
        self._in_message = False

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast("asyncio.Transport", transport)
        self._transport.write(_GREETING)

    def data_received(self, data: bytes) -> None:
        self._buffer += data
        while self._take_message() if self._in_message else self._take_command():
            pass

    def _take_message(self) -> bool:
        end = self._buffer.find(_END, max(0, self._searched - len(_END)))
        if end < 0:
            self._searched = len(self._buffer)
            return False
        self._store.add(self._recipient, bytes(self._buffer[: end + 2]))
        del self._buffer[: end + len(_END)]
        self._in_message = False
        self._transport.write(b"250 taken\r\n")
        return True

    def _take_command(self) -> bool:
        end = self._buffer.find(b"\r\n")
        if end < 0:
            return False
        line = bytes(self._buffer[:end])
        del self._buffer[: end + 2]
        match line[:4].upper():
            case b"EHLO" | b"HELO":
                self._transport.write(_FEATURES)
            case b"RCPT":
                self._recipient = line[line.index(b"<") + 1 : line.index(b">")].decode()
                self._transport.write(_OK)
            case b"DATA":
                self._in_message, self._searched = True, 0
                self._transport.write(b"354 go on\r\n")
            case b"QUIT":
                self._transport.write(b"221 bye\r\n")
                self._transport.close()
            case _:
                self._transport.write(_OK)
        return True


async def serve(folder: Path) -> None:
    """Take mails until stdin ends."""
    loop = asyncio.get_running_loop()
    store = Store(folder)
    server = await loop.create_server(lambda: Receiver(store), "127.0.0.1", 0)
    print(server.sockets[0].getsockname()[1], flush=True)
    ended = asyncio.Event()
    words = bytearray()

    def listen() -> None:
        heard = os.read(sys.stdin.fileno(), 4096)
        if not heard:
            ended.set()
            return
        words.extend(heard)
        while b"\n" in words:
            command, _, rest = words.partition(b"\n")
            words[:] = rest
            print(store.obey(command.decode()), flush=True)

    loop.add_reader(sys.stdin.fileno(), listen)
    await ended.wait()
    server.close()
    store.close()


if __name__ == "__main__":
    with contextlib.suppress(KeyboardInterrupt):
        asyncio.run(serve(Path(sys.argv[1])))
