"""ccxt.pro doing the same job: watch trades, answer each with an order over WebSocket."""

from __future__ import annotations

import asyncio
import sys

import uvloop
from ccxt import pro

from benchmarks.loopback import SYMBOLS


async def main(rest: str, ws: str) -> None:
    """Answer trades with orders until the venue is gone."""
    fake = {"apiKey": "fake-key", "secret": "fake-secret", "password": "fake-passphrase"}
    # Its own brake would hold orders back for a tenth of a second each.
    exchange = pro.okx({**fake, "enableRateLimit": False})
    exchange.urls["api"]["rest"] = rest
    exchange.urls["api"]["ws"] = ws
    exchange.options["fetchMarkets"] = {"types": ["spot"]}
    exchange.has["fetchCurrencies"] = False
    await exchange.load_markets()
    symbols = [symbol.replace("-", "/") for symbol in SYMBOLS]
    while True:
        trade = (await exchange.watch_trades_for_symbols(symbols))[-1]
        symbol, price = trade["symbol"], trade["price"]
        await exchange.create_order_ws(symbol, "limit", "buy", 0.001, price, {"timeInForce": "IOC"})


if __name__ == "__main__":
    try:
        uvloop.run(main(sys.argv[1], sys.argv[2]))
    except asyncio.CancelledError:
        sys.exit(0)
