"""What a public channel of one market says: at once to who joins, and at its own pace to all.

A stream lives while somebody listens. It is fed reports with `take`; `publish`
returns the frames that are due. Cadence and frames are those of the v5
WebSocket documentation.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from decimal import Decimal
from typing import Final, Protocol

from botkit.model.duration import NS_PER_MS, NS_PER_S
from botkit.model.instrument import Instrument
from botkit.model.side import Side
from botkit.sim.types import BookChange, MarkChange, PublicTrade
from botkit.venues.okx.emulator.answers import Row
from botkit.venues.okx.emulator.candles import BARS
from botkit.venues.okx.emulator.channels import push
from botkit.venues.okx.emulator.endpoints.market import ticker_of
from botkit.venues.okx.emulator.endpoints.public import FUNDING_RATE
from botkit.venues.okx.emulator.floor import Floor
from botkit.venues.okx.emulator.rows.instruments import funding_row, mark_row, price_limit_row
from botkit.venues.okx.emulator.rows.market import Depth, candle_row, level_row, trade_row
from botkit.venues.okx.emulator.wire import milliseconds

__all__ = ["STREAMS", "MarketReport", "Stream"]

MarketReport = BookChange | MarkChange | PublicTrade

_DEPTH: Final = 400
_BOOK_NS: Final = 100 * NS_PER_MS
_HEARTBEAT_NS: Final = 60 * NS_PER_S
_MARK_SILENCE_NS: Final = 10 * NS_PER_S
_MARK_NS: Final = 200 * NS_PER_MS
_CANDLE_NS: Final = NS_PER_S


class Stream(Protocol):
    """One channel of one market."""

    def opening(self, now_ns: int, /) -> list[bytes]:
        """Return what somebody who joins gets at once."""

    def take(self, report: MarketReport) -> None:
        """Take note of what happened."""

    def publish(self, now_ns: int, /) -> list[bytes]:
        """Return what is due to everybody."""


class _Paced:
    """A stream of whole rows, sent when they have changed and the last one is old enough."""

    def __init__(self, floor: Floor, instrument: Instrument, channel: str) -> None:
        self.floor = floor
        self.instrument = instrument
        self.arg = {"channel": channel, "instId": instrument.symbol}
        self._sent_ns = floor.now_ns()
        self._is_due = False

    pace_ns = _BOOK_NS
    silence_ns = 0
    reacts_to: tuple[type, ...] = ()

    def row(self, now_ns: int) -> Row | None:
        raise NotImplementedError

    def opening(self, now_ns: int) -> list[bytes]:
        row = self.row(now_ns)
        return [] if row is None else [push(self.arg, [row])]

    def take(self, report: MarketReport) -> None:
        self._is_due = self._is_due or isinstance(report, self.reacts_to)

    def publish(self, now_ns: int) -> list[bytes]:
        age_ns = now_ns - self._sent_ns
        if not (self._is_due and age_ns >= self.pace_ns) and not (
            self.silence_ns and age_ns >= self.silence_ns
        ):
            return []
        self._sent_ns, self._is_due = now_ns, False
        return self.opening(now_ns)


class _Ticker(_Paced):
    reacts_to = (PublicTrade, BookChange)

    def row(self, now_ns: int) -> Row:
        return ticker_of(self.floor, self.instrument, now_ns)


class _Mark(_Paced):
    pace_ns = _MARK_NS
    silence_ns = _MARK_SILENCE_NS
    reacts_to = (MarkChange,)

    def row(self, now_ns: int) -> Row | None:
        mark = self.floor.mark_price(self.instrument.symbol)
        return None if mark is None else mark_row(self.instrument, mark, now_ns)


class _PriceLimit(_Paced):
    pace_ns = _MARK_NS
    reacts_to = (MarkChange,)

    def row(self, now_ns: int) -> Row:
        buy, sell = (self.floor.exchange.price_limit(self.instrument.symbol, side) for side in Side)
        return price_limit_row(self.instrument, buy, sell, now_ns)


class _Funding(_Paced):
    silence_ns = 60 * NS_PER_S

    def row(self, now_ns: int) -> Row:
        return funding_row(self.instrument, FUNDING_RATE, now_ns)


class _Top(_Paced):
    """The best levels, always whole; sent again every minute if nothing changes."""

    reacts_to = (BookChange,)
    silence_ns = _HEARTBEAT_NS
    levels = 5

    def __init__(self, floor: Floor, instrument: Instrument, channel: str) -> None:
        super().__init__(floor, instrument, channel)
        self._shown: tuple[Depth, Depth] = [], []

    def row(self, now_ns: int) -> Row:
        self._shown = bids, asks = self.floor.exchange.book(self.instrument.symbol, self.levels)
        row: Row = {
            "asks": [level_row(self.instrument, level) for level in asks],
            "bids": [level_row(self.instrument, level) for level in bids],
            "ts": milliseconds(now_ns),
            "seqId": self.floor.sequence(self.instrument.symbol),
        }
        if self.levels > 1:
            row["instId"] = self.instrument.symbol
        return row

    def publish(self, now_ns: int) -> list[bytes]:
        if self._is_due and self.floor.exchange.book(self.instrument.symbol, self.levels) == self._shown:
            self._is_due = False
        return super().publish(now_ns)


class _Best(_Top):
    pace_ns = 10 * NS_PER_MS
    levels = 1


class _Trades:
    """Every trade, as it happens; who joins gets the latest one."""

    def __init__(self, floor: Floor, instrument: Instrument, channel: str) -> None:
        self._floor = floor
        self._instrument = instrument
        self._arg = {"channel": channel, "instId": instrument.symbol}
        self._is_grouped = channel == "trades"
        self._waiting: list[bytes] = []

    def opening(self, _now_ns: int) -> list[bytes]:
        last = self._floor.last_trade(self._instrument.symbol)
        return [] if last is None else [self._frame(last)]

    def take(self, report: MarketReport) -> None:
        if isinstance(report, PublicTrade):
            self._waiting.append(self._frame(report))

    def publish(self, _now_ns: int) -> list[bytes]:
        frames, self._waiting = self._waiting, []
        return frames

    def _frame(self, trade: PublicTrade) -> bytes:
        row = trade_row(self._instrument, trade)
        if self._is_grouped:
            row |= {"count": str(trade.count), "seqId": self._floor.sequence(trade.symbol)}
        return push(self._arg, [row])


class _Book:
    """A snapshot to who joins, then the same changes to everybody, in one chain of numbers."""

    def __init__(self, floor: Floor, instrument: Instrument, channel: str) -> None:
        self._floor = floor
        self._instrument = instrument
        self._arg = {"channel": channel, "instId": instrument.symbol}
        self._is_due = False
        self._sent_ns = floor.now_ns()
        self._sequence = floor.sequence(instrument.symbol)
        self._bids, self._asks = self._levels()

    def opening(self, now_ns: int) -> list[bytes]:
        bids = [level_row(self._instrument, (price, *rest)) for price, rest in self._bids.items()]
        asks = [level_row(self._instrument, (price, *rest)) for price, rest in self._asks.items()]
        return [self._frame("snapshot", bids, asks, -1, now_ns)]

    def take(self, report: MarketReport) -> None:
        self._is_due = self._is_due or isinstance(report, BookChange)

    def publish(self, now_ns: int) -> list[bytes]:
        age_ns = now_ns - self._sent_ns
        if self._is_due and age_ns >= _BOOK_NS:
            self._is_due = False
            bids, asks = self._levels()
            changed = self._changes(self._bids, bids), self._changes(self._asks, asks)
            self._bids, self._asks = bids, asks
            if changed != ([], []):
                before, self._sequence = self._sequence, self._floor.sequence(self._instrument.symbol)
                self._sent_ns = now_ns
                return [self._frame("update", *changed, before, now_ns)]
        if age_ns >= _HEARTBEAT_NS:
            self._sent_ns = now_ns
            return [self._frame("update", [], [], self._sequence, now_ns)]
        return []

    def _levels(self) -> tuple[_Levels, _Levels]:
        bids, asks = self._floor.exchange.book(self._instrument.symbol, _DEPTH)
        return {price: (size, n) for price, size, n in bids}, {price: (size, n) for price, size, n in asks}

    def _changes(self, before: _Levels, after: _Levels) -> list[list[str]]:
        gone = [(price, Decimal(0), 0) for price in before if price not in after]
        new = [(price, *rest) for price, rest in after.items() if before.get(price) != rest]
        return [level_row(self._instrument, level) for level in (*gone, *new)]

    def _frame(
        self, action: str, bids: list[list[str]], asks: list[list[str]], before: int, now_ns: int
    ) -> bytes:
        row: Row = {
            "asks": asks,
            "bids": bids,
            "ts": milliseconds(now_ns),
            "checksum": 0,
            "seqId": self._sequence,
            "prevSeqId": before,
        }
        return push(self._arg, [row], action=action)


_Levels = dict[Decimal, tuple[Decimal, int]]


class _Candles:
    """The candle that is building, once a second; and each once more when it is over."""

    def __init__(self, floor: Floor, instrument: Instrument, channel: str) -> None:
        self._floor = floor
        self._instrument = instrument
        self._arg = {"channel": channel, "instId": instrument.symbol}
        self._interval = channel.removeprefix("candle")
        self._building_ns = 0
        self._sent_ns = floor.now_ns()
        self._is_due = False

    def opening(self, _now_ns: int) -> list[bytes]:
        latest = self._floor.candles(self._instrument.symbol, self._interval, 1)
        if latest and not self._building_ns:
            self._building_ns = latest[-1].open_ns
        return [push(self._arg, [candle_row(self._instrument, candle)]) for candle in latest]

    def take(self, report: MarketReport) -> None:
        self._is_due = self._is_due or isinstance(report, PublicTrade)

    def publish(self, now_ns: int) -> list[bytes]:
        length_ns = BARS[self._interval].length_ns
        is_over = self._building_ns and now_ns >= self._building_ns + length_ns
        if not is_over and not (self._is_due and now_ns - self._sent_ns >= _CANDLE_NS):
            return []
        self._sent_ns, self._is_due = now_ns, False
        latest = self._floor.candles(self._instrument.symbol, self._interval, 2)
        if not is_over:
            latest = latest[-1:]
        if latest:
            self._building_ns = latest[-1].open_ns
        return [push(self._arg, [candle_row(self._instrument, candle)]) for candle in latest]


STREAMS: Final[Mapping[str, Callable[[Floor, Instrument, str], Stream]]] = {
    # In the order in which frames of one market are sent.
    "bbo-tbt": _Best,
    "books": _Book,
    "books5": _Top,
    "trades": _Trades,
    "trades-all": _Trades,
    "tickers": _Ticker,
    **{f"candle{bar}": _Candles for bar in BARS},
    "mark-price": _Mark,
    "price-limit": _PriceLimit,
    "funding-rate": _Funding,
}
"""What makes the stream of each channel."""
