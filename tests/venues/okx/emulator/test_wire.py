from __future__ import annotations

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from botkit.venues.okx.emulator.wire import blank, milliseconds, parse_id, plain, rounded


@pytest.mark.parametrize(
    ("number", "text"),
    [
        (Decimal("1E+5"), "100000"),
        (Decimal("0.00000001"), "0.00000001"),
        (Decimal("60000.10"), "60000.1"),
        (Decimal(100), "100"),
        (Decimal("-0.00"), "0"),
        (Decimal("-0.50"), "-0.5"),
        (0, "0"),
    ],
    ids=str,
)
def test_numbers_are_written_plainly(number: Decimal, text: str) -> None:
    assert plain(number) == text


@given(st.decimals(allow_nan=False, allow_infinity=False, min_value=-(10**12), max_value=10**12, places=12))
def test_what_is_written_reads_back_as_the_same_number(number: Decimal) -> None:
    assert Decimal(plain(number)) == number
    assert "E" not in plain(number)


def test_the_result_of_a_division_is_cut_short() -> None:
    assert rounded(Decimal(1) / 3) == "0.333333333333"


def test_moments_are_milliseconds() -> None:
    assert milliseconds(1_695_190_491_421_339_000) == "1695190491421"


@pytest.mark.parametrize(
    ("text", "number"),
    [
        ("1795231749764139210", 1795231749764139210),
        ("", None),
        ("-1", None),
        ("1.0", None),
        ("9" * 20, None),
        ("٣", None),
    ],
    ids=["id", "empty", "negative", "fraction", "too long", "other digits"],
)
def test_an_id_is_read_or_is_none(text: str, number: int | None) -> None:
    assert parse_id(text) == number


def test_a_blank_row_has_its_keys_in_order() -> None:
    assert list(blank("b a\n c").items()) == [("b", ""), ("a", ""), ("c", "")]
