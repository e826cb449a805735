"""Indicators that are told one value at a time and answer in constant time.

All of them: `update(...)` takes the next value in and returns `value`; until
`ready`, `value` is NaN, with which every comparison is false, so that nothing
trades on it by accident. A value that is not a finite number is refused and
changes nothing.
"""

from __future__ import annotations

from math import isfinite, nan, sqrt

__all__ = ["ATR", "EMA", "RSI", "SMA", "VWAP", "Bollinger"]


class SMA:
    """The mean of the last `period` values.

    Attributes:
        value: The mean.
        ready: `period` values have been seen.

    """

    __slots__ = ("_index", "_lap", "_total", "_window", "period", "ready", "value")

    def __init__(self, period: int) -> None:
        self.period = _at_least_one(period)
        self.ready = False
        self.value = nan
        self._window = [0.0] * period
        self._index = 0
        self._total = 0.0
        self._lap = 0.0

    def update(self, value: float) -> float:
        """Take the next value in; `ValueError` if it is not a finite number."""
        # Finite numbers alone give zero here, and this costs half of isfinite().
        if value - value != 0.0:
            raise _not_finite(value)
        index = self._index
        self._total += value - self._window[index]
        self._lap += value
        self._window[index] = value
        index += 1
        if index == self.period:
            # Adding and taking away leaves rounding behind, for ever. The sum of this lap
            # over the window was made by adding alone, and is now the sum of the window.
            self._total, self._lap, index = self._lap, 0.0, 0
            self.ready = True
        self._index = index
        if self.ready:
            self.value = self._total / self.period
        return self.value


class EMA:
    """The exponential mean with weight 2/(period+1), begun with the mean of the first `period` values.

    Attributes:
        value: The mean.
        ready: `period` values have been seen.

    """

    __slots__ = ("_seed", "_weight", "period", "ready", "value")

    def __init__(self, period: int) -> None:
        self.period = _at_least_one(period)
        self.ready = False
        self.value = nan
        self._weight = 2.0 / (period + 1)
        self._seed = SMA(period)

    def update(self, value: float) -> float:
        """Take the next value in; `ValueError` if it is not a finite number."""
        if value - value != 0.0:
            raise _not_finite(value)
        if self.ready:
            self.value += self._weight * (value - self.value)
        else:
            self.value = self._seed.update(value)
            self.ready = self._seed.ready
        return self.value


class RSI:
    """Wilder's relative strength index: which part of the recent movement was upwards, 0 to 100.

    Where nothing moved at all it is 50.

    Source: J. Welles Wilder, New Concepts in Technical Trading Systems, 1978.

    Attributes:
        value: The index.
        ready: `period` changes have been seen, which takes `period` + 1 values.

    """

    __slots__ = ("_gain", "_last", "_loss", "period", "ready", "value")

    def __init__(self, period: int = 14) -> None:
        self.period = _at_least_one(period)
        self.ready = False
        self.value = nan
        self._gain = _WilderMean(period)
        self._loss = _WilderMean(period)
        self._last = nan

    def update(self, value: float) -> float:
        """Take the next value in; `ValueError` if it is not a finite number."""
        if value - value != 0.0:
            raise _not_finite(value)
        change = value - self._last
        self._last = value
        if isfinite(change):  # there is no change to the first value
            gain = self._gain.update(max(change, 0.0))
            loss = self._loss.update(max(-change, 0.0))
            self.ready = self._gain.ready
            if self.ready:
                moved = gain + loss
                self.value = 100.0 * gain / moved if moved else 50.0
        return self.value


class ATR:
    """Wilder's average true range, in quote currency: how far a bar reaches, its opening gap included.

    Source: J. Welles Wilder, New Concepts in Technical Trading Systems, 1978.

    Attributes:
        value: The average.
        ready: `period` bars have been seen.

    """

    __slots__ = ("_close", "_mean", "period", "ready", "value")

    def __init__(self, period: int = 14) -> None:
        self.period = _at_least_one(period)
        self.ready = False
        self.value = nan
        self._mean = _WilderMean(period)
        self._close: float | None = None

    def update(self, high: float, low: float, close: float) -> float:
        """Take the next bar in; `ValueError` if one of the three is not a finite number."""
        if not (isfinite(high) and isfinite(low) and isfinite(close)):
            raise _not_finite((high, low, close))
        before = self._close
        reach = high - low if before is None else max(high, before) - min(low, before)
        self._close = close
        self.value = self._mean.update(reach)
        self.ready = self._mean.ready
        return self.value


