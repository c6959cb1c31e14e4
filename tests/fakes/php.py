"""Writes what PHP's ``serialize`` writes. Real PHP is held against the reader in tests/parts/test_php.py."""

from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class Object:
    """An object. Names of properties: ``*name`` is protected, ``Class\\0name`` private to Class, any other public."""

    name: str
    properties: dict[str, Any]


def serialized(value: Any) -> bytes:
    if value is None:
        return b"N;"
    if isinstance(value, bool):
        return b"b:%d;" % value
    if isinstance(value, int):
        return b"i:%d;" % value
    if isinstance(value, float):
        return b"d:" + repr(value).upper().removesuffix(".0").encode() + b";"
    if isinstance(value, str):
        value = value.encode()
    if isinstance(value, bytes):
        return b's:%d:"%s";' % (len(value), value)
    if isinstance(value, Object):
        name = value.name.encode()
        properties = {_mangled(key): one for key, one in value.properties.items()}
        return b'O:%d:"%s":%d:{%s}' % (len(name), name, len(properties), _elements(properties))
    elements = value if isinstance(value, dict) else dict(enumerate(value))
    return b"a:%d:{%s}" % (len(elements), _elements(elements))


def _elements(elements: dict[Any, Any]) -> bytes:
    return b"".join(serialized(_key(key)) + serialized(one) for key, one in elements.items())


def _key(key: str | int) -> str | int:
    """An array's key: PHP makes a number of text that is one."""
    return int(key) if isinstance(key, str) and key.isdecimal() and str(int(key)) == key else key


def _mangled(name: str) -> str:
    if name.startswith("*"):
        return f"\0*\0{name[1:]}"
    return f"\0{name}" if "\0" in name else name
