"""What a venue is to the rest of botkit: a feed of events, a broker for approved orders.

Both verbs of the broker are synchronous: the request is on its way when they
return, and everything that becomes of it comes back as events through the
`EventSink` that the runtime gave the venue.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Protocol, TypeVar

import msgspec

from botkit.model.events import AnyEvent
from botkit.model.instrument import Instrument
from botkit.model.market import Bar
from botkit.model.order import CancelOrder, Order
from botkit.risk.approval import Approved
from botkit.risk.scope import KeyReport
from botkit.strategy.desk import Subscription
from botkit.venues.ratelimit import Quota

__all__ = [
    "Answer",
    "Broker",
    "Dialect",
    "EventSink",
    "MarketFeed",
    "Request",
    "Session",
    "Turn",
    "Venue",
]

EventSink = Callable[[AnyEvent], None]

CallT_contra = TypeVar("CallT_contra", contravariant=True)


class Session(Protocol):
    """One WebSocket conversation as pure code; `venues.link` owns the socket.

    The owner calls `start` when the socket is open, `receive` with each text
    frame, `tick` a few times a second and `end` when the socket is gone. After
    each of them it sends what `frames_to_send` returns, while there is a socket.
    """

    def start(self, now_ns: int) -> None:
        """Begin: log in, subscribe."""

    def receive(self, frame: bytes, now_ns: int) -> Sequence[AnyEvent]:
        """Take a text frame in; return what it means.

        Raises:
            ProtocolError: If the conversation cannot go on; the owner reconnects.
            LoginRefused: If it never will; the owner stops.

        """

    def tick(self, now_ns: int) -> Sequence[AnyEvent]:
        """Take the time in; return what its passing means, such as an order whose answer never came.

        Raises:
            ProtocolError: If something has been silent for too long; the owner reconnects.
            LoginRefused: If the login will never be accepted; the owner stops.

        """

    def end(self, now_ns: int) -> Sequence[AnyEvent]:
        """Take in that the socket is gone; return what is not known any more because of it."""

    def frames_to_send(self) -> list[bytes]:
        """Return and forget the frames waiting to be sent."""

    def is_ready(self) -> bool:
        """Tell whether everything asked for has been confirmed."""


class Request(msgspec.Struct, frozen=True):
    """What goes over the wire, byte for byte.

    Attributes:
        method: GET or POST.
        target: Path and query.
        headers: Those that the venue wants.
        body: Empty for a GET.

    """

    method: str
    target: str
    headers: dict[str, str]
    body: bytes = b""


class Answer(msgspec.Struct, frozen=True):
    """What came back, whatever its status."""

    status: int
    body: bytes


class Turn(msgspec.Struct, frozen=True):
    """Which quota a call counts against, and how much of it."""

    key: str
    quota: Quota
    cost: int = 1


class Dialect(Protocol[CallT_contra]):
    """How a venue's REST interface is spoken, as pure code; `venues.http` does the talking."""

    def turn(self, call: CallT_contra) -> Turn:
        """Return what the call counts against."""

    def is_repeatable(self, call: CallT_contra) -> bool:
        """Tell whether asking twice does no more than asking once."""

    def request(self, call: CallT_contra, now_ns: int) -> Request:
        """Return the request, signed for this moment of our clock."""

    def result(self, answer: Answer) -> bytes:
        """Return the part of the answer that was asked for, as JSON.

        Raises:
            VenueError: Of the kind that says what became of the request.

        """


class MarketFeed(Protocol):
    """Where market events come from."""

    def subscribe(self, subscription: Subscription) -> None:
        """Start sending these events; idempotent."""


class Broker(Protocol):
    """Where approved orders go. Nothing but an `Approved` is taken."""

    def submit(self, approved: Approved) -> None:
        """Send a new order, or an amendment."""

    def cancel(self, cancel: CancelOrder) -> None:
        """Send a cancel; never refused here."""


class Venue(MarketFeed, Broker, Protocol):
    """A venue that the live runtime can run."""

    async def open(self) -> None:
        """Get ready to ask: agree on the time with the venue.

        Raises:
            VenueUnreachable: If no answer came.

        """

    async def close(self) -> None:
        """Let go of every connection; idempotent."""

    async def run(self, sink: EventSink) -> None:
        """Keep the feeds going until cancelled; every event goes to `sink`.

        Raises:
            LoginRefused: If the venue will not have us any more.

        """

    async def describe_key(self) -> KeyReport:
        """Ask what the key may do.

        Raises:
            LoginRefused: If the key, passphrase, signature or clock is not accepted.
            VenueUnreachable: If no answer came.

        """

    async def load_instruments(self, symbols: Sequence[str]) -> dict[str, Instrument]:
        """Fetch instruments by symbol; symbols that do not exist are absent from the answer."""

    async def history(self, subscription: Subscription) -> list[Bar]:
        """Fetch the last `warmup` closed bars, oldest first, marked `is_history`."""

    async def reconcile(self, open_orders: Sequence[Order], since_ns: int) -> list[AnyEvent]:
        """Ask what became of `open_orders` and which fills happened since; return it as events."""

    async def resolve(self, order: Order) -> list[AnyEvent]:
        """Ask what is true of one order until the venue has shown or disproved it; return it as events.

        Raises:
            VenueError: If the venue cannot be asked now.

        """
