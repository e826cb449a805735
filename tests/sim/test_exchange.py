from __future__ import annotations

from decimal import Decimal

import pytest

from botkit.model.side import Side
from botkit.sim.exchange import SimExchange
from botkit.sim.types import (
    BalanceReport,
    BookChange,
    CancelCause,
    FlowEnded,
    MarkChange,
    OrderReport,
    PositionReport,
    PublicTrade,
    ReportKind,
    SelfTradePrevention,
    SimRefusal,
    SimRefused,
    SimStatus,
)
from tests.sim.orders import BUY, FOK, IOC, SELL, SPOT, SWAP, exchange, kinds, order_reports, request

D = Decimal
K = ReportKind


def cash(sim: SimExchange, account: str) -> dict[str, Decimal]:
    return {report.currency: report.cash for report in sim.balances(account)}


def frozen(sim: SimExchange, account: str) -> dict[str, Decimal]:
    return {report.currency: report.frozen for report in sim.balances(account)}


def test_a_limit_order_waits_and_holds_its_money() -> None:
    sim = exchange("a")

    state = sim.submit(request("a", BUY, "2", "100", client_order_id="c1"), 7)

    assert (state.status, state.filled, state.average_price) == (SimStatus.LIVE, D(0), None)
    assert (state.created_ns, state.updated_ns) == (7, 7)
    assert frozen(sim, "a") == {"USDT": 200, "BTC": 0}
    assert sim.book(SPOT.symbol, 5) == ([(D(100), D(2), 1)], [])
    assert sim.open_orders("a") == [state]
    assert sim.order("a", client_order_id="c1") == sim.order("a", order_id=state.order_id) == state


def test_two_orders_that_meet_trade_at_the_price_of_the_first() -> None:
    sim = exchange("maker", "taker")
    sim.submit(request("maker", SELL, "1", "100"), 1)

    state = sim.submit(request("taker", BUY, "3", "103", client_order_id="c1"), 2)

    assert (state.status, state.filled, state.average_price) == (SimStatus.PARTIALLY_FILLED, D(1), D(100))
    assert cash(sim, "taker") == {"USDT": D(99900), "BTC": D("100.999")}
    assert cash(sim, "maker") == {"USDT": D(100100) - D("0.08"), "BTC": D(99)}
    assert frozen(sim, "taker") == {"USDT": 2 * 103, "BTC": 0}
    assert frozen(sim, "maker") == {"USDT": 0, "BTC": 0}


def test_a_fill_says_all_that_a_books_needs() -> None:
    sim = exchange("maker", "taker")
    sim.submit(request("maker", SELL, "1", "100"), 1)
    sim.submit(request("taker", BUY, "1", "100", client_order_id="c1"), 2)

    (made,) = sim.fills("maker")
    (taken,) = sim.fills("taker")

    assert (made.is_maker, made.fee, made.fee_currency, made.side) == (True, D("-0.08"), "USDT", SELL)
    assert (taken.is_maker, taken.fee, taken.fee_currency, taken.side) == (False, D("-0.001"), "BTC", BUY)
    assert made.trade_id == taken.trade_id
    assert made.bill_id != taken.bill_id
    assert (taken.client_order_id, taken.price, taken.size, taken.ns) == ("c1", D(100), D(1), 2)


def test_ids_have_the_length_of_the_venues_and_grow_with_its_start() -> None:
    early, late = (SimExchange([SPOT], start_ns=ns) for ns in (0, 1_795_000_000 * 10**9))
    for sim in (early, late):
        sim.open_account("a", {"USDT": D(1000)})

    first, second = (sim.submit(request("a", BUY, "1", "100"), 0).order_id for sim in (early, late))

    assert len(str(first)) == len(str(second)) == 19
    assert first < second


