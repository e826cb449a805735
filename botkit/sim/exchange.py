"""The simulated exchange: accounts, orders and hosted markets; no socket and no clock.

Times come from the caller and never go back: an earlier one counts as the
latest seen. Whatever happens is said once, in order, by `drain`.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from decimal import Decimal
from typing import Final, Protocol

from botkit.model.instrument import Instrument, InstrumentKind
from botkit.model.order import OrderType, TimeInForce
from botkit.model.side import Side
from botkit.sim.admission import Admission
from botkit.sim.clearing import Clearing, Client
from botkit.sim.ledger import FeeSchedule
from botkit.sim.market import BookRow, Market
from botkit.sim.matching import Incoming, Plan
from botkit.sim.orders import WorkingOrder
from botkit.sim.types import (
    BalanceReport,
    CancelCause,
    Candle,
    FillReport,
    FlowEnded,
    OrderRequest,
    OrderState,
    PositionReport,
    PublicTrade,
    Report,
    ReportKind,
    SimRefusal,
    SimRefused,
    SimStatus,
)

__all__ = ["Flow", "SimExchange"]

_LEAST_ID: Final = 10**18


class Flow(Protocol):
    """What makes hosted markets move."""

    def symbols(self) -> tuple[str, ...]:
        """Return the instruments whose markets it moves."""

    def next_ns(self) -> int | None:
        """Return when something happens next, None if nothing will."""

    def run_until(self, exchange: SimExchange, now_ns: int) -> None:
        """Do everything that happens up to that time, that time included."""


class SimExchange:
    """An exchange that does what it is told, at the time it is told.

    Ids of orders, bills and positions are 19 digits and increase, also from one
    exchange to the next if `start_ns` does; trade ids are unique within their
    instrument.
    """

    def __init__(
        self,
        instruments: Iterable[Instrument],
        fees: FeeSchedule | None = None,
        *,
        start_ns: int = 0,
        price_band: Decimal = Decimal("0.05"),
    ) -> None:
        fees = fees or FeeSchedule()
        first_id = max(start_ns, _LEAST_ID)
        self.now_ns = start_ns
        self.fees = fees
        self._last_order_id = first_id - 1
        self._reports: list[Report] = []
        self._markets: dict[str, Market] = {}
        self._clearing = Clearing(self._markets, fees, self._reports, first_id)
        self._admission = Admission(self._clearing, fees, price_band)
        self._price_band = price_band
        self._flows: list[Flow] = []
        for instrument in instruments:
            market = Market(instrument, self._clearing, self._reports, first_id // 1_000_000)
            self._markets[instrument.symbol] = market

    def instruments(self) -> list[Instrument]:
        """Return what is listed, in the order in which it was."""
        return [market.instrument for market in self._markets.values()]

    def market(self, symbol: str) -> Market:
        """Return the market of an instrument.

        Raises:
            SimRefused: If it is not listed.

        """
        market = self._markets.get(symbol)
        if market is None:
            raise SimRefused(SimRefusal.UNKNOWN_INSTRUMENT, symbol)
        return market

    def open_account(self, name: str, balances: Mapping[str, Decimal]) -> None:
        """Begin an account with this much cash.

        Raises:
            ValueError: If there is one of that name, or no name.

        """
        self._clearing.open_account(name, balances)

    def host(self, flow: Flow) -> None:
        """Let a flow move its markets from now on, beginning with what is due already."""
        self._flows.append(flow)
        self.advance(self.now_ns)

    def advance(self, now_ns: int) -> None:
        """Let the hosted markets run up to that time; at equal times, those hosted first go first."""
        while True:
            due = [(at, n) for n, flow in enumerate(self._flows) if (at := flow.next_ns()) is not None]
            if not due or min(due)[0] > now_ns:
                break
            _, first = min(due)
            turns = [at if n > first else at - 1 for at, n in due if n != first]
            flow = self._flows[first]
            flow.run_until(self, min([now_ns, *turns]))
            if flow.next_ns() is None:
                self._reports.append(FlowEnded(symbols=flow.symbols(), ns=now_ns))
        self.now_ns = max(self.now_ns, now_ns)

    def next_event_ns(self) -> int | None:
        """Return when a hosted market moves next, None if none will."""
        due = [at for flow in self._flows if (at := flow.next_ns()) is not None]
        return min(due, default=None)

    def drain(self) -> list[Report]:
        """Return what has happened since the last call.

        Orders and trades come in the order in which they happened; balances,
        positions, marks and book levels come after them, each as it is now and
        only once.
        """
        self._clearing.flush()
        for market in self._markets.values():
            self._reports += market.book_changes(self.now_ns)
            self._reports += market.mark_changes(self.now_ns)
        reports = self._reports.copy()
        self._reports.clear()
        return reports

    def submit(self, request: OrderRequest, now_ns: int) -> OrderState:
        """Take an order and match it; return what it is since.

        Raises:
            SimRefused: If it is not taken; nothing has changed.

        """
        self.advance(now_ns)
        market = self.market(request.symbol)
        client = self._clearing.client(request.account)
        terms = self._admission.terms(request, client, market)
        self._admission.check_reduce_only(request, client, market, terms.lots)
        self._admission.check_room(request, client)
        order = WorkingOrder(self._last_order_id + 1, request, market, terms, self.now_ns)
        taker = order.incoming()
        plan = market.book.plan(taker)
        self._admission.check_funds(request, client, market, plan, terms.limit or 0)
        self._last_order_id += 1
        if market.instrument.kind is InstrumentKind.SWAP:
            self._clearing.position(client.account, market.instrument)
        client.add(order)
        if plan.ending is not CancelCause.POST_ONLY:
            self._clearing.report(ReportKind.ACCEPTED, order)
        self._match(order, taker, plan)
        return _state(client, order)

    def cancel(
        self, account: str, order_id: int, now_ns: int, cause: CancelCause = CancelCause.USER
    ) -> OrderState:
        """Cancel an order; return what it is since.

        Raises:
            SimRefused: If there is no such order, or it has ended.

        """
        self.advance(now_ns)
        client = self._clearing.client(account)
        order = _working(client, order_id)
        self._clearing.cancel(order, cause, self.now_ns)
        return _state(client, order)

    def amend(
        self,
        account: str,
        order_id: int,
        now_ns: int,
        *,
        size: Decimal | None = None,
        limit_price: Decimal | None = None,
    ) -> OrderState:
        """Change an order's total size, its price, or both; return what it is since.

        A size that is filled already ends the order as filled. A new price or
        a larger size puts it at the end of the queue.

        Raises:
            SimRefused: If it cannot be; the order is as it was.

        """
        self.advance(now_ns)
        client = self._clearing.client(account)
        order = _amendable(client, order_id)
        if size is None and limit_price is None:
            raise SimRefused(SimRefusal.NOTHING_TO_AMEND)
        terms = self._admission.amended_terms(order, client, size, limit_price)
        keeps_place = terms.limit == order.terms.limit and terms.lots <= order.terms.lots
        if not keeps_place and terms.lots > order.filled_lots:
            self._admission.check_amended(order, client, terms)
        self._clearing.change(order, terms, self.now_ns, keeps_place=keeps_place)
        if order.id in client.open and order.resting is None:
            taker = order.incoming()
            self._match(order, taker, order.market.book.plan(taker))
        return _state(client, order)

    def set_leverage(self, account: str, symbol: str, leverage: Decimal) -> None:
        """Set how many times its margin a swap position may be.

        Raises:
            SimRefused: If account or instrument is not known, it is no swap, or margin is short.

        """
        market = self.market(symbol)
        client = self._clearing.client(account)
        if market.instrument.kind is not InstrumentKind.SWAP or leverage <= 0:
            raise SimRefused(SimRefusal.BAD_TERMS, f"leverage {leverage} of {symbol}")
        position = self._clearing.position(client.account, market.instrument)
        before = position.leverage
        position.leverage = leverage
        available = self._clearing.available(client.account, market.instrument.quote, with_profit=True)
        if leverage < before and available < 0:
            position.leverage = before
            raise SimRefused(SimRefusal.INSUFFICIENT_MARGIN, f"{-available} {market.instrument.quote} short")

    def order(
        self, account: str, *, order_id: int | None = None, client_order_id: str = ""
    ) -> OrderState | None:
        """Return an order by the exchange's id, else the latest with that client id; None if unknown."""
        client = self._clearing.client(account)
        if order_id is None:
            order_id = client.latest.get(client_order_id)
        if order_id is None:
            return None
        working = client.open.get(order_id)
        return working.state() if working else client.done.get(order_id)

    def open_orders(self, account: str) -> list[OrderState]:
        """Return the working orders, oldest first."""
        return [order.state() for order in self._clearing.client(account).open.values()]

    def done_orders(self, account: str) -> list[OrderState]:
        """Return the orders that have ended, in the order in which they did; the oldest are forgotten."""
        return list(self._clearing.client(account).done.values())

    def fills(self, account: str) -> list[FillReport]:
        """Return the fills, oldest first; the oldest are forgotten."""
        return list(self._clearing.client(account).fills)

    def balances(self, account: str) -> list[BalanceReport]:
        """Return what the account has of each currency."""
        client = self._clearing.client(account)
        return [self._clearing.balance(client.account, name, self.now_ns) for name in client.account.cash]

    def positions(self, account: str) -> list[PositionReport]:
        """Return the swap positions, those of size 0 too if there ever was one or leverage was set."""
        account_ = self._clearing.client(account).account
        return [
            self._clearing.position_report(account_, position, position.updated_ns)
            for position in account_.positions.values()
        ]

    def book(self, symbol: str, depth: int) -> tuple[list[BookRow], list[BookRow]]:
        """Return the best bids and the best offers as (price, size, orders), best first."""
        market = self.market(symbol)
        return market.depth(Side.BUY, depth), market.depth(Side.SELL, depth)

    def last_trade(self, symbol: str) -> PublicTrade | None:
        """Return the last public trade, None before the first."""
        trades = self.market(symbol).trades
        return trades[-1] if trades else None

    def mark_price(self, symbol: str) -> Decimal | None:
        """Return what positions are valued at, None while nothing is known."""
        return self.market(symbol).mark()

    def trades(self, symbol: str) -> list[PublicTrade]:
        """Return the last few hundred public trades, oldest first."""
        return list(self.market(symbol).trades)

    def candles(self, symbol: str, interval: str, count: int) -> list[Candle]:
        """Return the last `count` candles, the building one included, oldest first.

        Raises:
            KeyError: If the interval is not one of `botkit.sim.candles.INTERVALS`.

        """
        return self.market(symbol).last_candles(interval, count, self.now_ns)

    def price_limit(self, symbol: str, side: Side) -> Decimal | None:
        """Return the highest price to buy at, or the lowest to sell at; None while nothing is known."""
        market = self.market(symbol)
        ticks = market.limit_ticks(side, self._price_band)
        return None if ticks is None else market.price(ticks)

    def _match(self, order: WorkingOrder, taker: Incoming, plan: Plan) -> None:
        """Let the order trade as planned; then it waits, or ends."""
        self._clearing.rest(order, order.market.execute(taker, plan, self.now_ns))
        if order.status is SimStatus.FILLED or plan.rests:
            return
        if plan.ending is not None:
            self._clearing.cancel(order, plan.ending, self.now_ns)
        else:
            self._clearing.finish(order, SimStatus.FILLED, None, self.now_ns)
            self._clearing.report(ReportKind.DONE, order)


def _working(client: Client, order_id: int) -> WorkingOrder:
    order = client.open.get(order_id)
    if order is None:
        reason = SimRefusal.ALREADY_DONE if order_id in client.done else SimRefusal.UNKNOWN_ORDER
        raise SimRefused(reason, str(order_id))
    return order


def _amendable(client: Client, order_id: int) -> WorkingOrder:
    done = client.done.get(order_id)
    if done and (done.request.type is OrderType.MARKET or done.request.time_in_force is not TimeInForce.GTC):
        raise SimRefused(SimRefusal.NOT_AMENDABLE, str(order_id))
    return _working(client, order_id)


def _state(client: Client, order: WorkingOrder) -> OrderState:
    return client.done.get(order.id) or order.state()
