from __future__ import annotations

from decimal import Decimal

import pytest

from botkit.strategy.log import Log
from tests.strategy.recording_desk import RecordingDesk


@pytest.mark.parametrize("level", ["debug", "info", "warning", "error"])
def test_a_fact_goes_to_the_desk_with_its_level_and_numbers(level: str) -> None:
    desk = RecordingDesk()

    getattr(Log(desk), level)("filled", size=Decimal("0.1"), price=100.0)

    assert desk.notes == [(level, "filled", {"size": Decimal("0.1"), "price": 100.0})]


def test_a_field_may_have_any_name() -> None:
    desk = RecordingDesk()

    Log(desk).info("moved", level="high", text=2)

    assert desk.notes == [("info", "moved", {"level": "high", "text": 2})]
