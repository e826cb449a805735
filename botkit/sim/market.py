"""One instrument's market: its book, its trades, its candles, and who is told of matches.

Ticks and lots become prices and sizes here. Background orders, those of the
market itself, are placed with `quote`, `pull` and `take`; they cost no account
anything and are reported to nobody.
"""

from __future__ import annotations

from collections import deque
from decimal import ROUND_CEILING, ROUND_FLOOR, Decimal
from typing import Final, NamedTuple, Protocol

from botkit.model.instrument import Instrument
from botkit.model.side import Side
from botkit.sim.candles import Candles
from botkit.sim.matching import BACKGROUND, Incoming, MatchingBook, Plan, Resting
from botkit.sim.types import BookChange, CancelCause, Candle, MarkChange, PublicTrade, Report

__all__ = ["BookRow", "Market", "Match", "Settlement"]

BookRow = tuple[Decimal, Decimal, int]
"""Price, size and number of orders of one level."""

_TRADES_KEPT: Final = 500
_MARK_INTERVAL_NS: Final = 200_000_000


class Match(NamedTuple):
    """A maker and a taker have traded at the maker's price."""

    maker: Resting
    taker: Incoming
    lots: int
    trade_id: int
    ns: int


class Settlement(Protocol):
    """Who books what accounts trade; called after the book has changed."""

    def matched(self, market: Market, match: Match) -> None:
        """Book a match in which at least one side has an account."""

    def prevented(self, maker: Resting, ns: int) -> None:
        """End an order that was taken off the book because its owner would have traded with it."""

    def settled(self, market: Market, ns: int) -> None:
        """Take note that all matches of one taker have been booked."""


