from __future__ import annotations

import pytest

from botkit.venues.okx.emulator.answers import Refused
from botkit.venues.okx.emulator.rates import SINGLE, SUB_ACCOUNT, Rate, Rates

S = 1_000_000_000


def test_the_sixty_first_order_in_two_seconds_is_refused() -> None:
    rates = Rates()
    for n in range(60):
        rates.take(SINGLE, ("place", "1", "BTC-USDT"), n)

    with pytest.raises(Refused) as refused:
        rates.take(SINGLE, ("place", "1", "BTC-USDT"), 2 * S - 1)
    assert refused.value.code == "50011"


def test_the_window_slides() -> None:
    rates = Rates()
    for n in range(60):
        rates.take(SINGLE, ("place",), n * S // 60)

    rates.take(SINGLE, ("place",), 2 * S)


def test_windows_are_apart() -> None:
    rates, once = Rates(), Rate(1)

    for who in (("place", "1"), ("place", "2"), ("cancel", "1")):
        rates.take(once, who, 0)


def test_a_refused_request_counts() -> None:
    rates, twice = Rates(), Rate(2)
    rates.take(twice, ("x",), 0, cost=2)
    with pytest.raises(Refused):
        rates.take(twice, ("x",), S)

    with pytest.raises(Refused):
        rates.take(twice, ("x",), 2 * S + 1, cost=2)


def test_the_rate_of_a_sub_account_has_its_own_code() -> None:
    with pytest.raises(Refused) as refused:
        Rates().take(SUB_ACCOUNT, ("x",), 0, cost=1001)
    assert refused.value.code == "50061"
