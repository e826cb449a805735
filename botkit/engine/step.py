"""What one event did: the record that journal, metrics and dashboard read."""

from __future__ import annotations

from collections.abc import Coroutine
from typing import Any

import msgspec

from botkit.model.events import AnyEvent
from botkit.model.note import Note
from botkit.model.order import CancelOrder
from botkit.risk.approval import Approved, Refused
from botkit.strategy.desk import Subscription
from botkit.strategy.saved import StrategyState

__all__ = ["Effect", "Inquiry", "Step", "Work"]


class Inquiry(msgspec.Struct, frozen=True, tag_field="type", tag="inquiry", kw_only=True):
    """A wish to ask the venue what is true of an order; repeating it does no harm.

    Attributes:
        reason: What raised the doubt.

    """

    client_order_id: str
    reason: str


class Work(msgspec.Struct, frozen=True, kw_only=True):
    """Outside work that a strategy wants run; its result comes back as `TaskDone`."""

    strategy: str
    name: str
    coroutine: Coroutine[Any, Any, Any]


Effect = Approved | CancelOrder | Refused | Subscription | Note | StrategyState | Inquiry | Work


class Step(msgspec.Struct, frozen=True, gc=False):
    """One turn of the engine.

    Attributes:
        seq: Counts the turns of a run from 1.
        event: What came in.
        effects: What should be done about it, in order.

    """

    seq: int
    event: AnyEvent
    effects: tuple[Effect, ...] = ()
