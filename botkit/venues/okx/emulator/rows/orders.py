"""Rows of orders and fills, for REST and for the `orders` channel."""

from __future__ import annotations

from decimal import Decimal
from typing import Final

from botkit.model.instrument import Instrument, InstrumentKind
from botkit.model.order import OrderType, TimeInForce
from botkit.model.side import Side
from botkit.sim.types import CancelCause, FillReport, OrderReport, OrderRequest, OrderState, ReportKind
from botkit.venues.okx.emulator.answers import Row
from botkit.venues.okx.emulator.rows.instruments import inst_type
from botkit.venues.okx.emulator.rows.market import SIDES
from botkit.venues.okx.emulator.wire import blank, milliseconds, plain, rounded

__all__ = ["fill_row", "ord_type", "order_event_row", "order_row"]

CANCEL_SOURCES: Final = {
    CancelCause.USER: "1",
    CancelCause.IOC: "14",
    CancelCause.FOK: "13",
    CancelCause.POST_ONLY: "31",
    CancelCause.SELF_TRADE: "32",
    CancelCause.TOO_MANY_MATCHES: "33",
    CancelCause.MARKET_REMAINDER: "14",
    CancelCause.REDUCE_ONLY: "23",
    CancelCause.CANCEL_ALL_AFTER: "20",
    CancelCause.SYSTEM: "0",
}
_TIMES_IN_FORCE: Final = {TimeInForce.GTC: "limit", TimeInForce.IOC: "ioc", TimeInForce.FOK: "fok"}

_SHARED: Final = blank(
    """
    instType instId tgtCcy ccy ordId clOrdId tag px pxUsd pxVol pxType sz pnl ordType side posSide
    tdMode accFillSz fillPx tradeId fillSz fillTime avgPx state stpId stpMode lever
    attachAlgoClOrdId tpTriggerPx tpTriggerPxType tpOrdPx slTriggerPx slTriggerPxType slOrdPx
    attachAlgoOrds linkedAlgoOrd feeCcy fee rebateCcy rebate source category reduceOnly isTpLimit
    cancelSource quickMgnType algoClOrdId algoId uTime cTime tradeQuoteCcy outcome
    """
)
_EVENT_ONLY: Final = blank(
    """
    notionalUsd lastPx amendSource amendResult reqId code msg fillNotionalUsd execType fillFee
    fillFeeCcy fillPnl fillPxVol fillPxUsd fillMarkVol fillFwdPx fillMarkPx fillIdxPx
    """
)
_FILL: Final = blank(
    """
    instType instId tradeId ordId clOrdId billId subType tag fillPx fillSz fillIdxPx fillPnl
    fillPxVol fillPxUsd fillMarkVol fillFwdPx fillMarkPx side posSide execType feeCcy fee ts
    fillTime feeRate tradeQuoteCcy
    """
)


def ord_type(request: OrderRequest) -> str:
    """Return the exchange's word for how an order trades."""
    if request.type is OrderType.MARKET:
        return "market"
    return "post_only" if request.post_only else _TIMES_IN_FORCE[request.time_in_force]


def order_row(instrument: Instrument, order: OrderState, leverage: Decimal) -> Row:
    """Return an order as REST shows it: the fill columns are those of its last match."""
    row = _shared_columns(instrument, order, leverage)
    row["posSide"] = "net"
    row["cancelSourceReason"] = ""
    if order.last_fill is not None:
        row |= _match_columns(instrument, order.last_fill)
    return row


def order_event_row(
    instrument: Instrument,
    report: OrderReport,
    *,
    leverage: Decimal,
    last_price: Decimal | None,
    req_id: str = "",
) -> Row:
    """Return what happened to an order: the fill columns are those of this event alone.

    Args:
        instrument: Of the order.
        report: What happened.
        leverage: That the account uses for the instrument.
        last_price: Of the market, None before its first trade.
        req_id: The client's id of the amendment that this is the result of.

    """
    order = report.order
    value = (order.limit_price or order.average_price or last_price or Decimal(0)) * order.size
    row: Row = {
        **_shared_columns(instrument, order, leverage),
        **_EVENT_ONLY,
        "code": "0",
        "avgPx": rounded(order.average_price or Decimal(0)),
        "fillFee": "0",
        "fillPnl": "0",
        "notionalUsd": rounded(order.size if order.request.size_in_quote else value),
        "fillNotionalUsd": rounded((order.average_price or Decimal(0)) * order.filled),
        "lastPx": "" if last_price is None else plain(last_price),
    }
    if report.kind is ReportKind.AMENDED:
        row |= {"amendSource": "1", "amendResult": "0", "reqId": req_id}
    if report.fill is not None:
        fill = report.fill
        row |= _match_columns(instrument, fill)
        row |= {
            "execType": _exec_type(fill),
            "fillFee": plain(fill.fee),
            "fillFeeCcy": fill.fee_currency,
            "fillPnl": plain(fill.realized_pnl),
        }
    return row


