from __future__ import annotations

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from botkit.model.instrument import Instrument
from botkit.model.portfolio import Fill, Position
from botkit.model.side import Side
from tests.market import fill, spot, swap

PRICES = st.integers(1, 20_000).map(lambda ticks: ticks * Decimal("0.1"))
SIZES = st.integers(1, 5_000).map(lambda lots: lots * Decimal("0.001"))
FILLS = st.lists(
    st.builds(
        lambda side, size, price, fee_bps, currency: fill(
            str(size),
            str(price),
            side,
            fee=(size if currency == "BTC" else size * price) * fee_bps / 10_000,
            fee_currency=currency,
        ),
        st.sampled_from(Side),
        SIZES,
        PRICES,
        st.integers(-10, 2).map(Decimal),  # negative is paid, positive is a rebate
        st.sampled_from(["BTC", "USDT"]),
    ),
    min_size=1,
    max_size=12,
)
NEARLY_NOTHING = Decimal("1e-15")  # a division by three has 28 digits, and money fewer


def position_of(*fills: Fill, instrument: Instrument | None = None) -> Position:
    position = Position(instrument or spot())
    for each in fills:
        position.book(each)
    return position


@given(FILLS, PRICES)
def test_profit_is_what_was_taken_in_and_what_the_holdings_are_worth(fills: list[Fill], now: Decimal) -> None:
    cash = sum((-each.side.sign * each.price * each.size for each in fills), Decimal(0))
    cash += sum((each.fee for each in fills if each.fee_currency == "USDT"), Decimal(0))
    coins = sum((each.side.sign * each.size for each in fills), Decimal(0))
    coins += sum((each.fee for each in fills if each.fee_currency == "BTC"), Decimal(0))

    position = position_of(*fills)
    profit = position.realized_pnl + position.unrealized_pnl(now) - position.fees

    assert position.size == coins
    assert abs(profit - (cash + coins * now)) < NEARLY_NOTHING * (1 + abs(cash) + abs(coins) * now)


@given(FILLS)
def test_a_position_is_long_short_or_flat_and_never_two_of_them(fills: list[Fill]) -> None:
    position = position_of(*fills)

    assert [position.is_long, position.is_short, position.is_flat].count(True) == 1


@given(FILLS)
def test_nothing_is_averaged_over_nothing(fills: list[Fill]) -> None:
    position = position_of(*fills)

    assert (position.average_price == 0) == (position.size == 0)


def test_adding_averages_the_price_by_size() -> None:
    position = position_of(fill("1", "100"), fill("3", "104"))

    assert position.size == 4
    assert position.average_price == 103
    assert position.realized_pnl == 0


def test_closing_part_realizes_its_profit_and_keeps_the_average() -> None:
    position = position_of(fill("4", "100"), fill("1", "110", Side.SELL))

    assert position.size == 3
    assert position.average_price == 100
    assert position.realized_pnl == 10


def test_a_short_profits_when_it_is_bought_back_lower() -> None:
    position = position_of(fill("2", "100", Side.SELL), fill("2", "90"), instrument=swap())

    assert position.size == 0
    assert position.average_price == 0
    assert position.realized_pnl == 20


def test_a_flip_closes_all_and_opens_the_rest_at_its_own_price() -> None:
    position = position_of(fill("1", "100"), fill("3", "110", Side.SELL), instrument=swap())

    assert position.size == -2
    assert position.average_price == 110
    assert position.realized_pnl == 10


def test_a_fee_in_the_coin_is_taken_out_of_what_was_bought() -> None:
    position = position_of(fill("1", "100", fee=Decimal("-0.001"), fee_currency="BTC"))

    assert position.size == Decimal("0.999")
    assert position.fees == Decimal("0.1")
    assert position.realized_pnl == 0


def test_a_fee_in_the_coin_does_not_cost_its_profit_a_second_time() -> None:
    position = position_of(
        fill("1", "50"), fill("1", "150", fee=Decimal("-0.001"), fee_currency="BTC")
    )  # one coin is worth 150, so the fee has cost 0.15

    profit = position.realized_pnl + position.unrealized_pnl(Decimal(150)) - position.fees

    assert profit == Decimal("99.85")


def test_a_fee_of_nothing_leaves_what_is_flat_flat() -> None:
    position = position_of(fill("1", "100"), fill("1", "90", Side.SELL, fee=Decimal(0), fee_currency="BTC"))

    assert position.size == 0
    assert position.average_price == 0


def test_a_fee_in_money_leaves_the_size_alone() -> None:
    position = position_of(fill("1", "100", fee=Decimal("-0.1"), fee_currency="USDT"))

    assert position.size == 1
    assert position.fees == Decimal("0.1")


def test_a_rebate_is_a_negative_fee() -> None:
    assert position_of(fill(fee=Decimal("0.02"), fee_currency="USDT")).fees == Decimal("-0.02")


@pytest.mark.parametrize(
    ("held", "is_flat"),
    [("0.009", True), ("0.01", False)],
    ids=["less than an order", "the smallest order"],
)
@pytest.mark.parametrize("side", Side)
def test_what_no_order_could_close_counts_as_flat(held: str, side: Side, is_flat: bool) -> None:
    position = position_of(fill(held, side=side))

    assert position.is_flat is is_flat
    assert position.is_long is (not is_flat and side is Side.BUY)
    assert position.is_short is (not is_flat and side is Side.SELL)
