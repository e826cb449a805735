"""The emulator: an OKX v5 exchange on one port of the loopback interface.

REST below `/api/v5/`, WebSocket at `/ws/v5/{public,private,business}`. One task
lets the exchange run and sends what is due; requests are answered, and orders
matched, the moment they come in.
"""

from __future__ import annotations

import asyncio
import contextlib
import ssl
import zlib
from typing import Final

from aiohttp import WSMsgType, web

from botkit.clock import Clock
from botkit.errors import InvariantError
from botkit.sim.exchange import SimExchange
from botkit.venues.okx.emulator.accounts import Accounts
from botkit.venues.okx.emulator.auth import SignedRequest
from botkit.venues.okx.emulator.channels import BUSINESS, PRIVATE, PUBLIC
from botkit.venues.okx.emulator.connection import MAX_REQUEST, Connection
from botkit.venues.okx.emulator.endpoints import account, asset, market, public, trade
from botkit.venues.okx.emulator.entry import OrderEntry
from botkit.venues.okx.emulator.floor import Floor
from botkit.venues.okx.emulator.hub import Hub
from botkit.venues.okx.emulator.rest import Rest
from botkit.venues.okx.emulator.session import Session

__all__ = ["Emulator"]

_NORMAL: Final = 1000
_GOING_AWAY: Final = 1001
_CLOSING_S: Final = 1.0
"""How long a connection may take to say goodbye."""

_WS: Final = "/ws/v5/"
_URLS: Final = {_WS + url: url for url in (PUBLIC, PRIVATE, BUSINESS)}
_ROUTES: Final = public.ROUTES + market.ROUTES + account.ROUTES + trade.ROUTES + asset.ROUTES


