from __future__ import annotations

import gc

import pytest

from botkit.model.market import Event
from tests.market import NOON, bar, book_update, funding, mark_price, quote, trade

EVENTS = [quote(), trade(), bar(), book_update(), mark_price(), funding()]


def test_the_middle_is_halfway_between_bid_and_offer() -> None:
    assert quote(99.0, 102.0).mid == 100.5


@pytest.mark.parametrize("event", EVENTS, ids=lambda event: type(event).__name__)
def test_an_event_does_not_change(event: Event) -> None:
    with pytest.raises(AttributeError, match="immutable"):
        event.recv_ns = 0  # type: ignore[misc]  # what is tested


@pytest.mark.parametrize("event", EVENTS, ids=lambda event: type(event).__name__)
def test_what_the_venue_does_not_date_is_dated_by_our_door(event: Event) -> None:
    assert (event.recv_ns, event.venue_ns) == (NOON, 0)


@pytest.mark.parametrize(
    "event", [quote(), trade(), bar(), mark_price(), funding()], ids=lambda event: type(event).__name__
)
def test_events_that_come_by_the_million_cost_the_collector_nothing(event: Event) -> None:
    assert not gc.is_tracked(event)
