from __future__ import annotations

from typing import get_args

import msgspec
import pytest

from botkit.engine.step import Effect, Inquiry, Step, Work
from botkit.journal.records import Record
from botkit.model.order import CancelOrder
from botkit.risk.approval import Approved
from botkit.strategy.desk import Subscription
from tests.market import BTC, quote


def test_most_steps_do_nothing() -> None:
    assert Step(1, quote()).effects == ()


def test_a_step_does_not_change() -> None:
    with pytest.raises(AttributeError, match="immutable"):
        Step(1, quote()).effects = (Inquiry(client_order_id="bk1", reason="doubt"),)  # type: ignore[misc]  # what is tested


@pytest.mark.parametrize(
    "effect",
    [
        Inquiry(client_order_id="bk1", reason="doubt"),
        CancelOrder(client_order_id="bk1", strategy="test", symbol=BTC),
        Subscription(channel="bars", symbol=BTC, interval="1m", warmup=30),
    ],
    ids=lambda effect: type(effect).__name__,
)
def test_an_effect_reads_back_as_it_was_written(effect: object) -> None:
    assert msgspec.json.decode(msgspec.json.encode(effect), type=type(effect)) == effect


def test_what_the_journal_does_not_keep_of_effects_can_be_asked_for_again_or_is_kept_otherwise() -> None:
    """An approval is kept as its request; the rest is wished for anew by a strategy that starts anew."""
    assert set(get_args(Effect)) - set(get_args(Record)) == {Approved, Subscription, Inquiry, Work}
