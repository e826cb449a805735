"""The class a trading idea is written as: hooks that hear, verbs that act.

    Watcher     what it sees: subscriptions, timers, book, position, time
       └── Trader       what it does: buy, sell, quote, close, cancel
              └── Strategy     what it hears: on_bar, on_fill, on_timer ...

An author overrides hooks and calls verbs. Nothing else reaches a strategy and
nothing else leaves it, so the same class runs live, on paper and over history.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Coroutine
from difflib import get_close_matches
from typing import Any, ClassVar, Final

import msgspec

from botkit.errors import StrategyError
from botkit.model.book import OrderBook
from botkit.model.events import Reconciled, TaskDone, TradingState
from botkit.model.market import Bar, Funding, Quote, Trade
from botkit.model.order import Order
from botkit.model.portfolio import Fill
from botkit.strategy.desk import Desk, LogField
from botkit.strategy.log import Log
from botkit.strategy.params import Params as AnyParams
from botkit.strategy.state import State as AnyState
from botkit.strategy.trader import Trader

__all__ = ["HOOKS", "Strategy"]


class Strategy(Trader):
    """A trading idea. Subclass it, name its `Params`, override the hooks it needs.

    Hooks are plain functions and run to their end before the next event comes:
    across an `await` the book, the position and the risk state may all have
    changed, and the run would no longer replay.

    Attributes:
        Params: The strategy's parameters, a nested subclass of `botkit.Params`.
        State: What it keeps over a restart, a nested subclass of `botkit.State`.
        name: What the configuration calls this instance.
        params: An instance of `Params`. Typed loosely, here and `state`, so that
            `self.params.fast` needs no annotation: a base class cannot name the nested
            class of its subclasses.
        state: An instance of `State`.
        log: `log.info("crossed", fast=1.5)` and its levels.

    """

    Params: ClassVar[type[AnyParams]] = AnyParams
    State: ClassVar[type[AnyState]] = AnyState

    params: Any
    state: Any

    def __init__(self, name: str, params: AnyParams, desk: Desk, state: AnyState | None = None) -> None:
        super().__init__(desk)
        self.name = name
        self.params = params
        self.state = self.State() if state is None else state
        self.log = Log(desk)

    def __init_subclass__(cls) -> None:
        _check_hooks(cls)
        _check_parts(cls)

    def note(self, text: str, /, **fields: LogField) -> None:
        """Record why something was done, or was not, in the log and in the journal."""
        self.log.info(text, **fields)

    def run(self, work: Coroutine[Any, Any, Any], name: str) -> None:
        """Start slow or outside work; its result comes back as JSON in `on_task`.

        A replay takes the result from the journal and does not start the work.
        """
        self._desk.run(work, name)

    def on_start(self) -> None:
        """Subscribe, set timers, make indicators. Orders of an earlier run are in `open_orders()`."""

    def on_stop(self) -> None:
        """Clean up: cancels still pass, and what else is asked for may not be answered."""

    def on_quote(self, quote: Quote) -> None:
        """Hear the best bid and offer."""

    def on_trade(self, trade: Trade) -> None:
        """Hear that somebody traded."""

    def on_book(self, book: OrderBook) -> None:
        """Hear that the order book changed; it is empty while it is not to be trusted."""

    def on_bar(self, bar: Bar) -> None:
        """Hear that a bar closed; `bar.is_history` marks those that only warm up."""

    def on_funding(self, funding: Funding) -> None:
        """Hear a swap's funding rate."""

    def on_order(self, order: Order) -> None:
        """Hear that an order's status or terms changed, a refusal included."""

    def on_fill(self, fill: Fill) -> None:
        """Hear that an order traded; `position()` includes it already."""

    def on_timer(self, name: str) -> None:
        """Hear that a moment asked for with `every` or `at` has come."""

    def on_task(self, done: TaskDone) -> None:
        """Hear what became of work started with `run`."""

    def on_gap(self, gap: Reconciled) -> None:
        """Hear that the connection had been lost and the books agree again; missed fills came before."""

    def on_state(self, state: TradingState, reason: str) -> None:
        """Hear what may be traded from now on."""


HOOKS: Final[dict[str, Callable[..., None]]] = {
    name: hook for name, hook in vars(Strategy).items() if name.startswith("on_")
}
"""Every hook by its name, as `Strategy` declares it: doing nothing."""


def _check_hooks(cls: type[Strategy]) -> None:
    for name in dir(cls):
        if name.startswith("on_"):
            hook = getattr(cls, name)
            if name not in HOOKS:
                near = get_close_matches(name, HOOKS, n=1)
                remedy = f"did you mean {near[0]}?" if near else f"the hooks are: {', '.join(HOOKS)}"
                raise StrategyError(f"{cls.__name__}.{name} is not a hook", remedy=remedy, where=_line(hook))
            if hook is not HOOKS[name]:
                _check_hook(cls, name, hook)


def _check_hook(cls: type[Strategy], name: str, hook: Callable[..., object]) -> None:
    called = f"{cls.__name__}.{name}"
    if inspect.iscoroutinefunction(hook) or inspect.isasyncgenfunction(hook):
        raise StrategyError(
            f"{called} is `async def`; hooks are plain `def`, because across an await the book, the "
            "position and the risk state may all have changed, and the run would no longer replay",
            remedy="hand slow or outside work to self.run(coroutine, name); its result comes to on_task",
            where=_line(hook),
        )
    if inspect.isgeneratorfunction(hook):
        raise StrategyError(f"{called} contains `yield`, so calling it does nothing", where=_line(hook))
    wanted = inspect.signature(HOOKS[name])
    try:
        inspect.signature(hook).bind(*wanted.parameters)
    except TypeError as error:
        declared = f"def {name}({', '.join(wanted.parameters)})"
        raise StrategyError(
            f"{called} takes other arguments: {error}", remedy=f"declare it as {declared}", where=_line(hook)
        ) from error


def _check_parts(cls: type[Strategy]) -> None:
    for name, kind in (("Params", AnyParams), ("State", AnyState)):
        part: object = getattr(cls, name)
        if not (isinstance(part, type) and issubclass(part, kind)):
            raise StrategyError(f"{cls.__name__}.{name} is not a subclass of botkit.{name}")
    try:
        msgspec.json.decode(msgspec.json.encode(cls.State()), type=cls.State)
    except (NameError, TypeError, msgspec.MsgspecError) as error:
        raise StrategyError(
            f"{cls.__name__}.State cannot be kept over a restart: {error}",
            remedy="give every field a default and a type that JSON can carry",
        ) from error


def _line(hook: Callable[..., object]) -> str:
    code = getattr(inspect.unwrap(hook), "__code__", None)
    return f"{code.co_filename}:{code.co_firstlineno}" if code else ""
