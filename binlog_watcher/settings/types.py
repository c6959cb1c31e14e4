"""The kinds of values that settings have: each is checked here and says what is allowed.

A validator's ValueError completes the sentence "NAME = 'value': give …". An empty text means "not set" and
passes: what a command needs is checked where its settings are loaded.
"""

import itertools
import unicodedata
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation
from ipaddress import ip_address
from pathlib import Path
from typing import Annotated, Any, Literal, get_args
from urllib.parse import urlsplit
from zoneinfo import ZoneInfo

from annotated_types import Ge, Gt, Le
from email_validator import EmailNotValidError, validate_email
from pydantic import AfterValidator, BeforeValidator, InstanceOf, SecretStr

from binlog_watcher.core.source import HEARTBEAT_US
from binlog_watcher.settings.takes import Takes
from mailer import AddressPatterns, refill

MAX_HOURS = 8760
"""A year: longer spans are slips of the keyboard."""


def is_loopback(host: str) -> bool:
    """Whether ``host`` is this machine, so that no network can listen."""
    if host.lower() in {"localhost", "ip6-localhost"}:
        return True
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return False


@dataclass(frozen=True, slots=True)
class DiscountTier:
    """From a cart total of ``amount`` on, ``percent`` off; ``code`` is what the customer types ("" = none)."""

    amount: Decimal
    percent: Decimal
    code: str = ""


def _has_controls(text: str) -> bool:
    # A line break in a name would let it add headers to a mail or lines to the log. Cs are the lone surrogates
    # that Python makes of bytes which are no UTF-8.
    return any(unicodedata.category(char) in {"Cc", "Cs", "Zl", "Zp"} for char in text)


def one_line(text: str) -> str:
    """Refuse line breaks and other control characters. Raises ValueError."""
    if _has_controls(text):
        raise ValueError("one line of text without control characters")
    return text


def _few_lines(text: str) -> str:
    if any(_has_controls(line) for line in text.splitlines()):
        raise ValueError("text without control characters")
    return text


def _host(text: str) -> str:
    is_name = all(char.isalnum() or char in "._-" for char in text)
    try:
        is_name = is_name or bool(ip_address(text))
    except ValueError:
        is_name = False
    if not is_name:
        raise ValueError("a host name or an IP address, without scheme and port")
    return text


def web_address(text: str) -> str:
    """An address on the web, or none."""
    if not text:
        return text
    complaint = "a web address that begins with https:// or http://, without spaces and quotes"
    if any(char.isspace() or char in "\"'<>\\" for char in text) or _has_controls(text):
        raise ValueError(complaint)
    try:
        parts = urlsplit(text)
        valid = parts.scheme in {"http", "https"} and bool(parts.hostname) and parts.port != 0
    except ValueError:
        valid = False
    if not valid:
        raise ValueError(complaint)
    if parts.username is not None:
        raise ValueError("a web address without user name and password")
    return text


def _has_place(text: str, place: str) -> bool:
    """Whether an address has this placeholder behind its host, and no other."""
    host, _, behind = text.partition("://")[2].partition("/")
    return place in behind and not set("{}") & set(host + behind.replace(place, ""))


def _product_url(text: str) -> str:
    if not _has_place(text, "{id}"):
        raise ValueError(
            "a web address such as https://shop.example.com/product/{id}, with {id} where the product's id goes"
        )
    return web_address(text)


def _cart_url(text: str) -> str:
    if set("{}") & set(text) and not _has_place(text, refill.PLACE):
        raise ValueError(
            "a web address, which may have {items} behind its host, where the cart's products go"
        )
    return web_address(text)


def mail_address(text: str) -> str:
    """Normalise a mail address; its domain comes back in ASCII.

    ``test_environment`` lets the reserved domain .test pass (example.com always does), so that a trial with
    made-up addresses works. Nothing is looked up in the DNS: a start must not hang on a name server.
    """
    if not text:
        return text
    try:
        found = validate_email(text, check_deliverability=False, test_environment=True, allow_smtputf8=False)
    except EmailNotValidError as error:
        raise ValueError(f"a mail address such as shop@example.com ({error})") from None
    return found.ascii_email or found.normalized


