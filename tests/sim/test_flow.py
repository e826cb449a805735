from __future__ import annotations

from collections.abc import Iterable, Iterator
from decimal import Decimal
from itertools import accumulate, cycle, takewhile

import pytest

from botkit.model.side import Side
from botkit.sim.exchange import SimExchange
from botkit.sim.flow import CHARACTERS, SyntheticFlow
from botkit.sim.listing import BTC_USDT, BTC_USDT_SWAP, LISTED
from botkit.sim.types import PublicTrade
from tests.sim.orders import BUY, SELL, request

D = Decimal
S = 10**9
MS = 10**6
START = 1_790_000_000 * S
SPOT, SWAP = BTC_USDT.symbol, BTC_USDT_SWAP.symbol


def market(seed: int = 7) -> SimExchange:
    sim = SimExchange(LISTED, start_ns=START)
    sim.open_account("a", {"USDT": D(1_000_000), "BTC": D(10)})
    sim.host(SyntheticFlow(seed, START))
    return sim


def steps(seconds: float, *each_ms: int) -> Iterator[int]:
    """Yield moments that are so far apart, in turn, up to and with the end."""
    end = START + int(seconds * S)
    yield from takewhile(lambda ns: ns < end, accumulate((ms * MS for ms in cycle(each_ms)), initial=START))
    yield end


def run(sim: SimExchange, moments: Iterable[int]) -> list[PublicTrade]:
    trades = []
    for now_ns in moments:
        sim.advance(now_ns)
        trades += [report for report in sim.drain() if isinstance(report, PublicTrade)]
    return trades


def look(sim: SimExchange) -> list[object]:
    symbols = [instrument.symbol for instrument in LISTED]
    return [(sim.book(s, 50), sim.trades(s), sim.candles(s, "1s", 20), sim.mark_price(s)) for s in symbols]


@pytest.mark.parametrize(
    "each_ms", [(10_000,), (1000,), (100,), (3, 251, 17), (1, 2)], ids=lambda each: "-".join(map(str, each))
)
def test_a_seed_is_a_market_whatever_the_steps(each_ms: tuple[int, ...]) -> None:
    at_once, stepped = market(), market()

    assert run(stepped, steps(10, *each_ms)) == run(at_once, [START + 10 * S])
    assert look(stepped) == look(at_once)


def test_another_seed_is_another_market() -> None:
    one, other = market(1), market(2)

    assert run(one, [START + 5 * S]) != run(other, [START + 5 * S])


def test_the_market_is_the_same_tomorrow() -> None:
    """What these numbers are does not matter; that a change of them is noticed does."""
    sim = market(7)

    trades = run(sim, [START + 10 * S])

    marks = [sim.mark_price(instrument.symbol) for instrument in LISTED]
    assert (len(trades), marks) == (265, [D("59954.75"), D("2497.945"), D("59983.8")])


def test_what_others_trade_does_not_move_the_fair_price_or_the_takers() -> None:
    alone, joined = market(), market()
    flows = [sim._flows[0] for sim in (alone, joined)]
    run(alone, [START + 20 * S])
    for now_ns in steps(20, 500):
        joined.submit(request("a", BUY, "0.05", symbol=SPOT), now_ns)

    fair = [[crowd._fair for crowd in flow._crowds] for flow in flows if isinstance(flow, SyntheticFlow)]
    assert fair[0] == fair[1]
    assert flows[0].next_ns() == flows[1].next_ns()


