"""The promises of conftest.py."""

from __future__ import annotations

import asyncio
import decimal
import socket
import sys
from concurrent.futures import ThreadPoolExecutor
from decimal import Decimal

import pytest

OUTSIDE = "192.0.2.1"  # RFC 5737: an address for documentation, which nobody has


def test_money_does_not_compare_with_market_numbers() -> None:
    with pytest.raises(decimal.FloatOperation):
        assert Decimal("0.1") < 0.1


def test_money_does_not_compare_with_market_numbers_in_another_thread() -> None:
    with ThreadPoolExecutor(1) as pool, pytest.raises(decimal.FloatOperation):
        pool.submit(lambda: Decimal("0.1") < 0.1).result()


@pytest.mark.parametrize("verb", ["connect", "connect_ex"])
def test_a_socket_reaches_no_other_machine(verb: str) -> None:
    with socket.socket() as sock, pytest.raises(PermissionError, match="this machine only"):
        getattr(sock, verb)((OUTSIDE, 443))


def test_a_socket_reaches_this_machine() -> None:
    with (
        socket.create_server(("127.0.0.1", 0)) as server,
        socket.create_connection(server.getsockname()) as client,
    ):
        assert client.getpeername() == server.getsockname()


@pytest.mark.skipif(sys.platform == "win32", reason="uvloop is not for Windows")
def test_a_fast_loop_reaches_no_other_machine() -> None:
    import uvloop

    async def dial() -> None:
        await asyncio.get_running_loop().create_connection(asyncio.Protocol, "example.invalid", 443)

    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner, pytest.raises(PermissionError):
        runner.run(dial())