def test_reports_tell_a_life_in_its_order() -> None:
    sim = exchange("maker", "taker")
    sim.submit(request("maker", SELL, "2", "100"), 1)
    sim.submit(request("taker", BUY, "1", "100"), 2)
    order = sim.open_orders("maker")[0]
    sim.amend("maker", order.order_id, 3, limit_price=D(101))
    sim.cancel("maker", order.order_id, 4)

    reports = order_reports(sim, "maker")

    assert [kind for kind, _ in reports] == [K.ACCEPTED, K.FILL, K.AMENDED, K.CANCELED]
    assert [report.order.status for _, report in reports] == [
        SimStatus.LIVE,
        SimStatus.PARTIALLY_FILLED,
        SimStatus.PARTIALLY_FILLED,
        SimStatus.CANCELED,
    ]
    assert [report.fill is not None for _, report in reports] == [False, True, False, False]
    assert reports[3][1].order.cancel_cause is CancelCause.USER


def test_everything_is_told_once_and_states_come_after_events() -> None:
    sim = exchange("maker", "taker")
    sim.submit(request("maker", SELL, "2", "100", symbol=SWAP.symbol), 1)
    sim.submit(request("taker", BUY, "1", "100", symbol=SWAP.symbol), 2)

    reports = sim.drain()

    assert [type(report) for report in reports] == [
        *[OrderReport] * 4,
        PublicTrade,
        *[BalanceReport] * 2,
        *[PositionReport] * 2,
        BookChange,
        MarkChange,
    ]
    assert sim.drain() == []


@pytest.mark.parametrize("price", ["100", "101"])
def test_a_post_only_order_that_would_trade_is_taken_and_canceled(price: str) -> None:
    sim = exchange("maker", "taker")
    sim.submit(request("maker", SELL, "1", "100"), 1)

    state = sim.submit(request("taker", BUY, "1", price, post_only=True), 2)

    assert (state.status, state.cancel_cause) == (SimStatus.CANCELED, CancelCause.POST_ONLY)
    assert kinds(sim, "taker") == [K.CANCELED]
    assert sim.done_orders("taker") == [state]
    assert frozen(sim, "taker") == {"USDT": 0, "BTC": 0}


@pytest.mark.parametrize(
    ("time_in_force", "filled", "cause"),
    [(IOC, "1", CancelCause.IOC), (FOK, "0", CancelCause.FOK)],
    ids=["immediate or cancel", "fill or kill"],
)
def test_what_cannot_be_had_at_once_is_canceled(
    time_in_force: object, filled: str, cause: CancelCause
) -> None:
    sim = exchange("maker", "taker")
    sim.submit(request("maker", SELL, "1", "100"), 1)

    state = sim.submit(
        request("taker", BUY, "2", "100", time_in_force=IOC if time_in_force is IOC else FOK), 2
    )

    assert (state.status, state.filled, state.cancel_cause) == (SimStatus.CANCELED, D(filled), cause)
    assert frozen(sim, "taker") == {"USDT": 0, "BTC": 0}


def test_a_market_order_sweeps_the_book_and_its_rest_is_canceled() -> None:
    sim = exchange("maker", "taker")
    sim.submit(request("maker", SELL, "1", "100"), 1)
    sim.submit(request("maker", SELL, "1", "101"), 1)

    state = sim.submit(request("taker", BUY, "3"), 2)

    assert (state.filled, state.average_price) == (D(2), D("100.5"))
    assert (state.status, state.cancel_cause) == (SimStatus.CANCELED, CancelCause.MARKET_REMAINDER)
    assert kinds(sim, "taker") == [K.ACCEPTED, K.FILL, K.FILL, K.CANCELED]


def test_a_market_order_does_not_trade_beyond_the_price_limit() -> None:
    sim = exchange("maker", "taker")
    for price in ("99", "90"):
        sim.submit(request("maker", BUY, "1", price), 1)
    sim.submit(request("maker", SELL, "1", "101"), 1)

    state = sim.submit(request("taker", SELL, "2"), 2)

    assert (state.filled, state.cancel_cause) == (D(1), CancelCause.MARKET_REMAINDER)


def test_a_market_order_may_be_fill_or_kill() -> None:
    sim = exchange("maker", "taker")
    sim.submit(request("maker", SELL, "1", "100"), 1)

    state = sim.submit(request("taker", BUY, "2", time_in_force=FOK), 2)

    assert (state.filled, state.cancel_cause) == (D(0), CancelCause.FOK)


