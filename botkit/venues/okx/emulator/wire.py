"""How the exchange writes numbers, moments and ids: all of them as text."""

from __future__ import annotations

from decimal import Decimal
from typing import Final

from botkit.model.duration import NS_PER_MS

__all__ = ["blank", "milliseconds", "parse_id", "plain", "rounded"]

_DIVIDED: Final = Decimal("1e-12")


def plain(number: Decimal | int) -> str:
    """Return a number without exponent and without trailing zeros."""
    text = format(Decimal(number), "f")
    if "." in text:
        text = text.rstrip("0").rstrip(".")
    return "0" if text == "-0" else text


def rounded(number: Decimal) -> str:
    """Return the result of a division, as short as the exchange writes it."""
    return plain(number.quantize(_DIVIDED))


def milliseconds(ns: int) -> str:
    """Return a moment in milliseconds since 1970, given in nanoseconds."""
    return str(ns // NS_PER_MS)


def parse_id(text: str) -> int | None:
    """Return an id as a number, None if it cannot be one."""
    return int(text) if text.isascii() and text.isdigit() and len(text) < 20 else None


def blank(names: str) -> dict[str, object]:
    """Return a row with these keys, parted by white space, in which nothing applies yet."""
    return dict.fromkeys(names.split(), "")
