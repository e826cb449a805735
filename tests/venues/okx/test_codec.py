"""Market rows as events: the right numbers, in base currency, each row once."""

from __future__ import annotations

import json
from decimal import Decimal
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from botkit.errors import ConfigError, ProtocolError
from botkit.model.events import decode_event, encode_event
from botkit.model.instrument import InstrumentKind, InstrumentState
from botkit.model.market import Bar, Funding, MarkPrice, Quote, Trade
from botkit.model.side import Side
from botkit.venues.okx.codec import (
    INTERVALS,
    MarketCodec,
    bar_name,
    decode_bars,
    decode_instruments,
    decode_quote,
    decode_server_time_ns,
    number,
)
from tests.venues.okx.frames import BTC, INSTRUMENTS, MS, NOW, SWAP, encode, push, read, recorded


@pytest.fixture
def codec() -> MarketCodec:
    return MarketCodec(INSTRUMENTS)


def trade(**changes: Any) -> dict[str, Any]:
    row = {
        "tradeId": "7",
        "px": "63913.4",
        "sz": "34.95",
        "side": "sell",
        "ts": "1786540436090",
        "count": "10",
    }
    return {"instId": "BTC-USDT-SWAP", **row, "source": "0", "seqId": 333793118093} | changes


def test_a_trade_of_contracts_is_told_in_base_currency(codec: MarketCodec) -> None:
    [event] = codec.trades(push("trades", [trade()], symbol="BTC-USDT-SWAP"), NOW)

    assert event == Trade(
        recv_ns=NOW,
        venue_ns=1786540436090 * MS,
        symbol="BTC-USDT-SWAP",
        price=63913.4,
        size=34.95 * 0.01,
        side=Side.SELL,
        trade_id="7",
    )


def test_each_row_is_an_event(codec: MarketCodec) -> None:
    frame = push("trades", [trade(tradeId="7"), trade(tradeId="8")], symbol="BTC-USDT-SWAP")

    assert [event.trade_id for event in codec.trades(frame, NOW) if isinstance(event, Trade)] == ["7", "8"]


def test_trades_of_an_unknown_instrument_are_passed_over(codec: MarketCodec) -> None:
    assert codec.trades(push("trades", [trade()], symbol="DOGE-USDT-SWAP"), NOW) == []


def test_an_instrument_that_is_loaded_later_is_known_from_then_on() -> None:
    instruments = dict(INSTRUMENTS)
    codec = MarketCodec(instruments)
    frame = push("trades", [trade(instId="NEW-USDT")], symbol="NEW-USDT")
    assert codec.trades(frame, NOW) == []

    instruments["NEW-USDT"] = msgspec.structs.replace(BTC, symbol="NEW-USDT")

    assert len(codec.trades(frame, NOW)) == 1


def test_a_contract_that_changes_its_worth_is_counted_by_the_new_one() -> None:
    instruments = dict(INSTRUMENTS)
    codec = MarketCodec(instruments)
    assert codec.unit("BTC-USDT-SWAP") == 0.01

    instruments["BTC-USDT-SWAP"] = msgspec.structs.replace(SWAP, contract_value=Decimal("0.1"))

    assert codec.unit("BTC-USDT-SWAP") == 0.1


def test_a_quote_has_both_sides(codec: MarketCodec) -> None:
    row = {
        "asks": [["100.2", "2", "0", "1"]],
        "bids": [["100", "3", "0", "1"]],
        "ts": "1790000000100",
        "seqId": 15,
    }

    [event] = codec.quotes(push("bbo-tbt", [row], symbol="BTC-USDT"), NOW)

    assert event == Quote(
        recv_ns=NOW,
        venue_ns=1790000000100 * MS,
        symbol="BTC-USDT",
        bid=100.0,
        bid_size=3.0,
        ask=100.2,
        ask_size=2.0,
    )


