from __future__ import annotations

from decimal import Decimal

import pytest
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule

from botkit.model.order import Order, OrderChange, OrderStatus, OrderType, TimeInForce
from botkit.model.side import Side
from botkit.strategy.trader import Trader
from tests.strategy.recording_desk import RecordingDesk

S = 1_000_000_000
SPOT, SWAP = "BTC-USDT", "BTC-USDT-SWAP"


@pytest.fixture
def desk() -> RecordingDesk:
    return RecordingDesk()


@pytest.fixture
def trader(desk: RecordingDesk) -> Trader:
    return Trader(desk)


def terms(order: Order) -> tuple[Side, Decimal, Decimal | None]:
    return order.side, order.size, order.limit_price


def test_buy_and_sell_take_what_the_market_offers(trader: Trader) -> None:
    bought, sold = trader.buy(SPOT, 0.5), trader.sell(SPOT, "0.25")

    assert terms(bought) == (Side.BUY, Decimal("0.5"), None)
    assert terms(sold) == (Side.SELL, Decimal("0.25"), None)
    for order in (bought, sold):
        assert order.request.type is OrderType.MARKET
        assert order.request.time_in_force is TimeInForce.IOC
        assert not order.request.post_only
        assert not order.request.reduce_only


def test_with_a_limit_price_buy_and_sell_wait_for_it(trader: Trader) -> None:
    bought, sold = trader.buy(SPOT, 1, limit_price=99.97), trader.sell(SPOT, 1, limit_price=101.01)

    assert terms(bought) == (Side.BUY, Decimal(1), Decimal("99.9"))
    assert terms(sold) == (Side.SELL, Decimal(1), Decimal("101.1"))
    assert bought.request.time_in_force is sold.request.time_in_force is TimeInForce.GTC


def test_a_limit_order_says_how_it_wants_to_trade(trader: Trader) -> None:
    order = trader.limit(
        SWAP, Side.SELL, 1, 100, time_in_force=TimeInForce.IOC, post_only=True, reduce_only=True
    )

    assert terms(order) == (Side.SELL, Decimal(1), Decimal(100))
    assert order.request.time_in_force is TimeInForce.IOC
    assert order.request.post_only
    assert order.request.reduce_only


def test_an_amendment_is_handed_on_with_the_gates_answer(trader: Trader, desk: RecordingDesk) -> None:
    order = trader.buy(SPOT, 1, limit_price=99)

    assert trader.amend(order, limit_price=98)
    desk.is_refusing = True
    assert not trader.amend(order, size=2)

    assert [(each.size, each.limit_price) for each in desk.amendments] == [(Decimal(1), Decimal(98))]


def test_cancel_all_cancels_what_is_open_in_one_instrument_or_in_all(
    trader: Trader, desk: RecordingDesk
) -> None:
    first = trader.buy(SPOT, 1, limit_price=99)
    other = trader.buy(SWAP, 1, limit_price=99)
    over = trader.buy(SPOT, 1, limit_price=99)
    desk.accept(over)
    desk.confirm_cancel(over)

    trader.cancel_all(SPOT)
    assert desk.cancels == [first]

    trader.cancel_all()
    assert desk.cancels == [first, first, other]


@pytest.mark.parametrize(
    ("symbol", "held", "side", "reduce_only"),
    [
        (SPOT, "0.5", Side.SELL, False),
        (SWAP, "0.5", Side.SELL, True),
        (SWAP, "-0.5", Side.BUY, True),
    ],
    ids=["spot", "long swap", "short swap"],
)
def test_close_trades_the_position_away(
    trader: Trader, desk: RecordingDesk, symbol: str, held: str, side: Side, *, reduce_only: bool
) -> None:
    desk.hold(symbol, held)

    order = trader.close(symbol)

    assert order is not None
    assert terms(order) == (side, Decimal("0.5"), None)
    assert order.request.reduce_only is reduce_only


def test_close_of_nothing_places_nothing(trader: Trader, desk: RecordingDesk) -> None:
    desk.hold(SPOT, "0.0004")  # less than a lot, as a fee taken in base currency leaves behind

    assert trader.close(SPOT) is None
    assert desk.placed == []


def test_close_does_not_sell_again_what_is_being_sold(trader: Trader, desk: RecordingDesk) -> None:
    desk.hold(SPOT, "0.5")
    first = trader.close(SPOT)
    assert first is not None

    assert trader.close(SPOT) is None

    desk.fill(first, "0.2")
    assert trader.close(SPOT) is None
    desk.hold(SPOT, "0.1")
    second = trader.close(SPOT)
    assert second is not None
    assert second.size == Decimal("0.1")


