"""Against a small Debian archive with a real signature; see data/archive/generate.sh."""

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from binlog_watcher.demo.apt import PackageError
from binlog_watcher.demo.packages import cached, fetch, program

ARCHIVE = Path(__file__).parents[2] / "data" / "archive"

FETCH = """
import sys
from pathlib import Path
from binlog_watcher.demo.packages import fetch
fetch("greeting", ["greeting"], etc=Path(sys.argv[1]))
"""


@pytest.fixture(autouse=True)
def empty_cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("CARTWAKE_CACHE", str(tmp_path / "cache"))
    return tmp_path / "cache"


@pytest.fixture
def archive(tmp_path: Path) -> Path:
    """A copy to tamper with."""
    return Path(shutil.copytree(ARCHIVE, tmp_path / "archive"))


@pytest.fixture
def etc(tmp_path: Path, archive: Path) -> Path:
    """An /etc/apt that names the archive."""
    return write_etc(tmp_path, archive, f"signed-by={archive}/keyring.gpg")


def write_etc(tmp_path: Path, archive: Path, options: str) -> Path:
    folder = tmp_path / "etc"
    folder.mkdir(exist_ok=True)
    (folder / "sources.list").write_text(f"deb [{options}] file:{archive} unstable main\n")
    return folder


def greeting(etc: Path) -> Path:
    return fetch("greeting", ["greeting"], etc=etc, announce=lambda _: None)


def unpacked(root: Path) -> list[str]:
    return sorted(path.name for path in (root / "usr/share/greeting").iterdir())


def nothing_is_cached(cache: Path) -> bool:
    return [path.suffix for path in (cache / "packages").iterdir()] == [".lock"]


def test_fetches_a_package_and_what_it_depends_on_and_no_more(etc: Path) -> None:
    root = greeting(etc)
    assert unpacked(root) == ["sentence", "words"]
    assert (root / "packages.txt").read_text().split() == ["greeting-words_1:1.0_all", "greeting_1:1.0_all"]
    assert not (root / ".apt").exists()


def test_what_is_cached_needs_neither_apt_nor_a_mirror(etc: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert cached("greeting", ["greeting"]) is None
    root = greeting(etc)
    monkeypatch.setenv("PATH", "/nowhere")
    shutil.rmtree(etc)
    assert greeting(etc) == root == cached("greeting", ["greeting"])


def test_says_what_it_does_line_by_line(etc: Path) -> None:
    lines: list[str] = []
    fetch("greeting", ["greeting"], etc=etc, announce=lines.append)
    assert lines[0] == "Fetching greeting from Debian's unstable suite ..."
    assert lines[-1] == "Fetched greeting: 2 packages, 0 MB, in the cache now"


def test_an_embedded_key_will_do(tmp_path: Path, archive: Path) -> None:
    etc = tmp_path / "etc"
    (etc / "sources.list.d").mkdir(parents=True)
    key = "".join(f" {line or '.'}\n" for line in (archive / "keyring.asc").read_text().splitlines())
    (etc / "sources.list.d" / "debian.sources").write_text(
        f"Types: deb\nURIs: file:{archive}\nSuites: unstable\nComponents: main\nSigned-By:\n{key}"
    )
    assert unpacked(greeting(etc)) == ["sentence", "words"]


def test_lists_that_were_tampered_with_are_refused(archive: Path, etc: Path, empty_cache: Path) -> None:
    for packages in archive.glob("dists/unstable/main/*/Packages"):
        packages.write_text(packages.read_text().replace("Version: 1:1.0", "Version: 1:9.9"))
    with pytest.raises(PackageError, match=r"unexpected size|Hash Sum mismatch"):
        greeting(etc)
    assert nothing_is_cached(empty_cache)


def test_a_release_file_that_was_tampered_with_is_refused(
    archive: Path, etc: Path, empty_cache: Path
) -> None:
    release = archive / "dists/unstable/InRelease"
    release.write_text(release.read_text().replace("Codename: sid", "Codename: bad"))
    with pytest.raises(PackageError, match=r"not signed|signatures were invalid"):
        greeting(etc)
    assert nothing_is_cached(empty_cache)


@pytest.mark.parametrize("options", ["arch=amd64,arm64", "trusted=yes", "allow-insecure=yes"])
def test_a_key_that_the_machine_does_not_trust_is_refused(
    tmp_path: Path, archive: Path, options: str, empty_cache: Path
) -> None:
    with pytest.raises(PackageError, match=r"not signed|NO_PUBKEY"):
        greeting(write_etc(tmp_path, archive, options))
    assert nothing_is_cached(empty_cache)


def test_a_bad_download_does_not_poison_the_cache(archive: Path, etc: Path, empty_cache: Path) -> None:
    package = archive / "pool/greeting_1.0_all.deb"
    good = package.read_bytes()
    package.write_bytes(good[:-20] + b"x" * 20)
    with pytest.raises(PackageError, match="Hash Sum mismatch"):
        greeting(etc)
    assert nothing_is_cached(empty_cache)
    package.write_bytes(good)
    assert unpacked(greeting(etc)) == ["sentence", "words"]


def test_an_unknown_package_is_named(etc: Path) -> None:
    with pytest.raises(PackageError, match="Unable to locate package no-such-thing"):
        fetch("thing", ["no-such-thing"], etc=etc, announce=lambda _: None)


@pytest.mark.parametrize(
    ("program_name", "package"), [("apt-get", "apt"), ("dpkg-deb", "dpkg"), ("apt-config", "apt")]
)
def test_a_missing_tool_is_one_line_that_names_its_package(
    tmp_path: Path, etc: Path, monkeypatch: pytest.MonkeyPatch, program_name: str, package: str
) -> None:
    tools = tmp_path / "tools"
    tools.mkdir()
    for tool in {"apt-get", "dpkg-deb", "apt-config"} - {program_name}:
        (tools / tool).symlink_to(str(shutil.which(tool)))
    monkeypatch.setenv("PATH", str(tools))
    with pytest.raises(PackageError) as caught:
        greeting(etc)
    assert str(caught.value) == f"{program_name} is missing: install the package {package}"


def test_of_several_processes_one_fetches_and_the_others_wait(etc: Path, empty_cache: Path) -> None:
    processes = [
        subprocess.Popen([sys.executable, "-c", FETCH, etc], stderr=subprocess.PIPE, text=True)
        for _ in range(3)
    ]
    heard = [process.communicate(timeout=60)[1] for process in processes]
    assert [process.returncode for process in processes] == [0, 0, 0], heard
    assert sum("Fetched greeting" in lines for lines in heard) == 1
    assert list(empty_cache.glob("packages/*.partial-*")) == []


def test_a_program_that_is_not_there_is_a_clear_error(etc: Path) -> None:
    with pytest.raises(PackageError, match="does not exist"):
        program(greeting(etc), "usr/bin/greet")
    (greeting(etc) / "usr/bin").mkdir()
    (greeting(etc) / "usr/bin/greet").touch()
    with pytest.raises(PackageError, match="holds no loader"):
        program(greeting(etc), "usr/bin/greet")
