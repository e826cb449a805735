"""An engine with strategies at its desks, and a strategy that does what a test tells it."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable
from typing import Any, TypeVar

import msgspec

from botkit.engine.engine import Engine
from botkit.engine.step import Effect, Step, Work
from botkit.model.events import AnyEvent, Reconciled, Started, Timer, encode_event
from botkit.model.instrument import Instrument
from botkit.model.order import CancelOrder, NewOrder, Order, OrderChange
from botkit.risk.approval import Approved, Refused
from botkit.risk.gate import RiskGate
from botkit.risk.limits import RiskLimits
from botkit.strategy.desk import Desk
from botkit.strategy.strategy import Strategy
from tests.market import BTC_SWAP, NOON, limits, order_update, quote, spot, swap

T = TypeVar("T", bound=Strategy)
R = TypeVar("R")

ROOMY = limits(max_orders_per_s=1000, max_open_orders=100)


class Puppet(Strategy):
    """Does what a test tells it when its timer rings, and writes down what it hears.

    Attributes:
        heard: Hooks that were called, each with what it was about.
        deed: What to do when the timer rings next.

    """

    def __init__(self, *arguments: Any) -> None:
        super().__init__(*arguments)
        self.heard: list[str] = []
        self.deed: Callable[[], None] | None = None

    def on_start(self) -> None:
        self.heard.append("start")

    def on_stop(self) -> None:
        self.heard.append("stop")

    def on_quote(self, quote: Any) -> None:
        self.heard.append(f"quote {quote.mid:g}")

    def on_trade(self, trade: Any) -> None:
        self.heard.append(f"trade {trade.price:g}")

    def on_book(self, book: Any) -> None:
        self.heard.append(f"book {book.mid}")

    def on_bar(self, bar: Any) -> None:
        self.heard.append(f"bar {bar.close:g}")

    def on_funding(self, funding: Any) -> None:
        self.heard.append(f"funding {funding.rate:g}")

    def on_order(self, order: Any) -> None:
        self.heard.append(f"order {order.status.value}")

    def on_fill(self, fill: Any) -> None:
        self.heard.append(f"fill {fill.size}, holding {self.position(fill.symbol).size}")

    def on_timer(self, name: str) -> None:
        self.heard.append(f"timer {name}")
        deed, self.deed = self.deed, None
        if deed is not None:
            deed()

    def on_task(self, done: Any) -> None:
        self.heard.append(f"task {done.name}: {done.result or done.error}")

    def on_gap(self, gap: Any) -> None:
        self.heard.append(f"gap {gap.fills}")

    def on_state(self, state: Any, reason: str) -> None:
        self.heard.append(f"state {state.value}: {reason}")


class Rig:
    """Feeds an engine and keeps its steps.

    Attributes:
        engine: The engine.
        steps: Every step so far.
        now_ns: Time of the last event that was not stamped otherwise.

    """

    def __init__(
        self,
        allowed: RiskLimits = ROOMY,
        *,
        epoch: int = 1,
        instruments: Iterable[Instrument] = (spot(), swap()),
    ) -> None:
        self.engine = Engine(
            instruments={each.symbol: each for each in instruments}, gate=RiskGate(allowed), epoch=epoch
        )
        self.steps: list[Step] = []
        self.now_ns = NOON

    def seat(self, kind: type[T], name: str = "test", state: Any = None, **options: Any) -> T:
        """Seat a strategy; return it."""
        seated: list[T] = []

        def build(desk: Desk) -> T:
            seated.append(kind(name, kind.Params(), desk, state))
            return seated[0]

        self.engine.add_strategy(name, build, **options)
        return seated[0]

    def feed(self, *events: AnyEvent) -> Step:
        """Let things happen; return the last step."""
        self.steps += map(self.engine.process, events)
        return self.steps[-1]

    def begin(self) -> None:
        """Start, agree with the venue, and hear where the markets are."""
        self.feed(
            Started(recv_ns=self.now_ns, epoch=1),
            Reconciled(recv_ns=self.now_ns, fills=0, orders=0),
            quote(recv_ns=self.now_ns),
            quote(recv_ns=self.now_ns, symbol=BTC_SWAP),
        )

    def act(self, puppet: Puppet, deed: Callable[[], R]) -> R:
        """Let the puppet do something from within a hook; return what came of it."""
        results: list[R] = []
        puppet.deed = lambda: results.append(deed())
        self.feed(Timer(recv_ns=self.now_ns, strategy=puppet.name, name="act", due_ns=self.now_ns))
        return results[0]

    def wait(self, length_ns: int) -> None:
        """Let time pass, with prices as fresh as before."""
        self.now_ns += length_ns
        self.feed(quote(recv_ns=self.now_ns), quote(recv_ns=self.now_ns, symbol=BTC_SWAP))

    def hear(self, order: Order, change: OrderChange, **terms: Any) -> Step:
        """Let the venue say something about an order."""
        named = {"client_order_id": order.id, "symbol": order.symbol, "recv_ns": self.now_ns}
        return self.feed(order_update(change, **named | terms))

    @property
    def effects(self) -> tuple[Effect, ...]:
        """Return the effects of the last step."""
        return self.steps[-1].effects


def ready(kind: type[T], allowed: RiskLimits = ROOMY) -> tuple[Rig, T]:
    """Return a rig that has begun, with one strategy seated."""
    rig = Rig(allowed)
    strategy = rig.seat(kind)
    rig.begin()
    return rig, strategy


def plain(effect: Effect) -> object:
    """Return an effect as a value that compares and encodes."""
    if isinstance(effect, Approved):
        return effect.request
    return (effect.strategy, effect.name) if isinstance(effect, Work) else effect


def digest(steps: Iterable[Step]) -> str:
    """Return a hash that changes with the least thing in any of the steps."""
    total = hashlib.sha256()
    for step in steps:
        total.update(b"%d" % step.seq + encode_event(step.event))
        for effect in step.effects:
            total.update(type(effect).__name__.encode() + msgspec.json.encode(plain(effect)))
    return total.hexdigest()


def placed(step: Step) -> list[NewOrder]:
    """Return the new orders that a step sends."""
    requests = [effect.request for effect in step.effects if isinstance(effect, Approved)]
    return [request for request in requests if isinstance(request, NewOrder)]


def canceled(step: Step) -> list[str]:
    """Return the ids of the orders that a step asks to be canceled."""
    return [effect.client_order_id for effect in step.effects if isinstance(effect, CancelOrder)]


def refusals(step: Step) -> list[str]:
    """Return the rules that refused something in a step."""
    return [effect.rule for effect in step.effects if isinstance(effect, Refused)]
