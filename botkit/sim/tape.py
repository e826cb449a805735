"""A recorded market, played back around the orders of those who trade on it.

What was recorded happens as it did, whatever the orders do: they have no
lasting impact. The recorded size of a price is background orders in the book,
so that an order waits behind the size that was there when it came:

    size at a price grows     behind everybody who waits there
    size at a price shrinks   those who came last have canceled, which is the worst for those who wait
    a recorded trade          takes what waits longest; what it takes of the recorded size comes back at the
                              end, because the size of the price is said by the book alone
    a trade at a worse price  has gone through the price: orders there trade first
    a book that crosses       an order has been gone through too, and trades at its own price

The touch often tells of a trade before the trade does: what it took from in
front of those who wait is not taken again by trades before its next word.

An order that takes matches the recorded sizes; the next word on a price
restores its size. A recorded trade is printed with its recorded size, the part
that orders of accounts got included.

A recording without a snapshot shows a price only once it has changed. Where
there is a stream of best bids and offers its word counts at and inside the
touch, and that of the slower stream of depth outside.
"""

from __future__ import annotations

from collections.abc import Iterable

from botkit.model.instrument import Instrument
from botkit.model.side import Side
from botkit.sim.exchange import SimExchange
from botkit.sim.market import Market
from botkit.sim.matching import BACKGROUND, Incoming, Plan, Resting, Step
from botkit.sim.recordings import DepthChange, Print, Record, Recording, TickLevel, Touch
from botkit.sim.types import CancelCause

__all__ = ["Tape"]


class Tape:
    """Plays the lines of a recording from `start_ns` on, `speed` times as fast as it was.

    At its end the market stops: its book stays as it is.

    Raises:
        ProtocolError: If a line cannot be read, or none is about a known instrument.

    """

    def __init__(self, lines: Iterable[str], start_ns: int, speed: float = 1.0) -> None:
        recording = Recording(lines)
        self._instruments = recording.instruments
        self._records = iter(recording)
        self._next: Record | None = next(self._records, None)
        self._first_ns = self._next.ns if self._next else 0
        self._start_ns = start_ns
        self._speed = speed
        self._markets: dict[str, _RecordedMarket] = {}

    def instruments(self) -> tuple[Instrument, ...]:
        """Return what the recording is about, with its own ticks and lots: what an exchange has to list."""
        return self._instruments

    def symbols(self) -> tuple[str, ...]:
        """Return the instruments whose markets it moves."""
        return tuple(instrument.symbol for instrument in self._instruments)

    def next_ns(self) -> int | None:
        """Return when something happens next, None at the end."""
        if self._next is None:
            return None
        return self._start_ns + int((self._next.ns - self._first_ns) / self._speed)

    def run_until(self, exchange: SimExchange, now_ns: int) -> None:
        """Do everything that happened up to that time, that time included."""
        while self._next is not None and (at := self.next_ns()) is not None and at <= now_ns:
            # Taken before anything can go wrong, so that nothing happens twice.
            record, self._next = self._next, None
            market = self._markets.get(record.symbol)
            if market is None:
                market = self._markets[record.symbol] = _RecordedMarket(exchange.market(record.symbol))
            market.play(record, at)
            self._next = next(self._records, None)


