from __future__ import annotations

import json
from decimal import Decimal

import pytest

import botkit
from botkit import (
    Bar,
    Fill,
    Funding,
    InstrumentKind,
    Order,
    OrderStatus,
    Quote,
    Reconciled,
    Side,
    Strategy,
    StrategyError,
    TaskDone,
    Trade,
    TradingState,
)
from botkit.errors import ConfigError
from botkit.model.events import ConnectionChanged
from botkit.risk.limits import InstrumentLimits, RiskLimits
from botkit.testing import HookFailed, Market

S = 1_000_000_000


class Diary(Strategy):
    """Writes down what it hears."""

    class Params(botkit.Params):
        symbol: str = "BTC-USDT"

    def on_start(self) -> None:
        self.heard: list[object] = []
        self.subscribe_quotes(self.params.symbol)
        self.subscribe_trades(self.params.symbol)
        self.subscribe_bars(self.params.symbol, "5m", warmup=2)
        self.subscribe_funding(self.params.symbol)

    def on_stop(self) -> None:
        self.heard.append("stop")

    def on_quote(self, quote: Quote) -> None:
        self.heard.append(quote)

    def on_trade(self, trade: Trade) -> None:
        self.heard.append(trade)

    def on_bar(self, bar: Bar) -> None:
        self.heard.append(bar)

    def on_funding(self, funding: Funding) -> None:
        self.heard.append(funding)

    def on_order(self, order: Order) -> None:
        self.heard.append((order.id, order.status))

    def on_fill(self, fill: Fill) -> None:
        self.heard.append(fill)

    def on_timer(self, name: str) -> None:
        self.heard.append((name, self.now_ns))

    def on_task(self, done: TaskDone) -> None:
        self.heard.append(json.loads(done.result) if done.result else done.error)

    def on_gap(self, gap: Reconciled) -> None:
        self.heard.append(gap)

    def on_state(self, state: TradingState, reason: str) -> None:
        self.heard.append(state)


@pytest.fixture
def market() -> Market:
    return Market("BTC-USDT")


@pytest.fixture
def diary(market: Market) -> Diary:
    diary = market.run(Diary)
    diary.heard.clear()
    return diary


def test_a_strategy_is_started_and_told_that_it_may_trade(market: Market) -> None:
    diary = market.run(Diary)

    assert isinstance(diary.heard[0], Reconciled)
    assert diary.heard[1:] == [TradingState.ACTIVE]
    assert {each.channel for each in market.subscriptions} == {"quotes", "trades", "bars", "funding"}


def test_parameters_are_read_as_from_a_configuration(market: Market) -> None:
    with pytest.raises(StrategyError, match="unknown parameter symbl, did you mean symbol"):
        market.run(Diary, symbl="BTC-USDT")


def test_a_strategy_that_trades_elsewhere_is_told_so() -> None:
    with pytest.raises(ConfigError, match="it may trade: ETH-USDT"):
        Market("ETH-USDT").run(Diary)


@pytest.mark.parametrize(
    ("symbol", "kind"), [("ETH-USDT", InstrumentKind.SPOT), ("ETH-USDT-SWAP", InstrumentKind.SWAP)]
)
def test_the_symbol_says_what_is_traded(symbol: str, kind: InstrumentKind) -> None:
    instrument = Market(symbol).instrument

    assert (instrument.kind, instrument.base, instrument.quote) == (kind, "ETH", "USDT")


def test_a_quote_is_heard(market: Market, diary: Diary) -> None:
    market.quote(99, 101, bid_size=2, ask_size=3)

    (quote,) = diary.heard
    assert isinstance(quote, Quote)
    assert (quote.bid, quote.bid_size, quote.ask, quote.ask_size) == (99, 2, 101, 3)


def test_a_crossed_quote_is_a_mistake_of_the_script(market: Market) -> None:
    with pytest.raises(ValueError, match="not below"):
        market.quote(101, 101)


