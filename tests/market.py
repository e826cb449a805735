"""Made-up markets and orders for tests: one thing of each kind, every field with a value that is easy on the eye.

A coin costs about 100, ticks are 0.1, lots 0.001 and the smallest order is 0.01; it is always `NOON`
unless a test says otherwise. Whatever a test is about, it names; the rest stays as it is here.
"""

from __future__ import annotations

from decimal import Decimal
from typing import Any, Final

import msgspec

from botkit.model.events import OrderUpdate, TradingState
from botkit.model.instrument import Instrument, InstrumentKind
from botkit.model.market import Bar, BookUpdate, Funding, Level, MarkPrice, Quote, Trade
from botkit.model.order import AmendOrder, NewOrder, Order, OrderChange, OrderType
from botkit.model.portfolio import Balance, Fill, PositionReport
from botkit.model.side import Side
from botkit.risk.limits import InstrumentLimits, RiskLimits
from botkit.risk.rules import Facts

__all__ = [
    "BTC",
    "BTC_SWAP",
    "MS",
    "NOON",
    "S",
    "amend_order",
    "balance",
    "bar",
    "book_update",
    "facts",
    "fill",
    "funding",
    "instrument_limits",
    "limits",
    "mark_price",
    "new_order",
    "order",
    "order_update",
    "position_report",
    "quote",
    "spot",
    "swap",
    "trade",
]

MS: Final = 1_000_000
S: Final = 1_000_000_000
NOON: Final = 1_800_014_400 * S
"""2027-01-15 12:00 UTC, when tests take place."""

BTC: Final = "BTC-USDT"
BTC_SWAP: Final = "BTC-USDT-SWAP"


def spot(symbol: str = BTC, **terms: Any) -> Instrument:
    """Return a spot pair; `terms` replace its fields."""
    base, quote_currency = symbol.split("-")[:2]
    made = Instrument(
        symbol=symbol,
        kind=InstrumentKind.SPOT,
        base=base,
        quote=quote_currency,
        tick_size=Decimal("0.1"),
        lot_size=Decimal("0.001"),
        min_size=Decimal("0.01"),
    )
    return msgspec.structs.replace(made, **terms)


def swap(symbol: str = BTC_SWAP, **terms: Any) -> Instrument:
    """Return a linear perpetual of 0.01 coin a contract, traded in tenths of one."""
    contract = {"kind": InstrumentKind.SWAP, "contract_value": Decimal("0.01")}
    return spot(symbol, **contract | terms)


def quote(bid: float = 99.9, ask: float = 100.1, **terms: Any) -> Quote:
    """Return a quote around 100, with a coin on either side."""
    made = Quote(recv_ns=NOON, symbol=BTC, bid=bid, bid_size=1.0, ask=ask, ask_size=1.0)
    return msgspec.structs.replace(made, **terms)


def trade(price: float = 100.0, size: float = 0.5, **terms: Any) -> Trade:
    """Return a trade that a buyer took."""
    made = Trade(recv_ns=NOON, symbol=BTC, price=price, size=size, side=Side.BUY, trade_id="1")
    return msgspec.structs.replace(made, **terms)


def bar(close: float = 100.0, **terms: Any) -> Bar:
    """Return a bar of the minute before noon."""
    made = Bar(
        recv_ns=NOON,
        symbol=BTC,
        interval="1m",
        open_ns=NOON - 60 * S,
        open=100.0,
        high=max(100.0, close),
        low=min(100.0, close),
        close=close,
        volume=3.0,
    )
    return msgspec.structs.replace(made, **terms)


def book_update(
    bids: tuple[Level, ...] = ((99.9, 1.0), (99.8, 2.0)),
    asks: tuple[Level, ...] = ((100.1, 1.0), (100.2, 2.0)),
    **terms: Any,
) -> BookUpdate:
    """Return a snapshot of a book around 100, two steps deep."""
    made = BookUpdate(recv_ns=NOON, symbol=BTC, bids=bids, asks=asks, is_snapshot=True)
    return msgspec.structs.replace(made, **terms)


def mark_price(price: float = 100.0, **terms: Any) -> MarkPrice:
    """Return a swap's mark price."""
    return msgspec.structs.replace(MarkPrice(recv_ns=NOON, symbol=BTC_SWAP, price=price), **terms)


