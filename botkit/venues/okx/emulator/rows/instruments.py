"""Rows of instruments and of what the exchange says about them: price limits, marks, funding."""

from __future__ import annotations

from decimal import Decimal
from typing import Final

from botkit.model.duration import NS_PER_S
from botkit.model.instrument import Instrument, InstrumentKind, InstrumentState
from botkit.venues.okx.emulator.answers import Row
from botkit.venues.okx.emulator.wire import blank, milliseconds, plain

__all__ = ["FUNDING_INTERVAL_NS", "funding_row", "inst_type", "instrument_row", "mark_row", "price_limit_row"]

FUNDING_INTERVAL_NS: Final = 8 * 3600 * NS_PER_S

_INST_TYPES: Final = {InstrumentKind.SPOT: "SPOT", InstrumentKind.SWAP: "SWAP"}
_STATES: Final = {
    InstrumentState.LIVE: "live",
    InstrumentState.POST_ONLY: "post_only",
    InstrumentState.SUSPENDED: "suspend",
}

_SHARED: Final = blank(
    """
    instType seriesId instId uly groupId instFamily baseCcy quoteCcy settleCcy ctVal ctMult ctValCcy
    optType stk listTime auctionEndTime contTdSwTime preMktSwTime openType expTime lever tickSz
    lotSz minSz ctType state ruleType maxLmtSz maxMktSz maxLmtAmt maxMktAmt maxTwapSz maxIcebergSz
    maxTriggerSz maxStopSz futureSettlement tradeQuoteCcyList instIdCode instCategory initPxLmtPct
    floatPxLmtPct maxPxLmtPct upcChg posLmtAmt posLmtPct maxPlatOILmt maxPlatOICoinLmt
    longPosRemainingQuota shortPosRemainingQuota
    """
)
_PUBLIC_ONLY: Final = blank(
    """
    alias category rpiMinLevel rpiMinPxBand freq method
    """
)
_ACCOUNT_ONLY: Final = dict.fromkeys(["elp", "rpi"], "0")


def inst_type(instrument: Instrument) -> str:
    """Return the exchange's word for the kind of an instrument."""
    return _INST_TYPES[instrument.kind]


def instrument_row(instrument: Instrument, *, for_account: bool = False) -> Row:
    """Return an instrument as the public endpoint shows it, or as an account sees it."""
    limit = instrument.max_limit_size or Decimal(1_000_000)
    most = plain(instrument.contracts(limit))
    row: Row = {
        **_SHARED,
        **(_ACCOUNT_ONLY if for_account else _PUBLIC_ONLY),
        "instType": inst_type(instrument),
        "instId": instrument.symbol,
        "instIdCode": instrument.venue_code,
        "instCategory": "1",
        "listTime": "1606468572000",
        "openType": "fix_price",
        "tickSz": plain(instrument.tick_size),
        "lotSz": plain(instrument.contracts(instrument.lot_size)),
        "minSz": plain(instrument.contracts(instrument.min_size)),
        "state": _STATES[instrument.state],
        "ruleType": "normal",
        "futureSettlement": False,
        "initPxLmtPct": "0.05",
        "floatPxLmtPct": "0.03",
        "maxPxLmtPct": "0.15",
        "upcChg": [],
        "maxLmtSz": most,
        "maxLmtAmt": "20000000",
        "maxTwapSz": most,
        "maxIcebergSz": most,
        "maxTriggerSz": most,
        **(_swap_terms(instrument) if instrument.kind is InstrumentKind.SWAP else _spot_terms(instrument)),
    }
    if not for_account:
        row["category"] = "1"
    return row


def _spot_terms(instrument: Instrument) -> Row:
    return {
        "groupId": "1",
        "baseCcy": instrument.base,
        "quoteCcy": instrument.quote,
        "tradeQuoteCcyList": [instrument.quote],
        "maxMktSz": "1000000",  # in USDT, unlike the others
        "maxMktAmt": "1000000",
        "maxStopSz": "1000000",
    }


def _swap_terms(instrument: Instrument) -> Row:
    family = f"{instrument.base}-{instrument.quote}"
    market = instrument.max_market_size or instrument.max_limit_size or Decimal(1_000_000)
    return {
        "groupId": "4",
        "uly": family,
        "instFamily": family,
        "settleCcy": instrument.quote,
        "ctVal": plain(instrument.contract_value),
        "ctMult": "1",
        "ctValCcy": instrument.base,
        "ctType": "linear",
        "lever": "100",
        "tradeQuoteCcyList": [],
        "maxMktSz": plain(instrument.contracts(market)),
        "maxStopSz": plain(instrument.contracts(market)),
    }


def mark_row(instrument: Instrument, price: Decimal, now_ns: int) -> Row:
    """Return what positions are valued at."""
    return {
        "instType": inst_type(instrument),
        "instId": instrument.symbol,
        "markPx": plain(price),
        "ts": milliseconds(now_ns),
    }


def price_limit_row(instrument: Instrument, buy: Decimal | None, sell: Decimal | None, now_ns: int) -> Row:
    """Return the highest bid and the lowest offer that are accepted; None where there is no limit."""
    return {
        "instType": inst_type(instrument),
        "instId": instrument.symbol,
        "buyLmt": "" if buy is None else plain(buy),
        "sellLmt": "" if sell is None else plain(sell),
        "ts": milliseconds(now_ns),
        "enabled": buy is not None or sell is not None,
    }


def funding_row(instrument: Instrument, rate: Decimal, now_ns: int) -> Row:
    """Return the funding that is due next."""
    due_ns = (now_ns // FUNDING_INTERVAL_NS + 1) * FUNDING_INTERVAL_NS
    return {
        "instType": inst_type(instrument),
        "instId": instrument.symbol,
        "method": "current_period",
        "formulaType": "noRate",
        "fundingRate": plain(rate),
        "nextFundingRate": "",
        "fundingTime": milliseconds(due_ns),
        "nextFundingTime": milliseconds(due_ns + FUNDING_INTERVAL_NS),
        "minFundingRate": "-0.00375",
        "maxFundingRate": "0.00375",
        "interestRate": "",
        "impactValue": "",
        "settState": "settled",
        "settFundingRate": plain(rate),
        "premium": "0",
        "prevFundingTime": milliseconds(due_ns - FUNDING_INTERVAL_NS),
        "ts": milliseconds(now_ns),
    }
