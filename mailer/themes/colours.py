"""Readable shades of a shop's colours: what stands on what has a contrast of 4.5 at least (WCAG 2.2, 1.4.3).

Relative luminance and contrast ratio: WCAG 2.2, "relative luminance" and "contrast ratio".
"""

import re
from dataclasses import dataclass
from functools import cache

LEGIBLE = 4.5
WHITE = "#ffffff"
INK = "#111827"
PANEL, DARK_PANEL = "#ffffff", "#1b2127"

_COLOUR = re.compile(r"#(?:[0-9a-f]{3}|[0-9a-f]{6})", re.IGNORECASE)
_STEPS = 50
_SMALL_TEXT = 7.0
"""Contrast of coloured small text: more than must be, since few screens are looked at in the dark."""


def parse_colour(text: str) -> str:
    """``#15803d`` or ``#183`` as six small hexadecimal digits. Raises ValueError for anything else."""
    if not _COLOUR.fullmatch(text):
        raise ValueError(f"{text!r} is no colour: give one such as #15803d")
    digits = text[1:].lower()
    return f"#{digits}" if len(digits) == 6 else "#" + "".join(digit * 2 for digit in digits)


def contrast(one: str, other: str) -> float:
    """The contrast ratio of two colours, from 1 to 21."""
    lighter, darker = sorted((_luminance(one), _luminance(other)), reverse=True)
    return (lighter + 0.05) / (darker + 0.05)


def mixed(colour: str, other: str, share: float) -> str:
    """``share`` of ``colour``, from 0 to 1, and the rest of ``other``."""
    pairs = zip(_channels(colour), _channels(other), strict=True)
    return "#" + "".join(f"{round(a * share + b * (1 - share)):02x}" for a, b in pairs)


def legible(colour: str, *grounds: str, least: float = LEGIBLE) -> str:
    """``colour`` as near to itself as it can be read on ``grounds``, which are all light or all dark."""
    towards = "#000000" if all(_luminance(ground) > 0.18 for ground in grounds) else WHITE
    shades = (mixed(towards, colour, step / _STEPS) for step in range(_STEPS + 1))
    return next((shade for shade in shades if min(contrast(shade, on) for on in grounds) >= least), towards)


@dataclass(frozen=True, slots=True)
class Shades:
    """What is made of one colour. ``on_``: of text on it; ``tint``: a pale ground, ``text``: to be read on it too."""

    solid: str
    on_solid: str
    tint: str
    text: str
    dark_tint: str
    dark_text: str


@cache
def shades(colour: str) -> Shades:
    """Readable shades of a colour for light and dark mode. The colour itself stays wherever text can be read on it."""
    solid = colour
    on_solid = next((ink for ink in (WHITE, INK) if contrast(colour, ink) >= LEGIBLE), WHITE)
    if contrast(solid, on_solid) < LEGIBLE:
        solid = legible(colour, WHITE)
    tint, dark_tint = mixed(colour, PANEL, 0.1), mixed(colour, DARK_PANEL, 0.2)
    return Shades(
        solid=solid,
        on_solid=on_solid,
        tint=tint,
        text=legible(colour, PANEL, tint, least=_SMALL_TEXT),
        dark_tint=dark_tint,
        dark_text=legible(colour, DARK_PANEL, dark_tint, least=_SMALL_TEXT),
    )


@cache
def _luminance(colour: str) -> float:
    red, green, blue = (
        channel / 12.92 if channel <= 0.04045 else ((channel + 0.055) / 1.055) ** 2.4
        for channel in (value / 255 for value in _channels(colour))
    )
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def _channels(colour: str) -> tuple[int, int, int]:
    return int(colour[1:3], 16), int(colour[3:5], 16), int(colour[5:7], 16)
