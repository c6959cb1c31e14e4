"""An IMAP server that only knows XOAUTH2, with one empty folder: for logins that no part fetched offers."""

import base64
import contextlib
import socketserver
import ssl
import threading
from collections.abc import Iterator
from pathlib import Path

from fakes.certificate import write_certificate


class TokenServer(socketserver.ThreadingTCPServer):
    """``seen``: what each login said."""

    daemon_threads = True
    allow_reuse_address = True

    def __init__(self, folder: Path, token: str) -> None:
        super().__init__(("127.0.0.1", 0), _Session)
        chain = folder / "chain.pem"
        write_certificate(chain)
        self.token = token
        self.seen: list[str] = []
        self.context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        self.context.load_cert_chain(chain)
        self.trust = ssl.create_default_context(cafile=chain)

    @property
    def port(self) -> int:
        return int(self.server_address[1])

    @contextlib.contextmanager
    def running(self) -> Iterator["TokenServer"]:
        thread = threading.Thread(target=self.serve_forever, kwargs={"poll_interval": 0.05})
        thread.start()
        try:
            yield self
        finally:
            self.shutdown()
            thread.join()
            self.server_close()


class _Session(socketserver.StreamRequestHandler):
    server: TokenServer

    def setup(self) -> None:
        self.request = self.server.context.wrap_socket(self.request, server_side=True)
        super().setup()

    def finish(self) -> None:
        super().finish()
        self.request.close()

    def _say(self, text: str) -> None:
        self.wfile.write(f"{text}\r\n".encode())

    def handle(self) -> None:
        self._say("* OK [CAPABILITY IMAP4rev1 AUTH=XOAUTH2] ready")
        for line in self.rfile:
            tag, command, *_ = line.decode().split()
            match command.upper():
                case "CAPABILITY":
                    self._say("* CAPABILITY IMAP4rev1 AUTH=XOAUTH2")
                    self._say(f"{tag} OK done")
                case "AUTHENTICATE":
                    self._say(f"{tag} {self._login()}")
                case "SELECT":
                    self._say("* 0 EXISTS")
                    self._say(f"{tag} OK [READ-WRITE] done")
                case "LOGOUT":
                    self._say("* BYE")
                    self._say(f"{tag} OK done")
                    return
                case _:
                    self._say(f"{tag} BAD what?")

    def _login(self) -> str:
        self._say("+ ")
        said = base64.b64decode(self.rfile.readline()).decode()
        self.server.seen.append(said)
        if f"auth=Bearer {self.server.token}\x01\x01" in said:
            return "OK done"
        self._say("+ " + base64.b64encode(b'{"status":"400"}').decode())
        assert self.rfile.readline() == b"\r\n"
        return "NO AUTHENTICATE failed."