def test_an_amount_of_money_buys_what_it_buys_and_is_done() -> None:
    sim = exchange("maker", "taker")
    sim.submit(request("maker", SELL, "1", "100"), 1)
    sim.submit(request("maker", SELL, "1", "104"), 1)

    state = sim.submit(request("taker", BUY, "150", size_in_quote=True), 2)

    assert (state.status, state.size, state.filled) == (SimStatus.FILLED, D(150), D("1.480"))
    assert kinds(sim, "taker") == [K.ACCEPTED, K.FILL, K.FILL, K.DONE]
    assert cash(sim, "taker")["USDT"] == D(100000) - 100 - D("0.48") * 104


def test_an_amount_of_money_can_be_earned_too() -> None:
    sim = exchange("maker", "taker")
    sim.submit(request("maker", BUY, "5", "100"), 1)

    state = sim.submit(request("taker", SELL, "150", size_in_quote=True), 2)

    assert (state.status, state.filled) == (SimStatus.FILLED, D("1.5"))
    assert cash(sim, "taker") == {"USDT": D(100150) - D("0.15"), "BTC": D("98.5")}


def test_an_order_of_ones_own_is_canceled_rather_than_traded_with() -> None:
    sim = exchange("a")
    mine = sim.submit(request("a", SELL, "1", "100"), 1)

    state = sim.submit(request("a", BUY, "1", "100"), 2)

    canceled = sim.order("a", order_id=mine.order_id)
    assert canceled is not None
    assert (canceled.status, canceled.cancel_cause) == (SimStatus.CANCELED, CancelCause.SELF_TRADE)
    assert state.status is SimStatus.LIVE
    assert sim.fills("a") == []
    assert frozen(sim, "a") == {"USDT": 100, "BTC": 0}


def test_the_coming_order_is_canceled_where_it_asks_for_that() -> None:
    sim = exchange("a")
    sim.submit(request("a", SELL, "1", "100"), 1)

    state = sim.submit(request("a", BUY, "1", "100", stp=SelfTradePrevention.CANCEL_TAKER), 2)

    assert (state.status, state.cancel_cause) == (SimStatus.CANCELED, CancelCause.SELF_TRADE)
    assert len(sim.open_orders("a")) == 1


def test_a_canceled_order_releases_what_it_held_and_keeps_what_it_got() -> None:
    sim = exchange("maker", "taker")
    sim.submit(request("taker", SELL, "1", "100"), 1)
    order = sim.submit(request("maker", BUY, "3", "100"), 1)

    state = sim.cancel("maker", order.order_id, 2, CancelCause.CANCEL_ALL_AFTER)

    assert (state.filled, state.cancel_cause) == (D(1), CancelCause.CANCEL_ALL_AFTER)
    assert frozen(sim, "maker") == {"USDT": 0, "BTC": 0}
    assert sim.book(SPOT.symbol, 5) == ([], [])


@pytest.mark.parametrize("verb", ["cancel", "amend"])
def test_what_is_unknown_or_over_is_refused(verb: str) -> None:
    sim = exchange("a", "b")
    order = sim.submit(request("a", BUY, "1", "100"), 1)
    sim.cancel("a", order.order_id, 2)

    def refusal(account: str, order_id: int) -> SimRefusal:
        with pytest.raises(SimRefused) as refused:
            sim.cancel(account, order_id, 3) if verb == "cancel" else sim.amend(
                account, order_id, 3, size=D(2)
            )
        return refused.value.reason

    assert refusal("a", order.order_id) is SimRefusal.ALREADY_DONE
    assert refusal("b", order.order_id) is SimRefusal.UNKNOWN_ORDER
    assert refusal("a", 5) is SimRefusal.UNKNOWN_ORDER


def test_a_market_order_cannot_be_amended() -> None:
    sim = exchange("maker", "taker")
    sim.submit(request("maker", SELL, "1", "100"), 1)
    order = sim.submit(request("taker", BUY, "1"), 2)

    with pytest.raises(SimRefused) as refused:
        sim.amend("taker", order.order_id, 3, size=D(2))

    assert refused.value.reason is SimRefusal.NOT_AMENDABLE


def queue(sim: SimExchange) -> list[str]:
    return [order.owner for order in sim.market(SPOT.symbol).book.orders_at(BUY, 1000)]


