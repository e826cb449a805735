from __future__ import annotations

from decimal import Decimal

import msgspec
import pytest

from botkit.model.instrument import InstrumentState
from botkit.sim.admission import MAX_ORDERS, MAX_ORDERS_PER_SYMBOL
from botkit.sim.exchange import SimExchange
from botkit.sim.types import OrderRequest, SelfTradePrevention, SimRefusal, SimRefused, SimStatus
from tests.sim.orders import BUY, FOK, IOC, SELL, SPOT, SWAP, exchange, request

D = Decimal


def refusal(sim: SimExchange, asked: OrderRequest) -> SimRefusal:
    """Submit, and check that the refusal has changed nothing."""
    before = sim.balances("a"), sim.open_orders("a"), sim.book(SPOT.symbol, 9)
    sim.drain()
    with pytest.raises(SimRefused) as refused:
        sim.submit(asked, 0)
    assert sim.drain() == []
    assert before == (sim.balances("a"), sim.open_orders("a"), sim.book(SPOT.symbol, 9))
    return refused.value.reason


@pytest.mark.parametrize(
    ("asked", "reason"),
    [
        (request("a", BUY, "1", "100", symbol="DOGE-USDT"), SimRefusal.UNKNOWN_INSTRUMENT),
        (request("nobody", BUY, "1", "100"), SimRefusal.UNKNOWN_ACCOUNT),
        (request("a", BUY, "0.0105", "100"), SimRefusal.NOT_A_LOT),
        (request("a", BUY, "0.009", "100"), SimRefusal.BELOW_MINIMUM),
        (request("a", BUY, "50.001", "100"), SimRefusal.ABOVE_MAXIMUM),
        (request("a", BUY, "5.001"), SimRefusal.ABOVE_MAXIMUM),
        (request("a", BUY, "1", "100.05"), SimRefusal.OFF_TICK),
        (request("a", BUY, "50", "5000"), SimRefusal.INSUFFICIENT_BALANCE),
        (request("a", SELL, "1", "100", symbol=SWAP.symbol, reduce_only=True), SimRefusal.NO_POSITION),
    ],
    ids=[
        "unknown instrument",
        "unknown account",
        "between two lots",
        "below the minimum",
        "above the maximum",
        "above the maximum at market",
        "between two ticks",
        "more than there is",
        "nothing to reduce",
    ],
)
def test_an_order_that_cannot_be_is_refused_and_changes_nothing(
    asked: OrderRequest, reason: SimRefusal
) -> None:
    assert refusal(exchange("a"), asked) is reason


@pytest.mark.parametrize(
    "asked",
    [
        request("a", BUY, "0", "100"),
        request("a", BUY, "-1", "100"),
        request("a", BUY, "1", "-100"),
        msgspec.structs.replace(request("a", BUY, "1", "100"), limit_price=None),
        msgspec.structs.replace(request("a", BUY, "1"), limit_price=D(100)),
        request("a", BUY, "1", "100", size_in_quote=True),
        request("a", BUY, "1", symbol=SWAP.symbol, size_in_quote=True),
        request("a", BUY, "1", post_only=True),
        request("a", BUY, "1", "100", post_only=True, time_in_force=IOC),
        request("a", BUY, "1", "100", reduce_only=True),
        request("a", BUY, "1", "100", time_in_force=FOK, stp=SelfTradePrevention.CANCEL_BOTH),
    ],
    ids=[
        "no size",
        "negative size",
        "negative price",
        "limit without price",
        "market with price",
        "quote size of a limit order",
        "quote size of a swap",
        "post-only market",
        "post-only IOC",
        "reduce-only spot",
        "FOK canceling both",
    ],
)
def test_terms_that_contradict_each_other_are_refused(asked: OrderRequest) -> None:
    assert refusal(exchange("a"), asked) is SimRefusal.BAD_TERMS


