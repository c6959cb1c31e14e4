"""Debian's apt with private state: downloads packages and what they depend on, needs no root, changes nothing.

Formats: sources.list(5) for both kinds of source files, apt.conf(5), and apt's progress-reporting.md for the
status lines. Signatures are checked by apt with the keyring that the machine's own entry names.
"""

import os
import re
import shutil
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TextIO

from binlog_watcher.demo.progress import Report
from binlog_watcher.errors import CartwakeError

ETC_APT = Path("/etc/apt")
OS_RELEASE = Path("/etc/os-release")

# Of an entry's options these go into our own; never "trusted" or "allow-insecure".
_KEPT_OPTIONS = frozenset({"signed-by", "check-valid-until", "check-date", "by-hash"})
_ONE_LINE = re.compile(r"deb\s+(?:\[(?P<options>[^]]*)\]\s*)?(?P<uri>\S+)\s+(?P<suite>\S+)\s+(?P<rest>.*)")


class PackageError(CartwakeError):
    """Packages can't be had on this machine just now; the message says why."""

    exit_code = 69  # EX_UNAVAILABLE of sysexits.h


@dataclass(frozen=True, slots=True)
class Source:
    """One archive and suite of the machine's source lists. ``options``: deb822 field names in lower case."""

    uri: str
    suite: str
    components: tuple[str, ...]
    options: tuple[tuple[str, str], ...] = ()

    def stanza(self, suite: str) -> str:
        """The archive's ``main`` component for ``suite``, as a deb822 stanza."""
        fields = {
            "Types": "deb",
            "URIs": self.uri,
            "Suites": suite,
            "Components": "main",
            **dict(self.options),
        }
        return "".join(f"{name}: {value}\n" for name, value in fields.items())


def read_sources(etc: Path = ETC_APT) -> list[Source]:
    """Every enabled binary source of the machine, in the order of its files."""
    found: list[Source] = []
    parts = etc / "sources.list.d"
    for file in [etc / "sources.list", *sorted(parts.glob("*.list")), *sorted(parts.glob("*.sources"))]:
        try:
            text = file.read_text(encoding="utf-8", errors="replace")
        except OSError:  # not there, or not ours to read
            continue
        found += _deb822(text) if file.suffix == ".sources" else _one_line(text)
    return found


def _one_line(text: str) -> Iterator[Source]:
    for line in text.splitlines():
        if match := _ONE_LINE.fullmatch(line.partition("#")[0].strip()):
            pairs = (option.partition("=") for option in (match["options"] or "").split())
            # Lists are separated by commas here and by spaces in deb822.
            options = [(name.lower(), value.replace(",", " ")) for name, _, value in pairs]
            yield Source(match["uri"], match["suite"], tuple(match["rest"].split()), _kept(options))


def _deb822(text: str) -> Iterator[Source]:
    uncommented = "\n".join(line for line in text.splitlines() if not line.startswith("#"))
    for stanza in re.split(r"\n\s*\n", uncommented):
        # A line that starts with a blank carries its field on; a key may be embedded that way.
        fields = {
            name.lower(): value.strip(" \t")
            for name, _, value in (
                part.partition(":") for part in re.split(r"\n(?=[^ \t])", stanza.strip("\n"))
            )
        }
        if "deb" not in fields.get("types", "").split() or fields.get("enabled", "yes").lower() == "no":
            continue
        components = tuple(fields.get("components", "").split())
        for uri in fields.get("uris", "").split():
            for suite in fields.get("suites", "").split():
                yield Source(uri, suite, components, _kept(list(fields.items())))


def _kept(options: list[tuple[str, str]]) -> tuple[tuple[str, str], ...]:
    return tuple((name, value) for name, value in options if name in _KEPT_OPTIONS)


def debian_archive(sources: list[Source], os_release: Path = OS_RELEASE) -> Source:
    """The machine's entry for the Debian archive itself, as opposed to security updates or other vendors.

    Raises PackageError when there is none.
    """
    codename = _codename(os_release)
    names = {codename, "stable", "testing", "unstable", "sid"} - {""}
    candidates = [
        source
        for source in sources
        if source.suite in names and "main" in source.components and not source.uri.startswith("cdrom:")
    ]
    if not candidates:
        raise PackageError(
            "apt's source lists name no Debian archive (suite of this release, component main)"
        )
    updates = {source.uri for source in sources if source.suite == f"{codename}-updates"}

    def likeness(source: Source) -> tuple[bool, ...]:
        keyring = dict(source.options).get("signed-by", "debian-archive")
        path = source.uri.rstrip("/")
        return (
            "debian-archive" in keyring,
            source.suite == codename,
            source.uri in updates,
            path.endswith("/debian"),
        )

    return max(candidates, key=likeness)


def _codename(os_release: Path) -> str:
    try:
        match = re.search(
            r"^VERSION_CODENAME=\"?([\w-]+)", os_release.read_text(encoding="utf-8"), re.MULTILINE
        )
    except OSError:
        return ""
    return match[1] if match else ""


def require(program: str, package: str) -> str:
    """The path of ``program``. Raises PackageError with the package to install."""
    if path := shutil.which(program):
        return path
    raise PackageError(f"{program} is missing: install the package {package}")


