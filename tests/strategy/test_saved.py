from __future__ import annotations

import msgspec

from botkit.strategy.saved import StrategyState


def test_a_saved_state_reads_back_as_it_was_written() -> None:
    saved = StrategyState(strategy="ema", payload='{"count":3}')

    assert msgspec.json.decode(msgspec.json.encode(saved), type=StrategyState) == saved


def test_a_saved_state_names_its_type_for_the_record() -> None:
    encoded = msgspec.json.encode(StrategyState(strategy="ema", payload="{}"))

    assert encoded == b'{"type":"strategy_state","strategy":"ema","payload":"{}"}'
