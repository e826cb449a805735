"""Clocks: the only readers of the machine's time.

Cores never ask what time it is; events carry it. A shell stamps an event when
it comes in through the door, and this is what it stamps it with.
"""

from __future__ import annotations

import time
from typing import Protocol

__all__ = ["Clock", "SimClock", "WallClock"]


class Clock(Protocol):
    """What time it is, in nanoseconds since 1970-01-01 UTC."""

    def now_ns(self) -> int:
        """Return the time, never less than what was returned before."""


class WallClock:
    """The machine's clock, kept from stepping back.

    The wall is read once; from there the monotonic clock counts, so that a
    step of the system clock can neither reorder events nor stop timers.
    """

    def __init__(self) -> None:
        self._offset_ns = time.time_ns() - time.monotonic_ns()

    def now_ns(self) -> int:
        """Return nanoseconds since 1970-01-01 UTC."""
        return time.monotonic_ns() + self._offset_ns


class SimClock:
    """A clock that moves only when told to, for backtests and tests."""

    def __init__(self, start_ns: int = 0) -> None:
        self._now_ns = start_ns

    def now_ns(self) -> int:
        """Return the time that was last set."""
        return self._now_ns

    def advance_to(self, now_ns: int) -> None:
        """Move the clock forward.

        Raises:
            ValueError: If `now_ns` is in the past.

        """
        if now_ns < self._now_ns:
            raise ValueError(f"time cannot go back from {self._now_ns} to {now_ns}")
        self._now_ns = now_ns
