"""OKX's account rows as events: orders, fills, balances and positions.

One row of the `orders` channel can say several things at once, and says each of
them by its own mark, never by its state alone:

    a fill               a trade id; the state may still be anything
    new terms            amendResult 0; or an amendSource other than the user: OKX changed them itself
    new terms refused    amendResult -1 or 1
    the state            live, partially filled: it lives; filled; canceled

A spot market order ends with a `filled` row that has no trade in it. Rows come
twice, late and in any order; they are decoded alike each time, and the engine
knows fills by their ids.

Source: https://www.okx.com/docs-v5/en/#order-book-trading-trade-ws-order-channel
"""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from typing import Final

from botkit.errors import ProtocolError
from botkit.model.duration import NS_PER_MS
from botkit.model.events import AccountEvent, OrderUpdate
from botkit.model.instrument import Instrument
from botkit.model.order import Order, OrderChange
from botkit.model.portfolio import Balance, Fill, Liquidity, PositionReport
from botkit.model.side import Side
from botkit.venues.okx import wire
from botkit.venues.okx.codec import number
from botkit.venues.okx.wire import DetailRow, FillRow, OrderRow, PositionRow

__all__ = [
    "balance",
    "decode_balances",
    "decode_fills",
    "decode_orders",
    "decode_positions",
    "order_events",
    "position",
    "reconciled",
]

_C = OrderChange
_SIDES: Final = {"buy": Side.BUY, "sell": Side.SELL}
_LIQUIDITY: Final = {"M": Liquidity.MAKER, "T": Liquidity.TAKER}
_CHANGES: Final = {
    # `live` and `partially_filled` say that it lives; what it filled is said by fills.
    "live": _C.ACCEPT,
    "partially_filled": _C.ACCEPT,
    "filled": _C.LAST_FILL,
    "canceled": _C.CANCEL,
    "mmp_canceled": _C.CANCEL,
}
_AMENDS: Final = {"0": _C.AMEND, "2": _C.AMEND, "-1": _C.AMEND_FAIL, "1": _C.AMEND_FAIL}
_SYSTEM_AMENDS: Final = {"2": _C.AMEND, "3": _C.AMEND, "4": _C.AMEND, "5": _C.AMEND, "6": _C.AMEND}

_LAST_MS: Final = 9_000_000_000_000  # in the year 2255; a time beyond it would not fit 63 bits of nanoseconds

_CANCEL_REASONS: Final = {
    "0": "canceled by the system",
    "1": "canceled by the user",
    "2": "reduced before a margin shortage",
    "3": "canceled by risk control",
    "4": "borrowing cap reached",
    "6": "auto-deleveraging",
    "7": "contract delivered",
    "9": "balance short after funding",
    "13": "fill-or-kill order could not be filled",
    "14": "rest of an immediate-or-cancel order",
    "15": "price outside the limits",
    "17": "position already closed",
    "20": "dead man's switch",
    "21": "position closed by take-profit or stop-loss",
    "22": "displaced by a better reduce-only order",
    "23": "reduce-only order would have reversed the position",
    "27": "price too far from the limit",
    "31": "post-only order would have taken",
    "32": "self-trade prevention",
    "33": "too many matches at once",
    "44": "automatic conversion",
}


def order_events(row: OrderRow, instruments: Mapping[str, Instrument], recv_ns: int) -> list[AccountEvent]:
    """Return what a row of the `orders` channel says, in the order in which it happened.

    Orders that are not ours, such as a person's, are told too: their client order
    id is theirs or empty. Rows of an instrument that is not traded here say nothing.

    Raises:
        ProtocolError: If a number is none, or a fill has no side.

    """
    instrument = instruments.get(row.inst_id)
    if instrument is None:
        return []
    events: list[AccountEvent] = []
    if row.trade_id and (size := number(row.fill_sz)):
        events.append(_fill_of_order(row, instrument, size, recv_ns))
    amend = _AMENDS.get(row.amend_result) or _SYSTEM_AMENDS.get(row.amend_source)
    shows_life = bool(events) or amend is _C.AMEND
    if amend is not None:
        events.append(_amendment(row, instrument, amend, recv_ns))
    change = _CHANGES.get(row.state)
    if change is not None and not (change is _C.ACCEPT and shows_life):
        events.append(_state(row, instrument, change, recv_ns))
    return events