def test_an_empty_side_of_a_quote_is_zero(codec: MarketCodec) -> None:
    row = {"asks": [], "bids": [], "ts": "1790000000100", "seqId": 15}

    [event] = codec.quotes(push("bbo-tbt", [row], symbol="BTC-USDT"), NOW)

    assert isinstance(event, Quote)
    assert (event.bid, event.bid_size, event.ask, event.ask_size) == (0, 0, 0, 0)


def candle(confirm: str = "1", ts: str = "1786540440000") -> list[str]:
    return [ts, "63913", "63952", "63900", "63920", "1803.74", "18.0374", "1153287.1318", confirm]


def test_a_bar_of_a_swap_has_its_volume_in_base_currency(codec: MarketCodec) -> None:
    [event] = codec.by_channel[b"candle1m"](push("candle1m", [candle()], symbol="BTC-USDT-SWAP"), NOW)

    assert event == Bar(
        recv_ns=NOW,
        venue_ns=1786540500000 * MS,
        symbol="BTC-USDT-SWAP",
        interval="1m",
        open_ns=1786540440000 * MS,
        open=63913.0,
        high=63952.0,
        low=63900.0,
        close=63920.0,
        volume=18.0374,
    )


def test_a_bar_of_a_pair_counts_its_first_volume(codec: MarketCodec) -> None:
    [event] = codec.by_channel[b"candle1H"](push("candle1H", [candle()], symbol="BTC-USDT"), NOW)

    assert isinstance(event, Bar)
    assert (event.volume, event.interval) == (1803.74, "1h")
    assert event.venue_ns - event.open_ns == 3_600_000 * MS


def test_a_bar_is_told_only_when_it_has_closed(codec: MarketCodec) -> None:
    frame = push("candle1m", [candle("0")], symbol="BTC-USDT")

    assert codec.by_channel[b"candle1m"](frame, NOW) == []


def test_bars_of_an_unknown_instrument_are_passed_over(codec: MarketCodec) -> None:
    assert codec.by_channel[b"candle1m"](push("candle1m", [candle()], symbol="DOGE-USDT"), NOW) == []


def test_a_mark_price_is_told(codec: MarketCodec) -> None:
    row = {"instType": "SWAP", "instId": "BTC-USDT-SWAP", "markPx": "63920.5", "ts": "1790000000100"}

    events = codec.mark_prices(push("mark-price", [row, row | {"markPx": ""}, row | {"instId": "X"}]), NOW)

    assert events == [
        MarkPrice(recv_ns=NOW, venue_ns=1790000000100 * MS, symbol="BTC-USDT-SWAP", price=63920.5)
    ]


def test_funding_is_told_with_the_time_it_is_due(codec: MarketCodec) -> None:
    row = {
        "instId": "BTC-USDT-SWAP",
        "fundingRate": "-0.0001",
        "fundingTime": "1790006400000",
        "ts": "1790000000100",
    }

    events = codec.fundings(push("funding-rate", [row, row | {"instId": "X"}]), NOW)

    assert events == [
        Funding(
            recv_ns=NOW,
            venue_ns=1790000000100 * MS,
            symbol="BTC-USDT-SWAP",
            rate=-0.0001,
            due_ns=1790006400000 * MS,
        )
    ]


@given(st.floats(1e-8, 1e9), st.floats(0, 1e9), st.integers(0, 9_000_000_000_000))
def test_every_market_event_can_be_journaled(price: float, size: float, ts: int) -> None:
    row = trade(px=f"{price:.8f}", sz=f"{size:.8f}", ts=str(ts))

    [event] = MarketCodec(INSTRUMENTS).trades(push("trades", [row], symbol="BTC-USDT-SWAP"), NOW)

    assert decode_event(encode_event(event)) == event


# ---- lengths of bars


def test_day_bars_begin_at_midnight_utc() -> None:
    assert [bar_name(interval) for interval in ("1m", "1h", "4h", "1d", "1w")] == [
        "1m",
        "1H",
        "4H",
        "1Dutc",
        "1Wutc",
    ]


def test_every_length_of_bars_has_a_channel(codec: MarketCodec) -> None:
    for interval in INTERVALS:
        assert f"candle{bar_name(interval)}".encode() in codec.by_channel


