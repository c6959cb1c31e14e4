"""A headless Chromium, driven over a pipe by the DevTools protocol.

Protocol: https://chromedevtools.github.io/devtools-protocol/ (JSON objects, each ended by a zero byte, on the
file descriptors 3 and 4 of the browser). Nothing here ever reaches a network: every request is answered by us.
"""

import base64
import json
import os
import select
import shutil
import signal
import struct
import subprocess
import sys
import time
import zlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO

from binlog_watcher.demo.packages import program

PACKAGES = [
    "chromium-headless-shell",
    "fonts-dejavu-core",  # Arabic too
    "fonts-ipafont-gothic",
]
ANSWER_SECONDS = 30

_FONTS = """<?xml version="1.0"?>
<!DOCTYPE fontconfig SYSTEM "urn:fontconfig:fonts.dtd">
<fontconfig>
  <dir>{fonts}</dir>
  <cachedir>{cache}</cachedir>
  <alias><family>sans-serif</family><prefer><family>DejaVu Sans</family></prefer></alias>
  <alias><family>system-ui</family><prefer><family>DejaVu Sans</family></prefer></alias>
  <alias><family>monospace</family><prefer><family>DejaVu Sans Mono</family></prefer></alias>
</fontconfig>
"""

# The browser expects its pipe at the descriptors 3 and 4, which may be in use while we put them there.
_EXEC = """
import fcntl, os, sys
high = [fcntl.fcntl(int(number), fcntl.F_DUPFD, 10) for number in sys.argv[1:3]]
for place, descriptor in enumerate(high, start=3):
    os.dup2(descriptor, place)
    os.close(descriptor)
os.execv(sys.argv[3], sys.argv[3:])
"""


class BrowserError(Exception):
    """The browser refused a command, fell silent or ended."""


@dataclass(frozen=True, slots=True)
class Request:
    """What a page asked for. ``kind``: Image, Stylesheet, Script, Font, Document …"""

    kind: str
    url: str


class Browser:
    """A running browser; ``pages()`` opens one page at a time."""

    def __init__(self, commands: BinaryIO, answers: BinaryIO, process: "subprocess.Popen[bytes]") -> None:
        self._commands = commands
        self._answers = answers
        self._process = process
        self._buffer = b""
        self._last_id = 0
        self.on_event: Callable[[dict[str, Any]], None] = lambda _: None

    def call(self, method: str, session: str | None = None, **params: Any) -> dict[str, Any]:
        """Run a command and return its result; events that arrive in between go to ``on_event``."""
        number = self.post(method, session, **params)
        deadline = time.monotonic() + ANSWER_SECONDS
        while True:
            message = self._read(deadline, method)
            if message.get("id") == number:
                if "error" in message:
                    raise BrowserError(f"{method}: {message['error']['message']}")
                result: dict[str, Any] = message["result"]
                return result
            if "method" in message:
                self.on_event(message)

    def post(self, method: str, session: str | None = None, **params: Any) -> int:
        """Send a command without waiting for its result; returns the command's number."""
        self._last_id += 1
        command: dict[str, Any] = {"id": self._last_id, "method": method, "params": params}
        if session is not None:
            command["sessionId"] = session
        self._commands.write(json.dumps(command).encode() + b"\0")
        self._commands.flush()
        return self._last_id

    def _read(self, deadline: float, awaited: str) -> dict[str, Any]:
        while b"\0" not in self._buffer:
            left = deadline - time.monotonic()
            readable, _, _ = select.select([self._answers], [], [], max(left, 0))
            if not readable:
                raise BrowserError(f"{awaited}: no answer within {ANSWER_SECONDS} s")
            chunk = os.read(self._answers.fileno(), 1 << 20)
            if not chunk:
                raise BrowserError(f"{awaited}: the browser ended (exit code {self._process.poll()})")
            self._buffer += chunk
        line, _, self._buffer = self._buffer.partition(b"\0")
        message: dict[str, Any] = json.loads(line)
        return message

    @contextmanager
    def page(
        self, width: int, *, height: int = 800, scheme: str = "light", pictures: bool = True
    ) -> Iterator["Page"]:
        """An empty page, ``width`` CSS pixels wide; a phone's screen below 500. Scripts of the page do not run.

        ``scheme``: the user's colour scheme, light or dark. Without ``pictures`` every request fails, as in a
        mail program that blocks them.
        """
        target = self.call("Target.createTarget", url="about:blank")["targetId"]
        session = self.call("Target.attachToTarget", targetId=target, flatten=True)["sessionId"]
        page = Page(self, session, pictures=pictures)
        self.on_event = page.on_event
        phone = width < 500
        page.call("Page.enable")
        page.call("Fetch.enable", patterns=[{"urlPattern": "*"}])
        page.call("Emulation.setScriptExecutionDisabled", value=True)
        page.call(
            "Emulation.setDeviceMetricsOverride", width=width, height=height, deviceScaleFactor=1, mobile=phone
        )  # fmt: skip
        page.call("Emulation.setEmulatedMedia", features=[{"name": "prefers-color-scheme", "value": scheme}])
        try:
            yield page
        finally:
            self.on_event = lambda _: None
            self.call("Target.closeTarget", targetId=target)


