"""An exchange that stops answering in the middle of everything, and then goes on as if nothing had been."""

from __future__ import annotations

import os
import signal
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.scenarios.campaign_kill_nine import end_well
from tests.scenarios.place import Place, open_place
from tests.scenarios.verdict import differences

_TOO_LATE = "50036"


@pytest.fixture
def place(tmp_path: Path) -> Iterator[Place]:
    with open_place(tmp_path, seed=11) as place:
        yield place


@contextmanager
def frozen(place: Place) -> Iterator[None]:
    os.kill(place.exchange_pid, signal.SIGSTOP)
    try:
        yield
    finally:
        os.kill(place.exchange_pid, signal.SIGCONT)


def test_an_order_that_got_no_answer_is_unknown_until_the_exchange_tells(place: Place) -> None:
    """It arrives after its deadline, and the exchange drops it."""
    with place.bot() as bot:
        bot.hear_kind("fill", times=2)
        with frozen(place):
            unknown = bot.hear_kind("unknown")
        told = bot.hear(lambda said: said.get("kind") == "rejected" and said["order"] == unknown["order"])
        bot.hear_kind("fill")
        assert bot.stop() == 0

    assert told["code"] == _TOO_LATE
    assert differences(place) == []


def test_a_bot_that_is_killed_while_nobody_answers_finds_out_what_became_of_its_orders(place: Place) -> None:
    with place.bot() as bot:
        bot.hear_kind("fill", times=2)
        with frozen(place):
            bot.hear_kind("order", times=2)
            bot.kill()

    end_well(place)

    assert differences(place) == []


def test_an_exchange_that_is_slow_for_a_moment_changes_nothing(place: Place) -> None:
    with place.bot() as bot:
        bot.hear_kind("fill", times=2)
        with frozen(place):
            bot.hear_kind("order", times=2)
        bot.hear_kind("fill")
        assert bot.stop() == 0

    assert not [said for said in bot.said if said.get("kind") == "unknown"]
    assert differences(place) == []
