from __future__ import annotations

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from botkit.model.events import ConnectionChanged, Reconciled, Started, StateChanged, TradingState
from botkit.model.order import AmendOrder
from botkit.model.side import Side
from botkit.observe.ledger import Ledger, Pnl, Tally
from tests.market import BTC, BTC_SWAP, NOON, S, amend_order, bar, fill, new_order, quote, trade
from tests.observe.steps import approved, ledger, refused, sent, step


@pytest.fixture
def books() -> Ledger:
    return ledger()


def counts(tally: Tally) -> tuple[int, int, int]:
    return tally.orders, tally.fills, tally.refused


def test_orders_fills_and_refusals_are_counted_by_strategy(books: Ledger) -> None:
    books.observe(sent(strategy="ema"))
    books.observe(step(fill()))
    books.observe(step(quote(), refused(strategy="ema"), refused(strategy="grid")))

    assert counts(books.tallies["ema"]) == (1, 1, 1)
    assert counts(books.tallies["grid"]) == (0, 0, 1)
    assert books.refused == {"price_collar": 2}


def test_an_amendment_is_not_a_further_order(books: Ledger) -> None:
    request: AmendOrder = amend_order()

    books.observe(step(quote(), approved(request)))

    assert books.tallies == {}


def test_a_fill_belongs_to_the_strategy_that_sent_its_order(books: Ledger) -> None:
    books.observe(sent(strategy="ema"))
    books.observe(sent(strategy="grid", client_order_id="bk2"))

    books.observe(step(fill("0.5", client_order_id="bk2")))

    assert books.owner("bk2") == "grid"
    assert books.positions.keys() == {("grid", BTC)}
    assert books.positions["grid", BTC].size == Decimal("0.5")


def test_a_strangers_fill_is_nobodys(books: Ledger) -> None:
    books.observe(step(fill(client_order_id="somebody", fee=Decimal(-1), fee_currency="USDT")))

    assert (books.positions, books.tallies, books.fees, books.first_fill_ns) == ({}, {}, {}, 0)


def test_a_fill_told_twice_counts_once_and_is_marked(books: Ledger) -> None:
    books.observe(sent())
    told = step(fill(fee=Decimal("-0.1"), fee_currency="USDT"))
    books.observe(told)
    assert not books.is_repetition

    books.observe(told)

    assert books.is_repetition
    assert counts(books.tallies["test"]) == (1, 1, 0)
    assert books.fees == {"USDT": Decimal("0.1")}
    books.observe(step(quote()))
    assert not books.is_repetition


def test_fees_paid_are_positive_and_rebates_are_not(books: Ledger) -> None:
    books.observe(sent())
    books.observe(step(fill(fee=Decimal("-0.3"), fee_currency="USDT")))
    books.observe(step(fill(fee=Decimal("0.1"), fee_currency="USDT", trade_id="t2")))
    books.observe(step(fill(fee=Decimal("-0.001"), fee_currency="BTC", trade_id="t3")))

    assert books.fees == {"USDT": Decimal("0.2"), "BTC": Decimal("0.001")}


def test_profit_is_realized_plus_unrealized_less_fees(books: Ledger) -> None:
    books.observe(sent())
    books.observe(sent(client_order_id="bk2", side=Side.SELL))
    books.observe(step(fill("2", "100", fee=Decimal("-0.2"), fee_currency="USDT")))
    books.observe(step(fill("1", "110", Side.SELL, client_order_id="bk2", trade_id="t2")))
    books.observe(step(quote(104.0, 106.0)))

    result = books.pnl("test")

    assert result == {"USDT": Pnl(realized=Decimal(10), unrealized=Decimal(5), fees=Decimal("0.2"))}
    assert result["USDT"].total == Decimal("14.8")


@given(
    trades=st.lists(st.tuples(st.sampled_from(Side), st.integers(1, 5), st.integers(90, 110)), max_size=12),
    mark=st.integers(90, 110),
)
def test_profit_is_what_the_cash_and_the_holding_are_worth(
    trades: list[tuple[Side, int, int]], mark: int
) -> None:
    books = ledger()
    books.observe(sent(symbol=BTC_SWAP))
    cash = held = Decimal(0)
    for number, (side, size, price) in enumerate(trades):
        fee = Decimal(size) / 100
        books.observe(
            step(
                fill(
                    str(size),
                    str(price),
                    side,
                    symbol=BTC_SWAP,
                    trade_id=f"t{number}",
                    fee=-fee,
                    fee_currency="USDT",
                )
            )
        )
        cash -= Decimal(price) * size * side.sign + fee
        held += Decimal(size) * side.sign
    books.observe(step(trade(float(mark), symbol=BTC_SWAP)))

    total = sum((pnl.total for pnl in books.pnl("test").values()), Decimal(0))

    assert abs(total - (cash + held * mark)) < Decimal("1E-18")


