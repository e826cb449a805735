from __future__ import annotations

import os
import subprocess
import sys
from decimal import Decimal
from itertools import product
from pathlib import Path
from typing import Any

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from botkit.engine.engine import Engine
from botkit.engine.step import Step
from botkit.errors import ConfigError, InvariantError, StrategyError
from botkit.model.events import Reconciled, Started, StateChanged, Stopping, TradingState
from botkit.model.market import Event
from botkit.model.note import Note
from botkit.model.order import Order, OrderStatus
from botkit.model.side import Side
from botkit.risk.gate import RiskGate
from botkit.risk.rules import Facts
from botkit.strategy.desk import Subscription
from botkit.strategy.state import State
from tests.engine.busy_day import BusyDay
from tests.engine.rig import Puppet, Rig, canceled, digest, placed, ready, refusals
from tests.market import BTC, BTC_SWAP, NOON, S, bar, fill, limits, quote, spot, trade


def subscriptions(step: Step) -> list[Subscription]:
    return [effect for effect in step.effects if isinstance(effect, Subscription)]


# ---- one event in, one step out


def test_steps_are_counted_from_one() -> None:
    rig = Rig()
    event = quote()

    assert rig.feed(event) == Step(1, event)
    assert rig.feed(event).seq == 2


def test_effects_belong_to_the_step_that_had_them() -> None:
    rig, puppet = ready(Puppet)
    rig.act(puppet, lambda: puppet.buy(BTC, 1))

    assert rig.feed(quote()).effects == ()


def test_time_is_the_latest_that_was_shown() -> None:
    rig = Rig()

    rig.feed(quote(recv_ns=NOON + S), quote(recv_ns=NOON))

    assert rig.engine.now_ns == NOON + S


def test_what_is_no_event_is_our_own_error() -> None:
    with pytest.raises(InvariantError, match="no reaction to Event"):
        Rig().engine.process(Event(recv_ns=NOON))  # type: ignore[arg-type]  # what is tested


@pytest.mark.parametrize("name", ["test", "account"])
def test_a_strategy_has_a_name_of_its_own(name: str) -> None:
    rig = Rig()
    rig.seat(Puppet, "test")

    with pytest.raises(ConfigError, match=f"two strategies are named '{name}'"):
        rig.seat(Puppet, name)


def test_an_engine_puts_its_prefix_and_epoch_into_every_order_id() -> None:
    engine = Engine(instruments={}, gate=RiskGate(limits()), order_prefix="my", epoch=35)

    assert engine.ids.next("ema") == "my0000000z00000001"


def test_an_engine_gives_orders_the_lifetime_it_was_told() -> None:
    engine = Engine(instruments={}, gate=RiskGate(limits()), order_lifetime_s=0.5)
    engine.process(quote())

    assert engine.deadline_ns() == NOON + S // 2


# ---- hooks run to their end, one after the other


class Nosy(Puppet):
    """Has an order refused in every hook, and notices when a hook is called inside another."""

    depth = 0
    deepest = 0
    tries = 0

    def inside(self, hook: str) -> None:
        self.depth += 1
        self.deepest = max(self.deepest, self.depth)
        if self.tries < 50:
            self.tries += 1
            self.buy(BTC, 11)
        self.depth -= 1

    def on_start(self) -> None:
        self.subscribe_quotes(BTC)
        self.subscribe_trades(BTC)

    def on_quote(self, quote: Any) -> None:
        self.inside("quote")

    def on_trade(self, trade: Any) -> None:
        self.inside("trade")

    def on_order(self, order: Any) -> None:
        self.inside("order")

    def on_fill(self, fill: Any) -> None:
        self.inside("fill")

    def on_state(self, state: Any, reason: str) -> None:
        self.inside("state")

    def on_gap(self, gap: Any) -> None:
        self.inside("gap")


def test_hooks_never_nest() -> None:
    rig, nosy = ready(Nosy)

    rig.feed(trade(), quote(), Reconciled(recv_ns=NOON, fills=0, orders=0))

    assert nosy.tries == 50
    assert nosy.deepest == 1


class Persistent(Puppet):
    """Answers every refusal with the same order, for ever."""

    def on_order(self, order: Order) -> None:
        if order.status is OrderStatus.REFUSED:
            self.buy(BTC, 11)


def test_a_strategy_that_answers_every_refusal_with_an_order_is_paused() -> None:
    rig = Rig()
    persistent, other = rig.seat(Persistent, "persistent"), rig.seat(Puppet, "other")
    rig.begin()

    rig.act(persistent, lambda: persistent.buy(BTC, 11))

    note = rig.effects[1000]
    assert note == Note(
        strategy="persistent",
        level="error",
        text="strategy paused: a hook failed",
        fields={"hook": "on_order", "error": "it was called 1000 times in a row", "where": ""},
    )
    assert len(rig.effects) == 1001
    assert rig.act(other, lambda: other.buy(BTC, 1)).is_open


