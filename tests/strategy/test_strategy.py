from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Iterator
from inspect import signature
from pathlib import Path

import msgspec
import pytest

import botkit
from botkit.errors import StrategyError
from botkit.model.market import Bar
from botkit.model.order import Order
from botkit.strategy.strategy import HOOKS, Strategy
from tests.strategy.recording_desk import RecordingDesk


class Counter(Strategy):
    class Params(botkit.Params):
        step: int = 1

    class State(botkit.State):
        count: int = 0

    def on_bar(self, bar: Bar) -> None:
        self.state.count += self.params.step


def bar(close: float = 1.0) -> Bar:
    return Bar(
        recv_ns=1, symbol="A", interval="1m", open_ns=0, open=1.0, high=1.0, low=1.0, close=close, volume=1.0
    )


def test_a_strategy_is_made_of_a_name_parameters_and_a_desk() -> None:
    desk = RecordingDesk()

    counter = Counter("one", Counter.Params(step=3), desk)
    counter.on_bar(bar())

    assert counter.name == "one"
    assert counter.state == Counter.State(count=3)
    assert counter.now_ns == desk.now_ns


def test_a_strategy_gets_back_what_it_had_kept() -> None:
    counter = Counter("one", Counter.Params(), RecordingDesk(), Counter.State(count=41))

    counter.on_bar(bar())

    assert counter.state.count == 42


def test_two_instances_do_not_share_their_state() -> None:
    one, two = (Counter(name, Counter.Params(), RecordingDesk()) for name in ("one", "two"))

    one.on_bar(bar())

    assert (one.state.count, two.state.count) == (1, 0)


def test_a_strategy_needs_no_parameters_and_no_state() -> None:
    class Plain(Strategy):
        pass

    plain = Plain("plain", Plain.Params(), RecordingDesk())

    assert msgspec.json.encode(plain.state) == b"{}"


def test_a_constructor_asks_the_desk_for_nothing() -> None:
    desk = RecordingDesk()

    Counter("one", Counter.Params(), desk)

    assert (desk.subscriptions, desk.timers, desk.placed, desk.notes) == ([], [], [], [])


@pytest.mark.parametrize("hook", HOOKS)
def test_a_hook_that_is_not_overridden_does_nothing(hook: str) -> None:
    desk = RecordingDesk()
    plain = Strategy("plain", Strategy.Params(), desk)
    arguments = [None] * (len(signature(HOOKS[hook]).parameters) - 1)

    getattr(plain, hook)(*arguments)

    assert (desk.subscriptions, desk.timers, desk.placed, desk.notes) == ([], [], [], [])


def test_there_are_thirteen_hooks() -> None:
    assert list(HOOKS) == [
        "on_start",
        "on_stop",
        "on_quote",
        "on_trade",
        "on_book",
        "on_bar",
        "on_funding",
        "on_order",
        "on_fill",
        "on_timer",
        "on_task",
        "on_gap",
        "on_state",
    ]


def test_log_and_note_reach_the_desk() -> None:
    desk = RecordingDesk()
    plain = Strategy("plain", Strategy.Params(), desk)

    plain.log.warning("late", by_s=1.5)
    plain.note("waited", text="for the trend")

    assert desk.notes == [("warning", "late", {"by_s": 1.5}), ("info", "waited", {"text": "for the trend"})]


def test_outside_work_is_handed_to_the_desk_and_not_started() -> None:
    async def fetch() -> int:
        raise AssertionError("started")

    desk = RecordingDesk()
    work = fetch()

    Strategy("plain", Strategy.Params(), desk).run(work, "fetch")

    assert desk.works == [(work, "fetch")]
    work.close()


def test_an_async_hook_is_refused_with_the_reason_and_the_line() -> None:
    with pytest.raises(StrategyError, match=r"Late\.on_bar is `async def`") as refusal:

        class Late(Strategy):
            async def on_bar(self, bar: Bar) -> None:  # type: ignore[override]  # what is tested
                pass

    assert "the position and the risk state may all have changed" in refusal.value.problem
    assert "self.run(coroutine, name)" in refusal.value.remedy
    assert Path(refusal.value.where.rpartition(":")[0]).name == "test_strategy.py"


def test_an_async_hook_is_refused_wherever_it_was_inherited_from() -> None:
    class Mixin:
        async def on_order(self, order: Order) -> None:
            pass

    with pytest.raises(StrategyError, match="async def"):

        class Late(Mixin, Strategy):  # type: ignore[misc]  # what is tested
            pass


async def async_generator(self: Strategy, bar: Bar) -> AsyncIterator[int]:
    yield 1


def generator(self: Strategy, bar: Bar) -> Iterator[int]:
    yield 1


def without_argument(self: Strategy) -> None:
    pass


def with_another_argument(self: Strategy, bar: Bar, more: int) -> None:
    pass


def with_a_default(self: Strategy, bar: Bar, more: int = 1) -> None:
    pass


@pytest.mark.parametrize(
    ("hook", "complaint"),
    [
        (async_generator, "async def"),
        (generator, "contains `yield`"),
        (without_argument, "too many positional arguments"),
        (with_another_argument, "missing a required argument: 'more'"),
    ],
)
def test_a_hook_that_could_not_be_called_is_refused(hook: Callable[..., object], complaint: str) -> None:
    with pytest.raises(StrategyError, match=complaint):
        type("Wrong", (Strategy,), {"on_bar": hook})


def test_a_hook_may_take_more_than_it_is_given_if_that_has_a_default() -> None:
    type("Fine", (Strategy,), {"on_bar": with_a_default})


@pytest.mark.parametrize(
    ("name", "remedy"),
    [("on_trades", "did you mean on_trade?"), ("on_xyzzy", "the hooks are: on_start, on_stop")],
)
def test_a_misspelt_hook_is_refused_because_nobody_would_call_it(name: str, remedy: str) -> None:
    with pytest.raises(StrategyError, match=f"{name} is not a hook") as refusal:
        type("Wrong", (Strategy,), {name: with_a_default})

    assert refusal.value.remedy.startswith(remedy)


def test_a_hook_that_is_no_function_is_refused_too() -> None:
    with pytest.raises(StrategyError, match="on_hand is not a hook"):
        type("Wrong", (Strategy,), {"on_hand": 3})


@pytest.mark.parametrize("part", ["Params", "State"])
@pytest.mark.parametrize("instead", [dict, 5])
def test_parameters_and_state_have_their_kinds(part: str, instead: object) -> None:
    with pytest.raises(StrategyError, match=rf"Wrong\.{part} is not a subclass of botkit\.{part}"):
        type("Wrong", (Strategy,), {part: instead})


class WithoutDefault(botkit.State):
    count: int


class Unkeepable(botkit.State):
    work: Callable[[], None] = print


@pytest.mark.parametrize("state", [WithoutDefault, Unkeepable])
def test_a_state_that_could_not_be_given_back_is_refused_at_once(state: type[botkit.State]) -> None:
    with pytest.raises(StrategyError, match=r"Wrong\.State cannot be kept over a restart"):
        type("Wrong", (Strategy,), {"State": state})


def test_no_class_of_the_three_has_a_verb_that_another_hides() -> None:
    own = [
        name
        for kind in Strategy.__mro__[:-1]
        for name in vars(kind)
        if not name.startswith("_") and callable(getattr(kind, name))
    ]

    assert len(own) == len(set(own))
