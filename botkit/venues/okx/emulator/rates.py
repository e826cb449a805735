"""How often anybody may ask: sliding windows, counted per user or address and subject.

A request over the limit is refused and does not count. REST and WebSocket share
the windows of orders; placing, amending and canceling each have their own.
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
        self._windows: dict[tuple[str, ...], deque[tuple[int, int]]] = {}

    def take(self, rate: Rate, who: tuple[str, ...], now_ns: int, *, cost: int = 1) -> None:
        """Count `cost` against one window.

        Raises:
            Refused: With the code of the rate, if that is more than is left of it.

        """
        window = self._windows.setdefault(who, deque())
        while window and window[0][0] <= now_ns - rate.window_ns:
            window.popleft()
        if sum(taken for _, taken in window) + cost > rate.limit:
            raise Refused(rate.code)
        window.append((now_ns, cost))
