"""The example for Kubernetes: its settings are valid, its probes fit the service, and it may do nothing else."""

import re
from pathlib import Path
from typing import Any

import yaml

from binlog_watcher.settings.load import load_settings
from binlog_watcher.settings.settings import Settings

ROOT = Path(__file__).parents[3]


def manifests() -> dict[str, Any]:
    """By kind."""
    texts = [file.read_text() for file in sorted((ROOT / "docker/kubernetes").glob("*.yaml"))]
    return {one["kind"]: one for text in texts for one in yaml.safe_load_all(text)}


def container() -> dict[str, Any]:
    (only,) = manifests()["Deployment"]["spec"]["template"]["spec"]["containers"]
    return dict(only)


def test_its_settings_are_valid_and_the_metrics_are_where_the_probes_ask() -> None:
    environ = manifests()["ConfigMap"]["data"] | manifests()["Secret"]["stringData"]
    assert {name.removeprefix("CARTWAKE_").lower() for name in environ} <= set(Settings.model_fields)
    assert all(name.startswith("CARTWAKE_") for name in environ)
    settings = load_settings(None, environ=environ)
    (port,) = container()["ports"]
    assert settings.metrics_port == port["containerPort"]
    assert settings.metrics_host == "0.0.0.0"  # noqa: S104 -- within the pod's network
    grace = manifests()["Deployment"]["spec"]["template"]["spec"]["terminationGracePeriodSeconds"]
    assert grace > settings.shutdown_seconds


def test_secrets_are_not_among_the_settings_for_all() -> None:
    assert [name for name in manifests()["ConfigMap"]["data"] if "PASSWORD" in name or "SECRET" in name] == []


def test_it_may_do_nothing_but_its_work() -> None:
    pod = manifests()["Deployment"]["spec"]["template"]["spec"]
    (user,) = re.findall(r"^USER (\d+):", (ROOT / "docker/Dockerfile").read_text(), re.MULTILINE)
    assert (pod["securityContext"]["runAsNonRoot"], pod["securityContext"]["runAsUser"]) == (True, int(user))
    held = container()["securityContext"]
    assert held["readOnlyRootFilesystem"]
    assert held["capabilities"] == {"drop": ["ALL"]}
    assert not held["allowPrivilegeEscalation"]
    assert set(container()["resources"]) == {"requests", "limits"}


def test_what_restarts_it_asks_whether_it_hangs() -> None:
    paths = {name: container()[name]["httpGet"]["path"] for name in ("livenessProbe", "readinessProbe")}
    assert paths == {"livenessProbe": "/healthz", "readinessProbe": "/readyz"}
