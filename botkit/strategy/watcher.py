"""What a strategy sees: the market it asked for, what it holds, and the time."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Final

from botkit.errors import StrategyError
from botkit.model.book import OrderBook
from botkit.model.duration import NS_PER_S, duration_ns
from botkit.model.instrument import Instrument
from botkit.model.market import Quote
from botkit.model.order import Order
from botkit.model.portfolio import Balance, Position
from botkit.strategy.desk import Desk, Subscription

__all__ = ["Watcher"]

_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)


class Watcher:
    """A desk's eyes. Nothing here changes anything but what will be seen next."""

    def __init__(self, desk: Desk) -> None:
        self._desk = desk

    @property
    def now_ns(self) -> int:
        """Return the time of the event being worked on, in nanoseconds since 1970-01-01 UTC."""
        return self._desk.now_ns

    def subscribe_quotes(self, symbol: str) -> None:
        """Ask for `on_quote` whenever the best bid or offer changes."""
        self._desk.subscribe(Subscription(channel="quotes", symbol=symbol))

    def subscribe_trades(self, symbol: str) -> None:
        """Ask for `on_trade` whenever somebody trades."""
        self._desk.subscribe(Subscription(channel="trades", symbol=symbol))

    def subscribe_book(self, symbol: str) -> None:
        """Ask for `on_book` whenever the order book changes."""
        self._desk.subscribe(Subscription(channel="book", symbol=symbol))

    def subscribe_bars(self, symbol: str, interval: str, *, warmup: int = 0) -> None:
        """Ask for `on_bar` whenever a bar closes, and for the last `warmup` closed ones first.

        Those are marked `is_history`: they warm indicators up, and orders that
        they give rise to are refused.

        Raises:
            StrategyError: If `interval` is not a length in lower case, such as `1m` or `4h`.

        """
        # `1M` is a month at some venues and a minute to a hasty reader.
        if interval != interval.lower():
            raise StrategyError(f"bars of {interval!r}?", remedy="write the length in lower case: 1m, 4h, 1d")
        _length_ns(interval)
        self._desk.subscribe(Subscription(channel="bars", symbol=symbol, interval=interval, warmup=warmup))

    def subscribe_funding(self, symbol: str) -> None:
        """Ask for `on_funding` whenever the venue tells a swap's rate."""
        self._desk.subscribe(Subscription(channel="funding", symbol=symbol))

    def every(self, period: float | str, name: str = "") -> None:
        """Ask for `on_timer(name)` again and again, the first time one `period` from now.

        Args:
            period: Seconds, or text such as `30s` or `5m`.
            name: What `on_timer` is told; the period as written if left out. A timer of
                the same name is replaced.

        Raises:
            StrategyError: If `period` is not a length of time.

        """
        period_ns = _length_ns(period)
        self._desk.set_timer(name or str(period), self.now_ns + period_ns, period_ns)

    def at(self, moment: datetime | int, name: str) -> None:
        """Ask for `on_timer(name)` once, at `moment`.

        Args:
            moment: A time with its time zone, or nanoseconds since 1970-01-01 UTC.
            name: What `on_timer` is told. A timer of the same name is replaced.

        Raises:
            StrategyError: If `moment` has no time zone.

        """
        self._desk.set_timer(name, _moment_ns(moment))

    def instrument(self, symbol: str) -> Instrument:
        """Return tick, lot and kind of an instrument; `ConfigError` if it is unknown."""
        return self._desk.instrument(symbol)

    def last_quote(self, symbol: str) -> Quote | None:
        """Return the last best bid and offer, None if there was none."""
        return self._desk.quote(symbol)

    def book(self, symbol: str) -> OrderBook:
        """Return the order book; empty while it is not to be trusted."""
        return self._desk.book(symbol)

    def position(self, symbol: str) -> Position:
        """Return what this strategy holds, by its own fills."""
        return self._desk.position(symbol)

    def balance(self, currency: str) -> Balance | None:
        """Return the account's balance as last told, None if never."""
        return self._desk.balance(currency)

    def order(self, client_order_id: str) -> Order | None:
        """Return one of this strategy's orders, None if there is no such order."""
        return self._desk.order(client_order_id)

    def open_orders(self, symbol: str = "") -> list[Order]:
        """Return this strategy's open orders, oldest first, of one instrument or of all."""
        return self._desk.open_orders(symbol)


def _length_ns(length: float | str) -> int:
    if isinstance(length, str):
        try:
            return duration_ns(length)
        except ValueError as error:
            raise StrategyError(str(error)) from error
    if not 0 < length < float("inf"):
        raise StrategyError(f"not a length of time: {length!r} seconds")
    return round(length * NS_PER_S)


def _moment_ns(moment: datetime | int) -> int:
    if isinstance(moment, int):
        return moment
    if moment.tzinfo is None:
        raise StrategyError(
            f"{moment} has no time zone", remedy="give it one, as in datetime(2026, 7, 1, 8, tzinfo=UTC)"
        )
    return (moment - _EPOCH) // timedelta(microseconds=1) * 1_000
