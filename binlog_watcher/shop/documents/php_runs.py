"""Goes over many values of a serialised array at once, where a step of Python's for each would cost ten times as much.

The length of a string stands before it, and how many elements an array has: there is an alternative for each length
and each number, as long as they are small, which most are. So whatever a string holds, it ends where PHP ends it.
"""

import re
from collections.abc import Callable, Collection
from functools import cache
from typing import cast

_RUN = 8  # elements of one match
_NAME, _SHORT, _LONG, _LONGER = 31, 63, 127, 511  # bytes of strings
_FEW, _FEWER = 3, 2  # elements of a small array, and of those in it
SMALL_DEPTH = 2
"""Of what ``small_array`` matches."""

Always = Callable[[bytes, int, int], re.Match[bytes]]
"""Matches bytes from an offset up to an end; where nothing fits it matches nothing, and so it never fails."""

INTEGER = rb"i:[-+]?\d{1,20};"
OTHER_SCALAR = (
    rb"(?:b:[01]|N|d:(?:-?INF|NAN|[-+]?(?:\d{1,400}(?:\.\d{0,400})?|\.\d{1,400})(?:[eE][-+]?\d{1,4})?)"
    rb");"
)
_REFERENCE = rb"[rR]:\d{1,8};"


class Elements:
    """The elements of an array of which those called ``names`` are wanted; ``scalars``: of these, as they stand.

    ``step`` matches, maybe nothing: first one of ``scalars``, if it is short, then some others with short scalars. Its
    groups are the key of the first as it is written, of which ``keys`` has the name, and its value: the digits of a
    short whole number, or else all of it. ``lastindex - OTHERS`` others there are, if that is above 0; the first of
    them may be a small array. It stops before one of ``names`` (as they are written: ``all_keys``), and before
    whatever is longer.
    """

    __slots__ = ("all_keys", "keys", "step")

    OTHERS = 3

    def __init__(self, names: frozenset[bytes], scalars: frozenset[bytes]) -> None:
        self.keys, self.all_keys = _keys_of(scalars), _keys_of(names)
        value = rb"i:([-+]?\d{1,18});|(%s|%s)" % (_string(_LONG), OTHER_SCALAR)
        taken = rb"(?:(%s)(?:%s))?" % (_any_of(self.keys), value)
        self.step = _always(taken + _run_past(self.all_keys))


elements_of = cache(Elements)
"""Made once for the same names."""


def make_ready() -> None:
    """Make what takes a while, before a document is read in the time that it may take."""
    for make in (run_past, small_array_element, array_element, string_element, named_string_element):
        make()


@cache
def small_array_element() -> re.Pattern[bytes]:
    """What matches an array of a few scalars, or of a few such arrays, with its key; group 1 is the key as written.

    It is taken off the budget as one value, and has ten at most: the bytes of a document bound them all the same.
    """
    return re.compile(rb"(%s)%s" % (_key(), _small_array(_LONGER)), re.DOTALL)


@cache
def array_element() -> re.Pattern[bytes]:
    """What matches the beginning of an element that is an array: its key as it is written, and how many are in it."""
    # WooCommerce calls its lines by MD5 digests: 32 characters.
    return re.compile(rb"(%s|%s)a:(\d{1,8}):\{" % (_string(_SHORT), INTEGER), re.DOTALL)


@cache
def string_element() -> re.Pattern[bytes]:
    """What matches an element as far as the first quote of its string, and gives its length."""
    return re.compile(rb'%ss:(\d{1,8}):"' % _key(), re.DOTALL)


@cache
def named_string_element() -> re.Pattern[bytes]:
    """What ``string_element`` matches; groups: its key as it is written, and the length."""
    return re.compile(rb'(%s)s:(\d{1,8}):"' % _key(), re.DOTALL)


@cache
def run_past(names: frozenset[bytes] = frozenset()) -> Always:
    """What matches the next elements up to one that is called one of ``names``; ``lastindex``: how many (None: 0)."""
    return _always(_run_past(_keys_of(names)))


def _always(pattern: bytes) -> Always:
    return cast("Always", re.compile(pattern, re.DOTALL).match)  # all of it may be left out


def _run_past(keys: Collection[bytes]) -> bytes:
    stop = rb"(?!%s)" % _any_of(keys) if keys else b""
    run = b""
    for number in range(_RUN, 0, -1):
        value = _scalar(_LONG) if number > 1 else rb"(?:%s|%s)" % (_scalar(_LONG), _small_array(_SHORT))
        run = rb"(?:%s%s%s()%s|)" % (stop, _key(), value, run)
    return run


def _small_array(longest: int) -> bytes:
    scalar = _scalar(longest)
    return _array(rb"(?:%s|%s)" % (scalar, _array(scalar, _FEWER)), _FEW)


def _keys_of(names: Collection[bytes]) -> dict[bytes, bytes]:
    """Key, as it is written → name. A number is written as one, or as text."""
    keys = {b's:%d:"%s";' % (len(name), name): name for name in sorted(names)}
    return keys | {b"i:%s;" % name: name for name in names if re.fullmatch(rb"[-+]?\d{1,20}", name)}


def _any_of(texts: Collection[bytes]) -> bytes:
    return rb"(?:%s)" % b"|".join(map(re.escape, texts)) if texts else rb"(?!)"


def _array(value: bytes, most: int) -> bytes:
    element = _key() + value
    return rb"a:(?:0:\{|%s)\}" % b"|".join(rb"%d:\{(?:%s){%d}" % (n, element, n) for n in range(1, most + 1))


def _key() -> bytes:
    return rb"(?:%s|%s)" % (_string(_NAME), INTEGER)


def _scalar(longest: int) -> bytes:
    return rb"(?:%s|%s|%s|%s)" % (_string(longest), INTEGER, OTHER_SCALAR, _REFERENCE)


def _string(longest: int) -> bytes:
    return rb"s:(?:%s)" % b"|".join(_behind(str(digit), longest) for digit in range(10))


def _behind(length: str, longest: int) -> bytes:
    """The last digit of a length, or of its beginning, and what may follow."""
    longer = [
        f"{length}{digit}" for digit in range(10) if length != "0" and int(length) * 10 + digit <= longest
    ]
    ways = [rb':".{%d}";' % int(length), *(_behind(one, longest) for one in longer)]
    return rb"%s(?:%s)" % (length[-1].encode(), b"|".join(ways))