@pytest.mark.parametrize(
    ("state", "post_only", "is_taken"),
    [
        (InstrumentState.SUSPENDED, True, False),
        (InstrumentState.POST_ONLY, False, False),
        (InstrumentState.POST_ONLY, True, True),
        (InstrumentState.LIVE, False, True),
    ],
)
def test_what_an_instrument_takes_depends_on_its_state(
    state: InstrumentState, post_only: bool, is_taken: bool
) -> None:
    sim = SimExchange([msgspec.structs.replace(SPOT, state=state)])
    sim.open_account("a", {"USDT": D(1000)})
    asked = request("a", BUY, "1", "100", post_only=post_only)

    if is_taken:
        assert sim.submit(asked, 0).status is SimStatus.LIVE
    else:
        assert refusal(sim, asked) is SimRefusal.NOT_LIVE


def test_a_client_id_is_free_again_once_its_order_has_ended() -> None:
    sim = exchange("a")
    first = sim.submit(request("a", BUY, "1", "100", client_order_id="x1"), 0)
    assert refusal(sim, request("a", BUY, "1", "101", client_order_id="x1")) is SimRefusal.DUPLICATE_CLIENT_ID

    sim.cancel("a", first.order_id, 1)
    second = sim.submit(request("a", BUY, "1", "101", client_order_id="x1"), 2)

    found = sim.order("a", client_order_id="x1")
    assert found is not None
    assert found.order_id == second.order_id


def test_orders_without_a_client_id_do_not_collide() -> None:
    sim = exchange("a")
    sim.submit(request("a", BUY, "1", "100"), 0)

    assert sim.submit(request("a", BUY, "1", "100"), 0).status is SimStatus.LIVE


@pytest.mark.parametrize(
    ("side", "price", "is_taken"),
    [(BUY, "105", True), (BUY, "105.1", False), (SELL, "95", True), (SELL, "94.9", False), (BUY, "1", True)],
)
def test_a_price_may_be_so_much_worse_than_the_market_and_no_more(
    side: object, price: str, is_taken: bool
) -> None:
    sim = exchange("a", "b")
    sim.submit(request("b", BUY, "1", "99"), 0)
    sim.submit(request("b", SELL, "1", "101"), 0)
    asked = request("a", BUY if side is BUY else SELL, "1", price)

    if is_taken:
        sim.submit(asked, 0)
    else:
        assert refusal(sim, asked) is SimRefusal.OUTSIDE_PRICE_LIMIT


def test_the_price_limit_is_on_the_grid_and_inside_the_band() -> None:
    sim = exchange("b")
    assert sim.price_limit(SPOT.symbol, BUY) is None
    sim.submit(request("b", BUY, "1", "99.9"), 0)
    sim.submit(request("b", SELL, "1", "100"), 0)

    assert sim.price_limit(SPOT.symbol, BUY) == D("104.9")
    assert sim.price_limit(SPOT.symbol, SELL) == D("95.0")


def test_money_that_orders_hold_cannot_be_spent_twice() -> None:
    sim = exchange("a", usdt="100", btc="1")
    sim.submit(request("a", BUY, "0.6", "100"), 0)
    sim.submit(request("a", SELL, "0.6", "110"), 0)

    assert refusal(sim, request("a", BUY, "0.401", "100")) is SimRefusal.INSUFFICIENT_BALANCE
    assert refusal(sim, request("a", SELL, "0.401", "110")) is SimRefusal.INSUFFICIENT_BALANCE
    sim.submit(request("a", BUY, "0.4", "100"), 0)
    sim.submit(request("a", SELL, "0.4", "110"), 0)


def test_a_market_order_has_to_pay_what_it_would_really_cost() -> None:
    sim = exchange("a", "b", usdt="201")
    sim.submit(request("b", SELL, "1", "100"), 0)
    sim.submit(request("b", SELL, "1", "102"), 0)

    assert refusal(sim, request("a", BUY, "2")) is SimRefusal.INSUFFICIENT_BALANCE
    assert sim.submit(request("a", BUY, "1.99"), 0).status is SimStatus.FILLED


def test_an_amount_that_buys_less_than_the_minimum_is_refused() -> None:
    sim = exchange("a", "b")
    sim.submit(request("b", SELL, "1", "100"), 0)
    sim.submit(request("b", BUY, "1", "98"), 0)

    assert refusal(sim, request("a", BUY, "0.98", size_in_quote=True)) is SimRefusal.BELOW_MINIMUM
    assert sim.submit(request("a", BUY, "1", size_in_quote=True), 0).filled == D("0.01")