class Page:
    """One tab. ``requests``: what the page asked for so far."""

    def __init__(self, browser: Browser, session: str, *, pictures: bool) -> None:
        self._browser = browser
        self._session = session
        self._pictures = pictures
        self._site = ""
        self.requests: list[Request] = []

    def call(self, method: str, **params: Any) -> dict[str, Any]:
        """A command for this tab."""
        return self._browser.call(method, self._session, **params)

    def show(self, html: str) -> None:
        """Show ``html``, and wait until all its pictures are there or have failed."""
        frame = self.call("Page.getFrameTree")["frameTree"]["frame"]["id"]
        self.call("Page.setDocumentContent", frameId=frame, html=html)
        deadline = time.monotonic() + ANSWER_SECONDS
        # Polled: promises do not settle in a page whose scripts are switched off.
        whole = "document.readyState === 'complete' && [...document.images].every(image => image.complete)"
        while not self.evaluate(whole):
            if time.monotonic() > deadline:
                raise BrowserError(
                    f"the page is not whole after {ANSWER_SECONDS} s; asked for: {self.requests}"
                )
            time.sleep(0.01)

    def visit(self, url: str) -> None:
        """Go to a page of a server on this machine, from which alone the page may get more; wait until it is whole."""
        self._site = url[: url.index("/", 8) + 1]
        self.call("Page.navigate", url=url)
        self.wait(f"document.readyState === 'complete' && location.href === {json.dumps(url)}")

    def run_scripts(self) -> None:
        """Let the scripts of pages run from now on, and keep what their policy forbids for ``violations``."""
        listen = "window.violations = []; addEventListener('securitypolicyviolation', "
        listen += (
            "event => violations.push(`${event.violatedDirective}: ${event.blockedURI} ${event.sample}`))"
        )
        self.call("Page.addScriptToEvaluateOnNewDocument", source=listen)
        self.call("Emulation.setScriptExecutionDisabled", value=False)

    @property
    def violations(self) -> list[str]:
        """What the page's content security policy forbade since it was opened, with ``run_scripts``."""
        found: list[str] = self.evaluate("violations")
        return found

    def wait(self, condition: str) -> None:
        """Wait until an expression is true, on whichever page stands there by then."""
        deadline = time.monotonic() + ANSWER_SECONDS
        while True:
            try:
                if self.evaluate(condition):
                    return
            except BrowserError:  # the page went away meanwhile
                pass
            if time.monotonic() > deadline:
                raise BrowserError(f"not within {ANSWER_SECONDS} s: {condition}; asked for: {self.requests}")
            time.sleep(0.01)

    def audit(self, axe: str) -> list[str]:
        """What axe-core, whose source is given, finds wrong with the page: rule and elements."""
        self.call("Emulation.setScriptExecutionDisabled", value=False)
        run = "axe.run(document).then(({violations}) => violations.map("
        run += "v => `${v.id}: ${v.nodes.map(n => n.html).join(' ')}`))"
        answer = self.call(
            "Runtime.evaluate", expression=f"{axe};{run}", awaitPromise=True, returnByValue=True
        )
        self.call("Emulation.setScriptExecutionDisabled", value=True)
        if "exceptionDetails" in answer:
            raise BrowserError(json.dumps(answer["exceptionDetails"], indent=1))
        found: list[str] = answer["result"]["value"]
        return found

    def evaluate(self, expression: str) -> Any:
        """The value of a JavaScript expression."""
        answer = self.call("Runtime.evaluate", expression=expression, returnByValue=True)
        if "exceptionDetails" in answer:
            raise BrowserError(json.dumps(answer["exceptionDetails"], indent=1))
        return answer["result"].get("value")

    def screenshot(self, path: Path) -> None:
        """The whole page, however long, as PNG."""
        data = self.call("Page.captureScreenshot", captureBeyondViewport=True)["data"]
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(base64.b64decode(data))

    def on_event(self, event: dict[str, Any]) -> None:
        """Answer a request of the page."""
        if event["method"] != "Fetch.requestPaused" or event.get("sessionId") != self._session:
            return
        number, kind = event["params"]["requestId"], event["params"]["resourceType"]
        self.requests.append(Request(kind, event["params"]["request"]["url"]))
        if self._site and self.requests[-1].url.startswith(self._site):
            self._browser.post("Fetch.continueRequest", self._session, requestId=number)
            return
        if kind != "Image" or not self._pictures:
            self._browser.post(
                "Fetch.failRequest", self._session, requestId=number, errorReason="BlockedByClient"
            )
            return
        self._browser.post(
            "Fetch.fulfillRequest",
            self._session,
            requestId=number,
            responseCode=200,
            responseHeaders=[{"name": "Content-Type", "value": "image/png"}],
            body=base64.b64encode(
                picture(len(self.requests), SHAPES[len(self.requests) % len(SHAPES)])
            ).decode(),
        )


