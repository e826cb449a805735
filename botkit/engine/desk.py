"""A strategy's place in the engine: it turns verbs into reviewed, recorded effects."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import msgspec

from botkit.engine.step import Work
from botkit.errors import ConfigError
from botkit.model.events import TradingState
from botkit.model.note import Note
from botkit.model.order import AmendOrder, NewOrder, Order, OrderChange, OrderType
from botkit.risk.approval import Refused
from botkit.strategy.saved import StrategyState

if TYPE_CHECKING:
    from collections.abc import Coroutine

    from botkit.engine.engine import Engine
    from botkit.model.book import OrderBook
    from botkit.model.instrument import Instrument
    from botkit.model.market import Bar, Quote
    from botkit.model.order import TimeInForce
    from botkit.model.portfolio import Balance, Position
    from botkit.model.side import Side
    from botkit.strategy.desk import LogField, Number, Subscription
    from botkit.strategy.strategy import Strategy

__all__ = ["EngineDesk"]


class EngineDesk:
    """The engine's side of one strategy; implements `botkit.strategy.desk.Desk`.

    Attributes:
        cancels_on_stop: Its open orders are canceled when the bot stops.
        strategy: Whose desk it is, once `seat` was called.
        is_paused: A hook has failed, so hooks are not called and orders are refused.
        told_state: The trading state that the strategy knows of.

    """

    strategy: Strategy

    def __init__(self, name: str, engine: Engine, *, cancels_on_stop: bool) -> None:
        self.name = name
        self.cancels_on_stop = cancels_on_stop
        self.is_paused = False
        self.told_state = TradingState.RECONCILING
        self._engine = engine
        self._keeps_state = False
        self._saved = b""
        self._last_bars: dict[tuple[str, str], int] = {}

    def seat(self, strategy: Strategy) -> None:
        """Give the desk to its strategy."""
        self.strategy = strategy
        self._keeps_state = bool(strategy.State.__struct_fields__)
        self._saved = msgspec.json.encode(strategy.state)

    @property
    def now_ns(self) -> int:
        """Return the time of the event being worked on."""
        return self._engine.now_ns

    def place(
        self,
        symbol: str,
        side: Side,
        size: Number,
        *,
        limit_price: Number | None,
        time_in_force: TimeInForce,
        post_only: bool,
        reduce_only: bool,
    ) -> Order:
        """Round to tick and lot, review, and send; a refusal comes back as a REFUSED order."""
        engine = self._engine
        instrument = self.instrument(symbol)
        request = NewOrder(
            client_order_id=engine.ids.next(self.name),
            strategy=self.name,
            symbol=symbol,
            side=side,
            size=instrument.size(size),
            limit_price=None if limit_price is None else instrument.price(limit_price, side),
            type=OrderType.MARKET if limit_price is None else OrderType.LIMIT,
            time_in_force=time_in_force,
            post_only=post_only,
            reduce_only=reduce_only,
            deadline_ns=engine.deadline_ns(),
        )
        order = Order(request, engine.now_ns)
        verdict = engine.gate.review(request, engine.facts(self, symbol))
        engine.blotter.add(order)
        engine.emit(verdict)
        if isinstance(verdict, Refused):
            order.reason = str(verdict)
            engine.blotter.change(order, OrderChange.REFUSE, engine.now_ns)
            engine.defer_order_hook(order)
        return order

    def amend(self, order: Order, *, size: Number | None, limit_price: Number | None) -> bool:
        """Ask for new terms; tell whether the gate let it through."""
        engine = self._engine
        under_way = order.amending is not None and engine.now_ns <= order.amending.deadline_ns
        if not order.is_open or under_way or order.limit_price is None:
            return False
        instrument = self.instrument(order.symbol)
        price = order.limit_price if limit_price is None else instrument.price(limit_price, order.side)
        request = AmendOrder(
            client_order_id=order.id,
            amend_id=engine.ids.next(self.name),
            strategy=self.name,
            symbol=order.symbol,
            size=order.size if size is None else instrument.size(size),
            limit_price=price,
            deadline_ns=engine.deadline_ns(),
        )
        verdict = engine.gate.review_amendment(
            request, order, engine.facts(self, order.symbol, excluding=order.id)
        )
        engine.emit(verdict)
        if isinstance(verdict, Refused):
            return False
        engine.blotter.request_amendment(order, request)
        return True

    def cancel(self, order: Order) -> None:
        """Ask for the order to be canceled; asking again within two seconds does nothing."""
        self._engine.cancel(order)

    def subscribe(self, subscription: Subscription) -> None:
        """Ask for market data."""
        self.instrument(subscription.symbol)
        self._engine.subscribe(self, subscription)

    def set_timer(self, name: str, due_ns: int, every_ns: int = 0) -> None:
        """Ask for `on_timer` at `due_ns`, and every `every_ns` after it; the same name replaces."""
        self._engine.timers.set(self.name, name, due_ns, every_ns)

    def note(self, level: str, text: str, fields: dict[str, LogField]) -> None:
        """Record a fact in the log and in the journal."""
        told = {name: _told(value) for name, value in fields.items()}
        self._engine.emit(Note(strategy=self.name, level=level, text=text, fields=told))

    def run(self, work: Coroutine[Any, Any, Any], name: str) -> None:
        """Start outside work; its result comes back as a `TaskDone` event."""
        self._engine.emit(Work(strategy=self.name, name=name, coroutine=work))

    def instrument(self, symbol: str) -> Instrument:
        """Return the instrument.

        Raises:
            ConfigError: If this bot does not know it.

        """
        instrument = self._engine.instruments.get(symbol)
        if instrument is None:
            known = ", ".join(sorted(self._engine.instruments)) or "none"
            raise ConfigError(
                f"strategy {self.name!r} asks for {symbol!r}, which this bot may not trade",
                remedy=f"it may trade: {known}; add [risk.instruments.{symbol}] to trade it",
            )
        return instrument

    def position(self, symbol: str) -> Position:
        """Return what this strategy holds, by its own fills."""
        self.instrument(symbol)
        return self._engine.accounts.position(self.name, symbol)

    def balance(self, currency: str) -> Balance | None:
        """Return the account's balance as last told, None if never."""
        return self._engine.accounts.balance(currency)

    def quote(self, symbol: str) -> Quote | None:
        """Return the last best bid and offer, None if there was none."""
        return self._engine.market.quote(symbol)

    def book(self, symbol: str) -> OrderBook:
        """Return the order book; empty while it is not to be trusted."""
        return self._engine.market.book(symbol)

    def order(self, client_order_id: str) -> Order | None:
        """Return one of this strategy's orders, None if there is no such order."""
        order = self._engine.blotter.get(client_order_id)
        return order if order is not None and order.strategy == self.name else None

    def open_orders(self, symbol: str = "") -> list[Order]:
        """Return this strategy's open orders, oldest first, of one instrument or of all."""
        return [order for order in self._engine.blotter.open_orders(symbol) if order.strategy == self.name]

    def is_next(self, bar: Bar) -> bool:
        """Tell whether the bar is later than the last one of its kind that was told, and note it if so.

        A warm-up asked for by another strategy, or a feed that starts again, may
        bring bars back that indicators have counted already.
        """
        key = (bar.symbol, bar.interval)
        last_ns = self._last_bars.get(key)
        if last_ns is not None and bar.open_ns <= last_ns:
            return False
        self._last_bars[key] = bar.open_ns
        return True

    def save_state(self) -> None:
        """Record the strategy's `state` if the hook that just ran changed it."""
        if not self._keeps_state:
            return
        payload = msgspec.json.encode(self.strategy.state)
        if payload != self._saved:
            self._saved = payload
            self._engine.emit(StrategyState(strategy=self.name, payload=payload.decode()))


def _told(value: LogField) -> str:
    # Ten digits are more than anybody reads, and fewer than a float's noise.
    return f"{value:.10g}" if isinstance(value, float) else str(value)
