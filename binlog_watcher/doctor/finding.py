"""What a check has found, and the checks themselves: small functions with a stable id. Pure.

The same findings stand in the table of `cartwake doctor`, end `cartwake run` at its start, and are warnings in its log.
"""

from collections.abc import Callable, Collection, Iterable, Iterator
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Generic, TypeVar

Patient = TypeVar("Patient")


class Mark(StrEnum):
    """How it stands. NOT_LOOKED_AT: it could not be found out, which is no failure."""

    OK = "ok"
    WARNING = "warning"
    FAILED = "failed"
    NOT_LOOKED_AT = "not_looked_at"


@dataclass(frozen=True, slots=True)
class Finding:
    """``seen``: what is; ``why``: what follows from it; ``mend``: the statement or setting that mends it."""

    mark: Mark
    seen: str
    why: str = ""
    mend: str = ""

    @property
    def line(self) -> str:
        """All of it in one line, for a log."""
        parts = [self.seen, "; ".join(filter(None, (self.why, self.mend)))]
        return ": ".join(filter(None, parts))


def ok(seen: str) -> Finding:
    """As it should be."""
    return Finding(Mark.OK, seen)


def warning(seen: str, why: str = "", mend: str = "") -> Finding:
    """It works, and could be better."""
    return Finding(Mark.WARNING, seen, why, mend)


def failed(seen: str, why: str = "", mend: str = "") -> Finding:
    """It does not work until somebody mends it."""
    return Finding(Mark.FAILED, seen, why, mend)


def not_looked_at(reason: str, mend: str = "") -> Finding:
    """Nobody knows, and why."""
    return Finding(Mark.NOT_LOOKED_AT, f"not looked at: {reason}", "", mend)


@dataclass(slots=True)
class PresetFindings:
    """What is wrong with the shop's tables, by the check's id. ``denied``: tables that may not be read.

    ``reached``: ids of the checks that could be made; the others need tables that are as the preset says.
    """

    of: dict[str, list[Finding]] = field(default_factory=dict)
    denied: list[str] = field(default_factory=list)
    reached: set[str] = field(default_factory=set)

    @property
    def has_failed(self) -> bool:
        """Whether something must be mended before the next check makes sense."""
        return bool(self.denied) or any(
            finding.mark is Mark.FAILED for findings in self.of.values() for finding in findings
        )

    def add(self, check: str, finding: Finding) -> None:
        """Take in what a check has found."""
        self.of.setdefault(check, []).append(finding)


@dataclass(frozen=True, slots=True)
class Check(Generic[Patient]):
    """``look`` gives one finding or several. ``settings``: by what names of settings it goes, as they are written.

    ``needs``: ids of checks that come before it, and must have gone well enough to know more.
    """

    id: str
    look: Callable[[Patient], Iterable[Finding]]
    settings: tuple[str, ...] = ()
    needs: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Result:
    """A finding, of which check, and by which settings.

    ``since``: the id of the check that failed first, where this one was not made for that.
    """

    id: str
    finding: Finding
    settings: tuple[str, ...] = ()
    since: str | None = None


class Round:
    """Checks in turn. What needs something that failed is not made, and says so; nothing else is hidden."""

    def __init__(
        self, wanted: Callable[[str], bool] = lambda _id: True, beside: Collection[str] = ()
    ) -> None:
        """``wanted``: which checks are made, by their ids; those ``beside`` too, and they are told where they fail."""
        self.results: list[Result] = []
        self._wanted = wanted
        self._beside = beside
        self._lost: dict[str, str] = {}

    def make(self, checks: Iterable[Check[Patient]], patient: Patient) -> None:
        """Raises what a check raises: see ``guarded``."""
        for check in checks:
            missing = next((need for need in check.needs if need in self._lost), None)
            if missing is not None:
                first = self._lost[missing]
                self.add(check, [not_looked_at(f"{first} comes first")], since=first)
            elif self._wanted(check.id) or check.id in self._beside:
                self.add(check, check.look(patient))

    def add(self, check: Check[Patient], findings: Iterable[Finding], *, since: str | None = None) -> None:
        """Take in what a check has found. ``since``: see ``Result``."""
        for finding in findings:
            if self._wanted(check.id) or finding.mark is Mark.FAILED:
                self.results.append(Result(check.id, finding, check.settings, since))
            if finding.mark in {Mark.FAILED, Mark.NOT_LOOKED_AT}:
                self._lost[check.id] = since or check.id

    def with_mark(self, mark: Mark) -> Iterator[str]:
        """The lines of these findings."""
        return (result.finding.line for result in self.results if result.finding.mark is mark)


def guarded(
    check: Check[Patient], errors: tuple[type[Exception], ...], in_words: Callable[[Exception], str]
) -> Check[Patient]:
    """The same check; where it raises one of ``errors`` it says that it could not be made, and why."""

    def look(patient: Patient) -> Iterator[Finding]:
        try:
            yield from check.look(patient)
        except errors as error:
            yield not_looked_at(in_words(error))

    return Check(check.id, look, check.settings, check.needs)
