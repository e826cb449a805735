from __future__ import annotations

import asyncio

import pytest

from botkit.errors import VenueUnreachable
from botkit.model.market import Bar
from botkit.runtime.warmup import Warmup
from botkit.strategy.desk import Subscription
from tests.market import BTC, NOON, S, bar, quote
from tests.scripted_venue import ScriptedVenue
from tests.skipped_time import LoopClock, in_skipped_time, pass_time

MINUTE = 60 * S
WISH = Subscription(channel="bars", symbol=BTC, interval="1m", warmup=3)


class Joining:
    """A warm-up on a scripted venue; bars are named by the minute that they open at."""

    def __init__(self) -> None:
        self.fed: list[str] = []
        self.venue = ScriptedVenue(LoopClock())
        self.warmup = Warmup(self.venue, self._feed)
        self.tasks: list[asyncio.Task[None]] = []

    def _feed(self, event: object) -> None:
        assert isinstance(event, Bar)
        self.fed.append(
            f"{'past' if event.is_history else 'live'} {event.open_ns // MINUTE - NOON // MINUTE}"
        )

    async def begin(self, wish: Subscription = WISH) -> None:
        self.tasks.append(asyncio.create_task(self.warmup.begin(wish)))
        await pass_time()

    async def live(self, *minutes: int) -> None:
        for minute in minutes:
            event = bar(open_ns=NOON + minute * MINUTE)
            if not self.warmup.holds(event):
                self._feed(event)
        await pass_time()


def past(*minutes: int) -> list[Bar]:
    return [bar(open_ns=NOON + minute * MINUTE, is_history=True) for minute in minutes]


@in_skipped_time
async def test_bars_of_the_past_are_fed_as_soon_as_they_are_fetched() -> None:
    joining = Joining()
    joining.venue.bars.answers.append(past(-3, -2, -1))

    await joining.begin()

    assert joining.venue.log == [WISH]
    assert joining.fed == ["past -3", "past -2", "past -1"]


@in_skipped_time
async def test_live_bars_wait_for_those_before_them() -> None:
    joining = Joining()
    answer = joining.venue.bars.hesitate()
    await joining.begin()
    await joining.live(0, 1)
    assert joining.fed == []

    answer.set_result(past(-3, -2, -1))
    await pass_time()

    assert joining.fed == ["past -3", "past -2", "past -1", "live 0", "live 1"]
    assert joining.tasks[0].done()


@in_skipped_time
async def test_a_bar_that_was_fetched_and_came_live_is_fed_once() -> None:
    joining = Joining()
    answer = joining.venue.bars.hesitate()
    await joining.begin()
    await joining.live(-1, 0)

    answer.set_result(past(-3, -2, -1))
    await pass_time()

    assert joining.fed == ["past -3", "past -2", "past -1", "live 0"]


@in_skipped_time
async def test_a_bar_that_closed_between_fetching_and_subscribing_is_fetched() -> None:
    joining = Joining()
    joining.venue.bars.answers += [past(-3, -2, -1), past(-2, -1, 0)]
    await joining.begin()

    await joining.live(1)

    assert joining.fed[-2:] == ["past 0", "live 1"]
    assert len(joining.venue.bars.asked) == 2


@in_skipped_time
async def test_without_a_gap_the_past_is_fetched_once() -> None:
    joining = Joining()
    joining.venue.bars.answers.append(past(-3, -2, -1))
    await joining.begin()

    await joining.live(0, 1, 2)

    assert len(joining.venue.bars.asked) == 1
    assert joining.fed[-3:] == ["live 0", "live 1", "live 2"]


@pytest.mark.parametrize("second", [VenueUnreachable("no answer"), []], ids=["still not", "nothing to tell"])
@in_skipped_time
async def test_a_past_that_cannot_be_fetched_does_not_hold_the_present_back(
    second: VenueUnreachable | list[Bar],
) -> None:
    joining = Joining()
    joining.venue.bars.answers += [VenueUnreachable("no answer"), second]
    await joining.begin()

    await joining.live(0, 1)

    assert joining.fed == ["live 0", "live 1"]
    assert joining.tasks[0].exception() is None


@in_skipped_time
async def test_a_past_that_could_not_be_fetched_is_asked_for_again_at_the_first_live_bar() -> None:
    joining = Joining()
    joining.venue.bars.answers += [VenueUnreachable("no answer"), past(-3, -2, -1)]
    await joining.begin()

    await joining.live(0)

    assert joining.fed == ["past -3", "past -2", "past -1", "live 0"]


@in_skipped_time
async def test_other_events_and_other_bars_do_not_wait() -> None:
    joining = Joining()
    answer = joining.venue.bars.hesitate()
    await joining.begin()

    assert not joining.warmup.holds(quote())
    assert not joining.warmup.holds(bar(interval="5m"))
    assert not joining.warmup.holds(bar(symbol="ETH-USDT"))
    answer.cancel()


@in_skipped_time
async def test_live_bars_are_held_from_the_moment_they_are_asked_for() -> None:
    """Another strategy may be hearing them already."""
    joining = Joining()
    work = joining.warmup.begin(WISH)

    assert joining.warmup.holds(bar())
    work.close()


@in_skipped_time
async def test_a_longer_past_that_is_asked_for_meanwhile_comes_before_the_present() -> None:
    joining = Joining()
    longer = Subscription(channel="bars", symbol=BTC, interval="1m", warmup=5)
    joining.venue.bars.answers.append(past(-3, -2, -1))
    await joining.begin()
    answer = joining.venue.bars.hesitate()
    await joining.begin(longer)
    await joining.live(0)
    assert "live 0" not in joining.fed

    answer.set_result(past(-5, -4, -3, -2, -1))
    await pass_time()

    assert joining.fed == [f"past {n}" for n in (-3, -2, -1, -5, -4, -3, -2, -1)] + ["live 0"]
    assert all(task.done() for task in joining.tasks)


@in_skipped_time
async def test_after_a_past_was_joined_another_can_be() -> None:
    joining = Joining()
    joining.venue.bars.answers.append(past(-1))
    await joining.begin()
    await joining.live(0)
    joining.venue.bars.answers.append(past(-1, 0))
    await joining.begin()

    await joining.live(1)

    assert joining.fed == ["past -1", "live 0", "past -1", "past 0", "live 1"]
