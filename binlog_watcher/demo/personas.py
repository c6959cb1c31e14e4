"""The people who shop in the demo: ordinary customers, and those whom a mail must survive."""

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import count

_FIRST_NAMES = """
Amelia Bruno Carla Daniel Elif Farid Greta Henrik Ines Jonas Keiko Liam Marta Nadia Oscar Priya Quentin Rosa Samir
Tilda Ugo Vera Walid Ximena Yusuf Zoe Anton Bella Cyril Dora Emil Flora Gideon Hanna Igor Jana
"""
_LAST_NAMES = """
Andersen Brandt Castillo Dubois Eriksen Fontana Garcia Haas Ivanova Jensen Kowalski Laurent Moreau Nakamura Okafor
Petrov Quintero Rossi Schmidt Tanaka Ueda Vargas Weber Young Zimmermann Almeida Bennett Costa
"""

FIRST_USER_ID = 101
"""The demo's shoppers get user ids from here on; the sample shop's own customers lie below."""


@dataclass(frozen=True, slots=True)
class Persona:
    """A customer with something unusual. ``greeting``: the first name that the subject must begin with."""

    name: str
    email: str | None
    role: str = "customer"
    greeting: str | None = None
    opted_out: bool = False


def ordinary() -> Iterator[Persona]:
    """Customers with plain names and valid addresses, no two alike; endless."""
    firsts, lasts = _FIRST_NAMES.split(), _LAST_NAMES.split()
    for number in count():
        first = firsts[number % len(firsts)]
        last = lasts[(number * 5 + number // len(lasts)) % len(lasts)]
        domain = ("example.com", "example.org", "example.net")[number % 3]
        # The number keeps addresses apart when the names come round again.
        yield Persona(f"{first} {last}", f"{first}.{last}.{number}@{domain}".lower(), greeting=first)


UNREACHABLE = (
    Persona("Nora Noaddress", None),
    Persona("Emil Empty", ""),
    Persona("Ivo Invalid", "not-an-address"),
    Persona("Ana Unfinished", "ana@"),
    Persona("Tom Twice", "tom@@example.com"),
)

HARD_NAMES = (
    Persona("<script>alert('cart')</script>", "markup@example.com"),
    Persona('"><img src=x onerror=alert(1)> & Söhne', "quotes@example.com"),
    Persona("ليلى حسن", "layla@example.com"),
    Persona("山田 太郎", "yamada@example.com"),
    Persona("Eve\r\nBcc: everybody@example.com", "newline@example.com"),
    Persona("{{ 7 * 7 }} {% raw %}", "template@example.com"),
    Persona("Zoë " + "von und zu " * 9 + "Lang", "long@example.com"),
)

STAFF = (
    Persona("Sam Staff", "sam.staff@example.com", role="admin"),
    Persona("Mia Manager", "mia.manager@example.com", role="Admin"),
)

COUPLES = (
    Persona("Paula Pair", "pair@example.com", greeting="Paula"),
    Persona("Peter Pair", "Pair@Example.com", greeting="Peter"),
    Persona("Olga Other", "two.accounts@example.org", greeting="Olga"),
    Persona("Olga Other", "Two.Accounts@example.org", greeting="Olga"),
)

HELD_COUPLE = (
    Persona("Bea Both", "both@example.net", greeting="Bea"),
    Persona("Ben Both", "both@EXAMPLE.net", greeting="Ben"),
)

OPTED_OUT = (
    Persona("Otto Optout", "otto@example.com", opted_out=True),
    Persona("Olivia Optout", "Olivia.Optout@example.org", opted_out=True),
)
