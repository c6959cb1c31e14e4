"""The local page that shows a theme."""

import http.client
import json
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import quote

import pytest
from fakes.previewed_theme import previewed

from mailer.theme_preview import PreviewServer

MAIL = f"kind={quote('a cart of two things')}&language=en"


@pytest.fixture
def server(tmp_path: Path) -> Iterator[PreviewServer]:
    with previewed(tmp_path / "mine", "calm") as made:
        yield made


def ask(server: PreviewServer, path: str, *, method: str = "GET", host: str = "") -> tuple[int, str]:
    connection = http.client.HTTPConnection("127.0.0.1", server.server_port, timeout=20)
    try:
        connection.request(method, path, headers={"Host": host or f"127.0.0.1:{server.server_port}"})
        answer = connection.getresponse()
        return answer.status, answer.read().decode()
    finally:
        connection.close()


def test_the_page_and_its_choices(server: PreviewServer) -> None:
    status, page = ask(server, "/")
    assert (status, "Theme preview" in page) == (200, True)
    assert [ask(server, path)[0] for path in ("/page.js", "/page.css")] == [200, 200]
    choices = json.loads(ask(server, "/choices")[1])
    assert choices["look"] == ["light", "dark", "no-pictures"]
    assert "ar" in choices["language"]
    for kind in choices["kind"]:
        assert ask(server, f"/mail?kind={quote(kind)}&language=ja&look=light")[0] == 200


def test_each_look(server: PreviewServer) -> None:
    light, dark, bare = (
        ask(server, f"/mail?{MAIL}&look={look}")[1] for look in ("light", "dark", "no-pictures")
    )
    assert "prefers-color-scheme: dark" not in light + dark
    assert ("@media not all" in light, "@media all" in dark) == (True, True)
    assert ("src=" in light, "src=" in bare) == (True, False)
    assert ask(server, f"/text?{MAIL}")[1].startswith("Subject: Jane, you left something in your cart")


def test_what_is_saved_is_shown_and_a_mistake_is_told(server: PreviewServer, tmp_path: Path) -> None:
    before = ask(server, "/stamp")[1]
    (tmp_path / "mine/theme.toml").write_text('brand = "#b91c1c"')
    assert ask(server, "/stamp")[1] != before
    assert "background-color: #b91c1c" in ask(server, f"/mail?{MAIL}&look=light")[1]
    (tmp_path / "mine/theme.toml").write_text('brand = "<red>"')
    status, page = ask(server, f"/mail?{MAIL}&look=light")
    assert status == 200
    assert "&lt;red&gt;" in page
    assert "is no colour" in page


@pytest.mark.parametrize(
    "path",
    [
        "/mail",
        "/mail?kind=x&language=en&look=light",
        f"/mail?{MAIL}&look=loud",
        "/../pyproject.toml",
        "/x",
        "//x",
    ],
)
def test_what_there_is_not(server: PreviewServer, path: str) -> None:
    assert ask(server, path)[0] == 404


def test_another_name_and_another_method_are_refused(server: PreviewServer) -> None:
    assert ask(server, "/", host="evil.example")[0] == 403
    assert ask(server, "/", host=f"localhost:{server.server_port}")[0] == 200
    assert ask(server, "/", method="POST")[0] == 501
