"""Everything that can happen to a bot, as tagged unions; the union is the journal's format.

MarketEvent    quotes, trades, bars, books: many, conflated under pressure
AccountEvent   orders, fills, balances, positions: few, never dropped
ControlEvent   timers, connections, states, commands: what is neither
"""

from __future__ import annotations

from decimal import Decimal
from typing import Final

import msgspec

from botkit.errors import ProtocolError
from botkit.model.market import Bar, BookUpdate, Event, Funding, MarkPrice, Quote, Trade
from botkit.model.order import OrderChange
from botkit.model.portfolio import Balance, Fill, PositionReport
from botkit.model.word import Word

__all__ = [
    "ACCOUNT",
    "AccountEvent",
    "AnyEvent",
    "ConnectionChanged",
    "ControlEvent",
    "MarketEvent",
    "OrderUpdate",
    "Reconciled",
    "Started",
    "StateChanged",
    "Stopping",
    "TaskDone",
    "Timer",
    "TradingState",
    "decode_event",
    "encode_event",
]


ACCOUNT: Final = "account"
"""The scope of a trading state that holds for every strategy."""


class TradingState(Word):
    """What orders are let through, from everything to nothing.

    In RECONCILING orders that open are held back while the venue is being asked
    what is true; cancels and reductions pass.
    """

    ACTIVE = "active"
    RECONCILING = "reconciling"
    REDUCE_ONLY = "reduce_only"
    CANCEL_ONLY = "cancel_only"
    KILLED = "killed"


class OrderUpdate(Event, frozen=True, kw_only=True, tag="order"):
    """The venue, or the lack of its answer, says something about an order.

    Attributes:
        cumulative_size: Filled so far by the venue's count, in base currency; 0 if it does not say.
        size: Total size now, for AMEND; None if unchanged.
        limit_price: Price now, for AMEND; None if unchanged.
        amend_id: Which amend succeeded or failed.
        code: The venue's code for a refusal or a cancel; empty if there is none.
        reason: In words, for people.

    """

    symbol: str
    client_order_id: str
    change: OrderChange
    venue_order_id: str = ""
    cumulative_size: Decimal = Decimal(0)
    size: Decimal | None = None
    limit_price: Decimal | None = None
    amend_id: str = ""
    code: str = ""
    reason: str = ""


class ConnectionChanged(Event, frozen=True, kw_only=True, tag="connection"):
    """A feed came up or went down; while the private one is down the account is not known."""

    feed: str
    is_up: bool
    reason: str = ""


class Reconciled(Event, frozen=True, kw_only=True, tag="reconciled"):
    """Our books agree with the venue's again; what was missing came as events before this one.

    Attributes:
        fills: Fills booked that had been missed.
        orders: Orders whose state had changed unseen.

    """

    fills: int
    orders: int


class StateChanged(Event, frozen=True, kw_only=True, tag="state"):
    """Somebody set what may be traded; `scope` is `ACCOUNT` or a strategy's name."""

    state: TradingState
    reason: str
    scope: str = ACCOUNT


class Started(Event, frozen=True, kw_only=True, tag="started"):
    """The first event of a run: strategies subscribe now. `epoch` is part of every order id."""

    epoch: int
    version: str = ""


class Stopping(Event, frozen=True, kw_only=True, tag="stopping"):
    """The last event of a run: strategies may still cancel."""

    reason: str


class Timer(Event, frozen=True, kw_only=True, tag="timer"):
    """A moment that a strategy asked for; `due_ns` is the moment, `recv_ns` when it was noticed."""

    strategy: str
    name: str
    due_ns: int


class TaskDone(Event, frozen=True, kw_only=True, tag="task"):
    """Outside work that a strategy started has ended; `result` is JSON, empty when it failed."""

    strategy: str
    name: str
    result: str = ""
    error: str = ""


MarketEvent = Quote | Trade | Bar | BookUpdate | MarkPrice | Funding
AccountEvent = OrderUpdate | Fill | Balance | PositionReport
ControlEvent = Started | Stopping | Timer | TaskDone | ConnectionChanged | Reconciled | StateChanged
AnyEvent = MarketEvent | AccountEvent | ControlEvent

_ENCODER: Final = msgspec.json.Encoder()
_DECODER: Final[msgspec.json.Decoder[AnyEvent]] = msgspec.json.Decoder(AnyEvent)


def encode_event(event: AnyEvent) -> bytes:
    """Return the event as the journal stores it."""
    return _ENCODER.encode(event)


def decode_event(data: bytes) -> AnyEvent:
    """Return the event that `encode_event` wrote.

    Raises:
        ProtocolError: If these are not the bytes of an event.

    """
    try:
        return _DECODER.decode(data)
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise ProtocolError(f"not an event: {error}") from error
