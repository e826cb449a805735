"""Which of OKX's channels a subscription means, and at which of its addresses.

Source: https://www.okx.com/docs-v5/en/#overview-websocket
"""

from __future__ import annotations

from typing import Final

from botkit.errors import ConfigError
from botkit.strategy.desk import Subscription
from botkit.venues.okx.codec import bar_name
from botkit.venues.okx.wire import Arg

__all__ = ["BOOKS", "arg_of", "is_business"]

BOOKS: Final = "books"
_CHANNELS: Final = {
    "quotes": "bbo-tbt",
    "trades": "trades",
    "book": BOOKS,
    "funding": "funding-rate",
    "mark": "mark-price",
}


def is_business(subscription: Subscription) -> bool:
    """Tell whether it is served at `/business` rather than at `/public`."""
    return subscription.channel == "bars"


def arg_of(subscription: Subscription) -> Arg:
    """Return what to subscribe to.

    Raises:
        ConfigError: If OKX has nothing of the kind.

    """
    if subscription.channel == "bars":
        return Arg(channel=f"candle{bar_name(subscription.interval)}", inst_id=subscription.symbol)
    channel = _CHANNELS.get(subscription.channel)
    if channel is None:
        words = ", ".join(["bars", *_CHANNELS])
        raise ConfigError(
            f"OKX has no channel for {subscription.channel!r}", remedy=f"Choose one of {words}."
        )
    return Arg(channel=channel, inst_id=subscription.symbol)
