"""Running totals of a run: orders, fills, refusals, positions, fees, last prices.

What the summary, the dashboard and the log have to count is counted here, once.
Positions and profit come from fills, by the same `Position` that the engine
uses; orders are ours if their step was seen, or `recall` was told of them.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from decimal import Decimal
from typing import TYPE_CHECKING, Any, Final

import msgspec

from botkit.model.events import (
    ACCOUNT,
    ConnectionChanged,
    Reconciled,
    Started,
    StateChanged,
    TradingState,
)
from botkit.model.instrument import decimal
from botkit.model.market import Bar, Quote, Trade
from botkit.model.order import NewOrder
from botkit.model.portfolio import Fill, Position
from botkit.risk.approval import Approved, Refused

if TYPE_CHECKING:
    from collections.abc import Callable

    from botkit.model.instrument import Instrument
    from botkit.observe.step import Step

__all__ = ["Ledger", "Pnl", "Tally"]

_ZERO: Final = Decimal(0)


class Pnl(msgspec.Struct, frozen=True, kw_only=True):
    """Profit and loss in one quote currency.

    Attributes:
        realized: Of what was closed, fees not counted.
        unrealized: Of what is held, at the last price; fees not counted.
        fees: Paid, positive; those taken in base currency at the price of their fill.

    """

    realized: Decimal = _ZERO
    unrealized: Decimal = _ZERO
    fees: Decimal = _ZERO

    @property
    def total(self) -> Decimal:
        """Return what is left after fees."""
        return self.realized + self.unrealized - self.fees

    def __add__(self, other: Pnl) -> Pnl:
        return Pnl(
            realized=self.realized + other.realized,
            unrealized=self.unrealized + other.unrealized,
            fees=self.fees + other.fees,
        )


class Tally:
    """What one strategy has done in this run."""

    __slots__ = ("fills", "orders", "refused")

    def __init__(self) -> None:
        self.orders = 0
        self.fills = 0
        self.refused = 0


class Ledger:
    """Listens to steps and adds up.

    Args:
        instruments: What this bot trades, by symbol.
        strategies: Names that are shown before they have done anything.

    Attributes:
        tallies: By strategy, in order of appearance.
        positions: By strategy and symbol, from every fill known of.
        quotes: The last quote by symbol.
        last: The last price traded, or closing price, by symbol.
        fees: Paid in this run by currency, positive.
        refused: Refusals by rule.
        first_ns: When the first event of the run came in, 0 before it.
        last_ns: When the last event came in.
        first_fill_ns: When the first fill came in, 0 before it.
        state_reason: Why the account's trading state is what it is.
        is_repetition: The last event was a fill that was known already.

    """

    def __init__(self, instruments: Mapping[str, Instrument], strategies: Iterable[str] = ()) -> None:
        self.tallies: dict[str, Tally] = {name: Tally() for name in strategies}
        self.positions: dict[tuple[str, str], Position] = {}
        self.quotes: dict[str, Quote] = {}
        self.last: dict[str, float] = {}
        self.fees: dict[str, Decimal] = {}
        self.refused: dict[str, int] = {}
        self.first_ns = 0
        self.last_ns = 0
        self.first_fill_ns = 0
        self.state_reason = ""
        self.is_repetition = False
        self._instruments = instruments
        self._owners: dict[str, str] = {}
        self._booked: set[tuple[str, str, str]] = set()
        self._state = TradingState.ACTIVE
        self._is_reconciled = False
        self._takes: dict[type, Callable[[Any], None]] = {
            Bar: self._bar,
            ConnectionChanged: self._connection,
            Fill: self._fill,
            Quote: self._quote,
            Reconciled: self._reconciled,
            Started: self._started,
            StateChanged: self._state_changed,
            Trade: self._trade,
        }

    def recall(self, records: Iterable[tuple[int, object]]) -> None:
        """Take in the journal's records of earlier runs: positions and states go on, counts start at zero."""
        for _, record in records:
            if isinstance(record, NewOrder):
                self._owners[record.client_order_id] = record.strategy
                self.tally(record.strategy)
            elif isinstance(record, Fill):
                self._book(record)
            elif isinstance(record, StateChanged):
                self._state_changed(record)

    def observe(self, step: Step) -> None:
        """Take in a step."""
        event = step.event
        self.last_ns = event.recv_ns
        self.is_repetition = False
        take = self._takes.get(type(event))
        if take is not None:
            take(event)
        for effect in step.effects:
            if isinstance(effect, Approved):
                if isinstance(effect.request, NewOrder):
                    self._owners[effect.request.client_order_id] = effect.request.strategy
                    self.tally(effect.request.strategy).orders += 1
            elif isinstance(effect, Refused):
                self.refused[effect.rule] = self.refused.get(effect.rule, 0) + 1
                self.tally(effect.strategy).refused += 1

    def tally(self, strategy: str) -> Tally:
        """Return what a strategy has done."""
        tally = self.tallies.get(strategy)
        if tally is None:
            tally = self.tallies[strategy] = Tally()
        return tally

    def owner(self, client_order_id: str) -> str:
        """Return the strategy that an order belongs to, empty if it is not ours."""
        return self._owners.get(client_order_id, "")

    def instrument(self, symbol: str) -> Instrument | None:
        """Return an instrument of this bot."""
        return self._instruments.get(symbol)

    @property
    def state(self) -> TradingState:
        """Return what the account may trade now."""
        if self._state is TradingState.ACTIVE and not self._is_reconciled:
            return TradingState.RECONCILING
        return self._state

    def mark(self, symbol: str) -> float | None:
        """Return what a position is valued at: the last quote's middle, else the last price."""
        quote = self.quotes.get(symbol)
        return quote.mid if quote is not None and quote.bid and quote.ask else self.last.get(symbol)

    def pnl(self, strategy: str) -> dict[str, Pnl]:
        """Return a strategy's profit and loss by quote currency, over all fills known of."""
        totals: dict[str, Pnl] = {}
        for (owner, symbol), position in self.positions.items():
            if owner == strategy:
                mark = self.mark(symbol)
                part = Pnl(
                    realized=position.realized_pnl,
                    unrealized=_ZERO if mark is None else position.unrealized_pnl(decimal(mark)),
                    fees=position.fees,
                )
                currency = position.instrument.quote
                totals[currency] = totals.get(currency, Pnl()) + part
        return totals

    def _book(self, fill: Fill) -> bool:
        """Book a fill on its owner's position; tell whether it was new."""
        key = (fill.symbol, fill.trade_id, fill.venue_order_id or fill.client_order_id)
        if key in self._booked:
            return False  # the venue tells of fills by socket and again by request
        self._booked.add(key)
        owner = self.owner(fill.client_order_id)
        instrument = self._instruments.get(fill.symbol)
        if owner and instrument is not None:
            position = self.positions.get((owner, fill.symbol))
            if position is None:
                position = self.positions[owner, fill.symbol] = Position(instrument)
            position.book(fill)
        return True

    def _fill(self, fill: Fill) -> None:
        owner = self.owner(fill.client_order_id)
        self.is_repetition = not self._book(fill)
        if owner and not self.is_repetition:
            self.tally(owner).fills += 1
            self.first_fill_ns = self.first_fill_ns or fill.recv_ns
            if fill.fee_currency:
                self.fees[fill.fee_currency] = self.fees.get(fill.fee_currency, _ZERO) - fill.fee

    def _quote(self, quote: Quote) -> None:
        self.quotes[quote.symbol] = quote

    def _trade(self, trade: Trade) -> None:
        self.last[trade.symbol] = trade.price

    def _bar(self, bar: Bar) -> None:
        self.last[bar.symbol] = bar.close

    def _started(self, event: Started) -> None:
        self.first_ns = event.recv_ns

    def _state_changed(self, event: StateChanged) -> None:
        if event.scope == ACCOUNT:
            self._state = event.state
            self.state_reason = event.reason

    def _connection(self, event: ConnectionChanged) -> None:
        if event.feed == "private" and not event.is_up:
            self._is_reconciled = False

    def _reconciled(self, _: Reconciled) -> None:
        self._is_reconciled = True
