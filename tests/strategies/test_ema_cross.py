from __future__ import annotations

from decimal import Decimal
from pathlib import Path

import pytest

from botkit import OrderStatus, StrategyError, TradingState
from botkit.model.events import StateChanged
from botkit.strategy.discovery import find_strategy
from botkit.testing import Market

EmaCross = find_strategy(str(Path(__file__).resolve().parents[2] / "strategies" / "ema_cross.py"))


@pytest.fixture
def market() -> Market:
    market = Market("BTC-USDT")
    market.run(EmaCross, fast=2, slow=5, notional=1000)
    return market


def test_it_asks_for_enough_past_to_begin_with(market: Market) -> None:
    bars = [each for each in market.subscriptions if each.channel == "bars"]

    assert [(each.symbol, each.interval, each.warmup) for each in bars] == [("BTC-USDT", "1m", 5)]


def test_it_waits_until_the_slow_average_is_ready(market: Market) -> None:
    market.bars(100, 105, 110, 115)

    assert market.orders == []


def test_it_buys_for_the_notional_when_the_trend_turns_up(market: Market) -> None:
    market.bars(100, 100, 100, 100, 100, 125)

    (order,) = market.orders
    assert order.status is OrderStatus.FILLED
    assert order.size == Decimal(8)
    assert market.position.is_long


def test_it_holds_while_the_trend_lasts(market: Market) -> None:
    market.bars(100, 100, 100, 100, 100, 110, 115, 120, 125)

    assert len(market.orders) == 1


def test_it_sells_what_it_has_when_the_trend_turns_down(market: Market) -> None:
    market.bars(100, 100, 100, 100, 100, 110, 100, 90)

    assert [order.side.value for order in market.orders] == ["buy", "sell"]
    assert market.position.is_flat


def test_it_sells_nothing_that_it_does_not_have(market: Market) -> None:
    market.bars(100, 100, 100, 100, 100, 90, 80, 70)

    assert market.orders == []


def test_it_does_not_trade_on_the_past(market: Market) -> None:
    market.quote(99.99, 100.01)
    market.warm_up(100, 101, 102, 103, 104, 105)
    assert market.orders == []

    market.bars(106)
    assert len(market.orders) == 1


def test_it_tries_again_after_a_refusal(market: Market) -> None:
    market.tell(StateChanged(recv_ns=market.now_ns, state=TradingState.CANCEL_ONLY, reason="test"))
    market.bars(100, 100, 100, 100, 100, 110)
    market.tell(StateChanged(recv_ns=market.now_ns, state=TradingState.ACTIVE, reason="test"))

    market.bars(111)

    assert [order.status for order in market.orders] == [OrderStatus.REFUSED, OrderStatus.FILLED]


def test_it_says_why_it_trades(market: Market) -> None:
    market.bars(100, 100, 100, 100, 100, 110)

    assert [note.text for note in market.notes] == ["the trend turned up", "filled"]


@pytest.mark.parametrize("wrong", [{"fast": 1}, {"slow": 401}, {"notional": 0}, {"period": 3}])
def test_its_parameters_have_a_range(wrong: dict[str, object]) -> None:
    with pytest.raises(StrategyError):
        Market("BTC-USDT").run(EmaCross, **wrong)
