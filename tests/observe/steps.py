"""Steps for observers to look at, made by hand."""

from __future__ import annotations

from typing import Any

import msgspec

from botkit.engine.step import Effect, Step
from botkit.model.events import AnyEvent
from botkit.model.order import AmendOrder, NewOrder
from botkit.observe.ledger import Ledger
from botkit.risk.approval import _SEAL, Approved, Refused
from tests.market import BTC, BTC_SWAP, new_order, quote, spot, swap

INSTRUMENTS = {BTC: spot(), BTC_SWAP: swap(), "ETH-BTC": spot("ETH-BTC")}


def ledger() -> Ledger:
    return Ledger(INSTRUMENTS)


def step(event: AnyEvent, *effects: Effect) -> Step:
    return Step(1, event, effects)


def approved(request: NewOrder | AmendOrder) -> Approved:
    return Approved(request, seal=_SEAL)


def sent(**terms: Any) -> Step:
    """Return the step in which the market made a strategy send `new_order(**terms)`."""
    return step(quote(), approved(new_order(**terms)))


def refused(**terms: Any) -> Refused:
    made = Refused(
        client_order_id="bk000001",
        strategy="test",
        symbol=BTC,
        rule="price_collar",
        measured="300 bps",
        limit="200 bps",
        remedy="price it at 102 or lower",
    )
    return msgspec.structs.replace(made, **terms)
