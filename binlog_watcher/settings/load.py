"""Reads the settings: the environment over a file, once, with all mistakes told together."""

import os
from collections.abc import Mapping
from pathlib import Path

from pydantic import ValidationError

from binlog_watcher.errors import ConfigError
from binlog_watcher.settings.env import Need, Values, explain, missing, read_values
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
    values = _read(env_file, environ)
    problems = [*values.problems, *missing(values, need)]
    settings = None
    stores = None
    try:
        settings = Settings.model_validate(values.by_field() | {"stores": None})
    except ValidationError as error:
        problems += explain(error, values, Settings.model_fields)
    if "STORES" in values.found:
        stores, mistakes = read_stores(values, known=problems.__contains__)
        problems += mistakes
    # Raised out here, so that no traceback drags the validation error and its inputs along.
    if settings is None or problems:
        raise ConfigError(*problems)
    return settings.model_copy(update={"stores": stores})


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
