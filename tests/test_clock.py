from __future__ import annotations

import time

import pytest

from botkit.clock import Clock, SimClock, WallClock


def test_a_simulated_clock_stands_still_until_it_is_moved() -> None:
    clock = SimClock(5)

    assert (clock.now_ns(), clock.now_ns()) == (5, 5)
    clock.advance_to(7)
    assert clock.now_ns() == 7


def test_a_simulated_clock_may_be_told_the_time_that_it_is() -> None:
    clock = SimClock(5)

    clock.advance_to(5)

    assert clock.now_ns() == 5


def test_time_does_not_go_back() -> None:
    clock = SimClock(5)

    with pytest.raises(ValueError, match="time cannot go back from 5 to 4"):
        clock.advance_to(4)
    assert clock.now_ns() == 5


def test_the_wall_clock_shows_the_time_of_day() -> None:
    clock = WallClock()

    before_ns, now_ns, after_ns = time.time_ns(), clock.now_ns(), time.time_ns()

    a_second_ns = 1_000_000_000
    assert before_ns - a_second_ns < now_ns < after_ns + a_second_ns


def test_the_wall_clock_does_not_follow_when_the_wall_is_set_back(monkeypatch: pytest.MonkeyPatch) -> None:
    clock = WallClock()
    before_ns = clock.now_ns()

    monkeypatch.setattr(time, "time_ns", lambda: 0)

    assert clock.now_ns() >= before_ns


@pytest.mark.parametrize("clock", [SimClock(), WallClock()], ids=["simulated", "wall"])
def test_either_is_a_clock(clock: Clock) -> None:
    assert clock.now_ns() <= clock.now_ns()
