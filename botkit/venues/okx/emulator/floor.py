"""The trading floor: what REST and WebSocket share, and nothing of either.

It knows the exchange's time, its instruments by name and by number, who may
call, and what everybody has used of the rate limits.
"""

from __future__ import annotations

from decimal import Decimal
from typing import Final

from botkit.clock import Clock
from botkit.model.duration import NS_PER_S
from botkit.model.instrument import Instrument
from botkit.sim.candles import KEPT
from botkit.sim.exchange import SimExchange
from botkit.sim.ledger import DEFAULT_LEVERAGE
from botkit.sim.types import CancelCause, Candle, OrderState, PublicTrade, SimStatus
from botkit.venues.okx.emulator.accounts import Accounts
from botkit.venues.okx.emulator.answers import Refused
from botkit.venues.okx.emulator.candles import BARS, fold
from botkit.venues.okx.emulator.rates import Rates
from botkit.venues.okx.emulator.wire import parse_id

__all__ = ["Floor"]

_FIRST_SEQUENCE: Final = 10**10  # more than fits into 32 bits, as on the exchange
_UNFILLED_KEPT_NS: Final = 2 * 3600 * NS_PER_S


class Floor:
    """The simulated exchange as OKX shows it.

    Attributes:
        exchange: The simulated exchange; every user has an account there, named by his uid.
        accounts: Users and keys.
        rates: What has been used of the rate limits.
        names_instruments: Orders over WebSocket may name their instrument; OKX insists on its number.

    """

    def __init__(
        self,
        exchange: SimExchange,
        accounts: Accounts,
        clock: Clock,
        *,
        clock_offset_ns: int = 0,
        names_instruments: bool = False,
    ) -> None:
        self.exchange = exchange
        self.accounts = accounts
        self.rates = Rates()
        self.names_instruments = names_instruments
        self._clock = clock
        self._offset_ns = clock_offset_ns
        self._now_ns = 0
        self._leverages: dict[tuple[str, str], Decimal] = {}
        self._sequences: dict[str, int] = {}
        self._dead_men: dict[tuple[str, str], int] = {}
        self._by_symbol = {instrument.symbol: instrument for instrument in exchange.instruments()}
        self._by_code = {instrument.venue_code: instrument for instrument in exchange.instruments()}
        for user in accounts.users:
            exchange.open_account(user.uid, user.balances)

    def now_ns(self) -> int:
        """Return the exchange's time, which never goes back."""
        self._now_ns = max(self._now_ns, self._clock.now_ns() + self._offset_ns)
        return self._now_ns

    def shift_clock(self, seconds: float) -> None:
        """Put the exchange's clock forward; back, it stands still until the time has caught up."""
        self._offset_ns += round(seconds * NS_PER_S)

    def instruments(self, inst_type: str = "") -> list[Instrument]:
        """Return all instruments, or those of one type."""
        return [
            instrument
            for instrument in self._by_symbol.values()
            if not inst_type or instrument.kind.value.upper() == inst_type
        ]

    def instrument(self, symbol: str) -> Instrument:
        """Return an instrument by its name.

        Raises:
            Refused: 51001 if there is none.

        """
        found = self._by_symbol.get(symbol)
        if found is None:
            raise Refused("51001")
        return found

    def instrument_of_code(self, code: object) -> Instrument:
        """Return an instrument by its number.

        Raises:
            Refused: 51001 if there is none.

        """
        found = self._by_code.get(code) if isinstance(code, int) and code > 0 else None
        if found is None:
            raise Refused("51001")
        return found

    def last_price(self, symbol: str) -> Decimal | None:
        """Return the price of the latest trade, None before the first."""
        last = self.last_trade(symbol)
        return None if last is None else last.price

    def last_trade(self, symbol: str) -> PublicTrade | None:
        """Return the latest trade, None before the first."""
        trades = self.exchange.market(symbol).trades
        return trades[-1] if trades else None

    def mark_price(self, symbol: str) -> Decimal | None:
        """Return what positions are valued at, None before there is any price."""
        return self.exchange.market(symbol).mark()

    def candles(self, symbol: str, interval: str, count: int | None = None) -> list[Candle]:
        """Return the last `count` candles, or all, oldest first.

        Raises:
            Refused: 51000 if there is no such interval.

        """
        bar = BARS.get(interval)
        if bar is None:
            raise Refused("51000", "bar")
        needed = KEPT if count is None else min(count * bar.parts, KEPT)
        folded = fold(self.exchange.candles(symbol, bar.source, needed), bar)
        return folded if count is None else folded[-count:]

    def sequence(self, symbol: str) -> int:
        """Return the number of the last change of a market."""
        return self._sequences.get(symbol, _FIRST_SEQUENCE)

    def count_change(self, symbol: str) -> int:
        """Give the next change of a market its number."""
        number = self._sequences[symbol] = self.sequence(symbol) + 1
        return number

    def usd_price(self, currency: str) -> Decimal | None:
        """Return what a currency is worth in US dollars, None if no market says."""
        if currency == "USDT":
            return Decimal(1)
        pair = f"{currency}-USDT"
        return self.mark_price(pair) if pair in self._by_symbol else None

    def leverage(self, uid: str, symbol: str) -> Decimal:
        """Return the leverage that a user has set for an instrument."""
        return self._leverages.get((uid, symbol), DEFAULT_LEVERAGE)

    def set_leverage(self, uid: str, symbol: str, leverage: Decimal) -> None:
        """Set it."""
        self.exchange.set_leverage(uid, symbol, leverage)
        self._leverages[uid, symbol] = leverage

    def order(self, uid: str, ord_id: str, client_order_id: str) -> OrderState | None:
        """Return an order by the exchange's id, or by the client's if that is empty.

        One that was canceled unfilled is forgotten after two hours; of several
        with one client id the latest is meant.
        """
        if ord_id:
            number = parse_id(ord_id)
            order = None if number is None else self.exchange.order(uid, order_id=number)
        else:
            order = self.exchange.order(uid, client_order_id=client_order_id)
        return None if order is None or self._is_forgotten(order) else order

    def history(self, uid: str) -> list[OrderState]:
        """Return what is over and not forgotten."""
        return [order for order in self.exchange.done_orders(uid) if not self._is_forgotten(order)]

    def arm_dead_man(self, uid: str, tag: str, timeout_s: int) -> int:
        """Cancel a user's orders that long from now unless armed again; 0 disarms. Return when, in ns."""
        if not timeout_s:
            self._dead_men.pop((uid, tag), None)
            return 0
        at_ns = self.now_ns() + timeout_s * NS_PER_S
        self._dead_men[uid, tag] = at_ns
        return at_ns

    def advance(self) -> int:
        """Let the markets run up to now, fire what is due, and return the time."""
        now_ns = self.now_ns()
        self.exchange.advance(now_ns)
        due = [dead for dead, at_ns in self._dead_men.items() if at_ns <= now_ns]
        for uid, tag in due:
            del self._dead_men[uid, tag]
            for order in self.exchange.open_orders(uid):
                if tag in {"", order.request.tag}:
                    self.exchange.cancel(uid, order.order_id, now_ns, CancelCause.CANCEL_ALL_AFTER)
        return now_ns

    def _is_forgotten(self, order: OrderState) -> bool:
        return (
            order.status is SimStatus.CANCELED
            and not order.filled
            and self.now_ns() - order.updated_ns >= _UNFILLED_KEPT_NS
        )
