"""The simulated exchange as a broker in this process: no wire, no latency.

Market data comes from elsewhere, and so does the time: whoever owns the
exchange advances it, moves its markets, and then calls `report`.
"""

from __future__ import annotations

from typing import Final

from botkit.model.events import AnyEvent, OrderUpdate
from botkit.model.order import AmendOrder, CancelOrder, NewOrder, OrderChange
from botkit.model.portfolio import Balance, Fill, Liquidity, PositionReport
from botkit.risk.approval import Approved
from botkit.sim.exchange import SimExchange
from botkit.sim.types import (
    BalanceReport,
    FillReport,
    OrderReport,
    OrderRequest,
    Report,
    ReportKind,
    SimRefusal,
    SimRefused,
)
from botkit.sim.types import PositionReport as SimPositionReport
from botkit.venues.api import EventSink

__all__ = ["SimulatedBroker"]

_CHANGES: Final = {
    ReportKind.ACCEPTED: OrderChange.ACCEPT,
    ReportKind.CANCELED: OrderChange.CANCEL,
    ReportKind.AMENDED: OrderChange.AMEND,
    ReportKind.DONE: OrderChange.LAST_FILL,
}


class SimulatedBroker:
    """A broker whose answers are there when its verbs return, all of them through the sink."""

    def __init__(self, exchange: SimExchange, account: str, sink: EventSink) -> None:
        self._exchange = exchange
        self._account = account
        self._sink = sink

    def submit(self, approved: Approved) -> None:
        """Place a new order, or amend one."""
        request = approved.request
        try:
            if isinstance(request, NewOrder):
                self._exchange.submit(self._order(request), self._exchange.now_ns)
            else:
                self._amend(request)
        except SimRefused as refused:
            is_new = isinstance(request, NewOrder)
            change = OrderChange.REJECT if is_new else OrderChange.AMEND_FAIL
            self._refuse(request, change, refused)
        self.report()

    def cancel(self, cancel: CancelOrder) -> None:
        """Cancel an order."""
        try:
            order_id = self._order_id(cancel.client_order_id)
            self._exchange.cancel(self._account, order_id, self._exchange.now_ns)
        except SimRefused as refused:
            self._refuse(cancel, OrderChange.CANCEL_FAIL, refused)
        self.report()

    def report(self) -> None:
        """Tell what has happened to the account since the last call."""
        for report in self._exchange.drain():
            event = self._event(report)
            if event is not None:
                self._sink(event)

    def _amend(self, request: AmendOrder) -> None:
        self._exchange.amend(
            self._account,
            self._order_id(request.client_order_id),
            self._exchange.now_ns,
            size=request.size,
            limit_price=request.limit_price,
        )

    def _order_id(self, client_order_id: str) -> int:
        order = self._exchange.order(self._account, client_order_id=client_order_id)
        if order is None:
            raise SimRefused(SimRefusal.UNKNOWN_ORDER, client_order_id)
        return order.order_id

    def _order(self, request: NewOrder) -> OrderRequest:
        return OrderRequest(
            account=self._account,
            symbol=request.symbol,
            side=request.side,
            type=request.type,
            size=request.size,
            limit_price=request.limit_price,
            time_in_force=request.time_in_force,
            post_only=request.post_only,
            reduce_only=request.reduce_only,
            client_order_id=request.client_order_id,
        )

    def _refuse(
        self, request: NewOrder | AmendOrder | CancelOrder, change: OrderChange, refused: SimRefused
    ) -> None:
        now_ns = self._exchange.now_ns
        self._sink(
            OrderUpdate(
                recv_ns=now_ns,
                venue_ns=now_ns,
                symbol=request.symbol,
                client_order_id=request.client_order_id,
                change=change,
                amend_id=request.amend_id if isinstance(request, AmendOrder) else "",
                code=refused.reason.value,
                reason=str(refused),
            )
        )

    def _event(self, report: Report) -> AnyEvent | None:
        if isinstance(report, OrderReport) and report.order.request.account == self._account:
            return _order_update(report) if report.fill is None else _fill(report, report.fill)
        if isinstance(report, BalanceReport) and report.account == self._account:
            return Balance(
                recv_ns=report.ns,
                venue_ns=report.ns,
                currency=report.currency,
                total=report.cash,
                available=report.available,
            )
        if isinstance(report, SimPositionReport) and report.account == self._account:
            return PositionReport(
                recv_ns=report.ns,
                venue_ns=report.ns,
                symbol=report.symbol,
                size=report.size,
                average_price=report.average_price,
            )
        return None  # the market's, or somebody else's


def _order_update(report: OrderReport) -> OrderUpdate:
    order = report.order
    is_amended = report.kind is ReportKind.AMENDED
    return OrderUpdate(
        recv_ns=order.updated_ns,
        venue_ns=order.updated_ns,
        symbol=order.request.symbol,
        client_order_id=order.request.client_order_id,
        change=_CHANGES[report.kind],
        venue_order_id=str(order.order_id),
        cumulative_size=order.filled,
        size=order.size if is_amended else None,
        limit_price=order.limit_price if is_amended else None,
        code=order.cancel_cause.value if order.cancel_cause else "",
        reason=order.cancel_cause.value.replace("_", " ") if order.cancel_cause else "",
    )


def _fill(report: OrderReport, fill: FillReport) -> Fill:
    return Fill(
        recv_ns=fill.ns,
        venue_ns=fill.ns,
        symbol=fill.symbol,
        client_order_id=fill.client_order_id,
        venue_order_id=str(fill.order_id),
        trade_id=str(fill.trade_id),
        side=fill.side,
        price=fill.price,
        size=fill.size,
        fee=fill.fee,
        fee_currency=fill.fee_currency,
        liquidity=Liquidity.MAKER if fill.is_maker else Liquidity.TAKER,
        cumulative_size=report.order.filled,
    )
