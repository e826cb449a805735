"""Lines of recorded markets, read into whole ticks and lots.

Two kinds of recording are understood, told apart by their lines:

    1723161600001692584 {"stream":"btcusdt@bookTicker","data":{...}}     Binance, receive time in ns
    1652459225.5065: {"arg":{"channel":"books","instId":...},...}        OKX, receive time in s

Of Binance's streams `bookTicker`, `trade` and `depth` are read, and the answer
of REST to what the depth is, which does not say of what: it is of the
instrument before it. Of OKX's channels `books` and `trades` are read; `tickers`
repeat both with a delay. Acknowledgements, and instruments that are not known
here, are left out.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from decimal import Decimal
from typing import Final, NamedTuple

import msgspec

from botkit.errors import ProtocolError
from botkit.model.instrument import Instrument
from botkit.model.side import Side
from botkit.sim.listing import BTC_USDT, BTC_USDT_SWAP, ETH_USDT

__all__ = ["DepthChange", "Print", "Record", "Recording", "Touch"]

TickLevel = tuple[int, int]
"""Ticks and lots of one price; 0 lots remove it."""

_PEEKED: Final = 50
"""So many records at the start decide which instruments a recording has."""

# Sizes that were left behind when Binance made its lots coarser have all eight decimals.
_BINANCE_BTC: Final = msgspec.structs.replace(BTC_USDT, tick_size=Decimal("0.01"))
_BINANCE_ETH: Final = msgspec.structs.replace(ETH_USDT, lot_size=Decimal("0.00000001"))
_BINANCE_SPOT: Final = {"BTCUSDT": _BINANCE_BTC, "ETHUSDT": _BINANCE_ETH}
_BINANCE_SWAP: Final = {"BTCUSDT": BTC_USDT_SWAP}
_OKX: Final = {instrument.symbol: instrument for instrument in (BTC_USDT, ETH_USDT, BTC_USDT_SWAP)}


class Touch(NamedTuple):
    """The best bid and offer."""

    ns: int
    symbol: str
    bid: TickLevel
    ask: TickLevel


class DepthChange(NamedTuple):
    """New sizes of some prices, or of all if it is a snapshot."""

    ns: int
    symbol: str
    bids: list[TickLevel]
    asks: list[TickLevel]
    is_snapshot: bool


class Print(NamedTuple):
    """A trade; `side` is the taker's."""

    ns: int
    symbol: str
    side: Side
    ticks: int
    lots: int


Record = Touch | DepthChange | Print


class Recording:
    """The records of some lines, in their order.

    Attributes:
        instruments: What the recording is about, in order of appearance.

    """

    def __init__(self, lines: Iterable[str]) -> None:
        self._records = _read(lines)
        self._peeked: list[Record] = []
        symbols: dict[str, Instrument] = {}
        for instrument, record in self._records:
            symbols[instrument.symbol] = instrument
            self._peeked.append(record)
            if len(self._peeked) == _PEEKED:
                break
        if not symbols:
            raise ProtocolError("no line of this recording tells of an instrument that is known")
        self.instruments = tuple(symbols.values())

    def __iter__(self) -> Iterator[Record]:
        yield from self._peeked
        self._peeked.clear()
        symbols = {instrument.symbol for instrument in self.instruments}
        for _, record in self._records:
            if record.symbol in symbols:
                yield record


class _BinanceData(msgspec.Struct):
    s: str
    e: str = ""
    b: str | list[tuple[str, str]] = ""
    a: str | list[tuple[str, str]] = ""
    bid_size: str = msgspec.field(name="B", default="")
    ask_size: str = msgspec.field(name="A", default="")
    p: str = ""
    q: str = ""
    m: bool = False
    x: str = msgspec.field(name="X", default="")
    pu: int = 0


class _BinanceFrame(msgspec.Struct):
    stream: str = ""
    data: _BinanceData | None = None
    bids: list[tuple[str, str]] = []
    asks: list[tuple[str, str]] = []


class _OkxArg(msgspec.Struct, frozen=True):
    channel: str = ""
    instrument: str = msgspec.field(name="instId", default="")


class _OkxRow(msgspec.Struct):
    bids: list[tuple[str, str, str, str]] = []
    asks: list[tuple[str, str, str, str]] = []
    px: str = ""
    sz: str = ""
    side: str = ""


class _OkxFrame(msgspec.Struct):
    arg: _OkxArg = _OkxArg()
    action: str = ""
    data: list[_OkxRow] = []