def fill_row(instrument: Instrument, fill: FillReport) -> Row:
    """Return a match as an account's list of fills shows it."""
    is_spot = instrument.kind is InstrumentKind.SPOT
    paid_on = fill.size if fill.fee_currency == instrument.base else fill.size * fill.price
    return {
        **_FILL,
        "instType": inst_type(instrument),
        "instId": fill.symbol,
        "ordId": str(fill.order_id),
        "clOrdId": fill.client_order_id,
        "billId": str(fill.bill_id),
        "subType": "1" if fill.side is Side.BUY else "2",
        "tag": fill.tag,
        **_match_columns(instrument, fill),
        "fillPnl": plain(fill.realized_pnl),
        "side": SIDES[fill.side],
        "posSide": "net",
        "execType": _exec_type(fill),
        "feeCcy": fill.fee_currency,
        "fee": plain(fill.fee),
        "feeRate": plain((fill.fee / paid_on).quantize(Decimal("0.000001"))) if is_spot else "",
        "ts": milliseconds(fill.ns),
        "tradeQuoteCcy": instrument.quote if is_spot else "",
    }


def _shared_columns(instrument: Instrument, order: OrderState, leverage: Decimal) -> Row:
    request = order.request
    is_spot = instrument.kind is InstrumentKind.SPOT
    fee_currency, fee = _fee(instrument, order)
    size = order.size if request.size_in_quote else instrument.contracts(order.size)
    return {
        **_SHARED,
        "instType": inst_type(instrument),
        "instId": request.symbol,
        "tgtCcy": _target_currency(request, is_spot=is_spot),
        "ordId": str(order.order_id),
        "clOrdId": request.client_order_id,
        "tag": request.tag,
        "px": "" if order.limit_price is None else plain(order.limit_price),
        "sz": plain(size),
        "pnl": plain(order.realized_pnl),
        "ordType": ord_type(request),
        "side": SIDES[request.side],
        "posSide": "" if is_spot else "net",
        "tdMode": "cash" if is_spot else "cross",
        "accFillSz": plain(instrument.contracts(order.filled)),
        "fillSz": "0",
        "avgPx": "" if order.average_price is None else rounded(order.average_price),
        "state": order.status.value,
        "stpMode": request.stp.value,
        "lever": "" if is_spot else plain(leverage),
        "attachAlgoOrds": [],
        "linkedAlgoOrd": {"algoId": ""},
        "feeCcy": fee_currency,
        "fee": plain(fee),
        "rebateCcy": instrument.quote if fee_currency == instrument.base else instrument.base,
        "rebate": "0",
        "category": "normal",
        "reduceOnly": "true" if request.reduce_only else "false",
        "isTpLimit": "false",
        "cancelSource": "" if order.cancel_cause is None else CANCEL_SOURCES[order.cancel_cause],
        "uTime": milliseconds(order.updated_ns),
        "cTime": milliseconds(order.created_ns),
        "tradeQuoteCcy": instrument.quote if is_spot else "",
    }


def _match_columns(instrument: Instrument, fill: FillReport) -> Row:
    return {
        "fillPx": plain(fill.price),
        "fillSz": plain(instrument.contracts(fill.size)),
        "tradeId": str(fill.trade_id),
        "fillTime": milliseconds(fill.ns),
    }


def _target_currency(request: OrderRequest, *, is_spot: bool) -> str:
    if not is_spot or request.type is not OrderType.MARKET:
        return ""
    return "quote_ccy" if request.size_in_quote else "base_ccy"


def _fee(instrument: Instrument, order: OrderState) -> tuple[str, Decimal]:
    if order.fees:
        return next(iter(order.fees.items()))
    is_spot_buy = instrument.kind is InstrumentKind.SPOT and order.request.side is Side.BUY
    return (instrument.base if is_spot_buy else instrument.quote), Decimal(0)


def _exec_type(fill: FillReport) -> str:
    return "M" if fill.is_maker else "T"
