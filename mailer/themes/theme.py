"""A theme: colours, fonts, corners and single blocks of a mail, built in or from a folder of the shop's.

A folder holds ``theme.toml`` and, where wanted, ``blocks/NAME.html`` and ``blocks/NAME.txt``, which replace the blocks
of that name; ``style.css``, which is laid over the built-in styles and inlined; ``responsive.css``, which stays
in the mail's style element; and ``messages/``, gettext catalogues with the shop's own words.
"""

import difflib
import os
import re
import tomllib
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from importlib.resources import as_file, files
from pathlib import Path
from typing import Any, Literal, get_args

from mailer.recovery_mail import is_web_url
from mailer.themes.colours import parse_colour

Corners = Literal["square", "soft", "round"]

_CALM = "calm"
_LONGEST_TEXT = 300
_FONT = r"""\s*(?:"[^"']+"|'[^"']+'|[^"',]+)\s*"""
_FONTS = re.compile(rf"{_FONT}(?:,{_FONT})*")
_NOT_WHOLE = re.compile(r"url\((?!\s*[\"']?\s*(?:https?://|data:image/))[^)]{0,60}", re.IGNORECASE)
_MOST = 6
"""Trust lines, and links to social networks."""


class ThemeError(ValueError):
    """A theme can't be used; the message says which file, what in it, and what to do."""


@dataclass(frozen=True, slots=True)
class Theme:
    """``brand``, ``accent``: colours, of the button and of the offer. ``hero``: a large picture of the main item.

    ``trust``: lines on delivery, returns or support; ``help``: goes before the support address, "" for the usual words;
    ``social``: names and URLs. ``blocks``: by file name (``cart.html``). ``messages``: a folder of catalogues.
    ``is_foreign``: it comes from a folder, not from us.
    """

    name: str
    brand: str = "#15803d"
    accent: str = "#d99b2b"
    corners: Corners = "soft"
    fonts: str = '-apple-system, "Segoe UI", Roboto, Helvetica, Arial, sans-serif'
    hero: bool = True
    logo: str | None = None
    logo_dark: str | None = None
    help: str = ""
    trust: tuple[str, ...] = ()
    social: tuple[tuple[str, str], ...] = ()
    blocks: tuple[tuple[str, str], ...] = ()
    style: str = ""
    responsive: str = ""
    messages: Path | None = None
    is_foreign: bool = False


def built_in() -> tuple[str, ...]:
    """The names of the themes that Cartwake ships, the default first."""
    names = sorted(path.name for path in (files(__package__) / "built_in").iterdir() if path.is_dir())
    return (_CALM, *(name for name in names if name != _CALM and not name.startswith("_")))


def load_theme(name: str = _CALM) -> Theme:
    """A built-in theme by its name, or the one in a folder by its path. Raises ThemeError."""
    if name in built_in():
        with as_file(files(__package__) / "built_in" / name) as folder:
            return _read(folder, Theme(name))
    folder = Path(name)
    try:
        if not folder.is_dir():
            raise ThemeError(
                f"{name!r} is no theme: name one of {', '.join(built_in())}, or a folder that `cartwake theme new` has"
                f" made; there is no folder {str(folder.absolute())!r}"
            )
        if not (folder / "theme.toml").is_file():
            raise ThemeError(f"{folder}: has no theme.toml; `cartwake theme new {folder}` writes one")
        return replace(_read(folder, None), name=folder.name, is_foreign=True)
    except OSError as error:
        raise ThemeError(f"{str(error.filename)!r} can't be read ({error.strerror})") from None


