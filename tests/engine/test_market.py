from __future__ import annotations

import pytest

from botkit.engine.market import Market
from tests.market import BTC, NOON, S, bar, book_update, quote, trade


@pytest.fixture
def market() -> Market:
    return Market()


def test_of_a_market_that_was_silent_nothing_is_known(market: Market) -> None:
    assert market.reference(BTC) == (None, 0)
    assert market.quote(BTC) is None
    assert market.book(BTC).is_empty


def test_the_same_book_is_kept_for_all_who_look_at_it(market: Market) -> None:
    before = market.book(BTC)
    after = market.apply_book(book_update())

    assert before is after is market.book(BTC)
    assert before.best_bid == 99.9


def test_a_quote_gives_its_middle(market: Market) -> None:
    market.quotes[BTC] = quote(90.0, 92.0)

    assert market.reference(BTC) == (91.0, NOON)
    assert market.quote(BTC) == quote(90.0, 92.0)


def test_a_book_gives_its_middle(market: Market) -> None:
    market.apply_book(book_update(((90.0, 1.0),), ((94.0, 1.0),)))

    assert market.reference(BTC) == (92.0, NOON)


def test_at_the_same_time_a_quote_beats_a_book_beats_a_trade_beats_a_bar(market: Market) -> None:
    market.bars[BTC] = bar(101.0)
    assert market.reference(BTC) == (101.0, NOON)

    market.trades[BTC] = trade(102.0)
    assert market.reference(BTC) == (102.0, NOON)

    market.apply_book(book_update(((102.0, 1.0),), ((104.0, 1.0),)))
    assert market.reference(BTC) == (103.0, NOON)

    market.quotes[BTC] = quote(103.0, 105.0)
    assert market.reference(BTC) == (104.0, NOON)


def test_what_is_newer_beats_what_is_better(market: Market) -> None:
    market.quotes[BTC] = quote(103.0, 105.0)
    market.apply_book(book_update(((102.0, 1.0),), ((104.0, 1.0),), recv_ns=NOON + S))
    assert market.reference(BTC) == (103.0, NOON + S)

    market.trades[BTC] = trade(102.0, recv_ns=NOON + 2 * S)
    assert market.reference(BTC) == (102.0, NOON + 2 * S)

    market.bars[BTC] = bar(101.0, recv_ns=NOON + 3 * S)
    assert market.reference(BTC) == (101.0, NOON + 3 * S)


@pytest.mark.parametrize(
    "one_sided",
    [quote(0.0, 105.0), quote(103.0, 0.0), quote(float("nan"), 105.0), quote(103.0, float("nan"))],
    ids=["no bid", "no offer", "no number to buy at", "no number to sell at"],
)
def test_a_quote_without_both_sides_says_nothing(market: Market, one_sided: object) -> None:
    market.quotes[BTC] = one_sided  # type: ignore[assignment]  # a quote, parametrised
    assert market.reference(BTC) == (None, 0)

    market.trades[BTC] = trade(102.0, recv_ns=NOON - S)
    assert market.reference(BTC) == (102.0, NOON - S)


def test_a_book_that_is_not_to_be_trusted_says_nothing(market: Market) -> None:
    market.apply_book(book_update())
    market.apply_book(book_update((), (), recv_ns=NOON + S))

    assert market.reference(BTC) == (None, 0)
