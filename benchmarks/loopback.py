"""A venue on loopback that does nothing but measure: a trade out, an order back.

It speaks as much OKX as its clients need to believe it. The clock starts just
before a trades frame is written and stops when the bytes of the order arrive,
before they are parsed; what the venue does after that is on nobody's account.
"""

from __future__ import annotations

import asyncio
import itertools
import time
from array import array
from collections.abc import Callable
from typing import Any, Final

import orjson
from aiohttp import web
from websockets.frames import Frame, Opcode
from websockets.http11 import Request
from websockets.server import ServerProtocol

__all__ = ["Loopback"]

# OKX takes thirty orders a second in an instrument, and botkit keeps to that; so there are many.
SYMBOLS: Final = tuple(f"C{number:02}-USDT" for number in range(30))
_PATIENCE_S: Final = 0.1
_INSTRUMENT: Final = {
    "instType": "SPOT",
    "quoteCcy": "USDT",
    "settleCcy": "",
    "ctVal": "",
    "ctMult": "",
    "ctValCcy": "",
    "ctType": "",
    "uly": "",
    "instFamily": "",
    "tickSz": "0.1",
    "lotSz": "0.00000001",
    "minSz": "0.00001",
    "maxLmtSz": "9999",
    "maxMktSz": "1000000",
    "lever": "10",
    "state": "live",
    "optType": "",
    "stk": "",
    "listTime": "1548133413000",
    "expTime": "",
}
_INSTRUMENTS: Final = [
    {**_INSTRUMENT, "instId": symbol, "instIdCode": code, "baseCcy": symbol.partition("-")[0]}
    for code, symbol in enumerate(SYMBOLS, start=10)
]
_CONFIG: Final = {
    "uid": "2",
    "mainUid": "1",
    "perm": "read_only,trade",
    "ip": "127.0.0.1",
    "label": "benchmark",
    "acctLv": "2",
    "posMode": "net_mode",
    "roleType": "0",
    "spotRoleType": "0",
}


class Loopback:
    """Plays rounds of trade and order with whoever connects.

    Attributes:
        times_ns: From trade to order, one for each round played.

    """

    def __init__(self, rounds: int, pause_s: float = 0.002) -> None:
        self.times_ns = array("q")
        self._rounds = rounds
        self._pause_s = pause_s
        self._asked = 0
        self._played = 0
        self._sent_ns = 0
        self._feed: _Peer | None = None
        self._patience: asyncio.TimerHandle | None = None
        self._ids = itertools.count(1)
        self._done = asyncio.Event()

    async def start(self) -> tuple[str, str]:
        """Listen; return the URLs of REST and of WebSocket, the latter without its last word."""
        loop = asyncio.get_running_loop()
        server = await loop.create_server(lambda: _Peer(self), "127.0.0.1", 0)
        app = web.Application()
        app.router.add_route("*", "/{path:.*}", _rest)
        runner = web.AppRunner(app, access_log=None)
        await runner.setup()
        site = web.TCPSite(runner, "127.0.0.1", 0)
        await site.start()
        assert site._server is not None  # noqa: SLF001  # aiohttp tells its port nowhere else
        rest = site._server.sockets[0].getsockname()[1]  # type: ignore[attr-defined]  # noqa: SLF001
        feed = server.sockets[0].getsockname()[1]
        return f"http://127.0.0.1:{rest}", f"ws://127.0.0.1:{feed}/ws/v5"

    async def finished(self) -> None:
        """Wait until all rounds were played."""
        await self._done.wait()

    def begin(self, feed: _Peer) -> None:
        """Start the rounds when a connection has asked for the trades of every instrument."""
        self._asked += 1
        if self._asked == len(SYMBOLS):
            self._feed = feed
            asyncio.get_running_loop().call_later(0.5, self._next)

    def _next(self) -> None:
        if self._played == self._rounds:
            self._done.set()
            return
        self._played += 1
        frame = _trade(self._played)
        assert self._feed is not None
        # Who does not answer in time has missed the trade; it gets another.
        self._patience = asyncio.get_running_loop().call_later(_PATIENCE_S, self._next)
        self._sent_ns = time.perf_counter_ns()
        self._feed.send(frame)

    def order_arrived(self, arrived_ns: int) -> None:
        """Stop the clock of this round and plan the next."""
        if self._sent_ns and self._patience is not None:
            self._patience.cancel()
            self.times_ns.append(arrived_ns - self._sent_ns)
            self._sent_ns = 0
            asyncio.get_running_loop().call_later(self._pause_s, self._next)

    def order_id(self) -> str:
        """Return an id as the venue makes them."""
        return str(600_000_000_000_000_000 + next(self._ids))