def test_a_verb_that_the_test_itself_calls_acts_with_the_next_event(market: Market, diary: Diary) -> None:
    market.quote(99, 101)

    order = diary.buy("BTC-USDT", 2)
    assert market.orders == []

    market.quote(99, 101)
    assert market.orders == [order]
    assert market.position.size == Decimal("1.998")


class Buyer(Diary):
    """Buys once, at the first quote."""

    class Params(Diary.Params):
        size: Decimal = Decimal(2)
        limit_price: Decimal | None = None

    def on_quote(self, quote: Quote) -> None:
        if not self.open_orders() and self.position(quote.symbol).is_flat:
            self.buy(quote.symbol, self.params.size, limit_price=self.params.limit_price)


def test_a_market_order_takes_what_is_there(market: Market) -> None:
    buyer = market.run(Buyer)
    buyer.heard.clear()

    market.quote(99, 101, ask_size=0.5)

    (order,) = market.orders
    assert order.status is OrderStatus.CANCELED
    assert [(fill.price, fill.size) for fill in market.fills] == [(Decimal(101), Decimal("0.5"))]
    assert market.position.size == Decimal("0.4995")
    statuses = [each[1] for each in buyer.heard if isinstance(each, tuple)]
    assert statuses == [OrderStatus.OPEN, OrderStatus.OPEN, OrderStatus.CANCELED]


def test_a_resting_order_fills_at_its_price_when_the_market_trades_through_it(market: Market) -> None:
    market.run(Buyer, limit_price=98)
    market.quote(99, 101)
    assert [order.status for order in market.open_orders] == [OrderStatus.OPEN]

    market.quote(96, 97)

    assert market.open_orders == []
    assert [(fill.price, fill.size) for fill in market.fills] == [(Decimal(98), Decimal(2))]


def test_a_market_that_only_touches_a_resting_order_does_not_fill_it(market: Market) -> None:
    market.run(Buyer, limit_price=98)
    market.quote(99, 101)

    market.quote(98, 99)

    assert market.fills == []


def test_a_trade_fills_what_waits_nearest_and_is_heard(market: Market) -> None:
    buyer = market.run(Buyer, limit_price=100)
    market.quote(99, 101)
    buyer.heard.clear()

    market.trade(Side.SELL, 0.5, 99)

    assert [(fill.price, fill.size) for fill in market.fills] == [(Decimal(100), Decimal("0.5"))]
    assert isinstance(buyer.heard[-1], Trade)
    assert market.open_orders[0].remaining == Decimal("1.5")


def test_bars_pass_time_and_move_the_market(market: Market, diary: Diary) -> None:
    before_ns = market.now_ns

    market.bars(100, 110)

    first, second = (each for each in diary.heard if isinstance(each, Bar))
    assert (first.open, first.close, second.open, second.close) == (100, 100, 100, 110)
    assert (second.high, second.low, second.interval) == (110, 100, "5m")
    assert second.open_ns == first.open_ns + 300 * S == before_ns + 300 * S
    assert market.now_ns == before_ns + 600 * S
    quotes = [each for each in diary.heard if isinstance(each, Quote)]
    assert [quotes[-1].bid, quotes[-1].ask] == pytest.approx([109.99, 110.01])


def test_past_bars_are_marked_and_pass_no_time(market: Market, diary: Diary) -> None:
    before_ns = market.now_ns

    market.warm_up(100, 101)

    assert market.now_ns == before_ns
    assert [(bar.is_history, bar.open_ns) for bar in diary.heard if isinstance(bar, Bar)] == [
        (True, before_ns - 600 * S),
        (True, before_ns - 300 * S),
    ]


def test_bars_that_nobody_would_hear_are_a_mistake_of_the_script(market: Market) -> None:
    class Deaf(Strategy):
        pass

    market.run(Deaf)

    with pytest.raises(ValueError, match="nobody has subscribed to bars"):
        market.bars(100)


