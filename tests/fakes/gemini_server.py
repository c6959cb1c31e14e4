"""Gemini's REST API on 127.0.0.1, as far as generateContent goes; imports nothing of this project.

Error bodies follow google.rpc.Status in JSON, the answers GenerateContentResponse
(https://ai.google.dev/api/generate-content).
"""

import json
import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Self
from urllib.parse import parse_qs, urlsplit

STATUS_NAMES = {
    400: "INVALID_ARGUMENT",
    401: "UNAUTHENTICATED",
    403: "PERMISSION_DENIED",
    404: "NOT_FOUND",
    429: "RESOURCE_EXHAUSTED",
    500: "INTERNAL",
    503: "UNAVAILABLE",
}


# $alt=json;enum-encoding=int, which the older SDK asks for, makes the API send enums as numbers.
FINISH_NUMBERS = {
    "STOP": 1,
    "MAX_TOKENS": 2,
    "SAFETY": 3,
    "RECITATION": 4,
    "OTHER": 5,
    "NEWS_OF_TOMORROW": 77,
}
BLOCK_NUMBERS = {"SAFETY": 1, "OTHER": 2, "BLOCKLIST": 3, "PROHIBITED_CONTENT": 4}


@dataclass(frozen=True)
class Request:
    path: str
    query: dict[str, list[str]]
    headers: dict[str, str]
    body: dict[str, Any]

    @property
    def config(self) -> dict[str, Any]:
        config: dict[str, Any] = self.body.get("generationConfig", {})
        return config

    @property
    def wants_numbers(self) -> bool:
        return any("enum-encoding=int" in value for value in self.query.get("$alt", []))

    @property
    def everything(self) -> str:
        return json.dumps([self.path, self.query, self.headers, self.body])


@dataclass
class Reply:
    body: dict[str, Any] | bytes
    status: int = 200
    held: threading.Event | None = None
    """The reply is sent only once this is set (or the server stops)."""
    drop: bool = False
    """Cut the connection instead of answering."""
    headers: dict[str, str] = field(default_factory=dict)
    dribble_s: float | None = None
    """So long after each byte of the body."""


def text_reply(text: str, finish: str = "STOP") -> Reply:
    candidate = {"content": {"role": "model", "parts": [{"text": text}]}, "finishReason": finish, "index": 0}
    return Reply(
        {"candidates": [candidate], "modelVersion": "fake", "usageMetadata": {"totalTokenCount": 42}}
    )


def empty_reply(finish: str) -> Reply:
    return Reply({"candidates": [{"content": {"role": "model"}, "finishReason": finish, "index": 0}]})


def blocked_reply(reason: str = "SAFETY") -> Reply:
    return Reply({"promptFeedback": {"blockReason": reason}})


def error_reply(status: int, message: str) -> Reply:
    return Reply(
        {"error": {"code": status, "message": message, "status": STATUS_NAMES.get(status, "UNKNOWN")}}, status
    )


def _with_numbers(body: dict[str, Any]) -> dict[str, Any]:
    body = json.loads(json.dumps(body))
    for candidate in body.get("candidates", []):
        candidate["finishReason"] = FINISH_NUMBERS[candidate["finishReason"]]
    if feedback := body.get("promptFeedback"):
        feedback["blockReason"] = BLOCK_NUMBERS[feedback["blockReason"]]
    return body


class _Server(ThreadingHTTPServer):
    """Many callers may knock at once: five, the default, are too few on a busy machine."""

    request_queue_size = 128


@dataclass
class FakeGemini:
    """A context manager. ``answer`` is asked for each request's reply; ``requests`` holds what arrived."""

    answer: Callable[[Request], Reply] = lambda _: text_reply("A fine text about fine products.")
    requests: list[Request] = field(default_factory=list)
    arrived: threading.Semaphore = field(default_factory=lambda: threading.Semaphore(0))

    def __enter__(self) -> Self:
        fake = self
        self._stopping = threading.Event()

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_POST(self) -> None:
                length = int(self.headers.get("Content-Length", 0))
                url = urlsplit(self.path)
                request = Request(
                    url.path, parse_qs(url.query), dict(self.headers), json.loads(self.rfile.read(length))
                )
                fake.requests.append(request)
                fake.arrived.release()
                self.respond(fake.answer(request), numbers=request.wants_numbers)

            def respond(self, reply: Reply, *, numbers: bool) -> None:
                while reply.held and not reply.held.wait(0.02) and not fake._stopping.is_set():
                    pass
                if reply.drop:
                    self.close_connection = True
                    return
                body = reply.body
                if not isinstance(body, bytes):
                    body = json.dumps(_with_numbers(body) if numbers else body).encode()
                try:
                    self.send_response(reply.status)
                    self.send_header("Content-Type", "application/json; charset=UTF-8")
                    self.send_header("Content-Length", str(len(body)))
                    for name, value in reply.headers.items():
                        self.send_header(name, value)
                    self.end_headers()
                    if reply.dribble_s is None:
                        self.wfile.write(body)
                        return
                    for byte in body:
                        self.wfile.write(bytes([byte]))
                        if fake._stopping.wait(reply.dribble_s):
                            return
                except OSError:
                    self.close_connection = True  # the caller has gone: that is what some tests are about

            def log_message(self, *_: object) -> None:
                pass

        self._server = _Server(("127.0.0.1", 0), Handler)
        self._server.daemon_threads = True
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.02,), daemon=True)
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stopping.set()
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self._server.server_address[1]}"
