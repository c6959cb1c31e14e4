"""What the pages name is there: links, headings, files, functions, make targets, imports."""

import importlib
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[3]
PAGES = sorted([*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md"), ROOT / "tests/parts/README.md"])
CODE = [
    path
    for folder in ("binlog_watcher", "recommender", "mailer", "tests", "benchmarks")
    for path in sorted((ROOT / folder).rglob("*"))
    if path.suffix in {".py", ".sql", ".toml"} and "node_modules" not in path.parts
]

FENCED = re.compile(r"^[ ]*```.*?^[ ]*```$", re.MULTILINE | re.DOTALL)
LINK = re.compile(r"\[[^\]]*\]\(([^)\s]+)\)")
IMAGE = re.compile(r'<img[^>]*? src="([^"]+)"')
SPAN = re.compile(r"`([^`\n]+)`")
PATH = re.compile(r"\.?[\w-][\w.-]*(?:/[\w.-]+)*/?")
EXTENSIONS = {".py", ".md", ".sql", ".toml", ".yaml", ".yml", ".sh", ".js", ".mjs", ".json", ".cnf", ".html"}
BASES = (ROOT, ROOT / "binlog_watcher", ROOT / "benchmarks")
CITATION = re.compile(r"docs/((?:design|architecture)[\w-]*\.md),[\s#]*((?:\*[^*\n]+\*(?:,| and|[\s#])*)+)")

MADE_UP = {
    "NAME.toml",
    "NAME.sql",
    "theme.toml",
    "style.css",
    "responsive.css",
    "messages",
    "blocks",
    "de.po",
}
"""Files of the reader's own."""


def named(page: Path) -> str:
    return str(page.relative_to(ROOT))


def slug(heading: str) -> str:
    """The anchor that a heading gets."""
    plain = re.sub(r"[^\w\- ]", "", heading.replace("`", "").strip().lower())
    return plain.replace(" ", "-")


def headings(page: Path) -> list[str]:
    text = FENCED.sub("", page.read_text())
    return re.findall(r"^#+ (.+)$", text, re.MULTILINE)


def paths_in(page: Path) -> Iterator[str]:
    """What stands between backticks and can only be a file or folder of this repository."""
    for span in SPAN.findall(LINK.sub("", FENCED.sub("", page.read_text()))):
        if PATH.fullmatch(span) and (Path(span).suffix in EXTENSIONS or span.endswith("/")):
            yield span


def rows_with_functions(page: Path) -> Iterator[tuple[str, str]]:
    """File and function of each row of a table that has both columns."""
    columns: list[str] = []
    for line in page.read_text().splitlines():
        cells = [cell.strip().strip("`") for cell in line.strip().strip("|").split("|")]
        if not line.startswith("|"):
            columns = []
        elif not columns:
            columns = cells
        elif {"file", "function"} <= set(columns) and not set(line) <= set("|- "):
            row = dict(zip(columns, cells, strict=True))
            yield row["file"], row["function"]


@pytest.mark.parametrize("page", PAGES, ids=named)
def test_links_lead_somewhere(page: Path) -> None:
    broken = []
    text = FENCED.sub("", page.read_text())
    for target in [*LINK.findall(text), *IMAGE.findall(text)]:
        if re.match(r"[a-z]+:", target):
            continue
        file, _, anchor = target.partition("#")
        to = (page.parent / file).resolve() if file else page
        if not to.exists() or (anchor and anchor not in map(slug, headings(to))):
            broken.append(target)
    assert broken == []


@pytest.mark.parametrize("page", ["troubleshooting", "alerts", "upgrade", "removal"])
def test_what_is_read_in_a_hurry_is_short(page: str) -> None:
    assert len((ROOT / f"docs/{page}.md").read_text().splitlines()) <= 45


def test_no_page_is_longer_than_three_screens() -> None:
    long = {named(page) for page in (ROOT / "docs").rglob("*.md") if len(page.read_text().splitlines()) > 120}
    assert long == set()


@pytest.mark.parametrize("page", PAGES, ids=named)
def test_files_that_are_named_exist(page: Path) -> None:
    bases = (*BASES, page.parent)
    assert [
        path
        for path in paths_in(page)
        if Path(path).name not in MADE_UP and not any((base / path).exists() for base in bases)
    ] == []


def test_the_way_through_the_house_names_functions_that_exist() -> None:
    rows = list(rows_with_functions(ROOT / "docs/architecture-way.md"))
    assert len(rows) > 10
    missing = []
    for file, function in rows:
        texts = [(base / file).read_text() for base in BASES if (base / file).exists()]
        if not any(re.search(rf"^\s*(?:async )?def {function}\(", text, re.MULTILINE) for text in texts):
            missing.append((file, function))
    assert missing == []


def test_every_room_is_on_the_map() -> None:
    house = ROOT / "binlog_watcher"
    rooms = {f"{path.parent.relative_to(house)}/" for path in house.rglob("__init__.py")} - {"./"}
    page = (ROOT / "docs/architecture.md").read_text()
    assert sorted(room for room in rooms if f"`{room}`" not in page) == []


@pytest.mark.parametrize("page", PAGES, ids=named)
def test_make_targets_exist(page: Path) -> None:
    targets = set(re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text(), re.MULTILINE))
    named_targets = set(re.findall(r"(?:^|`)\s*make (?:-s )?([a-z-]+)", page.read_text(), re.MULTILINE))
    assert named_targets - targets == set()


def test_what_the_readme_imports_is_there() -> None:
    imports = re.findall(r"^from (\S+) import (\w+)$", (ROOT / "README.md").read_text(), re.MULTILINE)
    assert imports
    assert [name for module, name in imports if not hasattr(importlib.import_module(module), name)] == []


def test_comments_cite_headings_of_the_design() -> None:
    pages = [*ROOT.glob("docs/design*.md"), *ROOT.glob("docs/architecture*.md")]
    known = {(page.name, heading) for page in pages for heading in headings(page)}
    cited = {
        (named(path), page, heading)
        for path in CODE
        if path != Path(__file__)
        for page, headings_cited in CITATION.findall(path.read_text())
        for heading in re.findall(r"\*([^*\n]+)\*", headings_cited)
    }
    assert len(cited) > 10
    assert sorted(citation for citation in cited if citation[1:] not in known) == []


@pytest.mark.parametrize("page", PAGES, ids=named)
def test_no_row_stands_twice_in_a_table(page: Path) -> None:
    """As a merge of two lines of work leaves it."""
    twice = []
    for table in re.findall(r"(?:^\|.*\n)+", page.read_text(), re.MULTILINE):
        cells = [line.split("|")[1].strip() for line in table.splitlines()[2:]]
        twice += [cell for cell in set(cells) if cell and cell != "…" and cells.count(cell) > 1]
    assert twice == []
