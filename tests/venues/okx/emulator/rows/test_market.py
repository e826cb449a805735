from __future__ import annotations

import json
from decimal import Decimal
from pathlib import Path

from botkit.model.side import Side
from botkit.sim.listing import BTC_USDT, BTC_USDT_SWAP
from botkit.sim.types import Candle, PublicTrade
from botkit.venues.okx.emulator.rows.market import candle_row, level_row, ticker_row, trade_row
from tests.venues.okx.emulator.floors import NOON_NS

HOUR = 3_600_000_000_000
TRADE = PublicTrade(
    symbol="BTC-USDT-SWAP",
    trade_id=7,
    price=Decimal("60000.10"),
    size=Decimal("0.5"),
    side=Side.SELL,
    ns=NOON_NS,
)
BID = (Decimal("59999.9"), Decimal("0.02"), 3)
ASK = (Decimal("60000.1"), Decimal("0.01"), 1)


def an_hour(open_ns: int, price: int) -> Candle:
    return Candle(
        open_ns=open_ns,
        open=Decimal(price),
        high=Decimal(price + 10),
        low=Decimal(price - 10),
        close=Decimal(price + 5),
        volume=Decimal("0.5"),
        quote_volume=Decimal(30_000),
        is_closed=open_ns < NOON_NS - HOUR,
    )


def test_every_documented_key_of_a_ticker_is_there(shared: Path) -> None:
    documented = json.loads((shared / "okx/fixtures/rest/docs/GET_market_ticker.json").read_text())["data"][0]

    row = ticker_row(BTC_USDT, TRADE, [BID], [ASK], hours=[an_hour(NOON_NS, 60_000)], now_ns=NOON_NS)

    assert documented.keys() - row.keys() == set()


def test_a_ticker_sums_the_last_day_up() -> None:
    hours = [an_hour(NOON_NS - n * HOUR, 60_000 - n) for n in range(23, -1, -1)]

    row = ticker_row(BTC_USDT, TRADE, [BID], [ASK], hours=hours, now_ns=NOON_NS)

    assert (row["open24h"], row["high24h"], row["low24h"]) == ("59977", "60010", "59967")
    assert (row["vol24h"], row["volCcy24h"]) == ("12", "720000")
    assert (row["bidPx"], row["bidSz"], row["askPx"], row["askSz"]) == ("59999.9", "0.02", "60000.1", "0.01")
    assert row["sodUtc0"] == "59988"  # twelve hours ago
    assert row["sodUtc8"] == "59980"  # midnight of UTC+8 was twenty hours ago


def test_volumes_of_a_swap_are_contracts_and_base_currency() -> None:
    row = ticker_row(BTC_USDT_SWAP, TRADE, [BID], [ASK], hours=[an_hour(NOON_NS, 60_000)], now_ns=NOON_NS)

    assert (row["vol24h"], row["volCcy24h"], row["lastSz"], row["bidSz"]) == ("50", "0.5", "50", "2")


def test_a_market_with_nobody_in_it_has_empty_columns() -> None:
    row = ticker_row(BTC_USDT, None, [], [], hours=[], now_ns=NOON_NS)

    assert {name for name, value in row.items() if value == ""} >= {
        "last",
        "askPx",
        "bidSz",
        "open24h",
        "sodUtc0",
    }
    assert row["lastSz"] == "0"


def test_a_level_has_four_columns() -> None:
    assert level_row(BTC_USDT, BID) == ["59999.9", "0.02", "0", "3"]
    assert level_row(BTC_USDT_SWAP, BID) == ["59999.9", "2", "0", "3"]


def test_a_trade_is_told_from_the_taker() -> None:
    assert trade_row(BTC_USDT_SWAP, TRADE) == {
        "instId": "BTC-USDT-SWAP",
        "tradeId": "7",
        "px": "60000.1",
        "sz": "50",
        "side": "sell",
        "source": "0",
        "ts": "1795176000000",
    }


def test_a_candle_has_nine_columns() -> None:
    candle = an_hour(NOON_NS, 60_000)

    assert candle_row(BTC_USDT, candle) == [
        "1795176000000",
        "60000",
        "60010",
        "59990",
        "60005",
        "0.5",
        "30000",
        "30000",
        "0",
    ]
    assert candle_row(BTC_USDT_SWAP, candle)[5:] == ["50", "0.5", "30000", "0"]
