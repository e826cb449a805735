"""The public channels of one market: who listens to which, and one stream for each that has listeners."""

from __future__ import annotations

from botkit.model.instrument import Instrument
from botkit.venues.okx.emulator.channels import Member, Subscription
from botkit.venues.okx.emulator.floor import Floor
from botkit.venues.okx.emulator.streams import STREAMS, MarketReport, Stream

__all__ = ["MarketFeed"]

Name = tuple[tuple[str, str], ...]


class MarketFeed:
    """Sends what happens in one market to who wants to know."""

    def __init__(self, floor: Floor, instrument: Instrument) -> None:
        self._floor = floor
        self._instrument = instrument
        self._streams: dict[str, Stream] = {}
        self._listeners: dict[str, dict[tuple[Member, Name], None]] = {}

    def subscribe(self, member: Member, wanted: Subscription, now_ns: int) -> list[bytes]:
        """Add a listener; return what he gets at once."""
        channel = wanted.channel
        if channel not in self._streams:
            self._streams[channel] = STREAMS[channel](self._floor, self._instrument, channel)
            self._streams = {name: self._streams[name] for name in STREAMS if name in self._streams}
            self._listeners[channel] = {}
        self._listeners[channel][member, wanted.name] = None
        return self._streams[channel].opening(now_ns)

    def unsubscribe(self, member: Member, known: Subscription) -> None:
        """Remove a listener, and the stream if he was the last."""
        listeners = self._listeners[known.channel]
        del listeners[member, known.name]
        if not listeners:
            del self._listeners[known.channel], self._streams[known.channel]

    def take(self, report: MarketReport) -> None:
        """Take note of what happened."""
        for stream in self._streams.values():
            stream.take(report)

    def publish(self, now_ns: int) -> None:
        """Send what is due."""
        for channel, stream in self._streams.items():
            frames = stream.publish(now_ns)
            for member, _ in self._listeners[channel] if frames else ():
                for frame in frames:
                    member.send(frame)
