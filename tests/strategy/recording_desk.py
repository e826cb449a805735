"""A desk that writes down what a strategy asks of it, and changes only when the test says so."""

from __future__ import annotations

from collections.abc import Coroutine
from decimal import Decimal
from typing import Any

from botkit.errors import ConfigError
from botkit.model.book import OrderBook
from botkit.model.instrument import Instrument, InstrumentKind
from botkit.model.market import Quote
from botkit.model.order import AmendOrder, NewOrder, Order, OrderChange, OrderType, TimeInForce
from botkit.model.portfolio import Balance, Fill, Position
from botkit.model.side import Side
from botkit.strategy.desk import Desk, LogField, Number, Subscription

SPOT = Instrument(
    symbol="BTC-USDT",
    kind=InstrumentKind.SPOT,
    base="BTC",
    quote="USDT",
    tick_size=Decimal("0.1"),
    lot_size=Decimal("0.001"),
    min_size=Decimal("0.001"),
)
SWAP = Instrument(
    symbol="BTC-USDT-SWAP",
    kind=InstrumentKind.SWAP,
    base="BTC",
    quote="USDT",
    tick_size=Decimal("0.1"),
    lot_size=Decimal("0.001"),
    min_size=Decimal("0.001"),
    contract_value=Decimal("0.01"),
)


class RecordingDesk:
    """Keeps every order, subscription, timer, note and work; `is_refusing` is a gate that says no."""

    def __init__(self, now_ns: int = 1_000_000_000) -> None:
        self.now_ns = now_ns
        self.is_refusing = False
        self.placed: list[Order] = []
        self.cancels: list[Order] = []
        self.amendments: list[AmendOrder] = []
        self.subscriptions: list[Subscription] = []
        self.timers: list[tuple[str, int, int]] = []
        self.notes: list[tuple[str, str, dict[str, LogField]]] = []
        self.works: list[tuple[Coroutine[Any, Any, Any], str]] = []
        self.quotes: dict[str, Quote] = {}
        self.balances: dict[str, Balance] = {}
        self._instruments = {SPOT.symbol: SPOT, SWAP.symbol: SWAP}
        self._positions = {symbol: Position(each) for symbol, each in self._instruments.items()}

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
        instrument = self.instrument(symbol)
        request = NewOrder(
            client_order_id=f"order-{len(self.placed) + 1}",
            strategy="test",
            symbol=symbol,
            side=side,
            size=instrument.size(size),
            limit_price=None if limit_price is None else instrument.price(limit_price, side),
            type=OrderType.MARKET if limit_price is None else OrderType.LIMIT,
            time_in_force=time_in_force,
            post_only=post_only,
            reduce_only=reduce_only,
        )
        order = Order(request, self.now_ns)
        if self.is_refusing:
            order.change(OrderChange.REFUSE, self.now_ns)
        self.placed.append(order)
        return order

    def amend(self, order: Order, *, size: Number | None, limit_price: Number | None) -> bool:
        if self.is_refusing or not order.is_open or order.limit_price is None:
            return False
        instrument = self.instrument(order.symbol)
        order.amending = AmendOrder(
            client_order_id=order.id,
            amend_id=f"amend-{len(self.amendments) + 1}",
            strategy="test",
            symbol=order.symbol,
            size=order.size if size is None else instrument.size(size),
            limit_price=order.limit_price
            if limit_price is None
            else instrument.price(limit_price, order.side),
            deadline_ns=self.now_ns + 4_000_000_000,
        )
        self.amendments.append(order.amending)
        return True

    def cancel(self, order: Order) -> None:
        self.cancels.append(order)
        order.cancel_requested_ns = self.now_ns

    def subscribe(self, subscription: Subscription) -> None:
        self.subscriptions.append(subscription)

    def set_timer(self, name: str, due_ns: int, every_ns: int = 0) -> None:
        self.timers.append((name, due_ns, every_ns))

    def note(self, level: str, text: str, fields: dict[str, LogField]) -> None:
        self.notes.append((level, text, fields))

    def run(self, work: Coroutine[Any, Any, Any], name: str) -> None:
        self.works.append((work, name))

    def instrument(self, symbol: str) -> Instrument:
        if symbol not in self._instruments:
            raise ConfigError(f"unknown instrument {symbol}")
        return self._instruments[symbol]

    def position(self, symbol: str) -> Position:
        return self._positions[symbol]

    def balance(self, currency: str) -> Balance | None:
        return self.balances.get(currency)

    def quote(self, symbol: str) -> Quote | None:
        return self.quotes.get(symbol)

    def book(self, symbol: str) -> OrderBook:
        return OrderBook(symbol)

    def order(self, client_order_id: str) -> Order | None:
        return next((order for order in self.placed if order.id == client_order_id), None)

    def open_orders(self, symbol: str = "") -> list[Order]:
        return [order for order in self.placed if order.is_open and symbol in {"", order.symbol}]

    # What follows is the venue's part.

    def accept(self, order: Order) -> None:
        order.change(OrderChange.ACCEPT, self.now_ns)

    def accept_amendment(self, order: Order) -> None:
        assert order.amending is not None
        order.size, order.limit_price = order.amending.size, order.amending.limit_price
        order.amending = None
        order.change(OrderChange.AMEND, self.now_ns)

    def confirm_cancel(self, order: Order) -> None:
        order.change(OrderChange.CANCEL, self.now_ns)

    def fill(self, order: Order, size: str, price: str = "100") -> None:
        order.filled_size += Decimal(size)
        is_last = order.filled_size >= order.size
        order.change(OrderChange.LAST_FILL if is_last else OrderChange.PARTIAL_FILL, self.now_ns)
        self.hold(order.symbol, size if order.side is Side.BUY else f"-{size}", price)

    def hold(self, symbol: str, size: str, price: str = "100") -> None:
        """Add a signed size to the position."""
        change = Decimal(size)
        self._positions[symbol].book(
            Fill(
                recv_ns=self.now_ns,
                symbol=symbol,
                client_order_id="",
                venue_order_id="",
                trade_id="",
                side=Side.BUY if change > 0 else Side.SELL,
                price=Decimal(price),
                size=abs(change),
            )
        )


def desk() -> RecordingDesk:
    made = RecordingDesk()
    _: Desk = made  # type checkers hold the double to the border
    return made
