from __future__ import annotations

import asyncio
from decimal import Decimal
from functools import partial
from pathlib import Path

import msgspec
import pytest

from botkit.errors import (
    ConfigError,
    InvariantError,
    KeyScopeError,
    LoginRefused,
    VenueUnreachable,
)
from botkit.model.events import Started, StateChanged, TaskDone, Timer, TradingState
from botkit.model.order import CancelOrder, Order, OrderChange, OrderStatus
from botkit.runtime.bot import Ending
from botkit.strategy.desk import Subscription
from tests.market import BTC, NOON, S, bar
from tests.runtime.running import NAME, Puppet, running
from tests.scripted_venue import TRADE_ONLY
from tests.skipped_time import in_skipped_time, pass_time

WITHDRAWS = msgspec.structs.replace(TRADE_ONLY, permissions=("read_only", "trade", "withdraw"))


@in_skipped_time
async def test_a_run_begins_with_started_and_its_epoch_in_the_journal(tmp_path: Path) -> None:
    async with running(tmp_path) as bot:
        [started] = bot.events(Started)

        assert bot.steps[0].event is started
        assert (started.epoch, started.version) == (bot.journal.epoch, "1.2.3")
        assert bot.records[0] == started
        assert bot.puppet.heard[0] == "start"


@in_skipped_time
async def test_an_order_goes_from_the_quote_to_the_venue_and_its_fate_comes_back(tmp_path: Path) -> None:
    async with running(tmp_path) as bot:
        bot.obey()

        order = bot.buy()

        assert [request.client_order_id for request in bot.venue.sent] == [order.id]
        assert order.status is OrderStatus.OPEN
        assert bot.puppet.heard[-2:] == ["quote", "order open"]


# ---- timers


