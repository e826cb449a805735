from __future__ import annotations

from datetime import UTC, datetime
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from botkit.sim.candles import INTERVALS, KEPT, Candles, TickCandle

S = 10**9
MINUTE = 60 * S
NOON = 1_790_000_040 * S  # on a whole minute


def shape(candle: TickCandle) -> tuple[int, int, int, int, int, int]:
    ago = candle.open_ns - NOON
    return ago // MINUTE, candle.open, candle.high, candle.low, candle.close, candle.volume


def test_a_candle_remembers_first_highest_lowest_and_last() -> None:
    candles = Candles()
    for second, ticks in enumerate((100, 104, 97, 101)):
        candles.add(ticks, 2, NOON + second * S)

    (candle,) = candles.last("1m", NOON + 10 * S, 5)

    assert shape(candle) == (0, 100, 104, 97, 101, 8)
    assert candle.value == 2 * (100 + 104 + 97 + 101)


def test_a_trade_on_the_border_belongs_to_the_later_candle() -> None:
    candles = Candles()
    candles.add(100, 1, NOON + MINUTE - 1)
    candles.add(105, 1, NOON + MINUTE)

    assert [shape(candle) for candle in candles.last("1m", NOON + MINUTE, 5)] == [
        (0, 100, 100, 100, 100, 1),
        (1, 105, 105, 105, 105, 1),
    ]


def test_a_period_without_trades_is_as_flat_as_the_close_before() -> None:
    candles = Candles()
    candles.add(100, 1, NOON)
    candles.add(90, 1, NOON + 3 * MINUTE)

    assert [shape(candle) for candle in candles.last("1m", NOON + 4 * MINUTE, 9)] == [
        (0, 100, 100, 100, 100, 1),
        (1, 100, 100, 100, 100, 0),
        (2, 100, 100, 100, 100, 0),
        (3, 90, 90, 90, 90, 1),
        (4, 90, 90, 90, 90, 0),
    ]


def test_only_so_many_are_given_and_they_are_the_last() -> None:
    candles = Candles()
    candles.add(100, 1, NOON)

    assert [shape(candle)[0] for candle in candles.last("1m", NOON + 9 * MINUTE, 2)] == [8, 9]
    assert candles.last("1m", NOON + 9 * MINUTE, 0) == []


def test_before_the_first_trade_there_is_nothing() -> None:
    assert Candles().last("1m", NOON, 5) == []


def test_years_of_silence_cost_no_more_than_what_is_kept() -> None:
    candles = Candles()
    candles.add(100, 1, NOON)
    later = NOON + 10**6 * MINUTE

    kept = candles.last("1m", later, 10**9)

    assert len(kept) == KEPT
    assert kept[-1].open_ns == later
    assert {candle.volume for candle in kept} == {0}


def test_an_unknown_interval_is_a_key_error() -> None:
    with pytest.raises(KeyError):
        Candles().last("7m", NOON, 1)


@pytest.mark.parametrize(
    ("interval", "hour"), [("1D", 16), ("1Dutc", 0)], ids=["midnight of UTC+8", "midnight of UTC"]
)
def test_days_begin_where_the_venue_begins_them(interval: str, hour: int) -> None:
    candles = Candles()
    candles.add(100, 1, NOON)

    begun = datetime.fromtimestamp(candles.last(interval, NOON, 1)[0].open_ns / S, UTC)

    assert (begun.hour, begun.minute, begun.second) == (hour, 0, 0)


trades = st.lists(
    st.tuples(st.integers(0, 400), st.integers(90, 110), st.integers(1, 9)), min_size=1, max_size=40
).map(lambda rows: sorted(rows, key=lambda row: row[0]))


@given(trades, st.sampled_from(["1s", "1m", "5m"]))
def test_candles_are_what_a_look_back_over_all_trades_finds(
    rows: list[tuple[int, int, int]], interval: str
) -> None:
    candles = Candles()
    for second, ticks, lots in rows:
        candles.add(ticks, lots, NOON + second * S)
    length, _ = INTERVALS[interval]

    close = rows[0][1]
    for candle in candles.last(interval, NOON + 401 * S, KEPT):
        inside = [r for r in rows if candle.open_ns <= NOON + r[0] * S < candle.open_ns + length]
        prices = [ticks for _, ticks, _ in inside] or [close]
        assert (candle.open, candle.close) == (prices[0], prices[-1])
        assert (candle.high, candle.low) == (max(prices), min(prices))
        assert candle.volume == sum(lots for _, _, lots in inside)
        close = candle.close


@given(trades)
def test_candles_follow_each_other_without_a_gap_and_lose_no_volume(rows: list[tuple[int, int, int]]) -> None:
    candles = Candles()
    for second, ticks, lots in rows:
        candles.add(ticks, lots, NOON + second * S)

    kept = candles.last("1m", NOON + 500 * S, KEPT)

    assert {b.open_ns - a.open_ns for a, b in pairwise(kept)} <= {MINUTE}
    assert sum(candle.volume for candle in kept) == sum(lots for _, _, lots in rows)
