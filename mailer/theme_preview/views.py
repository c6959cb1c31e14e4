"""One mail of a theme as the page shows it: light or dark, without pictures, or as plain text."""

import re
from pathlib import Path

import jinja2

from mailer.languages import languages
from mailer.recovery_mail import ShopInfo
from mailer.render import Rendered, Renderer
from mailer.theme_check import specimens
from mailer.themes import ThemeError, built_in, load_theme

_DARK = "@media (prefers-color-scheme: dark)"
_SOURCE = re.compile(r'(<img\b[^>]*?)\ssrc="[^"]*"')

LOOKS = ("light", "dark", "no-pictures")


class Views:
    """The mails of ``store`` in ``theme``, which is read anew for each: it may have been saved since."""

    def __init__(self, store: ShopInfo, theme: str) -> None:
        self._store = store
        self._theme = theme
        self.kinds = tuple(specimens(store))

    def stamp(self) -> str:
        """Changes whenever a file of the theme does."""
        if self._theme in built_in():
            return "built-in"
        files = [path for path in sorted(Path(self._theme).rglob("*")) if path.is_file()]
        return str(hash(tuple((str(path), path.stat().st_mtime_ns) for path in files)))

    def html(self, kind: str, language: str, look: str) -> str:
        """The HTML part. Raises ThemeError, and KeyError or ValueError for what there is not."""
        if look not in LOOKS:
            raise ValueError(f"there is no look {look}")
        html = self._rendered(kind, language).html
        # The look is the page's to choose, not the system's.
        html = html.replace(_DARK, "@media all" if look == "dark" else "@media not all")
        return _SOURCE.sub(r"\1", html) if look == "no-pictures" else html

    def text(self, kind: str, language: str) -> str:
        """Subject and plain text. Raises as ``html``."""
        rendered = self._rendered(kind, language)
        return f"Subject: {rendered.subject}\n\n{rendered.text}"

    def _rendered(self, kind: str, language: str) -> Rendered:
        mail = specimens(self._store)[kind]
        theme = load_theme(self._theme)
        try:
            return Renderer(self._store, languages((language,), theme.messages), theme).render(mail)
        except jinja2.TemplateError as error:
            raise ThemeError(f"a block can't be rendered: {error}") from None
