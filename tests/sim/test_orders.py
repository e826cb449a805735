from __future__ import annotations

from decimal import Decimal

from botkit.sim.orders import Terms, WorkingOrder
from botkit.sim.types import CancelCause, FillReport, SelfTradePrevention, SimStatus
from tests.sim.orders import BUY, SPOT, exchange, request

D = Decimal
MARKET = exchange().market(SPOT.symbol)


def fill(size: str, price: str, fee: str = "-0.1", currency: str = "USDT", ns: int = 5) -> FillReport:
    return FillReport(
        account="a",
        symbol=SPOT.symbol,
        order_id=1,
        client_order_id="",
        trade_id=1,
        bill_id=1,
        side=BUY,
        price=D(price),
        size=D(size),
        fee=D(fee),
        fee_currency=currency,
        is_maker=True,
        ns=ns,
        realized_pnl=D("0.25"),
    )


def working(terms: Terms | None = None) -> WorkingOrder:
    asked = request("a", BUY, "3", "100", post_only=True, stp=SelfTradePrevention.CANCEL_BOTH)
    return WorkingOrder(1, asked, MARKET, terms or Terms(1000, 3000, None, None), 2)


def test_a_new_order_is_live_and_as_it_was_asked_for() -> None:
    state = working().state()

    assert (state.status, state.size, state.limit_price) == (SimStatus.LIVE, D(3), D(100))
    assert (state.filled, state.average_price, state.fees, state.last_fill) == (D(0), None, {}, None)


def test_fills_add_up() -> None:
    order = working()
    order.add_fill(fill("1", "100"), 1000, 1000)
    order.add_fill(fill("1", "99", fee="-0.2"), 1000, 990)
    last = fill("1", "98", currency="BTC", ns=9)
    order.add_fill(last, 1000, 980)

    state = order.state()

    assert (state.status, state.filled, state.average_price) == (SimStatus.FILLED, D(3), D(99))
    assert state.fees == {"USDT": D("-0.3"), "BTC": D("-0.1")}
    assert (state.realized_pnl, state.last_fill, state.updated_ns) == (D("0.75"), last, 9)


def test_an_order_with_a_budget_is_not_filled_by_a_fill() -> None:
    order = working(Terms(None, 0, 10**6, CancelCause.MARKET_REMAINDER))

    order.add_fill(fill("3", "100"), 3000, 1000)

    assert order.status is SimStatus.PARTIALLY_FILLED
    assert order.open_lots == 0


def test_the_book_gets_what_is_left_under_the_same_rules() -> None:
    order = working()
    order.add_fill(fill("1", "100"), 1000, 1000)

    taker = order.incoming()

    assert (taker.id, taker.owner, taker.side, taker.limit, taker.lots) == (1, "a", BUY, 1000, 2000)
    assert (taker.post_only, taker.stp, taker.remainder) == (True, SelfTradePrevention.CANCEL_BOTH, None)


def test_new_terms_show_and_the_request_stays() -> None:
    order = working()

    order.amend(Terms(990, 5000, None, None), 7)

    state = order.state()
    assert (state.size, state.limit_price, state.updated_ns) == (D(5), D(99), 7)
    assert (state.request.size, state.request.limit_price) == (D(3), D(100))


def test_a_state_does_not_change_after_it_was_taken() -> None:
    order = working()
    before = order.state()

    order.add_fill(fill("1", "100"), 1000, 1000)

    assert before.fees == {}
