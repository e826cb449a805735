"""A market that a test writes, with a real engine, a real gate and a real matching book under it.

    market = Market("BTC-USDT")
    market.run(EmaCross, fast=2, slow=5)
    market.bars(100, 100, 100, 100, 100, 110)
    assert market.position.is_long

Nothing here waits or connects: time passes when the script says so, and an
order's answer is there when the line that caused it returns. A hook that raises
fails the test.
"""

from __future__ import annotations

from collections import deque
from decimal import Decimal
from typing import Final, TypeVar

import msgspec

from botkit.engine.engine import Engine
from botkit.engine.step import Work
from botkit.model.duration import NS_PER_S, duration_ns
from botkit.model.events import AnyEvent, Reconciled, Started, Stopping, TaskDone
from botkit.model.instrument import Instrument, InstrumentKind
from botkit.model.market import Bar, Quote, Trade
from botkit.model.note import Note
from botkit.model.order import CancelOrder, Order
from botkit.model.portfolio import Fill, Position
from botkit.model.side import Side
from botkit.risk.approval import Approved, Refused
from botkit.risk.gate import RiskGate
from botkit.risk.limits import InstrumentLimits, RiskLimits
from botkit.sim.exchange import SimExchange
from botkit.sim.matching import Resting
from botkit.strategy.desk import Desk, Subscription
from botkit.strategy.params import read_params
from botkit.strategy.strategy import Strategy
from botkit.venues.simulated import SimulatedBroker

__all__ = ["HookFailed", "Market"]

S = TypeVar("S", bound=Strategy)

_START_NS: Final = 1_767_225_600 * NS_PER_S  # the first second of 2026
_ACCOUNT: Final = "test"
_DEEP: Final = 1_000.0
_RICH: Final = Decimal(1_000_000)


class HookFailed(AssertionError):
    """A strategy's hook raised; live, the engine would have paused the strategy."""