def reconciled(row: OrderRow, instrument: Instrument, recv_ns: int, known: Order | None) -> list[OrderUpdate]:
    """Return what a REST row says about an order; its fills are asked for apart.

    Where the terms differ from what is `known` (None if it is not ours), they were
    amended unseen, and the row's are the ones that count.

    Raises:
        ProtocolError: If a number is none.

    """
    change = _CHANGES.get(row.state)
    updates: list[OrderUpdate] = []
    if change is _C.ACCEPT and known is not None and _has_other_terms(row, instrument, known):
        change = None
        updates.append(_amendment(row, instrument, _C.AMEND, recv_ns))
    if change is not None:
        updates.append(_state(row, instrument, change, recv_ns))
    return updates


def balance(row: DetailRow, recv_ns: int) -> Balance:
    """Return one currency of an account.

    Where the account's mode has margin, `availEq` is what new orders can use;
    in spot mode it is empty and `availBal` is.
    """
    return Balance(
        recv_ns=recv_ns,
        venue_ns=_ns(row.u_time),
        currency=row.ccy,
        total=number(row.cash_bal),
        available=number(row.avail_eq or row.avail_bal),
    )


def position(row: PositionRow, instruments: Mapping[str, Instrument], recv_ns: int) -> PositionReport | None:
    """Return a swap position, None for another product or an instrument that is not traded here."""
    instrument = instruments.get(row.inst_id)
    if instrument is None or row.inst_type not in {"SWAP", ""}:
        return None
    size = instrument.from_contracts(number(row.pos))
    return PositionReport(
        recv_ns=recv_ns,
        venue_ns=_ns(row.u_time),
        symbol=instrument.symbol,
        size=-size if row.pos_side == "short" else size,
        average_price=number(row.avg_px),
    )


def _fill_of_order(row: OrderRow, instrument: Instrument, size: Decimal, recv_ns: int) -> Fill:
    return Fill(
        recv_ns=recv_ns,
        venue_ns=_ns(row.fill_time),
        symbol=instrument.symbol,
        client_order_id=row.cl_ord_id,
        venue_order_id=row.ord_id,
        trade_id=row.trade_id,
        side=_side(row.side),
        price=number(row.fill_px),
        size=instrument.from_contracts(size),
        fee=number(row.fill_fee),
        fee_currency=row.fill_fee_ccy,
        liquidity=_LIQUIDITY.get(row.exec_type, Liquidity.UNKNOWN),
        cumulative_size=instrument.from_contracts(number(row.acc_fill_sz)),
    )


def _amendment(row: OrderRow, instrument: Instrument, change: OrderChange, recv_ns: int) -> OrderUpdate:
    failed = change is _C.AMEND_FAIL
    size, limit_price = (None, None) if failed else _terms(row, instrument)
    return OrderUpdate(
        recv_ns=recv_ns,
        venue_ns=_ns(row.u_time),
        symbol=instrument.symbol,
        client_order_id=row.cl_ord_id,
        venue_order_id=row.ord_id,
        change=change,
        cumulative_size=instrument.from_contracts(number(row.acc_fill_sz)),
        size=size,
        limit_price=limit_price,
        amend_id=row.req_id,
        code=row.code if failed else "",
        reason=row.msg if failed else "",
    )