@in_skipped_time
async def test_timers_ring_when_they_are_due_and_in_order(tmp_path: Path) -> None:
    async with running(tmp_path) as bot:
        began_ns = bot.clock.now_ns()
        bot.act(lambda: bot.puppet.every("2s", "even"))
        bot.act(lambda: bot.puppet.at(began_ns + 3 * S, "once"))

        await pass_time(6.5)

        rings = [(timer.name, (timer.recv_ns - began_ns) // S) for timer in bot.events(Timer)]
        assert rings == [("even", 2), ("once", 3), ("even", 4), ("even", 6)]
        assert bot.puppet.heard.count("timer even") == 3


@in_skipped_time
async def test_a_timer_that_is_set_nearer_than_the_next_one_does_not_wait_for_it(tmp_path: Path) -> None:
    async with running(tmp_path) as bot:
        now_ns = bot.clock.now_ns()
        bot.act(lambda: bot.puppet.at(now_ns + 50 * S, "far"))
        bot.act(lambda: bot.puppet.at(now_ns + S, "near"))

        await pass_time(2)

        assert [timer.name for timer in bot.events(Timer)] == ["near"]


@in_skipped_time
async def test_a_timer_days_away_rings_though_nothing_happens_before(tmp_path: Path) -> None:
    async with running(tmp_path) as bot:
        due_ns = bot.clock.now_ns() + 48 * 3600 * S
        bot.act(lambda: bot.puppet.at(due_ns, "far"))

        await pass_time(48 * 3600 + 1)

        assert [timer.due_ns for timer in bot.events(Timer)] == [due_ns]


@in_skipped_time
async def test_an_alarm_that_goes_off_early_is_set_again(tmp_path: Path) -> None:
    """Loops round delays to milliseconds, and may be early by half of one."""
    async with running(tmp_path) as bot:
        due_ns = bot.clock.now_ns() + S
        bot.act(lambda: bot.puppet.at(due_ns, "soon"))
        slow_by_ns = S // 2
        on_time = bot.clock.now_ns
        bot.bot._clock = bot.clock
        bot.clock.now_ns = lambda: on_time() - slow_by_ns  # type: ignore[method-assign]  # a clock that lags

        await pass_time(2)

        assert [timer.name for timer in bot.events(Timer)] == ["soon"]


class _FindsBotkitWrong(Puppet):
    def on_timer(self, name: str) -> None:
        raise InvariantError("two and two are five")


@in_skipped_time
async def test_an_invariant_that_breaks_when_a_timer_rings_ends_the_run(tmp_path: Path) -> None:
    async with running(tmp_path, kind=_FindsBotkitWrong) as bot:
        bot.act(lambda: bot.puppet.every("1s", "wrong"))

        with pytest.raises(InvariantError, match="five"):
            await asyncio.wait_for(bot.task, 5)


class _AsksForWhatItMayNot(Puppet):
    def on_start(self) -> None:
        self.subscribe_quotes("DOGE-USDT")


@in_skipped_time
async def test_a_strategy_that_starts_with_what_it_may_not_ends_the_run_at_once(tmp_path: Path) -> None:
    async with running(tmp_path, kind=_AsksForWhatItMayNot) as bot:
        with pytest.raises(ConfigError, match="DOGE-USDT"):
            await bot.task
        assert bot.venue.log == []


# ---- outside work


@in_skipped_time
async def test_what_outside_work_returns_comes_back_as_an_event_and_is_journaled(tmp_path: Path) -> None:
    async def look_up() -> dict[str, object]:
        await pass_time(3)
        return {"answer": 42}

    async with running(tmp_path) as bot:
        bot.act(lambda: bot.puppet.run(look_up(), "look up"))
        assert bot.events(TaskDone) == []

        await pass_time(4)

        [done] = bot.events(TaskDone)
        assert (done.name, done.result, done.error) == ("look up", '{"answer":42}', "")
        assert bot.puppet.heard[-1] == 'task look up: {"answer":42}'
        assert done in bot.records


@in_skipped_time
async def test_outside_work_that_fails_says_so_and_stops_nothing(tmp_path: Path) -> None:
    async def look_up() -> None:
        raise LookupError("no such page")

    async def draw() -> object:
        return object()

    async with running(tmp_path) as bot:
        bot.act(lambda: bot.puppet.run(look_up(), "look up"))
        bot.act(lambda: bot.puppet.run(draw(), "draw"))
        await pass_time()

        assert [(done.result, done.error.partition(":")[0]) for done in bot.events(TaskDone)] == [
            ("", "LookupError"),
            ("", "TypeError"),
        ]
        assert not bot.task.done()


@in_skipped_time
async def test_outside_work_does_not_outlive_the_run(tmp_path: Path) -> None:
    ended: list[str] = []

    async def wait() -> None:
        try:
            await pass_time(3600)
        finally:
            ended.append("ended")

    async with running(tmp_path) as bot:
        bot.act(lambda: bot.puppet.run(wait(), "wait"))
        await pass_time()

        assert await bot.end() is Ending.CLEAN
        assert ended == ["ended"]


# ---- the key


@in_skipped_time
async def test_the_key_is_looked_at_again_every_quarter_of_an_hour(tmp_path: Path) -> None:
    async with running(tmp_path) as bot:
        await pass_time(3601)

        assert len(bot.venue.key.asked) == 4
        assert not bot.task.done()


@in_skipped_time
async def test_the_key_is_looked_at_again_after_a_reconnection(tmp_path: Path) -> None:
    async with running(tmp_path) as bot:
        asked = len(bot.venue.key.asked)

        bot.venue.disconnect("the network")
        bot.venue.connect()
        await pass_time(1)

        assert len(bot.venue.key.asked) == asked + 1


@in_skipped_time
async def test_a_key_that_may_suddenly_withdraw_kills(tmp_path: Path) -> None:
    """Orders are canceled first, those that were to be left included; then the run ends with the reason."""
    async with running(tmp_path, cancels_on_stop=False) as bot:
        bot.obey()
        order = bot.buy()
        bot.venue.key.answers.append(WITHDRAWS)

        with pytest.raises(KeyScopeError, match="withdraw"):
            await asyncio.wait_for(bot.task, 1000)

        assert bot.venue.canceled == [order.id]
        assert order.status is OrderStatus.CANCELED
        [changed] = bot.events(StateChanged)
        assert changed.state is TradingState.KILLED
        assert changed in bot.records


@in_skipped_time
async def test_a_kill_waits_for_its_cancels(tmp_path: Path) -> None:
    async with running(tmp_path, cancels_on_stop=False) as bot:
        bot.obey()
        order = bot.buy()
        bot.venue.on_cancel = lambda _: None
        bot.venue.key.answers.append(WITHDRAWS)
        await pass_time(903)
        assert not bot.task.done()

        bot.venue.tell(bot.update(order.id, OrderChange.CANCEL))

        with pytest.raises(KeyScopeError):
            await asyncio.wait_for(bot.task, 1)


@in_skipped_time
async def test_a_key_that_cannot_be_asked_about_is_asked_about_again(tmp_path: Path) -> None:
    async with running(tmp_path) as bot:
        bot.venue.key.answers += [VenueUnreachable("no answer"), TRADE_ONLY, WITHDRAWS]

        await pass_time(2 * 900 + 1)
        assert not bot.task.done()
        with pytest.raises(KeyScopeError):
            await asyncio.wait_for(bot.task, 1000)


@in_skipped_time
async def test_a_key_that_was_deleted_ends_the_run(tmp_path: Path) -> None:
    async with running(tmp_path) as bot:
        bot.venue.key.answers.append(LoginRefused("no such key", code="50111", remedy="make another"))

        with pytest.raises(LoginRefused, match="no such key"):
            await asyncio.wait_for(bot.task, 1000)


# ---- errors that end a run


@pytest.mark.parametrize(
    "error",
    [
        LoginRefused("no such key", code="60005", remedy="make another"),
        InvariantError("two and two are five"),
        ConfigError("an order of ours works in DOGE-USDT"),
        ZeroDivisionError("a bug"),
    ],
    ids=["login refused", "invariant broken", "configuration", "a bug"],
)
@in_skipped_time
async def test_an_error_of_the_venue_surfaces_as_itself(tmp_path: Path, error: Exception) -> None:
    async with running(tmp_path) as bot:
        bot.venue.fail(error)

        with pytest.raises(type(error)) as caught:
            await asyncio.wait_for(bot.task, 5)
        assert caught.value is error


@in_skipped_time
async def test_an_impossible_event_surfaces_as_an_invariant_that_broke(tmp_path: Path) -> None:
    async with running(tmp_path) as bot:
        bot.obey()
        order = bot.buy()

        with pytest.raises(InvariantError, match=order.id):
            bot.venue.tell(bot.update(order.id, OrderChange.REFUSE))


# ---- the end


@in_skipped_time
async def test_a_stop_lets_strategies_stop_cancels_their_orders_and_ends_cleanly(tmp_path: Path) -> None:
    async with running(tmp_path) as bot:
        bot.obey()
        order = bot.buy()

        ending = await bot.end()

        assert ending is Ending.CLEAN
        assert bot.puppet.heard[-2:] == ["stop", "order canceled"]
        assert order.status is OrderStatus.CANCELED
        assert bot.venue.canceled == [order.id]


@in_skipped_time
async def test_orders_that_are_to_be_left_are_left(tmp_path: Path) -> None:
    async with running(tmp_path, cancels_on_stop=False) as bot:
        bot.obey()
        order = bot.buy()

        ending = await bot.end()

        assert ending is Ending.CLEAN
        assert order.status is OrderStatus.OPEN
        assert bot.venue.canceled == []


@in_skipped_time
async def test_a_stop_waits_for_the_last_cancel(tmp_path: Path) -> None:
    async with running(tmp_path) as bot:
        bot.obey()
        orders = [bot.buy(), bot.buy()]
        bot.venue.on_cancel = lambda _: None
        bot.stop.set()

        await pass_time(4)
        bot.venue.tell(bot.update(orders[0].id, OrderChange.CANCEL))
        await pass_time(0.5)
        assert not bot.task.done()
        bot.venue.tell(bot.update(orders[1].id, OrderChange.CANCEL))

        assert await bot.task is Ending.CLEAN


@in_skipped_time
async def test_a_venue_that_does_not_answer_cancels_leaves_orders_behind(tmp_path: Path) -> None:
    async with running(tmp_path) as bot:
        bot.obey()
        bot.buy()
        bot.venue.on_cancel = lambda _: None
        bot.stop.set()

        await pass_time(4.9)
        assert not bot.task.done()

        assert await bot.task is Ending.ORDERS_LEFT


@in_skipped_time
async def test_a_fill_that_beats_the_last_cancel_is_booked(tmp_path: Path) -> None:
    async with running(tmp_path) as bot:
        bot.obey()
        order = bot.buy()
        bot.venue.on_cancel = lambda _: bot.venue.tell(bot.fill(order, "t1"))

        assert await bot.end() is Ending.CLEAN
        assert order.status is OrderStatus.FILLED
        assert bot.puppet.position(BTC).size == Decimal(1)


class _WillNotStop(Puppet):
    def on_order(self, order: Order) -> None:
        if order.status is OrderStatus.CANCELED:
            self.buy(BTC, 1, limit_price=100)


@in_skipped_time
async def test_a_strategy_that_will_not_stop_leaves_nothing_behind(tmp_path: Path) -> None:
    async with running(tmp_path, kind=_WillNotStop) as bot:
        bot.obey()
        order = bot.buy()

        assert await bot.end() is Ending.CLEAN
        assert [request.client_order_id for request in bot.venue.sent] == [order.id]


@in_skipped_time
async def test_a_run_that_was_killed_ends_as_killed(tmp_path: Path) -> None:
    async with running(tmp_path) as bot:
        now_ns = bot.clock.now_ns()
        bot.venue.tell(StateChanged(recv_ns=now_ns, state=TradingState.KILLED, reason="said so"))

        assert await bot.end() is Ending.KILLED


@in_skipped_time
async def test_orders_of_a_strategy_that_is_not_run_any_more_are_canceled(tmp_path: Path) -> None:
    async with running(tmp_path) as bot:
        bot.obey()
        order = bot.buy()
        del bot.engine.desks[NAME]

        assert await bot.end() is Ending.CLEAN
        assert bot.venue.canceled == [order.id]


@in_skipped_time
async def test_a_bot_may_be_stopped_before_its_books_agree(tmp_path: Path) -> None:
    async with running(tmp_path) as bot:
        bot.obey()
        order = bot.buy()
        bot.venue.disconnect()
        bot.venue.on_cancel = lambda _: bot.venue.tell(bot.update(order.id, OrderChange.CANCEL))

        assert await bot.end() is Ending.CLEAN
        assert order.status is OrderStatus.CANCELED


@in_skipped_time
async def test_a_second_bot_may_not_start_in_the_past_of_the_first(tmp_path: Path) -> None:
    """Its ids come from a later epoch."""
    async with running(tmp_path) as first:
        first.obey()
        one = first.buy()
        await first.end()
    async with running(tmp_path) as second:
        second.obey()
        other = second.buy()

        assert second.journal.epoch > first.journal.epoch
        assert other.id != one.id


# ---- market data


@in_skipped_time
async def test_warm_up_bars_come_before_live_ones(tmp_path: Path) -> None:
    async with running(tmp_path) as bot:
        bot.venue.bars.answers.append([bar(1, open_ns=NOON - 120 * S, is_history=True)])
        bot.act(lambda: bot.puppet.subscribe_bars(BTC, "1m", warmup=1))
        bot.venue.tell(bar(2, open_ns=NOON - 60 * S))
        await pass_time()

        assert [each for each in bot.puppet.heard if "bar" in each] == ["past bar 1", "live bar 2"]
        assert Subscription(channel="bars", symbol=BTC, interval="1m", warmup=1) in bot.venue.subscribed


@in_skipped_time
async def test_cancels_are_still_sent_in_the_order_in_which_they_were_asked_for(tmp_path: Path) -> None:
    async with running(tmp_path) as bot:
        bot.obey()
        orders = [bot.buy() for _ in range(3)]
        bot.puppet.deeds += [partial(bot.puppet.cancel, order) for order in reversed(orders)]
        bot.venue.tell(bot.quote())

        cancels = [each for each in bot.venue.log if isinstance(each, CancelOrder)]
        assert [cancel.client_order_id for cancel in cancels] == [order.id for order in reversed(orders)]
