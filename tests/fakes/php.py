"""Writes what PHP's ``serialize`` writes. Real PHP is held against this, and the reader, in tests/parts/test_php.py."""

import math
from collections.abc import Iterator
from dataclasses import dataclass
from decimal import Decimal
from typing import Any


@dataclass(frozen=True)
class Object:
    """An object. Names of properties: ``*name`` is protected, ``Class\\0name`` private to Class, any other public."""

    name: str
    properties: dict[str, Any]


@dataclass(frozen=True)
class Reference:
    """An object that was written before, as the value number ``slot``."""

    slot: int


def slot_of(root: Any, wanted: Object) -> int:
    """The number that PHP gives an object within a document: values count from 1 in their order, keys do not."""
    for number, value in enumerate(_values(root), 1):
        if value is wanted:
            return number
    raise ValueError("is not in the document")


def _values(value: Any) -> Iterator[Any]:
    yield value
    inner = value.properties if isinstance(value, Object) else value
    if isinstance(inner, dict | list | tuple):
        for one in inner.values() if isinstance(inner, dict) else inner:
            yield from _values(one)


def serialized(value: Any) -> bytes:
    if value is None:
        return b"N;"
    if isinstance(value, bool):
        return b"b:%d;" % value
    if isinstance(value, int):
        return b"i:%d;" % value
    if isinstance(value, float):
        return b"d:%s;" % _float(value).encode()
    if isinstance(value, str):
        value = value.encode()
    if isinstance(value, bytes):
        return b's:%d:"%s";' % (len(value), value)
    if isinstance(value, Reference):
        return b"r:%d;" % value.slot
    if isinstance(value, Object):
        name = value.name.encode()
        properties = {_mangled(key): one for key, one in value.properties.items()}
        return b'O:%d:"%s":%d:{%s}' % (len(name), name, len(properties), _elements(properties))
    elements = value if isinstance(value, dict) else dict(enumerate(value))
    return b"a:%d:{%s}" % (len(elements), _elements(elements))


def _float(value: float) -> str:
    """The shortest digits that mean it, as with ``serialize_precision = -1``; an exponent as PHP's %H writes it."""
    if not math.isfinite(value):
        return repr(value).upper()
    if value == 0:
        return "-0" if math.copysign(1, value) < 0 else "0"
    sign, digits, exponent = Decimal(repr(value)).normalize().as_tuple()
    assert isinstance(exponent, int)
    power = len(digits) + exponent - 1
    if -5 < power < 17:
        return format(Decimal(repr(value)), "f").removesuffix(".0")
    first, *others = map(str, digits)
    return f"{'-' if sign else ''}{first}.{''.join(others) or '0'}E{power:+d}"


def _elements(elements: dict[Any, Any]) -> bytes:
    return b"".join(serialized(_key(key)) + serialized(one) for key, one in elements.items())


def _key(key: str | int) -> str | int:
    """An array's key: PHP makes a number of text that is one."""
    if isinstance(key, str) and key.removeprefix("-").isdecimal():
        number = int(key)
        return number if str(number) == key and -(2**63) <= number < 2**63 else key
    return key


def _mangled(name: str) -> str:
    if name.startswith("*"):
        return f"\0*\0{name[1:]}"
    return f"\0{name}" if "\0" in name else name
