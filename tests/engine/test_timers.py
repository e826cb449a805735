from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from botkit.engine.timers import Timers
from botkit.model.events import Timer


def due(timers: Timers, now_ns: int) -> list[tuple[str, str, int]]:
    found: list[tuple[str, str, int]] = []
    while (timer := timers.pop_due(now_ns)) is not None:
        found.append((timer.strategy, timer.name, timer.due_ns))
    return found


def test_a_timer_rings_when_it_is_due_and_not_before() -> None:
    timers = Timers()
    timers.set("ema", "tick", 10)

    assert timers.next_due_ns == 10
    assert timers.pop_due(9) is None
    assert timers.pop_due(10) == Timer(recv_ns=10, strategy="ema", name="tick", due_ns=10)
    assert timers.pop_due(10) is None
    assert timers.next_due_ns is None


def test_a_timer_tells_when_it_was_noticed_and_when_it_was_due() -> None:
    timers = Timers()
    timers.set("ema", "tick", 10)

    timer = timers.pop_due(25)

    assert timer is not None
    assert (timer.recv_ns, timer.due_ns) == (25, 10)


def test_timers_ring_in_the_order_of_their_moments() -> None:
    timers = Timers()
    for name, due_ns in (("c", 30), ("a", 10), ("b", 20)):
        timers.set("ema", name, due_ns)

    assert due(timers, 30) == [("ema", "a", 10), ("ema", "b", 20), ("ema", "c", 30)]


def test_at_the_same_moment_the_timer_that_was_set_first_rings_first() -> None:
    timers = Timers()
    for strategy, name in (("z", "1"), ("a", "2"), ("m", "0")):
        timers.set(strategy, name, 10)

    assert due(timers, 10) == [("z", "1", 10), ("a", "2", 10), ("m", "0", 10)]


def test_the_same_name_replaces_a_timer() -> None:
    timers = Timers()
    timers.set("ema", "tick", 10)
    timers.set("ema", "tick", 20)

    assert timers.next_due_ns == 20
    assert due(timers, 15) == []
    assert due(timers, 20) == [("ema", "tick", 20)]


def test_the_same_name_of_another_strategy_is_another_timer() -> None:
    timers = Timers()
    timers.set("ema", "tick", 10)
    timers.set("quoter", "tick", 20)

    assert due(timers, 20) == [("ema", "tick", 10), ("quoter", "tick", 20)]


def test_a_repeating_timer_rings_again_and_again() -> None:
    timers = Timers()
    timers.set("ema", "tick", 10, every_ns=5)

    assert due(timers, 10) == [("ema", "tick", 10)]
    assert due(timers, 14) == []
    assert due(timers, 15) == [("ema", "tick", 15)]
    assert timers.next_due_ns == 20


def test_a_timer_missed_many_times_rings_once_and_keeps_its_beat() -> None:
    timers = Timers()
    timers.set("ema", "tick", 10, every_ns=5)

    assert due(timers, 27) == [("ema", "tick", 10)]
    assert timers.next_due_ns == 30


def test_a_repeating_timer_that_is_replaced_stops_repeating() -> None:
    timers = Timers()
    timers.set("ema", "tick", 10, every_ns=5)
    timers.set("ema", "tick", 12)

    assert due(timers, 100) == [("ema", "tick", 12)]
    assert timers.next_due_ns is None


SETTINGS = st.tuples(st.sampled_from("ab"), st.sampled_from("xy"), st.integers(0, 20))


@given(st.lists(SETTINGS, max_size=12), st.integers(0, 25))
def test_what_rings_is_the_last_setting_of_each_name_that_is_due(
    settings: list[tuple[str, str, int]], now_ns: int
) -> None:
    timers = Timers()
    last: dict[tuple[str, str], tuple[int, int]] = {}
    for number, (strategy, name, due_ns) in enumerate(settings):
        timers.set(strategy, name, due_ns)
        last[strategy, name] = (due_ns, number)
    expected = sorted((moment, key) for key, moment in last.items() if moment[0] <= now_ns)

    assert due(timers, now_ns) == [(*key, due_ns) for (due_ns, _), key in expected]
    left = [due_ns for due_ns, _ in last.values() if due_ns > now_ns]
    assert timers.next_due_ns == min(left, default=None)