@pytest.mark.parametrize("seed", range(3))
def test_the_book_is_deep_tight_and_never_crossed(seed: int) -> None:
    sim = market(seed)
    spreads = []

    for now_ns in steps(20, 70):
        sim.advance(now_ns)
        for instrument in LISTED:
            bids, asks = sim.book(instrument.symbol, 50)
            assert len(bids) >= 5
            assert len(asks) >= 5
            assert bids[0][0] < asks[0][0]
            spreads.append((asks[0][0] - bids[0][0]) / instrument.tick_size)

    assert sorted(spreads)[len(spreads) // 2] <= 10


def test_trades_are_a_few_a_second_mostly_small_and_some_sweep_the_book() -> None:
    sim = market(3)

    trades = run(sim, steps(60, 1000))

    for instrument in LISTED:
        mine = [trade for trade in trades if trade.symbol == instrument.symbol]
        sizes = sorted(trade.size for trade in mine)
        moments = [trade.ns for trade in mine]
        assert 60 < len(mine) < 1500
        assert sizes[-1] > 5 * sizes[len(sizes) // 2]
        assert max(moments.count(moment) for moment in moments) >= 3
        assert {trade.side for trade in mine} == set(Side)
        assert moments == sorted(moments)


def test_the_swap_follows_its_spot() -> None:
    sim = market(5)

    for now_ns in steps(60, 5000):
        sim.advance(now_ns)
        spot, swap = sim.mark_price(SPOT), sim.mark_price(SWAP)
        assert spot is not None
        assert swap is not None
        assert abs(swap / spot - 1) < D("0.002")


@pytest.mark.parametrize("half_spread_bps", [2, 5])
@pytest.mark.parametrize("seed", range(4))
def test_who_quotes_around_the_middle_is_filled_within_seconds(seed: int, half_spread_bps: int) -> None:
    sim = market(seed)

    for now_ns in steps(20, 1000):
        sim.advance(now_ns)
        if sim.fills("a"):
            break
        for order in sim.open_orders("a"):
            sim.cancel("a", order.order_id, now_ns)
        middle = sim.mark_price(SPOT)
        assert middle is not None
        for side in Side:
            price = BTC_USDT.price(middle * (1 - D(side.sign * half_spread_bps) / 10_000), side)
            sim.submit(request("a", side, "0.01", str(price), symbol=SPOT, post_only=True), now_ns)

    assert sim.fills("a")
    assert sim.fills("a")[0].is_maker


def test_what_is_taken_is_offered_again() -> None:
    sim = market()
    size = sum((size for _, size, _ in sim.book(SPOT, 5)[1]), D(0))

    state = sim.submit(request("a", BUY, str(size), symbol=SPOT), START)
    sim.advance(START + S)

    assert state.filled == size
    assert len(sim.book(SPOT, 50)[1]) >= 10


def test_an_order_inside_the_spread_is_traded_with() -> None:
    sim = market()
    bids, asks = sim.book(SPOT, 1)
    assert asks[0][0] - bids[0][0] > BTC_USDT.tick_size

    sim.submit(request("a", SELL, "0.0001", str(asks[0][0] - BTC_USDT.tick_size), symbol=SPOT), START)
    sim.advance(START + 5 * S)

    assert [fill.is_maker for fill in sim.fills("a")] == [True]


@pytest.mark.parametrize(
    ("interval", "count"), [("1m", 360), ("5m", 288), ("15m", 288), ("1H", 72), ("4H", 18)]
)
def test_there_is_a_past_at_the_start_and_it_leads_there(interval: str, count: int) -> None:
    sim = market()

    candles = sim.candles(SPOT, interval, 2000)

    assert len(candles) >= count
    assert float(candles[-1].close) == pytest.approx(CHARACTERS[SPOT].price, rel=0.002)
    assert candles[-1].open_ns <= START < candles[-1].open_ns + 4 * 3600 * S
    assert sum(candle.volume > 0 for candle in candles) > 0.99 * len(candles)


def test_a_minute_of_market_takes_no_more_orders_than_a_test_can_bear() -> None:
    sim = market()
    sim.advance(START + 60 * S)

    placed = sum(sim.market(instrument.symbol)._last_background_id for instrument in LISTED)

    assert 10_000 < placed < 60_000


def test_a_synthetic_market_never_ends_and_names_its_instruments() -> None:
    flow = SyntheticFlow(1, START)

    assert flow.next_ns() == START
    assert flow.symbols() == tuple(instrument.symbol for instrument in LISTED)


def test_a_market_may_have_fewer_instruments() -> None:
    sim = SimExchange([BTC_USDT], start_ns=START)
    sim.host(SyntheticFlow(1, START, {SPOT: CHARACTERS[SPOT]}))

    sim.advance(START + S)

    assert sim.trades(SPOT)