def test_close_does_not_count_on_an_order_that_waits_for_its_price(
    trader: Trader, desk: RecordingDesk
) -> None:
    desk.hold(SPOT, "0.5")
    trader.sell(SPOT, 0.5, limit_price=200)

    order = trader.close(SPOT)

    assert order is not None
    assert order.size == Decimal("0.5")


def quoted(trader: Trader, desk: RecordingDesk, bid: float = 99.0, ask: float = 101.0) -> tuple[Order, Order]:
    """Return a bid and an offer of size 1 that the venue has accepted."""
    trader.quote(SPOT, bid=bid, ask=ask, size=1)
    for order in desk.placed[-2:]:
        desk.accept(order)
    return desk.placed[-2], desk.placed[-1]


def test_a_first_quote_places_both_sides_post_only(trader: Trader, desk: RecordingDesk) -> None:
    bid, ask = quoted(trader, desk, 99.06, 101.01)

    assert terms(bid) == (Side.BUY, Decimal(1), Decimal("99.0"))
    assert terms(ask) == (Side.SELL, Decimal(1), Decimal("101.1"))
    assert bid.request.post_only
    assert ask.request.post_only


def test_each_side_may_have_its_size(trader: Trader, desk: RecordingDesk) -> None:
    trader.quote(SPOT, bid=99, ask=101, size=(0.25, Decimal("0.75")))

    assert [order.size for order in desk.placed] == [Decimal("0.25"), Decimal("0.75")]


def test_a_quote_that_stands_where_it_should_is_left_alone(trader: Trader, desk: RecordingDesk) -> None:
    quoted(trader, desk)

    trader.quote(SPOT, bid=99.04, ask=100.96, size=1)

    assert len(desk.placed) == 2
    assert desk.amendments == []
    assert desk.cancels == []


def test_only_the_side_that_is_off_moves(trader: Trader, desk: RecordingDesk) -> None:
    quoted(trader, desk)

    trader.quote(SPOT, bid=98.5, ask=101, size=1)

    assert [(each.limit_price, each.size) for each in desk.amendments] == [(Decimal("98.5"), Decimal(1))]
    assert len(desk.placed) == 2


def test_the_tolerance_is_kept_exactly(trader: Trader, desk: RecordingDesk) -> None:
    quoted(trader, desk, 100.0, 200.0)

    trader.quote(SPOT, bid=99.9, ask=200.2, size=1, tolerance_bps=10)
    assert desk.amendments == []

    trader.quote(SPOT, bid=99.8, ask=200.3, size=1, tolerance_bps=10)
    assert [each.limit_price for each in desk.amendments] == [Decimal("99.8"), Decimal("200.3")]


def test_without_a_price_a_side_is_canceled(trader: Trader, desk: RecordingDesk) -> None:
    bid, ask = quoted(trader, desk)

    trader.quote(SPOT, bid=None, ask=101, size=1)
    assert desk.cancels == [bid]

    trader.quote(SPOT, bid=None, ask=None, size=1)
    assert desk.cancels == [bid, bid, ask]


def test_a_size_below_the_minimum_cancels_its_side(trader: Trader, desk: RecordingDesk) -> None:
    bid, _ = quoted(trader, desk)

    trader.quote(SPOT, bid=99, ask=101, size=(0.0005, 1))

    assert desk.cancels == [bid]


def test_a_negative_size_cancels_its_side(trader: Trader, desk: RecordingDesk) -> None:
    _, ask = quoted(trader, desk)

    trader.quote(SPOT, bid=99, ask=101, size=(1, -0.5))

    assert desk.cancels == [ask]


def test_nothing_is_asked_while_an_answer_is_awaited(trader: Trader, desk: RecordingDesk) -> None:
    trader.quote(SPOT, bid=99, ask=101, size=1)
    trader.quote(SPOT, bid=98, ask=102, size=1)
    assert (len(desk.placed), desk.amendments) == (2, [])

    for order in desk.placed:
        desk.accept(order)
    trader.quote(SPOT, bid=98, ask=102, size=1)
    trader.quote(SPOT, bid=97, ask=103, size=1)
    assert [each.limit_price for each in desk.amendments] == [Decimal(98), Decimal(102)]