class _Peer(asyncio.Protocol):
    """One client's WebSocket."""

    def __init__(self, venue: Loopback) -> None:
        self._venue = venue
        self._wire = ServerProtocol(max_size=None)
        self._transport: Any = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = transport

    def data_received(self, data: bytes) -> None:
        arrived_ns = time.perf_counter_ns()
        self._wire.receive_data(data)
        for event in self._wire.events_received():
            if isinstance(event, Request):
                self._wire.send_response(self._wire.accept(event))
            elif isinstance(event, Frame) and event.opcode is Opcode.TEXT:
                self._answer(bytes(event.data), arrived_ns)
        self._flush()

    def send(self, frame: bytes) -> None:
        """Write a text frame at once."""
        self._wire.send_text(frame)
        self._flush()

    def _flush(self) -> None:
        data = b"".join(self._wire.data_to_send())
        if data:
            self._transport.write(data)

    def _answer(self, frame: bytes, arrived_ns: int) -> None:
        if frame == b"ping":
            self.send(b"pong")
            return
        request = orjson.loads(frame)
        _ANSWERS[request["op"]](self, request, arrived_ns)

    def _login(self, _: dict[str, Any], __: int) -> None:
        self._say({"event": "login", "code": "0", "msg": "", "connId": "a4d3ae55"})

    def _subscribe(self, request: dict[str, Any], _: int) -> None:
        for arg in request["args"]:
            ack = {"event": "subscribe", "arg": arg, "connId": "a4d3ae55"}
            self._say({**ack, "id": request["id"]} if "id" in request else ack)
            channel = arg["channel"]
            if channel in {"account", "positions"}:
                push = {"arg": {**arg, "uid": "2"}, "eventType": "snapshot", "curPage": 1, "lastPage": True}
                self._say({**push, "data": []})
            elif channel == "bbo-tbt":
                self._say({"arg": arg, "data": [_quote()]})
            elif channel == "trades":
                self._venue.begin(self)

    def _order(self, request: dict[str, Any], arrived_ns: int) -> None:
        self._venue.order_arrived(arrived_ns)
        order = request["args"][0]
        now_ms = str(time.time_ns() // 1_000_000)
        order_id = self._venue.order_id()
        accepted = {"ordId": order_id, "clOrdId": order.get("clOrdId", ""), "tag": "", "ts": now_ms}
        item = {**accepted, "sCode": "0", "sMsg": "", "subCode": ""}
        times = {"inTime": f"{now_ms}000", "outTime": f"{now_ms}000"}
        self._say({"id": request["id"], "op": request["op"], "code": "0", "msg": "", "data": [item], **times})
        push = {"arg": {"channel": "orders", "instType": "ANY", "uid": "2"}}
        self._say({**push, "data": [_canceled(order, order_id, now_ms)]})

    def _say(self, answer: dict[str, Any]) -> None:
        self._wire.send_text(orjson.dumps(answer))


_ANSWERS: Final[dict[str, Callable[[_Peer, dict[str, Any], int], None]]] = {
    "login": _Peer._login,  # noqa: SLF001
    "subscribe": _Peer._subscribe,  # noqa: SLF001
    "order": _Peer._order,  # noqa: SLF001
    "batch-orders": _Peer._order,  # noqa: SLF001
}


def _trade(number: int) -> bytes:
    symbol = SYMBOLS[number % len(SYMBOLS)]
    row = {
        "instId": symbol,
        "tradeId": str(130_639_474 + number),
        "px": f"{42_219.9 + number % 10:.1f}",
        "sz": "0.12060306",
        "side": "buy",
        "ts": str(time.time_ns() // 1_000_000),
        "count": "1",
        "source": "0",
        "seqId": 333_793_118_093 + number,
    }
    return orjson.dumps({"arg": {"channel": "trades", "instId": symbol}, "data": [row]})


def _quote() -> dict[str, Any]:
    ms = str(time.time_ns() // 1_000_000)
    return {"asks": [["42220", "5", "0", "3"]], "bids": [["42219.9", "5", "0", "3"]], "ts": ms, "seqId": 1}


def _canceled(order: dict[str, Any], order_id: str, now_ms: str) -> dict[str, str]:
    return {
        "instType": "SPOT",
        "instId": order.get("instId") or SYMBOLS[order["instIdCode"] - 10],
        "ordId": order_id,
        "clOrdId": order.get("clOrdId", ""),
        "tag": "",
        "px": order.get("px", ""),
        "sz": order["sz"],
        "ordType": order["ordType"],
        "side": order["side"],
        "posSide": "",
        "tdMode": order["tdMode"],
        "state": "canceled",
        "cancelSource": "14",
        "accFillSz": "0",
        "avgPx": "0",
        "fillPx": "",
        "fillSz": "0",
        "tradeId": "",
        "fillTime": "",
        "fee": "0",
        "feeCcy": "BTC",
        "fillFee": "0",
        "fillFeeCcy": "",
        "execType": "",
        "category": "normal",
        "reduceOnly": "false",
        "reqId": "",
        "amendResult": "",
        "cTime": now_ms,
        "uTime": now_ms,
    }


async def _rest(request: web.Request) -> web.Response:
    """Answer what a client asks on its way to the first trade."""
    rows: dict[str, list[Any]] = {
        "/api/v5/public/time": [{"ts": str(time.time_ns() // 1_000_000)}],
        "/api/v5/account/config": [_CONFIG],
        "/api/v5/account/balance": [{"uTime": "1", "totalEq": "0", "details": []}],
    }
    data = rows.get(request.path, [])
    if request.path.endswith("/instruments") and request.query.get("instType") == "SPOT":
        wanted = request.query.get("instId")
        data = [row for row in _INSTRUMENTS if wanted in {None, row["instId"]}]
    return web.json_response({"code": "0", "msg": "", "data": data})
