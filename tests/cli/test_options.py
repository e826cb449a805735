"""Options that several verbs share."""

from __future__ import annotations

import pytest
import typer

from botkit.cli.options import _seconds


@pytest.mark.parametrize(
    ("text", "seconds"), [("30s", 30), ("5m", 300), ("1h", 3600), ("250ms", 0.25), ("1.5H", 5400)]
)
def test_a_length_of_time_is_a_number_and_a_unit(text: str, seconds: float) -> None:
    assert _seconds(text) == seconds


@pytest.mark.parametrize("text", ["", "30", "s", "0s", "-1s", "soon", "1y"])
def test_anything_else_is_told_what_it_should_be(text: str) -> None:
    with pytest.raises(typer.BadParameter, match="write 30s, 5m or 1h"):
        _seconds(text)
