"""The floor: the least a Python client can do, written by hand and good for nothing else.

Two sockets, `websockets`' sans-I/O protocol in an `asyncio.Protocol`, uvloop, msgspec:
take a trade, answer with an order. No reconnection, no gate, no journal, no types but one.
"""

from __future__ import annotations

import asyncio
import itertools
import sys
from typing import Any
from urllib.parse import urlsplit

import msgspec
import uvloop
from websockets.client import ClientProtocol
from websockets.frames import Frame
from websockets.uri import parse_uri

from benchmarks.loopback import SYMBOLS


class _TradeRow(msgspec.Struct):
    instId: str  # noqa: N815  # as OKX spells it
    px: float
    sz: float


class _Trades(msgspec.Struct):
    data: list[_TradeRow]


class _Socket(asyncio.Protocol):
    def __init__(self, url: str) -> None:
        self.wire = ClientProtocol(parse_uri(url), max_size=None)
        self.opened = asyncio.get_running_loop().create_future()
        self.hear: Any = lambda _: None
        self.transport: Any = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = transport
        self.wire.send_request(self.wire.connect())
        self.transport.write(b"".join(self.wire.data_to_send()))

    def data_received(self, data: bytes) -> None:
        self.wire.receive_data(data)
        for event in self.wire.events_received():
            if isinstance(event, Frame):
                self.hear(event.data)
            else:
                self.opened.set_result(None)

    def send(self, frame: bytes) -> None:
        self.wire.send_text(frame)
        self.transport.write(b"".join(self.wire.data_to_send()))


async def main(ws: str) -> None:
    """Answer trades with orders until the venue is gone."""
    loop = asyncio.get_running_loop()
    host, port = urlsplit(ws).hostname or "", urlsplit(ws).port or 0
    _, feed = await loop.create_connection(lambda: _Socket(f"{ws}/public"), host, port)
    _, orders = await loop.create_connection(lambda: _Socket(f"{ws}/private"), host, port)
    await asyncio.gather(feed.opened, orders.opened)
    decode = msgspec.json.Decoder(_Trades, strict=False).decode
    codes = {symbol: code for code, symbol in enumerate(SYMBOLS, start=10)}
    ids = itertools.count(1)

    def hear(frame: bytes) -> None:
        if b'"data"' in frame:
            trade = decode(frame).data[0]
            number = next(ids)
            orders.send(
                b'{"id":"%d","op":"order","args":[{"instIdCode":%d,"tdMode":"cash","side":"buy",'
                b'"ordType":"ioc","sz":"0.001","px":"%.1f","clOrdId":"f%d"}]}'
                % (number, codes[trade.instId], trade.px, number)
            )

    feed.hear = hear
    args = [{"channel": "trades", "instId": symbol} for symbol in SYMBOLS]
    feed.send(msgspec.json.encode({"op": "subscribe", "args": args}))
    await loop.create_future()


if __name__ == "__main__":
    uvloop.run(main(sys.argv[2]))