class Market:
    """One instrument's market as a script, and the strategy that trades in it.

    Attributes:
        now_ns: The time of the script.
        instrument: What is traded.
        fills: The strategy's, oldest first.
        refusals: What the gate did not let through, and why.
        notes: What the strategy logged and noted.
        subscriptions: The market data it asked for.
        tasks: Names of the outside work it started; `finish` ends one.

    """

    def __init__(
        self,
        symbol: str = "BTC-USDT",
        *,
        instrument: Instrument | None = None,
        limits: RiskLimits | None = None,
        cash: Decimal = _RICH,
    ) -> None:
        """Open the market of `symbol`.

        Args:
            symbol: Ends in `-SWAP` for a swap.
            instrument: Ticks and lots, if those of a made-up one (0.01 and 0.0001) will not do.
            limits: The gate's; so wide if left out that they never matter.
            cash: What the account has, in quote currency.

        """
        self.now_ns = _START_NS
        self.instrument = instrument or _instrument(symbol)
        self.fills: list[Fill] = []
        self.refusals: list[Refused] = []
        self.notes: list[Note] = []
        self.subscriptions: list[Subscription] = []
        self.tasks: list[str] = []
        self._symbol = self.instrument.symbol
        gate = RiskGate(limits or _wide_limits(self._symbol))
        self._engine = Engine(instruments={self._symbol: self.instrument}, gate=gate)
        self._exchange = SimExchange([self.instrument], start_ns=_START_NS)
        self._exchange.open_account(_ACCOUNT, {self.instrument.quote: cash})
        self._broker = SimulatedBroker(self._exchange, _ACCOUNT, self.tell)
        self._touch: list[Resting] = []
        self._order_ids: dict[str, None] = {}
        self._inbox: deque[AnyEvent] = deque()
        self._name = ""
        self._close = 0.0
        self._trades = 0

    def run(self, strategy: type[S], **params: object) -> S:
        """Start a strategy, one for each market, with parameters as a configuration would give them.

        Raises:
            StrategyError: If the parameters are not its own, or not in their range.

        """
        self._name = strategy.__name__
        read = read_params(strategy.Params, params)
        seated: list[S] = []

        def build(desk: Desk) -> S:
            seated.append(strategy(self._name, read, desk))
            return seated[0]

        self._engine.add_strategy(self._name, build)
        self.tell(Started(recv_ns=self.now_ns, epoch=1))
        self.tell(Reconciled(recv_ns=self.now_ns, fills=0, orders=0))
        return seated[0]

    def stop(self) -> None:
        """Stop the strategy, as at the end of a run."""
        self.tell(Stopping(recv_ns=self.now_ns, reason="the end of the script"))

    def quote(self, bid: float, ask: float, *, bid_size: float = _DEEP, ask_size: float = _DEEP) -> None:
        """Move the market: everybody else's best bid and offer are these now.

        The strategy's orders that this trades through are filled first, at
        their own price; then it hears the quote.

        Raises:
            ValueError: If the bid is not below the offer.

        """
        if not bid < ask:
            raise ValueError(f"a bid of {bid} is not below an offer of {ask}")
        market = self._exchange.market(self._symbol)
        for order in self._touch:
            market.pull(order)
        placed = [self._offer(Side.BUY, bid, bid_size), self._offer(Side.SELL, ask, ask_size)]
        self._touch = [order for order in placed if order is not None]
        self._broker.report()
        self.tell(
            Quote(
                recv_ns=self.now_ns,
                venue_ns=self.now_ns,
                symbol=self._symbol,
                bid=bid,
                bid_size=bid_size,
                ask=ask,
                ask_size=ask_size,
            )
        )

    def trade(self, side: Side, size: float, price: float) -> None:
        """Let somebody trade: buy or sell at once what is offered at `price` or better, nearest first."""
        market = self._exchange.market(self._symbol)
        self._exchange.advance(self.now_ns)
        market.take(side, self._lots(size), self._ticks(price, side), self.now_ns)
        self._broker.report()
        self._trades += 1
        self.tell(
            Trade(
                recv_ns=self.now_ns,
                venue_ns=self.now_ns,
                symbol=self._symbol,
                price=price,
                size=size,
                side=side,
                trade_id=str(self._trades),
            )
        )

    def bars(self, *closes: float, interval: str = "") -> None:
        """Let bars go by, each closing at a price that the market then stands one tick round.

        Args:
            closes: Closing prices, each the opening price of the next bar.
            interval: Length of a bar; that of the strategy's first subscription if left out.

        Raises:
            ValueError: If the strategy has not subscribed to bars, so that nobody would hear.

        """
        interval = interval or self._subscribed_interval()
        tick = float(self.instrument.tick_size)
        for close in closes:
            self.wait(interval)
            self.quote(close - tick, close + tick)
            self._tell_bar(close, interval, self.now_ns - duration_ns(interval))

    def warm_up(self, *closes: float, interval: str = "") -> None:
        """Show bars that closed before the strategy started; the arguments are those of `bars`."""
        interval = interval or self._subscribed_interval()
        for age, close in zip(range(len(closes), 0, -1), closes, strict=True):
            self._tell_bar(close, interval, self.now_ns - age * duration_ns(interval), is_history=True)

    def wait(self, period: float | str) -> None:
        """Let time pass, in seconds or as `30s`, and timers ring when they are due."""
        until_ns = self.now_ns + (
            duration_ns(period) if isinstance(period, str) else round(period * NS_PER_S)
        )
        timers = self._engine.timers
        while (due_ns := timers.next_due_ns) is not None and due_ns <= until_ns:
            self._advance(due_ns)
            timer = timers.pop_due(self.now_ns)
            if timer is not None:
                self.tell(timer)
        self._advance(until_ns)

    def finish(self, name: str, result: object = None, *, error: str = "") -> None:
        """End outside work that the strategy has started, with a result or an error."""
        self.tasks.remove(name)
        encoded = "" if error else msgspec.json.encode(result).decode()
        self.tell(TaskDone(recv_ns=self.now_ns, strategy=self._name, name=name, result=encoded, error=error))

    def tell(self, event: AnyEvent) -> None:
        """Let anything else happen: funding, a lost connection, a trading state.

        Raises:
            HookFailed: If a hook of the strategy raised.

        """
        self._inbox.append(event)
        if len(self._inbox) > 1:
            return  # said while something else is being worked on; its turn comes
        try:
            while self._inbox:
                self._turn(self._inbox[0])
                self._inbox.popleft()
        finally:
            self._inbox.clear()

    @property
    def orders(self) -> list[Order]:
        """Return every order that the strategy asked for, refused ones included, oldest first."""
        found = (self._engine.blotter.get(order_id) for order_id in self._order_ids)
        return [order for order in found if order is not None]

    @property
    def open_orders(self) -> list[Order]:
        """Return the strategy's orders that may still trade, oldest first."""
        return [order for order in self.orders if order.is_open]

    @property
    def position(self) -> Position:
        """Return what the strategy holds."""
        return self._engine.accounts.position(self._name, self._symbol)

    def _turn(self, event: AnyEvent) -> None:
        if isinstance(event, Fill):
            self.fills.append(event)
        for effect in self._engine.process(event).effects:
            match effect:
                case Approved():
                    self._order_ids[effect.request.client_order_id] = None
                    self._broker.submit(effect)
                case CancelOrder():
                    self._broker.cancel(effect)
                case Refused():
                    self._order_ids[effect.client_order_id] = None
                    self.refusals.append(effect)
                case Note():
                    self.notes.append(effect)
                case Subscription():
                    self.subscriptions.append(effect)
                case Work():
                    effect.coroutine.close()
                    self.tasks.append(effect.name)
                case _:
                    pass  # what the journal keeps, and questions to a venue that has no doubts
        self._fail_with_the_hook()

    def _fail_with_the_hook(self) -> None:
        if any(desk.is_paused for desk in self._engine.desks.values()):
            told = self.notes[-1].fields
            raise HookFailed(f"{told['hook']} failed at {told['where']}: {told['error']}")

    def _advance(self, now_ns: int) -> None:
        self.now_ns = now_ns
        self._exchange.advance(now_ns)

    def _offer(self, side: Side, price: float, size: float) -> Resting | None:
        market = self._exchange.market(self._symbol)
        return market.quote(side, self._ticks(price, side), self._lots(size), self.now_ns)

    def _ticks(self, price: float, side: Side) -> int:
        return int(self.instrument.price(price, side) / self.instrument.tick_size)

    def _lots(self, size: float) -> int:
        return int(self.instrument.size(size) / self.instrument.lot_size)

    def _subscribed_interval(self) -> str:
        for subscription in self.subscriptions:
            if subscription.channel == "bars":
                return subscription.interval
        raise ValueError("nobody has subscribed to bars; run the strategy first, or name an interval")

    def _tell_bar(self, close: float, interval: str, open_ns: int, *, is_history: bool = False) -> None:
        opened = self._close or close
        self._close = close
        self.tell(
            Bar(
                recv_ns=self.now_ns,
                venue_ns=self.now_ns,
                symbol=self._symbol,
                interval=interval,
                open_ns=open_ns,
                open=opened,
                high=max(opened, close),
                low=min(opened, close),
                close=close,
                volume=1.0,
                is_history=is_history,
            )
        )


def _instrument(symbol: str) -> Instrument:
    base, quote, *rest = symbol.split("-")
    return Instrument(
        symbol=symbol,
        kind=InstrumentKind.SWAP if rest else InstrumentKind.SPOT,
        base=base,
        quote=quote,
        tick_size=Decimal("0.01"),
        lot_size=Decimal("0.0001"),
        min_size=Decimal("0.0001"),
    )


def _wide_limits(symbol: str) -> RiskLimits:
    much = Decimal(10**12)
    limits = InstrumentLimits(max_order_size=much, max_order_value=much, max_position_value=much)
    return RiskLimits(
        instruments={symbol: limits},
        max_open_orders=10**6,
        max_orders_per_s=10**6,
        price_collar_bps=10_000.0,
        max_data_age_s=1e9,
    )
