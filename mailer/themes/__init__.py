"""How a mail looks: templates of named blocks, style sheets, a theme's values, and putting them together once."""

from mailer.themes.sources import block_names, block_source, html_source, text_source
from mailer.themes.styles import values
from mailer.themes.theme import Theme, ThemeError, built_in, load_theme

__all__ = [
    "Theme", "ThemeError", "block_names", "block_source", "built_in", "html_source", "load_theme", "text_source",
    "values",
]  # fmt: skip
