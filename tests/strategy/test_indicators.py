"""Each indicator against its definition, written out over the whole series."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator
from decimal import Decimal
from itertools import pairwise
from math import fsum, inf, isnan, nan, sqrt
from statistics import pstdev

import pytest
from hypothesis import given
from hypothesis import strategies as st

from botkit.strategy.indicators import ATR, EMA, RSI, SMA, VWAP, Bollinger

PRICES = st.lists(st.floats(0.01, 1e6), min_size=1, max_size=80)
PERIODS = st.integers(1, 12)


def means(values: list[float], period: int) -> Iterator[float]:
    for end in range(1, len(values) + 1):
        yield fsum(values[end - period : end]) / period if end >= period else nan


def exponential(values: list[float], period: int, weight: float) -> Iterator[float]:
    """Yield weight * x[n] + (1 - weight) * mean[n-1], begun with the mean of the first `period`."""
    for end in range(1, len(values) + 1):
        if end < period:
            yield nan
            continue
        mean = fsum(values[:period]) / period
        for value in values[period:end]:
            mean = weight * value + (1 - weight) * mean
        yield mean


def strengths(values: list[float], period: int) -> Iterator[float]:
    changes = [after - before for before, after in pairwise(values)]
    gains = list(exponential([max(change, 0.0) for change in changes], period, 1 / period))
    losses = list(exponential([max(-change, 0.0) for change in changes], period, 1 / period))
    yield nan
    for gain, loss in zip(gains, losses, strict=True):
        if gain == loss == 0:
            yield 50.0
        else:
            yield 100 - 100 / (1 + gain / loss) if loss else 100.0 + 0 * gain


def ranges(bars: list[tuple[float, float, float]], period: int) -> Iterator[float]:
    reach = [
        max([high - low] + [abs(end - bars[n - 1][2]) for end in (high, low) if n])
        for n, (high, low, _) in enumerate(bars)
    ]
    yield from exponential(reach, period, 1 / period)


def approx(expected: float, values: list[float]) -> object:
    return pytest.approx(expected, rel=1e-9, abs=1e-9 * max(map(abs, values)), nan_ok=True)


@given(PRICES, PERIODS)
def test_sma_is_the_mean_of_the_window(values: list[float], period: int) -> None:
    sma = SMA(period)

    for value, expected in zip(values, means(values, period), strict=True):
        assert sma.update(value) == approx(expected, values)
        assert sma.ready is not isnan(expected)


@given(PRICES, PERIODS)
def test_ema_follows_its_recursion_from_the_first_mean(values: list[float], period: int) -> None:
    ema = EMA(period)

    for value, expected in zip(values, exponential(values, period, 2 / (period + 1)), strict=True):
        assert ema.update(value) == approx(expected, values)
        assert ema.ready is not isnan(expected)


# Of changes that drown in the rounding of their prices there is no telling up from down.
@given(st.lists(st.integers(1, 10_000).map(float), min_size=1, max_size=60), PERIODS)
def test_rsi_is_wilders_index(values: list[float], period: int) -> None:
    rsi = RSI(period)

    for value, expected in zip(values, strengths(values, period), strict=True):
        assert rsi.update(value) == pytest.approx(expected, abs=1e-7, nan_ok=True)
        assert rsi.ready is not isnan(expected)


BARS = st.lists(
    st.tuples(*[st.floats(0.01, 1e6)] * 3).map(lambda three: (max(three), min(three), sorted(three)[1])),
    min_size=1,
    max_size=60,
)


@given(BARS, PERIODS)
def test_atr_is_wilders_average_of_the_true_range(
    bars: list[tuple[float, float, float]], period: int
) -> None:
    atr = ATR(period)

    for bar, expected in zip(bars, ranges(bars, period), strict=True):
        assert atr.update(*bar) == approx(expected, [bar[0] for bar in bars])
        assert atr.ready is not isnan(expected)


@given(PRICES, st.integers(1, 12), st.floats(0.5, 3))
def test_bollinger_is_the_mean_and_its_standard_deviations(
    values: list[float], period: int, deviations: float
) -> None:
    band = Bollinger(period, deviations)

    for end, value in enumerate(values, 1):
        middle = band.update(value)
        assert band.ready is (end >= period)
        if not band.ready:
            assert isnan(middle)
            assert isnan(band.lower)
            assert isnan(band.upper)
            continue
        window = values[end - period : end]
        reach = deviations * pstdev(window)
        # Half the digits of a deviation are lost where it is small beside what it was made of.
        tolerance = 1e-6 * max(values)
        assert middle == pytest.approx(fsum(window) / period, abs=tolerance)
        assert band.upper - middle == pytest.approx(reach, abs=tolerance)
        assert middle - band.lower == pytest.approx(reach, abs=tolerance)


@given(st.lists(st.tuples(st.floats(0.01, 1e6), st.floats(0, 1e3)), min_size=1, max_size=60))
def test_vwap_is_turnover_over_volume(trades: list[tuple[float, float]]) -> None:
    vwap = VWAP()

    for end, (price, volume) in enumerate(trades, 1):
        value = vwap.update(price, volume)
        turnover = fsum(price * volume for price, volume in trades[:end])
        traded = fsum(volume for _, volume in trades[:end])
        assert vwap.ready is (traded > 0)
        if vwap.ready and turnover > 1e-200:  # below, floats have no digits left to agree in
            assert value == pytest.approx(turnover / traded, rel=1e-9)


def test_the_published_example_of_wilders_index() -> None:
    """Source: StockCharts ChartSchool, Relative Strength Index, its spreadsheet."""
    closes = [
        44.3389, 44.0902, 44.1497, 43.6124, 44.3278, 44.8264, 45.0955, 45.4245, 45.8433, 46.0826,
        45.8931, 46.0328, 45.6140, 46.2820, 46.2820, 46.0028, 46.0328, 46.4116, 46.2222, 45.6439,
    ]  # fmt: skip
    rsi = RSI(14)

    values = [rsi.update(close) for close in closes]

    assert [round(value, 2) for value in values[14:]] == [70.53, 66.32, 66.55, 69.41, 66.36, 57.97]


def test_vwap_begins_anew_after_a_reset() -> None:
    vwap = VWAP()
    vwap.update(100.0, 5.0)

    vwap.reset()

    assert not vwap.ready
    assert isnan(vwap.value)
    assert vwap.update(50.0, 1.0) == 50.0


def test_a_market_that_does_not_move_has_no_strength_either_way() -> None:
    rsi = RSI(3)

    assert [rsi.update(5.0) for _ in range(5)][3:] == [50.0, 50.0]


def walk(steps: int) -> Iterator[float]:
    """Yield prices with three decimals that a million roundings can be counted against."""
    chance, ticks = random.Random(7), 67_000_000
    for _ in range(steps):
        ticks += chance.randint(-900, 900)
        yield ticks / 1000


def test_a_million_values_leave_no_rounding_behind() -> None:
    period = 50
    sma, band, ema, rsi = SMA(period), Bollinger(period), EMA(period), RSI(period)
    values: list[float] = []
    for value in walk(1_000_000):
        values.append(value)
        for indicator in (sma, band, ema, rsi):
            indicator.update(value)

    window = values[-period:]
    assert sma.value == pytest.approx(fsum(window) / period, rel=1e-14)
    assert band.value == pytest.approx(fsum(window) / period, rel=1e-14)
    assert band.upper - band.value == pytest.approx(2 * pstdev(window), rel=1e-9)
    # What lies further back than this has weighed less than a double can tell.
    assert ema.value == pytest.approx(
        list(exponential(values[-2500:], period, 2 / (period + 1)))[-1], rel=1e-12
    )
    assert rsi.value == pytest.approx(list(strengths(values[-2500:], period))[-1], rel=1e-9)


def test_a_spike_is_forgotten_when_it_has_left_the_window() -> None:
    sma, band = SMA(4), Bollinger(4)

    for value in [1e16, *[0.1] * 11]:
        sma.update(value)
        band.update(value)

    assert sma.value == pytest.approx(0.1, rel=1e-15)
    assert (band.lower, band.upper) == pytest.approx((0.1, 0.1), rel=1e-15)


INDICATORS: dict[str, tuple[Callable[[], SMA | EMA | RSI | ATR | Bollinger | VWAP], int]] = {
    "SMA": (lambda: SMA(3), 1),
    "EMA": (lambda: EMA(3), 1),
    "RSI": (lambda: RSI(3), 1),
    "ATR": (lambda: ATR(3), 3),
    "Bollinger": (lambda: Bollinger(3), 1),
    "VWAP": (VWAP, 2),
}


@pytest.mark.parametrize("kind", INDICATORS)
@pytest.mark.parametrize("poison", [nan, inf, -inf], ids=["nan", "infinite", "minus infinite"])
def test_a_value_that_is_no_number_is_refused_and_changes_nothing(kind: str, poison: float) -> None:
    make, arguments = INDICATORS[kind]
    poisoned, clean = make(), make()

    for value in [5.0, 6.0, 4.0, 7.0, 5.5, 6.5, 3.0]:
        for position in range(arguments):
            bad = [value] * arguments
            bad[position] = poison
            with pytest.raises(ValueError, match="not a finite number"):
                poisoned.update(*bad)
        poisoned.update(*[value] * arguments)
        clean.update(*[value] * arguments)

    assert poisoned.ready
    assert poisoned.value == clean.value


def test_a_negative_volume_is_refused() -> None:
    vwap = VWAP()

    with pytest.raises(ValueError, match="volume"):
        vwap.update(100.0, -1.0)

    assert not vwap.ready


@pytest.mark.parametrize("kind", [SMA, EMA, RSI, ATR, Bollinger])
@pytest.mark.parametrize("period", [0, -3])
def test_a_period_is_at_least_one(kind: Callable[[int], object], period: int) -> None:
    with pytest.raises(ValueError, match="at least 1"):
        kind(period)


def test_money_is_not_taken_for_a_market_price() -> None:
    with pytest.raises(TypeError):
        EMA(3).update(Decimal(5))  # type: ignore[arg-type]  # what is tested


def test_what_is_not_ready_is_neither_above_nor_below() -> None:
    fast, slow = EMA(2), EMA(3)

    a, b = fast.update(1.0), slow.update(1.0)

    assert not a > b
    assert not a < b


def test_deviations_of_the_band_are_those_of_the_population() -> None:
    band = Bollinger(4, 1.0)

    for value in (2.0, 4.0, 4.0, 6.0):
        band.update(value)

    assert band.upper == pytest.approx(4 + sqrt(2))
