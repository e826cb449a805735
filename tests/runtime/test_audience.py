"""Steps reach those who watch in order, complete, and not before the orders have gone."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from botkit.engine.step import Step
from botkit.runtime.audience import Audience
from tests.market import quote


def step(seq: int) -> Step:
    return Step(seq, quote())


def test_nothing_is_shown_before_the_loop_comes_round() -> None:
    seen: list[int] = []
    later: list[Callable[[], None]] = []
    audience = Audience([lambda shown: seen.append(shown.seq)], later.append)

    audience.observe(step(1))
    audience.observe(step(2))
    assert seen == []

    for call in later:
        call()
    assert seen == [1, 2]


def test_the_loop_is_asked_once_for_everything_that_waits_and_again_for_what_comes_after() -> None:
    later: list[Callable[[], None]] = []
    audience = Audience([], later.append)
    audience.observe(step(1))
    audience.observe(step(2))
    assert len(later) == 1

    later[0]()
    audience.observe(step(3))

    assert len(later) == 2


def test_every_listener_sees_a_step_before_any_sees_the_next() -> None:
    seen: list[tuple[str, int]] = []
    audience = Audience(
        [lambda shown: seen.append(("ledger", shown.seq)), lambda shown: seen.append(("log", shown.seq))],
        lambda _: None,
    )
    audience.observe(step(1))
    audience.observe(step(2))

    audience.catch_up()

    assert seen == [("ledger", 1), ("log", 1), ("ledger", 2), ("log", 2)]


def test_after_a_listener_failed_the_rest_is_shown_with_the_next_step() -> None:
    seen: list[int] = []
    later: list[Callable[[], None]] = []

    def listen(shown: Step) -> None:
        seen.append(shown.seq)
        if shown.seq == 1:
            raise ZeroDivisionError

    audience = Audience([listen], later.append)
    audience.observe(step(1))
    audience.observe(step(2))
    with pytest.raises(ZeroDivisionError):
        later.pop()()

    audience.observe(step(3))
    later.pop()()

    assert seen == [1, 2, 3]