class Emulator:
    """The exchange as a server.

    Attributes:
        floor: The exchange behind it, for those who want to look or to meddle.
        hub: Who listens to what.

    """

    def __init__(
        self,
        exchange: SimExchange,
        accounts: Accounts,
        clock: Clock,
        *,
        clock_offset_s: float = 0.0,
        names_instruments: bool = False,
        idle_timeout_s: float = 30.0,
        pulse_s: float = 0.02,
    ) -> None:
        """Put a server around an exchange.

        Args:
            exchange: What is traded on.
            accounts: Who may trade.
            clock: The time.
            clock_offset_s: How far the exchange's clock is ahead of that.
            names_instruments: Orders over WebSocket may say `instId` instead of `instIdCode`.
            idle_timeout_s: After which silence a WebSocket is closed.
            pulse_s: How often the exchange runs, and feeds are sent.

        """
        self.floor = Floor(
            exchange,
            accounts,
            clock,
            clock_offset_ns=round(clock_offset_s * 1e9),
            names_instruments=names_instruments,
        )
        self._entry = OrderEntry(self.floor)
        self.hub = Hub(self.floor, self._entry)
        self._rest = Rest(self.floor, self._entry, _ROUTES)
        self._idle_timeout_s = idle_timeout_s
        self._pulse_s = pulse_s
        self._connections: dict[Connection, asyncio.Task[None]] = {}
        self._connected = 0
        self._runner: web.ServerRunner | None = None
        self._pump: asyncio.Task[None] | None = None
        self._address: tuple[str, int] | None = None
        self._is_secure = False

    @property
    def address(self) -> tuple[str, int]:
        """Return host and port that it listens at.

        Raises:
            InvariantError: If it has not been started.

        """
        if self._address is None:
            raise InvariantError("the emulator has no address before it is started")
        return self._address

    async def start(
        self, host: str = "127.0.0.1", port: int = 0, *, ssl_context: ssl.SSLContext | None = None
    ) -> None:
        """Listen; port 0 is any that is free.

        Raises:
            OSError: If the port is taken, or the host is not one of this machine.

        """
        self.hub.advance()
        runner = web.ServerRunner(web.Server(self._handle, access_log=None), shutdown_timeout=_CLOSING_S)
        await runner.setup()
        try:
            await web.TCPSite(runner, host, port, ssl_context=ssl_context).start()
        except OSError:
            await runner.cleanup()
            raise
        self._runner = runner
        self._is_secure = ssl_context is not None
        self._address = runner.addresses[0][0], runner.addresses[0][1]
        self._pump = asyncio.create_task(self._run(), name="okx emulator")

    async def wait(self) -> None:
        """Wait until it fails, which it does not; who serves nothing else waits here."""
        if self._pump is not None:
            await self._pump

    async def stop(self) -> None:
        """Close every connection and stop listening; raise what made it fail, if it has."""
        pump, self._pump = self._pump, None
        if pump is not None:
            pump.cancel()
        for connection in self._connections:
            connection.finish(_GOING_AWAY)
        if self._connections:
            await asyncio.wait(self._connections.values(), timeout=_CLOSING_S)
        runner, self._runner = self._runner, None
        if runner is not None:
            await runner.cleanup()
        self._address = None
        if pump is not None:
            with contextlib.suppress(asyncio.CancelledError):
                await pump

    def describe(self) -> dict[str, object]:
        """Return where it is and who may call, as `botkit exchange --json` prints it."""
        host, port = self.address
        place = f"[{host}]:{port}" if ":" in host else f"{host}:{port}"
        http, ws = ("https", "wss") if self._is_secure else ("http", "ws")
        return {
            "rest": f"{http}://{place}",
            **{f"ws_{url}": f"{ws}://{place}{path}" for path, url in _URLS.items()},
            "accounts": [
                {
                    "label": key.label,
                    "key": key.key,
                    "secret": key.secret,
                    "passphrase": key.passphrase,
                    "perm": ",".join(key.perm),
                    "ip": ",".join(key.ip),
                }
                for user in self.floor.accounts.users
                for key in user.keys
            ],
        }

    async def _run(self) -> None:
        loop = asyncio.get_running_loop()
        while True:
            await asyncio.sleep(self._pulse_s)
            self.hub.advance()
            now_s = loop.time()
            for connection in self._connections:
                connection.check_silence(now_s, self._idle_timeout_s)

    async def _handle(self, request: web.BaseRequest) -> web.StreamResponse:
        url = _URLS.get(request.raw_path.partition("?")[0])
        if url is not None:
            return await self._converse(request, url)
        signed = SignedRequest(
            method=request.method,
            target=request.raw_path,
            headers=request.headers,
            body=await request.read(),
            address=request.remote or "",
        )
        answer = self._rest.answer(signed)
        if request.method == "POST":
            self.hub.advance()
        return web.Response(body=answer.encode(), status=answer.status, content_type="application/json")

    async def _converse(self, request: web.BaseRequest, url: str) -> web.StreamResponse:
        socket = web.WebSocketResponse(max_msg_size=MAX_REQUEST, compress=False, timeout=_CLOSING_S)
        try:
            await socket.prepare(request)
        except ConnectionResetError:  # it left during the handshake, and nobody hears the answer
            return web.Response()
        loop = asyncio.get_running_loop()
        connection = Connection(socket, loop.time())
        self._connected += 1
        session = Session(
            self.floor,
            self._entry,
            self.hub,
            connection,
            url=url,
            conn_id=f"{zlib.crc32(self._connected.to_bytes(8, 'big')):08x}",
            address=request.remote or "",
        )
        writer = asyncio.create_task(connection.write(loop), name=f"okx emulator {url} writer")
        self._connections[connection] = writer
        try:
            await self._read(socket, connection, session)
        finally:
            del self._connections[connection]
            session.end()
            connection.finish(_NORMAL)
            await writer
        return socket

    async def _read(self, socket: web.WebSocketResponse, connection: Connection, session: Session) -> None:
        loop = asyncio.get_running_loop()
        async for message in socket:
            if message.type is not WSMsgType.TEXT:
                continue
            connection.heard(loop.time())
            for frame in session.receive(message.data, self.floor.now_ns()):
                connection.send(frame)
            if session.closing is not None:
                connection.finish(session.closing)
            self.hub.advance()