class Bollinger:
    """The mean of the last `period` values, and a band of standard deviations round it.

    The deviation is that of the population (divided by `period`), as Bollinger defines it.

    Source: John Bollinger, Bollinger on Bollinger Bands, 2001.

    Attributes:
        value: The mean, the middle of the band.
        lower: The mean less `deviations` standard deviations.
        upper: The mean and `deviations` standard deviations.
        ready: `period` values have been seen.

    """

    __slots__ = (
        "_index",
        "_lap",
        "_now",
        "_window",
        "deviations",
        "lower",
        "period",
        "ready",
        "upper",
        "value",
    )

    def __init__(self, period: int = 20, deviations: float = 2.0) -> None:
        self.period = _at_least_one(period)
        self.deviations = deviations
        self.ready = False
        self.value = self.lower = self.upper = nan
        self._window = [0.0] * period
        self._index = 0
        self._now = _Moments(0.0)
        self._lap = _Moments(0.0)

    def update(self, value: float) -> float:
        """Take the next value in; `ValueError` if it is not a finite number."""
        if value - value != 0.0:
            raise _not_finite(value)
        index = self._index
        if index == 0:
            self._lap = _Moments(value)
        self._lap.add(value)
        if self.ready:
            self._now.take_away(self._window[index])
            self._now.add(value)
        self._window[index] = value
        self._index = (index + 1) % self.period
        if self._index == 0:
            self._now = self._lap  # as in SMA: made by adding alone
            self.ready = True
        if self.ready:
            self._measure()
        return self.value

    def _measure(self) -> None:
        mean, variance = self._now.mean_and_variance(self.period)
        reach = self.deviations * sqrt(variance)
        self.value, self.lower, self.upper = mean, mean - reach, mean + reach


class VWAP:
    """The volume-weighted average price since the beginning, or the last `reset`.

    Attributes:
        value: The average price.
        ready: Something was traded.

    """

    __slots__ = ("_turnover", "_volume", "ready", "value")

    def __init__(self) -> None:
        self.reset()

    def reset(self) -> None:
        """Begin anew, as at the start of a session."""
        self.ready = False
        self.value = nan
        self._turnover = 0.0
        self._volume = 0.0

    def update(self, price: float, volume: float) -> float:
        """Take the next trade or bar in; `ValueError` if not finite, or if the volume is negative."""
        if not (isfinite(price) and isfinite(volume)):
            raise _not_finite((price, volume))
        if volume < 0:
            raise ValueError(f"a volume of {volume}")
        self._turnover += price * volume
        self._volume += volume
        if self._volume:
            self.ready = True
            self.value = self._turnover / self._volume
        return self.value


class _WilderMean:
    """Wilder's smoothing: the mean of the first `period` values, then 1/`period` of each next one."""

    __slots__ = ("_seed", "period", "ready", "value")

    def __init__(self, period: int) -> None:
        self.period = period
        self.ready = False
        self.value = nan
        self._seed = SMA(period)

    def update(self, value: float) -> float:
        if self.ready:
            self.value += (value - self.value) / self.period
        else:
            self.value = self._seed.update(value)
            self.ready = self._seed.ready
        return self.value


class _Moments:
    """Sum and sum of squares of the distances from an origin.

    The origin lies among the values, because squares of whole prices would
    drown their small differences in rounding.
    """

    __slots__ = ("_origin", "_square", "_total")

    def __init__(self, origin: float) -> None:
        self._origin = origin
        self._total = 0.0
        self._square = 0.0

    def add(self, value: float) -> None:
        distance = value - self._origin
        self._total += distance
        self._square += distance * distance

    def take_away(self, value: float) -> None:
        distance = value - self._origin
        self._total -= distance
        self._square -= distance * distance

    def mean_and_variance(self, count: int) -> tuple[float, float]:
        mean = self._total / count
        return self._origin + mean, max(self._square / count - mean * mean, 0.0)


def _at_least_one(period: int) -> int:
    if period < 1:
        raise ValueError(f"a period of {period}; it is a number of values, at least 1")
    return period


def _not_finite(value: object) -> ValueError:
    return ValueError(f"not a finite number: {value!r}")
