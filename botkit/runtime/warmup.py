"""Bars of the past before bars of the present, without a gap or a double between them."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

import structlog

from botkit.errors import VenueError
from botkit.model.duration import duration_ns
from botkit.model.market import Bar

if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine

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

    def begin(self, subscription: Subscription) -> Coroutine[Any, Any, None]:
        """Subscribe and hold live bars back from now on; return the work that lets them through in order.

        Raises:
            ConfigError: If the venue has no such bars.

        """
        # Somebody may be waiting for the same bars with a shorter past; then all wait for the longest.
        joint = self._joints.setdefault((subscription.symbol, subscription.interval), _Joint())
        joint.fetching += 1
        self._venue.subscribe(subscription)
        return self._join(subscription, joint)

    async def _join(self, subscription: Subscription, joint: _Joint) -> None:
        await self._fetch(subscription, joint)
        await joint.is_live.wait()
        if joint.held[0].open_ns > joint.last_ns + duration_ns(subscription.interval):
            # Bars have closed after the fetching and before the subscription began.
            await self._fetch(subscription, joint)
        joint.fetching -= 1
        if not joint.fetching:
            del self._joints[subscription.symbol, subscription.interval]
            for bar in joint.held:
                if bar.open_ns > joint.last_ns:
                    self._feed(bar)

    async def _fetch(self, subscription: Subscription, joint: _Joint) -> None:
        try:
            bars = await self._venue.history(subscription)
        except VenueError as error:
            # The strategy starts cold: its indicators become ready later, and it trades later.
            _log.warning("warm-up bars not fetched", symbol=subscription.symbol, error=str(error))
            return
        for bar in bars:
            # Desks pass over what their strategies have heard, and a longer past begins earlier.
            joint.last_ns = max(joint.last_ns, bar.open_ns)
            self._feed(bar)


class _Joint:
    """Where past and present bars of one length meet.

    Attributes:
        held: Live bars that wait.
        is_live: Set when the first of them has come.
        last_ns: Opening of the last bar that was fetched, 0 if none was.
        fetching: How many are not done with the past yet; the last one lets the live bars through.

    """

    def __init__(self) -> None:
        self.held: list[Bar] = []
        self.is_live = asyncio.Event()
        self.last_ns = 0
        self.fetching = 0
