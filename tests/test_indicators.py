from __future__ import annotations

import botkit.indicators
import botkit.strategy.indicators


def test_every_indicator_is_public_under_its_own_name() -> None:
    assert botkit.indicators.__all__ == botkit.strategy.indicators.__all__
    for name in botkit.indicators.__all__:
        assert getattr(botkit.indicators, name) is getattr(botkit.strategy.indicators, name)
