"""Where the engine meets the world: journal first, then the venue, then whoever listens.

    event ──► Engine.process ──► journal ──► broker, feed, outside work ──► listeners

One synchronous run, from the socket's bytes to the order's. What a broker says
while it is being talked to waits in line, first in first out, so that steps
never nest.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any, Final

from botkit.engine.step import Inquiry, Work
from botkit.errors import JournalError
from botkit.journal.records import KINDS
from botkit.model.events import ACCOUNT, OrderUpdate, StateChanged, TradingState
from botkit.model.order import AmendOrder, CancelOrder, NewOrder, OrderChange
from botkit.risk.approval import Approved
from botkit.strategy.desk import Subscription

if TYPE_CHECKING:
    from botkit.engine.engine import Engine
    from botkit.engine.step import Effect, Step
    from botkit.journal.journal import Journal
    from botkit.model.events import AnyEvent
    from botkit.venues.api import Broker

__all__ = ["StepListener", "TradingLoop"]

StepListener = Callable[["Step"], None]

_ORDERLESS: Final = frozenset({TradingState.CANCEL_ONLY, TradingState.KILLED})
_NOT_WRITTEN: Final = "the journal could not be written, so nothing was sent"


class TradingLoop:
    """Feeds events to the engine and acts on what comes out, in order.

    Args:
        engine: What decides.
        journal: What remembers.
        broker: Where approved orders and cancels go.
        subscribe: Takes market data wishes.
        inquire: Takes doubts about an order, to ask the venue.
        start_work: Takes outside work of strategies.
        listeners: Are shown every step, after it was acted on.

    """

    def __init__(
        self,
        engine: Engine,
        journal: Journal,
        broker: Broker,
        *,
        subscribe: Callable[[Subscription], None],
        inquire: Callable[[Inquiry], None],
        start_work: Callable[[Work], None],
        listeners: Sequence[StepListener] = (),
    ) -> None:
        self._engine = engine
        self._journal = journal
        self._broker = broker
        self._listeners = listeners
        self._inbox: deque[AnyEvent] = deque()
        self._is_running = False
        self._acts: dict[type, Callable[[Any], None]] = {
            Approved: broker.submit,
            CancelOrder: broker.cancel,
            Subscription: subscribe,
            Inquiry: inquire,
            Work: start_work,
        }

    def feed(self, event: AnyEvent) -> None:
        """Take in an event and everything that follows from it.

        Raises:
            InvariantError: If the event cannot happen; stop trading.
            ConfigError: If a strategy asks for what the configuration does not allow.

        """
        self._inbox.append(event)
        if self._is_running:
            return
        self._is_running = True
        try:
            while self._inbox:
                self._turn(self._inbox.popleft())
        finally:
            self._is_running = False

    def ring(self, now_ns: int) -> None:
        """Hand out the timers that are due."""
        while (timer := self._engine.timers.pop_due(now_ns)) is not None:
            self.feed(timer)

    def _turn(self, event: AnyEvent) -> None:
        step = self._engine.process(event)
        if step.effects or type(event) in KINDS:
            self._keep_and_act(step)
        for listen in self._listeners:
            listen(step)

    def _keep_and_act(self, step: Step) -> None:
        try:
            self._journal.record(step)
        except JournalError as error:
            self._withhold(step, str(error))
            return
        for effect in step.effects:
            self._act(effect)

    def _act(self, effect: Effect) -> None:
        act = self._acts.get(type(effect))
        if act is not None:
            act(effect)

    def _withhold(self, step: Step, reason: str) -> None:
        """Send no order that is not on record; cancels, and all else that trades nothing, go on."""
        now_ns = step.event.recv_ns
        # First of all strategies hear that they may not order, or they would try again at each failure.
        self._allow_cancels_only(now_ns, reason)
        for effect in step.effects:
            if isinstance(effect, Approved):
                self._inbox.append(_never_sent(effect.request, now_ns))
            else:
                self._act(effect)

    def _allow_cancels_only(self, now_ns: int, reason: str) -> None:
        waiting = [event for event in self._inbox if isinstance(event, StateChanged)]
        states = [event.state for event in waiting if event.scope == ACCOUNT]
        state = states[-1] if states else self._engine.states.get(ACCOUNT)
        if state not in _ORDERLESS:
            self._inbox.append(StateChanged(recv_ns=now_ns, state=TradingState.CANCEL_ONLY, reason=reason))


def _never_sent(request: NewOrder | AmendOrder, now_ns: int) -> OrderUpdate:
    is_new = isinstance(request, NewOrder)
    return OrderUpdate(
        recv_ns=now_ns,
        symbol=request.symbol,
        client_order_id=request.client_order_id,
        change=OrderChange.REJECT if is_new else OrderChange.AMEND_FAIL,
        amend_id=request.amend_id if isinstance(request, AmendOrder) else "",
        reason=_NOT_WRITTEN,
    )
