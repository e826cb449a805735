from __future__ import annotations

import asyncio
from decimal import Decimal
from pathlib import Path

import pytest

from botkit.errors import LoginRefused, VenueBusy, VenueUnreachable
from botkit.model.events import ConnectionChanged, OrderUpdate, Reconciled, TradingState
from botkit.model.order import Order, OrderChange, OrderStatus
from botkit.model.portfolio import Fill
from botkit.strategy.desk import Subscription
from tests.market import BTC, NOON, S
from tests.runtime.running import Puppet, Running, running
from tests.skipped_time import in_skipped_time, pass_time

QUOTES = Subscription(channel="quotes", symbol=BTC)
LOOK_BACK = 300 * S


async def an_open_order(bot: Running) -> Order:
    bot.obey()
    return bot.buy()


def heard_of(bot: Running) -> list[str]:
    """Return what account and connection had to say, in the order in which the engine was told."""
    told: list[str] = []
    for step in bot.steps:
        match step.event:
            case ConnectionChanged(is_up=is_up):
                told.append("up" if is_up else "down")
            case OrderUpdate(change=change):
                told.append(change.value)
            case Fill(trade_id=trade_id):
                told.append(f"fill {trade_id}")
            case Reconciled(fills=fills, orders=orders):
                told.append(f"reconciled {fills} {orders}")
            case _:
                pass
    return told


# ---- the first time


@in_skipped_time
async def test_until_the_books_agree_no_market_data_is_asked_for(tmp_path: Path) -> None:
    bot = Running(tmp_path / "journal.db")
    with bot.journal:
        answer = bot.venue.books.hesitate()
        bot.start()
        await pass_time(60)
        assert bot.puppet.heard == ["start"]
        assert bot.venue.subscribed == []
        assert bot.engine.state() is TradingState.RECONCILING

        answer.set_result([])
        await pass_time()

        assert bot.venue.subscribed == [QUOTES]
        assert bot.engine.state() is TradingState.ACTIVE
        await bot.end()


@in_skipped_time
async def test_a_first_run_asks_for_what_happened_since_it_began(tmp_path: Path) -> None:
    async with running(tmp_path) as bot:
        assert bot.venue.books.asked == [([], NOON)]


@in_skipped_time
async def test_a_later_run_asks_for_what_happened_since_shortly_before_the_last_record(
    tmp_path: Path,
) -> None:
    async with running(tmp_path, last_seen_ns=NOON - 3600 * S) as bot:
        assert bot.venue.books.asked == [([], NOON - 3600 * S - LOOK_BACK)]


@in_skipped_time
async def test_what_had_been_missed_reaches_the_strategy_before_the_word_that_it_is_over(
    tmp_path: Path,
) -> None:
    async with running(tmp_path) as bot:
        order = await an_open_order(bot)
        bot.puppet.heard.clear()
        bot.venue.disconnect()
        bot.venue.books.answers.append(
            [bot.fill(order, "t1"), bot.update(order.id, OrderChange.LAST_FILL, cumulative_size=Decimal(1))]
        )
        bot.venue.connect()
        await pass_time()

        assert bot.puppet.heard == [
            "state reconciling",
            "fill t1",
            "order filled",
            "gap: 1 fills, 1 orders",
            "state active",
        ]


# ---- what comes meanwhile


@in_skipped_time
async def test_what_the_account_says_meanwhile_waits_and_then_comes_in_its_order(tmp_path: Path) -> None:
    async with running(tmp_path) as bot:
        order = await an_open_order(bot)
        bot.venue.disconnect()
        answer = bot.venue.books.hesitate()
        bot.venue.connect()
        bot.venue.tell(bot.fill(order, "t2", "0.3"), bot.fill(order, "t3", "0.3"))
        bot.venue.tell(bot.update(order.id, OrderChange.CANCEL))
        await pass_time(5)
        assert heard_of(bot)[-2:] == ["down", "up"]

        answer.set_result([bot.fill(order, "t1", "0.1"), bot.update(order.id, OrderChange.ACCEPT)])
        await pass_time()

        told = ["down", "up", "fill t1", "accept", "fill t2", "fill t3", "cancel", "reconciled 1 1"]
        assert heard_of(bot)[-len(told) :] == told
        assert order.filled_size == Decimal("0.7")


