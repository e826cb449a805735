"""The engine: one event in, one step out. Synchronous, without I/O, the same every time.

    event ──► 1 books, orders and positions take it in
              2 the hooks of the strategies concerned are called
              3 each order they ask for is reviewed by the gate
              4 Step(seq, event, effects) ──► whoever runs the engine acts on it

The engine never asks what time it is: `now_ns` is the latest `recv_ns` it was
shown. Same events, same steps, whoever runs it.
"""

from __future__ import annotations

from collections import deque
from typing import TYPE_CHECKING, Final

from botkit.engine.accounts import Accounts
from botkit.engine.blotter import Blotter
from botkit.engine.desk import EngineDesk
from botkit.engine.ids import OrderIds
from botkit.engine.market import Market
from botkit.engine.reactions import REACTIONS
from botkit.engine.step import Step
from botkit.engine.timers import Timers
from botkit.errors import ConfigError, InvariantError
from botkit.model.duration import NS_PER_S
from botkit.model.events import ACCOUNT, TradingState
from botkit.model.market import Bar
from botkit.model.note import Note
from botkit.model.order import CancelOrder
from botkit.model.side import Side
from botkit.risk.rules import Facts
from botkit.strategy.desk import Subscription

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from botkit.engine.step import Effect
    from botkit.model.events import AnyEvent
    from botkit.model.instrument import Instrument
    from botkit.model.order import Order
    from botkit.risk.gate import RiskGate
    from botkit.strategy.desk import Desk
    from botkit.strategy.strategy import Strategy

__all__ = ["Engine"]

_ASK_AGAIN_NS: Final = 2 * NS_PER_S
_MOST_TOLD: Final = 1000
_SEVERITY: Final = {
    TradingState.ACTIVE: 0,
    TradingState.RECONCILING: 1,
    TradingState.REDUCE_ONLY: 2,
    TradingState.CANCEL_ONLY: 3,
    TradingState.KILLED: 4,
}