SHAPES = ((320, 320), (600, 200), (180, 480), (40, 40))
"""Pixels of the pictures that a page gets in turn: square, landscape, portrait and small."""


def picture(number: int, size: tuple[int, int] = SHAPES[0]) -> bytes:
    """A PNG with a gradient, another colour for each ``number`` (PNG specification, 11.2)."""
    width, height = size

    def chunk(kind: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    red, green = 60 + number * 47 % 160, 60 + number * 83 % 160
    rows = b"".join(b"\0" + bytes((red, green, 90 + 120 * row // height)) * width for row in range(height))
    header = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    return (
        b"\x89PNG\r\n\x1a\n"
        + chunk(b"IHDR", header)
        + chunk(b"IDAT", zlib.compress(rows))
        + chunk(b"IEND", b"")
    )


@contextmanager
def running_browser(root: Path, home: Path) -> Iterator[Browser]:
    """Start the Chromium unpacked under ``root``, with ``home`` for all that it writes."""
    command, environment = _command(root, home), _environment(root, home)
    (commands_out, commands_in), (answers_out, answers_in) = os.pipe(), os.pipe()
    with (home / "chromium.log").open("wb") as log:
        process = subprocess.Popen(
            [sys.executable, "-I", "-S", "-c", _EXEC, str(commands_out), str(answers_in), *command],
            stdin=subprocess.DEVNULL, stdout=log, stderr=log, env=environment,
            pass_fds=[commands_out, answers_in], start_new_session=True,
        )  # fmt: skip
    os.close(commands_out)
    os.close(answers_in)
    with os.fdopen(commands_in, "wb") as commands, os.fdopen(answers_out, "rb", buffering=0) as answers:
        browser = Browser(commands, answers, process)
        try:
            try:
                browser.call("Browser.getVersion")
            except (BrowserError, OSError) as error:
                words = (home / "chromium.log").read_text(errors="replace")[-2000:]
                raise BrowserError(f"{error}; it said: {words}") from error
            yield browser
        finally:
            os.killpg(process.pid, signal.SIGKILL)  # it has nothing to save
            process.wait(10)


def _command(root: Path, home: Path) -> list[str]:
    words = program(root, "usr/lib/chromium/chromium-headless-shell")
    # Chromium looks for its data beside /proc/self/exe, and starts its children by that name: both are the
    # loader's. So the loader gets a name there, and the children a script that starts them the same way.
    loader = root / "usr/lib/chromium/ld.so"
    if not loader.exists():
        fresh = loader.with_name(f"ld.so.{os.getpid()}")
        shutil.copy2(Path(words[0]).resolve(), fresh)
        fresh.rename(loader)
    words[0] = str(loader)
    child = home / "child.sh"
    child.write_text("#!/bin/sh\nexec " + " ".join(f"'{word}'" for word in words) + ' "$@"\n')
    child.chmod(0o755)
    return [
        *words,
        "--headless",
        "--remote-debugging-pipe",
        f"--browser-subprocess-path={child}",
        f"--user-data-dir={home / 'profile'}",
        "--no-sandbox",  # as root, and where user namespaces are forbidden; it only ever shows our own pages
        "--no-zygote",  # which would start children by /proc/self/exe
        "--disable-gpu",
        "--disable-quic",
        "--disable-dev-shm-usage",  # small in containers
        "--no-first-run",
        "--disable-background-networking",
        "--disable-component-update",
        "--disable-sync",
        "--hide-scrollbars",
        "--font-render-hinting=none",
    ]


def _environment(root: Path, home: Path) -> dict[str, str]:
    fonts = home / "fonts.conf"
    fonts.write_text(_FONTS.format(fonts=root / "usr/share/fonts", cache=home / "fontconfig"))
    return {
        "PATH": os.environ.get("PATH", os.defpath),
        "HOME": str(home),
        "TMPDIR": str(home),
        "LANG": "C.UTF-8",
        "TZ": "UTC",
        "FONTCONFIG_FILE": str(fonts),
    }