@in_skipped_time
async def test_what_is_told_twice_counts_once(tmp_path: Path) -> None:
    async with running(tmp_path) as bot:
        order = await an_open_order(bot)
        bot.venue.disconnect()
        answer = bot.venue.books.hesitate()
        bot.venue.connect()
        fill = bot.fill(order, "t1", "0.4")
        bot.venue.tell(fill)
        answer.set_result([fill])
        await pass_time()

        assert order.filled_size == Decimal("0.4")
        assert bot.puppet.heard.count("fill t1") == 1


@in_skipped_time
async def test_a_fill_that_was_known_before_the_gap_is_not_counted_as_missed(tmp_path: Path) -> None:
    async with running(tmp_path) as bot:
        order = await an_open_order(bot)
        known = bot.fill(order, "t1", "0.4")
        bot.venue.tell(known)
        bot.venue.disconnect()
        bot.venue.books.answers.append([known, bot.fill(order, "t2", "0.1")])
        bot.venue.connect()
        await pass_time()

        assert bot.puppet.heard[-2:] == ["gap: 1 fills, 1 orders", "state active"]


@in_skipped_time
async def test_the_market_does_not_wait(tmp_path: Path) -> None:
    async with running(tmp_path) as bot:
        bot.venue.disconnect()
        answer = bot.venue.books.hesitate()
        bot.venue.connect()
        bot.puppet.heard.clear()

        bot.venue.tell(bot.quote())

        assert bot.puppet.heard == ["quote"]
        answer.set_result([])


@in_skipped_time
async def test_meanwhile_an_order_that_opens_is_refused(tmp_path: Path) -> None:
    async with running(tmp_path) as bot:
        bot.venue.disconnect()

        order = bot.buy()

        assert order.status is OrderStatus.REFUSED
        assert bot.venue.sent == []


@in_skipped_time
async def test_meanwhile_cancels_go_out(tmp_path: Path) -> None:
    async with running(tmp_path) as bot:
        order = await an_open_order(bot)
        bot.venue.disconnect()

        bot.act(bot.puppet.cancel_all)

        assert bot.venue.canceled == [order.id]


@in_skipped_time
async def test_market_data_asked_for_meanwhile_is_asked_for_when_it_is_over(tmp_path: Path) -> None:
    async with running(tmp_path) as bot:
        bot.venue.disconnect()
        bot.act(lambda: bot.puppet.subscribe_trades(BTC))
        trades = Subscription(channel="trades", symbol=BTC)
        assert trades not in bot.venue.subscribed

        bot.venue.connect()
        await pass_time()

        assert bot.venue.subscribed == [QUOTES, trades]


# ---- trouble


@in_skipped_time
async def test_a_feed_that_is_lost_meanwhile_makes_it_ask_again(tmp_path: Path) -> None:
    async with running(tmp_path) as bot:
        order = await an_open_order(bot)
        bot.venue.disconnect()
        early = bot.venue.books.hesitate()
        bot.venue.connect()
        await pass_time()
        bot.venue.disconnect()
        early.set_result([bot.fill(order, "t1", "0.1")])
        await pass_time(10)
        assert heard_of(bot)[-1] == "down"
        assert len(bot.venue.books.asked) == 2

        bot.venue.books.answers.append([bot.fill(order, "t1", "0.1"), bot.fill(order, "t2", "0.2")])
        bot.venue.connect()
        await pass_time()

        assert heard_of(bot)[-4:] == ["up", "fill t1", "fill t2", "reconciled 2 1"]
        assert len(bot.venue.books.asked) == 3


@in_skipped_time
async def test_a_feed_that_is_lost_and_back_meanwhile_makes_it_ask_again(tmp_path: Path) -> None:
    async with running(tmp_path) as bot:
        order = await an_open_order(bot)
        bot.venue.disconnect()
        early = bot.venue.books.hesitate()
        bot.venue.connect()
        await pass_time()
        bot.venue.disconnect()
        bot.venue.connect()
        bot.venue.books.answers.append([bot.fill(order, "t1", "0.1")])

        early.set_result([])
        await pass_time()

        assert heard_of(bot)[-2:] == ["fill t1", "reconciled 1 1"]


