"""Bars of the past before bars of the present, without a gap or a double between them."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

import structlog

from botkit.errors import VenueError
from botkit.model.duration import duration_ns
from botkit.model.market import Bar

if TYPE_CHECKING:
    from collections.abc import Callable

    from botkit.model.events import AnyEvent
    from botkit.strategy.desk import Subscription
    from botkit.venues.api import Venue

__all__ = ["Warmup"]

_log = structlog.get_logger(__name__)


class Warmup:
    """Joins fetched bars and live ones: the first live bar waits until all before it were delivered."""

    def __init__(self, venue: Venue, feed: Callable[[AnyEvent], None]) -> None:
        self._venue = venue
        self._feed = feed
        self._joints: dict[tuple[str, str], _Joint] = {}

    def holds(self, event: AnyEvent) -> bool:
        """Keep the event if it is a bar that has to wait; tell whether it was kept."""
        if type(event) is not Bar:
            return False
        joint = self._joints.get((event.symbol, event.interval))
        if joint is None:
            return False
        joint.held.append(event)
        joint.is_live.set()
        return True

    async def run(self, subscription: Subscription) -> None:
        """Subscribe, fetch the bars before, deliver both in order."""
        key = (subscription.symbol, subscription.interval)
        joint = self._joints[key] = _Joint()
        self._venue.subscribe(subscription)
        await self._fetch(subscription, joint)
        await joint.is_live.wait()
        length_ns = duration_ns(subscription.interval)
        if joint.held[0].open_ns > joint.last_ns + length_ns:
            # Bars have closed after the fetching and before the subscription began.
            await self._fetch(subscription, joint)
        del self._joints[key]
        for bar in joint.held:
            self._deliver(bar, joint)

    async def _fetch(self, subscription: Subscription, joint: _Joint) -> None:
        try:
            bars = await self._venue.history(subscription)
        except VenueError as error:
            # The strategy starts cold: its indicators become ready later, and it trades later.
            _log.warning("warm-up bars not fetched", symbol=subscription.symbol, error=str(error))
            return
        for bar in bars:
            self._deliver(bar, joint)

    def _deliver(self, bar: Bar, joint: _Joint) -> None:
        if bar.open_ns > joint.last_ns:
            joint.last_ns = bar.open_ns
            self._feed(bar)


class _Joint:
    """Where past and present bars of one length meet."""

    def __init__(self) -> None:
        self.held: list[Bar] = []
        self.is_live = asyncio.Event()
        self.last_ns = 0
