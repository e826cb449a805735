"""The two shells run on both event loops: the bot's is uvloop, where there is one."""

from __future__ import annotations

import asyncio
import socket
import sys
from collections.abc import Callable, Iterator, Mapping

import pytest

from botkit.venues.address import Address

SHELLS = {"test_dialer.py", "test_http.py", "test_link.py"}


def pytest_asyncio_loop_factories(
    config: pytest.Config, item: pytest.Item
) -> Mapping[str, Callable[[], asyncio.AbstractEventLoop]]:
    if item.path.name not in SHELLS or sys.platform == "win32":
        return {"asyncio": asyncio.new_event_loop}

    import uvloop

    return {"asyncio": asyncio.new_event_loop, "uvloop": uvloop.new_event_loop}


@pytest.fixture
def nobody() -> Iterator[Address]:
    """An address that is taken, so that nobody else can begin to listen there."""
    with socket.socket() as sock:
        sock.bind(("127.0.0.1", 0))
        yield Address("ws", "127.0.0.1", sock.getsockname()[1], "/ws")
