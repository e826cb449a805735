from __future__ import annotations

from decimal import Decimal

from botkit.sim.candles import INTERVALS
from botkit.sim.types import Candle
from botkit.venues.okx.emulator.candles import BARS, fold

MINUTE = 60_000_000_000
HOUR = 60 * MINUTE


def a_candle(open_ns: int, price: int, *, is_closed: bool = True) -> Candle:
    return Candle(
        open_ns=open_ns,
        open=Decimal(price),
        high=Decimal(price + 2),
        low=Decimal(price - 2),
        close=Decimal(price + 1),
        volume=Decimal(3),
        quote_volume=Decimal(300),
        is_closed=is_closed,
    )


def test_every_interval_is_folded_from_one_that_the_exchange_keeps() -> None:
    for bar in BARS.values():
        length, _ = INTERVALS[bar.source]
        assert length * bar.parts == bar.length_ns


def test_an_interval_that_is_kept_needs_no_folding() -> None:
    candles = [a_candle(0, 100), a_candle(MINUTE, 101, is_closed=False)]

    assert fold(candles, BARS["1m"]) == candles


def test_three_minutes_become_one_candle() -> None:
    minutes = [a_candle(n * MINUTE, 100 + n) for n in range(3)]

    (candle,) = fold(minutes, BARS["3m"])

    assert candle == Candle(
        open_ns=0,
        open=Decimal(100),
        high=Decimal(104),
        low=Decimal(98),
        close=Decimal(103),
        volume=Decimal(9),
        quote_volume=Decimal(900),
        is_closed=True,
    )


def test_a_candle_is_open_until_its_last_part_is_closed() -> None:
    first, second = fold([a_candle(n * MINUTE, 100, is_closed=n < 4) for n in range(5)], BARS["3m"])

    assert first.is_closed
    assert not second.is_closed
    assert not fold([a_candle(0, 100)], BARS["3m"])[0].is_closed


def test_long_candles_begin_at_midnight_of_utc_8_unless_their_name_says_utc() -> None:
    noon = [a_candle(12 * HOUR, 100)]

    assert fold(noon, BARS["12H"])[0].open_ns == 4 * HOUR
    assert fold(noon, BARS["12Hutc"])[0].open_ns == 12 * HOUR
