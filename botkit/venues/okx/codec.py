"""OKX's market rows as events, and its instruments.

Sizes of swaps are contracts on the wire and base currency in the model; the
`Instrument` knows what one is worth. Rows of an instrument that is not traded
here are passed over: without its contract value their sizes say nothing.

Source: https://www.okx.com/docs-v5/en/#order-book-trading-market-data
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from decimal import Decimal
from typing import Final

from botkit.errors import ConfigError, ProtocolError
from botkit.model.duration import NS_PER_MS
from botkit.model.events import MarketEvent
from botkit.model.instrument import Instrument, InstrumentKind, InstrumentState
from botkit.model.market import Bar, Funding, Level, MarkPrice, Quote, Trade
from botkit.venues.okx import wire
from botkit.venues.okx.wire import BookRow, CandleRow, InstrumentRow, LevelRow, Push

__all__ = [
    "INTERVALS",
    "MarketCodec",
    "bar_name",
    "decode_bars",
    "decode_instruments",
    "decode_quote",
    "decode_server_time_ns",
    "levels",
    "number",
]

_MINUTE_MS: Final = 60_000
_HOUR_MS: Final = 3_600_000

# Bars of six hours and more are asked for by UTC; without the suffix OKX's day begins at 16:00.
_BARS: Final = {
    "1s": ("1s", 1_000),
    "1m": ("1m", _MINUTE_MS),
    "3m": ("3m", 3 * _MINUTE_MS),
    "5m": ("5m", 5 * _MINUTE_MS),
    "15m": ("15m", 15 * _MINUTE_MS),
    "30m": ("30m", 30 * _MINUTE_MS),
    "1h": ("1H", _HOUR_MS),
    "2h": ("2H", 2 * _HOUR_MS),
    "4h": ("4H", 4 * _HOUR_MS),
    "6h": ("6Hutc", 6 * _HOUR_MS),
    "12h": ("12Hutc", 12 * _HOUR_MS),
    "1d": ("1Dutc", 24 * _HOUR_MS),
    "1w": ("1Wutc", 168 * _HOUR_MS),
}
INTERVALS: Final = tuple(_BARS)
"""Lengths of bars that can be subscribed to, shortest first."""


def bar_name(interval: str) -> str:
    """Return OKX's name for a length of bars, such as `1H` for `1h`.

    Raises:
        ConfigError: If there are no such bars.

    """
    if interval not in _BARS:
        raise ConfigError(f"OKX has no bars of {interval!r}", remedy=f"Choose one of {', '.join(INTERVALS)}.")
    return _BARS[interval][0]


class MarketCodec:
    """Turns pushes of market channels into events, one for each row.

    Attributes:
        by_channel: What decodes a frame of a channel, by the channel's name on the
            wire. Books are not here: they have a memory, see `books`.

    """

    def __init__(self, instruments: Mapping[str, Instrument]) -> None:
        self._instruments = instruments
        self._known: dict[str, tuple[Instrument, tuple[str, float, bool]]] = {}
        self.by_channel: dict[bytes, Callable[[bytes, int], list[MarketEvent]]] = {
            b"trades": self.trades,
            b"bbo-tbt": self.quotes,
            b"mark-price": self.mark_prices,
            b"funding-rate": self.fundings,
        }
        for interval, (name, length_ms) in _BARS.items():
            self.by_channel[f"candle{name}".encode()] = self._bars_of(interval, length_ms)

    def unit(self, symbol: str) -> float:
        """Return what one unit of size on the wire is in base currency; 0 for an unknown instrument."""
        return self._of(symbol)[1]

    def trades(self, frame: bytes, recv_ns: int) -> list[MarketEvent]:
        """Return the trades of a `trades` frame."""
        push = _TRADES.decode(frame)
        symbol, unit, _ = self._of(push.arg.inst_id)
        if not unit:
            return []
        return [
            Trade(
                recv_ns=recv_ns,
                venue_ns=row.ts * NS_PER_MS,
                symbol=symbol,
                price=row.px,
                size=row.sz * unit,
                side=row.side,
                trade_id=row.trade_id,
            )
            for row in push.data
        ]

    def quotes(self, frame: bytes, recv_ns: int) -> list[MarketEvent]:
        """Return the quotes of a `bbo-tbt` frame."""
        push = _BOOKS.decode(frame)
        symbol, unit, _ = self._of(push.arg.inst_id)
        return [_quote(row, symbol, unit, recv_ns) for row in push.data] if unit else []

    def mark_prices(self, frame: bytes, recv_ns: int) -> list[MarketEvent]:
        """Return the prices of a `mark-price` frame."""
        return [
            MarkPrice(
                recv_ns=recv_ns,
                venue_ns=row.ts * NS_PER_MS,
                symbol=row.inst_id,
                price=float(number(row.mark_px)),
            )
            for row in _MARK_PRICES.decode(frame).data
            if row.mark_px and self.unit(row.inst_id)
        ]

    def fundings(self, frame: bytes, recv_ns: int) -> list[MarketEvent]:
        """Return the rates of a `funding-rate` frame."""
        return [
            Funding(
                recv_ns=recv_ns,
                venue_ns=row.ts * NS_PER_MS,
                symbol=row.inst_id,
                rate=row.funding_rate,
                due_ns=row.funding_time * NS_PER_MS,
            )
            for row in _FUNDINGS.decode(frame).data
            if self.unit(row.inst_id)
        ]

    def _bars_of(self, interval: str, length_ms: int) -> Callable[[bytes, int], list[MarketEvent]]:
        def bars(frame: bytes, recv_ns: int) -> list[MarketEvent]:
            push = _CANDLES.decode(frame)
            symbol, unit, is_swap = self._of(push.arg.inst_id)
            if not unit:
                return []
            return [
                _bar(row, symbol, interval, length_ms, recv_ns, is_swap=is_swap, is_history=False)
                for row in push.data
                if row.confirm == "1"
            ]

        return bars

    def _of(self, symbol: str) -> tuple[str, float, bool]:
        """Return the symbol as one lasting object, the worth of a unit, and whether it is a swap."""
        instrument = self._instruments.get(symbol)
        if instrument is None:
            return symbol, 0.0, False
        known = self._known.get(symbol)
        if known is None or known[0] is not instrument:
            is_swap = instrument.kind is InstrumentKind.SWAP
            known = (instrument, (instrument.symbol, float(instrument.contract_value), is_swap))
            self._known[symbol] = known
        return known[1]


def levels(rows: list[LevelRow], unit: float) -> tuple[Level, ...]:
    """Return steps of a book with their sizes in base currency."""
    if unit == 1.0:
        return tuple([(row.px, row.sz) for row in rows])
    return tuple([(row.px, row.sz * unit) for row in rows])


def _quote(row: BookRow, symbol: str, unit: float, recv_ns: int) -> Quote:
    bid = row.bids[0] if row.bids else None
    ask = row.asks[0] if row.asks else None
    return Quote(
        recv_ns=recv_ns,
        venue_ns=row.ts * NS_PER_MS,
        symbol=symbol,
        bid=bid.px if bid else 0.0,
        bid_size=bid.sz * unit if bid else 0.0,
        ask=ask.px if ask else 0.0,
        ask_size=ask.sz * unit if ask else 0.0,
    )


def _bar(
    row: CandleRow,
    symbol: str,
    interval: str,
    length_ms: int,
    recv_ns: int,
    *,
    is_swap: bool,
    is_history: bool,
) -> Bar:
    return Bar(
        recv_ns=recv_ns,
        venue_ns=(row.ts + length_ms) * NS_PER_MS,
        symbol=symbol,
        interval=interval,
        open_ns=row.ts * NS_PER_MS,
        open=row.o,
        high=row.h,
        low=row.l,
        close=row.c,
        volume=row.vol_ccy if is_swap else row.vol,
        is_history=is_history,
    )


# ---- REST


def decode_bars(data: bytes, instrument: Instrument, interval: str, recv_ns: int) -> list[Bar]:
    """Return the closed bars among rows of `market/candles`, oldest first, as history.

    Raises:
        ProtocolError: If these are no such rows.

    """
    rows = wire.decode(data, _CANDLE_ROWS)
    is_swap = instrument.kind is InstrumentKind.SWAP
    length_ms = _BARS[interval][1]
    return [
        _bar(row, instrument.symbol, interval, length_ms, recv_ns, is_swap=is_swap, is_history=True)
        for row in sorted(rows, key=lambda row: row.ts)
        if row.confirm == "1"
    ]


def decode_quote(data: bytes, instrument: Instrument, recv_ns: int) -> Quote:
    """Return the quote of a row of `market/ticker`.

    Raises:
        ProtocolError: If there is no such row.

    """
    for row in wire.decode(data, _TICKERS):
        if row.inst_id == instrument.symbol:
            unit = instrument.contract_value
            return Quote(
                recv_ns=recv_ns,
                venue_ns=row.ts * NS_PER_MS,
                symbol=instrument.symbol,
                bid=float(number(row.bid_px)),
                bid_size=float(number(row.bid_sz) * unit),
                ask=float(number(row.ask_px)),
                ask_size=float(number(row.ask_sz) * unit),
            )
    raise ProtocolError(f"OKX sent no ticker of {instrument.symbol}")


def decode_server_time_ns(data: bytes) -> int:
    """Return the venue's time from rows of `public/time`.

    Raises:
        ProtocolError: If there is none.

    """
    rows = wire.decode(data, _TIMES)
    if not rows:
        raise ProtocolError("OKX sent no time")
    return rows[0].ts * NS_PER_MS


def decode_instruments(data: bytes) -> dict[str, Instrument]:
    """Return the instruments among rows of `instruments` that can be traded here, by symbol.

    Spot pairs and linear swaps are; inverse swaps, dated futures, options and
    rows that are not complete yet are passed over.

    Raises:
        ProtocolError: If these are no such rows.

    """
    found = (_instrument(row) for row in wire.decode(data, _INSTRUMENTS))
    return {instrument.symbol: instrument for instrument in found if instrument is not None}


_STATES: Final = {"live": InstrumentState.LIVE, "post_only": InstrumentState.POST_ONLY}


def _instrument(row: InstrumentRow) -> Instrument | None:
    tick_size, lot_size, min_size = number(row.tick_sz), number(row.lot_sz), number(row.min_sz)
    if min(tick_size, lot_size, min_size) <= 0:
        return None
    state = _STATES.get(row.state, InstrumentState.SUSPENDED)
    if row.inst_type == "SPOT" and row.base_ccy and row.quote_ccy:
        return Instrument(
            symbol=row.inst_id,
            kind=InstrumentKind.SPOT,
            base=row.base_ccy,
            quote=row.quote_ccy,
            tick_size=tick_size,
            lot_size=lot_size,
            min_size=min_size,
            max_limit_size=number(row.max_lmt_sz) or None,
            # OKX limits spot market orders in USDT, whatever the pair: that is no size in base currency.
            max_market_size=None,
            state=state,
            venue_code=row.inst_id_code,
        )
    contract = number(row.ct_val) * (number(row.ct_mult) or 1)
    if row.inst_type == "SWAP" and row.ct_type == "linear" and contract > 0 and row.settle_ccy:
        return Instrument(
            symbol=row.inst_id,
            kind=InstrumentKind.SWAP,
            base=row.ct_val_ccy,
            quote=row.settle_ccy,
            tick_size=tick_size,
            lot_size=lot_size * contract,
            min_size=min_size * contract,
            contract_value=contract,
            max_limit_size=number(row.max_lmt_sz) * contract or None,
            max_market_size=number(row.max_mkt_sz) * contract or None,
            state=state,
            venue_code=row.inst_id_code,
        )
    return None


_LONGEST_NUMBER: Final = 64


def number(text: str) -> Decimal:
    """Return the number in an account row; 0 where the venue left it empty.

    Raises:
        ProtocolError: If it is no number, or none that an account could hold.

    """
    if not text:
        return Decimal(0)
    # Plain digits only, as OKX writes them: no exponents, infinities or thousands of places.
    if (
        len(text) > _LONGEST_NUMBER
        or not text.replace(".", "", 1).removeprefix("-").isdecimal()
        or not text.isascii()
    ):
        raise ProtocolError(f"OKX sent {text[:_LONGEST_NUMBER]!r} for a number")
    return Decimal(text)


_TRADES: Final = wire.decoder(Push[wire.TradeRow])
_BOOKS: Final = wire.decoder(wire.BookPush)
_MARK_PRICES: Final = wire.decoder(Push[wire.MarkPriceRow])
_FUNDINGS: Final = wire.decoder(Push[wire.FundingRow])
_CANDLES: Final = wire.decoder(Push[CandleRow])
_CANDLE_ROWS: Final = wire.decoder(list[CandleRow])
_TICKERS: Final = wire.decoder(list[wire.TickerRow])
_TIMES: Final = wire.decoder(list[wire.TimeRow])
_INSTRUMENTS: Final = wire.decoder(list[InstrumentRow])
