from __future__ import annotations

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from botkit.observe.amounts import exact, gain


@pytest.mark.parametrize(
    ("value", "text"),
    [
        ("1.50", "1.5"),
        ("100", "100"),
        ("1E+3", "1000"),
        ("1E-7", "0.0000001"),
        ("-0.0", "0"),
        ("0.123456789", "0.12345679"),
        ("-2.10", "-2.1"),
    ],
)
def test_an_exact_amount_has_no_exponent_and_no_idle_zeros(value: str, text: str) -> None:
    assert exact(Decimal(value)) == text


@given(st.decimals(min_value=-(10**9), max_value=10**9, places=8))
def test_eight_digits_are_kept(value: Decimal) -> None:
    assert Decimal(exact(value)) == value


@pytest.mark.parametrize(
    ("value", "text"),
    [
        ("12.345", "+12.34"),
        ("-1234.5", "-1,234.50"),
        ("0", "+0.00"),
        ("0.00123", "+0.0012"),
        ("-0.00001", "+0.00"),
        ("-0.01", "-0.01"),
    ],
)
def test_a_gain_has_its_sign_and_cents_or_finer(value: str, text: str) -> None:
    assert gain(Decimal(value)) == text
