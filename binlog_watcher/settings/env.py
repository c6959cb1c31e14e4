"""Reads settings from the environment and a ``.env`` file.

The syntax of the file is python-dotenv's (``NAME=value``, quotes, ``#`` comments, ``export``), but values are
taken as they stand: ``$`` is not expanded, since passwords hold it.
"""

import re
from collections.abc import Iterator, Mapping
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, field, replace
from decimal import Decimal
from enum import Enum
from io import StringIO
from pathlib import Path

from dotenv.parser import parse_stream

from binlog_watcher.settings import names as setting_names
from binlog_watcher.settings.mysql_url import split_url
from binlog_watcher.settings.names import PREFIX

_OTHER_NAMES = frozenset({"MYSQL_URL", "SERVER_ID"})
SECRET_NAMES = frozenset({
    "MYSQL_URL", "MYSQL_PASSWORD", "SMTP_PASSWORD", "GEMINI_API_KEY", "LINK_SECRET", "LINK_SECRET_OLD", "RETURN_SECRET",
    "BOUNCE_PASSWORD", "SMTP_OAUTH_CLIENT_SECRET", "SMTP_OAUTH_REFRESH_TOKEN", "SENDGRID_WEBHOOK_KEY",
    "MAILGUN_WEBHOOK_KEY", "POSTMARK_WEBHOOK_LOGIN", "HEARTBEAT_URL", "ADMIN_TOKEN", "TRACES_URL",
    "WEBHOOK_URL", "WEBHOOK_SECRET", "API_TOKENS", "KAFKA_SASL_PASSWORD",
})  # fmt: skip
EMPTY_MEANS_NONE = frozenset({"LOG_FILE", "FREE_SHIPPING_TEXT"})
"""An empty value of these is a choice, not an absence."""


@dataclass(frozen=True, slots=True)
class Value:
    """A setting as written, and where it was found."""

    text: str
    origin: str
    in_file: bool = False


@dataclass(slots=True)
class Values:
    """What was found, by name in capitals, and what was wrong with the finding itself.

    ``others``: names that begin as settings do and are none. ``incomplete``: a part of the file could not be read, so
    what is not among the found may well be in it. ``no_file``: the folder that has no file.
    """

    found: dict[str, Value] = field(default_factory=dict)
    problems: list[str] = field(default_factory=list)
    others: list[str] = field(default_factory=list)
    incomplete: bool = False
    no_file: Path | None = None

    def by_field(self) -> dict[str, str | None]:
        """The arguments for the settings model. Empty LOG_FILE is None: standard error only."""
        found = {name.lower(): value.text for name, value in self.found.items() if name != "MYSQL_URL"}
        return found | ({"log_file": None} if found.get("log_file") == "" else {})

    def show(self, name: str, default: object = None) -> str:
        """``NAME = 'value' (origin)``; for a secret without the value, for what isn't set its default."""
        value = self.found.get(name)
        if value is None:
            # An enum shows as its value, a Decimal as written.
            plain = default.value if isinstance(default, Enum) else default
            return f"{name} = {plain} (default)" if isinstance(plain, str | Decimal | float) else name
        if name in SECRET_NAMES:
            return f"{name} ({value.origin})"
        return f"{name} = {self.shown(name)!r} ({value.origin})"

    def shown(self, name: str) -> str:
        """A found value that is no secret, at most 80 characters of it."""
        # A URL with a password may have come into the wrong setting.
        text = re.sub(r"//[^/]*@", "//***@", self.scrub(self.found[name].text))
        return text if len(text) <= 80 else f"{text[:77]}…"

    def scrub(self, text: str) -> str:
        """``text`` without the secrets that were found: one may have been pasted twice."""
        for name in SECRET_NAMES & self.found.keys():
            if len(secret := self.found[name].text) > 3:
                text = text.replace(secret, "***")
        return text


def read_values(
    env_file: Path | None, environ: Mapping[str, str], *, names: AbstractSet[str], file_may_be_missing: bool
) -> Values:
    """The settings called ``names`` out of ``environ`` over ``env_file``; MYSQL_URL and SERVER_ID are resolved.

    In both, a name may stand behind CARTWAKE_; in the environment that one wins, for the plain one may have been
    set for another program.
    """
    known = names | _OTHER_NAMES
    values = Values()
    strangers: list[_Stranger] = []
    if env_file is not None:
        strangers += _read_file(env_file, known, values, may_be_missing=file_may_be_missing)
    for name in known:
        written = [each for each in (name, PREFIX + name) if each in environ]
        ours = [each for each in written if not setting_names.is_service_link(each, environ[each])]
        if written:
            last = (ours or written)[-1]
            values.found[name] = Value(environ[last], _origin(last, name, "environment"))
    strangers += [
        _Stranger(name, Value(text, "environment"))
        for name, text in environ.items()
        if name.removeprefix(PREFIX) not in known
    ]
    _tidy(values)
    _resolve_other_names(values)
    for stranger in strangers:
        wrong = setting_names.mistake(
            stranger.name,
            stranger.value.text,
            settings=known,
            given={name: value.text for name, value in values.found.items()},
            in_file=stranger.value.in_file,
        )
        if wrong:
            values.problems.append(f"{stranger.name} ({stranger.value.origin}): {wrong}")
        elif setting_names.looks_like_ours(stranger.name, stranger.value.text, known):
            values.others.append(stranger.name)
    return values


