from __future__ import annotations

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from botkit.model.instrument import Instrument, decimal
from botkit.model.side import Side
from tests.market import spot, swap

STEPS = st.sampled_from(["0.00000001", "0.0001", "0.1", "0.25", "0.5", "1", "5", "1000"]).map(Decimal)
AMOUNTS = st.one_of(
    st.floats(1e-9, 1e12, allow_subnormal=False),
    st.decimals("0.000000001", "1000000000000", places=12),
    st.integers(1, 10**12).map(str),
)


def is_on(grid: Decimal, number: Decimal) -> bool:
    return number % grid == 0


@given(AMOUNTS, STEPS)
def test_rounding_a_price_never_costs_the_owner(value: float | Decimal | str, tick: Decimal) -> None:
    instrument = spot(tick_size=tick)

    bid, offer = instrument.price(value, Side.BUY), instrument.price(value, Side.SELL)

    assert bid <= decimal(value) <= offer


@given(AMOUNTS, STEPS, st.sampled_from(Side))
def test_a_price_is_the_nearest_tick_on_its_side(
    value: float | Decimal | str, tick: Decimal, side: Side
) -> None:
    price = spot(tick_size=tick).price(value, side)

    assert is_on(tick, price)
    assert abs(price - decimal(value)) < tick


@given(AMOUNTS, STEPS)
def test_a_size_is_the_most_whole_lots_that_were_asked_for(
    value: float | Decimal | str, lot: Decimal
) -> None:
    size = spot(lot_size=lot).size(value)

    assert is_on(lot, size)
    assert decimal(value) - lot < size <= decimal(value)


@given(AMOUNTS, STEPS, st.sampled_from(Side))
def test_what_is_on_the_grid_stays_where_it_is(
    value: float | Decimal | str, step: Decimal, side: Side
) -> None:
    instrument = spot(tick_size=step, lot_size=step)
    price, size = instrument.price(value, side), instrument.size(value)

    assert instrument.price(price, side.opposite) == price
    assert instrument.size(size) == size


@pytest.mark.parametrize(
    ("value", "side", "price"),
    [
        (67321.46, Side.BUY, "67321.4"),
        (67321.46, Side.SELL, "67321.5"),
        ("67321.4", Side.BUY, "67321.4"),
        # 0.1 + 0.2 is a hair above 0.3, and whoever sells at no less gets the next tick.
        (0.1 + 0.2, Side.BUY, "0.3"),
        (0.1 + 0.2, Side.SELL, "0.4"),
        (0.3, Side.SELL, "0.3"),
    ],
)
def test_a_bid_rounds_down_and_an_offer_up(value: float | str, side: Side, price: str) -> None:
    assert spot().price(value, side) == Decimal(price)


def test_a_size_below_a_lot_is_nothing() -> None:
    assert spot().size(0.000999) == 0


@pytest.mark.parametrize("value", [float("nan"), float("inf"), float("-inf"), "NaN", "Infinity", "sNaN"])
def test_what_is_not_finite_is_neither_price_nor_size(value: float | str) -> None:
    with pytest.raises(ValueError, match="not a finite number"):
        spot().price(value, Side.BUY)
    with pytest.raises(ValueError, match="not a finite number"):
        spot().size(value)


@pytest.mark.parametrize("value", ["", "ten", "1,5", "0x10"])
def test_what_is_no_number_is_a_value_error_like_any_other(value: str) -> None:
    with pytest.raises(ValueError, match="not a number"):
        spot().size(value)


def test_a_float_means_the_shortest_number_that_reads_as_it() -> None:
    assert decimal(0.1) == Decimal("0.1")
    assert decimal(1e22) == Decimal("1e22")


def test_a_float_that_prints_itself_otherwise_is_still_its_number() -> None:
    class Loud(float):
        def __repr__(self) -> str:
            return "np.float64(0.1)"

    assert decimal(Loud(0.1)) == Decimal("0.1")


@given(st.integers(1, 10**9), st.sampled_from(["0.0001", "0.01", "1", "10", "1000"]).map(Decimal))
def test_contracts_come_back_as_the_size_they_were(lots: int, contract_value: Decimal) -> None:
    instrument = swap(contract_value=contract_value, lot_size=contract_value / 10)
    size = lots * instrument.lot_size

    assert instrument.from_contracts(instrument.contracts(size)) == size


def test_a_contract_is_worth_its_base_currency() -> None:
    assert swap().contracts(Decimal("0.5")) == 50
    assert swap().from_contracts(Decimal(50)) == Decimal("0.5")


@pytest.mark.parametrize("convert", [Instrument.contracts, Instrument.from_contracts])
def test_spot_has_no_contracts(convert: object) -> None:
    assert callable(convert)
    assert convert(spot(), Decimal("0.123")) == Decimal("0.123")
