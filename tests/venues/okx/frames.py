"""What OKX sends, made by hand: frames, rows, and the instruments they are about."""

from __future__ import annotations

import json
from decimal import Decimal
from pathlib import Path
from typing import Any

from botkit.model.instrument import Instrument, InstrumentKind
from botkit.model.order import AmendOrder, CancelOrder, NewOrder
from botkit.model.side import Side
from botkit.venues.okx import wire
from botkit.venues.okx.signing import Signer

S = 1_000_000_000
MS = 1_000_000
NOW = 1_790_000_000 * S

# A made-up key: it opens nothing.
SIGNER = Signer("made-up-key", b"made-up-secret", "made-up-passphrase")

BTC = Instrument(
    symbol="BTC-USDT",
    kind=InstrumentKind.SPOT,
    base="BTC",
    quote="USDT",
    tick_size=Decimal("0.1"),
    lot_size=Decimal("0.00000001"),
    min_size=Decimal("0.00001"),
    venue_code=3,
)
SWAP = Instrument(
    symbol="BTC-USDT-SWAP",
    kind=InstrumentKind.SWAP,
    base="BTC",
    quote="USDT",
    tick_size=Decimal("0.1"),
    lot_size=Decimal("0.0001"),
    min_size=Decimal("0.0001"),
    contract_value=Decimal("0.01"),
    venue_code=10458,
)
INSTRUMENTS = {BTC.symbol: BTC, SWAP.symbol: SWAP}
TRADE_MODES = {InstrumentKind.SPOT: "cash", InstrumentKind.SWAP: "cross"}

# An instrument for every kind of row in the recorded frames, so that no row is passed over.
RECORDED = INSTRUMENTS | {
    symbol: Instrument(
        symbol=symbol,
        kind=InstrumentKind.SWAP if symbol.endswith("-SWAP") else InstrumentKind.SPOT,
        base=symbol.split("-")[0],
        quote=symbol.split("-")[1],
        tick_size=Decimal("0.0001"),
        lot_size=Decimal("0.0001"),
        min_size=Decimal("0.0001"),
    )
    for symbol in (
        "BCH-USDT-SWAP",
        "BTC-USD",
        "BTC-USD-SWAP",
        "ETH-USDT",
        "LTC-USDC",
        "LTC-USDT",
        "LTC-USD-190628",
        "LTC-USD-SWAP",
        "NEAR-USDT",
        "UNI-USD-SWAP",
    )
}

SHARED = Path(__file__).resolve().parents[4] / "shared" / "okx" / "fixtures"


def recorded(*patterns: str) -> list[str]:
    """Return the names of recorded payloads, to parametrise with; none where the folder is absent."""
    found = {path for pattern in patterns for path in SHARED.glob(pattern)}
    return sorted(path.relative_to(SHARED).as_posix() for path in found)


def read(name: str) -> bytes:
    return (SHARED / name).read_bytes()


def frames(name: str) -> list[bytes]:
    """Return the frames of a recording as they came over the wire: one line each, annotations left out."""
    text = read(name).decode()
    parts = text.splitlines() if name.endswith(".jsonl") else [text]
    values = [json.loads(part) for part in parts if part.strip()]
    values = [value.get("frame", value) for value in values]
    return [encode(value) for value in values if not any(key.startswith("_") for key in value)]


def encode(value: object) -> bytes:
    return json.dumps(value, separators=(",", ":")).encode()


def push(channel: str, data: object, *, symbol: str = "", **more: object) -> bytes:
    arg = {"channel": channel} | ({"instId": symbol} if symbol else {})
    return encode({"arg": arg, **more, "data": data})


def subscribed(channel: str, symbol: str = "") -> bytes:
    arg = {"channel": channel} | ({"instId": symbol} if symbol else {})
    return encode({"event": "subscribe", "arg": arg, "connId": "a4d3ae55"})


def unsubscribed(channel: str, symbol: str) -> bytes:
    return encode(
        {"event": "unsubscribe", "arg": {"channel": channel, "instId": symbol}, "connId": "a4d3ae55"}
    )


def order(**changes: str) -> dict[str, str]:
    """Return a row of the `orders` channel: a working limit order to buy 1 BTC for 100 USDT."""
    return {
        "instType": "SPOT",
        "instId": "BTC-USDT",
        "ordId": "900000000000000001",
        "clOrdId": "bk1",
        "ordType": "limit",
        "side": "buy",
        "px": "100",
        "sz": "1",
        "tgtCcy": "",
        "state": "live",
        "accFillSz": "0",
        "avgPx": "0",
        "fillPx": "",
        "fillSz": "0",
        "tradeId": "",
        "execType": "",
        "fillTime": "",
        "fillFee": "0",
        "fillFeeCcy": "",
        "cancelSource": "",
        "amendSource": "",
        "amendResult": "",
        "reqId": "",
        "code": "0",
        "msg": "",
        "uTime": "1790000000000",
        "cTime": "1790000000000",
    } | changes


def fill(
    size: str, filled: str, trade_id: str, state: str = "partially_filled", **changes: str
) -> dict[str, str]:
    """Return a row of the `orders` channel in which `size` of the order traded."""
    traded = {"fillPx": "100", "fillSz": size, "accFillSz": filled, "tradeId": trade_id, "state": state}
    fees = {"execType": "M", "fillTime": "1790000000005", "fillFee": "-0.0008", "fillFeeCcy": "BTC"}
    return order() | traded | fees | changes


def row(**changes: str) -> wire.OrderRow:
    return wire.decoder(wire.OrderRow).decode(encode(order(**changes)))


def ack(request_id: str, op: str = "order", *, code: str = "0", **item: str) -> bytes:
    """Return the acknowledgement of a request for one order."""
    said = {"ordId": "900000000000000001", "clOrdId": "bk1", "sCode": code, "sMsg": ""} | item
    return encode(
        {"id": request_id, "op": op, "code": "0" if code == "0" else "1", "msg": "", "data": [said]}
    )


def new_order(**changes: Any) -> NewOrder:
    terms: dict[str, Any] = {"size": Decimal("0.01"), "limit_price": Decimal("67321.4"), "side": Side.BUY}
    return NewOrder(client_order_id="bk1", strategy="test", **{"symbol": "BTC-USDT"} | terms | changes)


def amend_order(**changes: Any) -> AmendOrder:
    terms: dict[str, Any] = {"size": Decimal("0.02"), "limit_price": Decimal(67000), "symbol": "BTC-USDT"}
    return AmendOrder(client_order_id="bk1", amend_id="bk1a", strategy="test", **terms | changes)


def cancel_order(symbol: str = "BTC-USDT") -> CancelOrder:
    return CancelOrder(client_order_id="bk1", strategy="test", symbol=symbol)


def book(
    seq: int, prev: int, *, bids: Any = (), asks: Any = (), ts: int = 1_790_000_000_000
) -> dict[str, Any]:
    """Return a row of a book channel."""
    levels = {"bids": [[*level, "0", "1"] for level in bids], "asks": [[*level, "0", "1"] for level in asks]}
    return {**levels, "ts": str(ts), "checksum": 0, "seqId": seq, "prevSeqId": prev}
