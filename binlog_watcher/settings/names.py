"""Which names are settings, and which others were surely meant to be one. Pure.

Other programs share the environment and the file, so a name that is not ours is left alone, unless it is so
near to one of ours that whoever wrote it believes that it counts. One that only begins as ours do (``SMTP_SECURE``) may
be anybody's: it is told, and no mistake.
"""

import difflib
import functools
import re
from collections.abc import Iterable, Iterator, Mapping
from collections.abc import Set as AbstractSet

PREFIX = "CARTWAKE_"
"""May stand before the name of any setting; behind it every unknown name is a mistake."""

NOT_SETTINGS = frozenset({
    "CARTWAKE_ADMIN_PASSWORD", "CARTWAKE_CACHE", "CARTWAKE_DATA", "CARTWAKE_ENV_FILE", "CARTWAKE_MARIADBD",
    "CARTWAKE_MYSQLD", "CARTWAKE_PASSWORD", "CARTWAKE_TEST_OUTPUT",
})  # fmt: skip
"""Names with our prefix that `init`, the demo, the tests and the compose file read, and the one that names the file."""

_OF_OTHERS = frozenset({
    "DB_HOST", "DB_PORT", "MYSQL_HOME", "MYSQL_PWD", "SERVER_EMAIL", "SERVER_IP", "SERVER_NAME", "STORAGE_NAME",
    "STORAGE_URL", "WEB_ROOT",
})  # fmt: skip
"""Near to ours, and known to be read by other programs."""

_EVERYBODYS_WORDS = frozenset({
    "CHECK", "CURRENCY", "EMAIL", "FREE", "LINK", "LOG", "MAIL", "MAX", "METRICS", "OPEN", "PUBLIC", "RETRY",
    "SERVER", "SHUTDOWN", "SUBJECT", "SUPPORT", "TRUSTED", "WEB", "WORKER",
})  # fmt: skip
"""Our settings begin with them, and so do names of many a program: to tell of each would drown the rest."""

_OF_MYSQL = re.compile(
    r"MYSQL_((ROOT|RANDOM|ALLOW|ONETIME|INITDB|REPLICATION|MASTER|SLAVE|SHELL|TEST|CLUSTER)_\w+"
    r"|HOME|PWD|TCP_PORT|UNIX_PORT|PS1|HISTFILE|HISTIGNORE|GROUP_SUFFIX|VERSION|MAJOR|DATADIR|LOG_CONSOLE)"
)
"""What MySQL's image, server and client read."""

_MOST_SLIPS = 2
_SHORT = 6
"""Letters of a setting's name (``STORES``) where two slips make another word (``CORES``): one is allowed."""

_CLOSE_IN_A_FILE = 0.86
"""difflib's ratio: in the file, which somebody wrote for Cartwake, more is a mistake than in the environment."""

_LINK_NAME = re.compile(
    r"\w+_(SERVICE_HOST|SERVICE_PORT(_\w+)?|PORT_\d+_(TCP|UDP|SCTP)(_(PROTO|PORT|ADDR))?)"
)
_LINK_VALUE = re.compile(r"(tcp|udp|sctp)://")

_SAME_WORDS = {
    "CERTIFICATE": "CERT", "DB": "DATABASE", "DBNAME": "DATABASE", "DSN": "URL", "HOSTNAME": "HOST", "LOGIN": "USER",
    "MAIL": "EMAIL", "MAILS": "EMAILS", "PASS": "PASSWORD", "PASSWD": "PASSWORD", "PWD": "PASSWORD", "SSL": "TLS",
    "TZ": "TIMEZONE", "URI": "URL", "USERNAME": "USER",
}  # fmt: skip
_UNITS = frozenset({
    "BYTES", "DAY", "DAYS", "HOUR", "HOURS", "HRS", "KB", "MB", "MIN", "MINS", "MINUTE", "MINUTES", "MS", "PCT",
    "PERCENT", "PERCENTAGE", "SEC", "SECOND", "SECONDS", "SECS",
})  # fmt: skip
_OTHER_NAMES = {
    "COOLDOWN": "EMAIL_COOLDOWN_HOURS",
    "COOLDOWN_HOURS": "EMAIL_COOLDOWN_HOURS",
    "EMAIL_FROM": "SENDER_EMAIL",
    "FROM_EMAIL": "SENDER_EMAIL",
    "FROM_NAME": "SENDER_NAME",
    "GEMINI_KEY": "GEMINI_API_KEY",
    "MAIL_FROM": "SENDER_EMAIL",
    "SMTP_FROM": "SENDER_EMAIL",
}