def _state(row: OrderRow, instrument: Instrument, change: OrderChange, recv_ns: int) -> OrderUpdate:
    source = row.cancel_source if change is _C.CANCEL else ""
    return OrderUpdate(
        recv_ns=recv_ns,
        venue_ns=_ns(row.u_time),
        symbol=instrument.symbol,
        client_order_id=row.cl_ord_id,
        venue_order_id=row.ord_id,
        change=change,
        cumulative_size=instrument.from_contracts(number(row.acc_fill_sz)),
        code=source,
        reason=_CANCEL_REASONS.get(source, f"canceled, source {source}") if source else "",
    )


def _terms(row: OrderRow, instrument: Instrument) -> tuple[Decimal | None, Decimal | None]:
    # Of an order that somebody sized in quote currency, the size in base is not known.
    size = None if row.tgt_ccy == "quote_ccy" or not row.sz else instrument.from_contracts(number(row.sz))
    return size, number(row.px) if row.px else None


def _has_other_terms(row: OrderRow, instrument: Instrument, known: Order) -> bool:
    size, limit_price = _terms(row, instrument)
    return size != known.size or limit_price != known.limit_price or known.amending is not None


def _side(word: str) -> Side:
    side = _SIDES.get(word)
    if side is None:
        raise ProtocolError(f"OKX sent {word!r} for a side")
    return side


def _ns(milliseconds: str) -> int:
    if not milliseconds:
        return 0
    if not milliseconds.isdecimal() or (ms := int(milliseconds[:20])) > _LAST_MS:
        raise ProtocolError(f"OKX sent {milliseconds[:20]!r} for a time")
    return ms * NS_PER_MS


# ---- REST


def decode_orders(data: bytes) -> list[OrderRow]:
    """Return rows of `trade/order`, `orders-pending` or `orders-history`, as they came: newest first.

    Raises:
        ProtocolError: If these are no such rows.

    """
    return wire.decode(data, _ORDERS)


def decode_fills(data: bytes, instruments: Mapping[str, Instrument], recv_ns: int) -> list[Fill]:
    """Return the fills among rows of `trade/fills` in instruments traded here, oldest first.

    Raises:
        ProtocolError: If these are no such rows.

    """
    rows = wire.decode(data, _FILLS)
    rows.sort(key=lambda row: number(row.fill_time or row.ts))
    return [_fill(row, instruments[row.inst_id], recv_ns) for row in rows if row.inst_id in instruments]


def decode_balances(data: bytes, recv_ns: int) -> list[Balance]:
    """Return every currency of `account/balance`; what is absent is zero.

    Raises:
        ProtocolError: If these are no such rows.

    """
    return [balance(detail, recv_ns) for row in wire.decode(data, _ACCOUNTS) for detail in row.details]


def decode_positions(
    data: bytes, instruments: Mapping[str, Instrument], recv_ns: int
) -> list[PositionReport]:
    """Return the swap positions of `account/positions` in instruments traded here; what is absent is flat.

    Raises:
        ProtocolError: If these are no such rows.

    """
    reports = (position(row, instruments, recv_ns) for row in wire.decode(data, _POSITIONS))
    return [report for report in reports if report is not None]


def _fill(row: FillRow, instrument: Instrument, recv_ns: int) -> Fill:
    return Fill(
        recv_ns=recv_ns,
        venue_ns=_ns(row.fill_time or row.ts),
        symbol=instrument.symbol,
        client_order_id=row.cl_ord_id,
        venue_order_id=row.ord_id,
        trade_id=row.trade_id,
        side=_side(row.side),
        price=number(row.fill_px),
        size=instrument.from_contracts(number(row.fill_sz)),
        fee=number(row.fee),
        fee_currency=row.fee_ccy,
        liquidity=_LIQUIDITY.get(row.exec_type, Liquidity.UNKNOWN),
    )


_ORDERS: Final = wire.decoder(list[OrderRow])
_FILLS: Final = wire.decoder(list[FillRow])
_ACCOUNTS: Final = wire.decoder(list[wire.AccountRow])
_POSITIONS: Final = wire.decoder(list[PositionRow])
