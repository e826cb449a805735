from __future__ import annotations

import inspect
from types import FunctionType

import pytest

from botkit.venues.api import Broker, Dialect, MarketFeed, Session, Venue
from botkit.venues.okx.dialect import OkxDialect
from botkit.venues.okx.private_session import PrivateSession
from botkit.venues.okx.public_session import PublicSession
from botkit.venues.okx.venue import OkxVenue
from botkit.venues.simulated import SimulatedBroker


def _methods(kind: type) -> dict[str, FunctionType]:
    return {
        name: method
        for base in reversed(kind.__mro__)
        for name, method in vars(base).items()
        if isinstance(method, FunctionType) and not name.startswith("_")
    }


@pytest.mark.parametrize(
    ("border", "implementation"),
    [
        (Venue, OkxVenue),
        (Broker, SimulatedBroker),
        (Session, PublicSession),
        (Session, PrivateSession),
        (Dialect, OkxDialect),
    ],
    ids=lambda kind: kind.__name__,
)
def test_what_stands_at_a_border_answers_as_the_border_says(border: type, implementation: type) -> None:
    promised, kept = _methods(border), _methods(implementation)

    assert promised
    for name, method in promised.items():
        assert list(inspect.signature(kept[name]).parameters) == list(inspect.signature(method).parameters), (
            name
        )
        assert inspect.iscoroutinefunction(kept[name]) == inspect.iscoroutinefunction(method), name


def test_a_venue_is_a_feed_and_a_broker() -> None:
    assert set(_methods(MarketFeed)) | set(_methods(Broker)) < set(_methods(Venue))


@pytest.mark.parametrize("verb", ["subscribe", "submit", "cancel"])
def test_what_a_strategy_causes_never_waits(verb: str) -> None:
    assert not inspect.iscoroutinefunction(_methods(Venue)[verb])
