"""One WebSocket: what is read goes to its session, what is to be sent waits in a queue of its own.

Nobody waits for a slow reader. Whose queue grows too long is disconnected with
4005, as OKX does; who is silent for too long, with 4004.
"""

from __future__ import annotations

import asyncio
from collections import deque
from typing import Final

from aiohttp import WSMsgType, web

__all__ = ["MAX_REQUEST", "Connection"]

MAX_REQUEST: Final = 64 * 1024
"""Bytes of the longest request; a longer one closes with 1009."""

_SILENT: Final = 4004
_TOO_SLOW: Final = 4005
_MAX_WAITING: Final = 8 * 1024 * 1024


class Connection:
    """A socket that frames can be put on without waiting."""

    def __init__(self, socket: web.WebSocketResponse, now_s: float) -> None:
        self._socket = socket
        self._waiting: deque[bytes] = deque()
        self._waiting_bytes = 0
        self._something_to_do = asyncio.Event()
        self._closing: int | None = None
        self._last_traffic_s = now_s

    def send(self, frame: bytes) -> None:
        """Queue a frame; a queue that is too long closes the connection instead."""
        if self._closing is not None:
            return
        self._waiting.append(frame)
        self._waiting_bytes += len(frame)
        if self._waiting_bytes > _MAX_WAITING:
            self._waiting.clear()
            self.finish(_TOO_SLOW)
        self._something_to_do.set()

    def finish(self, code: int) -> None:
        """Close the connection once what waits is sent."""
        if self._closing is None:
            self._closing = code
        self._something_to_do.set()

    def heard(self, now_s: float) -> None:
        """Take note that something came in."""
        self._last_traffic_s = now_s

    def check_silence(self, now_s: float, most_s: float) -> None:
        """Close the connection if nothing has gone either way for so long."""
        if now_s - self._last_traffic_s >= most_s:
            self.finish(_SILENT)

    async def write(self, loop: asyncio.AbstractEventLoop) -> None:
        """Send what is queued until the connection ends."""
        try:
            while self._closing is None or self._waiting:
                while self._waiting:
                    frame = self._waiting.popleft()
                    self._waiting_bytes -= len(frame)
                    self._last_traffic_s = loop.time()
                    await self._socket.send_frame(frame, WSMsgType.TEXT)
                self._something_to_do.clear()
                if self._closing is None:
                    await self._something_to_do.wait()
        except ConnectionError:
            return  # the reader sees the end too, and says so
        await self._socket.close(code=self._closing, drain=False)
