from __future__ import annotations

import asyncio
import json
import socket
import ssl
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import aiohttp
import pytest
import trustme
from yarl import URL

from botkit.clock import WallClock
from botkit.errors import InvariantError
from botkit.sim.exchange import SimExchange
from botkit.sim.listing import LISTED
from botkit.venues.okx.emulator.accounts import BUILT_IN, Accounts
from botkit.venues.okx.emulator.server import Emulator
from tests.venues.okx.emulator.floors import caller, iso, mac

pytestmark = pytest.mark.asyncio

ORDER = {"tdMode": "cash", "side": "buy", "ordType": "limit", "sz": "0.1", "px": "59000", "clOrdId": "mine"}


def an_emulator(**options: Any) -> Emulator:
    clock = WallClock()
    return Emulator(SimExchange(LISTED, start_ns=clock.now_ns()), Accounts(BUILT_IN), clock, **options)


@asynccontextmanager
async def running(**options: Any) -> AsyncIterator[tuple[Emulator, aiohttp.ClientSession]]:
    emulator = an_emulator(**options)
    await emulator.start()
    try:
        async with aiohttp.ClientSession() as session:
            yield emulator, session
    finally:
        await emulator.stop()


def url(emulator: Emulator, name: str) -> str:
    return str(emulator.describe()[name])


async def post(emulator: Emulator, session: aiohttp.ClientSession, path: str, body: object) -> dict[str, Any]:
    key, text = caller("trader").key, json.dumps(body)
    timestamp = iso(emulator.floor.now_ns())
    headers = {
        "OK-ACCESS-KEY": key.key,
        "OK-ACCESS-PASSPHRASE": key.passphrase,
        "OK-ACCESS-TIMESTAMP": timestamp,
        "OK-ACCESS-SIGN": mac(key.secret, f"{timestamp}POST{path}{text}"),
        "Content-Type": "application/json",
    }
    async with session.post(url(emulator, "rest") + path, data=text, headers=headers) as response:
        answer: dict[str, Any] = await response.json()
        return answer


async def say(ws: aiohttp.ClientWebSocketResponse, request: object) -> None:
    await ws.send_str(json.dumps(request))


async def hear(ws: aiohttp.ClientWebSocketResponse) -> dict[str, Any]:
    frame: dict[str, Any] = await ws.receive_json(timeout=5)
    return frame