def _zone(text: str) -> str:
    try:
        ZoneInfo(text)
    except (ValueError, OSError, KeyError):  # KeyError: ZoneInfoNotFoundError; OSError: "Europe" is a folder
        raise ValueError("a time zone by its IANA name such as Europe/Berlin or UTC") from None
    return text


def _currency(text: str) -> str:
    if len(text) != 3 or not (text.isascii() and text.isalpha()):
        raise ValueError("the three letters of an ISO 4217 currency, such as USD or EUR")
    return text.upper()


def _file(text: str) -> str:
    try:
        with Path(text).open("rb"):
            return text
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or error
        raise ValueError(f"the path of a readable PEM file ({reason})") from None


def _utf8(secret: SecretStr) -> SecretStr:
    try:
        secret.get_secret_value().encode()
    except UnicodeEncodeError:
        raise ValueError("text in UTF-8") from None
    return secret


def _secret_url(secret: SecretStr) -> SecretStr:
    try:
        web_address(secret.get_secret_value())
    except ValueError:
        raise ValueError("an address such as https://hc.example.org/ping/…") from None
    return secret


def _long_secret(secret: SecretStr) -> SecretStr:
    if len(secret.get_secret_value()) < 16:
        raise ValueError(
            "at least 16 random characters, for example those that `openssl rand -hex 32` prints"
        )
    return secret


def _above_heartbeat(seconds: float) -> float:
    # A source that was silent for three intervals counts as down, and an idle one is silent for a heartbeat; three
    # missed heartbeats end its connection, which is the earlier and better judgement.
    if not HEARTBEAT_US <= seconds * 1_000_000 <= 86_400_000_000:
        raise ValueError(
            f"seconds from {HEARTBEAT_US / 1_000_000:g}, how often an idle MySQL is heard of, up to 86400"
        )
    return seconds


def _has_quotes_around(text: str) -> bool:
    return text.strip()[:1] in {"'", '"'} or text.strip()[-1:] in {"'", '"'}


def _roles(value: Any) -> Any:
    if isinstance(value, str):
        value = value.split(",")
        if any(_has_quotes_around(role) for role in value):
            raise ValueError("roles with commas between them, without quotes")
    return frozenset(role.strip().casefold() for role in value if role.strip())


Promise = Literal["discount_without_code", "free_shipping"]
"""What mails say by default, and a shop may not grant."""


def _promises(value: Any) -> Any:
    if isinstance(value, str):
        value = [name.strip().lower() for name in value.split(",") if name.strip()]
    if unknown := sorted(set(value) - set(get_args(Promise))):
        raise ValueError(f"{' or '.join(get_args(Promise))}, or both with a comma; {unknown[0]!r} is neither")
    return frozenset(value)


def _address_patterns(value: Any) -> Any:
    if not isinstance(value, str):
        return value
    texts = tuple(text.strip() for text in value.split(",") if text.strip())
    if any(_has_quotes_around(text) for text in texts):
        raise ValueError("addresses with commas between them, without quotes")
    return AddressPatterns(texts)


def _variables(value: Any) -> Any:
    """``name=value, name=value``."""
    if not isinstance(value, str):
        return value
    pairs = [part.partition("=") for part in value.split(",") if part.strip()]
    if not all(name.strip().isidentifier() and equals for name, equals, _ in pairs):
        raise ValueError("name=value, with commas between several")
    if any(_has_quotes_around(text) for _, _, text in pairs):
        raise ValueError("name=value without quotes")
    return tuple((name.strip(), text.strip()) for name, _, text in pairs)


