"""A conversation about the market with OKX, without its socket.

    start ──► subscribe what is wanted ──► data, acknowledgements and errors, in any order
                        ▲                            │
                        └── subscribe ◄── leave ◄────┘  a book that lost its sequence

It serves the addresses `/public` and `/business` alike: `channels.is_business`
tells where a subscription belongs. Feed it what arrived with `receive` and what
time it is with `tick`; send what `frames_to_send` returns. It never sleeps,
retries a connection or reconnects: its owner does, with a new session.

Source: https://www.okx.com/docs-v5/en/#overview-websocket
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Final

from botkit.errors import ConfigError, ProtocolError
from botkit.model.duration import NS_PER_S
from botkit.model.events import AnyEvent, ConnectionChanged
from botkit.model.instrument import Instrument
from botkit.strategy.desk import Subscription
from botkit.venues.okx import wire
from botkit.venues.okx.books import BookState, BookSync, decode_book
from botkit.venues.okx.channels import BOOKS, arg_of
from botkit.venues.okx.codec import MarketCodec
from botkit.venues.okx.heartbeat import PING, PONG, Heartbeat
from botkit.venues.okx.subscriptions import Stage, Subscriptions
from botkit.venues.okx.wire import Arg, Envelope

__all__ = ["PublicSession"]

# OKX says something about a book at least once a minute.
_BOOK_SILENT_NS: Final = 75 * NS_PER_S
_SNAPSHOT_WITHIN_NS: Final = 5 * NS_PER_S
_SEED_WITHIN_NS: Final = 15 * NS_PER_S
_MOST_GAPS: Final = 3


class PublicSession:
    """Market data over one connection; one object serves one connection.

    Attributes:
        must_move: OKX has said that it will close the connection within a minute.
        unknown_frames: How many frames came that nobody knows.

    """

    def __init__(
        self,
        instruments: Mapping[str, Instrument],
        *,
        epoch: int,
        subscriptions: Iterable[Subscription] = (),
    ) -> None:
        """Store what it works with.

        Args:
            instruments: Those that are traded, by symbol; may grow.
            epoch: A number that no other connection of this process has had.
            subscriptions: What to subscribe to at the start.

        Raises:
            ConfigError: If OKX has nothing of the kind.

        """
        self.must_move = False
        self.unknown_frames = 0
        self._instruments = instruments
        self._codec = MarketCodec(instruments)
        self._subscriptions = Subscriptions(epoch)
        self._heartbeat = Heartbeat()
        self._books: dict[str, BookSync] = {}
        self._gaps_ns: list[int] = []
        self._outbox: list[bytes] = []
        self._has_started = False
        self._by_channel: dict[bytes, Callable[[bytes, int], Sequence[AnyEvent]]] = {
            **self._codec.by_channel,
            BOOKS.encode(): self._take_books,
        }
        for subscription in subscriptions:
            self.subscribe(subscription)

    # ---- botkit.venues.api.Session

    def start(self, now_ns: int) -> None:
        """Begin: subscribe to what is wanted."""
        self._has_started = True
        self._heartbeat.start(now_ns)
        for book in self._books.values():
            book.restart(now_ns)
        self._send_requests(now_ns)

    def receive(self, frame: bytes, now_ns: int) -> Sequence[AnyEvent]:
        """Take a text frame in; return what it means.

        Raises:
            ProtocolError: If the conversation cannot go on; the owner reconnects.

        """
        self._heartbeat.heard_ns = now_ns
        if self._subscriptions.is_settled:
            decode = self._by_channel.get(wire.channel_of(frame))
            if decode is not None:
                try:
                    return decode(frame, now_ns)
                except wire.UNREADABLE:
                    pass  # not what it looked like, perhaps
        return self._receive_any(frame, now_ns)

    def tick(self, now_ns: int) -> Sequence[AnyEvent]:
        """Take the time in: ping, ask again, and watch the books.

        Raises:
            ProtocolError: If OKX has been silent for too long; the owner reconnects.

        """
        if self._heartbeat.is_ping_due(now_ns):
            self._outbox.append(PING)
        events: list[AnyEvent] = []
        for symbol, book in self._books.items():
            if self._stage(symbol) is Stage.ACTIVE and _is_overdue(book, now_ns):
                events += self._resync(symbol, now_ns)
        self._send_requests(now_ns)
        return events

    def end(self, now_ns: int) -> Sequence[AnyEvent]:
        """Take in that the socket is gone; no book is to be trusted any more."""
        return [event for book in self._books.values() for event in book.invalidate(now_ns)]

    def frames_to_send(self) -> list[bytes]:
        """Return and forget the frames waiting to be sent."""
        if not self._outbox:
            return []
        frames, self._outbox = self._outbox, []
        return frames

    def is_ready(self) -> bool:
        """Tell whether OKX has answered every subscription, be it with a refusal."""
        return self._has_started and self._subscriptions.is_settled

    # ---- for the owner

    def subscribe(self, subscription: Subscription) -> None:
        """Subscribe, now or at the start; idempotent.

        Raises:
            ConfigError: If OKX has nothing of the kind, or the instrument is not traded here.

        """
        arg = arg_of(subscription)
        unit = self._codec.unit(subscription.symbol)
        if not unit:
            raise ConfigError(f"{subscription.symbol} is not among the instruments loaded from OKX")
        if arg.channel == BOOKS and arg.inst_id not in self._books:
            self._books[arg.inst_id] = BookSync(arg.inst_id, unit, self._heartbeat.heard_ns)
        self._subscriptions.want(arg)
        if self._has_started:
            self._send_requests(self._heartbeat.heard_ns)

    def books_to_seed(self, now_ns: int) -> list[str]:
        """Return the instruments whose book has been subscribed to without a snapshot: fetch one by REST."""
        return [
            symbol
            for symbol, book in self._books.items()
            if book.state is BookState.SYNCING
            and self._stage(symbol) is Stage.ACTIVE
            and now_ns - book.begun_ns > _SNAPSHOT_WITHIN_NS
        ]

    def seed_book(self, symbol: str, data: bytes, now_ns: int) -> Sequence[AnyEvent]:
        """Take in the rows of `market/books`; nothing comes of ones that are too old: fetch again.

        Raises:
            ProtocolError: If these are no such rows.

        """
        row = decode_book(data)
        book = self._books.get(symbol)
        return book.seed(row, now_ns) if book is not None and row is not None else ()

    # ---- what comes in

    def _receive_any(self, frame: bytes, now_ns: int) -> Sequence[AnyEvent]:
        if frame == PONG:
            return ()
        envelope = wire.decode(frame, _ENVELOPES)
        if envelope.event:
            return self._on_event(envelope, now_ns)
        decode = self._by_channel.get(envelope.arg.channel.encode()) if envelope.arg else None
        if envelope.arg is None or decode is None:
            self.unknown_frames += 1
            return ()
        self._subscriptions.confirm(_plain(envelope.arg), now_ns)
        try:
            return decode(frame, now_ns)
        except wire.UNREADABLE as error:
            raise ProtocolError(f"OKX sent what it does not document: {error}") from error

    def _on_event(self, envelope: Envelope, now_ns: int) -> Sequence[AnyEvent]:
        match envelope.event, envelope.arg:
            case "subscribe", Arg() as arg:
                self._subscriptions.confirm(_plain(arg), now_ns)
            case "unsubscribe", Arg() as arg:
                events = self._distrust(arg, now_ns)
                self._subscriptions.end(_plain(arg), now_ns)
                self._send_requests(now_ns)
                return events
            case "error", _:
                return self._on_error(envelope, now_ns)
            case "notice", _:
                self.must_move = True
            case _:
                self.unknown_frames += 1
        return ()

    def _on_error(self, envelope: Envelope, now_ns: int) -> Sequence[AnyEvent]:
        events: list[AnyEvent] = []
        for arg in self._subscriptions.fail(envelope.id, envelope.code, envelope.msg, now_ns):
            events += self._distrust(arg, now_ns)
            reason = f"OKX does not serve it: {envelope.msg} ({envelope.code})"
            feed = f"{arg.channel} {arg.inst_id}"
            events.append(ConnectionChanged(recv_ns=now_ns, feed=feed, is_up=False, reason=reason))
        return events

    # ---- books

    def _take_books(self, frame: bytes, now_ns: int) -> Sequence[AnyEvent]:
        push = _BOOKS.decode(frame)
        book = self._books.get(push.arg.inst_id)
        if book is None:
            return ()
        was_invalid = book.state is BookState.INVALID
        events: list[AnyEvent] = []
        for row in push.data:
            events += book.take(row, now_ns)
        if book.state is BookState.INVALID and not was_invalid:
            events += self._resync(push.arg.inst_id, now_ns)
            self._count_gap(now_ns)
        return events

    def _resync(self, symbol: str, now_ns: int) -> Sequence[AnyEvent]:
        """Leave a book and subscribe to it anew; return what tells everybody that it is not to be trusted."""
        events = self._books[symbol].invalidate(now_ns)
        request = self._subscriptions.leave(_book_arg(symbol), now_ns)
        if request is not None:
            self._outbox.append(request)
        return events

    def _count_gap(self, now_ns: int) -> None:
        self._gaps_ns = [at_ns for at_ns in self._gaps_ns if now_ns - at_ns < NS_PER_S] + [now_ns]
        if len(self._gaps_ns) >= _MOST_GAPS:
            raise ProtocolError(f"{_MOST_GAPS} books have lost their sequence within a second")

    def _distrust(self, arg: Arg, now_ns: int) -> Sequence[AnyEvent]:
        book = self._books.get(arg.inst_id) if arg.channel == BOOKS else None
        return () if book is None else book.invalidate(now_ns)

    def _stage(self, symbol: str) -> Stage | None:
        return self._subscriptions.stage(_book_arg(symbol))

    def _send_requests(self, now_ns: int) -> None:
        self._outbox += self._subscriptions.requests(now_ns)
        if self._subscriptions.is_settled:
            return
        for symbol, book in self._books.items():
            if book.state is BookState.INVALID and self._stage(symbol) is Stage.ASKED:
                book.restart(now_ns)


def _is_overdue(book: BookSync, now_ns: int) -> bool:
    """Tell whether a book that is subscribed to has been silent, or without a snapshot, for too long."""
    if book.state is BookState.LIVE:
        return now_ns - book.heard_ns > _BOOK_SILENT_NS
    return now_ns - book.begun_ns > _SEED_WITHIN_NS


def _plain(arg: Arg) -> Arg:
    """Return what was asked for; OKX may repeat it with more."""
    return Arg(channel=arg.channel, inst_id=arg.inst_id)


def _book_arg(symbol: str) -> Arg:
    return Arg(channel=BOOKS, inst_id=symbol)


_ENVELOPES: Final = wire.decoder(Envelope)
_BOOKS: Final = wire.decoder(wire.BookPush)
