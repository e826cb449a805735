"""What the market says: quotes, trades, bars, book changes, funding. All floats.

Every event carries two stamps: `venue_ns`, when the venue says it happened (0 if
it does not say), and `recv_ns`, when it came in through our door. Both are
nanoseconds since 1970-01-01 UTC. Sizes are in base currency, prices in quote
currency.
"""

from __future__ import annotations

import msgspec

from botkit.model.side import Side

__all__ = ["Bar", "BookUpdate", "Event", "Funding", "Level", "MarkPrice", "Quote", "Trade"]

Level = tuple[float, float]
"""Price and size of one step of a book; size 0 removes the price."""


class Event(msgspec.Struct, frozen=True, gc=False, kw_only=True, tag_field="type"):
    """Something that happened, and when.

    Attributes:
        recv_ns: When it came in through our door.
        venue_ns: When the venue says it happened; 0 if it does not say.

    """

    recv_ns: int
    venue_ns: int = 0


class Quote(Event, frozen=True, gc=False, kw_only=True, tag="quote"):
    """The best bid and the best offer; a side that is empty has price and size 0."""

    symbol: str
    bid: float
    bid_size: float
    ask: float
    ask_size: float

    @property
    def mid(self) -> float:
        """Return the price halfway between bid and offer."""
        return (self.bid + self.ask) / 2


class Trade(Event, frozen=True, gc=False, kw_only=True, tag="trade"):
    """Somebody traded; `side` is the taker's."""

    symbol: str
    price: float
    size: float
    side: Side
    trade_id: str


class Bar(Event, frozen=True, gc=False, kw_only=True, tag="bar"):
    """A closed bar.

    Attributes:
        symbol: Instrument.
        interval: Length, such as `1m` or `4h`.
        open_ns: When the bar began.
        volume: Base currency traded.
        is_history: It closed before the subscription began and only warms indicators up.

    """

    symbol: str
    interval: str
    open_ns: int
    open: float
    high: float
    low: float
    close: float
    volume: float
    is_history: bool = False


class BookUpdate(Event, frozen=True, kw_only=True, tag="book"):
    """A whole book (`is_snapshot`) or changes to it, already checked for gaps.

    A snapshot without levels means that the book is not to be trusted now.
    """

    symbol: str
    bids: tuple[Level, ...]
    asks: tuple[Level, ...]
    is_snapshot: bool = False


class MarkPrice(Event, frozen=True, gc=False, kw_only=True, tag="mark"):
    """The price a swap is valued at."""

    symbol: str
    price: float


class Funding(Event, frozen=True, gc=False, kw_only=True, tag="funding"):
    """The rate that longs will pay shorts at `due_ns` if it stays as it is."""

    symbol: str
    rate: float
    due_ns: int
