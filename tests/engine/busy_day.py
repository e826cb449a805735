"""A random day: two strategies, and a venue that answers late, twice, out of order, or not at all.

The venue keeps its own, simple record of what is true. Whatever its answers look
like on their way, the engine must end up with the same.
"""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal
from random import Random

import msgspec

from botkit.engine.step import Step
from botkit.model.events import (
    AnyEvent,
    ConnectionChanged,
    OrderUpdate,
    Reconciled,
    StateChanged,
    TradingState,
)
from botkit.model.order import AmendOrder, CancelOrder, NewOrder, Order, OrderChange, OrderStatus
from botkit.model.portfolio import Fill
from botkit.model.side import Side
from botkit.risk.approval import Approved
from botkit.strategy.state import State
from tests.engine.rig import Puppet, Rig
from tests.market import BTC, BTC_SWAP, MS, S, balance, fill, position_report

_C = OrderChange


class Trader(Puppet):
    """A puppet that counts what it hears, and keeps the count over a restart."""

    class State(State):
        fills: int = 0

    def on_fill(self, fill: Fill) -> None:
        self.state.fills += 1


class Truth:
    """What is true of one order at the venue."""

    def __init__(self, request: NewOrder) -> None:
        self.request = request
        self.size = request.size
        self.limit_price = request.limit_price
        self.filled = Decimal(0)
        self.status = OrderStatus.OPEN

    @property
    def remaining(self) -> Decimal:
        return self.size - self.filled if self.status is OrderStatus.OPEN else Decimal(0)


