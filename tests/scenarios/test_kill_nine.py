"""A bot that is killed at any instruction and started again has lost nothing and done nothing twice.

The exchange is the judge: `differences` compares its orders, fills and balances with the journal.
"""

from __future__ import annotations

import random
import select
import signal
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from botkit.model.events import OrderUpdate
from botkit.model.order import NewOrder, OrderChange
from tests.scenarios.campaign_kill_nine import end_well, kill_often
from tests.scenarios.dies_at import MOMENTS
from tests.scenarios.place import PATIENCE_S, Place, open_place
from tests.scenarios.verdict import differences, recorded

_TRIES = 10
_DIES = Path(__file__).with_name("dies_at.py")


@pytest.fixture
def place(tmp_path: Path) -> Iterator[Place]:
    with open_place(tmp_path, seed=5) as place:
        yield place


def wait_until(is_so: Callable[[], bool]) -> None:
    """Ask the exchange a few times a second; of what it does by itself it tells nobody."""
    end_s = time.monotonic() + PATIENCE_S
    while not is_so():
        assert time.monotonic() < end_s, "it did not happen"
        select.select([], [], [], 0.05)


def die(place: Place, moment: str, nth: int) -> None:
    with place.bot("run", "bot.toml", script=(str(_DIES), moment, str(nth))) as bot:
        assert bot.process.wait(PATIENCE_S) == -signal.SIGKILL, bot.said[-5:]


def last_intent(place: Place) -> NewOrder:
    return [each for _, each in recorded(place.journal) if isinstance(each, NewOrder)][-1]


def proof_of_absence(place: Place) -> OrderUpdate:
    [proof] = [
        each
        for _, each in recorded(place.journal)
        if isinstance(each, OrderUpdate) and each.change is OrderChange.ABSENT
    ]
    return proof


def ids_at_the_exchange(place: Place) -> set[str]:
    return {row["clOrdId"] for row in place.trader.orders()}


def leave_orders_on_both_sides(place: Place) -> None:
    """Kill bots until one leaves a bid and an offer, so that the market must come to one of them."""
    for _ in range(_TRIES):
        with place.bot() as bot:
            bot.hear_kind("fill", times=2)
            bot.hear_kind("accepted", times=3)
            bot.kill()
        if {row["side"] for row in place.trader.working()} == {"buy", "sell"}:
            return
    raise AssertionError(f"no such luck in {_TRIES} tries")


def test_what_fills_while_the_bot_is_dead_is_booked_and_what_works_is_found_again(place: Place) -> None:
    leave_orders_on_both_sides(place)
    known = len(place.trader.fills())
    wait_until(lambda: len(place.trader.fills()) > known)
    left = {row["clOrdId"] for row in place.trader.working()}
    assert any(told.startswith("not booked") for told in differences(place))

    with place.bot() as bot:
        books = bot.hear_kind("books")
        assert bot.stop() == 0

    assert int(books["fills"]) > 0
    assert differences(place) == []
    assert left <= {row["clOrdId"] for row in place.trader.orders() if row["state"] in {"canceled", "filled"}}


@pytest.mark.parametrize("seed", [1, 2])
def test_a_bot_that_is_killed_at_random_moments_tells_the_same_story_as_the_exchange(
    place: Place, seed: int
) -> None:
    kill_often(place, random.Random(seed), kills=4)
    end_well(place)

    assert differences(place) == []


def test_an_order_that_was_never_sent_is_proved_never_to_have_existed(place: Place) -> None:
    die(place, "before an order is sent", nth=4)
    lost = last_intent(place)
    assert lost.client_order_id not in ids_at_the_exchange(place)

    with place.bot() as bot:
        bot.hear_kind("void")
        bot.hear_kind("fill")
        assert bot.stop() == 0

    proof = proof_of_absence(place)
    assert proof.client_order_id == lost.client_order_id
    assert proof.recv_ns > lost.deadline_ns  # until then it may have been on its way
    assert lost.client_order_id not in ids_at_the_exchange(place)
    assert differences(place) == []


def test_an_order_that_was_sent_and_never_answered_is_adopted(place: Place) -> None:
    die(place, "before an answer is read", nth=4)
    lost = last_intent(place)
    assert lost.client_order_id in ids_at_the_exchange(place)

    end_well(place)

    assert differences(place) == []


@pytest.mark.parametrize("moment", ["before a fill is written", "before a cancel is sent"])
@pytest.mark.parametrize("nth", [1, 2])
def test_whatever_a_bot_was_doing_when_it_died_is_made_good(place: Place, moment: str, nth: int) -> None:
    die(place, moment, nth)

    end_well(place)

    assert differences(place) == []


def test_a_bot_that_dies_while_it_finds_out_what_it_missed_finds_it_out_the_next_time(place: Place) -> None:
    die(place, "before a fill is written", nth=4)
    for nth in (1, 2, 3):
        die(place, "before a fill is written", nth)

    end_well(place)

    assert differences(place) == []


def test_every_deadly_moment_is_used() -> None:
    source = Path(__file__).read_text()

    assert [moment for moment in MOMENTS if f'"{moment}"' not in source] == []


# ---- the judge


def test_the_judge_sees_an_order_that_the_bot_did_not_write_down(place: Place, tmp_path: Path) -> None:
    with place.bot() as bot:
        bot.hear_kind("fill", times=2)
        assert bot.stop() == 0
    assert differences(place) == []
    for part in place.journal.parent.glob("journal.db*"):
        part.unlink()

    with place.bot() as bot:
        bot.hear_kind("fill")
        assert bot.stop() == 0

    told = {each.partition(":")[0] for each in differences(place)}
    assert {"an order without an intent"} <= told
