"""Candles of every interval that can be asked for, folded from those that the simulated exchange keeps."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from decimal import Decimal
from typing import Final

import msgspec

from botkit.model.duration import NS_PER_S
from botkit.sim.types import Candle

__all__ = ["BARS", "Bar", "fold"]

_MINUTE: Final = 60 * NS_PER_S
_HOUR: Final = 60 * _MINUTE
_UTC8: Final = 8 * _HOUR


class Bar(msgspec.Struct, frozen=True):
    """An interval that clients may name.

    Attributes:
        source: The interval of the simulated exchange that it is folded from.
        length_ns: How long it is.
        shift_ns: How much earlier than UTC its periods begin.
        parts: How many of the source it has.

    """

    source: str
    length_ns: int
    shift_ns: int = 0
    parts: int = 1


BARS: Final = {
    "1s": Bar("1s", NS_PER_S),
    "1m": Bar("1m", _MINUTE),
    "3m": Bar("1m", 3 * _MINUTE, parts=3),
    "5m": Bar("5m", 5 * _MINUTE),
    "15m": Bar("15m", 15 * _MINUTE),
    "30m": Bar("15m", 30 * _MINUTE, parts=2),
    "1H": Bar("1H", _HOUR),
    "2H": Bar("1H", 2 * _HOUR, parts=2),
    "4H": Bar("4H", 4 * _HOUR),
    "6H": Bar("1H", 6 * _HOUR, _UTC8, parts=6),
    "12H": Bar("1H", 12 * _HOUR, _UTC8, parts=12),
    "1D": Bar("1D", 24 * _HOUR, _UTC8),
    "6Hutc": Bar("1H", 6 * _HOUR, parts=6),
    "12Hutc": Bar("1H", 12 * _HOUR, parts=12),
    "1Dutc": Bar("1Dutc", 24 * _HOUR),
}
"""By the name that clients use; days begin at midnight of UTC+8 unless the name says otherwise."""


def fold(candles: Iterable[Candle], bar: Bar) -> list[Candle]:
    """Return candles of a longer interval, oldest first; the oldest may lack its beginning.

    Args:
        candles: Of the interval that `bar` names as its source, oldest first.
        bar: What to make of them.

    """
    folded: list[Candle] = []
    group: list[Candle] = []
    begins_ns = 0
    for candle in candles:
        opens_ns = candle.open_ns - (candle.open_ns + bar.shift_ns) % bar.length_ns
        if group and opens_ns != begins_ns:
            folded.append(_merged(group, begins_ns, bar))
            group = []
        begins_ns = opens_ns
        group.append(candle)
    if group:
        folded.append(_merged(group, begins_ns, bar))
    return folded


def _merged(group: Sequence[Candle], opens_ns: int, bar: Bar) -> Candle:
    last = group[-1]
    is_whole = last.open_ns + bar.length_ns // bar.parts >= opens_ns + bar.length_ns
    return Candle(
        open_ns=opens_ns,
        open=group[0].open,
        high=max(candle.high for candle in group),
        low=min(candle.low for candle in group),
        close=last.close,
        volume=sum((candle.volume for candle in group), Decimal(0)),
        quote_volume=sum((candle.quote_volume for candle in group), Decimal(0)),
        is_closed=last.is_closed and is_whole,
    )
