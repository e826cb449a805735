"""Rows of market data: tickers, books, trades, candles."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal
from typing import Final

from botkit.model.duration import NS_PER_S
from botkit.model.instrument import Instrument, InstrumentKind
from botkit.model.side import Side
from botkit.sim.types import Candle, PublicTrade
from botkit.venues.okx.emulator.answers import Row
from botkit.venues.okx.emulator.rows.instruments import inst_type
from botkit.venues.okx.emulator.wire import milliseconds, plain

__all__ = ["SIDES", "Depth", "candle_row", "level_row", "ticker_row", "trade_row"]

Depth = Sequence[tuple[Decimal, Decimal, int]]
"""One side of a book, best first: price, size in base currency, number of orders."""

SIDES: Final = {Side.BUY: "buy", Side.SELL: "sell"}

_DAY_NS: Final = 86_400 * NS_PER_S
_UTC8_NS: Final = 8 * 3600 * NS_PER_S


def level_row(instrument: Instrument, level: tuple[Decimal, Decimal, int]) -> list[str]:
    """Return one step of a book; the third column is a relic."""
    price, size, orders = level
    return [plain(price), plain(instrument.contracts(size)), "0", str(orders)]


def trade_row(instrument: Instrument, trade: PublicTrade) -> Row:
    """Return a public trade."""
    return {
        "instId": trade.symbol,
        "tradeId": str(trade.trade_id),
        "px": plain(trade.price),
        "sz": plain(instrument.contracts(trade.size)),
        "side": SIDES[trade.side],
        "source": "0",
        "ts": milliseconds(trade.ns),
    }


def ticker_row(
    instrument: Instrument,
    last: PublicTrade | None,
    bids: Depth,
    asks: Depth,
    *,
    hours: Sequence[Candle],
    now_ns: int,
) -> Row:
    """Return the state of a market in one row; what there is none of is empty.

    Args:
        instrument: Which market.
        last: Its latest trade.
        bids: At least the best one.
        asks: At least the best one.
        hours: Hourly candles of the last day, oldest first.
        now_ns: Time of the row.

    """
    bid, ask = _best(instrument, bids), _best(instrument, asks)
    base = sum((hour.volume for hour in hours), Decimal(0))
    quote = sum((hour.quote_volume for hour in hours), Decimal(0))
    is_swap = instrument.kind is InstrumentKind.SWAP
    return {
        "instType": inst_type(instrument),
        "instId": instrument.symbol,
        "last": "" if last is None else plain(last.price),
        "lastSz": "0" if last is None else plain(instrument.contracts(last.size)),
        "askPx": ask[0],
        "askSz": ask[1],
        "bidPx": bid[0],
        "bidSz": bid[1],
        "open24h": plain(hours[0].open) if hours else "",
        "high24h": plain(max(hour.high for hour in hours)) if hours else "",
        "low24h": plain(min(hour.low for hour in hours)) if hours else "",
        "volCcy24h": plain(base if is_swap else quote),
        "vol24h": plain(instrument.contracts(base)),
        "sodUtc0": _start_of_day(hours, now_ns // _DAY_NS * _DAY_NS),
        "sodUtc8": _start_of_day(hours, (now_ns + _UTC8_NS) // _DAY_NS * _DAY_NS - _UTC8_NS),
        "ts": milliseconds(now_ns),
    }


def candle_row(instrument: Instrument, candle: Candle) -> list[str]:
    """Return a candle."""
    is_swap = instrument.kind is InstrumentKind.SWAP
    return [
        milliseconds(candle.open_ns),
        plain(candle.open),
        plain(candle.high),
        plain(candle.low),
        plain(candle.close),
        plain(instrument.contracts(candle.volume)),
        plain(candle.volume if is_swap else candle.quote_volume),
        plain(candle.quote_volume),
        "1" if candle.is_closed else "0",
    ]


def _best(instrument: Instrument, side: Depth) -> tuple[str, str]:
    if not side:
        return "", ""
    return plain(side[0][0]), plain(instrument.contracts(side[0][1]))


def _start_of_day(hours: Sequence[Candle], midnight_ns: int) -> str:
    opened = next((hour.open for hour in hours if hour.open_ns >= midnight_ns), None)
    return "" if opened is None else plain(opened)