@dataclass(frozen=True, slots=True)
class _Stranger:
    """A name that is no setting."""

    name: str
    value: Value


def _origin(written: str, name: str, where: str) -> str:
    return where if written == name else f"{written}, {where}"


def _tidy(values: Values) -> None:
    """Take away white space and what is empty; name values that somebody else made or put quotes around."""
    for name, value in list(values.found.items()):
        text = value.text if name in SECRET_NAMES else value.text.strip()
        if not text and name not in EMPTY_MEANS_NONE:
            del values.found[name]
        elif setting_names.is_service_link(name, text):
            values.problems.append(
                f"{values.show(name)}: Kubernetes made this for a service, it is no port; give {PREFIX}{name}, "
                "or enableServiceLinks: false"
            )
            del values.found[name]
        elif _is_quoted(text) and not (value.in_file and name in SECRET_NAMES):
            values.problems.append(
                f"{values.show(name)}: the quotes count as part of the value, as with docker --env-file; "
                "write it without them"
            )
            values.found[name] = replace(value, text=text[1:-1].strip())
        else:
            values.found[name] = replace(value, text=text)


def _is_quoted(text: str) -> bool:
    return len(text) > 1 and text[0] == text[-1] and text[0] in "'\""


def _read_file(
    path: Path, known: AbstractSet[str], values: Values, *, may_be_missing: bool
) -> Iterator[_Stranger]:
    """Take the settings of the file; the names that are none."""
    try:
        text = path.read_text(encoding="utf-8-sig")
    except FileNotFoundError:
        if may_be_missing:
            values.no_file = path.absolute().parent
        else:
            values.incomplete = True
            values.problems.append(f"{path}: there is no such file; `cartwake init --file` writes one")
        return
    except UnicodeDecodeError as error:
        values.incomplete = True
        line = error.object.count(b"\n", 0, error.start) + 1
        values.problems.append(f"{path} line {line}: not UTF-8; save the file with the encoding UTF-8")
        return
    except OSError as error:
        values.incomplete = True
        values.problems.append(
            f"{path}: can't be read ({error.strerror}); give this user the right to read it"
        )
        return
    for binding in parse_stream(StringIO(text)):
        before, after = binding.original.line, binding.original.string.lstrip()
        blank_lines = binding.original.string.removesuffix(after).count("\n")
        origin = f"{path} line {before + blank_lines}"
        if binding.error or (binding.key and binding.value is None):
            values.incomplete = True
            # Not shown: the broken line may well be the one with the password.
            values.problems.append(f"{origin}: give NAME=value, with both quotes if it has quotes")
        elif binding.key and binding.value is not None:
            name = binding.key.removeprefix(PREFIX)
            value = Value(binding.value, _origin(binding.key, name, origin), in_file=True)
            if name not in known:
                yield _Stranger(binding.key, replace(value, origin=origin))
            elif name in values.found:
                values.problems.append(
                    f"{name}: set twice ({values.found[name].origin} and {value.origin}); keep one"
                )
            else:
                values.found[name] = value


def _resolve_other_names(values: Values) -> None:
    parts: dict[str, Value] = {}
    if server_id := values.found.pop("SERVER_ID", None):
        parts["MYSQL_SERVER_ID"] = Value(server_id.text, f"SERVER_ID, {server_id.origin}")
    _merge(parts, values)
    # MYSQL_URL stays among the found: as a secret that no message may show.
    if url := values.found.get("MYSQL_URL"):
        try:
            parts = {name: Value(text, "MYSQL_URL") for name, text in split_url(url.text)}
        except ValueError as error:
            values.problems.append(f"MYSQL_URL ({url.origin}): give {error}")
        else:
            _merge(parts, values)


def _merge(parts: dict[str, Value], values: Values) -> None:
    for name, part in parts.items():
        own = values.found.get(name)
        if own is not None and own.text != part.text:
            values.problems.append(f"{values.show(name)}: differs from {part.origin}; give one of them")
        values.found.setdefault(name, part)