_BINANCE: Final = msgspec.json.Decoder(_BinanceFrame)
_OKX_FRAME: Final = msgspec.json.Decoder(_OkxFrame)

_Found = tuple[Instrument, Record]


def _read(lines: Iterable[str]) -> Iterator[_Found]:
    instrument: Instrument | None = None
    for number, line in enumerate(lines, 1):
        head, brace, body = line.partition("{")
        stamp = head.rstrip(" :")
        if not brace or not stamp.replace(".", "", 1).isdigit():
            continue  # OKX recordings tell of connections and of what was sent, too
        try:
            if ":" in head:
                yield from _read_okx(_seconds_to_ns(stamp), brace + body)
                continue
            for found in _read_binance(int(stamp), brace + body, instrument):
                instrument = found[0]
                yield found
        except (msgspec.DecodeError, ValueError) as error:
            raise ProtocolError(f"line {number} of the recording: {error}") from error


def _read_binance(ns: int, text: str, before: Instrument | None) -> Iterator[_Found]:
    frame = _BINANCE.decode(text)
    data = frame.data
    if data is None:
        if before is not None:
            yield before, _depth(before, ns, frame.bids, frame.asks, is_snapshot=True)
        return
    stream = frame.stream.partition("@")[2]
    is_swap = bool(data.pu or data.x or (stream == "bookTicker" and data.e))
    instrument = (_BINANCE_SWAP if is_swap else _BINANCE_SPOT).get(data.s)
    if instrument is None:
        return
    ticks, lots = instrument.tick_size, instrument.lot_size
    if isinstance(data.b, list) and isinstance(data.a, list):
        yield instrument, _depth(instrument, ns, data.b, data.a, is_snapshot=False)
    elif stream == "bookTicker" and isinstance(data.b, str) and isinstance(data.a, str):
        bid = _steps(data.b, ticks), _steps(data.bid_size, lots)
        ask = _steps(data.a, ticks), _steps(data.ask_size, lots)
        yield instrument, Touch(ns, instrument.symbol, bid, ask)
    elif stream == "trade" and (size := _steps(data.q, lots)):
        # `m` says that the buyer was the maker. What has size 0 did not happen on the book.
        side = Side.SELL if data.m else Side.BUY
        yield instrument, Print(ns, instrument.symbol, side, _steps(data.p, ticks), size)


def _depth(
    instrument: Instrument,
    ns: int,
    bids: Iterable[tuple[str, str]],
    asks: Iterable[tuple[str, str]],
    *,
    is_snapshot: bool,
) -> DepthChange:
    ticks, lots = instrument.tick_size, instrument.lot_size
    return DepthChange(
        ns,
        instrument.symbol,
        [(_steps(price, ticks), _steps(size, lots)) for price, size in bids],
        [(_steps(price, ticks), _steps(size, lots)) for price, size in asks],
        is_snapshot,
    )


def _read_okx(ns: int, text: str) -> Iterator[_Found]:
    frame = _OKX_FRAME.decode(text)
    instrument = _OKX.get(frame.arg.instrument)
    if instrument is None:
        return
    ticks, lots = instrument.tick_size, instrument.lot_size / instrument.contract_value
    for row in frame.data:
        if frame.arg.channel == "trades":
            side = Side.SELL if row.side == "sell" else Side.BUY
            yield instrument, Print(ns, instrument.symbol, side, _steps(row.px, ticks), _steps(row.sz, lots))
        elif frame.arg.channel == "books":
            bids = [(_steps(price, ticks), _steps(size, lots)) for price, size, _, _ in row.bids]
            asks = [(_steps(price, ticks), _steps(size, lots)) for price, size, _, _ in row.asks]
            is_snapshot = frame.action == "snapshot"
            yield instrument, DepthChange(ns, instrument.symbol, bids, asks, is_snapshot)


def _seconds_to_ns(text: str) -> int:
    whole, _, part = text.partition(".")
    return int(whole) * 1_000_000_000 + int(part.ljust(9, "0")[:9])


def _steps(text: str, step: Decimal) -> int:
    """Return how many steps a number has; steps are 1, 0.1, 0.01 and so on."""
    digits = -step.adjusted()
    whole, _, part = text.partition(".")
    if part[digits:].strip("0"):
        raise ValueError(f"{text} is not a multiple of {step}")
    return int(whole + part[:digits].ljust(digits, "0"))