async def log_in(emulator: Emulator, ws: aiohttp.ClientWebSocketResponse) -> None:
    key, timestamp = caller("trader").key, str(emulator.floor.now_ns() // 10**9)
    sign = mac(key.secret, f"{timestamp}GET/users/self/verify")
    arg = {"apiKey": key.key, "passphrase": key.passphrase, "timestamp": timestamp, "sign": sign}
    await say(ws, {"op": "login", "args": [arg]})
    assert (await hear(ws))["event"] == "login"


async def test_questions_are_answered_over_http() -> None:
    async with (
        running() as (emulator, session),
        session.get(url(emulator, "rest") + "/api/v5/public/time") as response,
    ):
        assert response.content_type == "application/json"
        assert (await response.json())["code"] == "0"


async def test_a_path_that_is_not_there_is_404() -> None:
    async with (
        running() as (emulator, session),
        session.get(url(emulator, "rest") + "/robots.txt") as response,
    ):
        assert response.status == 404


async def test_the_signature_is_checked_over_the_target_as_it_was_sent() -> None:
    key = caller("trader").key
    async with running() as (emulator, session):
        for query in ("?ccy=BTC,USDT", "?ccy=BTC%2CUSDT"):
            path, timestamp = f"/api/v5/account/balance{query}", iso(emulator.floor.now_ns())
            headers = {
                "ok-access-key": key.key,
                "ok-access-passphrase": key.passphrase,
                "ok-access-timestamp": timestamp,
                "ok-access-sign": mac(key.secret, f"{timestamp}GET{path}"),
            }
            target = URL(url(emulator, "rest") + path, encoded=True)
            async with session.get(target, headers=headers) as response:
                details = (await response.json())["data"][0]["details"]
                assert [one["ccy"] for one in details] == ["USDT", "BTC"]


@pytest.mark.parametrize("query", ["", "?brokerId=9999"])
async def test_the_query_of_a_websocket_does_not_matter(query: str) -> None:
    async with (
        running() as (emulator, session),
        session.ws_connect(url(emulator, "ws_public") + query) as ws,
    ):
        await ws.send_str("ping")
        assert (await ws.receive(5)).data == "pong"


async def test_an_order_is_answered_and_then_told_of() -> None:
    async with running() as (emulator, session), session.ws_connect(url(emulator, "ws_private")) as ws:
        await log_in(emulator, ws)
        await say(ws, {"op": "subscribe", "args": [{"channel": "orders", "instType": "ANY"}]})
        assert [(await hear(ws))["event"] for _ in range(2)] == ["subscribe", "channel-conn-count"]

        await say(ws, {"id": "1", "op": "order", "args": [{**ORDER, "instIdCode": 1001}]})

        ack, event = await hear(ws), await hear(ws)
        assert (ack["op"], ack["code"]) == ("order", "0")
        assert event["data"][0]["ordId"] == ack["data"][0]["ordId"]


async def test_an_order_placed_over_http_is_told_of_over_websocket_at_once() -> None:
    # So seldom that the order cannot have waited for the exchange to run by itself.
    async with (
        running(pulse_s=3600) as (emulator, session),
        session.ws_connect(url(emulator, "ws_private")) as ws,
    ):
        await log_in(emulator, ws)
        await say(ws, {"op": "subscribe", "args": [{"channel": "orders", "instType": "ANY"}]})
        await hear(ws), await hear(ws)

        answer = await post(emulator, session, "/api/v5/trade/order", {**ORDER, "instId": "BTC-USDT"})

        assert (await hear(ws))["data"][0]["ordId"] == answer["data"][0]["ordId"]


async def test_feeds_are_sent_without_being_asked() -> None:
    async with (
        running(pulse_s=0.001) as (emulator, session),
        session.ws_connect(url(emulator, "ws_public")) as ws,
    ):
        await say(ws, {"op": "subscribe", "args": [{"channel": "books", "instId": "BTC-USDT"}]})
        await hear(ws)
        assert (await hear(ws))["action"] == "snapshot"

        await post(emulator, session, "/api/v5/trade/order", {**ORDER, "instId": "BTC-USDT"})

        assert (await hear(ws))["data"][0]["bids"] == [["59000", "0.1", "0", "1"]]


async def test_a_refused_login_closes_with_4001() -> None:
    async with running() as (emulator, session), session.ws_connect(url(emulator, "ws_private")) as ws:
        await say(ws, {"op": "login", "args": []})

        assert (await hear(ws))["code"] == "60009"
        await ws.receive(5)
        assert ws.close_code == 4001


async def test_silence_closes_with_4004() -> None:
    async with (
        running(idle_timeout_s=0.05, pulse_s=0.01) as (emulator, session),
        session.ws_connect(url(emulator, "ws_public")) as ws,
    ):
        await ws.receive(5)
        assert ws.close_code == 4004


async def test_a_request_longer_than_64_kib_closes_with_1009() -> None:
    async with running() as (emulator, session), session.ws_connect(url(emulator, "ws_public")) as ws:
        await ws.send_str("x" * (64 * 1024 + 1))

        await ws.receive(5)
        assert ws.close_code == 1009


async def test_who_goes_is_forgotten() -> None:
    async with running(pulse_s=0.001) as (emulator, session):
        for _ in range(3):
            async with session.ws_connect(url(emulator, "ws_private")) as ws:
                await log_in(emulator, ws)
                await say(ws, {"op": "subscribe", "args": [{"channel": "orders", "instType": "ANY"}]})
                await hear(ws)
                assert (await hear(ws))["connCount"] == "1"


async def test_binary_frames_are_ignored() -> None:
    async with running() as (emulator, session), session.ws_connect(url(emulator, "ws_public")) as ws:
        await ws.send_bytes(b"ping")
        await ws.send_str("ping")

        assert (await ws.receive(5)).data == "pong"


async def test_stopping_closes_everything() -> None:
    emulator = an_emulator()
    await emulator.start()
    async with aiohttp.ClientSession() as session, session.ws_connect(url(emulator, "ws_public")) as ws:
        host, port = emulator.address

        await asyncio.gather(emulator.stop(), ws.receive(5))

        assert ws.close_code == 1001
        with pytest.raises(aiohttp.ClientConnectorError):
            await session.get(f"http://{host}:{port}/")
    with pytest.raises(InvariantError):
        _ = emulator.address


async def test_an_emulator_may_be_stopped_before_it_is_started() -> None:
    await an_emulator().stop()


async def test_a_port_that_is_taken_is_an_error_of_the_system() -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()

        with pytest.raises(OSError, match="address already in use"):
            await an_emulator().start(port=taken.getsockname()[1])


async def test_what_goes_wrong_while_it_runs_is_raised() -> None:
    class Broken(SimExchange):
        def advance(self, now_ns: int) -> None:
            if started.is_set():
                raise InvariantError("broken on purpose")
            super().advance(now_ns)

    started = asyncio.Event()
    clock = WallClock()
    exchange = Broken(LISTED, start_ns=clock.now_ns())
    emulator = Emulator(exchange, Accounts(BUILT_IN), clock, pulse_s=0.001)
    await emulator.start()
    started.set()

    with pytest.raises(InvariantError, match="on purpose"):
        await asyncio.wait_for(emulator.wait(), 5)
    with pytest.raises(InvariantError, match="on purpose"):
        await emulator.stop()


async def test_it_says_where_it_is_and_who_may_call() -> None:
    async with running() as (emulator, _):
        host, port = emulator.address

        said = emulator.describe()

        assert list(said) == ["rest", "ws_public", "ws_private", "ws_business", "accounts"]
        assert said["rest"] == f"http://{host}:{port}"
        assert said["ws_business"] == f"ws://{host}:{port}/ws/v5/business"
        accounts: Any = said["accounts"]
        assert accounts[0] == {
            "label": "trader",
            "key": "fake-key-of-trader",
            "secret": "FAKE-SECRET-OF-TRADER",
            "passphrase": "Fake-Passphrase-Of-trader-1",
            "perm": "read_only,trade",
            "ip": "127.0.0.1,::1",
        }
        assert json.loads(json.dumps(said)) == said


async def test_it_may_be_had_with_tls() -> None:
    authority = trustme.CA()
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    authority.issue_cert("127.0.0.1").configure_cert(context)
    trusting = ssl.create_default_context()
    authority.configure_trust(trusting)
    emulator = an_emulator()
    await emulator.start(ssl_context=context)
    try:
        async with aiohttp.ClientSession(connector=aiohttp.TCPConnector(ssl=trusting)) as session:
            async with session.get(url(emulator, "rest") + "/api/v5/public/time") as response:
                assert response.status == 200
            async with session.ws_connect(url(emulator, "ws_public")) as ws:
                await ws.send_str("ping")
                assert (await ws.receive(5)).data == "pong"
        assert url(emulator, "ws_public").startswith("wss://")
    finally:
        await emulator.stop()