def test_an_amendment_that_was_never_answered_is_asked_for_again(trader: Trader, desk: RecordingDesk) -> None:
    quoted(trader, desk)
    trader.quote(SPOT, bid=98, ask=101, size=1)

    desk.now_ns += 5 * S
    trader.quote(SPOT, bid=97, ask=101, size=1)

    assert [each.limit_price for each in desk.amendments] == [Decimal(98), Decimal(97)]


def test_no_new_quote_is_shown_while_the_old_one_may_still_fill(trader: Trader, desk: RecordingDesk) -> None:
    bid, _ = quoted(trader, desk)
    trader.quote(SPOT, bid=None, ask=101, size=1)

    trader.quote(SPOT, bid=99, ask=101, size=1)
    assert len(desk.placed) == 2
    assert desk.cancels == [bid, bid]  # asked again, in case the first got lost

    desk.confirm_cancel(bid)
    trader.quote(SPOT, bid=99, ask=101, size=1)
    assert terms(desk.placed[2]) == (Side.BUY, Decimal(1), Decimal(99))


def test_an_order_that_nobody_knows_the_fate_of_is_still_the_quote(
    trader: Trader, desk: RecordingDesk
) -> None:
    trader.quote(SPOT, bid=99, ask=None, size=1)
    desk.placed[0].change(OrderChange.LOSE, desk.now_ns)

    trader.quote(SPOT, bid=98, ask=None, size=1)

    assert desk.placed[0].status is OrderStatus.UNKNOWN
    assert (len(desk.placed), desk.amendments) == (1, [])


def test_a_quote_that_filled_is_replaced(trader: Trader, desk: RecordingDesk) -> None:
    bid, _ = quoted(trader, desk)
    desk.fill(bid, "1")

    trader.quote(SPOT, bid=98, ask=101, size=1)

    assert terms(desk.placed[2]) == (Side.BUY, Decimal(1), Decimal(98))


def test_a_partly_filled_quote_keeps_its_place_in_the_queue(trader: Trader, desk: RecordingDesk) -> None:
    bid, _ = quoted(trader, desk)
    desk.fill(bid, "0.4")

    trader.quote(SPOT, bid=99, ask=101, size=1)

    assert desk.amendments == []


def test_a_partly_filled_quote_is_topped_up_when_it_moves(trader: Trader, desk: RecordingDesk) -> None:
    bid, _ = quoted(trader, desk)
    desk.fill(bid, "0.4")

    trader.quote(SPOT, bid=98, ask=101, size=1)
    desk.accept_amendment(bid)

    assert bid.remaining == 1


def test_a_quote_that_is_too_large_is_cut_where_it_stands(trader: Trader, desk: RecordingDesk) -> None:
    bid, _ = quoted(trader, desk)

    trader.quote(SPOT, bid=99, ask=101, size=(0.95, 1))
    assert desk.amendments == []

    trader.quote(SPOT, bid=99, ask=101, size=(0.5, 1))
    desk.accept_amendment(bid)
    assert terms(bid) == (Side.BUY, Decimal("0.5"), Decimal(99))


def test_a_quote_that_may_not_move_is_taken_out_of_the_market(trader: Trader, desk: RecordingDesk) -> None:
    bid, _ = quoted(trader, desk)
    desk.is_refusing = True

    trader.quote(SPOT, bid=98, ask=101, size=1)

    assert desk.cancels == [bid]


def test_after_a_refusal_a_side_rests_for_a_second(trader: Trader, desk: RecordingDesk) -> None:
    desk.is_refusing = True
    trader.quote(SPOT, bid=99, ask=None, size=1)
    desk.is_refusing = False

    desk.now_ns += S - 1
    trader.quote(SPOT, bid=99, ask=101, size=1)
    assert [order.side for order in desk.placed] == [Side.BUY, Side.SELL]

    desk.now_ns += 1
    trader.quote(SPOT, bid=99, ask=101, size=1)
    assert [order.side for order in desk.placed] == [Side.BUY, Side.SELL, Side.BUY]


def test_quotes_of_an_earlier_run_are_found_again(desk: RecordingDesk) -> None:
    bid, _ = quoted(Trader(desk), desk)

    Trader(desk).quote(SPOT, bid=98, ask=101, size=1)

    assert len(desk.placed) == 2
    assert [each.client_order_id for each in desk.amendments] == [bid.id]


