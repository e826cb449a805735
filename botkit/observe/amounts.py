"""Amounts as people read them: no exponents, no trailing zeros, a sign where it is gained or lost."""

from __future__ import annotations

from decimal import ROUND_HALF_EVEN, Decimal
from typing import Final

__all__ = ["exact", "gain"]

_DIGITS: Final = 8
_CENT: Final = Decimal("0.01")
_FINE: Final = Decimal("0.0001")


def exact(value: Decimal) -> str:
    """Return the number without exponent and trailing zeros, to 8 digits after the point."""
    text = f"{value:.{_DIGITS}f}"
    text = text.rstrip("0").rstrip(".")
    return "0" if text == "-0" else text


def gain(value: Decimal) -> str:
    """Return the number with its sign: to cents, or finer if it is less than a cent away from zero."""
    step = _FINE if abs(value) < _CENT else _CENT
    rounded = value.quantize(step, rounding=ROUND_HALF_EVEN)
    return f"{rounded or Decimal('0.00'):+,}"