class Engine:
    """Owns the bot's state; strategies reach it through their desks only.

    Attributes:
        now_ns: Time of the latest event.
        is_reconciled: Our books and the venue's agree; until then orders that open are held.
        is_stopping: Strategies were told that the run ends; from then on only cancels pass.
        desks: One for each strategy, in the order they were added.

    """

    def __init__(
        self,
        *,
        instruments: Mapping[str, Instrument],
        gate: RiskGate,
        order_prefix: str = "bk",
        epoch: int = 1,
        order_lifetime_s: float = 4.0,
    ) -> None:
        self.now_ns = 0
        self.is_reconciled = False
        self.is_stopping = False
        self.instruments = instruments
        self.gate = gate
        self.ids = OrderIds(order_prefix, epoch)
        self.blotter = Blotter()
        self.accounts = Accounts(instruments)
        self.market = Market()
        self.timers = Timers()
        self.desks: dict[str, EngineDesk] = {}
        self.states: dict[str, TradingState] = {}
        self.listeners: dict[tuple[str, str, str], list[EngineDesk]] = {}
        self._order_lifetime_ns = round(order_lifetime_s * NS_PER_S)
        self._wanted: dict[tuple[str, str, str], Subscription] = {}
        self._shows_past = False
        self._seq = 0
        self._effects: list[Effect] = []
        self._told_later: deque[tuple[EngineDesk, Order]] = deque()

    def add_strategy(
        self, name: str, build: Callable[[Desk], Strategy], *, cancels_on_stop: bool = True
    ) -> None:
        """Seat a strategy.

        Args:
            name: What it is called; part of the journal, so it should stay the same.
            build: Gets its desk and returns the strategy.
            cancels_on_stop: Its open orders are canceled when the bot stops.

        Raises:
            ConfigError: If the name is taken.

        """
        if name in self.desks or name == ACCOUNT:
            raise ConfigError(f"two strategies are named {name!r}", remedy="give each its own name")
        desk = EngineDesk(name, self, cancels_on_stop=cancels_on_stop)
        desk.seat(build(desk))
        self.desks[name] = desk

    def process(self, event: AnyEvent) -> Step:
        """Take in one event; return what it did.

        Raises:
            InvariantError: If the event cannot happen; stop trading.
            ConfigError: If a strategy asks at its start for what the configuration does not allow.

        """
        self.now_ns = max(self.now_ns, event.recv_ns)
        self._seq += 1
        self._shows_past = type(event) is Bar and event.is_history
        react = REACTIONS.get(type(event))
        if react is None:
            raise InvariantError(f"no reaction to {type(event).__name__}")
        react(self, event)
        if self._told_later:
            self._tell_orders()
        if not self._effects:
            return Step(self._seq, event)
        effects = tuple(self._effects)
        self._effects.clear()
        return Step(self._seq, event, effects)

    def call(self, desk: EngineDesk, hook: Callable[..., None], *arguments: object) -> None:
        """Call a strategy's hook; one that fails pauses its strategy, and only that one."""
        if desk.is_paused:
            return
        try:
            try:
                hook(*arguments)
            finally:
                desk.save_state()
        except InvariantError:
            raise
        except Exception as error:  # noqa: BLE001 - the fence round the user's code
            self._pause(desk, hook.__name__, f"{type(error).__name__}: {error}", _place_of(error))

    def start(self, desk: EngineDesk) -> None:
        """Call a strategy's `on_start`; what the operator has to mend ends the run before it has begun."""
        mistakes: list[ConfigError] = []

        def on_start() -> None:
            try:
                desk.strategy.on_start()
            except ConfigError as error:
                mistakes.append(error)

        self.call(desk, on_start)
        if mistakes:
            raise mistakes[0]

    def emit(self, effect: Effect) -> None:
        """Add an effect to the step under way."""
        self._effects.append(effect)

    def defer_order_hook(self, order: Order) -> None:
        """Call `on_order` when the hook under way has returned, so that hooks never nest."""
        desk = self.desks.get(order.strategy)
        if desk is not None:
            self._told_later.append((desk, order))

    def cancel(self, order: Order) -> None:
        """Ask for an order to be canceled; asking again within two seconds does nothing."""
        asked_ns = order.cancel_requested_ns
        if order.is_open and not (asked_ns and self.now_ns - asked_ns < _ASK_AGAIN_NS):
            order.cancel_requested_ns = self.now_ns
            self.emit(CancelOrder(client_order_id=order.id, strategy=order.strategy, symbol=order.symbol))

    def cancel_all(self, strategy: str) -> None:
        """Ask for every open order of a strategy to be canceled."""
        for order in self.blotter.open_orders():
            if order.strategy == strategy:
                self.cancel(order)

    def subscribe(self, desk: EngineDesk, subscription: Subscription) -> None:
        """Deliver these events to the desk; ask for them, once, and for the quotes that price its orders."""
        key = (subscription.channel, subscription.symbol, subscription.interval)
        seats = self.listeners.setdefault(key, [])
        if desk not in seats:
            seats.append(desk)
        self._want(Subscription(channel="quotes", symbol=subscription.symbol))
        self._want(subscription)

    def tell_state(self, reason: str) -> None:
        """Tell every strategy whose trading state is no longer the one it was last told."""
        for desk in self.desks.values():
            state = self.state(desk)
            if state is not desk.told_state:
                desk.told_state = state
                self.call(desk, desk.strategy.on_state, state, reason)

    def facts(self, desk: EngineDesk, symbol: str, excluding: str = "") -> Facts:
        """Return what the gate may know now; the order named by `excluding` is not counted."""
        price, heard_ns = self.market.reference(symbol)
        return Facts(
            now_ns=self.now_ns,
            state=self.state(desk),
            instrument=self.instruments.get(symbol),
            reference_price=price,
            reference_ns=heard_ns,
            position=self.accounts.account_position(symbol),
            working_buys=self.blotter.working(symbol, Side.BUY, excluding),
            working_sells=self.blotter.working(symbol, Side.SELL, excluding),
            open_orders=self.blotter.open_count,
            is_warming_up=self._shows_past,
        )

    def state(self, desk: EngineDesk | None = None) -> TradingState:
        """Return the most restrictive state in force, for one strategy or for the account."""
        if self._is_plain_sailing and (desk is None or not desk.is_paused):
            return TradingState.ACTIVE
        states = [self.states.get(ACCOUNT, TradingState.ACTIVE)]
        if not self.is_reconciled:
            states.append(TradingState.RECONCILING)
        if self.is_stopping:
            states.append(TradingState.CANCEL_ONLY)
        if desk is not None:
            states.append(self.states.get(desk.name, TradingState.ACTIVE))
            if desk.is_paused:
                states.append(TradingState.CANCEL_ONLY)
        return max(states, key=_SEVERITY.__getitem__)

    @property
    def _is_plain_sailing(self) -> bool:
        # The usual case, asked for with every order.
        return self.is_reconciled and not self.is_stopping and not self.states

    def deadline_ns(self) -> int:
        """Return the moment after which the venue must drop an order made now."""
        return self.now_ns + self._order_lifetime_ns

    def _tell_orders(self) -> None:
        told: dict[str, int] = {}
        while self._told_later:
            desk, order = self._told_later.popleft()
            count = told[desk.name] = told.get(desk.name, 0) + 1
            if count == _MOST_TOLD:  # or a strategy that answers refusals with orders would never end
                self._pause(desk, "on_order", f"it was called {count} times in a row", "")
            self.call(desk, desk.strategy.on_order, order)

    def _want(self, wanted: Subscription) -> None:
        key = (wanted.channel, wanted.symbol, wanted.interval)
        known = self._wanted.get(key)
        if known is not None and known.warmup >= wanted.warmup:
            return
        self._wanted[key] = wanted
        if known in self._effects:  # in the same step: the longer past serves both
            self._effects[self._effects.index(known)] = wanted
        else:
            self.emit(wanted)

    def _pause(self, desk: EngineDesk, hook: str, error: str, where: str) -> None:
        desk.is_paused = True
        fields = {"hook": hook, "error": error, "where": where}
        self.emit(
            Note(strategy=desk.name, level="error", text="strategy paused: a hook failed", fields=fields)
        )
        if desk.cancels_on_stop:  # nobody watches its orders any more
            self.cancel_all(desk.name)


def _place_of(error: Exception) -> str:
    place = error.__traceback__
    while place is not None and place.tb_next is not None:
        place = place.tb_next
    return "" if place is None else f"{place.tb_frame.f_code.co_filename}:{place.tb_lineno}"
