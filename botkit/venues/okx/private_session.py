"""A conversation about one account with OKX, without its socket.

    IDLE ──start──► LOGGING_IN ──ack──► SUBSCRIBING ──acks──► READY ──► orders go out
                        │                    │                  │
                        └────────────────────┴──────────────────┴── error, silence, end ──► OVER

It tells what happens to orders, balances and positions, and takes orders out.
Every request gets an acknowledgement within 5 seconds or becomes UNKNOWN; so
does whatever is on its way when the socket is lost. What was never sent is
refused instead: nothing is kept for a later connection. A failure raises, and
the owner reconnects with a new session.

Source: https://www.okx.com/docs-v5/en/#overview-websocket-login
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from enum import Enum
from typing import Final, TypeVar

import msgspec

from botkit.errors import ProtocolError
from botkit.model.duration import NS_PER_S
from botkit.model.events import AnyEvent
from botkit.model.instrument import Instrument
from botkit.model.order import AmendOrder, CancelOrder, NewOrder
from botkit.venues.okx import wire
from botkit.venues.okx.account import order_events
from botkit.venues.okx.endpoints import Op
from botkit.venues.okx.heartbeat import PING, PONG, Heartbeat
from botkit.venues.okx.holdings import Holdings
from botkit.venues.okx.login import Logins
from botkit.venues.okx.orders import (
    OrderEncoder,
    Request,
    Unsendable,
    decode_acks,
    outcome,
    unanswered,
    unsent,
)
from botkit.venues.okx.signing import Signer
from botkit.venues.okx.subscriptions import Subscriptions
from botkit.venues.okx.wire import Arg, Envelope

__all__ = ["Phase", "PrivateSession"]

_LOGIN_WITHIN_NS: Final = 5 * NS_PER_S
_SUBSCRIBE_WITHIN_NS: Final = 15 * NS_PER_S
_ACK_WITHIN_NS: Final = 5 * NS_PER_S
_ARGS: Final = (
    Arg(channel="orders", inst_type="ANY"),
    Arg(channel="account"),
    Arg(channel="positions", inst_type="ANY"),
)


OrderT = TypeVar("OrderT", NewOrder, AmendOrder, CancelOrder)


class Phase(Enum):
    """How far the conversation has come."""

    IDLE = "idle"
    LOGGING_IN = "logging in"
    SUBSCRIBING = "subscribing"
    READY = "ready"
    OVER = "over"


class PrivateSession:
    """One account over one connection; one object serves one connection.

    Attributes:
        phase: How far it has come.
        must_move: OKX has said that it will close the connection within a minute.
        unknown_frames: How many frames came that nobody knows.

    """

    def __init__(
        self,
        instruments: Mapping[str, Instrument],
        *,
        signer: Signer,
        encoder: OrderEncoder,
        holdings: Holdings,
        logins: Logins,
        venue_ns: Callable[[int], int],
        epoch: int,
    ) -> None:
        """Store what it works with.

        Args:
            instruments: Those that are traded, by symbol; may grow.
            signer: Signs the login.
            encoder: Writes orders.
            holdings: What the account holds; shared by all its connections.
            logins: How logging in went; shared by all its connections.
            venue_ns: Returns the venue's time for one of ours.
            epoch: A number that no other connection of this process has had, so that a late
                answer to one connection's request is never taken for another's.

        """
        self.phase = Phase.IDLE
        self.must_move = False
        self.unknown_frames = 0
        self._instruments = instruments
        self._signer = signer
        self._encoder = encoder
        self._logins = logins
        self._venue_ns = venue_ns
        self._epoch = epoch
        self._subscriptions = Subscriptions(epoch)
        self._heartbeat = Heartbeat()
        self._phase_ns = 0
        self._outbox: list[bytes] = []
        self._requests = 0
        self._pending: dict[str, tuple[Request, int]] = {}
        self._overdue: dict[str, Request] = {}
        self._by_channel: dict[str, Callable[[bytes, int], Sequence[AnyEvent]]] = {
            "orders": self._take_orders,
            "account": holdings.take_account,
            "positions": holdings.take_positions,
        }

    # ---- botkit.venues.api.Session

    def start(self, now_ns: int) -> None:
        """Begin: log in."""
        self._heartbeat.start(now_ns)
        self._enter(Phase.LOGGING_IN, now_ns)
        args = self._signer.login_args(self._venue_ns(now_ns) // NS_PER_S)
        self._outbox.append(msgspec.json.encode({"op": Op.LOGIN.value, "args": [args]}))

    def receive(self, frame: bytes, now_ns: int) -> Sequence[AnyEvent]:
        """Take a text frame in; return what it means.

        Raises:
            ProtocolError: If the conversation cannot go on; the owner reconnects.
            LoginRefused: If it never will; the owner stops.

        """
        self._heartbeat.heard_ns = now_ns
        if frame == PONG:
            return ()
        envelope = wire.decode(frame, _ENVELOPES)
        if envelope.event:
            self._on_event(envelope, now_ns)
            return self._refused_frame(envelope, now_ns) if envelope.event == "error" else ()
        if envelope.op:
            return self._on_ack(envelope, now_ns)
        arg = envelope.arg
        decode = self._by_channel.get(arg.channel) if arg is not None else None
        if arg is None or decode is None:
            self.unknown_frames += 1
            return ()
        self._confirm(arg, now_ns)
        try:
            return decode(frame, now_ns)
        except wire.UNREADABLE as error:
            raise ProtocolError(f"OKX sent what it does not document: {error}") from error

    def tick(self, now_ns: int) -> Sequence[AnyEvent]:
        """Take the time in: ping, and give up on answers that have not come.

        Raises:
            ProtocolError: If OKX has been silent for too long; the owner reconnects.

        """
        if self._heartbeat.is_ping_due(now_ns):
            self._outbox.append(PING)
        waited_ns = now_ns - self._phase_ns
        if self.phase is Phase.LOGGING_IN and waited_ns > _LOGIN_WITHIN_NS:
            raise ProtocolError("OKX has not answered the login for 5 s")
        if self.phase is Phase.SUBSCRIBING:
            if waited_ns > _SUBSCRIBE_WITHIN_NS:
                raise ProtocolError("OKX has not answered all subscriptions for 15 s")
            self._outbox += self._subscriptions.requests(now_ns)
        return self._give_up_waiting(now_ns)

    def end(self, now_ns: int) -> Sequence[AnyEvent]:
        """Take in that the socket is gone: what was under way is not known any more."""
        self.phase = Phase.OVER
        pending, self._pending = self._pending, {}
        return [
            event
            for request, _ in pending.values()
            for event in unanswered(request, "the connection was lost before the answer", now_ns)
        ]

    def frames_to_send(self) -> list[bytes]:
        """Return and forget the frames waiting to be sent."""
        if not self._outbox:
            return []
        frames, self._outbox = self._outbox, []
        return frames

    def is_ready(self) -> bool:
        """Tell whether orders can go out, and whatever becomes of them will be heard."""
        return self.phase is Phase.READY

    # ---- orders; send what `frames_to_send` returns afterwards

    def place(self, order: NewOrder, now_ns: int) -> Sequence[AnyEvent]:
        """Send an order; return its rejection if it could not even be sent."""
        return self._send(Request(Op.PLACE, order), self._encoder.place_frame, order, now_ns)

    def amend(self, order: AmendOrder, now_ns: int) -> Sequence[AnyEvent]:
        """Ask for new terms; return the failure if that could not even be sent."""
        return self._send(Request(Op.AMEND, order), self._encoder.amend_frame, order, now_ns)

    def cancel(self, order: CancelOrder, now_ns: int) -> Sequence[AnyEvent]:
        """Ask for a cancel; return the failure if that could not even be sent: then ask by REST."""
        return self._send(Request(Op.CANCEL, order), self._encoder.cancel_frame, order, now_ns)

    # ---- what comes in

    def _on_event(self, envelope: Envelope, now_ns: int) -> None:
        match envelope.event:
            case "login" if envelope.code == "0":
                self._on_login(now_ns)
            case "login":
                raise self._logins.refuse(envelope.code, envelope.msg)
            case "error" if self.phase is Phase.LOGGING_IN:
                raise self._logins.refuse(envelope.code, envelope.msg)
            case "subscribe" if envelope.arg is not None:
                self._confirm(envelope.arg, now_ns)
            case "notice":
                self.must_move = True
            case "unsubscribe" | "channel-conn-count-error":
                channel = envelope.channel or (envelope.arg.channel if envelope.arg else "a channel")
                raise ProtocolError(f"OKX has ended the subscription of {channel}: too many connections")
            case "channel-conn-count" | "error":
                pass
            case _:
                self.unknown_frames += 1

    def _on_login(self, now_ns: int) -> None:
        self._logins.accept()
        if self.phase is not Phase.LOGGING_IN:
            return
        self._enter(Phase.SUBSCRIBING, now_ns)
        for arg in _ARGS:
            self._subscriptions.want(arg)
        self._outbox += self._subscriptions.requests(now_ns)

    def _confirm(self, arg: Arg, now_ns: int) -> None:
        """Take in an acknowledgement or data, which repeat what was asked for and may say more."""
        if self.phase is not Phase.SUBSCRIBING:
            return
        for wanted in _ARGS:
            if wanted.channel == arg.channel:
                self._subscriptions.confirm(wanted, now_ns)
        if self._subscriptions.is_settled:
            self._enter(Phase.READY, now_ns)

    def _take_orders(self, frame: bytes, now_ns: int) -> Sequence[AnyEvent]:
        events: list[AnyEvent] = []
        for row in _ORDERS.decode(frame).data:
            events += order_events(row, self._instruments, now_ns)
        return events

    def _on_ack(self, envelope: Envelope, now_ns: int) -> Sequence[AnyEvent]:
        request = self._answered(envelope.id)
        if request is None:
            self.unknown_frames += 1
            return ()
        items = decode_acks(envelope.data) if len(envelope.data) else []
        return outcome(request, envelope.code, envelope.msg, items, now_ns)

    def _refused_frame(self, envelope: Envelope, now_ns: int) -> Sequence[AnyEvent]:
        """Take in an error that answers a frame as a whole; one that names no request ends everything."""
        request = self._answered(envelope.id)
        if request is None:
            raise ProtocolError(f"OKX says: {envelope.msg} ({envelope.code})")
        return outcome(request, envelope.code, envelope.msg, [], now_ns)

    def _answered(self, request_id: str) -> Request | None:
        waiting = self._pending.pop(request_id, None)
        return self._overdue.pop(request_id, None) if waiting is None else waiting[0]

    # ---- what goes out

    def _send(
        self, request: Request, write: Callable[[OrderT, str], bytes], order: OrderT, now_ns: int
    ) -> Sequence[AnyEvent]:
        if self.phase is not Phase.READY:
            return unsent(request, f"the private connection is {self.phase.value}; nothing was sent", now_ns)
        self._requests += 1
        request_id = f"{self._epoch}r{self._requests}"
        try:
            self._outbox.append(write(order, request_id))
        except Unsendable as error:
            return unsent(request, str(error), now_ns)
        self._pending[request_id] = (request, now_ns + _ACK_WITHIN_NS)
        return ()

    def _give_up_waiting(self, now_ns: int) -> Sequence[AnyEvent]:
        overdue = [request_id for request_id, (_, due_ns) in self._pending.items() if due_ns <= now_ns]
        events: list[AnyEvent] = []
        for request_id in overdue:
            request, _ = self._pending.pop(request_id)
            self._overdue[request_id] = request  # its answer may still come, and is welcome then
            events += unanswered(request, "no answer for 5 s", now_ns)
        return events

    def _enter(self, phase: Phase, now_ns: int) -> None:
        self.phase = phase
        self._phase_ns = now_ns


_ENVELOPES: Final = wire.decoder(Envelope)
_ORDERS: Final = wire.decoder(wire.Push[wire.OrderRow])