@in_skipped_time
async def test_what_was_held_when_the_feed_was_lost_is_not_lost(tmp_path: Path) -> None:
    """A refusal is said once; the venue knows nothing of the order when it is asked."""
    async with running(tmp_path) as bot:
        bot.venue.on_submit = lambda _: None
        order = bot.buy()
        bot.venue.disconnect()
        early = bot.venue.books.hesitate()
        bot.venue.connect()
        await pass_time()
        bot.venue.tell(bot.update(order.id, OrderChange.REJECT))
        bot.venue.disconnect()
        bot.venue.connect()
        early.set_result([])
        await pass_time()

        assert order.status is OrderStatus.REJECTED


@pytest.mark.parametrize("error", [VenueUnreachable("no answer"), VenueBusy("later")], ids=["silent", "busy"])
@in_skipped_time
async def test_a_venue_that_does_not_answer_is_asked_again(tmp_path: Path, error: Exception) -> None:
    async with running(tmp_path) as bot:
        bot.venue.disconnect()
        bot.venue.books.answers += [error, error, error]
        bot.venue.connect()
        await pass_time(5)
        assert not bot.engine.is_reconciled
        await pass_time(2)

        assert bot.engine.is_reconciled
        assert len(bot.venue.books.asked) == 5


@in_skipped_time
async def test_a_key_that_is_refused_meanwhile_ends_the_run(tmp_path: Path) -> None:
    """Asking again every two seconds would only get the address banned."""
    async with running(tmp_path) as bot:
        bot.venue.disconnect()
        bot.venue.books.answers.append(LoginRefused("no such key", code="50111", remedy="make another"))
        bot.venue.connect()

        with pytest.raises(LoginRefused, match="no such key"):
            await asyncio.wait_for(bot.task, 5)


