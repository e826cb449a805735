"""What the engine does with each kind of event; the table at the end is complete by test."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from botkit.engine.step import Inquiry
from botkit.model.events import (
    ACCOUNT,
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
from botkit.model.market import Bar, BookUpdate, Funding, MarkPrice, Quote, Trade
from botkit.model.note import Note
from botkit.model.order import OrderChange, OrderStatus
from botkit.model.portfolio import Balance, Fill, PositionReport

if TYPE_CHECKING:
    from collections.abc import Callable

    from botkit.engine.engine import Engine
    from botkit.model.order import Order

__all__ = ["REACTIONS"]

_ASK_AGAIN: Final = frozenset({OrderChange.LOSE, OrderChange.CANCEL_FAIL})
"""Answers that leave open what is true of the order."""

_UNSEEN: Final = "the venue counts fills that we have not seen"


def _quote(engine: Engine, quote: Quote) -> None:
    engine.market.quotes[quote.symbol] = quote
    for desk in engine.listeners.get(("quotes", quote.symbol, ""), ()):
        engine.call(desk, desk.strategy.on_quote, quote)


def _trade(engine: Engine, trade: Trade) -> None:
    engine.market.trades[trade.symbol] = trade
    for desk in engine.listeners.get(("trades", trade.symbol, ""), ()):
        engine.call(desk, desk.strategy.on_trade, trade)


def _bar(engine: Engine, bar: Bar) -> None:
    if not bar.is_history:
        engine.market.bars[bar.symbol] = bar
    for desk in engine.listeners.get(("bars", bar.symbol, bar.interval), ()):
        if desk.is_next(bar):
            engine.call(desk, desk.strategy.on_bar, bar)


def _book(engine: Engine, update: BookUpdate) -> None:
    book = engine.market.apply_book(update)
    for desk in engine.listeners.get(("book", update.symbol, ""), ()):
        engine.call(desk, desk.strategy.on_book, book)


def _mark(engine: Engine, mark: MarkPrice) -> None:
    engine.market.marks[mark.symbol] = mark


def _funding(engine: Engine, funding: Funding) -> None:
    for desk in engine.listeners.get(("funding", funding.symbol, ""), ()):
        engine.call(desk, desk.strategy.on_funding, funding)


def _order(engine: Engine, update: OrderUpdate) -> None:
    order = engine.blotter.get(update.client_order_id)
    if order is None:
        return  # a stranger's order on our account; its fills are counted
    before = (order.status, order.size, order.limit_price)
    fills_are_missing = engine.blotter.apply(order, update)
    _check_absence(engine, order, before[0])
    if fills_are_missing:
        engine.emit(Inquiry(client_order_id=order.id, reason=_UNSEEN))
    elif update.change in _ASK_AGAIN and order.is_open:
        engine.emit(Inquiry(client_order_id=order.id, reason=update.reason or update.change.value))
    is_answer = update.change in {OrderChange.CANCEL_FAIL, OrderChange.AMEND_FAIL}
    if is_answer or before != (order.status, order.size, order.limit_price):
        engine.defer_order_hook(order)


def _fill(engine: Engine, fill: Fill) -> None:
    if engine.blotter.is_booked(fill):
        return
    order = engine.blotter.get(fill.client_order_id)
    if order is None:
        _stranger(engine, fill)
        return
    before = order.status
    engine.blotter.book(fill)
    _check_absence(engine, order, before)
    engine.accounts.book(order.strategy, fill)
    if fill.cumulative_size > order.filled_size:
        engine.emit(Inquiry(client_order_id=order.id, reason=_UNSEEN))
    desk = engine.desks.get(order.strategy)
    if desk is not None:
        engine.call(desk, desk.strategy.on_fill, fill)
        engine.defer_order_hook(order)


def _check_absence(engine: Engine, order: Order, before: OrderStatus) -> None:
    if before is OrderStatus.VOID and order.status is not OrderStatus.VOID:
        fields = {"order": order.id, "status": order.status.value, "symbol": order.symbol}
        engine.emit(
            Note(
                strategy="", level="error", text="an order that was proved absent has appeared", fields=fields
            )
        )


def _stranger(engine: Engine, fill: Fill) -> None:
    engine.blotter.remember(fill)
    engine.accounts.book_stranger(fill)
    fields = {
        "symbol": fill.symbol,
        "side": fill.side.value,
        "size": str(fill.size),
        "price": str(fill.price),
    }
    engine.emit(
        Note(strategy="", level="warning", text="an order that is not ours has filled", fields=fields)
    )


def _balance(engine: Engine, balance: Balance) -> None:
    engine.accounts.set_balance(balance)


def _position(engine: Engine, report: PositionReport) -> None:
    engine.accounts.hear(report)


def _reconciled(engine: Engine, event: Reconciled) -> None:
    engine.is_reconciled = True
    for symbol, difference in engine.accounts.explain_reports():
        fields = {"symbol": symbol, "beyond_our_fills": str(difference)}
        engine.emit(
            Note(strategy="", level="warning", text="the account holds what we did not trade", fields=fields)
        )
    for desk in engine.desks.values():
        engine.call(desk, desk.strategy.on_gap, event)
    engine.tell_state("our books and the venue's agree")


def _connection(engine: Engine, event: ConnectionChanged) -> None:
    if event.feed == "private" and not event.is_up:
        engine.is_reconciled = False
        engine.accounts.forget_reports()
        engine.tell_state(event.reason)


def _state(engine: Engine, event: StateChanged) -> None:
    engine.states[event.scope] = event.state
    if event.state is TradingState.KILLED:
        for order in engine.blotter.open_orders():
            if event.scope in {ACCOUNT, order.strategy}:
                engine.cancel(order)
    engine.tell_state(event.reason)


def _started(engine: Engine, _: Started) -> None:
    for desk in engine.desks.values():
        engine.start(desk)


def _stopping(engine: Engine, _: Stopping) -> None:
    for desk in engine.desks.values():
        engine.call(desk, desk.strategy.on_stop)
    engine.is_stopping = True
    for order in engine.blotter.open_orders():
        owner = engine.desks.get(order.strategy)
        if owner is None or owner.cancels_on_stop:  # nobody else would cancel for a strategy of the past
            engine.cancel(order)


def _timer(engine: Engine, timer: Timer) -> None:
    desk = engine.desks.get(timer.strategy)
    if desk is not None:
        engine.call(desk, desk.strategy.on_timer, timer.name)


def _task(engine: Engine, done: TaskDone) -> None:
    desk = engine.desks.get(done.strategy)
    if desk is not None:
        engine.call(desk, desk.strategy.on_task, done)


REACTIONS: Final[dict[type, Callable[[Engine, Any], None]]] = {
    Quote: _quote,
    Trade: _trade,
    Bar: _bar,
    BookUpdate: _book,
    MarkPrice: _mark,
    Funding: _funding,
    OrderUpdate: _order,
    Fill: _fill,
    Balance: _balance,
    PositionReport: _position,
    Started: _started,
    Stopping: _stopping,
    Timer: _timer,
    TaskDone: _task,
    ConnectionChanged: _connection,
    Reconciled: _reconciled,
    StateChanged: _state,
}
