"""One record of every kind, and a strategy for lists of them."""

from __future__ import annotations

from decimal import Decimal

from hypothesis import strategies as st

from botkit.journal.records import Record
from botkit.model.events import (
    ConnectionChanged,
    OrderUpdate,
    Reconciled,
    Started,
    StateChanged,
    Stopping,
    TaskDone,
    Timer,
    TradingState,
)
from botkit.model.note import Note
from botkit.model.order import AmendOrder, CancelOrder, NewOrder, OrderChange, OrderType, TimeInForce
from botkit.model.portfolio import Balance, Fill, Liquidity, PositionReport
from botkit.model.side import Side
from botkit.risk.approval import Refused
from botkit.strategy.saved import StrategyState

BTC = "BTC-USDT"


def new_order(number: int = 1, **terms: object) -> NewOrder:
    order = NewOrder(
        client_order_id=f"bk000001{number:08}",
        strategy="ema",
        symbol=BTC,
        side=Side.BUY,
        size=Decimal("0.01"),
        limit_price=Decimal("67321.4"),
        deadline_ns=4_000_000_000,
    )
    return NewOrder(**{name: getattr(order, name) for name in order.__struct_fields__} | terms)


def fill(number: int = 1, size: str = "0.01") -> Fill:
    return Fill(
        recv_ns=10 + number,
        venue_ns=9,
        symbol=BTC,
        client_order_id=f"bk000001{number:08}",
        venue_order_id=f"{number}",
        trade_id=f"t{number}",
        side=Side.BUY,
        price=Decimal("67321.40"),
        size=Decimal(size),
        fee=Decimal("-0.0673214"),
        fee_currency="USDT",
        liquidity=Liquidity.TAKER,
        cumulative_size=Decimal(size),
    )


EVERY_KIND: list[Record] = [
    new_order(),
    new_order(2, limit_price=None, type=OrderType.MARKET, time_in_force=TimeInForce.IOC, reduce_only=True),
    AmendOrder(
        client_order_id="bk1",
        amend_id="bk2",
        strategy="ema",
        symbol=BTC,
        size=Decimal("0.02"),
        limit_price=Decimal("67000.0"),
    ),
    CancelOrder(client_order_id="bk1", strategy="ema", symbol=BTC),
    Refused(
        client_order_id="bk3", strategy="ema", symbol=BTC, rule="price_collar", measured="300", limit="200"
    ),
    Note(strategy="ema", level="info", text="crossed", fields={"fast": "1.5", "wörld": "≥"}),
    StrategyState(strategy="ema", payload='{"entries":3}'),
    OrderUpdate(recv_ns=1, symbol=BTC, client_order_id="bk1", change=OrderChange.ACCEPT, venue_order_id="7"),
    fill(),
    Balance(recv_ns=2, currency="USDT", total=Decimal("100.10"), available=Decimal(0)),
    PositionReport(
        recv_ns=3, symbol="BTC-USDT-SWAP", size=Decimal("-0.01"), average_price=Decimal("67000.0")
    ),
    Started(recv_ns=4, epoch=3, version="0.1.0"),
    ConnectionChanged(recv_ns=5, feed="private", is_up=False, reason="silence"),
    Reconciled(recv_ns=6, fills=1, orders=2),
    StateChanged(recv_ns=7, state=TradingState.KILLED, reason="loss"),
    Timer(recv_ns=8, strategy="ema", name="requote", due_ns=7),
    TaskDone(recv_ns=9, strategy="ema", name="model", result='{"score":1}'),
    Stopping(recv_ns=10, reason="SIGTERM"),
]

records = st.one_of(
    st.sampled_from(EVERY_KIND),
    st.builds(new_order, st.integers(1, 10**8 - 1)),
    st.builds(fill, st.integers(1, 10**6), st.sampled_from(["0.01", "1E+3", "0.000000000000000001"])),
    st.builds(Note, strategy=st.text(), level=st.just("info"), text=st.text(), fields=st.just({})),
)
