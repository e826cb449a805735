"""A bot that runs on a scripted venue in skipped time, with one strategy that does what a test tells it."""

from __future__ import annotations

import asyncio
import shutil
import tempfile
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from decimal import Decimal
from pathlib import Path
from typing import Any, Final, TypeVar

import msgspec

from botkit.engine.engine import Engine
from botkit.engine.step import Step
from botkit.errors import JournalError
from botkit.journal.journal import Journal
from botkit.journal.records import KINDS, Record
from botkit.model.events import OrderUpdate
from botkit.model.market import Quote
from botkit.model.order import CancelOrder, NewOrder, Order, OrderChange
from botkit.model.portfolio import Fill
from botkit.risk.gate import RiskGate
from botkit.risk.scope import ScopePolicy
from botkit.runtime.bot import Bot, Ending
from botkit.strategy.desk import Desk
from botkit.strategy.strategy import Strategy
from tests.market import BTC, NOON, fill, limits, quote, spot
from tests.scripted_venue import ScriptedVenue
from tests.skipped_time import LoopClock, pass_time

__all__ = ["NAME", "Puppet", "Running", "break_journal", "mend_journal", "on_file", "running"]

R = TypeVar("R")

NAME: Final = "test"
_ROOMY: Final = limits(max_orders_per_s=1000, max_open_orders=100)


class Puppet(Strategy):
    """Does what a test tells it at the next quote, and writes down what it hears.

    Attributes:
        heard: Hooks that were called, each with what it was about.
        deeds: What to do at the next quote.

    """

    def __init__(self, *arguments: Any) -> None:
        super().__init__(*arguments)
        self.heard: list[str] = []
        self.deeds: list[Callable[[], object]] = []

    def on_start(self) -> None:
        self.heard.append("start")
        self.subscribe_quotes(BTC)

    def on_stop(self) -> None:
        self.heard.append("stop")

    def on_quote(self, quote: Any) -> None:
        self.heard.append("quote")
        deeds, self.deeds = self.deeds, []
        for deed in deeds:
            deed()

    def on_bar(self, bar: Any) -> None:
        self.heard.append(f"{'past' if bar.is_history else 'live'} bar {bar.close:g}")

    def on_order(self, order: Any) -> None:
        self.heard.append(f"order {order.status.value}")

    def on_fill(self, fill: Any) -> None:
        self.heard.append(f"fill {fill.trade_id}")

    def on_timer(self, name: str) -> None:
        self.heard.append(f"timer {name}")

    def on_task(self, done: Any) -> None:
        self.heard.append(f"task {done.name}: {done.result or done.error}")

    def on_gap(self, gap: Any) -> None:
        self.heard.append(f"gap: {gap.fills} fills, {gap.orders} orders")

    def on_state(self, state: Any, reason: str) -> None:
        self.heard.append(f"state {state.value}")


