"""How often a venue may be asked: windows that are told the time.

A request's turn is recorded before it is sent, so that requests waiting beside
each other do not all find the same free place. Every key has a window of its
own: give cancels another key than orders, and they never wait behind them.
"""

from __future__ import annotations

from collections import deque

import msgspec

from botkit.errors import VenueBusy
from botkit.model.duration import NS_PER_S

__all__ = ["Quota", "RateLimiter"]


class Quota(msgspec.Struct, frozen=True):
    """How many requests a venue takes in any stretch of time.

    Attributes:
        count: Requests, or items of batches, per window.
        window_s: Length of the window, in seconds.

    """

    count: int
    window_s: int


class RateLimiter:
    """Sliding windows by key.

    A window counts what was sent in the last `window_s` seconds, wherever the
    venue's own windows begin; a bucket refilled drop by drop would let twice
    the quota through after a pause.
    """

    def __init__(self, *, share: float = 0.8, max_wait_s: float = 2.0) -> None:
        """Leave `1 - share` of every quota to whoever else uses it; refuse waits beyond `max_wait_s`."""
        if not 0 < share <= 1:
            raise ValueError(f"a share is above 0 and at most 1, not {share}")
        self._share = share
        self._max_wait_ns = int(max_wait_s * NS_PER_S)
        self._windows: dict[str, _Window] = {}

    def acquire(self, key: str, quota: Quota, now_ns: int, cost: int = 1) -> int:
        """Take a turn; return how many nanoseconds to wait before using it, mostly 0.

        Raises:
            VenueBusy: If the turn would come too late; nothing was taken.
            ValueError: If the turn would never come, because `cost` is above the quota.

        """
        window = self._window(key, quota)
        if cost > window.capacity:
            raise ValueError(f"{key} takes {window.capacity} at a time, not {cost}")
        wait_ns = window.turn_ns(now_ns, cost) - now_ns
        if wait_ns > self._max_wait_ns:
            raise VenueBusy(f"too many requests for {key}", retry_after_s=wait_ns / NS_PER_S)
        window.take(now_ns + wait_ns, cost)
        return wait_ns

    def hold(self, key: str, quota: Quota, until_ns: int) -> None:
        """Give no turns before `until_ns`: the venue has said that it is too much."""
        window = self._window(key, quota)
        window.held_until_ns = max(window.held_until_ns, until_ns)

    def _window(self, key: str, quota: Quota) -> _Window:
        window = self._windows.get(key)
        if window is None:
            capacity = max(1, int(quota.count * self._share))
            window = self._windows[key] = _Window(capacity, quota.window_s * NS_PER_S)
        return window


class _Window:
    """The turns of one key that still count, oldest first."""

    __slots__ = ("_length_ns", "_taken", "_turns", "capacity", "held_until_ns")

    def __init__(self, capacity: int, length_ns: int) -> None:
        self.capacity = capacity
        self.held_until_ns = 0
        self._length_ns = length_ns
        self._turns: deque[tuple[int, int]] = deque()
        self._taken = 0

    def turn_ns(self, now_ns: int, cost: int) -> int:
        """Return the earliest time at which `cost` more fit, turns not used yet included."""
        self._forget(now_ns)
        earliest = max(now_ns, self.held_until_ns)
        excess = self._taken + cost - self.capacity
        for at_ns, taken in self._turns:
            if excess <= 0:
                break
            excess -= taken
            earliest = max(earliest, at_ns + self._length_ns)
        return earliest

    def take(self, at_ns: int, cost: int) -> None:
        self._turns.append((at_ns, cost))
        self._taken += cost

    def _forget(self, now_ns: int) -> None:
        while self._turns and self._turns[0][0] + self._length_ns <= now_ns:
            self._taken -= self._turns.popleft()[1]
