"""The one WebSocket shell: owns the socket, runs any `Session` on it, dials again when it is lost.

    data_received ─► FrameCutter ─► Session.receive ─► sink ─► ... ─► Link.flush ─► write

That line is one synchronous run: no queue, no task and no future lies between the
bytes of a trade and the bytes of the order that answers it. The `websockets`
package shakes hands, frames what goes out and reads every frame that is not plain
text; it does no I/O here.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import socket
from collections.abc import Awaitable, Callable, Mapping
from typing import Final, Generic, TypeVar, cast

import msgspec
import structlog
from websockets.client import ClientProtocol
from websockets.frames import CloseCode, Frame, Opcode
from websockets.protocol import State
from websockets.uri import parse_uri

from botkit.clock import Clock
from botkit.errors import LoginRefused, ProtocolError, VenueError
from botkit.model.duration import NS_PER_S
from botkit.model.events import ConnectionChanged
from botkit.venues.address import Address
from botkit.venues.api import EventSink, Session
from botkit.venues.dialer import Dialer
from botkit.venues.frames import FrameCutter
from botkit.venues.transport import why_unreachable

__all__ = ["Link"]

_DIAL_TIMEOUT_S: Final = 10.0
_CLOSE_TIMEOUT_S: Final = 1.0
_TICK_S: Final = 0.25
_STABLE_NS: Final = 60 * NS_PER_S
_MAX_FRAME: Final = 16 * 1024 * 1024
_BLANK_LINE: Final = b"\r\n\r\n"

# Frames hold the login, and `websockets` would log every one of them at DEBUG.
# A logger that is not registered cannot be turned on by its name either.
_SILENT: Final = logging.Logger("botkit.venues.link", logging.CRITICAL + 1)  # noqa: LOG001

_log = structlog.get_logger(__name__)

SessionT = TypeVar("SessionT", bound=Session)


class _End(msgspec.Struct, frozen=True):
    """Why a conversation is over; with an error, there must not be another one."""

    reason: str
    error: Exception | None = None


class Link(Generic[SessionT]):
    """A WebSocket conversation kept going: each connection has a socket and a session of its own.

    Attributes:
        feed: Its name in `ConnectionChanged` events and logs.
        session: That of the connection there is, or is being made; None in between.
        ready: The same, from when all it asked for is confirmed until its socket is lost; else None.

    """

    def __init__(
        self,
        feed: str,
        address: Address,
        new_session: Callable[[], Awaitable[SessionT]],
        sink: EventSink,
        *,
        clock: Clock,
        dialer: Dialer,
        final_codes: Mapping[int, str] | None = None,
    ) -> None:
        """Store what it works with.

        Args:
            feed: Its name in events and logs.
            address: Where to connect.
            new_session: Makes the session of a new connection, after asking whatever has to be
                known first; a `VenueError` from it counts as a connection that failed.
            sink: Takes every event, synchronously.
            clock: Stamps what comes in.
            dialer: Opens the sockets.
            final_codes: Close codes after which there is no use in dialing again, with what to do.

        """
        self.feed = feed
        self.session: SessionT | None = None
        self.ready: SessionT | None = None
        self._address = address
        self._new_session = new_session
        self._sink = sink
        self._clock = clock
        self._dialer = dialer
        self._final_codes = final_codes or {}
        self._conversation: _Conversation[SessionT] | None = None
        self._is_up: bool | None = None
        self._ready_ns: int | None = None

    async def run(self) -> None:
        """Converse until cancelled, dialing again whenever the socket is lost.

        Raises:
            LoginRefused: If the venue will not have us.
            Exception: Whatever the sink raised.

        """
        failures = 0
        while True:
            self._ready_ns = None
            end = await self._converse()
            if end.error is not None:
                raise end.error
            if self._ready_ns is not None and self._clock.now_ns() - self._ready_ns >= _STABLE_NS:
                failures = 0
            _log.warning("link lost", feed=self.feed, reason=end.reason, failures=failures)
            await self._dialer.back_off(failures)
            failures += 1

    def flush(self) -> None:
        """Write what the session wants sent; at once, and nothing if there is no socket."""
        if self._conversation is not None:
            self._conversation.flush()

    async def _converse(self) -> _End:
        conversation: _Conversation[SessionT] | None = None
        try:
            self.session = await self._new_session()
            conversation = _Conversation(self, self.session, self._address, self._clock, self._sink)
            self._conversation = conversation
            async with asyncio.timeout(_DIAL_TIMEOUT_S):
                await self._dialer.dial(self._address, conversation)
                conversation.has_socket = True
                await conversation.answered.wait()
            return await conversation.over
        except OSError as error:
            return self._not_connected(why_unreachable(self._address, error))
        except LoginRefused:
            raise
        except VenueError as error:
            return self._not_connected(str(error))
        finally:
            self._conversation = self.session = self.ready = None
            if conversation is not None:
                await conversation.hang_up()

    def _not_connected(self, reason: str) -> _End:
        self.went_down(reason)
        return _End(reason)

    def went_up(self, session: SessionT, now_ns: int) -> None:
        """Tell everybody that the session is ready; the conversation calls this."""
        self.ready = session
        self._is_up = True
        self._ready_ns = now_ns
        _log.info("link up", feed=self.feed)
        self._sink(ConnectionChanged(recv_ns=now_ns, feed=self.feed, is_up=True))

    def went_down(self, reason: str) -> None:
        """Tell everybody, once, that there is no session; the conversation calls this."""
        if self._is_up is not False:
            self._is_up = False
            now_ns = self._clock.now_ns()
            self._sink(ConnectionChanged(recv_ns=now_ns, feed=self.feed, is_up=False, reason=reason))

    def closed_for_good(self, code: int, reason: str) -> LoginRefused | None:
        """Return the error that closing with `code` is, None if dialing again may help."""
        remedy = self._final_codes.get(code)
        return None if remedy is None else LoginRefused(reason, code=str(code), remedy=remedy)


class _Conversation(asyncio.Protocol, Generic[SessionT]):
    """One socket and one session, from the handshake to the end of either.

    Attributes:
        has_socket: The dialing is done. While it is not, the loop owns the socket, and when
            it drops it, uvloop does not always say so by `connection_lost`.
        answered: Set when the handshake has succeeded, or never will.
        over: Done when the conversation has ended by itself.

    """

    def __init__(
        self, link: Link[SessionT], session: SessionT, address: Address, clock: Clock, sink: EventSink
    ) -> None:
        self.has_socket = False
        self.answered = asyncio.Event()
        self.over: asyncio.Future[_End] = asyncio.get_running_loop().create_future()
        self._link = link
        self._session = session
        self._address = address
        self._clock = clock
        self._sink = sink
        # Compression is not offered: it costs more time than the bytes it saves.
        self._wire = ClientProtocol(parse_uri(str(address)), max_size=_MAX_FRAME, logger=_SILENT)
        self._frames = FrameCutter(_MAX_FRAME)
        self._head = b""
        self._transport: asyncio.Transport | None = None
        self._closed = asyncio.Event()
        self._ticking: asyncio.TimerHandle | None = None
        self._parts: list[bytes] = []
        self._has_started = False
        self._is_ready = False
        self._is_over = False

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Begin the handshake; asyncio calls this."""
        self._transport = cast("asyncio.Transport", transport)
        # An order should leave before anybody is told of it; uvloop would write when all have been.
        self._transport.set_write_buffer_limits(high=0)
        sock = transport.get_extra_info("socket")
        if sock is not None:
            sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._wire.send_request(self._wire.connect())
        self._write()

    def data_received(self, data: bytes) -> None:
        """Take bytes in; asyncio calls this."""
        try:
            now_ns = self._clock.now_ns()
            if not self._has_started:
                data = self._shake_hands(data, now_ns)
            for is_text, frame in self._frames.cut(data):
                if self._is_over:
                    break
                if is_text:
                    self._on_text(frame, now_ns)
                else:
                    self._pass_on(frame, now_ns)
        except Exception as error:  # noqa: BLE001 - what the engine or a strategy raised ends run(), not a callback
            self._finish(repr(error), error)

    def connection_lost(self, exc: Exception | None) -> None:
        """Note the end of the socket; asyncio calls this."""
        self._closed.set()
        self._finish(str(exc) if exc else "the connection ended without a closing frame")

    def flush(self) -> None:
        """Write what the session wants sent."""
        if self._wire.state is State.OPEN and (frames := self._session.frames_to_send()):
            for frame in frames:
                self._wire.send_text(frame)
            self._write()

    async def hang_up(self) -> None:
        """Close the socket, whatever state it is in, without a word to the sink."""
        if self._wire.state is State.OPEN and not self._is_over:
            self._wire.send_close(CloseCode.NORMAL_CLOSURE)
            self._write()
        self._stop()
        if self.has_socket:
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(_CLOSE_TIMEOUT_S):
                    await self._closed.wait()

    def _shake_hands(self, data: bytes, now_ns: int) -> bytes:
        """Take in the venue's answer to the handshake; return what came behind it."""
        seen = self._head + data
        end = seen.find(_BLANK_LINE)
        mine = len(data) if end < 0 else end + len(_BLANK_LINE) - len(self._head)
        self._head = seen[1 - len(_BLANK_LINE) :]
        self._pass_on(data[:mine], now_ns)
        if self._has_started or mine == len(data):
            return data[mine:]
        self._pass_on(data[mine:], now_ns)  # it says no, and this is why
        return b""

    def _pass_on(self, data: bytes, now_ns: int) -> None:
        """Let `websockets` read what is no plain text frame, and answer it."""
        wire = self._wire
        wire.receive_data(data)
        for event in wire.events_received():
            if isinstance(event, Frame):
                self._on_other(event, now_ns)
            else:
                self._on_handshake(now_ns)
        self._write()
        if wire.handshake_exc is not None:
            self._finish(why_unreachable(self._address, wire.handshake_exc))
        elif wire.parser_exc is not None:
            self._finish(f"this is not the WebSocket protocol: {wire.parser_exc}")

    def _on_text(self, frame: bytes, now_ns: int) -> None:
        try:
            events = self._session.receive(frame, now_ns)
        except (ProtocolError, LoginRefused) as error:
            self._give_up(error)
            return
        for event in events:
            self._sink(event)
        self._carry_on(now_ns)

    def _on_other(self, frame: Frame, now_ns: int) -> None:
        if frame.opcode is Opcode.CLOSE:
            self._on_close()
        elif frame.opcode is Opcode.BINARY:
            self._finish("a binary frame came; only text is spoken here")
        elif frame.opcode in {Opcode.TEXT, Opcode.CONT}:
            self._parts.append(bytes(frame.data))
            if frame.fin:
                whole = b"".join(self._parts)
                self._parts.clear()
                self._on_text(whole, now_ns)
        # Pings have been answered by `websockets`, and pongs ask for nothing.

    def _on_handshake(self, now_ns: int) -> None:
        if self._wire.handshake_exc is not None:
            return
        self.answered.set()
        self._has_started = True
        try:
            self._session.start(now_ns)
        except (ProtocolError, LoginRefused) as error:
            self._give_up(error)
            return
        self._carry_on(now_ns)
        self._ticking = asyncio.get_running_loop().call_later(_TICK_S, self._tick)

    def _on_close(self) -> None:
        self._write()
        close = self._wire.close_rcvd
        assert close is not None
        reason = f"the venue closed the connection with code {close.code}"
        if close.reason:
            reason = f"{reason}: {close.reason}"
        self._finish(reason, self._link.closed_for_good(close.code, reason))

    def _tick(self) -> None:
        if self._is_over:
            return
        now_ns = self._clock.now_ns()
        try:
            events = self._session.tick(now_ns)
        except (ProtocolError, LoginRefused) as error:
            self._give_up(error)
            return
        try:
            for event in events:
                self._sink(event)
            self._carry_on(now_ns)
        except Exception as error:  # noqa: BLE001 - as in data_received
            self._finish(repr(error), error)
        if not self._is_over:
            self._ticking = asyncio.get_running_loop().call_later(_TICK_S, self._tick)

    def _carry_on(self, now_ns: int) -> None:
        """Send what the session has to say to what it was told, and note when it becomes ready."""
        self.flush()
        if not self._is_ready and self._session.is_ready():
            self._is_ready = True
            self._link.went_up(self._session, now_ns)

    def _give_up(self, error: ProtocolError | LoginRefused) -> None:
        self._finish(str(error), error if isinstance(error, LoginRefused) else None)

    def _finish(self, reason: str, error: Exception | None = None) -> None:
        """End the conversation and tell the sink what is not known any more."""
        if self._is_over:
            return
        self._stop()
        self._link.ready = None
        # A sink that has failed is told no more.
        if error is None or isinstance(error, LoginRefused):
            try:
                self._link.went_down(reason)
                for event in self._session.end(self._clock.now_ns()) if self._has_started else ():
                    self._sink(event)
            except Exception as raised:  # noqa: BLE001 - as in data_received
                error = error or raised
        # Whoever waited for it may have been cancelled at this very moment.
        if not self.over.done():
            self.over.set_result(_End(reason, error))
        self.answered.set()

    def _stop(self) -> None:
        self._is_over = True
        if self._ticking is not None:
            self._ticking.cancel()
        if self._transport is not None:
            self._transport.abort()

    def _write(self) -> None:
        data = b"".join(self._wire.data_to_send())
        if data and self._transport is not None:
            self._transport.write(data)
