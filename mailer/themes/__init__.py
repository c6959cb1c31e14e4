"""How a mail looks: templates of named blocks, style sheets, and putting the two together when they are loaded."""

from mailer.themes.sources import html_source, text_source

__all__ = ["html_source", "text_source"]
