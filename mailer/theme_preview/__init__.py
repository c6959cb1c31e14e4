"""A local page on which whoever changes a theme sees all kinds of mails at once, and anew at each save."""

from mailer.theme_preview.server import PreviewServer

__all__ = ["PreviewServer"]
