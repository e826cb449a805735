"""Lengths of time: nanoseconds inside, `30s`, `5m`, `4h` where people write them."""

from __future__ import annotations

import re
from typing import Final

__all__ = ["NS_PER_MS", "NS_PER_S", "duration_ns"]

NS_PER_MS: Final = 1_000_000
NS_PER_S: Final = 1_000_000_000

_UNITS: Final = {
    "ms": NS_PER_MS,
    "s": NS_PER_S,
    "m": 60 * NS_PER_S,
    "h": 3_600 * NS_PER_S,
    "d": 86_400 * NS_PER_S,
    "w": 604_800 * NS_PER_S,
}
_TEXT: Final = re.compile(r"([0-9]{1,12}(?:\.[0-9]{1,12})?)(ms|[smhdw])")


def duration_ns(text: str) -> int:
    """Return the nanoseconds in a length such as `250ms`, `30s`, `1.5h`; letters in either case.

    Raises:
        ValueError: If the text is not a number with one of the units ms, s, m, h, d, w, or is zero.

    """
    match = _TEXT.fullmatch(text.strip().lower())
    length = round(float(match[1]) * _UNITS[match[2]]) if match else 0
    if not length:
        raise ValueError(f"not a length of time: {text!r}; write a number and a unit, such as 30s, 5m or 4h")
    return length