class BusyDay:
    """A day that is the same for the same seed.

    Attributes:
        rig: The engine and its steps.
        traders: The strategies.
        truths: What is true at the venue, by order id; absent if the order never arrived.
        watch: Is called after each step.

    """

    def __init__(self, seed: int, watch: Callable[[BusyDay], None] | None = None) -> None:
        self.rig = Rig()
        self.traders = [self.rig.seat(Trader, "ema"), self.rig.seat(Trader, "quoter")]
        self.truths: dict[str, Truth] = {}
        self.held = {BTC: Decimal(0), BTC_SWAP: Decimal(0)}
        self._watch = watch
        self._random = Random(seed)
        self._mail: list[AnyEvent] = []
        self._lost: list[str] = []
        self._trades = 0

    def run(self, turns: int = 60) -> list[Step]:
        """Live through the day; at its end all mail has come."""
        self.live(turns)
        while self._mail:
            self._deliver()
        for order_id in self._lost:
            self._hear(self._update(order_id, _C.ABSENT))
        return self.rig.steps

    def live(self, turns: int) -> None:
        """Live through a day that breaks off in the middle, with mail still on its way."""
        self.rig.begin()
        deeds = [self._place, self._place, self._amend, self._cancel, self._trade, self._trade, self._deliver]
        deeds += [self._deliver, self._deliver, self._other]
        for _ in range(turns):
            self._random.choice(deeds)()

    def worst(self, symbol: str, side: Side) -> Decimal:
        """Return the position if everything that works at the venue on one side filled."""
        live = (
            t.remaining for t in self.truths.values() if (t.request.symbol, t.request.side) == (symbol, side)
        )
        return self.held[symbol] + side.sign * sum(live, Decimal(0))

    # ---- what strategies do

    def _place(self) -> None:
        trader, size = self._random.choice(self.traders), self._random.randint(1, 8)
        price = self._random.choice([99, 99.5, 100, None])
        verb = self._random.choice([trader.buy, trader.sell])
        self._act(trader, lambda: verb(self._random.choice([BTC, BTC_SWAP]), size / 2, limit_price=price))

    def _amend(self) -> None:
        order = self._open_order()
        if order is not None:
            size, price = self._random.randint(1, 8), self._random.choice([98, 99, 100])
            trader = self._owner(order)
            self._act(trader, lambda: trader.amend(order, size=size / 2, limit_price=price))

    def _cancel(self) -> None:
        order = self._open_order()
        if order is not None:
            trader = self._owner(order)
            self._act(trader, lambda: trader.cancel(order))

    def _act(self, trader: Puppet, deed: Callable[[], object]) -> None:
        before = len(self.rig.steps)
        self.rig.act(trader, deed)
        self._answer(self.rig.steps[before:])

    def _open_order(self) -> Order | None:
        orders = self.rig.engine.blotter.open_orders()
        return self._random.choice(orders) if orders else None

    def _owner(self, order: Order) -> Puppet:
        return next(trader for trader in self.traders if trader.name == order.strategy)

    # ---- what the venue does

    def _answer(self, steps: list[Step]) -> None:
        for effect in (effect for step in steps for effect in step.effects):
            if isinstance(effect, Approved) and isinstance(effect.request, NewOrder):
                self._take(effect.request)
            elif isinstance(effect, Approved) and isinstance(effect.request, AmendOrder):
                self._take_amendment(effect.request)
            elif isinstance(effect, CancelOrder):
                self._take_cancel(effect.client_order_id)
        if self._watch is not None:
            self._watch(self)

    def _take(self, request: NewOrder) -> None:
        fate = self._random.choice(["accept", "accept", "accept", "reject", "silent", "lost"])
        if fate == "reject":
            self.truths[request.client_order_id] = truth = Truth(request)
            truth.status = OrderStatus.REJECTED
            self._say(request.client_order_id, _C.REJECT, reason="the venue said no")
        elif fate == "lost":
            self._lost.append(request.client_order_id)
            self._say(request.client_order_id, _C.LOSE)
        else:
            self.truths[request.client_order_id] = Truth(request)
            if fate == "silent":  # the answer is lost, not the order
                self._say(request.client_order_id, _C.LOSE)
            self._say(request.client_order_id, _C.ACCEPT)

    def _take_amendment(self, request: AmendOrder) -> None:
        truth = self.truths.get(request.client_order_id)
        if truth is None or not truth.remaining or request.size <= truth.filled:
            self._say(request.client_order_id, _C.AMEND_FAIL, amend_id=request.amend_id)
            return
        truth.size, truth.limit_price = request.size, request.limit_price
        self._say(
            request.client_order_id,
            _C.AMEND,
            amend_id=request.amend_id,
            size=request.size,
            limit_price=request.limit_price,
        )

    def _take_cancel(self, order_id: str) -> None:
        truth = self.truths.get(order_id)
        if truth is None or not truth.remaining:
            self._say(order_id, _C.CANCEL_FAIL)
            return
        truth.status = OrderStatus.CANCELED
        self._say(order_id, _C.CANCEL, cumulative_size=truth.filled)

    def _trade(self) -> None:
        live = [truth for truth in self.truths.values() if truth.remaining]
        if not live:
            return
        truth = self._random.choice(live)
        size = min(truth.remaining, Decimal(self._random.randint(1, 4)) / 2)
        truth.filled += size
        self._trades += 1
        request = truth.request
        self.held[request.symbol] += request.side.sign * size
        self._mail.append(
            fill(
                str(size),
                str(truth.limit_price or 100),
                request.side,
                symbol=request.symbol,
                client_order_id=request.client_order_id,
                venue_order_id=f"v{request.client_order_id}",
                trade_id=str(self._trades),
                fee=-size / 1000,
                fee_currency="USDT",
            )
        )
        if not truth.remaining:
            truth.status = OrderStatus.FILLED
            self._say(request.client_order_id, _C.LAST_FILL, cumulative_size=truth.filled)

    def _say(self, order_id: str, change: OrderChange, **terms: object) -> None:
        self._mail.append(self._update(order_id, change, **terms))

    def _update(self, order_id: str, change: OrderChange, **terms: object) -> OrderUpdate:
        order = self.rig.engine.blotter.get(order_id)
        assert order is not None
        named = {"symbol": order.symbol, "client_order_id": order_id, "change": change}
        venue_order_id = f"v{order_id}" if order_id in self.truths else ""
        return OrderUpdate(recv_ns=0, venue_order_id=venue_order_id, **named | terms)  # type: ignore[arg-type]  # fields by name

    # ---- what comes, and when

    def _deliver(self) -> None:
        if not self._mail:
            return
        event = self._mail.pop(self._next_letter())
        self._hear(event)
        # Only the answer to an amendment is not repeated: an old one would bring old terms back.
        if self._random.random() < 0.2 and getattr(event, "change", None) is not _C.AMEND:
            self._mail.insert(self._random.randint(0, len(self._mail)), event)

    def _next_letter(self) -> int:
        """Choose any of the next few letters, but of one order's amendments and end the first."""
        chosen = self._random.randrange(min(4, len(self._mail)))
        event = self._mail[chosen]
        in_order = {_C.AMEND, _C.AMEND_FAIL, _C.CANCEL}
        if isinstance(event, OrderUpdate) and event.change in in_order:
            for place, earlier in enumerate(self._mail[:chosen]):
                if (
                    isinstance(earlier, OrderUpdate)
                    and earlier.client_order_id == event.client_order_id
                    and earlier.change in in_order
                ):
                    return place
        return chosen

    def _hear(self, event: AnyEvent) -> None:
        self._tick()
        self.rig.feed(msgspec.structs.replace(event, recv_ns=self.rig.now_ns))
        self._answer(self.rig.steps[-1:])

    def _other(self) -> None:
        states = [
            TradingState.REDUCE_ONLY,
            TradingState.CANCEL_ONLY,
            TradingState.ACTIVE,
            TradingState.ACTIVE,
        ]
        strange = fill("0.5", symbol=self._random.choice([BTC, BTC_SWAP]), client_order_id="", side=Side.SELL)
        scope = self._random.choice(["account", "ema", "quoter"])
        events: list[list[AnyEvent]] = [
            [StateChanged(recv_ns=0, state=self._random.choice(states), reason="a test", scope=scope)],
            [balance(str(self._random.randint(1, 100)))],
            [self._strange(strange)],
            [
                ConnectionChanged(recv_ns=0, feed="private", is_up=False, reason="silence"),
                ConnectionChanged(recv_ns=0, feed="private", is_up=True),
                position_report(str(self._random.randint(-3, 3))),
                Reconciled(recv_ns=0, fills=0, orders=0),
            ],
        ]
        for event in self._random.choice(events):
            self._hear(event)

    def _strange(self, event: Fill) -> Fill:
        self._trades += 1
        return msgspec.structs.replace(event, trade_id=str(self._trades), venue_order_id="stranger")

    def _tick(self) -> None:
        self.rig.wait(self._random.choice([1, MS, 50 * MS, S]))