def _read(folder: Path, base: Theme | None) -> Theme:
    """The theme in ``folder``, laid over ``base``, or over the one that it says it is based on."""
    path = folder / "theme.toml"
    given = _parsed(path)
    if base is None:
        named = given.pop("based_on", _CALM)
        if named not in built_in():
            raise ThemeError(f"{path}: based_on = {named!r}: give one of {', '.join(built_in())}")
        base = load_theme(named)
    values = {key: _value(path, key, value) for key, value in given.items()}
    blocks = folder / "blocks"
    files_there = sorted(blocks.iterdir()) if blocks.is_dir() else []
    own = {file.name: _text(file) for file in files_there if not _hidden(file)}
    messages = folder / "messages"
    return replace(
        base,
        **values,
        blocks=tuple({**dict(base.blocks), **own}.items()),
        style=base.style + _sheet(folder / "style.css"),
        responsive=base.responsive + _sheet(folder / "responsive.css"),
        messages=messages if messages.is_dir() else base.messages,
    )


def _parsed(path: Path) -> dict[str, Any]:
    try:
        return tomllib.loads(path.read_text(encoding="utf-8-sig"))
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or error
        raise ThemeError(f"{path}: {reason}; docs/themes.md shows the form of this file") from None


def _text(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        raise ThemeError(f"{path}: can't be read ({error}); save it as UTF-8") from None


def _sheet(path: Path) -> str:
    """A style sheet: it stands inside of the mail's style element, which it must not end."""
    text = _text(path) if os.path.lexists(path) else ""
    for word, why in (("<", "a style sheet has none"), ("@import", "no mail client loads another sheet")):
        if word in text.lower():
            raise ThemeError(f"{path}: holds {word}: {why}; take it out")
    if found := _NOT_WHOLE.search(text):
        raise ThemeError(f"{path}: {found[0]}): a mail has no folder beside it; give a whole https:// URL")
    return text


def _hidden(path: Path) -> bool:
    """What editors leave beside a file."""
    return path.name.startswith(".") or path.suffix not in {".html", ".txt"}


def _value(path: Path, key: str, value: Any) -> Any:
    reader = _READERS.get(key)
    if reader is None:
        near = difflib.get_close_matches(key, _READERS, n=1)
        hint = f"did you mean {near[0]}?" if near else f"there are: {', '.join(_READERS)}"
        raise ThemeError(f"{path}: there is no {key}; {hint}")
    try:
        return reader(value)
    except (ValueError, TypeError) as error:
        raise ThemeError(f"{path}: {key}: {error}") from None


def _line(value: Any) -> str:
    if not isinstance(value, str) or len(value) > _LONGEST_TEXT or not value.isprintable():
        raise ValueError(f"give text in quotes, on one line, of at most {_LONGEST_TEXT} characters")
    return value.strip()


def _colour(value: Any) -> str:
    return parse_colour(_line(value))


def _url(value: Any) -> str:
    url = _line(value)
    if not is_web_url(url):
        raise ValueError(f"{url!r} is no whole http:// or https:// URL")
    return url


def _corners(value: Any) -> str:
    if value not in get_args(Corners):
        raise ValueError(f"give one of {', '.join(get_args(Corners))}")
    return str(value)


def _fonts(value: Any) -> str:
    text = _line(value)
    if set(text) & set(";{}<>\\()/") or not _FONTS.fullmatch(text):
        raise ValueError("give names of fonts with commas between them, the last one serif or sans-serif")
    return text


def _yes(value: Any) -> bool:
    if not isinstance(value, bool):
        raise TypeError("give true or false")
    return value


def _lines(value: Any) -> tuple[str, ...]:
    if not isinstance(value, list) or len(value) > _MOST:
        raise ValueError(f"give a list of at most {_MOST} texts")
    return tuple(_line(text) for text in value)


def _links(value: Any) -> tuple[tuple[str, str], ...]:
    if not isinstance(value, dict) or len(value) > _MOST:
        raise ValueError(f"give a table of at most {_MOST} names and URLs")
    return tuple((_line(name), _url(url)) for name, url in value.items())


_READERS: Mapping[str, Callable[[Any], Any]] = {
    "brand": _colour,
    "accent": _colour,
    "corners": _corners,
    "fonts": _fonts,
    "hero": _yes,
    "logo": _url,
    "logo_dark": _url,
    "help": _line,
    "trust": _lines,
    "social": _links,
}
"""What ``theme.toml`` may say, and how it is read."""
