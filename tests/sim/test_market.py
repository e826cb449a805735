from __future__ import annotations

from decimal import Decimal

import pytest

from botkit.sim.exchange import SimExchange
from botkit.sim.market import Market
from botkit.sim.types import BookChange, PublicTrade
from tests.sim.orders import BUY, SELL, SPOT, exchange, request

D = Decimal


@pytest.fixture
def sim() -> SimExchange:
    return exchange("a")


@pytest.fixture
def market(sim: SimExchange) -> Market:
    return sim.market(SPOT.symbol)


def prints(sim: SimExchange) -> list[tuple[Decimal, Decimal, int]]:
    return [(r.price, r.size, r.count) for r in sim.drain() if isinstance(r, PublicTrade)]


@pytest.mark.parametrize(("price", "ticks"), [("100", 1000), ("100.1", 1001), ("100.15", None)])
def test_a_price_is_a_number_of_ticks_or_none(market: Market, price: str, ticks: int | None) -> None:
    assert market.ticks(D(price)) == ticks


@pytest.mark.parametrize(("size", "lots"), [("1", 1000), ("0.001", 1), ("0.0005", None)])
def test_a_size_is_a_number_of_lots_or_none(market: Market, size: str, lots: int | None) -> None:
    assert market.lots(D(size)) == lots


def test_an_amount_is_never_rounded_up(market: Market) -> None:
    assert market.budget(D("0.00019999")) == 1


def test_the_mark_is_the_middle_else_the_last_trade_else_unknown(sim: SimExchange, market: Market) -> None:
    assert market.mark() is None
    market.quote(SELL, 1000, 5, 0)
    assert market.mark() is None
    sim.submit(request("a", BUY, "0.01", "100"), 0)
    assert market.mark() == D(100)
    market.quote(SELL, 1010, 5, 0)
    assert market.mark() == D("100.5")


def test_background_orders_trade_and_cost_no_account_anything(sim: SimExchange, market: Market) -> None:
    market.quote(SELL, 1000, 5, 0)
    market.quote(SELL, 1000, 5, 0)
    rest = market.quote(BUY, 1001, 12, 0)

    assert rest is not None
    assert rest.lots == 2
    assert prints(sim) == [(D(100), D("0.010"), 2)]


def test_a_background_order_that_is_gone_is_pulled_in_vain(market: Market) -> None:
    order = market.quote(SELL, 1000, 5, 0)
    assert order is not None
    market.take(BUY, 5, None, 0)

    market.pull(order)

    assert market.depth(SELL, 5) == []


def test_a_background_order_can_be_pulled(market: Market) -> None:
    order = market.quote(SELL, 1000, 5, 0)
    assert order is not None

    market.pull(order)

    assert market.depth(SELL, 5) == []


def test_a_background_taker_stops_at_its_limit_and_leaves_nothing_behind(
    sim: SimExchange, market: Market
) -> None:
    for ticks in (1000, 1001, 1002):
        market.quote(SELL, ticks, 5, 0)

    market.take(BUY, 99, 1001, 0)

    assert prints(sim) == [(D(100), D("0.005"), 1), (D("100.1"), D("0.005"), 1)]
    assert market.depth(BUY, 5) == []
    assert market.depth(SELL, 5) == [(D("100.2"), D("0.005"), 1)]


def test_an_account_is_told_of_what_the_background_trades_with_it(sim: SimExchange, market: Market) -> None:
    sim.submit(request("a", BUY, "0.01", "100"), 0)

    market.take(SELL, 4, 1000, 9)

    (fill,) = sim.fills("a")
    assert (fill.size, fill.is_maker, fill.ns) == (D("0.004"), True, 9)


def test_a_self_trade_that_was_prevented_prints_nothing(sim: SimExchange, market: Market) -> None:
    sim.submit(request("a", SELL, "1", "100"), 0)
    market.quote(SELL, 1000, 1000, 0)
    sim.submit(request("a", SELL, "1", "100.1"), 0)
    market.quote(SELL, 1002, 1000, 0)

    sim.submit(request("a", BUY, "2", "100.2"), 0)

    assert prints(sim) == [(D(100), D(1), 1), (D("100.2"), D(1), 1)]


def test_a_trade_without_orders_is_printed_and_makes_candles(sim: SimExchange, market: Market) -> None:
    market.print_trade(SELL, 1000, 3, 0)
    market.print_trade(SELL, 990, 3, 0)

    assert prints(sim) == [(D(100), D("0.003"), 1), (D(99), D("0.003"), 1)]
    (candle,) = market.last_candles("1m", 5, 0)
    assert (candle.open, candle.low, candle.volume) == (D(100), D(99), D("0.006"))
    assert [trade.trade_id for trade in market.trades] == [market.trades[0].trade_id + n for n in range(2)]


def test_levels_are_told_as_they_are_now(market: Market) -> None:
    order = market.quote(BUY, 1000, 5, 0)
    market.quote(BUY, 1000, 2, 0)
    market.quote(BUY, 990, 5, 0)
    assert order is not None
    market.book_changes(1)

    market.pull(order)
    market.quote(BUY, 990, 1, 0)
    market.take(SELL, 2, None, 0)

    def level(price: str, size: str, count: int) -> BookChange:
        return BookChange(symbol=SPOT.symbol, side=BUY, price=D(price), size=D(size), order_count=count, ns=7)

    assert market.book_changes(7) == [level("100", "0", 0), level("99", "0.006", 2)]
    assert market.book_changes(8) == []


def test_the_price_limit_follows_the_mark(market: Market) -> None:
    assert market.limit_ticks(BUY, D("0.05")) is None
    market.print_trade(BUY, 1001, 1, 0)

    assert (market.limit_ticks(BUY, D("0.05")), market.limit_ticks(SELL, D("0.05"))) == (1051, 951)


def test_all_but_the_building_candle_are_closed(market: Market) -> None:
    market.print_trade(BUY, 1000, 1, 0)

    assert [candle.is_closed for candle in market.last_candles("1s", 5, 2 * 10**9)] == [True, True, False]
