"""Spans of time as an operator types them. Pure."""

import re
from decimal import Decimal

_UNITS_US = {"m": 60_000_000, "h": 3_600_000_000, "d": 86_400_000_000}
_SPAN = re.compile(r"(\d{1,6}(?:\.\d{1,6})?)\s*([mhd]?)", re.IGNORECASE | re.ASCII)


def parse_span_us(text: str) -> int:
    """``90m``, ``48h``, ``3d`` or a number of hours, in microseconds. ValueError for anything else, 0 included."""
    match = _SPAN.fullmatch(text.strip())
    span_us = int(Decimal(match[1]) * _UNITS_US[match[2].lower() or "h"]) if match else 0
    if span_us <= 0:
        raise ValueError(f"{text!r} is no span of time: give hours (48), or 90m, 48h, 3d")
    return span_us
