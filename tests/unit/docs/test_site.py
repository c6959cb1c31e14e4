"""The documentation as a site: every page is in its menu, and no link leads nowhere."""

import re
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[3]


def build(config: Path, folder: Path) -> subprocess.CompletedProcess[str]:
    command = [
        sys.executable,
        "-m",
        "mkdocs",
        "build",
        "--config-file",
        str(config),
        "--site-dir",
        str(folder),
    ]
    return subprocess.run(command, capture_output=True, text=True, timeout=120, check=False)


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("site")
    done = build(ROOT / ".mkdocs.yml", folder)
    assert done.returncode == 0, done.stderr
    return folder


def test_every_page_is_there_and_in_the_menu(site: Path) -> None:
    first = (site / "index.html").read_text()
    pages = [page.relative_to(ROOT / "docs").with_suffix("") for page in ROOT.glob("docs/**/*.md")]
    for page in [*pages, Path("CONTRIBUTING"), Path("CHANGELOG")]:
        assert (site / f"{page}.html").is_file()
        assert f'href="{page}.html"' in first


def test_files_that_pages_link_to_come_along(site: Path) -> None:
    page = (site / "alerts.html").read_text()
    assert 'href="source/docker/prometheus/alerts.yaml"' in page
    copied = site / "source/docker/prometheus/alerts.yaml"
    assert copied.read_text() == (ROOT / "docker/prometheus/alerts.yaml").read_text()


def test_nothing_is_loaded_from_elsewhere(site: Path) -> None:
    for page in site.rglob("*.html"):
        loaded = re.findall(r'<(?:script|link|img)[^>]+(?:src|href)="(https?:[^"]+)"', page.read_text())
        assert [url for url in loaded if "canonical" not in url] == []


def test_a_link_that_leads_nowhere_fails(tmp_path: Path) -> None:
    (tmp_path / "docs").mkdir()
    (tmp_path / "docs/index.md").write_text("# Page\n\n[there](nowhere.md) and [here](#no-such-heading)\n")
    settings = (
        (ROOT / ".mkdocs.yml").read_text().partition("\nnav:")[0].replace("  - .ci/site.py\n", "  []\n")
    )
    (tmp_path / "mkdocs.yml").write_text(settings)
    done = build(tmp_path / "mkdocs.yml", tmp_path / "site")
    assert done.returncode != 0
    assert "nowhere.md" in done.stderr
    assert "#no-such-heading" in done.stderr