@pytest.mark.parametrize(
    ("size", "price", "expected"),
    [("1", None, ["a", "b"]), ("3", None, ["b", "a"]), (None, "101", ["b"]), ("2", "100", ["a", "b"])],
    ids=["smaller", "larger", "another price", "as it was"],
)
def test_an_order_keeps_its_place_unless_it_grows_or_moves(
    size: str | None, price: str | None, expected: list[str]
) -> None:
    sim = exchange("a", "b")
    order = sim.submit(request("a", BUY, "2", "100"), 1)
    sim.submit(request("b", BUY, "2", "100"), 1)

    state = sim.amend(
        "a",
        order.order_id,
        2,
        size=None if size is None else D(size),
        limit_price=None if price is None else D(price),
    )

    assert queue(sim) == expected
    assert (state.size, state.limit_price) == (D(size or 2), D(price or 100))
    assert frozen(sim, "a")["USDT"] == D(size or 2) * D(price or 100)


def test_a_size_that_is_filled_already_fills_the_order() -> None:
    sim = exchange("maker", "taker")
    order = sim.submit(request("maker", BUY, "3", "100"), 1)
    sim.submit(request("taker", SELL, "1", "100"), 2)
    sim.drain()

    state = sim.amend("maker", order.order_id, 3, size=D(1))

    assert (state.status, state.filled) == (SimStatus.FILLED, D(1))
    assert kinds(sim, "maker") == [K.AMENDED]
    assert frozen(sim, "maker") == {"USDT": 0, "BTC": 0}
    assert sim.book(SPOT.symbol, 5) == ([], [])


def test_an_order_that_is_moved_through_the_market_trades() -> None:
    sim = exchange("maker", "taker")
    sim.submit(request("maker", SELL, "1", "101"), 1)
    order = sim.submit(request("taker", BUY, "2", "100"), 1)
    sim.drain()

    state = sim.amend("taker", order.order_id, 2, limit_price=D(102))

    assert (state.status, state.filled, state.average_price) == (SimStatus.PARTIALLY_FILLED, D(1), D(101))
    assert kinds(sim, "taker") == [K.AMENDED, K.FILL]
    assert frozen(sim, "taker") == {"USDT": 102, "BTC": 0}


@pytest.mark.parametrize(
    ("terms", "reason"),
    [
        ({}, SimRefusal.NOTHING_TO_AMEND),
        ({"limit_price": D(101)}, SimRefusal.WOULD_CROSS),
        ({"limit_price": D("99.95")}, SimRefusal.OFF_TICK),
        ({"limit_price": D(200)}, SimRefusal.OUTSIDE_PRICE_LIMIT),
        ({"size": D("1.0005")}, SimRefusal.NOT_A_LOT),
        ({"size": D("0.001")}, SimRefusal.BELOW_MINIMUM),
        ({"size": D(51)}, SimRefusal.ABOVE_MAXIMUM),
        ({"size": D(11)}, SimRefusal.INSUFFICIENT_BALANCE),
    ],
    ids=lambda value: value.value if isinstance(value, SimRefusal) else "terms",
)
def test_an_amend_that_cannot_be_leaves_the_order_as_it_was(
    terms: dict[str, Decimal], reason: SimRefusal
) -> None:
    sim = exchange("a", "b", usdt="1000")
    sim.submit(request("b", SELL, "1", "101"), 1)
    order = sim.submit(request("a", BUY, "2", "100", post_only=True), 1)
    before = frozen(sim, "a"), sim.book(SPOT.symbol, 5)

    with pytest.raises(SimRefused) as refused:
        sim.amend("a", order.order_id, 2, **terms)

    assert refused.value.reason is reason
    assert sim.order("a", order_id=order.order_id) == order
    assert before == (frozen(sim, "a"), sim.book(SPOT.symbol, 5))


