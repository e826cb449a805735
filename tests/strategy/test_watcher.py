from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone
from decimal import Decimal

import pytest

from botkit.errors import ConfigError, StrategyError
from botkit.model.market import Quote
from botkit.model.portfolio import Balance
from botkit.strategy.desk import Subscription
from botkit.strategy.watcher import Watcher
from tests.strategy.recording_desk import SPOT, RecordingDesk

S = 1_000_000_000


@pytest.fixture
def desk() -> RecordingDesk:
    return RecordingDesk(now_ns=100 * S)


@pytest.fixture
def watcher(desk: RecordingDesk) -> Watcher:
    return Watcher(desk)


def test_each_subscription_names_its_channel(watcher: Watcher, desk: RecordingDesk) -> None:
    watcher.subscribe_quotes("BTC-USDT")
    watcher.subscribe_trades("BTC-USDT")
    watcher.subscribe_book("BTC-USDT")
    watcher.subscribe_bars("BTC-USDT", "5m", warmup=3)
    watcher.subscribe_funding("BTC-USDT-SWAP")

    assert desk.subscriptions == [
        Subscription(channel="quotes", symbol="BTC-USDT"),
        Subscription(channel="trades", symbol="BTC-USDT"),
        Subscription(channel="book", symbol="BTC-USDT"),
        Subscription(channel="bars", symbol="BTC-USDT", interval="5m", warmup=3),
        Subscription(channel="funding", symbol="BTC-USDT-SWAP"),
    ]


@pytest.mark.parametrize("interval", ["1M", "1H", "minute", "", "0m"])
def test_bars_of_an_unclear_length_are_not_asked_for(
    watcher: Watcher, desk: RecordingDesk, interval: str
) -> None:
    with pytest.raises(StrategyError):
        watcher.subscribe_bars("BTC-USDT", interval)

    assert desk.subscriptions == []


@pytest.mark.parametrize(
    ("period", "name", "period_ns"),
    [("30s", "30s", 30 * S), ("5m", "5m", 300 * S), (2, "2", 2 * S), (0.25, "0.25", S // 4)],
)
def test_a_timer_is_first_due_one_period_from_now(
    watcher: Watcher, desk: RecordingDesk, period: float | str, name: str, period_ns: int
) -> None:
    watcher.every(period)

    assert desk.timers == [(name, 100 * S + period_ns, period_ns)]


def test_a_timer_has_the_name_it_was_given(watcher: Watcher, desk: RecordingDesk) -> None:
    watcher.every("1h", "rebalance")

    assert desk.timers == [("rebalance", 3_700 * S, 3_600 * S)]


@pytest.mark.parametrize("period", ["soon", "10", "-5s", 0, -1, float("inf"), float("nan")])
def test_a_period_that_is_no_length_of_time_is_refused(
    watcher: Watcher, desk: RecordingDesk, period: float | str
) -> None:
    with pytest.raises(StrategyError, match="not a length of time"):
        watcher.every(period)

    assert desk.timers == []


@pytest.mark.parametrize(
    "moment",
    [
        datetime(2026, 7, 1, 8, 0, 0, 5, tzinfo=UTC),
        datetime(2026, 7, 1, 10, 0, 0, 5, tzinfo=timezone(timedelta(hours=2))),
        1_782_892_800_000_005_000,
    ],
    ids=["UTC", "another zone", "nanoseconds"],
)
def test_a_moment_is_exact_to_the_microsecond(
    watcher: Watcher, desk: RecordingDesk, moment: datetime | int
) -> None:
    watcher.at(moment, "expiry")

    assert desk.timers == [("expiry", 1_782_892_800_000_005_000, 0)]


def test_a_moment_without_a_time_zone_is_refused(watcher: Watcher) -> None:
    with pytest.raises(StrategyError, match="time zone"):
        watcher.at(datetime(2026, 7, 1, 8), "expiry")  # noqa: DTZ001  # what is tested


def test_it_sees_what_the_desk_sees(watcher: Watcher, desk: RecordingDesk) -> None:
    quote = Quote(recv_ns=1, symbol="BTC-USDT", bid=99.0, bid_size=1.0, ask=101.0, ask_size=1.0)
    balance = Balance(recv_ns=1, currency="USDT", total=Decimal(5), available=Decimal(4))
    desk.quotes["BTC-USDT"] = quote
    desk.balances["USDT"] = balance
    desk.hold("BTC-USDT", "0.5")

    assert watcher.now_ns == desk.now_ns
    assert watcher.instrument("BTC-USDT") is SPOT
    assert watcher.last_quote("BTC-USDT") is quote
    assert watcher.last_quote("ETH-USDT") is None
    assert watcher.book("BTC-USDT").is_empty
    assert watcher.position("BTC-USDT").size == Decimal("0.5")
    assert watcher.balance("USDT") is balance
    assert watcher.balance("ETH") is None
    assert watcher.order("nothing") is None
    assert watcher.open_orders() == []


def test_an_instrument_that_is_unknown_is_an_error(watcher: Watcher) -> None:
    with pytest.raises(ConfigError, match="DOGE-USDT"):
        watcher.instrument("DOGE-USDT")
