"""What a receiving server looks at: SpamAssassin with its package's rules, and Mail::DKIM. No network, no learning."""

import json
import os
import subprocess
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from binlog_watcher.demo.packages import program

PACKAGES = ["spamassassin", "libmail-dkim-perl"]
_SCORE, _VERIFY = (Path(__file__).parent / name for name in ("score.pl", "verify_dkim.pl"))


@dataclass(frozen=True, slots=True)
class Verdict:
    """What the filter thinks of a mail; 5 is its usual limit. ``hits``: rule → its score."""

    score: float
    hits: dict[str, float]


class SpamAssassin:
    """The filter unpacked under ``root``."""

    def __init__(self, root: Path) -> None:
        self._root = root

    def judge(self, mails: Sequence[bytes]) -> list[Verdict]:
        """One verdict for each of ``mails``, in their order. Raises AssertionError with Perl's own words."""
        share, site = self._root / "usr/share/spamassassin", self._root / "etc/spamassassin"
        with tempfile.TemporaryDirectory() as home:
            files = [Path(home) / f"{number}.eml" for number in range(len(mails))]
            for file, mail in zip(files, mails, strict=True):
                file.write_bytes(mail)
            found = self._run(_SCORE, home, [share, site, home, *files])
        assert len(found) == len(mails)
        return [Verdict(item["score"], item["hits"]) for item in found]

    def verify(self, mail: bytes, records: Mapping[str, str]) -> list[str]:
        """What Mail::DKIM says of each signature of a mail. ``records``: the TXT records that the DNS would hold."""
        with tempfile.TemporaryDirectory() as home:
            file = Path(home) / "mail.eml"
            file.write_bytes(mail)
            return [str(item) for item in self._run(_VERIFY, home, [file, json.dumps(records)])]

    def _run(self, script: Path, home: str, arguments: Sequence[str | Path]) -> list[Any]:
        """The lines of JSON that a script prints."""
        environment = {"PATH": os.environ.get("PATH", os.defpath), "LC_ALL": "C", "PERL5LIB": self._modules()}
        done = subprocess.run(
            [*program(self._root, "usr/bin/perl"), script, *arguments],
            env=environment | {"HOME": home},
            capture_output=True, text=True, timeout=150, check=False,
        )  # fmt: skip
        assert done.returncode == 0, done.stderr
        return [json.loads(line) for line in done.stdout.splitlines()]

    def _modules(self) -> str:
        """Where the unpacked Perl finds its modules (Debian's Perl policy, 2.3)."""
        usr = self._root / "usr"
        patterns = ("lib/*/perl5/5.*", "share/perl5", "lib/*/perl-base", "lib/*/perl/5.*", "share/perl/5.*")
        return ":".join(str(folder) for pattern in patterns for folder in sorted(usr.glob(pattern)))
