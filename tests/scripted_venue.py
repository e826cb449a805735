"""A venue that answers by script and writes down what it is asked and told."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable, Iterable, Sequence
from typing import Generic, TypeVar

from botkit.clock import Clock
from botkit.model.events import AnyEvent, ConnectionChanged
from botkit.model.instrument import Instrument
from botkit.model.market import Bar
from botkit.model.order import AmendOrder, CancelOrder, NewOrder, Order
from botkit.risk.approval import Approved
from botkit.risk.scope import KeyReport
from botkit.strategy.desk import Subscription
from botkit.venues.api import EventSink

__all__ = ["TRADE_ONLY", "Question", "ScriptedVenue"]

AnswerT = TypeVar("AnswerT")
Request = NewOrder | AmendOrder

TRADE_ONLY = KeyReport(
    permissions=("read_only", "trade"), ips=("127.0.0.1",), is_master=False, is_lead_trader=False
)


class Question(Generic[AnswerT]):
    """Something that the venue can be asked.

    Attributes:
        asked: What it was asked with, each time.
        answers: What it will answer, one after the other: a value, an error, or a future of either
            for an answer that takes its time; when there are no more, the usual answer.

    """

    def __init__(self, usual: AnswerT) -> None:
        self.asked: list[tuple[object, ...]] = []
        self.answers: deque[AnswerT | Exception | asyncio.Future[AnswerT]] = deque()
        self._usual = usual

    async def ask(self, *arguments: object) -> AnswerT:
        self.asked.append(arguments)
        answer = self.answers.popleft() if self.answers else self._usual
        await asyncio.sleep(0)
        if isinstance(answer, asyncio.Future):
            return await answer
        if isinstance(answer, Exception):
            raise answer
        return answer

    def hesitate(self) -> asyncio.Future[AnswerT]:
        """Answer once more, when the future that is returned says so."""
        answer: asyncio.Future[AnswerT] = asyncio.get_running_loop().create_future()
        self.answers.append(answer)
        return answer


class ScriptedVenue:
    """A test double of the border `botkit.venues.api.Venue`: it knows nothing and does what it is told.

    Attributes:
        log: What it was told to do, in order: requests, cancels and subscriptions.
        on_submit: Called with every request that is sent, while it is being sent.
        key: Asked what the key may do.
        books: Asked to reconcile, with the open orders and since when.
        fates: Asked about one order.
        bars: Asked for the past.

    """

    def __init__(self, clock: Clock, instruments: Iterable[Instrument] = ()) -> None:
        self.log: list[Request | CancelOrder | Subscription] = []
        self.on_submit: Callable[[Request], None] = lambda _: None
        self.on_cancel: Callable[[CancelOrder], None] = lambda _: None
        self.key = Question(TRADE_ONLY)
        self.books: Question[list[AnyEvent]] = Question([])
        self.fates: Question[list[AnyEvent]] = Question([])
        self.bars: Question[list[Bar]] = Question([])
        self._clock = clock
        self._instruments = {each.symbol: each for each in instruments}
        self._sink: EventSink | None = None
        self._failure: asyncio.Future[None] | None = None

    async def open(self) -> None:
        """Be ready."""

    async def close(self) -> None:
        """Have nothing to let go of."""

    async def run(self, sink: EventSink) -> None:
        self._sink = sink
        self._failure = asyncio.get_running_loop().create_future()
        self.connect()
        await self._failure

    async def describe_key(self) -> KeyReport:
        return await self.key.ask()

    async def load_instruments(self, symbols: Sequence[str]) -> dict[str, Instrument]:
        return {symbol: self._instruments[symbol] for symbol in symbols if symbol in self._instruments}

    async def history(self, subscription: Subscription) -> list[Bar]:
        return await self.bars.ask(subscription)

    async def reconcile(self, open_orders: Sequence[Order], since_ns: int) -> list[AnyEvent]:
        return await self.books.ask([order.id for order in open_orders], since_ns)

    async def resolve(self, order: Order) -> list[AnyEvent]:
        return await self.fates.ask(order.id)

    def subscribe(self, subscription: Subscription) -> None:
        self.log.append(subscription)

    def submit(self, approved: Approved) -> None:
        self.log.append(approved.request)
        self.on_submit(approved.request)

    def cancel(self, cancel: CancelOrder) -> None:
        self.log.append(cancel)
        self.on_cancel(cancel)

    # ---- what a test lets happen

    def tell(self, *events: AnyEvent) -> None:
        """Let the bot hear of something."""
        assert self._sink is not None, "nobody listens before run()"
        for event in events:
            self._sink(event)

    def connect(self) -> None:
        """Let the private feed come up."""
        self.tell(ConnectionChanged(recv_ns=self._clock.now_ns(), feed="private", is_up=True))

    def disconnect(self, reason: str = "the line was cut") -> None:
        """Let the private feed go down."""
        self.tell(ConnectionChanged(recv_ns=self._clock.now_ns(), feed="private", is_up=False, reason=reason))

    def fail(self, error: Exception) -> None:
        """Let `run` end with an error."""
        assert self._failure is not None, "it does not run"
        self._failure.set_exception(error)

    # ---- what it was told

    @property
    def sent(self) -> list[Request]:
        """Return the orders and amendments that were sent."""
        return [each for each in self.log if isinstance(each, NewOrder | AmendOrder)]

    @property
    def canceled(self) -> list[str]:
        """Return the orders that were asked to be canceled."""
        return [each.client_order_id for each in self.log if isinstance(each, CancelOrder)]

    @property
    def subscribed(self) -> list[Subscription]:
        """Return the market data that was asked for."""
        return [each for each in self.log if isinstance(each, Subscription)]
