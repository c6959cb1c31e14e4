"""The manifests of docker/kubernetes against Kubernetes' own schemas, from a Python package. There is no cluster."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

pytestmark = pytest.mark.parts

FOLDER = Path(__file__).parents[2] / "docker/kubernetes"
CHECK = (
    "import sys, yaml, kubernetes_validate\n"
    "for one in yaml.safe_load_all(sys.stdin): kubernetes_validate.validate(one, sys.argv[1], strict=True)\n"
)


@pytest.fixture(scope="module")
def tools(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the schemas, apart from our own environment."""
    folder = tmp_path_factory.mktemp("tools")
    pip = [sys.executable, "-m", "pip", "install", "--quiet", "--disable-pip-version-check"]
    done = subprocess.run(
        [*pip, "--target", str(folder), "kubernetes-validate>=1.31"],
        capture_output=True, text=True, timeout=170, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    return folder


def refused(tools: Path, text: str, version: str) -> str:
    """What the schemas of a version say against a manifest; nothing where they take it."""
    done = subprocess.run(
        [sys.executable, "-W", "ignore", "-c", CHECK, version],
        input=text, env={**os.environ, "PYTHONPATH": str(tools)},
        capture_output=True, text=True, timeout=60, check=False,
    )  # fmt: skip
    return done.stderr if done.returncode else ""


@pytest.mark.parametrize("version", ["1.27", "1.31"])
@pytest.mark.parametrize("name", ["cartwake.yaml", "settings.yaml"])
def test_kubernetes_would_take_the_manifests(tools: Path, name: str, version: str) -> None:
    assert refused(tools, (FOLDER / name).read_text(), version) == ""


def test_a_slip_would_be_seen(tools: Path) -> None:
    text = (FOLDER / "cartwake.yaml").read_text()
    assert "readinesProbe" in refused(tools, text.replace("readinessProbe", "readinesProbe"), "1.31")
