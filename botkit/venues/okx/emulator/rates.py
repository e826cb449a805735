"""How often anybody may ask: sliding windows, counted per user or address and subject.

A request over the limit is refused and counts all the same. REST and WebSocket
share the windows of orders; placing, amending and canceling each have their own.
"""

from __future__ import annotations

from collections import deque
from typing import Final

import msgspec

from botkit.model.duration import NS_PER_S
from botkit.venues.okx.emulator.answers import Refused

__all__ = ["BATCH", "READS", "SINGLE", "SUB_ACCOUNT", "Rate", "Rates"]


class Rate(msgspec.Struct, frozen=True):
    """So many in so long.

    Attributes:
        limit: Requests, or orders, per window.
        window_ns: Length of the window.
        code: What the exchange says when there are more.

    """

    limit: int
    window_ns: int = 2 * NS_PER_S
    code: str = "50011"


SINGLE: Final = Rate(60)
BATCH: Final = Rate(300)
SUB_ACCOUNT: Final = Rate(1000, code="50061")
# Wider than the exchange's own, which differ by endpoint: tests share one address.
READS: Final = Rate(400)


class Rates:
    """The windows of everybody."""

    def __init__(self) -> None:
        self._windows: dict[tuple[str, ...], _Window] = {}

    def take(self, rate: Rate, who: tuple[str, ...], now_ns: int, *, cost: int = 1) -> None:
        """Count `cost` against one window.

        Raises:
            Refused: With the code of the rate, if that is more than is left of it.

        """
        window = self._windows.get(who)
        if window is None:
            window = self._windows[who] = _Window()
        window.forget(now_ns - rate.window_ns)
        window.add(now_ns, cost)
        if window.total > rate.limit:
            raise Refused(rate.code)


class _Window:
    __slots__ = ("_taken", "total")

    def __init__(self) -> None:
        self._taken: deque[tuple[int, int]] = deque()
        self.total = 0

    def forget(self, until_ns: int) -> None:
        while self._taken and self._taken[0][0] <= until_ns:
            self.total -= self._taken.popleft()[1]

    def add(self, now_ns: int, cost: int) -> None:
        self._taken.append((now_ns, cost))
        self.total += cost