def test_of_several_quotes_on_a_side_the_oldest_stays(trader: Trader, desk: RecordingDesk) -> None:
    quoted(trader, desk)
    stray = trader.limit(SPOT, Side.BUY, 1, 97, post_only=True)

    trader.quote(SPOT, bid=99, ask=101, size=1)

    assert desk.cancels == [stray]


def test_other_orders_are_not_taken_for_quotes(trader: Trader, desk: RecordingDesk) -> None:
    trader.sell(SPOT, 1, limit_price=150)
    trader.limit(SWAP, Side.SELL, 1, 101, post_only=True)

    trader.quote(SPOT, bid=None, ask=101, size=1)

    assert len(desk.placed) == 3
    assert desk.cancels == []


PRICES = st.none() | st.integers(900, 1100).map(lambda ticks: Decimal(ticks) / 10)
SIZES = st.integers(0, 5).map(Decimal)
ANY_ORDER = st.integers(min_value=0)


class QuoteMachine(RuleBasedStateMachine):
    """A strategy that quotes as it likes, a gate and a venue that answer as they like."""

    def __init__(self) -> None:
        super().__init__()
        self.desk = RecordingDesk()
        self.trader = Trader(self.desk)

    @rule(bid=PRICES, ask=PRICES, sizes=st.tuples(SIZES, SIZES), tolerance_bps=st.sampled_from([0.0, 50.0]))
    def quote(
        self, bid: Decimal | None, ask: Decimal | None, sizes: tuple[Decimal, Decimal], tolerance_bps: float
    ) -> None:
        self.trader.quote(SPOT, bid=bid, ask=ask, size=sizes, tolerance_bps=tolerance_bps)

    @rule(is_refusing=st.booleans())
    def gate(self, *, is_refusing: bool) -> None:
        self.desk.is_refusing = is_refusing

    @rule(milliseconds=st.sampled_from([1, 500, 5_000]))
    def wait(self, milliseconds: int) -> None:
        self.desk.now_ns += milliseconds * 1_000_000

    @rule(which=ANY_ORDER, change=st.sampled_from([OrderChange.ACCEPT, OrderChange.LOSE, OrderChange.REJECT]))
    def answer(self, which: int, change: OrderChange) -> None:
        if orders := self.desk.open_orders():
            orders[which % len(orders)].change(change, self.desk.now_ns)

    @rule(which=ANY_ORDER)
    def amended(self, which: int) -> None:
        if orders := [order for order in self.desk.open_orders() if order.amending]:
            self.desk.accept_amendment(orders[which % len(orders)])

    @rule(which=ANY_ORDER)
    def canceled(self, which: int) -> None:
        if orders := [order for order in self.desk.open_orders() if order.cancel_requested]:
            self.desk.confirm_cancel(orders[which % len(orders)])

    @rule(which=ANY_ORDER)
    def filled(self, which: int) -> None:
        if orders := self.desk.open_orders():
            order = orders[which % len(orders)]
            self.desk.fill(order, str(min(Decimal("0.5"), order.remaining)))

    @invariant()
    def there_is_never_more_than_one_quote_on_a_side(self) -> None:
        sides = [order.side for order in self.desk.open_orders()]
        assert len(sides) == len(set(sides))

    @invariant()
    def every_quote_is_post_only(self) -> None:
        assert all(order.request.post_only for order in self.desk.placed)


TestQuotes = QuoteMachine.TestCase


class Answering(QuoteMachine):
    """A venue that answers everything at once: then what was asked for stands in the book."""

    @rule(bid=PRICES, ask=PRICES)
    def settled(self, bid: Decimal | None, ask: Decimal | None) -> None:
        self.desk.is_refusing = False
        for _ in range(3):  # pull what is wrong, show what is missing, move what is off
            self.desk.now_ns += 5 * S
            for order in self.desk.open_orders():
                self.desk.accept(order)
                if order.cancel_requested:
                    self.desk.confirm_cancel(order)
                elif order.amending:
                    self.desk.accept_amendment(order)
            self.trader.quote(SPOT, bid=bid, ask=ask, size=1)
        for order in self.desk.open_orders():
            if order.amending:
                self.desk.accept_amendment(order)

        working = {
            order.side: order.limit_price for order in self.desk.open_orders() if not order.cancel_requested
        }
        wanted = {Side.BUY: bid, Side.SELL: ask}
        assert working == {side: price for side, price in wanted.items() if price is not None}


TestSettledQuotes = Answering.TestCase
