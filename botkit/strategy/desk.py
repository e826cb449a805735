"""What a strategy can do and see: the engine's side is `Desk`, the author's side is `Strategy`.

A desk belongs to one strategy. Its verbs never block and never fail for the
market's reasons: an order comes back at once, and what becomes of it arrives
in `on_order`.
"""

from __future__ import annotations

from collections.abc import Coroutine
from decimal import Decimal
from typing import Any, Protocol

import msgspec

from botkit.model.book import OrderBook
from botkit.model.instrument import Instrument
from botkit.model.market import Quote
from botkit.model.order import Order, TimeInForce
from botkit.model.portfolio import Balance, Position
from botkit.model.side import Side

__all__ = ["Desk", "LogField", "Number", "Subscription"]

Number = float | int | str | Decimal
LogField = str | int | float | bool | Decimal | None


class Subscription(msgspec.Struct, frozen=True, tag_field="type", tag="subscription", kw_only=True):
    """Market data that somebody wants.

    Attributes:
        channel: `quotes`, `trades`, `book`, `bars` or `funding`.
        interval: Of bars, such as `1m`; empty otherwise.
        warmup: How many closed bars to deliver first.

    """

    channel: str
    symbol: str
    interval: str = ""
    warmup: int = 0


class Desk(Protocol):
    """A strategy's hands and eyes; the engine makes one for each strategy."""

    @property
    def now_ns(self) -> int:
        """Return the time of the event being worked on."""

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

    def amend(self, order: Order, *, size: Number | None, limit_price: Number | None) -> bool:
        """Ask for new terms; tell whether the gate let it through."""

    def cancel(self, order: Order) -> None:
        """Ask for the order to be canceled; asking again within two seconds does nothing."""

    def subscribe(self, subscription: Subscription) -> None:
        """Ask for market data."""

    def set_timer(self, name: str, due_ns: int, every_ns: int = 0) -> None:
        """Ask for `on_timer` at `due_ns`, and every `every_ns` after it; the same name replaces."""

    def note(self, level: str, text: str, fields: dict[str, LogField]) -> None:
        """Record a fact in the log and in the journal."""

    def run(self, work: Coroutine[Any, Any, Any], name: str) -> None:
        """Start outside work; its result comes back as a `TaskDone` event."""

    def instrument(self, symbol: str) -> Instrument:
        """Return the instrument; `ConfigError` if it is unknown."""

    def position(self, symbol: str) -> Position:
        """Return what this strategy holds, by its own fills."""

    def balance(self, currency: str) -> Balance | None:
        """Return the account's balance as last told, None if never."""

    def quote(self, symbol: str) -> Quote | None:
        """Return the last best bid and offer, None if there was none."""

    def book(self, symbol: str) -> OrderBook:
        """Return the order book; empty while it is not to be trusted."""

    def order(self, client_order_id: str) -> Order | None:
        """Return one of this strategy's orders, None if there is no such order."""

    def open_orders(self, symbol: str = "") -> list[Order]:
        """Return this strategy's open orders, oldest first, of one instrument or of all."""
