from __future__ import annotations

from botkit.engine.step import Step as EngineStep
from botkit.observe.step import Step
from tests.market import quote


def test_a_step_of_the_engine_is_one() -> None:
    seen: Step = EngineStep(1, quote())

    assert seen.event == quote()
    assert seen.effects == ()
