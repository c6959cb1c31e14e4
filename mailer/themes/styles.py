"""A theme's values in the style sheets: ``var(--name)`` becomes what the theme says, when a template is loaded.

Mail clients know no custom properties, so none is left in a mail.
"""

import re
from collections.abc import Mapping

from mailer.themes.colours import DARK_PANEL, INK, PANEL, shades
from mailer.themes.theme import Theme

_VARIABLE = re.compile(r"var\(--([a-z-]+)\)")
_CORNERS: Mapping[str, tuple[str, str, str, str, str]] = {
    "square": ("0", "0", "0", "0", "0%"),
    "soft": ("14px", "10px", "6px", "999px", "18%"),
    "round": ("22px", "27px", "12px", "999px", "50%"),
}
"""Of panels, of buttons and pictures, of codes, of pills; and of Outlook's button."""


def values(theme: Theme) -> dict[str, str]:
    """What each variable stands for."""
    brand, accent = shades(theme.brand), shades(theme.accent)
    panel, control, small, pill, arc = _CORNERS[theme.corners]
    return {
        "fonts": theme.fonts,
        "ink": INK,
        "panel": PANEL,
        "dark-panel": DARK_PANEL,
        "brand": brand.solid,
        "on-brand": brand.on_solid,
        "brand-text": brand.text,
        "brand-tint": brand.tint,
        "dark-brand-text": brand.dark_text,
        "dark-brand-tint": brand.dark_tint,
        "accent": accent.solid,
        "accent-text": accent.text,
        "accent-tint": accent.tint,
        "dark-accent-text": accent.dark_text,
        "dark-accent-tint": accent.dark_tint,
        "corner-panel": panel,
        "corner": control,
        "corner-small": small,
        "corner-pill": pill,
        "corner-arc": arc,
    }


def filled_in(source: str, theme: Theme) -> str:
    """``source`` with the theme's values. Raises ValueError for a variable that there is not."""
    known = values(theme)

    def value(found: re.Match[str]) -> str:
        if found[1] not in known:
            raise ValueError(f"there is no var(--{found[1]}); there are: {', '.join(known)}")
        return known[found[1]]

    return _VARIABLE.sub(value, source)
