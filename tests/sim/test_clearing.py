"""What holds for all accounts together, whatever they do to each other."""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from botkit.model.order import TimeInForce
from botkit.model.side import Side
from botkit.sim.exchange import SimExchange
from botkit.sim.types import (
    OrderReport,
    OrderState,
    PositionReport,
    ReportKind,
    SelfTradePrevention,
    SimRefused,
    SimStatus,
)
from tests.sim.orders import BUY, SELL, SPOT, SWAP, exchange, request

D = Decimal
NAMES = ("a", "b", "c")
START = {"USDT": D(2000), "BTC": D(20)}


class Trading(RuleBasedStateMachine):
    """Three accounts do anything they can think of to each other."""

    @initialize()
    def start(self) -> None:
        self.sim = exchange(*NAMES, usdt="2000", btc="20", band="1")
        self.ns = 0
        self.told: dict[int, OrderState] = {}

    @rule(
        account=st.sampled_from(NAMES),
        symbol=st.sampled_from([SPOT.symbol, SPOT.symbol, SWAP.symbol]),
        side=st.sampled_from(Side),
        size=st.sampled_from(["0.01", "0.5", "1.003", "3", "25"]),
        price=st.sampled_from([None, "95", "98.7", "99", "100", "101", "102.3", "104"]),
        time_in_force=st.sampled_from(TimeInForce),
        post_only=st.booleans(),
        reduce_only=st.booleans(),
        size_in_quote=st.booleans(),
        stp=st.sampled_from(SelfTradePrevention),
    )
    def submit(
        self,
        *,
        account: str,
        symbol: str,
        side: Side,
        size: str,
        price: str | None,
        time_in_force: TimeInForce,
        post_only: bool,
        reduce_only: bool,
        size_in_quote: bool,
        stp: SelfTradePrevention,
    ) -> None:
        asked = request(
            account,
            side,
            size,
            price,
            symbol=symbol,
            time_in_force=time_in_force,
            post_only=post_only and price is not None and time_in_force is TimeInForce.GTC,
            reduce_only=reduce_only and symbol == SWAP.symbol,
            size_in_quote=size_in_quote and price is None and symbol == SPOT.symbol,
            stp=stp,
        )
        self.ns += 1
        self.attempt(lambda: self.sim.submit(asked, self.ns))

    @precondition(lambda self: any(self.sim.open_orders(name) for name in NAMES))
    @rule(
        data=st.data(),
        size=st.sampled_from([None, "0.01", "0.7", "2"]),
        price=st.sampled_from([None, "99", "101"]),
    )
    def amend(self, data: st.DataObject, size: str | None, price: str | None) -> None:
        order = data.draw(st.sampled_from([o for name in NAMES for o in self.sim.open_orders(name)]))
        self.ns += 1
        self.attempt(
            lambda: self.sim.amend(
                order.request.account,
                order.order_id,
                self.ns,
                size=None if size is None else D(size),
                limit_price=None if price is None else D(price),
            )
        )

    @precondition(lambda self: any(self.sim.open_orders(name) for name in NAMES))
    @rule(data=st.data())
    def cancel(self, data: st.DataObject) -> None:
        order = data.draw(st.sampled_from([o for name in NAMES for o in self.sim.open_orders(name)]))
        self.ns += 1
        self.attempt(lambda: self.sim.cancel(order.request.account, order.order_id, self.ns))

    def attempt(self, act: Callable[[], OrderState]) -> None:
        try:
            state = act()
        except SimRefused:
            return
        for report in self.sim.drain():
            if isinstance(report, OrderReport):
                self.told[report.order.order_id] = report.order
        assert self.told[state.order_id] == state

    @invariant()
    def no_money_is_made_or_lost(self) -> None:
        for currency, total in START.items():
            cash = profit = D(0)
            for name in NAMES:
                report = next(r for r in self.sim.balances(name) if r.currency == currency)
                cash += report.cash
                profit += report.unrealized_pnl
            fees = sum(
                (f.fee for name in NAMES for f in self.sim.fills(name) if f.fee_currency == currency), D(0)
            )
            assert cash + profit == total * len(NAMES) + fees

    @invariant()
    def positions_are_two_sided(self) -> None:
        assert sum((p.size for name in NAMES for p in self.sim.positions(name)), D(0)) == 0

    @invariant()
    def nothing_that_is_held_is_missing(self) -> None:
        for name in NAMES:
            assert all(report.frozen >= 0 for report in self.sim.balances(name))
            if not any(position.size for position in self.sim.positions(name)):
                assert all(report.cash >= 0 for report in self.sim.balances(name) if report.currency == "BTC")

    @invariant()
    def what_is_held_is_what_working_orders_need(self) -> None:
        for name in NAMES:
            orders = self.sim.open_orders(name)
            spot = [o for o in orders if o.request.symbol == SPOT.symbol]
            left = {side: [o for o in spot if o.request.side is side] for side in Side}
            account = self.sim._clearing.client(name).account
            assert account.frozen.get("USDT", D(0)) == need(left[BUY], in_quote=True)
            assert account.frozen.get("BTC", D(0)) == need(left[SELL], in_quote=False)
            for position in account.positions.values():
                swap = [o for o in orders if o.request.symbol == SWAP.symbol]
                assert position.buys == need([o for o in swap if o.request.side is BUY], in_quote=True)
                assert position.sells == need([o for o in swap if o.request.side is SELL], in_quote=True)

    @invariant()
    def reduce_only_orders_only_reduce(self) -> None:
        for name in NAMES:
            size = sum((p.size for p in self.sim.positions(name)), D(0))
            reducing = [o for o in self.sim.open_orders(name) if o.request.reduce_only]
            assert all(o.request.side is (SELL if size > 0 else BUY) for o in reducing)
            assert sum((o.size - o.filled for o in reducing), D(0)) <= abs(size)

    @invariant()
    def the_book_holds_the_working_orders_and_is_not_crossed(self) -> None:
        for symbol in (SPOT.symbol, SWAP.symbol):
            bids, asks = self.sim.book(symbol, 99)
            orders = [o for n in NAMES for o in self.sim.open_orders(n) if o.request.symbol == symbol]
            assert sum((size for _, size, _ in bids + asks), D(0)) == sum(
                (o.size - o.filled for o in orders), D(0)
            )
            assert not bids or not asks or bids[0][0] < asks[0][0]

    @invariant()
    def the_last_word_on_an_order_is_what_it_is(self) -> None:
        for name in NAMES:
            for order in (*self.sim.open_orders(name), *self.sim.done_orders(name)):
                assert self.told[order.order_id] == order