def is_service_link(name: str, text: str) -> bool:
    """Whether Kubernetes (or a link of Docker) set this for a service, such as ``MYSQL_PORT=tcp://10.0.0.7:3306``."""
    return bool(
        _LINK_NAME.fullmatch(name) or (name.endswith("_PORT") and _LINK_VALUE.match(text.strip().lower()))
    )


def looks_like_ours(name: str, text: str, settings: AbstractSet[str]) -> bool:
    """Whether somebody may believe that a name counts that is no setting, and no mistake for sure."""
    plain = name.upper()
    if (
        name in NOT_SETTINGS
        or plain in _OF_OTHERS
        or _OF_MYSQL.fullmatch(plain)
        or is_service_link(name, text)
    ):
        return False
    first, _, rest = plain.partition("_")
    return bool(rest) and first in {setting.partition("_")[0] for setting in settings} - _EVERYBODYS_WORDS


def mistake(
    name: str, text: str, *, settings: AbstractSet[str], given: Mapping[str, str], in_file: bool
) -> str | None:
    """What is wrong with a name that is no setting, None when it is another program's.

    ``given``: the settings that have a value, and it. Another name of one that says the same misleads nobody; one that
    says something else does, and a slip of the keyboard is never anybody's.
    """
    if name in NOT_SETTINGS or name.upper() in _OF_OTHERS or is_service_link(name, text):
        return None
    plain = name.upper()
    prefix = PREFIX if plain.startswith(PREFIX) else ""
    plain = plain.removeprefix(PREFIX)
    meant = _nearest(plain, settings) or next(
        (other for other in _other_names(plain, settings) if prefix or given.get(other) != text), None
    )
    if meant is None and (in_file or prefix):
        meant = next(iter(difflib.get_close_matches(plain, settings, n=1, cutoff=_CLOSE_IN_A_FILE)), None)
    if meant is None and not prefix and plain.startswith(PREFIX[0]):
        prefixed = _nearest(plain, {PREFIX + each for each in settings})
        prefix, meant = (PREFIX, prefixed.removeprefix(PREFIX)) if prefixed else ("", None)
    if meant is None:
        return "there is no such setting; docs/settings.md names them all" if prefix else None
    differs = ", which has another value" if given.get(meant, text) != text else ""
    elsewhere = "" if in_file or prefix else " If not, start Cartwake without it"
    return f"there is no such setting; did you mean {prefix}{meant}{differs}?{elsewhere}"


def _nearest(name: str, settings: AbstractSet[str]) -> str | None:
    """The setting that is at most two slips away from ``name``, of a short one one."""
    slips = {each: _slips(name, each) for each in settings if abs(len(each) - len(name)) <= _MOST_SLIPS}
    near = min(sorted(slips), key=slips.__getitem__, default=None)
    if near is None or slips[near] > (1 if len(near) <= _SHORT else _MOST_SLIPS):
        return None
    return near


def _slips(one: str, other: str) -> int:
    """Levenshtein's distance; beyond two slips only that it is more."""
    row = list(range(len(other) + 1))
    for i, left in enumerate(one, 1):
        before, row = row, [i]
        for j, right in enumerate(other, 1):
            row.append(min(before[j] + 1, row[-1] + 1, before[j - 1] + (left != right)))
        if min(row) > _MOST_SLIPS:
            return min(row)
    return row[-1]


def _other_names(name: str, settings: Iterable[str]) -> Iterator[str]:
    """The settings that ``name`` is another name of: by other words, another unit, or the unit left out."""
    if name in _OTHER_NAMES:
        yield _OTHER_NAMES[name]
    words, stem = _words(name), _stem(_words(name))
    for setting in sorted(settings):
        own = _words(setting)
        same_stem = own[-1] in _UNITS and stem == _stem(own) and (words != stem or len(stem) > 1)
        if words == own or same_stem:
            yield setting


@functools.lru_cache(maxsize=1024)
def _words(name: str) -> tuple[str, ...]:
    words = [_SAME_WORDS.get(word, word) for word in name.split("_")]
    # SMTP_SERVER is SMTP_HOST, while the server of SERVER_ID is no host.
    return (*words[:-1], "HOST" if words[-1] == "SERVER" else words[-1])


def _stem(words: tuple[str, ...]) -> tuple[str, ...]:
    return words[:-1] if words[-1] in _UNITS else words