class PrivateApt:
    """An apt whose lists, caches and idea of what is installed (nothing) live in one folder."""

    def __init__(self, home: Path, source: Source, suite: str) -> None:
        self._apt_get = require("apt-get", "apt")
        self._home = home
        self._log = home / "log"
        self._archives = home / "archives"
        for folder in ("etc", "archives", "state/lists/partial", "cache/archives/partial"):
            (home / folder).mkdir(parents=True)
        (home / "status").touch()
        (home / "etc" / "cartwake.sources").write_text(source.stanza(suite), encoding="utf-8")
        (home / "apt.conf").write_text(self._configuration(), encoding="utf-8")

    def update(self, report: Report) -> None:
        """Read the suite's package lists. Raises PackageError."""
        self._run("update", "--error-on=any", report=report)

    def download(self, packages: list[str], report: Report) -> list[Path]:
        """The archives of ``packages`` and of all that they depend on. Raises PackageError."""
        self._run("install", "--simulate", "--no-install-recommends", "--", *packages, report=report)
        # E.g. "Inst libc6 (2.36-9+deb12u14 Debian:12.15/oldstable [amd64])"
        installed = re.findall(r"^Inst (\S+) \((\S+)", self._words(), re.MULTILINE)
        # Not "install --download-only", which leaves the packages of a mirror on a local disk where they are.
        self._run("download", "--", *(f"{name}={version}" for name, version in installed), report=report)
        return sorted(self._archives.glob("*.deb"))

    def _words(self) -> str:
        """What apt said in its latest run."""
        return self._log.read_text(encoding="utf-8", errors="replace")

    def _configuration(self) -> str:
        # Proxies, certificates, time-outs and the like are the machine's; hooks and pins are not wanted.
        # (The credentials of auth.conf stay where apt looks for them.)
        dump = subprocess.run(
            [require("apt-config", "apt"), "dump"],
            capture_output=True,
            text=True,
            check=False,
            env=_environment(),
            start_new_session=True,  # Ctrl-C is for us
        ).stdout
        machine = [
            line
            for line in dump.splitlines()
            if line.startswith("Acquire::") and not re.match(r"Acquire::(Allow|IndexTargets)", line)
        ]
        home = self._home
        ours = {
            "Dir::Etc::main": "/dev/null",
            "Dir::Etc::parts": "/dev/null",
            "Dir::Etc::preferences": "/dev/null",
            "Dir::Etc::preferencesparts": "/dev/null",
            "Dir::Etc::sourcelist": "/dev/null",
            "Dir::Etc::sourceparts": f"{home}/etc",
            "Dir::State": f"{home}/state",
            "Dir::State::status": f"{home}/status",
            "Dir::Cache": f"{home}/cache",
            # As root apt would switch to _apt, which may not enter root's home.
            "APT::Sandbox::User": "root",
            "APT::Get::AllowUnauthenticated": "false",
            "Acquire::AllowInsecureRepositories": "false",
            "Acquire::AllowWeakRepositories": "false",
            "Acquire::AllowDowngradeToInsecureRepositories": "false",
            "Acquire::Languages": "none",
            "Acquire::http::Timeout": "20",
            "Acquire::https::Timeout": "20",
            "Acquire::Retries": "3",
        }
        return "".join(
            f"{line}\n" for line in [*machine, *(f'{name} "{value}";' for name, value in ours.items())]
        )

    def _run(self, *arguments: str, report: Report) -> None:
        status_out, status_in = os.pipe()
        with (
            self._log.open("wb") as output,
            os.fdopen(status_out, encoding="utf-8", errors="replace") as status,
            subprocess.Popen(
                [self._apt_get, "-q", "-o", f"APT::Status-Fd={status_in}", *arguments],
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                pass_fds=[status_in],
                cwd=self._archives,
                env=_environment() | {"APT_CONFIG": f"{self._home}/apt.conf"},
                start_new_session=True,
            ) as process,
        ):
            os.close(status_in)
            try:
                _follow(status, report)
            except BaseException:  # Ctrl-C: do not wait for the rest of the download
                process.kill()
                raise
        if process.returncode:
            raise PackageError(_complaints(self._words()))


def _follow(status: TextIO, report: Report) -> None:
    """Hand on apt's progress until it closes the pipe."""
    for line in status:  # e.g. "dlstatus:7:41.2:Retrieving file 7 of 55 (3s remaining)"
        kind, _, rest = line.rstrip("\n").partition(":")
        if kind == "dlstatus":
            _, percent, text = rest.split(":", 2)
            report(float(percent), text)


def _environment() -> dict[str, str]:
    return {**os.environ, "LC_ALL": "C", "DEBIAN_FRONTEND": "noninteractive"}


def _complaints(log: str) -> str:
    """What apt itself calls errors, in one line."""
    lines = [line[2:].strip() for line in log.splitlines() if line.startswith("E:")]
    telling = [line for line in lines if not line.startswith("Some index files failed")]
    return "apt could not fetch packages: " + "; ".join(
        telling or log.splitlines()[-3:] or ["no reason given"]
    )