def test_profits_in_different_currencies_stay_apart(books: Ledger) -> None:
    books.observe(sent())
    books.observe(sent(client_order_id="bk2", symbol="ETH-BTC"))
    books.observe(step(fill()))
    books.observe(step(fill(client_order_id="bk2", symbol="ETH-BTC")))

    assert books.pnl("test").keys() == {"USDT", "BTC"}
    assert books.pnl("nobody") == {}


def test_a_position_is_valued_at_the_middle_of_the_quote_else_at_the_last_price(books: Ledger) -> None:
    assert books.mark(BTC) is None
    books.observe(step(bar(101.0)))
    assert books.mark(BTC) == 101.0
    books.observe(step(trade(102.0)))
    assert books.mark(BTC) == 102.0
    books.observe(step(quote(99.0, 100.0)))
    assert books.mark(BTC) == 99.5
    books.observe(step(quote(99.0, 0.0)))
    assert books.mark(BTC) == 102.0


def test_without_a_price_nothing_is_gained_or_lost_by_holding(books: Ledger) -> None:
    books.observe(step(Started(recv_ns=NOON, epoch=1), approved(new_order())))
    books.observe(step(fill()))

    assert books.pnl("test")["USDT"].unrealized == 0


def test_the_times_of_a_run_are_kept(books: Ledger) -> None:
    books.observe(step(Started(recv_ns=NOON, epoch=1), approved(new_order())))
    books.observe(step(fill(recv_ns=NOON + S)))
    books.observe(step(fill(recv_ns=NOON + 2 * S, trade_id="t2")))

    assert (books.first_ns, books.first_fill_ns, books.last_ns) == (NOON, NOON + S, NOON + 2 * S)


def test_positions_of_earlier_runs_go_on_and_counts_do_not(books: Ledger) -> None:
    books.recall([(NOON, new_order()), (NOON, fill("0.4")), (NOON, fill("0.4"))])

    assert books.positions["test", BTC].size == Decimal("0.4")
    assert counts(books.tallies["test"]) == (0, 0, 0)
    assert (books.fees, books.first_fill_ns) == ({}, 0)

    books.observe(step(fill("0.4")))
    books.observe(step(fill("0.6", trade_id="t2")))

    assert books.positions["test", BTC].size == Decimal("1.0")
    assert counts(books.tallies["test"]) == (0, 1, 0)


def test_a_strategy_is_there_before_it_has_done_anything() -> None:
    books = Ledger({}, ["ema", "grid"])

    assert {name: counts(tally) for name, tally in books.tallies.items()} == {
        "ema": (0, 0, 0),
        "grid": (0, 0, 0),
    }


def test_the_account_is_reconciling_until_its_books_agree_and_while_its_feed_is_lost(books: Ledger) -> None:
    states = [books.state]
    for event in (
        Reconciled(recv_ns=NOON, fills=0, orders=0),
        ConnectionChanged(recv_ns=NOON, feed="public", is_up=False),
        ConnectionChanged(recv_ns=NOON, feed="private", is_up=False),
        ConnectionChanged(recv_ns=NOON, feed="private", is_up=True),
        Reconciled(recv_ns=NOON, fills=0, orders=0),
    ):
        books.observe(step(event))
        states.append(books.state)

    reconciling, active = TradingState.RECONCILING, TradingState.ACTIVE
    assert states == [reconciling, active, active, reconciling, reconciling, active]


def test_a_state_that_somebody_set_stands_above_reconciling(books: Ledger) -> None:
    books.observe(step(StateChanged(recv_ns=NOON, state=TradingState.KILLED, reason="loss")))

    assert (books.state, books.state_reason) == (TradingState.KILLED, "loss")


def test_one_strategys_state_is_not_the_accounts(books: Ledger) -> None:
    books.observe(step(Reconciled(recv_ns=NOON, fills=0, orders=0)))

    books.observe(step(StateChanged(recv_ns=NOON, state=TradingState.KILLED, reason="loss", scope="ema")))

    assert books.state is TradingState.ACTIVE
