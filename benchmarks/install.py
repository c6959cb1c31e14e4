"""How large an installation is, with and without extras, and how long a command takes to import what it needs.

Makes an environment of its own for each, from this source; packages come from the index or pip's cache. Times are
those of the processor, of `cartwake --version` and of what TRACES_URL brings in beside the interpreter itself.
"""

import argparse
import resource
import subprocess
import sys
import tempfile
import venv
from collections.abc import Sequence
from pathlib import Path

from figures import figure, machine, progress

ROOT = Path(__file__).parents[1]
EXTRAS = {"plain": "", "otel": "[otel]", "genai": "[genai]", "gemini": "[gemini]"}
NOT_OURS = ("pip", "setuptools", "_distutils_hack", "pkg_resources")
MB = 1_000_000


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=10)
    parser.add_argument(
        "--here", action="store_true", help="only the time, in the environment that this runs in"
    )
    options = parser.parse_args()
    progress(machine())
    if options.here:
        _times(Path(sys.executable), options.rounds)
        _times_of_traces(Path(sys.executable), options.rounds)
        return
    with tempfile.TemporaryDirectory(prefix="cartwake-install-") as folder:
        for name, extra in EXTRAS.items():
            python = _installed(Path(folder) / name, extra)
            figure(f"install.{name}_mb", [_size(python) / MB], "MB")
        _times(Path(folder) / "plain" / "bin" / "python", options.rounds)
        _times_of_traces(Path(folder) / "otel" / "bin" / "python", options.rounds)
    progress(machine())


def _installed(folder: Path, extra: str) -> Path:
    """The interpreter of a new environment with Cartwake in it."""
    progress(f"installing into {folder.name}")
    venv.create(folder, with_pip=True)
    python = folder / "bin" / "python"
    pip = [str(python), "-m", "pip", "install", "--quiet", "--disable-pip-version-check", f"{ROOT}{extra}"]
    subprocess.run(pip, check=True, stdout=sys.stderr)
    return python


def _size(python: Path) -> int:
    """Bytes of all that is installed, compiled modules too, without pip itself."""
    (packages,) = (python.parents[1] / "lib").glob("python*/site-packages")
    ours = [path for path in packages.iterdir() if path.name.split("-")[0] not in NOT_OURS]
    files = [file for path in ours for file in (path.rglob("*") if path.is_dir() else [path])]
    return sum(file.stat().st_size for file in files if file.is_file() and not file.is_symlink())


def _times(python: Path, rounds: int) -> None:
    cartwake = [str(python), "-m", "binlog_watcher", "--version"]
    _above("install.import_cpu_ms", cartwake, [str(python), "-c", "pass"], rounds)


def _times_of_traces(python: Path, rounds: int) -> None:
    """What is imported more where TRACES_URL is set, the most: a part of it a service needs anyway."""
    off = "import binlog_watcher.telemetry.otel as otel"
    _above(
        "install.otel_import_cpu_ms",
        [str(python), "-c", f"{off}; otel.sdk()"],
        [str(python), "-c", off],
        rounds,
    )


def _above(name: str, command: Sequence[str], base: Sequence[str], rounds: int) -> None:
    """How much more a command takes than another one."""
    _cpu_ms(command)  # compiles what pip has not
    least = min(_cpu_ms(base) for _ in range(rounds))
    figure(name, [_cpu_ms(command) - least for _ in range(rounds)], "ms")


def _cpu_ms(command: Sequence[str]) -> float:
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL, cwd="/")
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return 1000 * (after.ru_utime - before.ru_utime + after.ru_stime - before.ru_stime)


if __name__ == "__main__":
    main()
