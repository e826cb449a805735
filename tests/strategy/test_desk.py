from __future__ import annotations

import msgspec
import pytest

from botkit.strategy.desk import Subscription
from tests.strategy.recording_desk import desk


def test_a_subscription_reads_back_as_it_was_written() -> None:
    wanted = Subscription(channel="bars", symbol="BTC-USDT", interval="1m", warmup=30)

    assert msgspec.json.decode(msgspec.json.encode(wanted), type=Subscription) == wanted


def test_the_same_wish_is_the_same_key() -> None:
    assert len({Subscription(channel="quotes", symbol="A"), Subscription(channel="quotes", symbol="A")}) == 1


def test_a_subscription_does_not_change() -> None:
    with pytest.raises(AttributeError, match="immutable"):
        Subscription(channel="quotes", symbol="A").symbol = "B"  # type: ignore[misc]  # what is tested


def test_the_desk_that_tests_record_with_is_a_desk() -> None:
    """Its methods are those of the border; that their types fit is for the type checker."""
    assert desk().open_orders() == []
