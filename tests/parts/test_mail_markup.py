"""Whether the mails' markup is valid and accessible, and what mail clients do not understand of it."""

import json
from pathlib import Path

import pytest
from parts.markup import Checkers, Findings
from parts.specimens import matrix, specimens

pytestmark = pytest.mark.parts

MAILS = specimens() | matrix()

DEGRADES_WELL = {
    "min-width property": "a button with a short word is narrower",
    "<bdi> element": "the names stay; only the order of their neighbours may suffer",
    "<body> element": "its styles are repeated on the outermost table",
    "<style> element": "everything but the phone's layout and the dark colours is inline",
    "@media": "same: the desktop's layout is shown, light",
    "Attribute selector": "used for Outlook's own dark mode alone",
    "Class selector": "in style sheets alone, see <style>",
    "Descendant combinator": "in style sheets alone, see <style>",
    "Type selector": "in style sheets alone, see <style>",
    "aria-hidden attribute": "a letter more is read out",
    "aria-label attribute": "the tables' contents explain themselves",
    "border-radius": "square corners",
    "border-spacing": "cellspacing says the same",
    "color-scheme meta tag": "for Apple Mail on the Mac and Thunderbird; others decide by themselves",
    "display:none": "the preview text is hidden in four more ways",
    "height property": "the attribute says the same",
    "max-height property": "for pictures of unusual shape",
    "opacity": "the preview text is hidden in four more ways",
    "outline": "nothing has one",
    "overflow": "the preview text is hidden in four more ways",
    "overflow-wrap": "word-break does the same, see below",
    "word-break": "where neither is known, a word without end widens the mail",
    "role attribute": "tables are read out as tables",
    "system-ui, ui-serif, ui-sans-serif, ui-rounded, ui-monospace": "the next font of the list",
    "table-layout": "the cells' widths say the same",
    "text-wrap": "lines are not balanced",
    "white-space": "a price may be broken in two lines",
}
"""What some client of Gmail, Outlook, Apple Mail or Yahoo does not know → why the mail is still fine there."""


@pytest.fixture(scope="module")
def findings(checkers: Checkers, reports: Path) -> dict[str, Findings]:
    found = checkers.check({name: specimen.rendered.html for name, specimen in MAILS.items()})
    clients: dict[str, set[str]] = {}
    for finding in found.values():
        for feature, unaware in finding.unsupported.items():
            clients.setdefault(feature, set()).update(unaware)
    listing = {feature: sorted(unaware) for feature, unaware in sorted(clients.items())}
    (reports / "unsupported-by-clients.json").write_text(json.dumps(listing, indent=1) + "\n")
    return found


@pytest.mark.parametrize("kind", list(MAILS))
def test_markup_is_valid_and_accessible(findings: dict[str, Findings], kind: str) -> None:
    assert findings[kind].markup == []


def test_what_clients_do_not_know_has_been_thought_about(findings: dict[str, Findings]) -> None:
    used = {feature for finding in findings.values() for feature in finding.unsupported}
    assert used == set(DEGRADES_WELL)


def test_the_checkers_find_what_is_wrong(checkers: Checkers) -> None:
    bad = "<!DOCTYPE html><html><head><title>x</title></head><body><p><div>a</p><img src=x></body></html>"
    found = checkers.check({"bad": bad, "flex": bad.replace("<p>", '<p style="display:flex">')})
    rules = {line.partition(":")[0] for line in found["bad"].markup}
    assert {"close-order", "element-required-attributes", "wcag/h37"} & rules, found["bad"].markup
    assert "display:flex" in found["flex"].unsupported
    assert "display:flex" not in found["bad"].unsupported
