"""Candles of one instrument, kept as trades come in.

A period without trades is as flat as the last price before it. Prices are in
ticks, volumes in lots, values in ticks times lots.
"""

from __future__ import annotations

from collections import deque
from typing import Final

__all__ = ["INTERVALS", "KEPT", "Candles", "TickCandle"]

_S: Final = 1_000_000_000
_H: Final = 3600 * _S

INTERVALS: Final[dict[str, tuple[int, int]]] = {
    "1s": (_S, 0),
    "1m": (60 * _S, 0),
    "5m": (300 * _S, 0),
    "15m": (900 * _S, 0),
    "1H": (_H, 0),
    "4H": (4 * _H, 0),
    "1D": (24 * _H, 8 * _H),  # OKX begins days at midnight of UTC+8, except where the name says utc
    "1Dutc": (24 * _H, 0),
}
"""Length of each interval, and how much earlier than UTC it begins, in ns."""

KEPT: Final = 1440
"""How many candles of each interval are remembered."""


class TickCandle:
    """What was traded in the period that begins at `open_ns`."""

    __slots__ = ("close", "high", "low", "open", "open_ns", "value", "volume")

    def __init__(self, open_ns: int, price: int) -> None:
        self.open_ns = open_ns
        self.open = price
        self.high = price
        self.low = price
        self.close = price
        self.volume = 0
        self.value = 0


class Candles:
    """Candles of all intervals of one instrument."""

    def __init__(self) -> None:
        self._series = {name: _Series(length, shift) for name, (length, shift) in INTERVALS.items()}

    def add(self, ticks: int, lots: int, ns: int) -> None:
        """Take a trade in; trades come in the order of their time."""
        for series in self._series.values():
            series.add(ticks, lots, ns)

    def last(self, interval: str, now_ns: int, count: int) -> list[TickCandle]:
        """Return up to `count` candles up to and with that of `now_ns`, oldest first.

        Raises:
            KeyError: If the interval is not one of `INTERVALS`.

        """
        return self._series[interval].last(now_ns, min(count, KEPT))


class _Series:
    """The candles of one interval in which there were trades; the others are made up when asked for."""

    __slots__ = ("candles", "end_ns", "length", "shift")

    def __init__(self, length: int, shift: int) -> None:
        self.length = length
        self.shift = shift
        self.candles: deque[TickCandle] = deque(maxlen=KEPT)
        self.end_ns = 0

    def add(self, ticks: int, lots: int, ns: int) -> None:
        if ns >= self.end_ns:
            open_ns = ns - (ns + self.shift) % self.length
            self.candles.append(TickCandle(open_ns, ticks))
            self.end_ns = open_ns + self.length
        candle = self.candles[-1]
        if ticks > candle.high:
            candle.high = ticks
        elif ticks < candle.low:
            candle.low = ticks
        candle.close = ticks
        candle.volume += lots
        candle.value += ticks * lots

    def last(self, now_ns: int, count: int) -> list[TickCandle]:
        found: list[TickCandle] = []
        open_ns = max(now_ns - (now_ns + self.shift) % self.length, self.end_ns - self.length)
        for candle in reversed(self.candles):
            while open_ns > candle.open_ns and len(found) < count:
                found.append(TickCandle(open_ns, candle.close))
                open_ns -= self.length
            if len(found) >= count:
                break
            found.append(candle)
            open_ns -= self.length
        found.reverse()
        return found
