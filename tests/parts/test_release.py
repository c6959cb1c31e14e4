"""What `make release` makes: looked over as an index would, complete, and good for the demo where there is no clone."""

import os
import re
import subprocess
import sys
import sysconfig
import tarfile
import venv
import zipfile
from pathlib import Path

import pytest

pytestmark = pytest.mark.parts

ROOT = Path(__file__).parents[2]
PACKAGES = ("binlog_watcher", "recommender", "mailer")


def run(*command: str | Path, folder: Path = ROOT, timeout: float = 150) -> str:
    done = subprocess.run(
        command, cwd=folder, env={**os.environ, "COLUMNS": "80"}, stdin=subprocess.DEVNULL,
        capture_output=True, text=True, timeout=timeout, check=False,
    )  # fmt: skip
    assert done.returncode == 0, (command, done.stdout[-3000:], done.stderr[-3000:])
    return done.stdout


@pytest.fixture(scope="module")
def dist(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder with wheel and source, as `make release` makes them."""
    folder = tmp_path_factory.mktemp("dist")
    run(sys.executable, "-m", "build", "--outdir", folder, ".")
    return folder


@pytest.fixture(scope="module")
def wheel(dist: Path) -> Path:
    (file,) = dist.glob("*.whl")
    return file


@pytest.fixture(scope="module")
def sdist(dist: Path) -> Path:
    (file,) = dist.glob("*.tar.gz")
    return file


def tracked(*folders: str) -> set[str]:
    """Files of the repository, without those that are only made."""
    return set(run("git", "ls-files", *folders).splitlines())


def test_an_index_would_take_them(wheel: Path, sdist: Path) -> None:
    tools = Path(sys.executable).parent
    said = run(tools / "twine", "check", "--strict", wheel, sdist)
    assert said.count("PASSED") == 2
    run(tools / "check-wheel-contents", wheel)


def test_the_wheel_has_every_file_of_the_packages_and_no_other(wheel: Path) -> None:
    names = set(zipfile.ZipFile(wheel).namelist())
    packed = {name for name in names if ".dist-info/" not in name}
    assert packed == tracked(*PACKAGES)


def test_what_it_says_of_itself(wheel: Path) -> None:
    archive = zipfile.ZipFile(wheel)
    (metadata,) = [name for name in archive.namelist() if name.endswith(".dist-info/METADATA")]
    lines = archive.read(metadata).decode().partition("\n\n")[0].splitlines()
    assert "License-Expression: MIT" in lines
    assert "License-File: LICENSE" in lines
    assert "Requires-Python: >=3.11" in lines
    extras = {line.partition(": ")[2] for line in lines if line.startswith("Provides-Extra")}
    assert {"demo", "dkim", "gemini", "genai", "otel"} <= extras
    for version in ("3.11", "3.12", "3.13"):
        assert f"Classifier: Programming Language :: Python :: {version}" in lines


def test_the_source_has_what_tests_and_documentation_need(sdist: Path) -> None:
    with tarfile.open(sdist) as archive:
        names = {name.partition("/")[2] for name in archive.getnames()}
    assert tracked() - names == {name for name in tracked() if name == ".gitignore"} - names


@pytest.mark.timeout(400)
def test_the_demo_runs_in_an_empty_folder_without_a_clone(wheel: Path, tmp_path: Path) -> None:
    place = tmp_path / "venv"
    venv.create(place, with_pip=True)
    program = place / "bin" / "cartwake"
    run(place / "bin" / "python", "-m", "pip", "install", "--quiet", "--no-deps", wheel)
    # What it depends on comes from here. Its own code does not: an editable install needs a .pth in a site folder.
    (packages,) = place.glob("lib/python*/site-packages")
    (packages / "dependencies.pth").write_text(sysconfig.get_path("purelib") + "\n")
    where = run(
        place / "bin" / "python",
        "-c",
        "import binlog_watcher; print(binlog_watcher.__file__)",
        folder=tmp_path,
    )
    assert Path(where.strip()).is_relative_to(place)
    empty = tmp_path / "empty"
    empty.mkdir()
    with subprocess.Popen(
        [program, "demo"], cwd=empty, env={"PATH": "/usr/bin:/bin", "HOME": os.environ["HOME"], "COLUMNS": "80"},
        stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
    ) as process:  # fmt: skip
        said, _ = process.communicate(timeout=380)
    # How many of its mails are right is a busy machine's matter; that it goes through is the wheel's.
    assert "Traceback" not in said
    assert re.search(r"^recovered [1-9]", said, re.MULTILINE), said[-3000:]
    assert (empty / "demo-output/mails/index.html").is_file()
    assert [path.name for path in empty.iterdir()] == ["demo-output"]