def need(orders: list[OrderState], *, in_quote: bool) -> Decimal:
    return sum(
        ((o.size - o.filled) * (o.limit_price or D(0) if in_quote else 1) for o in orders),
        D(0),
    )


TestTrading = Trading.TestCase
TestTrading.settings = settings(max_examples=40, stateful_step_count=30, deadline=None)


def test_spot_cash_is_never_negative_however_hard_one_tries() -> None:
    sim = exchange("a", "b", usdt="100", btc="1")
    sim.submit(request("b", SELL, "1", "100"), 0)

    sim.submit(request("a", BUY, "1", "100"), 0)
    with pytest.raises(SimRefused):
        sim.submit(request("a", BUY, "0.01", "100"), 0)

    assert min(report.cash for name in "ab" for report in sim.balances(name)) >= 0


def test_a_loss_of_a_swap_cannot_be_spent_on_spot() -> None:
    sim = exchange("a", "b", usdt="1000", band="1")
    sim.submit(request("b", SELL, "15", "100", symbol=SWAP.symbol), 0)
    sim.submit(request("a", BUY, "15", "100", symbol=SWAP.symbol), 0)
    for side, price in ((BUY, "79"), (SELL, "81")):
        sim.submit(request("b", side, "0.01", price, symbol=SWAP.symbol), 0)
    balance = sim.balances("a")[0]

    assert (balance.unrealized_pnl, balance.margin) == (D(-300), D(400))
    assert balance.available == D(1000) - D("0.75") - 400 - 300
    with pytest.raises(SimRefused):
        sim.submit(request("a", BUY, "3", "100"), 0)


