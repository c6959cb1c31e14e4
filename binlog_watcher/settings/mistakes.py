"""Words what is wrong with settings: what is missing, and what a value must be."""

import types
from collections.abc import Mapping
from decimal import Decimal
from enum import Enum
from typing import Annotated, Any, Literal, Union, get_args, get_origin

from annotated_types import Ge, Gt, Le
from pydantic import ValidationError
from pydantic.fields import FieldInfo

from binlog_watcher.settings.env import Values

Need = Literal["mysql", "preview", "mail"]

_MYSQL = {
    "MYSQL_USER": "the account that Cartwake logs in with (or MYSQL_URL)",
    "MYSQL_DATABASE": "the shop's database (or MYSQL_URL)",
}
NEEDED_IN_MAILS = {
    "STORE_NAME": "the shop's name as customers know it",
    "STORE_URL": "the shop's address on the web, such as https://shop.example.com",
    "STORE_ADDRESS": "the shop's postal address, which the law wants in such mails",
    "SUPPORT_EMAIL": "the mail address that customers write to",
    "CART_URL": "the page of the shop that shows the cart, such as https://shop.example.com/cart",
    "SENDER_EMAIL": "the mail address that Cartwake sends from",
}
_MAIL = {"SMTP_HOST": "the mail server (or DRY_RUN = true to try without one)"}
REQUIRED: dict[Need, dict[str, str]] = {
    "mysql": _MYSQL,
    "preview": _MYSQL | NEEDED_IN_MAILS,
    "mail": _MYSQL | NEEDED_IN_MAILS | _MAIL,
}
"""What a command can't do without, and what to give."""


def missing(values: Values, need: Need) -> list[str]:
    """One line for each setting that the command needs and nobody gave, and where they were looked for.

    None where a part of the file could not be read: they may be there.
    """
    if values.incomplete:
        return []
    required = unset(values, need)
    if "MYSQL_URL" in values.found and "MYSQL_HOST" not in values.found:
        # The URL could not be read and is reported as such: its parts are not missing.
        required = {name: what for name, what in required.items() if name not in _MYSQL}
    lines = [f"{name} is not set: give {what}" for name, what in required.items()]
    if lines and values.no_file is not None:
        lines.insert(
            0,
            f"there is no .env in {values.no_file}, where it was looked for: start in its folder, or let "
            "`cartwake init` write one (or set what follows in the environment)",
        )
    return lines


def unset(values: Values, need: Need) -> dict[str, str]:
    """The settings that the command needs and that were not found, with what they are."""
    required = dict(REQUIRED[need])
    dry_run = values.found.get("DRY_RUN")
    if dry_run and dry_run.text.lower() in {"1", "true", "t", "yes", "y", "on"}:
        required.pop("SMTP_HOST", None)
    return {name: what for name, what in required.items() if name not in values.found}


def explain(error: ValidationError, values: Values, fields: Mapping[str, FieldInfo]) -> list[str]:
    """One line for each mistake that the model found: the name, the value (never a secret), what is allowed."""
    lines = []
    for mistake in error.errors(include_url=False, include_input=False):
        if mistake["type"] == "default_factory_not_called":
            continue  # its default would follow from a setting that is reported anyway
        name = str(mistake["loc"][0])
        cause = mistake.get("ctx", {}).get("error")
        wanted = str(cause) if isinstance(cause, ValueError) else allowed(fields[name])
        lines.append(f"{values.show(name.upper(), fields[name].default)}: give {values.scrub(wanted)}")
    return lines


def allowed(info: FieldInfo) -> str:
    """What a field takes, in words, from its type and bounds."""
    wanted, bounds = info.annotation, list(info.metadata)
    if get_origin(wanted) in {types.UnionType, Union}:
        wanted = next(part for part in get_args(wanted) if part is not type(None))
    if get_origin(wanted) is Annotated:
        wanted, *bounds = get_args(wanted)
    if get_origin(wanted) is Literal:
        return f"one of {', '.join(get_args(wanted))}"
    if isinstance(wanted, type) and issubclass(wanted, Enum):
        return f"one of {', '.join(member.value for member in wanted)}"
    if wanted is bool:
        return "true or false"
    if wanted in (int, float, Decimal):
        return " ".join(["a whole number" if wanted is int else "a number", *map(_bound, bounds)])
    return "text in UTF-8"


def _bound(bound: Any) -> str:
    match bound:
        case Gt(gt=low):
            return f"above {low}"
        case Ge(ge=low):
            return f"from {low}"
        case Le(le=high):
            return f"up to {high}"
    return ""