def funding(rate: float = 0.0001, **terms: Any) -> Funding:
    """Return a swap's funding rate, due in an hour."""
    made = Funding(recv_ns=NOON, symbol=BTC_SWAP, rate=rate, due_ns=NOON + 3600 * S)
    return msgspec.structs.replace(made, **terms)


def new_order(
    side: Side = Side.BUY, size: str = "1", limit_price: str | None = "100.0", **terms: Any
) -> NewOrder:
    """Return a wish to buy one coin at 100; no limit price makes it a market order."""
    made = NewOrder(
        client_order_id="bk000001",
        strategy="test",
        symbol=BTC,
        side=side,
        size=Decimal(size),
        limit_price=None if limit_price is None else Decimal(limit_price),
        type=OrderType.MARKET if limit_price is None else OrderType.LIMIT,
        deadline_ns=NOON + 4 * S,
    )
    return msgspec.structs.replace(made, **terms)


def amend_order(size: str = "2", limit_price: str = "100.0", **terms: Any) -> AmendOrder:
    """Return new terms for `new_order()`: two coins."""
    made = AmendOrder(
        client_order_id="bk000001",
        amend_id="bk000002",
        strategy="test",
        symbol=BTC,
        size=Decimal(size),
        limit_price=Decimal(limit_price),
        deadline_ns=NOON + 4 * S,
    )
    return msgspec.structs.replace(made, **terms)


def order(*changes: OrderChange, **terms: Any) -> Order:
    """Return the order that `new_order(**terms)` asks for, after these changes."""
    made = Order(new_order(**terms), NOON)
    for change in changes:
        made.change(change, NOON)
    return made


def order_update(change: OrderChange, **terms: Any) -> OrderUpdate:
    """Return the venue's word on `new_order()`."""
    made = OrderUpdate(recv_ns=NOON, symbol=BTC, client_order_id="bk000001", change=change)
    return msgspec.structs.replace(made, **terms)


def fill(size: str = "1", price: str = "100.0", side: Side = Side.BUY, **terms: Any) -> Fill:
    """Return a fill of `new_order()`, without a fee."""
    made = Fill(
        recv_ns=NOON,
        symbol=BTC,
        client_order_id="bk000001",
        venue_order_id="7001",
        trade_id="t1",
        side=side,
        price=Decimal(price),
        size=Decimal(size),
    )
    return msgspec.structs.replace(made, **terms)


def balance(total: str = "10000", currency: str = "USDT", **terms: Any) -> Balance:
    """Return a balance that is free to the last cent."""
    made = Balance(recv_ns=NOON, currency=currency, total=Decimal(total), available=Decimal(total))
    return msgspec.structs.replace(made, **terms)


def position_report(size: str = "1", **terms: Any) -> PositionReport:
    """Return the venue's word on the swap position."""
    made = PositionReport(recv_ns=NOON, symbol=BTC_SWAP, size=Decimal(size), average_price=Decimal("100.0"))
    return msgspec.structs.replace(made, **terms)


def instrument_limits(
    size: str = "10", value: str = "2000", position_value: str = "5000"
) -> InstrumentLimits:
    """Return limits that one coin at 100 is far away from."""
    return InstrumentLimits(
        max_order_size=Decimal(size),
        max_order_value=Decimal(value),
        max_position_value=Decimal(position_value),
    )


def limits(**terms: Any) -> RiskLimits:
    """Return limits for the spot pair and the swap, with the defaults of a configuration for the rest."""
    made = RiskLimits(instruments={BTC: instrument_limits(), BTC_SWAP: instrument_limits()})
    return msgspec.structs.replace(made, **terms)


def facts(**terms: Any) -> Facts:
    """Return a moment at which nothing speaks against an order: flat, active, and the price just heard."""
    made = Facts(
        now_ns=NOON,
        state=TradingState.ACTIVE,
        instrument=spot(),
        reference_price=100.0,
        reference_ns=NOON,
        position=Decimal(0),
        working_buys=Decimal(0),
        working_sells=Decimal(0),
        open_orders=0,
    )
    return msgspec.structs.replace(made, **terms)
