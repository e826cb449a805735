from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from botkit.model.duration import NS_PER_MS, NS_PER_S, duration_ns


@pytest.mark.parametrize(
    ("text", "length_ns"),
    [
        ("250ms", 250 * NS_PER_MS),
        ("30s", 30 * NS_PER_S),
        ("5m", 300 * NS_PER_S),
        ("1.5h", 5_400 * NS_PER_S),
        ("1d", 86_400 * NS_PER_S),
        ("2w", 14 * 86_400 * NS_PER_S),
        (" 4H ", 4 * 3_600 * NS_PER_S),
        ("0.000001ms", 1),
    ],
)
def test_a_length_is_a_number_and_a_unit(text: str, length_ns: int) -> None:
    assert duration_ns(text) == length_ns


@pytest.mark.parametrize(
    "text",
    [
        "",
        "5",
        "m",
        "-5m",
        "5 m",
        "5min",
        "1e3s",
        ".5s",
        "5.s",
        "0s",
        "0.0000001ms",
        "nan s",
        "5m5s",
        "\u0665s",
        "9" * 400 + "s",
    ],
)
def test_anything_else_is_no_length_of_time(text: str) -> None:
    with pytest.raises(ValueError, match="such as 30s, 5m or 4h"):
        duration_ns(text)


@given(st.integers(1, 10_000), st.sampled_from(["ms", "s", "m", "h", "d", "w"]))
def test_a_whole_number_of_units_is_exact(count: int, unit: str) -> None:
    assert duration_ns(f"{count}{unit}") == count * duration_ns(f"1{unit}")
