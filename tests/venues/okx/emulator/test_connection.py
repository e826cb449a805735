from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest
from aiohttp import ClientSession, ClientWebSocketResponse, web

from botkit.venues.okx.emulator.connection import Connection

pytestmark = pytest.mark.asyncio


class Line:
    """A connection, and the client at its other end."""

    connection: Connection
    client: ClientWebSocketResponse
    server: web.WebSocketResponse
    writing: asyncio.Task[None]


@asynccontextmanager
async def a_line() -> AsyncIterator[Line]:
    line, ready, over = Line(), asyncio.Event(), asyncio.Event()

    async def accept(request: web.BaseRequest) -> web.StreamResponse:
        line.server = web.WebSocketResponse(compress=False)
        await line.server.prepare(request)
        loop = asyncio.get_running_loop()
        line.connection = Connection(line.server, loop.time())
        line.writing = asyncio.create_task(line.connection.write(loop))
        ready.set()
        await over.wait()
        return line.server

    runner = web.ServerRunner(web.Server(accept), shutdown_timeout=0.1)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    async with ClientSession() as session:
        line.client = await session.ws_connect(f"http://127.0.0.1:{runner.addresses[0][1]}")
        await ready.wait()
        try:
            yield line
        finally:
            line.connection.finish(1000)
            over.set()
            await line.client.close()
            await line.writing
    await runner.cleanup()


async def test_frames_arrive_in_order_before_the_end() -> None:
    async with a_line() as line:
        for n in range(100):
            line.connection.send(b"%d" % n)
        line.connection.finish(4001)

        assert [int((await line.client.receive(5)).data) for _ in range(100)] == list(range(100))
        await line.client.receive(5)
        assert line.client.close_code == 4001


async def test_nothing_is_sent_after_the_end_and_the_first_reason_counts() -> None:
    async with a_line() as line:
        line.connection.finish(4004)
        line.connection.finish(4001)
        line.connection.send(b"late")

        await line.client.receive(5)
        assert line.client.close_code == 4004


async def test_silence_closes_the_connection_and_traffic_keeps_it() -> None:
    async with a_line() as line:
        line.connection.heard(1000.0)
        line.connection.check_silence(1029.9, 30.0)
        line.connection.send(b"still here")
        assert (await line.client.receive(5)).data == "still here"

        line.connection.heard(1000.0)
        line.connection.check_silence(1030.0, 30.0)

        await line.client.receive(5)
        assert line.client.close_code == 4004


async def test_who_does_not_read_is_cut_off_and_nobody_waits_for_him() -> None:
    async with a_line() as line:
        for _ in range(40):  # without the loop having a turn to write
            line.connection.send(b"x" * 1024 * 1024)

        await line.client.receive(5)
        assert line.client.close_code == 4005


async def test_who_reads_may_be_sent_any_amount() -> None:
    async with a_line() as line:
        for _ in range(10):
            line.connection.send(b"x" * 1024 * 1024)
            assert len((await line.client.receive(5)).data) == 1024 * 1024
