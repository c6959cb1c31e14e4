r"""The format of PHP's ``serialize``: its tokens.

A value is one of

    N;  b:1;  i:-7;  d:1.5;  d:INF;  s:LENGTH:"BYTES";      scalars; lengths are in bytes, and nothing is escaped
    a:COUNT:{KEY VALUE …}                                   keys are i or s
    O:LENGTH:"CLASS":COUNT:{KEY VALUE …}                    private properties: \0CLASS\0NAME, protected: \0*\0NAME
    E:LENGTH:"CLASS:CASE";                                  a case of an enum
    C:LENGTH:"CLASS":LENGTH:{BYTES}                         an object that writes itself (Serializable)
    r:NUMBER;  R:NUMBER;                                    an object that has come before; a reference

Values are numbered from 1 as they come, keys and ``R`` left out. Source: ext/standard/var_unserializer.re and var.c of
PHP 8.2; ``S`` is read there but written by no PHP. What stands inside of a ``C`` may take numbers, too, and can't be
known here: references behind one are refused.
"""

import re

VALUE = re.compile(
    rb"""
      s:(\d{1,8}):"
    | (?: i:[-+]?\d{1,20} | b:[01] | N
        | d:(?:-?INF | NAN | [-+]?(?:\d{1,400}(?:\.\d{0,400})? | \.\d{1,400})(?:[eE][-+]?\d{1,4})?)
        | [rR]:\d{1,8}
      );
    | a:(\d{1,8}):\{
    | O:(\d{1,5}):"
    | E:(\d{1,5}):"
    | C:(\d{1,5}):"
    """,
    re.VERBOSE,
)
"""How a value begins. Its ``lastindex`` is one of the following, or None where it is all of the value."""

STRING, ARRAY, OBJECT, ENUM, CUSTOM = range(1, 6)

KEY = re.compile(rb's:(\d{1,8}):"|i:[-+]?\d{1,20};')
"""How a key begins; group 1: the length of a string."""

SMALLEST_ELEMENT = 6  # bytes: "i:0;" and "N;"