class Running:
    """Everything a test wants to reach of a bot.

    Attributes:
        steps: Every step so far.
        task: The run; its result is how it ended.

    """

    task: asyncio.Task[Ending]

    def __init__(
        self, path: Path, *, kind: type[Puppet] = Puppet, cancels_on_stop: bool = True, last_seen_ns: int = 0
    ) -> None:
        self.clock = LoopClock()
        self.venue = ScriptedVenue(self.clock, [spot()])
        self.journal = Journal.open(path, self.clock.now_ns())
        self.engine = Engine(
            instruments={BTC: spot()}, gate=RiskGate(_ROOMY), epoch=self.journal.epoch, order_lifetime_s=4.0
        )
        self.engine.add_strategy(NAME, self._seat(kind), cancels_on_stop=cancels_on_stop)
        self.steps: list[Step] = []
        self.stop = asyncio.Event()
        self.bot = Bot(
            engine=self.engine,
            journal=self.journal,
            venue=self.venue,
            policy=ScopePolicy(),
            clock=self.clock,
            version="1.2.3",
            last_seen_ns=last_seen_ns,
            listeners=[self.steps.append],
        )

    def _seat(self, kind: type[Puppet]) -> Callable[[Desk], Puppet]:
        def build(desk: Desk) -> Puppet:
            self.puppet = kind(NAME, kind.Params(), desk)
            return self.puppet

        return build

    def start(self) -> None:
        self.task = asyncio.create_task(self.bot.run(self.stop))

    def quote(self) -> Quote:
        """Return a fresh quote."""
        return quote(recv_ns=self.clock.now_ns())

    def act(self, deed: Callable[[], R]) -> R:
        """Let the strategy do something at a quote; return what came of it."""
        results: list[R] = []
        self.puppet.deeds.append(lambda: results.append(deed()))
        self.venue.tell(self.quote())
        return results[0]

    def buy(self, limit_price: str = "100.0") -> Order:
        """Let the strategy buy one coin; nobody has answered yet."""
        return self.act(lambda: self.puppet.buy(BTC, 1, limit_price=limit_price))

    def update(self, order_id: str, change: OrderChange, **terms: Any) -> OrderUpdate:
        """Return the venue's word on an order."""
        said = OrderUpdate(
            recv_ns=self.clock.now_ns(), symbol=BTC, client_order_id=order_id, change=change, reason="said so"
        )
        return msgspec.structs.replace(said, **terms)

    def fill(self, order: Order, trade_id: str, size: str = "1") -> Fill:
        """Return word of a fill."""
        return fill(
            size,
            recv_ns=self.clock.now_ns(),
            client_order_id=order.id,
            trade_id=trade_id,
            cumulative_size=order.filled_size + Decimal(size),
        )

    def obey(self) -> None:
        """Let the venue accept every order and carry out every cancel, at once."""

        def accept(request: object) -> None:
            if isinstance(request, NewOrder):
                self.venue.tell(self.update(request.client_order_id, OrderChange.ACCEPT, venue_order_id="7"))

        def cancel(wish: CancelOrder) -> None:
            self.venue.tell(self.update(wish.client_order_id, OrderChange.CANCEL))

        self.venue.on_submit, self.venue.on_cancel = accept, cancel

    async def end(self) -> Ending:
        """Stop it; return how it ended."""
        self.stop.set()
        return await self.task

    def events(self, kind: type[R]) -> list[R]:
        """Return what came in so far of one kind."""
        return [step.event for step in self.steps if isinstance(step.event, kind)]

    @property
    def records(self) -> list[Record]:
        """Return what the journal holds."""
        return [record for _, record in self.journal.replay()]


@asynccontextmanager
async def running(path: Path, **options: Any) -> AsyncIterator[Running]:
    """Run a bot, its books agreed with the venue's, until the body is done with it."""
    bot = Running(path / "journal.db", **options)
    with bot.journal:
        bot.start()
        await pass_time()
        try:
            yield bot
        finally:
            bot.task.cancel()
            await asyncio.wait([bot.task])


def on_file(folder: Path) -> list[str]:
    """Return the kinds of records that a restart would find if the process were killed now."""
    with tempfile.TemporaryDirectory() as elsewhere:
        # The tail first: what leaves it meanwhile is in the file.
        for part in sorted(folder.glob("journal.db*"), reverse=True, key=lambda part: "tail" in part.name):
            shutil.copy(part, elsewhere)
        with Journal.open(Path(elsewhere) / "journal.db", NOON) as journal:
            return [KINDS[type(record)] for _, record in journal.replay()]


def break_journal(journal: Journal) -> None:
    """Let the disk be full until `mend_journal`."""

    def commit() -> None:
        raise JournalError("the journal cannot be written: the disk is full")

    journal.commit = commit  # type: ignore[method-assign]  # the disk's fault, where the journal meets it


def mend_journal(journal: Journal) -> None:
    """Let there be room on the disk again."""
    vars(journal).pop("commit", None)