def test_a_thousand_refusals_of_many_orders_are_told_in_many_steps() -> None:
    rig, puppet = ready(Puppet)

    for _ in range(3):
        rig.act(puppet, lambda: [puppet.buy(BTC, 11) for _ in range(900)])

    assert puppet.heard.count("order refused") == 2700
    assert not rig.engine.desks["test"].is_paused


# ---- the fence round the author's code


class Clumsy(Puppet):
    """Fails at every trade, after an order."""

    def on_start(self) -> None:
        super().on_start()
        self.subscribe_trades(BTC)

    def on_trade(self, trade: Any) -> None:
        super().on_trade(trade)
        self.buy(BTC, 1)
        raise ZeroDivisionError("nothing to divide by")


@pytest.fixture
def pair() -> tuple[Rig, Clumsy, Puppet]:
    """A strategy that fails at every trade, and one that does not."""
    rig = Rig()
    clumsy, sound = rig.seat(Clumsy, "clumsy"), rig.seat(Puppet, "sound")
    rig.begin()
    rig.act(sound, lambda: sound.subscribe_trades(BTC))
    return rig, clumsy, sound


def test_a_hook_that_fails_pauses_its_strategy_and_says_where(pair: tuple[Rig, Clumsy, Puppet]) -> None:
    rig, _, _ = pair

    rig.feed(trade())

    (note,) = [effect for effect in rig.effects if isinstance(effect, Note)]
    assert (note.strategy, note.level, note.text) == ("clumsy", "error", "strategy paused: a hook failed")
    assert note.fields["hook"] == "on_trade"
    assert note.fields["error"] == "ZeroDivisionError: nothing to divide by"
    assert note.fields["where"].startswith(f"{__file__}:")


def test_what_a_hook_asked_for_before_it_failed_is_done(pair: tuple[Rig, Clumsy, Puppet]) -> None:
    rig, clumsy, _ = pair

    step = rig.feed(trade())

    assert [request.strategy for request in placed(step)] == ["clumsy"]
    assert len(clumsy.open_orders()) == 1


def test_a_paused_strategy_hears_nothing_more_and_orders_nothing(pair: tuple[Rig, Clumsy, Puppet]) -> None:
    rig, clumsy, _ = pair
    rig.feed(trade())
    heard = list(clumsy.heard)

    rig.feed(trade(), StateChanged(recv_ns=NOON, state=TradingState.ACTIVE, reason="a test"))

    assert clumsy.heard == heard
    assert clumsy.buy(BTC, 1).status is OrderStatus.REFUSED


def test_the_orders_of_a_paused_strategy_are_canceled(pair: tuple[Rig, Clumsy, Puppet]) -> None:
    rig, clumsy, _ = pair

    step = rig.feed(trade())

    assert canceled(step) == [order.id for order in clumsy.open_orders()]


def test_a_paused_strategy_that_leaves_its_orders_keeps_them_and_may_cancel() -> None:
    rig = Rig()
    clumsy = rig.seat(Clumsy, "clumsy", cancels_on_stop=False)
    rig.begin()
    assert canceled(rig.feed(trade())) == []

    clumsy.cancel_all()

    assert canceled(rig.feed(quote())) == [order.id for order in clumsy.open_orders()]


def test_the_others_go_on(pair: tuple[Rig, Clumsy, Puppet]) -> None:
    rig, _, sound = pair

    rig.feed(trade(101.0), trade(102.0))

    assert sound.heard[-2:] == ["trade 101", "trade 102"]
    assert rig.act(sound, lambda: sound.buy(BTC, 1)).is_open


def test_fills_of_a_paused_strategy_are_booked(pair: tuple[Rig, Clumsy, Puppet]) -> None:
    rig, clumsy, _ = pair
    rig.feed(trade())
    (order,) = clumsy.open_orders()

    rig.feed(fill(client_order_id=order.id))

    assert clumsy.position(BTC).size == 1
    assert order.status is OrderStatus.FILLED


class Misconfigured(Puppet):
    def on_start(self) -> None:
        self.subscribe_bars(BTC, "1M")


def test_what_the_operator_has_to_mend_ends_the_run() -> None:
    rig = Rig()
    rig.seat(Misconfigured)

    with pytest.raises(StrategyError, match="bars of '1M'"):
        rig.begin()


class Wrong(Puppet):
    def on_start(self) -> None:
        raise InvariantError("a hook found botkit wrong")


