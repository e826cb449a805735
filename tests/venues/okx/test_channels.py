"""Where each subscription is served."""

from __future__ import annotations

import pytest

from botkit.errors import ConfigError
from botkit.strategy.desk import Subscription
from botkit.venues.okx.channels import arg_of, is_business
from botkit.venues.okx.wire import Arg


@pytest.mark.parametrize(
    ("word", "channel"),
    [
        ("quotes", "bbo-tbt"),
        ("trades", "trades"),
        ("book", "books"),
        ("funding", "funding-rate"),
        ("mark", "mark-price"),
    ],
)
def test_a_subscription_is_a_channel_of_the_public_address(word: str, channel: str) -> None:
    subscription = Subscription(channel=word, symbol="BTC-USDT")

    assert arg_of(subscription) == Arg(channel=channel, inst_id="BTC-USDT")
    assert not is_business(subscription)


def test_bars_are_served_at_the_business_address() -> None:
    subscription = Subscription(channel="bars", symbol="BTC-USDT", interval="1d", warmup=10)

    assert arg_of(subscription) == Arg(channel="candle1Dutc", inst_id="BTC-USDT")
    assert is_business(subscription)


def test_a_channel_that_okx_does_not_have_is_refused_with_a_choice() -> None:
    with pytest.raises(ConfigError, match="Choose one of bars, quotes"):
        arg_of(Subscription(channel="gossip", symbol="BTC-USDT"))


def test_bars_of_an_odd_length_are_refused() -> None:
    with pytest.raises(ConfigError, match="no bars of '7m'"):
        arg_of(Subscription(channel="bars", symbol="BTC-USDT", interval="7m"))
