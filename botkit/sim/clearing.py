"""Who owns which order, and what each match does to both sides: holds, cash, positions, reports."""

from __future__ import annotations

from collections import deque
from collections.abc import Mapping
from decimal import Decimal
from typing import Final

from botkit.model.instrument import Instrument, InstrumentKind
from botkit.model.side import Side
from botkit.sim.ledger import Account, FeeSchedule, SwapPosition
from botkit.sim.market import Market, Match
from botkit.sim.matching import Resting
from botkit.sim.orders import Terms, WorkingOrder
from botkit.sim.types import (
    BalanceReport,
    CancelCause,
    FillReport,
    OrderReport,
    OrderState,
    PositionReport,
    Report,
    ReportKind,
    SimRefusal,
    SimRefused,
    SimStatus,
)

__all__ = ["Clearing", "Client"]

_KEPT: Final = 10_000
_ZERO: Final = Decimal(0)


class Client:
    """An account with its orders and fills.

    Attributes:
        open: Working orders by id, oldest first.
        done: Ended orders by id, oldest first; the oldest are forgotten.
        latest: The last order of each client order id.

    """

    def __init__(self, account: Account) -> None:
        self.account = account
        self.open: dict[int, WorkingOrder] = {}
        self.done: dict[int, OrderState] = {}
        self.latest: dict[str, int] = {}
        self.fills: deque[FillReport] = deque(maxlen=_KEPT)

    def add(self, order: WorkingOrder) -> None:
        """Take a new order in."""
        self.open[order.id] = order
        if order.request.client_order_id:
            self.latest[order.request.client_order_id] = order.id

    def close(self, order: WorkingOrder) -> None:
        """Move an order to those that have ended."""
        del self.open[order.id]
        self.done[order.id] = order.state()
        if len(self.done) > _KEPT:
            oldest = self.done.pop(next(iter(self.done)))
            client_order_id = oldest.request.client_order_id
            if self.latest.get(client_order_id) == oldest.order_id:
                del self.latest[client_order_id]

    def reducing_lots(self, symbol: str, side: Side) -> int:
        """Return the lots of working reduce-only orders of one side."""
        return sum(order.open_lots for order in self.reducing(symbol) if order.request.side is side)

    def reducing(self, symbol: str) -> list[WorkingOrder]:
        """Return the working reduce-only orders of one instrument, oldest first."""
        return [
            order
            for order in self.open.values()
            if order.request.reduce_only and order.request.symbol == symbol and order.resting
        ]