def test_an_unrealised_profit_is_margin_but_not_money() -> None:
    sim = exchange("a", "b", usdt="500", band="1")
    sim.submit(request("b", SELL, "14", "100", symbol=SWAP.symbol), 0)
    sim.submit(request("a", BUY, "14", "100", symbol=SWAP.symbol), 0)
    sim.submit(request("a", SELL, "0.01", "121", symbol=SWAP.symbol), 0)
    sim.submit(request("a", BUY, "0.01", "119", symbol=SWAP.symbol), 0)

    assert sim.balances("a")[0].available == 0
    assert sim.submit(request("a", BUY, "1", "110", symbol=SWAP.symbol), 0).status is SimStatus.LIVE
    with pytest.raises(SimRefused):
        sim.submit(request("a", BUY, "0.01", "100"), 0)


def test_a_position_is_told_until_it_is_flat() -> None:
    sim = exchange("a", "b")
    sim.submit(request("b", SELL, "1", "100", symbol=SWAP.symbol), 0)
    sim.submit(request("a", BUY, "1", "100", symbol=SWAP.symbol), 5)
    told = sim.drain()
    sim.submit(request("b", BUY, "1", "100", symbol=SWAP.symbol), 6)
    sim.submit(request("a", SELL, "1", "100", symbol=SWAP.symbol), 7)
    told += sim.drain()

    positions = [report for report in told if isinstance(report, PositionReport) and report.account == "a"]
    assert [report.size for report in positions] == [1, 0]
    assert [report.last_trade_id for report in positions] == [fill.trade_id for fill in sim.fills("a")]


def test_ended_orders_are_forgotten_in_the_end(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("botkit.sim.clearing._KEPT", 2)
    sim = exchange("a")
    ended = []
    for n in range(3):
        order = sim.submit(request("a", BUY, "1", "100", client_order_id=f"x{n}"), 0)
        ended.append(sim.cancel("a", order.order_id, 0))

    assert sim.done_orders("a") == ended[1:]
    assert sim.order("a", client_order_id="x0") is None
    assert sim.order("a", client_order_id="x1") == ended[1]


def test_forgetting_an_order_does_not_forget_a_later_one_of_the_same_name(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("botkit.sim.clearing._KEPT", 1)
    sim = exchange("a")
    first, other = (sim.submit(request("a", BUY, "1", "100", client_order_id=name), 0) for name in "xy")
    sim.cancel("a", first.order_id, 0)
    later = sim.submit(request("a", BUY, "1", "100", client_order_id="x"), 0)

    sim.cancel("a", other.order_id, 0)

    assert sim.order("a", order_id=first.order_id) is None
    assert sim.order("a", client_order_id="x") == later


def test_reports_of_an_amended_order_show_its_new_terms() -> None:
    sim = exchange("a")
    order = sim.submit(request("a", BUY, "1", "100"), 0)
    sim.drain()

    sim.amend("a", order.order_id, 9, size=D(2), limit_price=D(99))

    (report,) = [report for report in sim.drain() if isinstance(report, OrderReport)]
    assert (report.kind, report.order.size, report.order.limit_price) == (ReportKind.AMENDED, D(2), D(99))
    assert (report.order.created_ns, report.order.updated_ns) == (0, 9)


def test_an_exchange_knows_only_the_accounts_that_were_opened() -> None:
    with pytest.raises(SimRefused):
        SimExchange([SPOT]).balances("nobody")
