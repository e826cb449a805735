"""`public/*` and `system/*`: time, instruments, marks, funding, price limits, maintenance."""

from __future__ import annotations

from decimal import Decimal
from typing import Final

from botkit.model.instrument import InstrumentKind
from botkit.model.side import Side
from botkit.venues.okx.emulator.answers import Answer, Refused, rows
from botkit.venues.okx.emulator.rest import Call, Route
from botkit.venues.okx.emulator.rows.instruments import (
    funding_row,
    instrument_row,
    mark_row,
    price_limit_row,
)
from botkit.venues.okx.emulator.wire import milliseconds

__all__ = ["FUNDING_RATE", "INST_TYPES", "ROUTES"]

INST_TYPES: Final = frozenset({"SPOT", "MARGIN", "SWAP", "FUTURES", "OPTION", "EVENTS"})
FUNDING_RATE: Final = Decimal("0.0001")


def time(call: Call) -> Answer:
    """Say what time it is."""
    return rows([{"ts": milliseconds(call.now_ns)}])


def status(_call: Call) -> Answer:
    """Say which maintenance is planned: none."""
    return rows([])


def instruments(call: Call) -> Answer:
    """List instruments of one type."""
    wanted = call.params.one_of("instType", INST_TYPES)
    symbol, family = call.params.text("instId"), call.params.text("instFamily")
    if symbol:
        call.floor.instrument(symbol)
    listed = [
        instrument_row(instrument)
        for instrument in call.floor.instruments(wanted)
        if symbol in {"", instrument.symbol} and family in {"", f"{instrument.base}-{instrument.quote}"}
    ]
    return rows(listed)


def mark_price(call: Call) -> Answer:
    """Say what positions are valued at."""
    wanted = call.params.one_of("instType", INST_TYPES)
    symbol = call.params.text("instId")
    listed = [
        mark_row(instrument, mark, call.now_ns)
        for instrument in call.floor.instruments(wanted)
        if symbol in {"", instrument.symbol}
        and (mark := call.floor.mark_price(instrument.symbol)) is not None
    ]
    return rows(listed)


def funding_rate(call: Call) -> Answer:
    """Say what longs will pay."""
    symbol = call.params.needed("instId")
    swaps = call.floor.instruments("SWAP") if symbol == "ANY" else [call.floor.instrument(symbol)]
    if swaps[0].kind is not InstrumentKind.SWAP:
        raise Refused("51001")
    return rows([funding_row(swap, FUNDING_RATE, call.now_ns) for swap in swaps])


def price_limit(call: Call) -> Answer:
    """Say between which prices orders are accepted."""
    instrument = call.floor.instrument(call.params.needed("instId"))
    buy, sell = (call.floor.exchange.price_limit(instrument.symbol, side) for side in Side)
    return rows([price_limit_row(instrument, buy, sell, call.now_ns)])


ROUTES: Final = (
    Route("GET", "public/time", time, ""),
    Route("GET", "public/instruments", instruments, ""),
    Route("GET", "public/mark-price", mark_price, ""),
    Route("GET", "public/funding-rate", funding_rate, ""),
    Route("GET", "public/price-limit", price_limit, ""),
    Route("GET", "system/status", status, ""),
)
