"""A running emulator for other people's clients, and where it is."""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

from botkit.venues.okx.emulator import Emulator, synthetic
from botkit.venues.okx.emulator.auth import Caller

__all__ = ["WAIT_S", "Place", "open_exchange"]

WAIT_S = 10
"""How long to wait for what comes in milliseconds."""


class Place:
    """Where an emulator is, and a key to trade on it."""

    def __init__(self, emulator: Emulator) -> None:
        said: dict[str, Any] = emulator.describe()
        self.emulator = emulator
        self.rest: str = said["rest"]
        self.public: str = said["ws_public"]
        self.private: str = said["ws_private"]
        self.websockets = self.public.removesuffix("/public")
        self.trader: dict[str, str] = said["accounts"][0]

    async def heard(self, *channels: str) -> None:
        """Return once somebody who has logged in as the trader listens to these private channels."""
        found = self.emulator.floor.accounts.find(self.trader["key"])
        assert found is not None
        async with asyncio.timeout(WAIT_S):
            # Of what others do there is no event to wait for.
            while not all(self.emulator.hub.connections(channel, Caller(*found)) for channel in channels):  # noqa: ASYNC110
                await asyncio.sleep(0)


@asynccontextmanager
async def open_exchange(ssl_context: ssl.SSLContext | None = None) -> AsyncIterator[Place]:
    """Run an emulator with a synthetic market on a free port."""
    emulator = synthetic(7)
    await emulator.start(ssl_context=ssl_context)
    try:
        yield Place(emulator)
    finally:
        await asyncio.wait_for(emulator.stop(), WAIT_S)
