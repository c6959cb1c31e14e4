"""The languages that Cartwake ships, and a shop's own wording of single messages laid over them."""

import codecs
import re
from collections.abc import Sequence
from functools import cache
from gettext import GNUTranslations, NullTranslations
from importlib.resources import files
from io import BytesIO
from pathlib import Path

from babel.messages.catalog import Catalog, Message
from babel.messages.mofile import write_mo
from babel.messages.pofile import PoFileError, read_po

from mailer.languages.language import Language
from mailer.languages.languages import Languages

SOURCE = "en"
"""The language that the messages are written in, which needs no catalogue."""

_VALUE = re.compile(r"%\((\w+)\)s")
_CONTROL = re.compile(r"[\x00-\x1f\x7f]")

_FOLDER = files("mailer.languages.catalogues")


@cache
def shipped() -> tuple[str, ...]:
    """Tags of all languages: English first, then those of the catalogues by name."""
    names = (path.name for path in _FOLDER.iterdir() if path.name.endswith(".po"))
    return (SOURCE, *sorted(name.removesuffix(".po") for name in names))


def languages(tags: tuple[str, ...], wording: Path | None = None) -> Languages:
    """The languages of ``tags`` (IETF tags such as ``de`` or ``pt-BR``), the first of them the storefront's own.

    ``wording``: a folder with the shop's own messages, ``de.po`` and so on, which count before those shipped. Raises
    ValueError for a language without a catalogue, and for a file that can't be read.
    """
    return Languages([_language(tag, wording) for tag in tags])


def _language(tag: str, wording: Path | None) -> Language:
    base = tag.partition("-")[0].lower()
    if base not in shipped():
        raise ValueError(f"there is no catalogue of {tag!r}; there are: {', '.join(shipped())}")
    own = None if wording is None else _own_file(tag, base, wording)
    if own is None:
        return Language(tag, _translations(base))
    catalog = Catalog(locale=base) if base == SOURCE else _read((_FOLDER / f"{base}.po").read_bytes(), base)
    for message in _read_own(own, base):
        string = _every_form(message, catalog.num_plurals)
        if not (message.id and string):
            continue
        known = catalog.get(message.id)
        if known is None:
            catalog.add(message.id, string)
        elif isinstance(known.id, str) != isinstance(message.id, str):
            raise ValueError(
                f"{own}: {_forms(message.id)[0]!r}: copy msgid_plural, too, or leave it out as there"
            )
        else:
            known.string = string
    return Language(tag, _compiled(catalog))


def _every_form(message: Message, count: int) -> str | tuple[str, ...]:
    """What a message says, in as many forms as its language has here: of forms that lack the last one stands in.

    Editors give French and Hebrew two, where CLDR has a third one.
    """
    given = [form for form in _forms(message.string) if form]
    if isinstance(message.id, str) or not given:
        return given[0] if given else ""
    forms = [*_forms(message.string), *[""] * count][:count]
    return tuple(form or given[-1] for form in forms)


def _own_file(tag: str, base: str, wording: Path) -> Path | None:
    """The shop's own file for a language: that of the region before that of the language."""
    return next((path for name in (tag, base) if (path := wording / f"{name}.po").is_file()), None)


def _read_own(path: Path, base: str) -> Catalog:
    try:
        catalog = _read(path.read_bytes().removeprefix(codecs.BOM_UTF8), base)
        for message in catalog:
            _check(message)
    except (PoFileError, ValueError, OSError) as error:
        raise ValueError(
            f"{path}: {error}; the file is a gettext catalogue, docs/languages.md shows one"
        ) from None
    return catalog


def _check(message: Message) -> None:
    """Raises ValueError for one that could not be filled in: it names a value that the original has not."""
    ids, strings = _forms(message.id), _forms(message.string)
    values = {name for text in ids for name in _VALUE.findall(text)}
    for text in filter(None, strings if message.id else ()):
        if unknown := sorted(set(_VALUE.findall(text)) - values):
            raise ValueError(f"{ids[0]!r} has no value {unknown[0]}")
        if values and "%" in _VALUE.sub("", text).replace("%%", ""):
            raise ValueError(f"{text!r} has a lone %: write %%")
        if not text.isprintable() and _CONTROL.search(text):
            raise ValueError(f"{text!r} has a line break or a tab in it: write it on one line")


def _forms(text: str | Sequence[str] | None) -> tuple[str, ...]:
    return (text,) if isinstance(text, str) else tuple(text or ())


@cache
def _translations(base: str) -> NullTranslations:
    if base == SOURCE:
        return NullTranslations()
    return _compiled(_read((_FOLDER / f"{base}.po").read_bytes(), base))


def _read(data: bytes, base: str) -> Catalog:
    return read_po(BytesIO(data), locale=base, charset="utf-8", abort_invalid=True)


class _Compiled(GNUTranslations):
    """Messages that can be sent to a worker process, which the rule of their plurals can't."""

    def __init__(self, mo: bytes) -> None:
        super().__init__(BytesIO(mo))
        self._mo = mo

    def __reduce__(self) -> tuple[type["_Compiled"], tuple[bytes]]:
        return _Compiled, (self._mo,)


def _compiled(catalog: Catalog) -> GNUTranslations:
    mo = BytesIO()
    write_mo(mo, catalog)
    return _Compiled(mo.getvalue())
