"""Lines as they were recorded, for tests: one of each kind, and the recorded files beside the work tree."""

from __future__ import annotations

import gzip
import json
from itertools import islice
from pathlib import Path

MS = 10**6
START = 1_723_161_600_000_000_000

SPOT_BTC = "binance-spot-btcusdt-20240809"
SPOT_ETH = "binance-spot-ethusdt-20240809"
SWAP_BTC = "binance-usdm-btcusdt-20240808"
OKX_WS = "okx-public-ws-20220513"


def recorded(shared: Path, name: str, lines: int | None = None) -> list[str]:
    with gzip.open(shared / "data" / f"{name}.txt.gz", "rt", encoding="utf-8") as file:
        return list(islice(file, lines))


def frame(ms: int, stream: str, data: dict[str, object], symbol: str = "BTCUSDT") -> str:
    content = {"stream": f"{symbol.lower()}@{stream}", "data": {"s": symbol, **data}}
    return f"{START + ms * MS} {json.dumps(content)}\n"


def touch(ms: int, bid: str, bid_size: str, ask: str, ask_size: str) -> str:
    return frame(ms, "bookTicker", {"u": ms, "b": bid, "B": bid_size, "a": ask, "A": ask_size})


def sold(ms: int, price: str, size: str) -> str:
    return frame(ms, "trade", {"e": "trade", "p": price, "q": size, "m": True, "M": True})


def bought(ms: int, price: str, size: str) -> str:
    return frame(ms, "trade", {"e": "trade", "p": price, "q": size, "m": False, "M": True})


def depth(ms: int, bids: list[tuple[str, str]], asks: list[tuple[str, str]]) -> str:
    return frame(ms, "depth@100ms", {"e": "depthUpdate", "U": ms, "u": ms, "b": bids, "a": asks})


def snapshot(ms: int, bids: list[tuple[str, str]], asks: list[tuple[str, str]]) -> str:
    return (
        f"{START + ms * MS} {json.dumps({'lastUpdateId': 1, 'E': ms, 'T': ms, 'bids': bids, 'asks': asks})}\n"
    )


def okx(ms: int, channel: str, instrument: str, rows: list[dict[str, object]], action: str = "") -> str:
    content: dict[str, object] = {"arg": {"channel": channel, "instId": instrument}, "data": rows}
    if action:
        content["action"] = action
    return f"{(START + ms * MS) / 1e9:.3f}: {json.dumps(content)}\n"
