"""Makes the README's pictures: the dashboard, and a mail with the sample shop's products. Usage: FOLDER."""

import base64
import contextlib
import functools
import http.server
import sys
import tempfile
import threading
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

from fakes.admin import TOKEN, Clock, access_of
from fakes.dashboard import app_in
from parts import chromium, specimens
from parts.chromium import Browser, Page

from binlog_watcher.demo.packages import fetch
from binlog_watcher.demo.pictures import with_pictures
from mailer.web import PageServer

DASHBOARD = (1200, 1116)
MAIL = (640, 1080)


def main(folder: Path) -> None:
    root = fetch("chromium", chromium.PACKAGES)
    folder.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as home, chromium.running_browser(root, Path(home)) as browser:
        _dashboard(browser, folder / "dashboard.png")
        _mail(browser, Path(home), folder / "mail.png")


def _dashboard(browser: Browser, path: Path) -> None:
    server = PageServer(app_in("fine", access_of(Clock())), "127.0.0.1", 0)
    site = f"http://127.0.0.1:{server.port}"
    try:
        with browser.page(DASHBOARD[0], height=DASHBOARD[1]) as page:
            page.run_scripts()
            page.visit(site + "/login")
            page.evaluate(f"document.querySelector('#token').value = '{TOKEN}'")
            page.evaluate("document.querySelector('button').click()")
            page.wait(f"document.readyState === 'complete' && location.href === '{site}/'")
            _screen(page, path)
    finally:
        server.close()


def _mail(browser: Browser, home: Path, path: Path) -> None:
    store = replace(specimens.STORE, logo_url=None)
    lines = (
        specimens._shop_line("Chromebook Go 11", "229.00"),
        specimens._shop_line("Laptop Basic 15", "359.00"),
    )
    mail = specimens._make("readme", "Jane Doe", lines, store=store)
    (home / "index.html").write_text(with_pictures(mail.rendered.html, home), encoding="utf-8")
    with _served(home) as site, browser.page(MAIL[0], height=MAIL[1]) as page:
        page.visit(f"{site}/index.html")
        _screen(page, path)


@contextlib.contextmanager
def _served(folder: Path) -> Iterator[str]:
    class Quiet(http.server.SimpleHTTPRequestHandler):
        def log_message(self, *_arguments: object) -> None:
            pass

    handler = functools.partial(Quiet, directory=str(folder))
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def _screen(page: Page, path: Path) -> None:
    """What a screen shows of the page, without scrolling."""
    data = page.call("Page.captureScreenshot", optimizeForSpeed=False)["data"]
    path.write_bytes(base64.b64decode(data))
    print(f"{path}: {path.stat().st_size // 1000} kB")  # noqa: T201 - it is a script


if __name__ == "__main__":
    main(Path(sys.argv[1]))
