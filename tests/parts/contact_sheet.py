"""Puts the pictures that the browser tests have left onto one page: a row for each mail, a column for each look."""

import re
import sys
from html import escape
from pathlib import Path

_NAME = re.compile(r"(?P<kind>.+)-(?P<look>\d+-[a-z]+)\.png")
_HEAD = """<!doctype html><meta charset="utf-8"><title>Contact sheet</title>
<style>
body { font: 14px system-ui, sans-serif; margin: 16px; background: #888; }
table { border-spacing: 12px; }
th { text-align: left; vertical-align: top; position: sticky; top: 0; background: #888; }
img { width: 240px; display: block; }
</style><table>
"""


def contact_sheet(folder: Path) -> Path:
    """Write ``contact-sheet.html`` beside the pictures; returns its path."""
    found = [match for path in sorted(folder.glob("*.png")) if (match := _NAME.fullmatch(path.name))]
    looks = sorted({match["look"] for match in found})
    kinds: dict[str, dict[str, str]] = {}
    for match in found:
        kinds.setdefault(match["kind"], {})[match["look"]] = match[0]
    rows = [f"<tr><th></th>{''.join(f'<th>{look}</th>' for look in looks)}</tr>"]
    for kind, pictures in kinds.items():
        cells = (
            f'<td><img loading="lazy" src="{escape(file)}" alt="{escape(kind)} {look}"></td>'
            if (file := pictures.get(look))
            else "<td></td>"
            for look in looks
        )
        rows.append(f"<tr><th>{escape(kind)}</th>{''.join(cells)}</tr>")
    sheet = folder / "contact-sheet.html"
    sheet.write_text(_HEAD + "\n".join(rows) + "</table>\n", encoding="utf-8")
    return sheet


if __name__ == "__main__":
    print(contact_sheet(Path(sys.argv[1])))  # noqa: T201 - it is a script