class Market:
    """The market of one instrument."""

    def __init__(
        self, instrument: Instrument, settlement: Settlement, reports: list[Report], first_trade_id: int
    ) -> None:
        self.instrument = instrument
        self.symbol = instrument.symbol
        self.book = MatchingBook()
        self.candles = Candles()
        self.trades: deque[PublicTrade] = deque(maxlen=_TRADES_KEPT)
        self._tick = instrument.tick_size
        self._lot = instrument.lot_size
        self._settlement = settlement
        self._reports = reports
        self._last_trade_id = first_trade_id - 1
        self._last_background_id = 0
        self._last_ticks: int | None = None
        self._told_mark: Decimal | None = None
        self._told_ns = -_MARK_INTERVAL_NS

    def price(self, ticks: int) -> Decimal:
        """Return so many ticks as a price."""
        return ticks * self._tick

    def size(self, lots: int) -> Decimal:
        """Return so many lots in base currency."""
        return lots * self._lot

    def ticks(self, price: Decimal) -> int | None:
        """Return a price in ticks, None if it is between two."""
        ticks, off = divmod(price, self._tick)
        return None if off else int(ticks)

    def lots(self, size: Decimal) -> int | None:
        """Return a size in lots, None if it is between two."""
        lots, off = divmod(size, self._lot)
        return None if off else int(lots)

    def budget(self, amount: Decimal) -> int:
        """Return an amount of quote currency in ticks times lots, rounded down."""
        return int(amount / (self._tick * self._lot))

    def mark(self) -> Decimal | None:
        """Return the price to value positions at: the middle of the book, else the last trade."""
        bid, ask = self.book.best_bid, self.book.best_ask
        if bid is not None and ask is not None:
            return (bid + ask) * self._tick / 2
        return None if self._last_ticks is None else self.price(self._last_ticks)

    def limit_ticks(self, side: Side, band: Decimal) -> int | None:
        """Return the worst price that an order may name, None while there is no price to go by."""
        mark = self.mark()
        if mark is None:
            return None
        if side is Side.BUY:
            return int((mark * (1 + band) / self._tick).to_integral_value(ROUND_FLOOR))
        return int((mark * (1 - band) / self._tick).to_integral_value(ROUND_CEILING))

    def depth(self, side: Side, levels: int) -> list[BookRow]:
        """Return the best levels, best first; BUY is the bids."""
        return [
            (self.price(ticks), self.size(lots), count)
            for ticks, lots, count in self.book.depth(side, levels)
        ]

    def execute(self, taker: Incoming, plan: Plan, ns: int) -> Resting | None:
        """Make a plan happen, print its trades, have it settled; return what waits in the book."""
        rest = self.book.execute(taker, plan)
        if not plan.steps:
            return rest
        total = count = 0
        ticks = plan.steps[0][0].ticks
        for maker, lots in plan.steps:
            if not lots:
                self._settlement.prevented(maker, ns)
                continue
            if maker.ticks != ticks and count:
                self._print(taker.side, ticks, total, count, ns)
                total = count = 0
            ticks = maker.ticks
            total += lots
            count += 1
            self._last_trade_id += 1
            if maker.owner or taker.owner:
                self._settlement.matched(self, Match(maker, taker, lots, self._last_trade_id, ns))
        if count:
            self._print(taker.side, ticks, total, count, ns)
        self._settlement.settled(self, ns)
        return rest

    def quote(self, side: Side, ticks: int, lots: int, ns: int) -> Resting | None:
        """Place a background order, which trades if it crosses; return what of it waits."""
        if not self.book.would_cross(side, ticks):
            return self.add_background(side, ticks, lots)
        self._last_background_id += 1
        taker = Incoming(self._last_background_id, BACKGROUND, side, ticks, lots)
        return self.execute(taker, self.book.plan(taker), ns)

    def add_background(self, side: Side, ticks: int, lots: int) -> Resting:
        """Place a background order that does not cross."""
        self._last_background_id += 1
        order = Resting(self._last_background_id, BACKGROUND, side, ticks, lots)
        self.book.add(order)
        return order

    def pull(self, order: Resting) -> None:
        """Take a background order off the book; nothing if it is gone already."""
        if order.lots:
            self.book.remove(order)

    def take(self, side: Side, lots: int, limit: int | None, ns: int) -> None:
        """Trade at once what there is at `limit` or better, in the background."""
        self._last_background_id += 1
        taker = Incoming(
            self._last_background_id, BACKGROUND, side, limit, lots, remainder=CancelCause.MARKET_REMAINDER
        )
        self.execute(taker, self.book.plan(taker), ns)

    def print_trade(self, side: Side, ticks: int, lots: int, ns: int) -> None:
        """Print a trade that no order in the book had a part in."""
        self._last_trade_id += 1
        self._print(side, ticks, lots, 1, ns)

    def last_candles(self, interval: str, count: int, now_ns: int) -> list[Candle]:
        """Return the last candles, the building one included, oldest first.

        Raises:
            KeyError: If there is no such interval.

        """
        candles = self.candles.last(interval, now_ns, count)
        return [
            Candle(
                open_ns=candle.open_ns,
                open=self.price(candle.open),
                high=self.price(candle.high),
                low=self.price(candle.low),
                close=self.price(candle.close),
                volume=self.size(candle.volume),
                quote_volume=candle.value * self._tick * self._lot,
                is_closed=candle is not candles[-1],
            )
            for candle in candles
        ]

    def book_changes(self, ns: int) -> list[BookChange]:
        """Return the levels that have changed since the last call, as they are now."""
        changes = []
        for side, ticks in self.book.changed_levels():
            lots, count = self.book.level(side, ticks)
            change = BookChange(
                symbol=self.symbol,
                side=side,
                price=self.price(ticks),
                size=self.size(lots),
                order_count=count,
                ns=ns,
            )
            changes.append(change)
        return changes

    def mark_changes(self, ns: int) -> list[MarkChange]:
        """Return the mark price if it is not the one told last; not more often than venues do."""
        mark = self.mark()
        if mark is None or mark == self._told_mark or ns < self._told_ns + _MARK_INTERVAL_NS:
            return []
        self._told_mark, self._told_ns = mark, ns
        return [MarkChange(symbol=self.symbol, price=mark, ns=ns)]

    def _print(self, side: Side, ticks: int, lots: int, count: int, ns: int) -> None:
        trade = PublicTrade(
            symbol=self.symbol,
            trade_id=self._last_trade_id,
            price=self.price(ticks),
            size=self.size(lots),
            side=side,
            ns=ns,
            count=count,
        )
        self._last_ticks = ticks
        self.trades.append(trade)
        self.candles.add(ticks, lots, ns)
        self._reports.append(trade)