class Clearing:
    """Books what accounts do; `markets` says what their positions are worth."""

    def __init__(
        self, markets: Mapping[str, Market], fees: FeeSchedule, reports: list[Report], first_id: int
    ) -> None:
        self._markets = markets
        self._fees = fees
        self._reports = reports
        self._last_bill_id = first_id - 1
        self._last_position_id = first_id - 1
        self._clients: dict[str, Client] = {}
        self._touched: dict[str, None] = {}
        self._changed_balances: dict[tuple[str, str], int] = {}
        self._changed_positions: dict[tuple[str, str], int] = {}

    def open_account(self, name: str, balances: Mapping[str, Decimal]) -> None:
        """Begin an account with this much cash.

        Raises:
            ValueError: If there is one of that name.

        """
        if not name or name in self._clients:
            raise ValueError(f"an account needs a name of its own, not {name!r}")
        self._clients[name] = Client(Account(name, balances))

    def client(self, name: str) -> Client:
        """Return the client.

        Raises:
            SimRefused: If there is no such account.

        """
        client = self._clients.get(name)
        if client is None:
            raise SimRefused(SimRefusal.UNKNOWN_ACCOUNT, name)
        return client

    def position(self, account: Account, instrument: Instrument) -> SwapPosition:
        """Return the account's position, flat if it never had one."""
        position = account.positions.get(instrument.symbol)
        if position is None:
            self._last_position_id += 1
            position = account.positions[instrument.symbol] = SwapPosition(instrument, self._last_position_id)
        return position

    def mark(self, position: SwapPosition) -> Decimal:
        """Return what a position is valued at; while nothing is known, what it was entered at."""
        mark = self._markets[position.instrument.symbol].mark()
        return position.average_price if mark is None else mark

    def available(self, account: Account, currency: str, *, with_profit: bool = False) -> Decimal:
        """Return what new orders may use; profits not realised count towards margin only."""
        free = account.cash.get(currency, _ZERO) - account.frozen.get(currency, _ZERO)
        profit = _ZERO
        for position in account.positions.values():
            if position.instrument.quote == currency:
                mark = self.mark(position)
                free -= position.margin(mark)
                profit += position.unrealized_pnl(mark)
        return free + (profit if with_profit else min(profit, _ZERO))

    def rest(self, order: WorkingOrder, resting: Resting | None) -> None:
        """Note an order's place in the book and hold its funds."""
        order.resting = resting
        if resting is not None:
            self._hold(order, resting.lots, resting.ticks)

    def release(self, order: WorkingOrder) -> None:
        """Release all that is held for an order."""
        if order.resting is not None:
            self._hold(order, -order.held_lots, order.resting.ticks)

    def change(self, order: WorkingOrder, terms: Terms, ns: int, *, keeps_place: bool) -> None:
        """Give a waiting order new terms and tell; if it loses its place, it is off the book since."""
        resting = order.resting
        assert resting is not None, "only waiting orders are changed"
        left = terms.lots - order.filled_lots
        if keeps_place and left > 0:
            self._hold(order, left - resting.lots, resting.ticks)
            order.market.book.shrink(resting, resting.lots - left)
        else:
            self.release(order)
            order.market.book.remove(resting)
            order.resting = None
        order.amend(terms, ns)
        if left <= 0:
            self.finish(order, SimStatus.FILLED, None, ns)
        self.report(ReportKind.AMENDED, order)

    def report(self, kind: ReportKind, order: WorkingOrder, fill: FillReport | None = None) -> None:
        """Tell what happened to an order."""
        self._reports.append(OrderReport(kind=kind, order=order.state(), fill=fill))

    def finish(self, order: WorkingOrder, status: SimStatus, cause: CancelCause | None, ns: int) -> None:
        """End an order that is off the book, without telling."""
        self.release(order)
        order.resting = None
        order.status = status
        order.cause = cause
        order.updated_ns = ns
        self.client(order.request.account).close(order)

    def cancel(self, order: WorkingOrder, cause: CancelCause, ns: int) -> None:
        """Take an order off the book, end it and tell."""
        if order.resting is not None and order.resting.lots:
            order.market.book.remove(order.resting)
        self.finish(order, SimStatus.CANCELED, cause, ns)
        self.report(ReportKind.CANCELED, order)

    def matched(self, market: Market, match: Match) -> None:
        """Book both sides of a match that have an account."""
        for side, is_maker in ((match.taker, False), (match.maker, True)):
            if side.owner:
                order = self.client(side.owner).open[side.id]
                self._fill(market, order, match, is_maker=is_maker)

    def prevented(self, maker: Resting, ns: int) -> None:
        """End an order that was taken off the book because its owner would have traded with it."""
        self.cancel(self.client(maker.owner).open[maker.id], CancelCause.SELF_TRADE, ns)

    def settled(self, market: Market, ns: int) -> None:
        """Cancel reduce-only orders, newest first, that have become larger than the position."""
        touched, self._touched = self._touched, {}
        for name in touched:
            self._trim_reduce_only(self._clients[name], market, ns)

    def flush(self) -> None:
        """Tell the balances and positions that have changed since the last time."""
        for (name, currency), ns in self._changed_balances.items():
            self._reports.append(self.balance(self._clients[name].account, currency, ns))
        for (name, symbol), ns in self._changed_positions.items():
            account = self._clients[name].account
            self._reports.append(self.position_report(account, account.positions[symbol], ns))
        self._changed_balances.clear()
        self._changed_positions.clear()

    def balance(self, account: Account, currency: str, ns: int) -> BalanceReport:
        """Return what an account has of a currency."""
        frozen = account.frozen.get(currency, _ZERO)
        margin = profit = _ZERO
        for position in account.positions.values():
            if position.instrument.quote == currency:
                mark = self.mark(position)
                margin += position.position_margin(mark)
                frozen += position.margin(mark) - position.position_margin(mark)
                profit += position.unrealized_pnl(mark)
        return BalanceReport(
            account=account.name,
            currency=currency,
            cash=account.cash.get(currency, _ZERO),
            frozen=frozen,
            margin=margin,
            unrealized_pnl=profit,
            available=max(self.available(account, currency), _ZERO),
            ns=ns,
        )

    def position_report(self, account: Account, position: SwapPosition, ns: int) -> PositionReport:
        """Return what a position is now."""
        mark = self.mark(position)
        return PositionReport(
            account=account.name,
            symbol=position.instrument.symbol,
            position_id=position.position_id,
            size=position.size,
            average_price=position.average_price,
            mark_price=mark,
            realized_pnl=position.realized_pnl,
            unrealized_pnl=position.unrealized_pnl(mark),
            fees=position.fees,
            leverage=position.leverage,
            margin=position.position_margin(mark),
            last_trade_id=position.last_trade_id,
            created_ns=position.created_ns,
            ns=ns,
        )

    def _fill(self, market: Market, order: WorkingOrder, match: Match, *, is_maker: bool) -> None:
        if is_maker:
            self._hold(order, -match.lots, match.maker.ticks)
        fill = self._book(market, order, match, is_maker=is_maker)
        order.add_fill(fill, match.lots, match.maker.ticks)
        client = self._clients[order.request.account]
        client.fills.append(fill)
        if order.status is SimStatus.FILLED:
            self.finish(order, SimStatus.FILLED, None, match.ns)
        self.report(ReportKind.FILL, order, fill)

    def _book(self, market: Market, order: WorkingOrder, match: Match, *, is_maker: bool) -> FillReport:
        instrument, request = market.instrument, order.request
        account = self._clients[request.account].account
        size, price = market.size(match.lots), market.price(match.maker.ticks)
        rate = self._fees.rate(instrument.kind, is_maker=is_maker)
        realized = _ZERO
        self._last_bill_id += 1
        if instrument.kind is InstrumentKind.SPOT:
            fee, fee_currency = account.book_spot(instrument, request.side, size, price, rate)
            self._changed_balances[account.name, instrument.base] = match.ns
        else:
            fee_currency = instrument.quote
            fee, realized = account.book_swap(instrument, request.side, size, price, rate)
            self._note_position(account, instrument.symbol, match)
        self._changed_balances[account.name, instrument.quote] = match.ns
        return FillReport(
            account=account.name,
            symbol=instrument.symbol,
            order_id=order.id,
            client_order_id=request.client_order_id,
            trade_id=match.trade_id,
            bill_id=self._last_bill_id,
            side=request.side,
            price=price,
            size=size,
            fee=fee,
            fee_currency=fee_currency,
            is_maker=is_maker,
            ns=match.ns,
            realized_pnl=realized,
            tag=request.tag,
        )

    def _note_position(self, account: Account, symbol: str, match: Match) -> None:
        position = account.positions[symbol]
        position.last_trade_id = match.trade_id
        position.updated_ns = match.ns
        position.created_ns = position.created_ns or match.ns
        self._touched[account.name] = None
        self._changed_positions[account.name, symbol] = match.ns

    def _hold(self, order: WorkingOrder, lots: int, ticks: int) -> None:
        market = order.market
        account = self._clients[order.request.account].account
        account.hold(market.instrument, order.request.side, market.size(lots), market.price(ticks))
        order.held_lots += lots
        instrument, is_sell = market.instrument, order.request.side is Side.SELL
        is_base = is_sell and instrument.kind is InstrumentKind.SPOT
        self._changed_balances[account.name, instrument.base if is_base else instrument.quote] = (
            order.updated_ns
        )

    def _trim_reduce_only(self, client: Client, market: Market, ns: int) -> None:
        position = client.account.positions[market.symbol]
        closing = Side.SELL if position.size > 0 else Side.BUY
        room = market.lots(abs(position.size)) or 0
        for order in client.reducing(market.symbol):
            if order.request.side is closing and order.open_lots <= room:
                room -= order.open_lots
            else:
                self.cancel(order, CancelCause.REDUCE_ONLY, ns)
