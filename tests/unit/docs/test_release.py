"""What an index shows of the README: no link or picture leads nowhere; without an address nothing is released."""

import importlib.util
import re
import shutil
import subprocess
from pathlib import Path
from types import ModuleType

import pytest

ROOT = Path(__file__).parents[3]
SOURCE = "https://git.example.org/shop/cartwake/"


@pytest.fixture(scope="module")
def release() -> ModuleType:
    spec = importlib.util.spec_from_file_location("release", ROOT / ".ci/release.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_all_that_the_readme_leads_to_is_absolute(release: ModuleType) -> None:
    before = (ROOT / "README.md").read_text()
    after = release.absolute(before, SOURCE, "1.2.3")
    targets = re.findall(r'\]\(([^)\s]+)\)| src="([^"]+)"', after)
    assert len(targets) > 20
    assert [
        target for pair in targets for target in pair if target and not re.match(r"https://|#", target)
    ] == []
    assert after.replace(f"{SOURCE}blob/v1.2.3/", "").replace(f"{SOURCE}raw/v1.2.3/", "") == before


@pytest.mark.parametrize(
    ("text", "moved"),
    [
        ("[a](docs/a.md#b)", f"[a]({SOURCE}blob/v1/docs/a.md#b)"),
        ("![a](docs/a.png)", f"![a]({SOURCE}raw/v1/docs/a.png)"),
        ('<img alt="a" src="docs/a.png">', f'<img alt="a" src="{SOURCE}raw/v1/docs/a.png">'),
        ("[a](https://example.com) [b](#b)", "[a](https://example.com) [b](#b)"),
        ('pick(["1"])(x)', 'pick(["1"])(x)'),
    ],
)
def test_each_kind_of_target(release: ModuleType, text: str, moved: str) -> None:
    assert release.absolute(text, SOURCE, "1") == moved


def test_without_an_address_it_says_what_to_set(
    release: ModuleType, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    root = tmp_path / "root"
    root.mkdir()
    shutil.copy(ROOT / "README.md", root)
    (root / "pyproject.toml").write_text('[project]\nname = "cartwake"\nversion = "1"\n')
    who = ("-c", "user.name=a", "-c", "user.email=a@example.com")
    for command in (["init", "-q"], ["add", "."], [*who, "commit", "-qm", "All"]):
        subprocess.run(["git", *command], cwd=root, check=True)
    assert release.release(root, tmp_path / "dist") == 1
    assert "[project.urls]" in capsys.readouterr().err
    assert not (tmp_path / "dist").exists()
