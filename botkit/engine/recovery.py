"""The engine's state out of the journal's records: the same fold as live, without the hooks."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from botkit.model.events import (
    ACCOUNT,
    ConnectionChanged,
    OrderUpdate,
    Reconciled,
    StateChanged,
)
from botkit.model.order import AmendOrder, CancelOrder, NewOrder, Order
from botkit.model.portfolio import Balance, Fill, PositionReport
from botkit.strategy.saved import StrategyState

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from botkit.engine.engine import Engine

__all__ = ["Recovery", "recover"]


class Recovery:
    """What a restart found.

    Attributes:
        lost: Orders whose sending was not confirmed; they are UNKNOWN until the venue is asked.
        saved: What each strategy saved last, as JSON text.
        account_reason: Why the account's trading state is what it is; empty if it was never changed.
        last_ns: When the last record was made, 0 if there is none.

    """

    def __init__(self) -> None:
        self.lost: list[Order] = []
        self.saved: dict[str, str] = {}
        self.account_reason = ""
        self.last_ns = 0


def recover(engine: Engine, records: Iterable[tuple[int, object]], now_ns: int) -> Recovery:
    """Fold records, each with its time, into an engine that has not run yet.

    Records that change no state of the engine are passed over.

    Raises:
        InvariantError: If the records contradict each other.

    """
    recovery = Recovery()
    for recorded_ns, record in records:
        recovery.last_ns = max(recovery.last_ns, recorded_ns)
        fold = _FOLDS.get(type(record))
        if fold is not None:
            fold(engine, recovery, record, recorded_ns)
    recovery.lost = engine.blotter.lose_pending(now_ns)
    return recovery


def _new_order(engine: Engine, _: Recovery, request: NewOrder, recorded_ns: int) -> None:
    engine.blotter.add(Order(request, recorded_ns))


def _amendment(engine: Engine, _: Recovery, request: AmendOrder, __: int) -> None:
    order = engine.blotter.get(request.client_order_id)
    if order is not None and order.is_open:
        engine.blotter.request_amendment(order, request)


def _order(engine: Engine, _: Recovery, update: OrderUpdate, __: int) -> None:
    order = engine.blotter.get(update.client_order_id)
    if order is not None:
        engine.blotter.apply(order, update)


def _fill(engine: Engine, _: Recovery, fill: Fill, __: int) -> None:
    if engine.blotter.is_booked(fill):
        return
    order = engine.blotter.book(fill)
    if order is None:
        engine.blotter.remember(fill)
        engine.accounts.book_stranger(fill)
    else:
        engine.accounts.book(order.strategy, fill)


def _cancel(engine: Engine, _: Recovery, cancel: CancelOrder, recorded_ns: int) -> None:
    order = engine.blotter.get(cancel.client_order_id)
    if order is not None and order.is_open:
        order.cancel_requested_ns = recorded_ns


def _report(engine: Engine, _: Recovery, report: PositionReport, __: int) -> None:
    engine.accounts.hear(report)


def _reconciled(engine: Engine, _: Recovery, __: Reconciled, ___: int) -> None:
    engine.accounts.explain_reports()


def _connection(engine: Engine, _: Recovery, event: ConnectionChanged, __: int) -> None:
    if event.feed == "private" and not event.is_up:
        engine.accounts.forget_reports()


def _balance(engine: Engine, _: Recovery, balance: Balance, __: int) -> None:
    engine.accounts.set_balance(balance)


def _state(engine: Engine, recovery: Recovery, event: StateChanged, __: int) -> None:
    engine.states[event.scope] = event.state
    if event.scope == ACCOUNT:
        recovery.account_reason = event.reason


def _saved(_: Engine, recovery: Recovery, state: StrategyState, __: int) -> None:
    recovery.saved[state.strategy] = state.payload


_FOLDS: Final[dict[type, Callable[[Engine, Recovery, Any, int], None]]] = {
    NewOrder: _new_order,
    AmendOrder: _amendment,
    CancelOrder: _cancel,
    OrderUpdate: _order,
    Fill: _fill,
    Balance: _balance,
    PositionReport: _report,
    Reconciled: _reconciled,
    ConnectionChanged: _connection,
    StateChanged: _state,
    StrategyState: _saved,
}