def test_a_swap_order_needs_its_initial_margin_and_the_fee() -> None:
    sim = exchange("a", usdt="1000")

    too_large = request("a", BUY, "29.9551", "100", symbol=SWAP.symbol)
    assert refusal(sim, too_large) is SimRefusal.INSUFFICIENT_MARGIN
    sim.submit(request("a", BUY, "29.955", "100", symbol=SWAP.symbol), 0)


def test_an_order_that_only_closes_needs_no_margin() -> None:
    sim = exchange("a", "b", usdt="340")
    sim.submit(request("b", SELL, "10", "100", symbol=SWAP.symbol), 0)
    sim.submit(request("a", BUY, "10", "100", symbol=SWAP.symbol), 0)

    closing = sim.submit(request("a", SELL, "10", "102", symbol=SWAP.symbol), 0)

    assert closing.status is SimStatus.LIVE
    assert refusal(sim, request("a", BUY, "1", "100", symbol=SWAP.symbol)) is SimRefusal.INSUFFICIENT_MARGIN


def long_position(size: str) -> SimExchange:
    sim = exchange("a", "b")
    sim.submit(request("b", SELL, size, "100", symbol=SWAP.symbol), 0)
    sim.submit(request("a", BUY, size, "100", symbol=SWAP.symbol), 0)
    return sim


def reducing(side: object, size: str, price: str = "101") -> OrderRequest:
    return request("a", BUY if side is BUY else SELL, size, price, symbol=SWAP.symbol, reduce_only=True)


def test_reduce_only_orders_may_close_the_position_and_no_more() -> None:
    sim = long_position("5")

    assert refusal(sim, reducing(BUY, "1")) is SimRefusal.SAME_SIDE_AS_POSITION
    assert refusal(sim, reducing(SELL, "5.0001")) is SimRefusal.LARGER_THAN_POSITION
    sim.submit(reducing(SELL, "3"), 0)
    assert refusal(sim, reducing(SELL, "2.0001")) is SimRefusal.LARGER_THAN_POSITION
    assert sim.submit(reducing(SELL, "2"), 0).status is SimStatus.LIVE


def test_a_reduce_only_order_cannot_grow_past_the_position() -> None:
    sim = long_position("5")
    order = sim.submit(reducing(SELL, "3"), 0)

    with pytest.raises(SimRefused) as refused:
        sim.amend("a", order.order_id, 1, size=D("5.0001"))

    assert refused.value.reason is SimRefusal.LARGER_THAN_POSITION
    assert sim.amend("a", order.order_id, 1, size=D(5)).size == 5


def test_so_many_orders_may_work_and_no_more() -> None:
    sim = exchange("a", usdt="10000000")
    for _ in range(MAX_ORDERS_PER_SYMBOL):
        sim.submit(request("a", BUY, "0.01", "100"), 0)

    assert refusal(sim, request("a", BUY, "0.01", "100")) is SimRefusal.TOO_MANY_ORDERS
    sim.submit(request("a", BUY, "0.01", "100", symbol=SWAP.symbol), 0)
    assert sim.submit(request("a", BUY, "0.01", "100", symbol=SWAP.symbol), 0).status is SimStatus.LIVE


def test_so_many_orders_of_all_instruments_may_work_and_no_more() -> None:
    listed = [msgspec.structs.replace(SPOT, symbol=f"C{n}-USDT") for n in range(9)]
    sim = SimExchange([*listed, SPOT])
    sim.open_account("a", {"USDT": D(10**6)})
    for n in range(MAX_ORDERS):
        sim.submit(request("a", BUY, "0.01", "100", symbol=listed[n % 9].symbol), 0)

    assert refusal(sim, request("a", BUY, "0.01", "100")) is SimRefusal.TOO_MANY_ORDERS


def test_a_refusal_says_why() -> None:
    with pytest.raises(SimRefused) as refused:
        exchange("a").submit(request("a", BUY, "1", "100.05"), 0)

    assert str(refused.value) == "off tick: 100.05 is not a multiple of 0.1"
    assert str(SimRefused(SimRefusal.NOTHING_TO_AMEND)) == "nothing to amend"
