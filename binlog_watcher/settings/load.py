"""Reads the settings: the environment over a file, once, with all mistakes told together."""

import os
import re
from collections.abc import Mapping
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from decimal import Decimal
from enum import Enum
from pathlib import Path

from pydantic import ValidationError

from binlog_watcher.errors import ConfigError
from binlog_watcher.settings.env import SECRET_NAMES, Values, read_values
from binlog_watcher.settings.mistakes import Need, explain, missing, unset
from binlog_watcher.settings.settings import Settings
from binlog_watcher.settings.stores import read_stores

DEFAULT_ENV_FILE = ".env"
ENV_FILE = "CARTWAKE_ENV_FILE"
"""The variable that names another file in place of the default one: a credential of systemd, a mounted secret."""


def load_settings(
    env_file: str | Path | None = DEFAULT_ENV_FILE,
    *,
    need: Need = "mail",
    environ: Mapping[str, str] | None = None,
) -> Settings:
    """Parse the environment over ``env_file`` once.

    ``need`` says what the command can't do without: "mysql" (reaching the shop), "preview" (also what a mail
    shows), "mail" (also sending; DRY_RUN goes without SMTP_HOST). ``environ`` replaces ``os.environ``. The
    default file may be missing, another may not; None reads no file. CARTWAKE_ENV_FILE there is read in place of the
    default one.

    Raises ConfigError with every mistake found, one line each; no line holds a secret.
    """
    found = examine_settings(env_file, need=need, environ=environ)
    if found.settings is None or found.problems:
        raise ConfigError(*found.problems)
    return found.settings


@dataclass(frozen=True, slots=True)
class Given:
    """A setting as it counts. ``value``: None for a secret, and empty for what is not set."""

    name: str
    value: str | None
    origin: str

    def __str__(self) -> str:
        if self.value is None:
            return f"{self.name} ({self.origin})"
        if not self.value:
            return f"{self.name} is not set"
        return f"{self.name} = {self.value} ({self.origin})"


@dataclass(frozen=True, slots=True)
class Examined:
    """What was read, however much of it is wrong. No text in it holds a secret.

    ``settings``: with its default in the place of each that is wrong or missing; None where that makes no sense either.
    ``wrong``: the names of those. ``others``: names that begin as settings do and are none.
    """

    settings: Settings | None
    problems: list[str]
    wrong: frozenset[str]
    values: Values

    @property
    def others(self) -> list[str]:
        """In alphabetical order."""
        return sorted(set(self.values.others))

    def given(self, name: str) -> Given:
        """What counts of a setting, and where it was found."""
        found = self.values.found.get(name)
        if found is not None:
            secret = name in SECRET_NAMES
            return Given(name, None if secret else self.values.shown(name), found.origin)
        value = None if self.settings is None else getattr(self.settings, name.lower())
        plain = value.value if isinstance(value, Enum) else value
        if isinstance(plain, bool):
            plain = str(plain).lower()
        known = isinstance(plain, str | int | float | Decimal | Path)
        return Given(name, str(plain) if known else "", "default")


def examine_settings(
    env_file: str | Path | None = DEFAULT_ENV_FILE,
    *,
    need: Need = "mail",
    environ: Mapping[str, str] | None = None,
) -> Examined:
    """As ``load_settings``, and raises nothing: what is right can be used beside what is wrong."""
    values = _read(env_file, environ)
    problems = [*values.problems, *missing(values, need)]
    wrong = set(unset(values, need))
    given = values.by_field() | {"stores": None}
    settings, told = None, False
    while settings is None:
        try:
            settings = Settings.model_validate(given)
        except ValidationError as error:
            if not told:  # what is wrong without the first ones may be wrong for want of them
                problems += explain(error, values, Settings.model_fields)
                told = True
            real = [one for one in error.errors() if one["type"] != "default_factory_not_called"]
            names = {str(mistake["loc"][0]) for mistake in real}
            wrong |= {name.upper() for name in names}
            left = _without(given, names)
            if left == given:
                break
            given = left
    stores = None
    if "STORES" in values.found:
        stores, mistakes = read_stores(values, known=problems.__contains__)
        problems += mistakes
        wrong |= {"STORES"} if mistakes else set()
    if settings is not None:
        settings = settings.model_copy(update={"stores": stores})
    return Examined(settings, problems, frozenset(wrong), values)


def _without(given: Mapping[str, str | None], wrong: AbstractSet[str]) -> dict[str, str | None]:
    """Those that are left. A mistake in what was not given comes from its likes: SMTP_USER wants SMTP_PASSWORD."""
    families = {name.partition("_")[0] for name in wrong - given.keys()}
    return {
        name: value
        for name, value in given.items()
        if name not in wrong and name.partition("_")[0] not in families
    }


def complaint(name: str, given: Mapping[str, str]) -> str | None:
    """What is wrong with the setting ``name`` among those ``given``, such as "give a whole number"; None: nothing."""
    values = _read(None, given)
    lines = list(values.problems)
    try:
        Settings.model_validate(values.by_field() | {"stores": None})
    except ValidationError as error:
        lines += explain(error, values, Settings.model_fields)
    found = (re.match(rf"{name}(?:: | .*?\((?:environment|default)\): )(.*)", line) for line in lines)
    return next((match[1] for match in found if match), None)


def given_in(env_file: Path | None, environ: Mapping[str, str] | None = None) -> dict[str, str]:
    """The settings that are set there, by name, without the default of any; those of MYSQL_URL by their own names.

    Raises ConfigError for what can't be read, or is no setting.
    """
    values = _read(env_file, environ)
    if values.problems:
        raise ConfigError(*values.problems)
    return {name: value.text for name, value in values.found.items() if name != "MYSQL_URL"}


def names_of_others(
    env_file: str | Path | None = DEFAULT_ENV_FILE, environ: Mapping[str, str] | None = None
) -> list[str]:
    """Names there that begin as settings do and are none, in alphabetical order; see ``load_settings``."""
    return sorted(set(_read(env_file, environ).others))


def _read(env_file: str | Path | None, environ: Mapping[str, str] | None) -> Values:
    environ = os.environ if environ is None else environ
    if env_file == DEFAULT_ENV_FILE and environ.get(ENV_FILE):
        env_file = environ[ENV_FILE]
    return read_values(
        None if env_file is None else Path(env_file),
        environ,
        names=frozenset(name.upper() for name in Settings.model_fields),
        file_may_be_missing=env_file == DEFAULT_ENV_FILE,
    )
