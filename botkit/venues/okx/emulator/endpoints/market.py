"""`market/*`: tickers, books, candles, trades."""

from __future__ import annotations

from typing import Final

from botkit.model.duration import NS_PER_MS
from botkit.model.instrument import Instrument
from botkit.venues.okx.emulator.answers import Answer, Row, rows
from botkit.venues.okx.emulator.floor import Floor
from botkit.venues.okx.emulator.paging import page
from botkit.venues.okx.emulator.rest import Call, Route
from botkit.venues.okx.emulator.rows.market import candle_row, level_row, ticker_row, trade_row
from botkit.venues.okx.emulator.wire import milliseconds

__all__ = ["ROUTES", "ticker_of"]

_INST_TYPES: Final = frozenset({"SPOT", "SWAP", "FUTURES", "OPTION", "EVENTS"})


def ticker_of(floor: Floor, instrument: Instrument, now_ns: int) -> Row:
    """Return the ticker of an instrument as it is now."""
    bids, asks = floor.exchange.book(instrument.symbol, 1)
    hours = floor.exchange.candles(instrument.symbol, "1H", 24)
    return ticker_row(instrument, floor.last_trade(instrument.symbol), bids, asks, hours=hours, now_ns=now_ns)


def ticker(call: Call) -> Answer:
    """Say where one market is."""
    instrument = call.floor.instrument(call.params.needed("instId"))
    return rows([ticker_of(call.floor, instrument, call.now_ns)])


def tickers(call: Call) -> Answer:
    """Say where all markets of a type are."""
    wanted = call.params.one_of("instType", _INST_TYPES)
    return rows([ticker_of(call.floor, one, call.now_ns) for one in call.floor.instruments(wanted)])


def books(call: Call) -> Answer:
    """Show a book, one level deep unless more are asked for."""
    instrument = call.floor.instrument(call.params.needed("instId"))
    depth = call.params.integer("sz", default=1, most=400)
    bids, asks = call.floor.exchange.book(instrument.symbol, depth)
    book: Row = {
        "asks": [level_row(instrument, level) for level in asks],
        "bids": [level_row(instrument, level) for level in bids],
        "ts": milliseconds(call.now_ns),
        "seqId": call.floor.sequence(instrument.symbol),
    }
    return rows([book])


def candles(call: Call) -> Answer:
    """List candles, newest first, the building one included."""
    instrument = call.floor.instrument(call.params.needed("instId"))
    known = call.floor.candles(instrument.symbol, call.params.text("bar") or "1m")
    chosen = page(known, lambda candle: candle.open_ns // NS_PER_MS, call.params, most=300)
    return rows([candle_row(instrument, candle) for candle in chosen])


def trades(call: Call) -> Answer:
    """List the latest trades, newest first."""
    instrument = call.floor.instrument(call.params.needed("instId"))
    limit = call.params.integer("limit", default=100, most=500)
    latest = call.floor.exchange.trades(instrument.symbol)[-limit:]
    return rows([trade_row(instrument, trade) for trade in reversed(latest)])


ROUTES: Final = (
    Route("GET", "market/ticker", ticker, ""),
    Route("GET", "market/tickers", tickers, ""),
    Route("GET", "market/books", books, ""),
    Route("GET", "market/candles", candles, ""),
    Route("GET", "market/history-candles", candles, ""),
    Route("GET", "market/trades", trades, ""),
)
