"""Checks in turn: none hides another, and what could not be looked at says why."""

from collections.abc import Iterator

import pytest

from binlog_watcher.doctor.finding import Check, Finding, Mark, Round, failed, guarded, ok, warning


@pytest.mark.parametrize(
    ("finding", "line"),
    [
        (warning("it rains", "you get wet", "take an umbrella"), "it rains: you get wet; take an umbrella"),
        (failed("it rains", mend="take an umbrella"), "it rains: take an umbrella"),
        (failed("it rains", "you get wet"), "it rains: you get wet"),
        (ok("it is dry"), "it is dry"),
    ],
)
def test_the_line_of_a_log(finding: Finding, line: str) -> None:
    assert finding.line == line


def says(check: str, *findings: Finding, needs: tuple[str, ...] = ()) -> Check[None]:
    return Check(check, lambda _patient: findings, needs=needs)


CHECKS = [
    says("a", failed("broken")),
    says("b", ok("fine")),
    says("c", ok("fine"), needs=("a",)),
    says("d", ok("fine"), needs=("c",)),
    says("e", warning("so so"), needs=("b",)),
]


def made(made_round: Round) -> list[tuple[str, Mark, str | None]]:
    made_round.make(CHECKS, None)
    return [(one.id, one.finding.mark, one.since) for one in made_round.results]


def test_what_failed_hides_only_what_needs_it() -> None:
    assert made(Round()) == [
        ("a", Mark.FAILED, None),
        ("b", Mark.OK, None),
        ("c", Mark.NOT_LOOKED_AT, "a"),
        ("d", Mark.NOT_LOOKED_AT, "a"),
        ("e", Mark.WARNING, None),
    ]


def test_what_is_not_wanted_is_not_made() -> None:
    assert made(Round(lambda check: check == "c")) == [("c", Mark.OK, None)]


def test_what_the_wanted_rests_on_is_told_where_it_fails() -> None:
    assert made(Round(lambda check: check == "d", beside={"a", "c"})) == [
        ("a", Mark.FAILED, None),
        ("d", Mark.NOT_LOOKED_AT, "a"),
    ]
    assert made(Round(lambda check: check == "e", beside={"b"})) == [("e", Mark.WARNING, None)]


def test_one_that_can_not_be_made_says_so_and_keeps_what_it_had_found() -> None:
    def look(_patient: None) -> Iterator[Finding]:
        yield ok("so far so good")
        raise OSError("no more")

    check = guarded(Check("a", look), (OSError,), str)
    assert [finding.line for finding in check.look(None)] == ["so far so good", "not looked at: no more"]
    with pytest.raises(OSError, match="no more"):
        list(guarded(Check("a", look), (ValueError,), str).look(None))