def _tier(text: str) -> DiscountTier:
    complaint = "AMOUNT:PERCENT or AMOUNT:PERCENT:CODE, separated by commas, such as 100:10:SAVE10, 500:20"
    fields = [part.strip() for part in text.split(":")]
    if len(fields) not in {2, 3}:
        raise ValueError(complaint)
    try:
        amount, percent = Decimal(fields[0]), Decimal(fields[1])
    except InvalidOperation:
        raise ValueError(complaint) from None
    if not (amount.is_finite() and percent.is_finite() and amount >= 0 and 0 <= percent <= 100):
        raise ValueError("amounts from 0 and percentages from 0 to 100")
    return DiscountTier(amount, percent, one_line(fields[2]) if len(fields) == 3 else "")


def _tiers(value: Any) -> Any:
    tiers = tuple(map(_tier, value.split(","))) if isinstance(value, str) else tuple(value)
    if any(upper.amount <= lower.amount for lower, upper in itertools.pairwise(tiers)):
        raise ValueError("tiers whose amounts rise from left to right")
    return tiers


Text = Annotated[str, AfterValidator(one_line), Takes("text")]
Lines = Annotated[str, AfterValidator(_few_lines), Takes("text, several lines")]
Host = Annotated[str, AfterValidator(_host), Takes("host name or IP address")]
Web = Annotated[str, AfterValidator(web_address), Takes("web address")]
Mail = Annotated[str, AfterValidator(mail_address), Takes("mail address")]
Zone = Annotated[str, AfterValidator(_zone), Takes("IANA zone, such as Europe/Berlin")]
Currency = Annotated[str, AfterValidator(_currency), Takes("ISO 4217 code")]
ProductUrl = Annotated[str, AfterValidator(_product_url), Takes("web address with {id}")]
CartUrl = Annotated[str, AfterValidator(_cart_url), Takes("web address")]
PemFile = Annotated[str, AfterValidator(_file), Takes("path of a PEM file")]
Secret = Annotated[SecretStr, AfterValidator(_utf8), Takes("secret")]
LongSecret = Annotated[Secret, AfterValidator(_long_secret), Takes("secret of 16 characters or more")]
SecretUrl = Annotated[Secret, AfterValidator(_secret_url), Takes("web address, kept secret")]
"""A web address that whoever knows it may call."""
Roles = Annotated[frozenset[str], BeforeValidator(_roles), Takes("list")]
Promises = Annotated[
    frozenset[Promise], BeforeValidator(_promises), Takes("discount_without_code, free_shipping")
]
Addresses = Annotated[InstanceOf[AddressPatterns], BeforeValidator(_address_patterns), Takes("list")]
Variables = Annotated[tuple[tuple[str, str], ...], BeforeValidator(_variables), Takes("list of name=value")]
Tiers = Annotated[tuple[DiscountTier, ...], BeforeValidator(_tiers), Takes("list of AMOUNT:PERCENT[:CODE]")]
Upper = BeforeValidator(lambda value: value.upper() if isinstance(value, str) else value)
Lower = BeforeValidator(lambda value: value.lower() if isinstance(value, str) else value)
Level = Annotated[Literal["DEBUG", "INFO", "WARNING", "ERROR"], Upper]

Port = Annotated[int, Ge(1), Le(65535)]
ServerId = Annotated[int, Ge(1), Le(2**32 - 1)]
Percent = Annotated[Decimal, Ge(0), Le(100)]
Amount = Annotated[Decimal, Ge(0), Le(10**12)]
Hours = Annotated[Decimal, Ge(0), Le(MAX_HOURS)]
PositiveHours = Annotated[Decimal, Gt(0), Le(MAX_HOURS)]
# The lower bound is 60 ms: shorter than that the binlog's own delay would be longer.
Minutes = Annotated[Decimal, Ge(Decimal("0.001")), Le(MAX_HOURS * 60)]
Grace = Annotated[Decimal, Ge(0), Le(MAX_HOURS * 60)]
Seconds = Annotated[float, Gt(0), Le(86400)]
Interval = Annotated[
    float, AfterValidator(_above_heartbeat), Takes(f"a number from {HEARTBEAT_US / 1_000_000:g} up to 86400")
]
