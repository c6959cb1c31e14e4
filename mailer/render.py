"""Renders a recovery mail to subject, HTML and plain text."""

import re
from collections.abc import Callable
from dataclasses import dataclass, replace
from decimal import Decimal
from typing import Any

import jinja2
from jinja2.meta import find_referenced_templates
from jinja2.sandbox import ImmutableSandboxedEnvironment
from markupsafe import Markup, escape

from mailer.discounts import NO_DISCOUNT
from mailer.languages import Language, Languages
from mailer.recovery_mail import RecoveryMail, ShopInfo
from mailer.shown import Shown
from mailer.text import NAME_LIMIT, display_width, language_tag, one_line, wrapped
from mailer.themes import Theme, ThemeError, html_source, load_theme, text_source

MAX_HTML = 80_000
"""Bytes. Gmail clips mails beyond 102 KB, and the unsubscribe link with them."""

_SIZES = ((8, 12), (8, 3), (3, 0))
"""Cart lines and cards shown; smaller only when freak texts burst MAX_HTML. The rest of the cart is counted in
one more row, and the totals always hold it all."""

_WITHOUT_VALUES = re.compile(r'\{\{ _\("([^"]*)"\) \}\}')


@dataclass(frozen=True, slots=True)
class Rendered:
    """A mail's three texts; lines end in a bare newline."""

    subject: str
    html: str
    text: str


class Renderer:
    """Renders the mails of one store.

    Templates are compiled for a language when its first mail is due, styles inlined once per process.
    """

    def __init__(
        self, store: ShopInfo, languages: Languages | None = None, theme: Theme | None = None
    ) -> None:
        self._store = store
        self._theme = theme or load_theme()
        self._languages = languages or Languages()
        self._wordings: dict[str, _Wording] = {}

    def __reduce__(self) -> tuple[type["Renderer"], tuple[ShopInfo, Languages, Theme]]:
        """A worker process compiles for itself, from what was read at the start."""
        return Renderer, (self._store, self._languages, self._theme)

    def render(self, mail: RecoveryMail) -> Rendered:
        """The mail's subject, HTML (at most 80 KB) and plain text.

        Raises ValueError for an empty cart: there is nothing to recover.
        """
        if not mail.lines:
            raise ValueError("the cart is empty: there is nothing to write about")
        greeted = one_line(mail.first_name or "", NAME_LIMIT) or None
        mail = replace(mail, first_name=greeted, currency=mail.currency or self._store.currency)
        if not mail.saving:  # it rounds to nothing: "0.04 instead of 0.04" is no offer
            mail = replace(mail, discount=NO_DISCOUNT)
        wording = self._wording(self._languages.best(language_tag(mail.language)))
        html, values = "", dict[str, Any]()
        heads = {"subject": wording.shown.subject(mail), "preheader": wording.shown.preheader(mail)}
        for lines, picks in _SIZES:
            values = wording.shown.values(mail, lines, picks) | heads
            html = wording.html(values)
            if len(html.encode("utf-8", "replace")) <= MAX_HTML:
                break
        return Rendered(subject=heads["subject"], html=html, text=wrapped(wording.text(values)))

    def warm_up(self) -> None:
        """Compile the storefront's own language and read how it writes money, which the first mail would wait for."""
        self._wording(self._languages.best(None)).language.money(Decimal(1), self._store.currency)

    def _wording(self, language: Language) -> "_Wording":
        found = self._wordings.get(language.tag)
        if found is None:
            found = self._wordings[language.tag] = _Wording(self._store, language, self._theme)
        return found


class _Wording:
    """One language's templates, and the messages in them as each needs them: escaped in HTML, bare in plain text."""

    def __init__(self, store: ShopInfo, language: Language, theme: Theme) -> None:
        self.shown = Shown(store, language, theme)
        self.language = language
        html, text = html_source(theme, language.direction), text_source(theme)
        foreign = theme.is_foreign
        self._html = _compile("mail.html", self._translated(html, escape), sandboxed=foreign)
        self._text = _compile("mail.txt", self._translated(text, str), sandboxed=foreign)

    def html(self, values: dict[str, Any]) -> str:
        """The mail as HTML."""
        return self._html.render(values, _=self.language.in_html, ngettext=self._in_html)

    def text(self, values: dict[str, Any]) -> str:
        """The mail as plain text."""
        return self._text.render(values, _=self.language.in_text, ngettext=self._in_text, heading=_heading)

    def _translated(self, source: str, fit: Callable[[str], str]) -> str:
        """``source`` with the messages that hold no value in place: they cost nothing per mail then."""

        def text(found: re.Match[str]) -> str:
            message = fit(self.language.text(found[1]))
            return found[0] if "{" in message else message  # Jinja would read it

        return _WITHOUT_VALUES.sub(text, source)

    def _in_html(self, one: str, many: str, number: int, **values: object) -> Markup:
        return escape(self.language.plural(one, many, number)) % values

    def _in_text(self, one: str, many: str, number: int, **values: object) -> str:
        return self.language.plural(one, many, number) % values


def _heading(text: str) -> str:
    """A heading in plain text, underlined."""
    capitals = text.upper()
    return f"{capitals}\n{'-' * display_width(capitals)}"


def _compile(name: str, source: str, *, sandboxed: bool) -> jinja2.Template:
    """Escaping goes by the name's ending: HTML is escaped, plain text is not. Raises ThemeError.

    ``sandboxed``: blocks come from whoever designs a shop's mails, and need nothing but the values. It costs a quarter
    of the rendering, which blocks of our own need not pay.
    """
    kind = ImmutableSandboxedEnvironment if sandboxed else jinja2.Environment
    environment = kind(
        loader=jinja2.DictLoader({name: source}),
        autoescape=jinja2.select_autoescape(["html"]),
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    try:
        if any(True for _ in find_referenced_templates(environment.parse(source))):
            raise ThemeError(
                "a block of the theme includes or imports a template: there is none but the mail itself"
            )
        return environment.get_template(name)
    except jinja2.TemplateSyntaxError as error:
        raise ThemeError(f"a block of the theme is no Jinja: {error.message}") from None
    except RecursionError:
        raise ThemeError("a block of the theme is nested too deep for Jinja") from None
