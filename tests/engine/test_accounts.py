from __future__ import annotations

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from botkit.engine.accounts import Accounts
from botkit.model.portfolio import Fill
from botkit.model.side import Side
from tests.market import BTC, BTC_SWAP, NOON, S, balance, fill, position_report, spot, swap


@pytest.fixture
def accounts() -> Accounts:
    return Accounts({BTC: spot(), BTC_SWAP: swap()})


def test_a_strategy_holds_what_it_traded_itself(accounts: Accounts) -> None:
    accounts.book("ema", fill("2"))
    accounts.book("quoter", fill("1", side=Side.SELL))

    assert accounts.position("ema", BTC).size == 2
    assert accounts.position("quoter", BTC).size == -1
    assert accounts.position("other", BTC).is_flat


def test_what_strategies_hold_together_is_the_exposure(accounts: Accounts) -> None:
    accounts.book("ema", fill("2"))
    accounts.book("quoter", fill("0.5", side=Side.SELL))

    assert accounts.exposure(BTC) == Decimal("1.5")
    assert accounts.account_position(BTC) == Decimal("1.5")
    assert accounts.exposure(BTC_SWAP) == 0


def test_exposure_is_less_the_fees_that_were_taken_in_the_coin(accounts: Accounts) -> None:
    accounts.book("ema", fill("2", fee=Decimal("-0.002"), fee_currency="BTC"))

    assert accounts.exposure(BTC) == Decimal("1.998")


def test_a_strangers_fill_counts_for_risk_and_belongs_to_no_strategy(accounts: Accounts) -> None:
    accounts.book("ema", fill("2"))
    accounts.book_stranger(fill("5", side=Side.SELL))

    assert accounts.account_position(BTC) == -3
    assert accounts.exposure(BTC) == 2
    assert {key: position.size for key, position in accounts.positions().items()} == {("ema", BTC): 2}


def test_a_fill_in_what_is_not_traded_any_more_counts_as_a_strangers() -> None:
    accounts = Accounts({BTC: spot()})

    accounts.book("ema", fill("2", symbol="DOGE-USDT"))

    assert accounts.account_position("DOGE-USDT") == 2
    assert accounts.positions() == {}


def test_what_the_venue_shows_beyond_our_fills_is_a_strangers(accounts: Accounts) -> None:
    accounts.book("ema", fill("2", symbol=BTC_SWAP))
    accounts.hear(position_report("5"))

    assert accounts.account_position(BTC_SWAP) == 2  # a report alone proves nothing
    assert accounts.explain_reports() == [(BTC_SWAP, Decimal(3))]
    assert accounts.account_position(BTC_SWAP) == 5
    assert accounts.exposure(BTC_SWAP) == 2


def test_a_report_that_agrees_explains_itself(accounts: Accounts) -> None:
    accounts.book("ema", fill("2", symbol=BTC_SWAP))
    accounts.hear(position_report("2"))

    assert accounts.explain_reports() == []
    assert accounts.account_position(BTC_SWAP) == 2


def test_a_report_is_explained_once(accounts: Accounts) -> None:
    accounts.hear(position_report("5"))
    accounts.explain_reports()

    assert accounts.explain_reports() == []
    assert accounts.account_position(BTC_SWAP) == 5


def test_what_we_trade_after_a_report_is_not_taken_for_a_strangers_going(accounts: Accounts) -> None:
    accounts.hear(position_report("5"))
    accounts.explain_reports()
    accounts.book("ema", fill("1", symbol=BTC_SWAP))

    assert accounts.explain_reports() == []
    assert accounts.account_position(BTC_SWAP) == 6


def test_a_stranger_that_has_gone_is_not_counted_any_more(accounts: Accounts) -> None:
    accounts.hear(position_report("5"))
    accounts.explain_reports()
    accounts.hear(position_report("0"))

    assert accounts.explain_reports() == [(BTC_SWAP, Decimal(-5))]
    assert accounts.account_position(BTC_SWAP) == 0


def test_of_two_reports_the_one_that_the_venue_made_later_counts(accounts: Accounts) -> None:
    accounts.hear(position_report("2", venue_ns=2 * S))
    accounts.hear(position_report("1", venue_ns=S))  # on its way for longer

    assert accounts.explain_reports() == [(BTC_SWAP, Decimal(2))]


def test_a_report_made_at_the_same_moment_replaces_the_one_before(accounts: Accounts) -> None:
    accounts.hear(position_report("1", venue_ns=S))
    accounts.hear(position_report("2", venue_ns=S))

    assert accounts.explain_reports() == [(BTC_SWAP, Decimal(2))]


def test_a_report_from_before_a_gap_proves_nothing_after_it(accounts: Accounts) -> None:
    accounts.hear(position_report("2"))
    accounts.forget_reports()

    assert accounts.explain_reports() == []


def test_the_venues_last_word_on_a_currency_counts(accounts: Accounts) -> None:
    assert accounts.balance("USDT") is None

    accounts.set_balance(balance("100", venue_ns=S))
    accounts.set_balance(balance("90", venue_ns=S))
    accounts.set_balance(balance("1", "BTC", venue_ns=2 * S))
    assert accounts.balance("USDT") == balance("90", venue_ns=S)

    accounts.set_balance(balance("80", venue_ns=S - 1))
    assert accounts.balance("USDT") == balance("90", venue_ns=S)


def test_what_bears_no_date_of_the_venues_is_dated_by_our_door(accounts: Accounts) -> None:
    accounts.set_balance(balance("100", recv_ns=NOON, venue_ns=NOON - S))
    accounts.set_balance(balance("0", recv_ns=NOON + S))  # not listed any more
    assert accounts.balance("USDT") == balance("0", recv_ns=NOON + S)

    accounts.set_balance(balance("100", recv_ns=NOON, venue_ns=NOON - S))
    assert accounts.balance("USDT") == balance("0", recv_ns=NOON + S)

    accounts.set_balance(balance("1", recv_ns=NOON + S))
    assert accounts.balance("USDT") == balance("1", recv_ns=NOON + S)

    accounts.hear(position_report("2", recv_ns=NOON, venue_ns=NOON - S))
    accounts.hear(position_report("0", recv_ns=NOON + S))
    accounts.hear(position_report("2", recv_ns=NOON, venue_ns=NOON - S))
    assert accounts.explain_reports() == []


FILLS = st.lists(
    st.tuples(
        st.sampled_from(["ema", "quoter", ""]),
        st.builds(
            fill,
            st.sampled_from(["0.5", "1", "2"]),
            side=st.sampled_from(Side),
            fee=st.sampled_from([Decimal(0), Decimal("-0.001")]),
            fee_currency=st.sampled_from(["BTC", "USDT"]),
        ),
    )
)


@given(FILLS)
def test_positions_and_strangers_sum_to_what_the_account_holds(fills: list[tuple[str, Fill]]) -> None:
    accounts = Accounts({BTC: spot()})
    strangers = Decimal(0)
    for strategy, each in fills:
        if strategy:
            accounts.book(strategy, each)
        else:
            accounts.book_stranger(each)
            strangers += each.size * each.side.sign

    held = sum((position.size for position in accounts.positions().values()), Decimal(0))

    assert accounts.exposure(BTC) == held
    assert accounts.account_position(BTC) == held + strangers
