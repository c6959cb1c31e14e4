"""Reads the file that STORES names: a TOML table for each storefront, with what differs from the settings there.

Keys are those of settings in lower case, and each value is checked as the setting of that name. Unlike there, an empty
text means that this store has none.
"""

import difflib
import tomllib
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from binlog_watcher.settings.env import Value, Values
from binlog_watcher.settings.mistakes import NEEDED_IN_MAILS, explain
from binlog_watcher.settings.settings import Settings

_TIERS = frozenset(
    f"discount_tier_{number}_{part}" for number in (1, 2) for part in ("amount", "percent", "code")
)
KEYS = _TIERS | {
    "store_name", "store_url", "store_logo_url", "store_logo_dark_url", "store_address", "support_email",
    "cart_url", "product_url", "currency", "sender_email", "sender_name", "discount_tiers", "discount_max_total",
    "discount_rounding", "discount_note", "free_shipping_text", "dkim_keys", "bounce_address", "unsubscribe_email",
    "languages", "mail_theme", "discount_code_days",
}  # fmt: skip
"""What may differ between stores."""


@dataclass(frozen=True, slots=True)
class _Store:
    """A table of the file: ``name`` as it stands there, ``given`` by key."""

    name: str
    given: Mapping[str, str]


def read_stores(values: Values, known: Callable[[str], bool]) -> tuple[dict[str, Settings], list[str]]:
    """The settings of each store by its name in small letters, and one line for each mistake.

    ``values``: the settings as they were found, STORES among them; ``known``: whether a line was told before.
    """
    path = Path(values.found["STORES"].text)
    try:
        raw = _parsed(path)
    except ValueError as error:
        return {}, [f"{values.show('STORES')}: {error}"]
    stores: dict[str, Settings] = {}
    problems = [] if raw else [f"{path}: names no store; give a table for each, such as [de]"]
    for name, table in raw.items():
        folded = name.strip().casefold()
        if not isinstance(table, dict):
            problems.append(f"{path}: {name} belongs to no store; put it below a table such as [de]")
            continue
        if not folded or folded in stores:
            problems.append(f"{path} [{name}]: " + ("is there twice" if folded else "give the store's name"))
            continue
        problems += _mistaken_keys(table, f"{path} [{name}]")
        given = {key: str(value) for key, value in table.items() if key in KEYS and _is_plain(value)}
        settings, mistakes = _settings(_Store(name, given), path, values)
        problems += [line for line in mistakes if not known(line)]
        stores[folded] = settings or Settings()  # of no use where there are mistakes; so its name is known
    return stores, problems


def _parsed(path: Path) -> dict[str, Any]:
    """The file's content. Raises ValueError, which says what is wrong with it as a whole."""
    try:
        return tomllib.loads(path.read_text(encoding="utf-8-sig"), parse_float=str)
    except FileNotFoundError:
        raise ValueError("there is no such file") from None
    except UnicodeDecodeError:
        raise ValueError("not UTF-8; save the file with the encoding UTF-8") from None
    except OSError as error:
        raise ValueError(f"can't be read ({error.strerror}); give this user the right to read it") from None
    except RecursionError:
        raise ValueError("nested too deeply; give one table a store") from None
    except ValueError as error:  # TOMLDecodeError is one; so is that of a number of 5,000 digits
        raise ValueError(f"{error}; the file is TOML, docs/stores.md shows its form") from None


def _is_plain(value: Any) -> bool:
    return isinstance(value, str | int) and not isinstance(value, bool)


def _mistaken_keys(table: Mapping[str, Any], where: str) -> Iterator[str]:
    for key, value in table.items():
        if key in KEYS:
            if not _is_plain(value):
                yield f"{key.upper()} ({where}): give text in quotes, or a number"
        elif key.lower() in Settings.model_fields and key.lower() not in KEYS:
            yield f"{key} ({where}): is one for all stores; set {key.upper()} beside STORES"
        else:
            near = difflib.get_close_matches(key.lower(), sorted(KEYS), n=1)
            hint = f"did you mean {near[0]}?" if near else f"there are: {', '.join(sorted(KEYS))}"
            yield f"{key} ({where}): there is no such key; {hint}"


def _settings(store: _Store, path: Path, values: Values) -> tuple[Settings | None, list[str]]:
    """A store's settings, and what is wrong with them."""
    origin = f"{path} [{store.name}]"
    problems = [
        f"{key.upper()} ({origin}) is empty: give {NEEDED_IN_MAILS[key.upper()]}"
        for key, text in store.given.items()
        if not text.strip() and key.upper() in NEEDED_IN_MAILS
    ]
    found = {name: value for name, value in values.found.items() if name != "STORES"}
    if store.given.keys() & _TIERS and "discount_tiers" not in store.given:
        found.pop("DISCOUNT_TIERS", None)  # it has tiers of its own
    own = {key.upper(): Value(text.strip(), origin) for key, text in store.given.items()}
    merged = replace(values, found=found | own)
    fields = merged.by_field() | {name.lower(): value.text for name, value in own.items()}
    try:
        return Settings.model_validate(fields), problems
    except ValidationError as error:
        return None, [*problems, *explain(error, merged, Settings.model_fields)]