def test_timers_ring_when_they_are_due(market: Market) -> None:
    class Punctual(Diary):
        def on_start(self) -> None:
            super().on_start()
            self.every("20s")
            self.at(self.now_ns + 30 * S, "once")

    punctual = market.run(Punctual)
    start_ns = market.now_ns
    punctual.heard.clear()

    market.wait("50s")
    market.wait(9.5)

    rung = [each for each in punctual.heard if isinstance(each, tuple)]
    assert rung == [("20s", start_ns + 20 * S), ("once", start_ns + 30 * S), ("20s", start_ns + 40 * S)]
    assert market.now_ns == start_ns + 59_500_000_000


class Asker(Diary):
    async def fetch(self) -> None:
        raise AssertionError("outside work is not run")

    def on_start(self) -> None:
        super().on_start()
        self.run(self.fetch(), "fetch")


@pytest.mark.parametrize(
    ("result", "error", "heard"), [({"score": 1}, "", {"score": 1}), (None, "timeout", "timeout")]
)
def test_outside_work_ends_as_the_script_says(
    market: Market, result: object, error: str, heard: object
) -> None:
    asker = market.run(Asker)
    assert market.tasks == ["fetch"]

    market.finish("fetch", result, error=error)

    assert asker.heard[-1] == heard
    assert market.tasks == []


def test_work_that_was_not_started_cannot_end(market: Market) -> None:
    market.run(Diary)

    with pytest.raises(ValueError, match="not in list"):
        market.finish("fetch")


def test_anything_else_can_be_told(market: Market, diary: Diary) -> None:
    funding = Funding(recv_ns=market.now_ns, symbol="BTC-USDT", rate=0.0001, due_ns=0)

    market.tell(funding)
    market.tell(ConnectionChanged(recv_ns=market.now_ns, feed="private", is_up=False))
    market.tell(Reconciled(recv_ns=market.now_ns, fills=0, orders=0))

    assert diary.heard[:2] == [funding, TradingState.RECONCILING]
    assert diary.heard[-1] is TradingState.ACTIVE


def test_a_strategy_is_stopped(market: Market, diary: Diary) -> None:
    market.stop()

    assert diary.heard == ["stop"]


def test_what_the_gate_refuses_is_shown_with_its_rule() -> None:
    small = InstrumentLimits(
        max_order_size=Decimal(1), max_order_value=Decimal(10**6), max_position_value=Decimal(10**6)
    )
    market = Market("BTC-USDT", limits=RiskLimits(instruments={"BTC-USDT": small}))
    market.run(Buyer)

    market.quote(99, 101)

    assert [order.status for order in market.orders] == [OrderStatus.REFUSED]
    assert [refusal.rule for refusal in market.refusals] == ["order_size"]


def test_what_the_account_cannot_pay_is_rejected() -> None:
    market = Market("BTC-USDT", cash=Decimal(100))
    market.run(Buyer)

    market.quote(99, 101)

    assert market.orders[0].status is OrderStatus.REJECTED
    assert market.orders[0].reason.startswith("insufficient balance")


class Broken(Strategy):
    class Params(botkit.Params):
        at: str = "start"

    def on_start(self) -> None:
        self.subscribe_quotes("BTC-USDT")
        if self.params.at == "start":
            raise ZeroDivisionError("in the hook")

    def on_quote(self, quote: Quote) -> None:
        self.log.info("about to fail")
        raise KeyError("in the hook")


def test_a_hook_that_raises_fails_the_test_with_its_place(market: Market) -> None:
    with pytest.raises(HookFailed, match=r"on_start failed at .*test_market\.py:\d+: ZeroDivisionError"):
        market.run(Broken)


def test_a_hook_that_raises_later_fails_the_line_that_caused_it(market: Market) -> None:
    market.run(Broken, at="quote")

    with pytest.raises(HookFailed, match=r"on_quote failed at .*: KeyError: 'in the hook'"):
        market.quote(99, 101)


def test_two_scripts_that_are_equal_trade_equally() -> None:
    def played() -> list[Fill]:
        market = Market("BTC-USDT")
        market.run(Buyer, limit_price=98)
        market.quote(99, 101)
        market.quote(96, 97)
        return market.fills

    assert played() == played() != []