def test_what_is_our_own_error_ends_the_run() -> None:
    rig = Rig()
    rig.seat(Wrong)

    with pytest.raises(InvariantError, match="a hook found botkit wrong"):
        rig.begin()


class Hoarder(Puppet):
    class State(State):
        kept: list[Any] = msgspec.field(default_factory=list)


def test_a_state_that_cannot_be_written_pauses_its_strategy() -> None:
    rig, hoarder = ready(Hoarder)

    rig.act(hoarder, lambda: hoarder.state.kept.append(object()))

    (note,) = rig.effects
    assert isinstance(note, Note)
    assert note.fields["hook"] == "on_timer"
    assert note.fields["error"].startswith("TypeError: ")
    assert rig.engine.desks["test"].is_paused


class Torn(Puppet):
    class State(State):
        count: int = 0

    def on_quote(self, quote: Any) -> None:
        self.state.count += 1
        raise ZeroDivisionError


def test_what_a_hook_changed_before_it_failed_is_kept() -> None:
    rig, torn = ready(Torn)
    rig.act(torn, lambda: torn.subscribe_quotes(BTC))

    step = rig.feed(quote())

    assert [type(effect).__name__ for effect in step.effects] == ["StrategyState", "Note"]


# ---- subscriptions


class Follower(Puppet):
    warmup = 30

    def on_start(self) -> None:
        self.subscribe_bars(BTC, "1m", warmup=self.warmup)


class LongFollower(Follower):
    warmup = 100


@pytest.mark.parametrize(
    "kinds", [(Follower, LongFollower), (LongFollower, Follower)], ids=["rising", "falling"]
)
def test_two_who_want_the_same_bars_share_the_longer_past(kinds: tuple[type[Follower], ...]) -> None:
    rig = Rig()
    first, second = rig.seat(kinds[0], "first"), rig.seat(kinds[1], "second")
    rig.begin()

    assert subscriptions(rig.steps[0]) == [
        Subscription(channel="quotes", symbol=BTC),
        Subscription(channel="bars", symbol=BTC, interval="1m", warmup=100),
    ]

    rig.feed(bar())
    assert first.heard[-1] == second.heard[-1] == "bar 100"


def test_a_longer_past_wanted_later_is_asked_for_and_told_to_who_has_not_heard_it() -> None:
    rig = Rig()
    early, late = rig.seat(Follower, "early"), rig.seat(Puppet, "late")
    rig.begin()
    rig.feed(bar(101.0, open_ns=NOON))

    rig.act(late, lambda: late.subscribe_bars(BTC, "1m", warmup=100))
    assert subscriptions(rig.steps[-1]) == [
        Subscription(channel="bars", symbol=BTC, interval="1m", warmup=100)
    ]

    rig.feed(bar(99.0, open_ns=NOON - 60 * S, is_history=True))
    assert early.heard[-1] == "bar 101"
    assert late.heard[-1] == "bar 99"


def test_subscribing_twice_does_not_make_one_hear_twice() -> None:
    rig, puppet = ready(Puppet)
    rig.act(puppet, lambda: puppet.subscribe_trades(BTC))
    rig.act(puppet, lambda: puppet.subscribe_trades(BTC))

    rig.feed(trade())

    assert puppet.heard.count("trade 100") == 1


def test_whoever_asked_first_hears_first() -> None:
    rig = Rig()
    order: list[str] = []
    for name in ("z", "a", "m"):
        puppet = rig.seat(Puppet, name)
        rig.act(puppet, lambda puppet=puppet: puppet.subscribe_trades(BTC))  # type: ignore[misc]  # bound now
        puppet.heard = order

    rig.feed(trade())
    rig.feed(Started(recv_ns=NOON, epoch=1))

    assert order == ["trade 100"] * 3 + ["start"] * 3
    assert list(rig.engine.desks) == ["z", "a", "m"]


# ---- what may be traded

SEVERITY = [
    TradingState.ACTIVE,
    TradingState.RECONCILING,
    TradingState.REDUCE_ONLY,
    TradingState.CANCEL_ONLY,
    TradingState.KILLED,
]


@pytest.mark.parametrize(("account", "own"), list(product(SEVERITY, SEVERITY)))
def test_the_most_restrictive_state_holds(account: TradingState, own: TradingState) -> None:
    rig, _ = ready(Puppet)
    desk = rig.engine.desks["test"]

    rig.feed(
        StateChanged(recv_ns=NOON, state=account, reason="a test"),
        StateChanged(recv_ns=NOON, state=own, reason="a test", scope="test"),
    )

    assert rig.engine.state(desk) is max(account, own, key=SEVERITY.index)
    assert rig.engine.state() is account


