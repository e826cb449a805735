"""Bars of the past before bars of the present, without a gap or a double between them."""

from __future__ import annotations

from typing import TYPE_CHECKING

import structlog

from botkit.errors import VenueError
from botkit.model.market import Bar

if TYPE_CHECKING:
    from collections.abc import Callable

    from botkit.model.events import AnyEvent
    from botkit.strategy.desk import Subscription
    from botkit.venues.api import Venue

__all__ = ["Warmup"]

_log = structlog.get_logger(__name__)


class Warmup:
    """Holds live bars back while the closed ones before them are being fetched."""

    def __init__(self, venue: Venue, feed: Callable[[AnyEvent], None]) -> None:
        self._venue = venue
        self._feed = feed
        self._held: dict[tuple[str, str], list[Bar]] = {}

    def holds(self, event: AnyEvent) -> bool:
        """Keep the event if it is a bar that has to wait; tell whether it was kept."""
        if type(event) is not Bar:
            return False
        held = self._held.get((event.symbol, event.interval))
        if held is None:
            return False
        held.append(event)
        return True

    async def run(self, subscription: Subscription) -> None:
        """Subscribe, fetch the bars before, deliver both in order."""
        key = (subscription.symbol, subscription.interval)
        held = self._held.setdefault(key, [])
        self._venue.subscribe(subscription)
        last_ns = 0
        try:
            for bar in await self._venue.history(subscription):
                last_ns = bar.open_ns
                self._feed(bar)
        except VenueError as error:
            # The strategy starts cold: its indicators become ready later, and it trades later.
            _log.warning("warm-up bars not fetched", symbol=key[0], interval=key[1], error=str(error))
        del self._held[key]
        for bar in held:
            if bar.open_ns > last_ns:
                self._feed(bar)
