"""Order ids: derived, never random, never used twice.

    bk1x9c 00 0lfls8 00000001
    │      │  │      └─ sequence within the boot, base 36
    │      │  └─ boot epoch from the journal, base 36; it never repeats
    │      └─ strategy, base 36 by order of appearance
    └─ the bot: its prefix, and what tells it from other bots of the account

Letters and digits only, as OKX demands (docs: place order, `clOrdId`).
"""

from __future__ import annotations

from typing import Final

__all__ = ["OrderIds", "base36"]

_DIGITS: Final = "0123456789abcdefghijklmnopqrstuvwxyz"


class OrderIds:
    """Hands out ids for one boot of one bot."""

    def __init__(self, prefix: str, epoch: int) -> None:
        self._prefix = prefix
        self._epoch = base36(epoch, 6)
        self._heads: dict[str, str] = {}
        self._sequence = 0

    def next(self, strategy: str) -> str:
        """Return an id that was never handed out before."""
        head = self._heads.get(strategy)
        if head is None:
            head = self._heads[strategy] = f"{self._prefix}{base36(len(self._heads), 2)}{self._epoch}"
        self._sequence += 1
        return head + base36(self._sequence, 8)


def base36(number: int, width: int) -> str:
    """Return `number` in base 36, filled with zeros to `width`.

    Raises:
        ValueError: If it does not fit.

    """
    if not 0 <= number < 36**width:
        raise ValueError(f"no room for {number} in {width} characters of base 36")
    digits = ""
    while number:
        number, digit = divmod(number, 36)
        digits = _DIGITS[digit] + digits
    return digits.rjust(width, "0")
