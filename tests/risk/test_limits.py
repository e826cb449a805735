from __future__ import annotations

from typing import get_type_hints

import pytest

from botkit.risk.limits import InstrumentLimits, RiskLimits
from tests.market import instrument_limits, limits


def test_what_is_not_named_has_no_limits_and_so_is_not_traded() -> None:
    assert RiskLimits(instruments={}).instruments == {}


def test_the_limits_of_an_instrument_have_no_defaults() -> None:
    with pytest.raises(TypeError, match="Missing required argument"):
        InstrumentLimits()  # type: ignore[call-arg]  # what is tested


def test_the_defaults_of_an_account_are_these() -> None:
    made = RiskLimits(instruments={})

    assert (made.max_open_orders, made.max_orders_per_s) == (20, 5)
    assert (made.price_collar_bps, made.max_data_age_s) == (200.0, 5.0)


@pytest.mark.parametrize("kind", [RiskLimits, InstrumentLimits], ids=lambda kind: kind.__name__)
def test_no_limit_is_a_switch_or_may_be_absent(kind: type) -> None:
    for name, hint in get_type_hints(kind).items():
        assert hint is not bool, name
        assert type(None) not in getattr(hint, "__args__", ()), name


def test_limits_do_not_change_while_they_hold() -> None:
    with pytest.raises(AttributeError, match="immutable"):
        limits().max_open_orders = 100  # type: ignore[misc]  # what is tested
    with pytest.raises(AttributeError, match="immutable"):
        instrument_limits().max_order_size *= 2  # type: ignore[misc]  # what is tested
