"""What would be put on an index, in dist/: wheel and source of the last commit, whose README leads to the repository.

An index shows the README without the repository around it, where relative links and pictures lead nowhere. The one
setting is ``Source`` under ``[project.urls]`` in pyproject.toml.
"""

import re
import subprocess
import sys
import tempfile
import tomllib
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]

MISSING = """cartwake has no public address yet, so on an index the README's links and pictures would lead nowhere.
Set it in pyproject.toml, commit, and run `make release` again:

    [project.urls]
    Source = "https://HOST/OWNER/cartwake"
"""

_TARGET = re.compile(
    r'(?P<before>(?P<picture>!?)\[[^\]]*\]\(|(?P<image><img[^>]*? src="))(?![a-z]+:|#)(?P<path>[^)"\s]+)'
)


def absolute(markdown: str, source: str, version: str) -> str:
    """``markdown`` with its relative targets at the release's tag. The paths are GitHub's; GitLab knows them, too."""

    def moved(found: re.Match[str]) -> str:
        kind = "raw" if found["picture"] or found["image"] else "blob"
        return f"{found['before']}{source.rstrip('/')}/{kind}/v{version}/{found['path']}"

    return _TARGET.sub(moved, markdown)


def release(root: Path, dist: Path) -> int:
    """Build into ``dist`` from the last commit in ``root``; the exit code."""
    with tempfile.TemporaryDirectory() as home:
        folder = Path(home) / "cartwake"
        subprocess.run(["git", "clone", "--quiet", "--depth", "1", root.as_uri(), str(folder)], check=True)
        project = tomllib.loads((folder / "pyproject.toml").read_text(encoding="utf-8"))["project"]
        source = project.get("urls", {}).get("Source")
        if not source:
            sys.stderr.write(MISSING)
            return 1
        readme = folder / "README.md"
        readme.write_text(
            absolute(readme.read_text(encoding="utf-8"), source, project["version"]), encoding="utf-8"
        )
        build = [sys.executable, "-m", "build", "--outdir", str(dist), str(folder)]
        return subprocess.run(build, stdout=subprocess.DEVNULL, check=False).returncode


if __name__ == "__main__":
    sys.exit(release(ROOT, ROOT / "dist"))
