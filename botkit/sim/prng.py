"""A small random generator whose numbers depend on its seed alone.

SplitMix64 (Steele, Lea, Flood: "Fast splittable pseudorandom number
generators", 2014). Python's own generator promises the same integers for ever,
but not the same floats; a market that is to be the same bit for bit needs both.
"""

from __future__ import annotations

from collections.abc import Sequence
from math import cos, log, pi, sin, sqrt
from typing import Final, TypeVar

__all__ = ["Prng"]

_T = TypeVar("_T")
_MASK: Final = (1 << 64) - 1
_STEP: Final = 0x9E3779B97F4A7C15


class Prng:
    """A stream of random numbers; equal seeds and stream numbers give equal streams."""

    __slots__ = ("_spare", "_state")

    def __init__(self, seed: int, stream: int = 0) -> None:
        # Mixed, because neighbouring stream numbers are neighbouring states otherwise.
        self._state = (seed + _mix(stream)) & _MASK if stream else seed & _MASK
        self._spare: float | None = None

    def next64(self) -> int:
        """Return an integer from 0 to 2**64 - 1."""
        self._state = (self._state + _STEP) & _MASK
        return _mix(self._state)

    def uniform(self) -> float:
        """Return a number from 0 up to, not including, 1."""
        return (self.next64() >> 11) * 2.0**-53

    def exponential(self, mean: float) -> float:
        """Return a waiting time whose average is `mean`."""
        return -log(1.0 - self.uniform()) * mean

    def normal(self) -> float:
        """Return a number of the normal distribution with mean 0 and variance 1."""
        spare, self._spare = self._spare, None
        if spare is not None:
            return spare
        radius = sqrt(-2.0 * log(1.0 - self.uniform()))
        angle = 2.0 * pi * self.uniform()
        self._spare = radius * sin(angle)
        return radius * cos(angle)

    def pareto(self, least: float, exponent: float) -> float:
        """Return a number not below `least`; the smaller the exponent, the heavier the tail."""
        return float(least / (1.0 - self.uniform()) ** (1.0 / exponent))

    def below(self, bound: int) -> int:
        """Return an integer from 0 to `bound` - 1."""
        # The bias of taking 64 bits this way is below bound / 2**64.
        return (self.next64() * bound) >> 64

    def choice(self, items: Sequence[_T]) -> _T:
        """Return one of the items, each as likely as the others."""
        return items[self.below(len(items))]


def _mix(z: int) -> int:
    z = ((z ^ (z >> 30)) * 0xBF58476D1CE4E5B9) & _MASK
    z = ((z ^ (z >> 27)) * 0x94D049BB133111EB) & _MASK
    return z ^ (z >> 31)
