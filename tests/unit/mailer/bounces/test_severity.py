"""Codes and words of real servers, and whom they mean."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mailer.bounces import Result, Severity, Verdict, verdict
from mailer.bounces.severity import severity
from mailer.refusals import REFUSALS, About, Refusal

HARD, SOFT, US, WELL = Severity.HARD, Severity.SOFT, Severity.ABOUT_US, Severity.DELIVERED


@pytest.mark.parametrize(
    ("action", "status", "diagnostic", "expected"),
    [
        ("failed", "5.1.1", "", HARD),
        ("failed", "5.1.1 (bad destination mailbox address)", "", HARD),
        ("failed", "5.1.2", "", HARD),
        ("failed", "5.1.3", "", HARD),
        ("failed", "5.1.10", "smtp;550 5.1.10 RESOLVER.ADR.RecipientNotFound", HARD),
        ("failed", "5.2.1", "smtp; 550 5.2.1 The email account that you tried to reach is inactive", HARD),
        ("failed", "5.0.0", "smtp; 550 5.1.1 unknown", HARD),
        ("failed", "5.0.0", "smtp; 550 No such user here", HARD),
        ("failed", "", "x-unix; user unknown", HARD),
        ("Failed", "", "", SOFT),
        ("failed", "5.2.2", "smtp; 552 5.2.2 mailbox full", SOFT),
        ("failed", "5.2.1", "smtp; 450 5.2.1 receiving mail at a rate that prevents", SOFT),
        ("failed", "4.4.7", "smtp; 451 expired", SOFT),
        ("failed", "4.4.1", "smtp; user unknown", SOFT),
        ("failed", "5.4.4", "dns; host not found", SOFT),
        ("failed", "5.5.0", "smtp; 550 5.5.0 Requested action not taken: mailbox unavailable", SOFT),
        ("delayed", "4.4.1", "", SOFT),
        ("delayed", "5.1.1", "", SOFT),
        ("failed", "5.7.1", "smtp; 550 5.7.1 no such user", US),
        ("failed", "5.1.1", "smtp; 550 5.7.26 unauthenticated", US),
        ("failed", "5.1.1", "smtp; 550 5.1.1 blocked using a blocklist", US),
        ("failed", "5.1.1", "smtp; 550 5.1.1 Sender address rejected", US),
        ("failed", "5.1.8", "", US),
        ("failed", "5.1.7", "", US),
        ("failed", "5.3.4", "message too big", US),
        ("failed", "5.6.1", "", US),
        ("delayed", "4.7.0", "greylisted", US),
        ("delivered", "2.1.5", "", WELL),
        ("relayed", "5.1.1", "", WELL),
        ("expanded", "", "", WELL),
        ("", "2.0.0", "", WELL),
        # An address says nothing, however it is called; nor does a host's.
        ("failed", "5.1.1", "smtp; 550 5.1.1 <spam-sender@example.com>: gone", HARD),
        ("failed", "5.0.0", "smtp; host 5.7.1.2 said: 550 user unknown", HARD),
    ],
)
def test_whom_it_means(action: str, status: str, diagnostic: str, expected: Severity) -> None:
    assert severity(action, status, diagnostic) is expected


@pytest.mark.parametrize("refusal", REFUSALS, ids=lambda refusal: refusal.reply[:40])
def test_the_large_providers_words_mean_here_what_they_mean_in_smtp(refusal: Refusal) -> None:
    expected = {About.GONE: HARD, About.FULL: SOFT}.get(refusal.about, US)
    if not refusal.reply.startswith("4"):
        assert severity("failed", "", f"smtp; {refusal.reply}") is expected


@given(st.text(max_size=20), st.text(max_size=20), st.text(max_size=200))
def test_without_a_code_or_the_words_nobody_is_given_up(action: str, status: str, diagnostic: str) -> None:
    assert severity(action, status, diagnostic) in {SOFT, US, WELL}


def is_ada(address: str) -> bool:
    return address == "ada@example.com"


@pytest.mark.parametrize(
    ("results", "expected"),
    [
        ([], Verdict(SOFT, "")),
        ([Result(HARD, (), "5.1.1")], Verdict(HARD, "5.1.1")),
        ([Result(HARD, ("ada@example.com",), "5.1.1")], Verdict(HARD, "5.1.1", "ada@example.com")),
        ([Result(HARD, ("bob@example.com",), "5.1.1")], Verdict(SOFT, "5.1.1")),
        ([Result(US, ("bob@example.com",), "5.7.1")], Verdict(US, "5.7.1")),
        (
            [Result(HARD, ("bob@example.com",), "5.1.1"), Result(WELL, ("x@y", "ada@example.com"), "2.0.0")],
            Verdict(WELL, "2.0.0", "ada@example.com"),
        ),
        ([Result(WELL, ("bob@example.com",)), Result(SOFT, ("eve@example.com",), "4.2.2")], Verdict(SOFT, "4.2.2")),
    ],
)  # fmt: skip
def test_what_it_means_for_who_was_mailed(results: list[Result], expected: Verdict) -> None:
    assert verdict(results, is_ada) == expected
