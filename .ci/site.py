"""MkDocs' hooks: pages that stand at the top of the repository come along, and so do files that a page links to."""

import posixpath
import re
from pathlib import Path
from typing import Any

from mkdocs.structure.files import File, Files

ROOT = Path(__file__).resolve().parents[1]
TOP = ("README.md", "CONTRIBUTING.md", "CHANGELOG.md", "SECURITY.md")

_LINK = re.compile(r"\]\((?!https?:|mailto:|#)([^)#\s]+)(#[^)\s]*)?\)")
_IMAGE = re.compile(r'(<img[^>]*? src=")(?!https?:)([^"]+)')
_CODE = re.compile(r"^(`{3,}).*?^\1$|`[^`\n]+`", re.MULTILINE | re.DOTALL)


def on_files(files: Files, config: Any) -> Files:
    """Add the pages of the top, and what is linked to besides pages."""
    pages = {name: ROOT / name for name in TOP} | {
        page.src_uri: Path(page.abs_src_path) for page in files.documentation_pages()
    }
    for name in TOP:
        files.append(File.generated(config, name, abs_src_path=str(ROOT / name)))
    known = {path.resolve() for path in pages.values()}
    for path in pages.values():
        for target in sorted(linked(path) - known):
            if target.is_file():
                uri = f"source/{target.relative_to(ROOT).as_posix()}"
                if files.get_file_from_path(uri) is None:
                    files.append(File.generated(config, uri, abs_src_path=str(target)))
    return files


def on_page_markdown(markdown: str, page: Any, **_: Any) -> str:
    """Links as they are on the site: pages beside each other, other files under ``source``."""
    uri = page.file.src_uri
    path = ROOT / uri if uri in TOP else ROOT / "docs" / uri

    def moved(found: re.Match[str]) -> str:
        target = (path.parent / found[1]).resolve()
        at = _place(target)
        if at is None:
            return found[0]
        anchor = (found[2] or "") if at.endswith(".md") else ""
        return f"]({posixpath.relpath(at, posixpath.dirname(uri) or '.')}{anchor})"

    def image_moved(found: re.Match[str]) -> str:
        at = _place((path.parent / found[2]).resolve())
        return f"{found[1]}{posixpath.relpath(at or found[2], posixpath.dirname(uri) or '.')}"

    return outside_code(markdown, lambda text: _IMAGE.sub(image_moved, _LINK.sub(moved, text)))


def _place(target: Path) -> str | None:
    """Where a file of the repository is on the site."""
    if target.is_relative_to(ROOT / "docs") and target.suffix == ".md":
        return target.relative_to(ROOT / "docs").as_posix()
    if target.parent == ROOT and target.name in TOP:
        return target.name
    if target.is_relative_to(ROOT) and target.is_file():
        return f"source/{target.relative_to(ROOT).as_posix()}"
    return None


def linked(path: Path) -> set[Path]:
    """The files that a page links to."""
    found: set[Path] = set()

    def note(text: str) -> str:
        targets = [target for target, _ in _LINK.findall(text)] + [
            target for _, target in _IMAGE.findall(text)
        ]
        found.update((path.parent / target).resolve() for target in targets)
        return text

    outside_code(path.read_text(encoding="utf-8"), note)
    return {target for target in found if target.is_relative_to(ROOT)}


def outside_code(markdown: str, change: Any) -> str:
    """``markdown`` with its text changed, and its code left alone."""
    parts, at = [], 0
    for code in _CODE.finditer(markdown):
        parts += [change(markdown[at : code.start()]), code[0]]
        at = code.end()
    return "".join([*parts, change(markdown[at:])])