@pytest.mark.parametrize("interval", ["7m", "1H", "1M", ""])
def test_other_lengths_are_refused_with_a_choice(interval: str) -> None:
    with pytest.raises(ConfigError, match="Choose one of 1s, 1m, 3m"):
        bar_name(interval)


# ---- REST


def test_past_bars_come_oldest_first_and_without_the_one_that_is_open() -> None:
    rows = [candle("0", "180000"), candle("1", "120000"), candle("1", "60000")]

    bars = decode_bars(encode(rows), BTC, "1m", NOW)

    assert [bar.open_ns // MS for bar in bars] == [60000, 120000]
    assert all(bar.is_history for bar in bars)


def test_a_ticker_is_a_quote() -> None:
    row = {
        "instId": "BTC-USDT-SWAP",
        "bidPx": "100.1",
        "bidSz": "3",
        "askPx": "",
        "askSz": "",
        "ts": "1790000000100",
    }

    quote = decode_quote(encode([row]), SWAP, NOW)

    assert (quote.bid, quote.bid_size, quote.ask, quote.ask_size) == (100.1, 0.03, 0.0, 0.0)


def test_the_ticker_of_another_instrument_is_no_answer() -> None:
    with pytest.raises(ProtocolError, match="no ticker of BTC-USDT"):
        decode_quote(b"[]", BTC, NOW)


def test_the_venues_time_is_read() -> None:
    assert decode_server_time_ns(b'[{"ts":"1597026383085"}]') == 1597026383085 * MS
    with pytest.raises(ProtocolError, match="no time"):
        decode_server_time_ns(b"[]")


SPOT_ROW = {
    "instType": "SPOT",
    "instId": "BTC-USDT",
    "baseCcy": "BTC",
    "quoteCcy": "USDT",
    "tickSz": "0.1",
    "lotSz": "0.00000001",
    "minSz": "0.00001",
    "maxLmtSz": "9999999999",
    "maxMktSz": "1000000",
    "state": "live",
    "instIdCode": 2021032622053443,
}
SWAP_ROW = {
    "instType": "SWAP",
    "instId": "BTC-USDT-SWAP",
    "settleCcy": "USDT",
    "ctType": "linear",
    "ctVal": "0.01",
    "ctMult": "1",
    "ctValCcy": "BTC",
    "tickSz": "0.1",
    "lotSz": "0.01",
    "minSz": "0.01",
    "maxLmtSz": "100000000.0000000000000000",
    "maxMktSz": "35000",
    "state": "live",
    "instIdCode": None,
}


def test_a_pair_is_read_as_it_is() -> None:
    found = decode_instruments(encode([SPOT_ROW]))["BTC-USDT"]

    assert (found.kind, found.base, found.quote) == (InstrumentKind.SPOT, "BTC", "USDT")
    assert (found.tick_size, found.lot_size, found.min_size) == tuple(
        map(Decimal, ("0.1", "0.00000001", "0.00001"))
    )
    assert found.venue_code == 2021032622053443
    assert found.max_limit_size == 9999999999


def test_the_limit_of_spot_market_orders_is_no_size_because_it_is_in_usdt() -> None:
    assert decode_instruments(encode([SPOT_ROW]))["BTC-USDT"].max_market_size is None


def test_a_swap_is_read_in_base_currency() -> None:
    found = decode_instruments(encode([SWAP_ROW]))["BTC-USDT-SWAP"]

    assert (found.kind, found.base, found.quote) == (InstrumentKind.SWAP, "BTC", "USDT")
    assert (found.contract_value, found.lot_size, found.min_size) == tuple(
        map(Decimal, ("0.01", "0.0001", "0.0001"))
    )
    assert (found.max_limit_size, found.max_market_size) == (Decimal(1_000_000), Decimal(350))
    assert found.venue_code is None


@pytest.mark.parametrize(
    ("word", "state"),
    [
        ("live", InstrumentState.LIVE),
        ("post_only", InstrumentState.POST_ONLY),
        ("suspend", InstrumentState.SUSPENDED),
        ("preopen", InstrumentState.SUSPENDED),
        ("rebase", InstrumentState.SUSPENDED),
        ("a word of next year", InstrumentState.SUSPENDED),
    ],
)
def test_an_unknown_state_trades_nothing(word: str, state: InstrumentState) -> None:
    assert decode_instruments(encode([SPOT_ROW | {"state": word}]))["BTC-USDT"].state is state


@pytest.mark.parametrize(
    "changes",
    [
        {"ctType": "inverse"},
        {"instType": "FUTURES"},
        {"instType": "EVENTS"},
        {"ctVal": ""},
        {"ctVal": "0"},
        {"tickSz": ""},
        {"lotSz": "0"},
        {"minSz": "-1"},
        {"settleCcy": ""},
    ],
)
def test_what_cannot_be_traded_here_is_passed_over(changes: dict[str, str]) -> None:
    assert list(decode_instruments(encode([SWAP_ROW | changes, SPOT_ROW]))) == ["BTC-USDT"]


@pytest.mark.parametrize(
    "name", recorded("rest/*/*instruments*.json", "rest/nautilus/http_get_instruments*.json")
)
def test_every_recorded_list_of_instruments_is_read(name: str) -> None:
    answer = json.loads(read(name))
    rows = answer["data"] if isinstance(answer, dict) else answer

    found = decode_instruments(encode(rows))

    wanted = {
        row["instId"]
        for row in rows
        if row["instType"] == "SPOT" or (row["instType"] == "SWAP" and row.get("ctType") == "linear")
    }
    assert set(found) == wanted
    for instrument in found.values():
        assert instrument.size(instrument.min_size) == instrument.min_size
        assert instrument.contracts(instrument.lot_size) * instrument.contract_value == instrument.lot_size


@pytest.mark.parametrize(
    "name", recorded("rest/*/GET_market_*candles.json", "rest/nautilus/http_get_candlesticks.json")
)
def test_every_recorded_page_of_bars_is_read_or_refused(name: str) -> None:
    rows = json.loads(read(name))["data"]

    if len(rows[0]) == 9:
        bars = decode_bars(encode(rows), BTC, "1m", NOW)
        assert len(bars) == sum(row[8] == "1" for row in rows)
    else:  # candles of an index or a mark price have no volume
        with pytest.raises(ProtocolError):
            decode_bars(encode(rows), BTC, "1m", NOW)


@pytest.mark.parametrize("name", recorded("rest/docs/GET_market_ticker.json"))
def test_the_documented_ticker_is_read(name: str) -> None:
    rows = json.loads(read(name))["data"]
    instrument = msgspec.structs.replace(BTC, symbol=rows[0]["instId"])

    assert decode_quote(encode(rows), instrument, NOW).bid == float(rows[0]["bidPx"])


@pytest.mark.parametrize("name", recorded("rest/docs/GET_public_time.json"))
def test_the_documented_time_is_read(name: str) -> None:
    assert decode_server_time_ns(encode(json.loads(read(name))["data"])) > 0


# ---- numbers of account rows


@pytest.mark.parametrize(
    ("text", "value"),
    [("", "0"), ("0", "0"), ("-0.00032", "-0.00032"), ("100000000.0000000000000000", "1e8"), (".5", "0.5")],
)
def test_plain_numbers_are_read_exactly(text: str, value: str) -> None:
    assert number(text) == Decimal(value)


@pytest.mark.parametrize(
    "text", ["NaN", "inf", "1e5", "1_0", "--1", "1-", "1.2.3", "-", ".", " 1", "٣", "1" * 65, "x"]
)
def test_what_is_no_plain_number_is_refused(text: str) -> None:
    with pytest.raises(ProtocolError, match="for a number"):
        number(text)


@given(st.decimals(allow_nan=False, allow_infinity=False, places=18, min_value=-(10**18), max_value=10**18))
def test_numbers_survive_the_wire(value: Decimal) -> None:
    assert number(f"{value:f}") == value
