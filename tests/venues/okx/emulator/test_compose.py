from __future__ import annotations

import gzip
from pathlib import Path

import pytest

from botkit.clock import SimClock
from botkit.errors import ProtocolError
from botkit.venues.okx.emulator.accounts import BUILT_IN
from botkit.venues.okx.emulator.compose import from_tape, synthetic
from botkit.venues.okx.emulator.server import Emulator
from tests.venues.okx.emulator.floors import NOON_NS


def run(emulator: Emulator, clock: SimClock, seconds: int) -> None:
    clock.advance_to(clock.now_ns() + seconds * 1_000_000_000)
    emulator.floor.advance()


def test_a_synthetic_exchange_has_a_market_and_a_past_at_once() -> None:
    clock = SimClock(NOON_NS)
    emulator = synthetic(1, clock=clock)

    run(emulator, clock, 1)

    bids, asks = emulator.floor.exchange.book("BTC-USDT", 5)
    assert len(bids) == len(asks) == 5
    assert len(emulator.floor.candles("BTC-USDT", "1m", 100)) == 100
    assert [user.uid for user in emulator.floor.accounts.users] == [user.uid for user in BUILT_IN]


def test_the_same_seed_makes_the_same_market() -> None:
    def trades(seed: int) -> list[object]:
        clock = SimClock(NOON_NS)
        emulator = synthetic(seed, clock=clock)
        run(emulator, clock, 5)
        return list(emulator.floor.exchange.trades("BTC-USDT"))

    assert trades(1) == trades(1) != trades(2)


def test_the_market_begins_when_the_exchange_s_clock_says() -> None:
    clock = SimClock(NOON_NS)
    emulator = synthetic(1, clock=clock, clock_offset_s=-40)

    run(emulator, clock, 1)

    assert emulator.floor.now_ns() == NOON_NS - 39_000_000_000
    assert emulator.floor.last_trade("BTC-USDT") is not None


def test_a_recorded_market_plays_as_fast_as_it_is_told_to(shared: Path) -> None:
    def traded(speed: float) -> int:
        clock = SimClock(NOON_NS)
        with gzip.open(shared / "data/binance-spot-btcusdt-20240809.txt.gz", "rt") as lines:
            emulator = from_tape([next(lines) for _ in range(4000)], speed=speed, clock=clock)
            run(emulator, clock, 2)
        return len(emulator.floor.exchange.trades("BTC-USDT"))

    assert 0 < traded(1.0) < traded(5.0)


def test_lines_that_are_no_recording_are_refused() -> None:
    with pytest.raises(ProtocolError):
        from_tape(["not a recording"], clock=SimClock(NOON_NS))