class _RecordedMarket:
    """One market of a tape."""

    def __init__(self, market: Market) -> None:
        self._market = market
        self._book = market.book
        self._touch: tuple[int, int] | None = None
        self._said: dict[Side, set[int]] = {Side.BUY: set(), Side.SELL: set()}
        self._foretold: dict[Side, TickLevel] = {}

    def play(self, record: Record, ns: int) -> None:
        """Let one record happen."""
        if isinstance(record, Touch):
            self._play_touch(record, ns)
        elif isinstance(record, Print):
            self._play_print(record, ns)
        else:
            self._play_depth(record, ns)

    def _play_touch(self, touch: Touch, ns: int) -> None:
        self._clear(Side.BUY, touch.bid[0] + 1)
        self._clear(Side.SELL, touch.ask[0] - 1)
        self._touch = touch.bid[0], touch.ask[0]
        for side, level in ((Side.BUY, touch.bid), (Side.SELL, touch.ask)):
            self._foretold[side] = level[0], self._set(side, level, ns)

    def _play_depth(self, change: DepthChange, ns: int) -> None:
        bids, asks = change.bids, change.asks
        if self._touch is not None:
            bid, ask = self._touch
            bids = self._news(Side.BUY, [level for level in bids if level[0] < bid], change)
            asks = self._news(Side.SELL, [level for level in asks if level[0] > ask], change)
        else:
            self._make_way(change)
        for side, levels in ((Side.BUY, bids), (Side.SELL, asks)):
            for level in levels:
                self._set(side, level, ns)

    def _news(self, side: Side, levels: list[TickLevel], change: DepthChange) -> list[TickLevel]:
        """Return the levels of which nothing newer is known: a snapshot comes later than what it shows."""
        said = self._said[side]
        if change.is_snapshot:
            return [level for level in levels if level[0] not in said]
        said.update(ticks for ticks, _ in levels)
        return levels

    def _make_way(self, change: DepthChange) -> None:
        """Remove what the change crosses or replaces: where there is no touch, the newest word counts."""
        if change.is_snapshot:
            self._clear(Side.BUY, None)
            self._clear(Side.SELL, None)
        for side, levels, best in ((Side.SELL, change.bids, max), (Side.BUY, change.asks, min)):
            live = [ticks for ticks, lots in levels if lots]
            if live:
                self._clear(side, best(live))

    def _play_print(self, trade: Print, ns: int) -> None:
        makers = trade.side.opposite
        left = trade.lots
        steps: list[Step] = []
        for order in self._book.orders_through(makers, trade.ticks):
            if order.owner and order.ticks != trade.ticks and left:
                steps.append((order, min(left, order.lots)))
                left -= steps[-1][1]
        queue = self._book.orders_at(makers, trade.ticks)
        if any(order.owner for order in queue):
            turns = self._take_turns(queue, left - self._use_foretold(makers, trade.ticks, left))
            left -= sum(lots for _, lots in turns)
            steps += turns
        if steps:
            taker = Incoming(0, BACKGROUND, trade.side, trade.ticks, trade.lots, remainder=CancelCause.IOC)
            self._market.execute(taker, Plan(steps, 0, rests=False, ending=None), ns)
        if left:
            self._market.print_trade(trade.side, trade.ticks, left, ns)

    def _take_turns(self, queue: list[Resting], left: int) -> list[Step]:
        """Return what `left` lots take from orders of accounts; recorded sizes go to the end of the queue."""
        turns: list[Step] = []
        requeued = 0
        for order in queue:
            lots = min(left, order.lots)
            left -= lots
            if order.owner and lots:
                turns.append((order, lots))
            elif lots:
                self._book.shrink(order, lots)
                requeued += lots
        if requeued:
            self._append(queue[0].side, queue[0].ticks, requeued)
        return turns

    def _use_foretold(self, side: Side, ticks: int, lots: int) -> int:
        """Return how much of a trade has moved the queue already, which it can do once only."""
        at, foretold = self._foretold.get(side, (ticks, 0))
        used = min(foretold, lots) if at == ticks else 0
        self._foretold[side] = at, foretold - used
        return used

    def _set(self, side: Side, level: TickLevel, ns: int) -> int:
        """Make a price's recorded size what it is said to be; return what went from in front of accounts."""
        ticks, lots = level
        queue = self._book.orders_at(side, ticks)
        more = lots - sum(order.lots for order in queue if not order.owner)
        if more > 0:
            if self._book.would_cross(side, ticks):
                self._market.quote(side, ticks, more, ns)
            else:
                self._append(side, ticks, more)
            return 0
        in_front = 0
        is_last = True
        for order in reversed(queue):
            if order.owner:
                is_last = False
            elif more:
                cut = min(-more, order.lots)
                self._book.shrink(order, cut)
                more += cut
                in_front += 0 if is_last else cut
        return in_front

    def _append(self, side: Side, ticks: int, lots: int) -> None:
        """Let recorded size join the end of a queue."""
        queue = self._book.orders_at(side, ticks)
        if queue and not queue[-1].owner:
            self._book.grow(queue[-1], lots)
        else:
            self._market.add_background(side, ticks, lots)

    def _clear(self, side: Side, limit: int | None) -> None:
        """Take all recorded sizes at `limit` or better off the book."""
        for order in list(self._book.orders_through(side, limit)):
            if not order.owner:
                self._book.remove(order)