def test_until_the_books_agree_nothing_is_opened() -> None:
    rig = Rig()
    puppet = rig.seat(Puppet)
    rig.feed(quote())

    assert rig.engine.state() is TradingState.RECONCILING
    assert rig.act(puppet, lambda: puppet.buy(BTC, 1)).status is OrderStatus.REFUSED
    assert refusals(rig.steps[-1]) == ["trading_state"]


def test_while_the_books_are_compared_a_position_may_be_reduced_and_not_turned() -> None:
    rig, puppet = ready(Puppet)
    order = rig.act(puppet, lambda: puppet.sell(BTC_SWAP, 1))
    rig.feed(fill(client_order_id=order.id, symbol=BTC_SWAP, side=Side.SELL))
    rig.engine.is_reconciled = False

    assert rig.act(puppet, lambda: puppet.buy(BTC_SWAP, 9)).status is OrderStatus.REFUSED
    assert rig.act(puppet, lambda: puppet.sell(BTC_SWAP, 1)).status is OrderStatus.REFUSED
    assert rig.act(puppet, lambda: puppet.buy(BTC_SWAP, 1)).is_open


def test_a_paused_strategy_may_only_cancel() -> None:
    rig, _ = ready(Puppet)
    desk = rig.engine.desks["test"]
    desk.is_paused = True

    assert rig.engine.state(desk) is TradingState.CANCEL_ONLY
    assert rig.engine.state() is TradingState.ACTIVE


def test_a_review_knows_what_is_known_now() -> None:
    rig, puppet = ready(Puppet)
    buy, sell = rig.act(
        puppet, lambda: (puppet.buy(BTC, 3, limit_price=99), puppet.sell(BTC, 2, limit_price=101))
    )
    rig.feed(
        fill("0.5", client_order_id=sell.id, side=Side.SELL),
        fill("4", client_order_id="stranger", trade_id="t2"),
    )
    desk = rig.engine.desks["test"]

    known = rig.engine.facts(desk, BTC)

    assert known == Facts(
        now_ns=NOON,
        state=TradingState.ACTIVE,
        instrument=spot(),
        reference_price=100.0,
        reference_ns=NOON,
        position=Decimal("3.5"),
        working_buys=Decimal(3),
        working_sells=Decimal("1.5"),
        open_orders=2,
        is_warming_up=False,
    )
    assert rig.engine.facts(desk, BTC, excluding=buy.id).working_buys == 0
    assert rig.engine.facts(desk, "DOGE-USDT").instrument is None
    assert rig.engine.facts(desk, "DOGE-USDT").reference_price is None


# ---- the same events, the same steps


@settings(max_examples=30)
@given(st.integers(0, 1_000_000))
def test_the_same_day_is_the_same_twice(seed: int) -> None:
    assert digest(BusyDay(seed).run()) == digest(BusyDay(seed).run())


def test_another_day_is_another() -> None:
    assert digest(BusyDay(1).run()) != digest(BusyDay(2).run())


@pytest.mark.parametrize("hash_seed", ["0", "1", "4294967295"])
def test_hashes_decide_nothing(hash_seed: str, repository: Path) -> None:
    code = "from tests.engine.busy_day import BusyDay; from tests.engine.rig import digest; print(digest(BusyDay(7).run(200)))"
    done = subprocess.run(
        [sys.executable, "-c", code],
        cwd=repository,
        env=os.environ | {"PYTHONHASHSEED": hash_seed},
        capture_output=True,
        text=True,
        check=True,
    )

    assert done.stdout.strip() == digest(BusyDay(7).run(200))


def test_once_the_run_ends_only_cancels_pass() -> None:
    rig, puppet = ready(Puppet)
    order = rig.act(puppet, lambda: puppet.buy(BTC, 1, limit_price=99))

    step = rig.feed(Stopping(recv_ns=NOON, reason="a test"))

    assert canceled(step) == [order.id]
    assert rig.act(puppet, lambda: puppet.buy(BTC, 1)).status is OrderStatus.REFUSED


class Forgetful(Puppet):
    def on_start(self) -> None:
        super().on_start()
        self.subscribe_trades(BTC)

    def on_trade(self, trade: Any) -> None:
        super().on_trade(trade)
        self.buy("DOGE-USDT", 1)


def test_what_the_operator_has_to_mend_does_not_end_a_run_that_is_under_way() -> None:
    rig = Rig()
    rig.seat(Forgetful)
    rig.begin()

    rig.feed(trade())

    (note,) = [effect for effect in rig.effects if isinstance(effect, Note)]
    assert note.fields["error"].startswith("ConfigError: strategy 'test' asks for 'DOGE-USDT'")
    assert rig.engine.desks["test"].is_paused
