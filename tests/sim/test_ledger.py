from __future__ import annotations

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from botkit.model.instrument import InstrumentKind
from botkit.sim.ledger import Account, FeeSchedule, SwapPosition
from tests.sim.orders import BUY, SELL, SPOT, SWAP

D = Decimal


def position(*changes: tuple[str, str]) -> SwapPosition:
    made = SwapPosition(SWAP, 1)
    for change, price in changes:
        made.book(D(change), D(price))
    return made


def test_fees_are_those_of_regular_users() -> None:
    fees = FeeSchedule()

    assert fees.rate(InstrumentKind.SPOT, is_maker=True) == D("-0.0008")
    assert fees.rate(InstrumentKind.SPOT, is_maker=False) == D("-0.001")
    assert fees.rate(InstrumentKind.SWAP, is_maker=True) == D("-0.0002")
    assert fees.rate(InstrumentKind.SWAP, is_maker=False) == D("-0.0005")


def test_the_fee_of_a_spot_buy_is_taken_from_what_was_bought() -> None:
    account = Account("a", {"USDT": D(1000)})

    fee, currency = account.book_spot(SPOT, BUY, D(2), D(100), D("-0.001"))

    assert (fee, currency) == (D("-0.002"), "BTC")
    assert account.cash == {"USDT": D(800), "BTC": D("1.998")}


def test_the_fee_of_a_spot_sell_is_taken_from_what_was_earned() -> None:
    account = Account("a", {"BTC": D(3)})

    fee, currency = account.book_spot(SPOT, SELL, D(2), D(100), D("-0.001"))

    assert (fee, currency) == (D("-0.2"), "USDT")
    assert account.cash == {"USDT": D("199.8"), "BTC": D(1)}


@pytest.mark.parametrize(
    ("changes", "size", "average", "realized"),
    [
        ([("1", "100"), ("1", "110")], "2", "105", "0"),
        ([("2", "100"), ("-1", "130")], "1", "100", "30"),
        ([("2", "100"), ("-2", "90")], "0", "0", "-20"),
        ([("2", "100"), ("-3", "130")], "-1", "130", "60"),
        ([("-2", "100"), ("1", "90")], "-1", "100", "10"),
        ([("-2", "100"), ("3", "110")], "1", "110", "-20"),
    ],
    ids=["adds", "takes profit", "closes at a loss", "flips short", "covers a part", "flips long"],
)
def test_a_position_realises_what_it_closes(
    changes: list[tuple[str, str]], size: str, average: str, realized: str
) -> None:
    made = position(*changes)

    assert (made.size, made.average_price, made.realized_pnl) == (D(size), D(average), D(realized))


def test_what_was_realised_counts_from_when_it_was_last_flat() -> None:
    assert position(("1", "100"), ("-1", "150"), ("1", "100")).realized_pnl == 0


def test_swap_cash_changes_by_profit_and_fee_only() -> None:
    account = Account("a", {"USDT": D(1000)})
    account.positions[SWAP.symbol] = SwapPosition(SWAP, 1)

    account.book_swap(SWAP, BUY, D(1), D(100), D("-0.0005"))
    fee, realized = account.book_swap(SWAP, SELL, D(1), D(120), D("-0.0005"))

    assert (fee, realized) == (D("-0.06"), D(20))
    assert account.cash == {"USDT": D(1000) + 20 - D("0.05") - D("0.06")}
    assert account.positions[SWAP.symbol].fees == D("-0.11")


@pytest.mark.parametrize(
    ("size", "buys", "sells", "margin"),
    [
        ("3", "0", "0", "100"),
        ("3", "60", "0", "120"),
        ("3", "0", "300", "100"),
        ("3", "0", "750", "150"),
        ("-3", "60", "0", "100"),
        ("0", "60", "90", "30"),
    ],
    ids=["no orders", "adding", "closing", "flipping", "covering", "both ways"],
)
def test_the_margin_is_that_of_the_worst_that_orders_could_make_of_it(
    size: str, buys: str, sells: str, margin: str
) -> None:
    made = position((size, "100"))
    made.buys, made.sells = D(buys), D(sells)

    assert made.margin(D(100)) == D(margin)


def test_a_spot_order_holds_what_it_could_cost_and_releases_it() -> None:
    account = Account("a", {})

    account.hold(SPOT, BUY, D(2), D(100))
    account.hold(SPOT, SELL, D(3), D(100))
    assert account.frozen == {"USDT": D(200), "BTC": D(3)}

    account.hold(SPOT, BUY, D(-2), D(100))
    account.hold(SPOT, SELL, D(-3), D(100))
    assert account.frozen == {"USDT": D(0), "BTC": D(0)}


lots = st.integers(1, 10**7).map(lambda n: n * SWAP.lot_size)
prices = st.integers(1, 10**6).map(lambda n: n * SWAP.tick_size)


@given(st.lists(st.tuples(lots, st.sampled_from([1, -1]), prices), max_size=30), prices)
def test_profits_are_what_was_earned_less_what_was_paid(
    changes: list[tuple[Decimal, int, Decimal]], mark: Decimal
) -> None:
    made = SwapPosition(SWAP, 1)
    realized = sum((made.book(size * sign, price) for size, sign, price in changes), D(0))

    paid = sum((size * sign * price for size, sign, price in changes), D(0))
    held = sum((size * sign for size, sign, _ in changes), D(0))
    assert made.size == held
    assert realized + made.unrealized_pnl(mark) == held * mark - paid
    if not made.size:
        assert made.cost == 0
