"""A bot on a venue, from the first connection to the last cancel.

    start ─► RECONCILING ──our books agree──► ACTIVE ──stop──► cancels, then the end
                  ▲                              │
                  └── private feed lost, back ◄──┘

It owns what runs beside the trading loop: asking the venue what is true after
every gap, timers, the repeated look at the key, outside work, and the end.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Coroutine, Sequence
from enum import Enum
from typing import TYPE_CHECKING, Any, Final

import msgspec
import structlog

from botkit.errors import BotkitError, KeyScopeError, LoginRefused, VenueError
from botkit.model.duration import NS_PER_S
from botkit.model.events import (
    ACCOUNT,
    ConnectionChanged,
    OrderUpdate,
    Reconciled,
    Started,
    StateChanged,
    Stopping,
    TaskDone,
    TradingState,
)
from botkit.model.order import OrderStatus
from botkit.model.portfolio import Balance, Fill, PositionReport
from botkit.risk.scope import KeyScope, ScopePolicy
from botkit.runtime.trading_loop import StepListener, TradingLoop
from botkit.runtime.warmup import Warmup

if TYPE_CHECKING:
    from botkit.clock import Clock
    from botkit.engine.engine import Engine
    from botkit.engine.step import Inquiry, Step, Work
    from botkit.journal.journal import Journal
    from botkit.model.events import AnyEvent
    from botkit.model.order import Order
    from botkit.strategy.desk import Subscription
    from botkit.venues.api import Venue

__all__ = ["Bot", "Ending"]

_ACCOUNT_EVENTS: Final = frozenset({OrderUpdate, Fill, Balance, PositionReport})
_SCOPE_EVERY_S: Final = 900.0
_CANCELS_WITHIN_S: Final = 5.0
_RETRY_S: Final = 2.0
_LOOK_BACK_NS: Final = 300 * NS_PER_S
_FOREVER_NS: Final = 3600 * NS_PER_S

_log = structlog.get_logger(__name__)


class Ending(Enum):
    """How a run ended."""

    CLEAN = "clean"
    ORDERS_LEFT = "orders left"
    KILLED = "killed"


class Bot:
    """Runs an engine on a venue."""

    def __init__(
        self,
        *,
        engine: Engine,
        journal: Journal,
        venue: Venue,
        policy: ScopePolicy,
        clock: Clock,
        version: str,
        last_seen_ns: int = 0,
        listeners: Sequence[StepListener] = (),
    ) -> None:
        """Store what it works with.

        Args:
            engine: With its strategies seated and its past recovered.
            journal: Open, of this boot.
            venue: Open; its key has passed the scope check.
            policy: What the key is held to for as long as the bot runs.
            clock: Stamps what the bot itself causes.
            version: Of botkit, for the journal.
            last_seen_ns: When the journal's last record was made, 0 if there is none.
            listeners: Are shown every step.

        """
        self._engine = engine
        self._journal = journal
        self._venue = venue
        self._policy = policy
        self._clock = clock
        self._version = version
        self._since_ns = last_seen_ns - _LOOK_BACK_NS if last_seen_ns else clock.now_ns()
        self._tasks: asyncio.TaskGroup | None = None
        self._running: set[asyncio.Task[None]] = set()
        self._private_up = asyncio.Event()
        self._private_changes = 0
        self._scope_due = asyncio.Event()
        self._is_reconciling = False
        self._held: list[AnyEvent] = []
        self._asking: set[str] = set()
        self._doubted: set[str] = set()
        self._waiting: list[Subscription] = []
        self._alarm = asyncio.Event()
        self._alarm_ns = 0
        self._changed = asyncio.Event()
        self._loop = TradingLoop(
            engine,
            journal,
            venue,
            subscribe=self._subscribe,
            inquire=self._inquire,
            start_work=self._start_work,
            listeners=(*listeners, self._after_step),
        )
        self._warmup = Warmup(venue, self._loop.feed)

    def take(self, event: AnyEvent) -> None:
        """Take an event from the venue; this is its `EventSink`."""
        if self._is_reconciling and type(event) in _ACCOUNT_EVENTS:
            self._held.append(event)
        elif not self._warmup.holds(event):
            self._loop.feed(event)
            if type(event) is ConnectionChanged and event.feed == "private":
                self._on_private_feed(event)

    async def run(self, stop: asyncio.Event) -> Ending:
        """Trade until `stop` is set or something ends it.

        Raises:
            LoginRefused: If the venue does not accept the key any more.
            KeyScopeError: If the key's rights have changed; orders were canceled first.
            InvariantError: If botkit is wrong.
            ConfigError: If a strategy asks for what the configuration does not allow.

        """
        try:
            async with asyncio.TaskGroup() as self._tasks:
                self._loop.feed(
                    Started(recv_ns=self._clock.now_ns(), epoch=self._journal.epoch, version=self._version)
                )
                beside = [
                    self._tasks.create_task(self._venue.run(self.take), name="venue"),
                    self._tasks.create_task(self._watch_scope(), name="key scope"),
                    self._tasks.create_task(self._ring(), name="timers"),
                ]
                await stop.wait()
                await self._wind_up("asked to stop")
                for task in (*beside, *self._running):
                    task.cancel()
        except BaseExceptionGroup as group:
            raise _first_cause(group) from group
        return self._ending()

    async def _wind_up(self, reason: str) -> None:
        """Let strategies stop, and wait a moment for the cancels to be confirmed."""
        self._loop.feed(Stopping(recv_ns=self._clock.now_ns(), reason=reason))
        try:
            async with asyncio.timeout(_CANCELS_WITHIN_S):
                while self.left:
                    self._changed.clear()
                    await self._changed.wait()
        except TimeoutError:
            left = [order.id for order in self.left]
            _log.error("orders left working", orders=left, remedy="cancel them at the venue, or start again")

    @property
    def left(self) -> list[Order]:
        """Return the orders that may still work and should not once the run is over."""
        return [order for order in self._engine.blotter.open_orders() if self._is_unwanted(order)]

    def _is_unwanted(self, order: Order) -> bool:
        engine = self._engine
        states = {engine.states.get(ACCOUNT), engine.states.get(order.strategy)}
        desk = engine.desks.get(order.strategy)
        return TradingState.KILLED in states or desk is None or desk.cancels_on_stop

    def _ending(self) -> Ending:
        if self._engine.states.get(ACCOUNT) is TradingState.KILLED:
            return Ending.KILLED
        return Ending.ORDERS_LEFT if self.left else Ending.CLEAN

    def _after_step(self, _: Step) -> None:
        self._changed.set()
        due_ns = self._engine.timers.next_due_ns
        if due_ns is not None and due_ns < self._alarm_ns:
            self._alarm.set()

    async def _ring(self) -> None:
        """Hand out timers when they are due, or a little later."""
        while True:
            now_ns = self._clock.now_ns()
            due_ns = self._engine.timers.next_due_ns
            self._alarm_ns = now_ns + _FOREVER_NS if due_ns is None else due_ns
            self._alarm.clear()
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(max(0, self._alarm_ns - now_ns) / NS_PER_S):
                    await self._alarm.wait()
            self._loop.ring(self._clock.now_ns())

    def _subscribe(self, subscription: Subscription) -> None:
        # Market data before the books agree would only provoke orders that are held back.
        if not self._engine.is_reconciled:
            self._waiting.append(subscription)
        elif subscription.warmup:
            self._spawn(self._warmup.begin(subscription), f"warm-up {subscription.symbol}")
        else:
            self._venue.subscribe(subscription)

    def _on_private_feed(self, event: ConnectionChanged) -> None:
        self._private_changes += 1
        if not event.is_up:
            self._private_up.clear()
            return
        self._private_up.set()
        if self._private_changes > 1:  # the first connection follows the check at the start
            self._scope_due.set()
        if not self._is_reconciling:
            self._is_reconciling = True
            self._spawn(self._reconcile(), "reconciliation")

    async def _reconcile(self) -> None:
        """Ask the venue what is true until it has told, then let everything through in order."""
        while True:
            await self._private_up.wait()
            changes = self._private_changes
            asked_ns = self._clock.now_ns()
            open_orders = self._engine.blotter.open_orders()
            told = await self._told(open_orders)
            # What was told before the feed was lost again is not enough.
            if changes == self._private_changes:
                break
        self._since_ns = asked_ns - _LOOK_BACK_NS
        self._settle(told, open_orders)

    def _settle(self, told: list[AnyEvent], open_orders: list[Order]) -> None:
        before = [(order, order.status, order.filled_size) for order in open_orders]
        fills = 0
        for event in told:
            fills += isinstance(event, Fill) and not self._engine.blotter.is_booked(event)
            self._loop.feed(event)
        held, self._held = self._held, []
        self._is_reconciling = False
        for event in held:
            self._loop.feed(event)
        changed = sum((order.status, order.filled_size) != (status, size) for order, status, size in before)
        self._loop.feed(Reconciled(recv_ns=self._clock.now_ns(), fills=fills, orders=changed))
        waiting, self._waiting = self._waiting, []
        for subscription in waiting:
            self._subscribe(subscription)
        for order in open_orders:
            if order.status is OrderStatus.UNKNOWN:
                self._ask_about(order.id)

    async def _told(self, open_orders: list[Order]) -> list[AnyEvent]:
        while True:
            try:
                return await self._venue.reconcile(open_orders, self._since_ns)
            except LoginRefused:
                raise
            except VenueError as error:
                _log.warning("reconciliation failed", error=str(error), retry_in_s=_RETRY_S)
                await asyncio.sleep(_RETRY_S)

    def _inquire(self, inquiry: Inquiry) -> None:
        self._ask_about(inquiry.client_order_id)

    def _ask_about(self, client_order_id: str) -> None:
        self._doubted.add(client_order_id)
        if client_order_id not in self._asking:
            self._asking.add(client_order_id)
            self._spawn(self._resolve(client_order_id), f"inquiry {client_order_id}")

    async def _resolve(self, client_order_id: str) -> None:
        """Ask what is true of one order until the venue has told, and nothing has raised a doubt since."""
        try:
            while client_order_id in self._doubted:
                order = self._engine.blotter.get(client_order_id)
                if order is None or not order.is_open:
                    return
                self._doubted.discard(client_order_id)
                await self._ask_once_about(order)
                if client_order_id in self._doubted:
                    await asyncio.sleep(_RETRY_S)
        finally:
            self._doubted.discard(client_order_id)
            self._asking.discard(client_order_id)

    async def _ask_once_about(self, order: Order) -> None:
        try:
            told = await self._venue.resolve(order)
        except LoginRefused:
            raise
        except VenueError as error:
            _log.warning("order not resolved", order=order.id, error=str(error), retry_in_s=_RETRY_S)
            self._doubted.add(order.id)
            return
        for event in told:
            self.take(event)

    def _start_work(self, work: Work) -> None:
        self._spawn(self._work(work), f"{work.strategy}: {work.name}")

    async def _work(self, work: Work) -> None:
        result = error = ""
        try:
            result = msgspec.json.encode(await work.coroutine).decode()
        except Exception as failure:  # noqa: BLE001 - the fence round the user's code
            error = f"{type(failure).__name__}: {failure}"
        now_ns = self._clock.now_ns()
        self._loop.feed(
            TaskDone(recv_ns=now_ns, strategy=work.strategy, name=work.name, result=result, error=error)
        )

    async def _watch_scope(self) -> None:
        """Ask after every reconnection, and now and then, what the key may do; kill if it is too much."""
        while True:
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(_SCOPE_EVERY_S):
                    await self._scope_due.wait()
            self._scope_due.clear()
            try:
                scope = KeyScope.judge(await self._venue.describe_key(), self._policy)
            except LoginRefused:
                raise
            except VenueError as error:
                _log.warning("key scope not checked", error=str(error))
                continue
            if not scope.is_trade_only:
                reason = "; ".join(scope.findings)
                now_ns = self._clock.now_ns()
                self._loop.feed(StateChanged(recv_ns=now_ns, state=TradingState.KILLED, reason=reason))
                await self._wind_up("the key's rights have changed")
                raise KeyScopeError(scope.findings)

    def _spawn(self, work: Coroutine[Any, Any, None], name: str) -> None:
        assert self._tasks is not None, "nothing is spawned before run()"
        task = self._tasks.create_task(work, name=name)
        self._running.add(task)
        task.add_done_callback(self._running.discard)


def _first_cause(group: BaseExceptionGroup[BaseException]) -> BaseException:
    """Return the error that ended the run, rather than a group of what it ended."""
    for error in group.exceptions:
        if isinstance(error, BaseExceptionGroup):
            return _first_cause(error)
        if isinstance(error, BotkitError):
            return error
    return group.exceptions[0]
