"""What is asked, in turn, and what stands in the file under which title."""

from collections.abc import Iterable

from binlog_watcher.commands.init.answers import Known, Question
from binlog_watcher.settings.mail_server import SMTP_PORTS
from binlog_watcher.settings.types import is_loopback
from binlog_watcher.shop.presets import load_schema

SERVER = (
    Question("MYSQL_HOST", "Host of the shop's MySQL", lambda _: "127.0.0.1"),
    Question("MYSQL_PORT", "Its port", lambda _: "3306"),
)
ACCOUNT = (
    Question("MYSQL_USER", "Account for Cartwake", lambda _: "cartwake"),
    Question("MYSQL_PASSWORD", "Password of Cartwake's account", if_empty="a random one"),
)
DATABASE = Question("MYSQL_DATABASE", "The shop's database")


def _cart_url(known: Known) -> str:
    return f"{known.get('STORE_URL', '').rstrip('/')}/cart"


def _currency(known: Known) -> str:
    preset = load_schema(known.get("SHOP_SCHEMA", "sample"))
    return preset.currency or "USD"


def _tls(known: Known) -> str:
    return "none" if is_loopback(known.get("SMTP_HOST", "")) else "starttls"


def _mail_port(known: Known) -> str:
    return str(SMTP_PORTS.get(known.get("SMTP_TLS", ""), ""))


SHOP = (
    Question("STORE_NAME", "Its name, as customers know it"),
    Question("STORE_URL", "Its address on the web (https://…)"),
    Question("CART_URL", "The page that shows the cart", _cart_url),
    Question("CURRENCY", "Currency of its prices", _currency),
    Question("STORE_ADDRESS", "Its postal address, which the law wants in mails"),
    Question("SENDER_EMAIL", "Address that mails come from"),
    Question("SUPPORT_EMAIL", "Address that customers write to", lambda known: known.get("SENDER_EMAIL", "")),
)
MAIL_SERVER = (
    Question("SMTP_HOST", "The mail server (smtp.example.com, or 127.0.0.1)"),
    Question("SMTP_TLS", "Its encryption: starttls, tls, or none on this machine", _tls),
    Question("SMTP_PORT", "Its port", _mail_port),
    Question("SMTP_USER", "Login there", if_empty="none"),
)
MAIL_PASSWORD = Question("SMTP_PASSWORD", "Password of that login")

PROMISES = (
    *(f"DISCOUNT_TIER_{number}_{part}" for number in (1, 2) for part in ("AMOUNT", "PERCENT", "CODE")),
    "DISCOUNT_TIERS", "FREE_SHIPPING_TEXT", "PROMISES_CONFIRMED",
)  # fmt: skip


def _names(questions: Iterable[Question]) -> list[str]:
    return [question.name for question in questions]


TITLES = {
    "The shop's MySQL": [*_names((*SERVER, *ACCOUNT, DATABASE)), "SHOP_SCHEMA", "SHOP_VARIABLES"],
    "The shop, as mails show it": _names(SHOP),
    "The mail server": _names((*MAIL_SERVER, MAIL_PASSWORD)),
    "What mails promise": list(PROMISES),
}
"""Title → names; all others stand behind these."""

ASKED = frozenset(name for names in TITLES.values() for name in names)