@in_skipped_time
async def test_the_next_time_only_what_came_after_this_time_is_asked_for(tmp_path: Path) -> None:
    async with running(tmp_path) as bot:
        await pass_time(3600)
        bot.venue.disconnect()
        bot.venue.connect()
        await pass_time(60)
        bot.venue.disconnect()
        bot.venue.connect()
        await pass_time()

        sinces = [since_ns - NOON for _, since_ns in bot.venue.books.asked]  # type: ignore[operator]
        assert [since // S for since in sinces] == [0, -300, 3300]


@in_skipped_time
async def test_a_time_that_could_not_be_asked_about_is_asked_for_the_next_time(tmp_path: Path) -> None:
    """What was held of a connection that was lost may have been all of it."""
    async with running(tmp_path) as bot:
        await pass_time(3600)
        bot.venue.disconnect()
        bot.venue.books.answers.append(VenueUnreachable("no answer"))
        bot.venue.connect()
        await pass_time(10)

        first, second = (since_ns for _, since_ns in bot.venue.books.asked[1:])
        assert first == second


# ---- orders in doubt


@in_skipped_time
async def test_an_order_whose_sending_was_lost_is_asked_about_until_it_is_known(tmp_path: Path) -> None:
    async with running(tmp_path) as bot:
        bot.venue.on_submit = lambda _: None
        order = bot.buy()
        bot.venue.fates.answers += [VenueUnreachable("no answer"), VenueUnreachable("no answer")]
        bot.venue.fates.answers.append([bot.update(order.id, OrderChange.ABSENT)])
        bot.venue.tell(bot.update(order.id, OrderChange.LOSE))
        await pass_time(1)
        assert order.is_open

        await pass_time(4)

        assert order.status is OrderStatus.VOID
        assert bot.venue.fates.asked == [(order.id,)] * 3


@in_skipped_time
async def test_two_doubts_at_once_are_one_question(tmp_path: Path) -> None:
    async with running(tmp_path) as bot:
        bot.venue.on_submit = lambda _: None
        order = bot.buy()
        bot.venue.fates.answers.append([bot.update(order.id, OrderChange.ACCEPT)])
        bot.venue.tell(bot.update(order.id, OrderChange.LOSE), bot.update(order.id, OrderChange.CANCEL_FAIL))
        await pass_time()

        assert bot.venue.fates.asked == [(order.id,)]


@in_skipped_time
async def test_a_doubt_that_comes_while_the_answer_is_on_its_way_is_asked_about_too(tmp_path: Path) -> None:
    """The answer may be older than the doubt."""
    async with running(tmp_path) as bot:
        order = await an_open_order(bot)
        answer = bot.venue.fates.hesitate()
        bot.venue.tell(bot.update(order.id, OrderChange.CANCEL_FAIL))
        await pass_time()
        bot.venue.tell(bot.update(order.id, OrderChange.CANCEL_FAIL))
        bot.venue.fates.answers.append([bot.update(order.id, OrderChange.CANCEL)])

        answer.set_result([])
        await pass_time(3)

        assert bot.venue.fates.asked == [(order.id,)] * 2
        assert order.status is OrderStatus.CANCELED


@in_skipped_time
async def test_an_answer_that_raises_a_doubt_is_asked_about_again(tmp_path: Path) -> None:
    """The venue may count a fill before it lists it."""
    async with running(tmp_path) as bot:
        order = await an_open_order(bot)
        filled = bot.update(order.id, OrderChange.LAST_FILL, cumulative_size=Decimal(1))
        bot.venue.fates.answers += [[filled], [bot.fill(order, "t1"), filled]]

        bot.venue.tell(bot.update(order.id, OrderChange.CANCEL_FAIL))
        await pass_time(10)

        assert order.status is OrderStatus.FILLED
        assert bot.venue.fates.asked == [(order.id,)] * 2


@in_skipped_time
async def test_an_order_that_became_known_is_not_asked_about_any_more(tmp_path: Path) -> None:
    async with running(tmp_path) as bot:
        order = await an_open_order(bot)
        bot.venue.fates.answers.append(VenueUnreachable("no answer"))
        bot.venue.tell(bot.update(order.id, OrderChange.CANCEL_FAIL))
        await pass_time()
        bot.venue.tell(bot.update(order.id, OrderChange.CANCEL))
        await pass_time(10)

        assert bot.venue.fates.asked == [(order.id,)]


@in_skipped_time
async def test_a_key_that_is_refused_while_an_order_is_asked_about_ends_the_run(tmp_path: Path) -> None:
    async with running(tmp_path) as bot:
        order = await an_open_order(bot)
        bot.venue.fates.answers.append(LoginRefused("no such key", code="50111", remedy="make another"))
        bot.venue.tell(bot.update(order.id, OrderChange.CANCEL_FAIL))

        with pytest.raises(LoginRefused):
            await asyncio.wait_for(bot.task, 5)


@in_skipped_time
async def test_an_order_that_is_still_unknown_when_the_books_agree_is_asked_about(tmp_path: Path) -> None:
    async with running(tmp_path) as bot:
        bot.venue.on_submit = lambda _: None
        order = bot.buy()
        bot.venue.disconnect()
        bot.venue.fates.answers += [[]]
        bot.venue.tell(bot.update(order.id, OrderChange.LOSE))
        await pass_time()
        bot.venue.fates.answers.append([bot.update(order.id, OrderChange.ABSENT)])
        bot.venue.connect()
        await pass_time()

        assert bot.venue.books.asked[-1][0] == [order.id]
        assert order.status is OrderStatus.VOID


@in_skipped_time
async def test_what_is_told_of_one_order_while_reconciling_waits_too(tmp_path: Path) -> None:
    async with running(tmp_path) as bot:
        order = await an_open_order(bot)
        bot.venue.disconnect()
        fate, books = bot.venue.fates.hesitate(), bot.venue.books.hesitate()
        bot.venue.tell(bot.update(order.id, OrderChange.CANCEL_FAIL))
        bot.venue.connect()
        await pass_time()
        fate.set_result([bot.update(order.id, OrderChange.CANCEL)])
        await pass_time()
        assert order.is_open

        books.set_result([bot.fill(order, "t1", "0.5")])
        await pass_time()

        assert heard_of(bot)[-3:] == ["fill t1", "cancel", "reconciled 1 1"]


# ---- after a restart


@in_skipped_time
async def test_what_a_journal_knows_to_be_open_is_asked_about_after_a_restart(tmp_path: Path) -> None:
    from botkit.engine.recovery import recover

    async with running(tmp_path, cancels_on_stop=False) as first:
        order = await an_open_order(first)
        first.venue.on_submit = lambda _: None
        lost = first.buy()
        await first.end()

    second = Running(tmp_path / "journal.db", kind=Puppet)
    with second.journal:
        recover(second.engine, second.journal.replay(), second.clock.now_ns())
        second.venue.fates.answers.append([second.update(lost.id, OrderChange.ABSENT)])
        second.obey()
        second.start()
        await pass_time()

        assert second.venue.books.asked[0][0] == [order.id, lost.id]
        assert second.venue.fates.asked == [(lost.id,)]
        found = {each.id: each.status for each in second.engine.blotter.open_orders()}
        assert found == {order.id: OrderStatus.OPEN}
        await second.end()