def test_a_swap_position_is_marked_margined_and_settled() -> None:
    sim = exchange("long", "short", usdt="1000", band="1")
    sim.submit(request("short", SELL, "3", "100", symbol=SWAP.symbol), 1)
    sim.submit(request("long", BUY, "3", "100", symbol=SWAP.symbol), 1)
    sim.submit(request("long", SELL, "3", "110", symbol=SWAP.symbol), 2)
    sim.submit(request("short", BUY, "1", "108", symbol=SWAP.symbol), 2)

    (position,) = sim.positions("long")
    balance = next(report for report in sim.balances("long") if report.currency == "USDT")

    assert (position.size, position.average_price, position.mark_price) == (D(3), D(100), D(109))
    assert (position.unrealized_pnl, position.margin, position.leverage) == (D(27), D(109), D(3))
    assert (balance.cash, balance.margin, balance.frozen) == (D(1000) - D("0.15"), D(109), D(0))
    assert balance.available == D(1000) - D("0.15") - 109

    sim.submit(request("short", BUY, "3", "110", symbol=SWAP.symbol), 3)
    (position,) = sim.positions("long")
    assert (position.size, position.realized_pnl) == (D(0), D(30))
    assert cash(sim, "long")["USDT"] == D(1000) - D("0.15") + 30 - D(330) * D("0.0002")


def test_reduce_only_orders_go_when_the_position_does() -> None:
    sim = exchange("a", "b")
    sim.submit(request("b", SELL, "5", "100", symbol=SWAP.symbol), 1)
    sim.submit(request("a", BUY, "5", "100", symbol=SWAP.symbol), 1)
    for price in ("101", "102"):
        sim.submit(request("a", SELL, "2", price, symbol=SWAP.symbol, reduce_only=True), 1)
    sim.submit(request("b", BUY, "2", "99", symbol=SWAP.symbol), 1)
    sim.drain()

    sim.submit(request("a", SELL, "2", "99", symbol=SWAP.symbol), 2)

    assert [order.limit_price for order in sim.open_orders("a")] == [101]
    canceled = [report.order for kind, report in order_reports(sim, "a") if kind is K.CANCELED]
    assert [(order.limit_price, order.cancel_cause) for order in canceled] == [
        (D(102), CancelCause.REDUCE_ONLY)
    ]


def test_reduce_only_orders_do_not_outlive_a_position_that_has_turned() -> None:
    sim = exchange("a", "b")
    sim.submit(request("b", SELL, "1", "100", symbol=SWAP.symbol), 1)
    sim.submit(request("a", BUY, "1", "100", symbol=SWAP.symbol), 1)
    sim.submit(request("a", SELL, "1", "102", symbol=SWAP.symbol, reduce_only=True), 1)
    sim.submit(request("b", BUY, "3", "99", symbol=SWAP.symbol), 1)

    sim.submit(request("a", SELL, "3", "99", symbol=SWAP.symbol), 2)

    assert sim.positions("a")[0].size == -2
    assert sim.open_orders("a") == []


def test_leverage_decides_the_margin() -> None:
    sim = exchange("a", usdt="1000")
    sim.set_leverage("a", SWAP.symbol, D(10))
    sim.submit(request("a", BUY, "90", "100", symbol=SWAP.symbol), 1)

    with pytest.raises(SimRefused) as refused:
        sim.set_leverage("a", SWAP.symbol, D(5))

    assert refused.value.reason is SimRefusal.INSUFFICIENT_MARGIN
    assert sim.positions("a")[0].leverage == 10
    assert frozen(sim, "a")["USDT"] == 900


@pytest.mark.parametrize(("symbol", "leverage"), [(SPOT.symbol, "3"), (SWAP.symbol, "0")])
def test_leverage_is_for_swaps_and_positive(symbol: str, leverage: str) -> None:
    with pytest.raises(SimRefused) as refused:
        exchange("a").set_leverage("a", symbol, D(leverage))

    assert refused.value.reason is SimRefusal.BAD_TERMS


def test_the_market_can_be_asked_about_its_trades() -> None:
    sim = exchange("a", "b")
    assert (sim.last_trade(SPOT.symbol), sim.mark_price(SPOT.symbol)) == (None, None)
    sim.submit(request("a", SELL, "1", "100"), 1)
    sim.submit(request("a", SELL, "1", "100"), 1)
    sim.submit(request("b", BUY, "2", "100"), 2)

    (trade,) = sim.trades(SPOT.symbol)
    (candle,) = sim.candles(SPOT.symbol, "1m", 5)

    assert (trade.price, trade.size, trade.side, trade.count) == (D(100), D(2), BUY, 2)
    assert trade == sim.last_trade(SPOT.symbol)
    assert sim.mark_price(SPOT.symbol) == 100
    assert (candle.close, candle.volume, candle.quote_volume, candle.is_closed) == (
        D(100),
        D(2),
        D(200),
        False,
    )
    assert sim.fills("b")[-1].trade_id == trade.trade_id
    assert sim.fills("b")[0].trade_id == trade.trade_id - 1


