"""`account/*`: what the key may do, what the account owns, what it is set to."""

from __future__ import annotations

from decimal import Decimal
from typing import Final

from botkit.model.instrument import InstrumentKind
from botkit.sim.types import SimRefused
from botkit.venues.okx.emulator.accounts import TRADE
from botkit.venues.okx.emulator.answers import Answer, Refused, rows
from botkit.venues.okx.emulator.endpoints.public import INST_TYPES
from botkit.venues.okx.emulator.rest import Call, Route
from botkit.venues.okx.emulator.rows.account import (
    balance_row,
    config_row,
    fee_row,
    leverage_row,
    position_row,
)
from botkit.venues.okx.emulator.rows.instruments import inst_type, instrument_row
from botkit.venues.okx.emulator.wire import plain

__all__ = ["ROUTES"]

_MOST_LEVERAGE: Final = Decimal(100)


def config(call: Call) -> Answer:
    """Say what the account is set to and what the key may do."""
    return rows([config_row(call.caller)])


def balance(call: Call) -> Answer:
    """Say what the account has: all that is not nothing, or the currencies asked for."""
    asked = set(filter(None, call.params.text("ccy").split(",")))
    owned = [
        balance
        for balance in call.floor.exchange.balances(call.uid)
        if (balance.currency in asked if asked else balance.cash or balance.frozen)
    ]
    return rows([balance_row(owned, call.floor.usd_price, call.now_ns)])


def positions(call: Call) -> Answer:
    """List open positions, and closed ones if they are asked for by name."""
    wanted = call.params.one_of("instType", {"", *INST_TYPES}, default="")
    named = set(filter(None, call.params.text("instId").split(",")))
    ids = set(filter(None, call.params.text("posId").split(",")))
    listed = []
    for position in call.floor.exchange.positions(call.uid):
        instrument = call.floor.instrument(position.symbol)
        if wanted not in {"", inst_type(instrument)}:
            continue
        is_named = position.symbol in named or str(position.position_id) in ids
        is_shown = is_named and position.created_ns if named or ids else position.size
        if is_shown:
            listed.append(position_row(instrument, position, call.floor.last_price(position.symbol)))
    return rows(listed)


def instruments(call: Call) -> Answer:
    """List the instruments that the account may trade."""
    wanted = call.params.one_of("instType", INST_TYPES)
    symbol = call.params.text("instId")
    if symbol:
        call.floor.instrument(symbol)
    return rows(
        [
            instrument_row(instrument, for_account=True)
            for instrument in call.floor.instruments(wanted)
            if symbol in {"", instrument.symbol}
        ]
    )


def trade_fee(call: Call) -> Answer:
    """Say what trading costs."""
    wanted = call.params.one_of("instType", INST_TYPES)
    if call.params.text("instId"):
        call.floor.instrument(call.params.text("instId"))
    kind = InstrumentKind.SWAP if wanted == "SWAP" else InstrumentKind.SPOT
    fees = call.floor.exchange.fees
    maker, taker = (fees.rate(kind, is_maker=is_maker) for is_maker in (True, False))
    return rows([fee_row(wanted, maker, taker, call.now_ns)])


def leverage_info(call: Call) -> Answer:
    """Say which leverage is set."""
    call.params.one_of("mgnMode", {"cross", "isolated"})
    symbols = call.params.needed("instId").split(",")
    swaps = [call.floor.instrument(symbol) for symbol in symbols]
    return rows([leverage_row(swap.symbol, call.floor.leverage(call.uid, swap.symbol)) for swap in swaps])


def set_leverage(call: Call) -> Answer:
    """Set the leverage of a swap."""
    leverage = call.params.positive("lever")
    mode = call.params.one_of("mgnMode", {"cross", "isolated"})
    swap = call.floor.instrument(call.params.needed("instId"))
    if leverage > _MOST_LEVERAGE:
        raise Refused("59102")
    if leverage < 1:
        raise Refused("59105")
    if mode != "cross" or swap.kind is not InstrumentKind.SWAP:
        raise Refused("51010")
    try:
        call.floor.set_leverage(call.uid, swap.symbol, leverage)
    except SimRefused:
        raise Refused("59108") from None
    return rows([{"lever": plain(leverage), "mgnMode": mode, "instId": swap.symbol, "posSide": "net"}])


ROUTES: Final = (
    Route("GET", "account/config", config),
    Route("GET", "account/balance", balance),
    Route("GET", "account/positions", positions),
    Route("GET", "account/instruments", instruments),
    Route("GET", "account/trade-fee", trade_fee),
    Route("GET", "account/leverage-info", leverage_info),
    Route("POST", "account/set-leverage", set_leverage, TRADE),
)
