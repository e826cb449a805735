from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from botkit.engine.engine import Engine
from botkit.engine.step import Inquiry, Step, Work
from botkit.errors import InvariantError
from botkit.journal.journal import Journal
from botkit.model.events import ACCOUNT, OrderUpdate, Reconciled, Started, StateChanged, Timer, TradingState
from botkit.model.order import AmendOrder, NewOrder, Order, OrderChange, OrderStatus
from botkit.risk.gate import RiskGate
from botkit.runtime.trading_loop import TradingLoop
from botkit.strategy.desk import Desk, Subscription
from tests.market import BTC, NOON, S, limits, order_update, quote, spot
from tests.runtime.running import NAME, Puppet, break_journal, mend_journal, on_file
from tests.scripted_venue import ScriptedVenue


class Noon:
    def now_ns(self) -> int:
        return NOON


class Bench:
    """A trading loop, and everything that it acts on."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.venue = ScriptedVenue(Noon())
        self.journal = Journal.open(path / "journal.db", NOON)
        self.engine = Engine(instruments={BTC: spot()}, gate=RiskGate(limits()), epoch=self.journal.epoch)
        self.engine.add_strategy(NAME, self._seat)
        self.steps: list[Step] = []
        self.inquiries: list[Inquiry] = []
        self.works: list[Work] = []
        self.loop = TradingLoop(
            self.engine,
            self.journal,
            self.venue,
            subscribe=self.venue.subscribe,
            inquire=self.inquiries.append,
            start_work=self.works.append,
            listeners=[self.steps.append],
        )

    def _seat(self, desk: Desk) -> Puppet:
        self.puppet = Puppet(NAME, Puppet.Params(), desk)
        return self.puppet

    def at_the_quote(self, *deeds: Callable[[], object]) -> None:
        self.puppet.deeds = list(deeds)
        self.loop.feed(quote())

    def buy(self) -> Order:
        return self.puppet.buy(BTC, 1, limit_price=100)

    def hear(self, request: NewOrder, change: OrderChange) -> None:
        self.loop.feed(order_update(change, client_order_id=request.client_order_id))

    @property
    def events(self) -> list[str]:
        return [type(step.event).__name__ for step in self.steps]

    @property
    def only_sent(self) -> NewOrder:
        [request] = self.venue.sent
        assert isinstance(request, NewOrder)
        return request


@pytest.fixture
def bench(tmp_path: Path) -> Iterator[Bench]:
    bench = Bench(tmp_path)
    with bench.journal:
        bench.loop.feed(Started(recv_ns=NOON, epoch=bench.journal.epoch))
        bench.loop.feed(Reconciled(recv_ns=NOON, fills=0, orders=0))
        bench.loop.feed(quote())
        bench.steps.clear()
        yield bench
        mend_journal(bench.journal)


def test_an_order_is_on_file_before_it_is_sent(bench: Bench) -> None:
    found: list[str] = []
    bench.venue.on_submit = lambda _: found.extend(on_file(bench.path))

    bench.at_the_quote(bench.buy)

    assert found[-1] == "new_order"


def test_every_order_of_a_step_is_on_file_before_the_first_is_sent(bench: Bench) -> None:
    found: list[list[str]] = []
    bench.venue.on_submit = lambda _: found.append(on_file(bench.path))

    bench.at_the_quote(bench.buy, bench.buy)

    assert found[0][-2:] == ["new_order", "new_order"]
    assert found[0] == found[1]


def test_a_cancel_is_on_file_before_it_is_sent(bench: Bench) -> None:
    bench.at_the_quote(bench.buy)
    bench.hear(bench.only_sent, OrderChange.ACCEPT)
    found: list[str] = []
    bench.venue.on_cancel = lambda _: found.extend(on_file(bench.path))

    bench.at_the_quote(bench.puppet.cancel_all)

    assert found[-1] == "cancel_order"


def test_listeners_see_a_step_after_it_was_acted_on(bench: Bench) -> None:
    seen: list[int] = []
    bench.venue.on_submit = lambda _: seen.append(len(bench.steps))

    bench.at_the_quote(bench.buy)

    assert seen == [0]
    assert len(bench.steps) == 1


def test_the_market_is_not_written_down(bench: Bench) -> None:
    before = on_file(bench.path)

    bench.loop.feed(quote())

    assert on_file(bench.path) == before
    assert bench.events == ["Quote"]


def test_what_a_broker_says_while_it_is_told_waits_in_line(bench: Bench) -> None:
    """Both orders are sent before either answer is taken in, and the answers keep their order."""
    told: list[str] = []

    def answer(request: object) -> None:
        assert isinstance(request, NewOrder)
        told.append(f"sent, {len(bench.steps)} steps")
        bench.hear(request, OrderChange.ACCEPT)
        bench.hear(request, OrderChange.CANCEL)

    bench.venue.on_submit = answer
    bench.at_the_quote(bench.buy, bench.buy)

    assert told == ["sent, 0 steps", "sent, 0 steps"]
    assert bench.events == ["Quote"] + ["OrderUpdate"] * 4
    heard = [step.event for step in bench.steps[1:]]
    first, second = (request.client_order_id for request in bench.venue.sent)
    assert [(each.client_order_id, each.change) for each in heard if isinstance(each, OrderUpdate)] == [
        (first, OrderChange.ACCEPT),
        (first, OrderChange.CANCEL),
        (second, OrderChange.ACCEPT),
        (second, OrderChange.CANCEL),
    ]


def test_a_listener_that_feeds_does_not_nest_steps(bench: Bench) -> None:
    depth: list[int] = []

    def echo(step: Step) -> None:
        depth.append(len(depth))
        if len(depth) == 1:
            bench.loop.feed(Timer(recv_ns=NOON, strategy=NAME, name="echo", due_ns=NOON))
            assert len(depth) == 1

    bench.loop._listeners = (echo,)
    bench.loop.feed(quote())

    assert len(depth) == 2
    assert "timer echo" in bench.puppet.heard


def test_timers_ring_in_the_order_in_which_they_are_due(bench: Bench) -> None:
    bench.engine.timers.set(NAME, "late", NOON + 2 * S)
    bench.engine.timers.set(NAME, "early", NOON + S)
    bench.engine.timers.set(NAME, "later than that", NOON + 3 * S)

    bench.loop.ring(NOON + 2 * S)

    assert [each for each in bench.puppet.heard if each.startswith("timer")] == ["timer early", "timer late"]


def test_an_invariant_that_broke_surfaces_and_leaves_the_loop_usable(bench: Bench) -> None:
    bench.at_the_quote(bench.buy)
    bench.hear(bench.only_sent, OrderChange.CANCEL)

    with pytest.raises(InvariantError):
        bench.hear(bench.only_sent, OrderChange.REFUSE)

    bench.loop.feed(quote())
    assert bench.events[-1] == "Quote"


# ---- a journal that cannot be written


def test_without_a_journal_no_order_is_sent(bench: Bench) -> None:
    break_journal(bench.journal)

    bench.at_the_quote(bench.buy)

    assert bench.venue.sent == []
    assert bench.engine.blotter.open_orders() == []
    assert bench.puppet.heard[-1] == "order rejected"


def test_without_a_journal_an_order_says_why_it_was_not_sent(bench: Bench) -> None:
    break_journal(bench.journal)
    orders: list[Order] = []

    bench.at_the_quote(lambda: orders.append(bench.buy()))

    assert orders[0].status is OrderStatus.REJECTED
    assert orders[0].reason == "the journal could not be written, so nothing was sent"


def test_without_a_journal_no_amendment_is_sent_and_the_order_stays_as_it_was(bench: Bench) -> None:
    bench.at_the_quote(bench.buy)
    bench.hear(bench.only_sent, OrderChange.ACCEPT)
    [order] = bench.engine.blotter.open_orders()
    break_journal(bench.journal)

    bench.at_the_quote(lambda: bench.puppet.amend(order, size=2))

    assert not any(isinstance(request, AmendOrder) for request in bench.venue.sent)
    assert order.amending is None
    assert order.is_open


def test_without_a_journal_cancels_go_out_all_the_same(bench: Bench) -> None:
    bench.at_the_quote(bench.buy)
    bench.hear(bench.only_sent, OrderChange.ACCEPT)
    break_journal(bench.journal)

    bench.at_the_quote(bench.puppet.cancel_all)

    assert bench.venue.canceled == [bench.only_sent.client_order_id]


def test_without_a_journal_the_account_may_only_cancel(bench: Bench) -> None:
    break_journal(bench.journal)

    bench.at_the_quote(bench.buy)

    assert bench.engine.states[ACCOUNT] is TradingState.CANCEL_ONLY
    [changed] = [step.event for step in bench.steps if isinstance(step.event, StateChanged)]
    assert "disk is full" in changed.reason


def test_without_a_journal_a_strategy_hears_that_it_may_only_cancel_before_its_orders_fail(
    bench: Bench,
) -> None:
    """Otherwise it would answer each failure with another order."""
    break_journal(bench.journal)
    bench.puppet.heard.clear()

    bench.at_the_quote(bench.buy, bench.buy)

    assert bench.puppet.heard == ["quote", "state cancel_only", "order rejected", "order rejected"]


def test_the_account_is_told_once_that_it_may_only_cancel(bench: Bench) -> None:
    bench.at_the_quote(bench.buy)
    bench.hear(bench.only_sent, OrderChange.ACCEPT)
    break_journal(bench.journal)

    bench.at_the_quote(bench.buy, bench.buy, bench.puppet.cancel_all)
    bench.at_the_quote(bench.puppet.cancel_all)

    assert bench.events.count("StateChanged") == 1


def test_a_killed_account_stays_killed_when_its_journal_breaks(bench: Bench) -> None:
    bench.loop.feed(StateChanged(recv_ns=NOON, state=TradingState.KILLED, reason="said so"))
    break_journal(bench.journal)

    bench.loop.feed(Timer(recv_ns=NOON, strategy=NAME, name="any", due_ns=NOON))

    assert bench.engine.states[ACCOUNT] is TradingState.KILLED


def test_without_a_journal_the_venue_is_asked_about_doubtful_orders_all_the_same(bench: Bench) -> None:
    bench.at_the_quote(bench.buy)
    break_journal(bench.journal)

    bench.hear(bench.only_sent, OrderChange.LOSE)

    assert [inquiry.client_order_id for inquiry in bench.inquiries] == [bench.only_sent.client_order_id]


def test_without_a_journal_market_data_and_outside_work_go_on(bench: Bench) -> None:
    async def work() -> None:
        pass

    break_journal(bench.journal)
    wish = Subscription(channel="trades", symbol=BTC)

    bench.at_the_quote(lambda: bench.puppet.subscribe_trades(BTC), lambda: bench.puppet.run(work(), "errand"))

    assert wish in bench.venue.subscribed
    assert [each.name for each in bench.works] == ["errand"]
    bench.works[0].coroutine.close()


def test_what_a_broken_journal_missed_is_on_file_once_it_is_mended(bench: Bench) -> None:
    break_journal(bench.journal)
    bench.at_the_quote(bench.buy)
    mend_journal(bench.journal)

    bench.loop.feed(Timer(recv_ns=NOON, strategy=NAME, name="any", due_ns=NOON))

    assert on_file(bench.path)[-4:] == ["new_order", "state", "order", "timer"]
    assert bench.journal.pending == 0