def test_one_taker_at_two_prices_is_two_public_trades() -> None:
    sim = exchange("a", "b")
    sim.submit(request("a", SELL, "1", "100"), 1)
    sim.submit(request("a", SELL, "1", "101"), 1)
    sim.submit(request("b", BUY, "2", "101"), 2)

    assert [(trade.price, trade.size, trade.count) for trade in sim.trades(SPOT.symbol)] == [
        (D(100), D(1), 1),
        (D(101), D(1), 1),
    ]


def test_an_order_that_is_unknown_is_none() -> None:
    sim = exchange("a")

    assert sim.order("a", order_id=5) is None
    assert sim.order("a", client_order_id="nothing") is None


def test_marks_are_told_at_most_five_times_a_second() -> None:
    sim = exchange("a")
    told = []
    sim.submit(request("a", SELL, "0.01", "100"), 0)
    for n in range(10):
        sim.submit(request("a", BUY, "0.01", str(80 + n)), n * 100_000_000)
        told += [report.ns // 100_000_000 for report in sim.drain() if isinstance(report, MarkChange)]

    assert told == [0, 2, 4, 6, 8]


def test_time_does_not_go_back() -> None:
    sim = exchange("a")
    sim.advance(50)

    assert sim.submit(request("a", BUY, "1", "100"), 10).created_ns == 50


class Ticking:
    """A flow that notes when it was run, every `step` ns from `first`, until `last`."""

    def __init__(self, name: str, first: int, step: int, last: int, notes: list[tuple[int, str]]) -> None:
        self.name, self.at, self.step, self.last, self.notes = name, first, step, last, notes

    def symbols(self) -> tuple[str, ...]:
        return (self.name,)

    def next_ns(self) -> int | None:
        return self.at if self.at <= self.last else None

    def run_until(self, exchange: SimExchange, now_ns: int) -> None:
        while self.at <= min(now_ns, self.last):
            self.notes.append((self.at, self.name))
            self.at += self.step


@pytest.mark.parametrize("step", [1, 2, 3, 7, 50])
def test_hosted_markets_take_turns_whatever_the_step(step: int) -> None:
    notes: list[tuple[int, str]] = []
    sim = exchange()
    sim.host(Ticking("first", 2, 4, 40, notes))
    sim.host(Ticking("second", 1, 3, 40, notes))
    sim.host(Ticking("third", 4, 2, 40, notes))

    for now_ns in range(0, 60, step):
        sim.advance(now_ns)
    sim.advance(60)

    order = {"first": 0, "second": 1, "third": 2}
    assert notes == sorted(notes, key=lambda note: (note[0], order[note[1]]))
    assert len(notes) == 10 + 14 + 19
    ended = [report.symbols for report in sim.drain() if isinstance(report, FlowEnded)]
    assert sorted(ended) == [("first",), ("second",), ("third",)]
    assert sim.next_event_ns() is None


def test_the_next_event_is_the_first_of_all_flows() -> None:
    sim = exchange()
    sim.host(Ticking("a", 9, 5, 40, []))
    sim.host(Ticking("b", 7, 5, 40, []))

    assert sim.next_event_ns() == 7


def test_what_is_listed_can_be_read() -> None:
    assert exchange().instruments() == [SPOT, SWAP]


def test_side_of_a_book_change_is_the_side_of_the_book() -> None:
    sim = exchange("a")
    sim.submit(request("a", BUY, "2", "100"), 5)

    (change,) = [report for report in sim.drain() if isinstance(report, BookChange)]

    assert change == BookChange(
        symbol=SPOT.symbol, side=Side.BUY, price=D(100), size=D(2), order_count=1, ns=5
    )


@pytest.mark.parametrize("name", ["a", ""], ids=["one that is taken", "none"])
def test_an_account_needs_a_name_of_its_own(name: str) -> None:
    sim = exchange("a")

    with pytest.raises(ValueError, match="a name of its own"):
        sim.open_account(name, {})
