from __future__ import annotations

import pytest

from botkit.sim.listing import BTC_USDT
from botkit.venues.okx.emulator.channels import subscription
from botkit.venues.okx.emulator.market_feed import MarketFeed
from tests.venues.okx.emulator.floors import NOON_NS, PUBLIC, Desk, Listener


@pytest.fixture
def desk() -> Desk:
    desk = Desk()
    desk.quote()
    return desk


def test_everybody_who_listens_gets_the_same_frames(desk: Desk) -> None:
    feed = MarketFeed(desk.floor, BTC_USDT)
    wanted = subscription({"channel": "trades", "instId": "BTC-USDT"}, PUBLIC, desk.floor)
    one, other = Listener(), Listener()
    for listener in (one, other):
        feed.subscribe(listener, wanted, NOON_NS)
    desk.place(px="60000.1")
    trade = desk.exchange.trades("BTC-USDT")[-1]

    feed.take(trade)
    feed.publish(NOON_NS)

    frames = one.taken()
    assert [frame["data"][0]["tradeId"] for frame in frames] == [str(trade.trade_id)]
    assert other.taken() == frames


def test_who_has_left_gets_nothing(desk: Desk) -> None:
    feed = MarketFeed(desk.floor, BTC_USDT)
    wanted = subscription({"channel": "tickers", "instId": "BTC-USDT"}, PUBLIC, desk.floor)
    one, other = Listener(), Listener()
    feed.subscribe(one, wanted, NOON_NS)
    feed.subscribe(other, wanted, NOON_NS)
    desk.place(px="60000.1")

    feed.unsubscribe(one, wanted)
    feed.take(desk.exchange.trades("BTC-USDT")[-1])
    feed.publish(NOON_NS + 10**9)
    feed.unsubscribe(other, wanted)
    feed.take(desk.exchange.trades("BTC-USDT")[-1])
    feed.publish(NOON_NS + 2 * 10**9)

    assert one.taken() == []
    assert len(other.taken()) == 1


def test_channels_of_one_market_come_in_their_fixed_order(desk: Desk) -> None:
    client = desk.connect(PUBLIC)
    names = ["tickers", "books5", "books", "bbo-tbt"]
    client.listen(*({"channel": name, "instId": "BTC-USDT"} for name in names))
    desk.wait(1)
    client.listener.taken()

    desk.place(px="60000")
    desk.wait(1)

    assert [frame["arg"]["channel"] for frame in client.listener.taken()] == [
        "bbo-tbt",
        "books",
        "books5",
        "tickers",
    ]
