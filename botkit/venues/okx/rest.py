"""What OKX is asked over REST, and its answers as model types. Pure: asking is done by `ask`.

An answer whose rows cannot be understood is no answer: `VenueUnreachable`.

Source: https://www.okx.com/docs-v5/en/, as of 2026-08-22.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Final

from botkit.errors import ProtocolError, VenueRejected, VenueUnreachable
from botkit.model.duration import NS_PER_MS
from botkit.model.events import OrderUpdate
from botkit.model.instrument import Instrument
from botkit.model.market import Bar
from botkit.model.order import CancelOrder
from botkit.model.portfolio import Balance, Fill, PositionReport
from botkit.risk.scope import KeyReport
from botkit.venues.okx import account, codec, keys, orders, wire
from botkit.venues.okx.dialect import Call
from botkit.venues.okx.endpoints import Endpoint, Op
from botkit.venues.okx.keys import AccountSettings
from botkit.venues.okx.wire import FillRow, OrderRow

__all__ = ["Rest", "understood"]

_PAGE: Final = 100
_MAX_PAGES: Final = 100
_MAX_BARS: Final = 300
_BOOK_DEPTH: Final = 400
# `candles` reaches back so many bars; what is older is `history-candles`.
_RECENT_BARS: Final = 1440
_PAST_ONLY: Final = frozenset({"1s"})
# From here on one long list is quicker than a question for each.
_FEW: Final = 4
_NO_SUCH_ORDER: Final = "51603"
_NO_SUCH_INSTRUMENT: Final = frozenset({"51001", "51014"})


class Rest:
    """Asks OKX one thing at a time.

    Every method raises `VenueUnreachable` when no usable answer came, `VenueBusy`
    when OKX wants fewer questions, and `LoginRefused` when it does not accept the key.
    """

    def __init__(self, ask: Callable[[Call], Awaitable[bytes]], now_ns: Callable[[], int]) -> None:
        """Store what it works with.

        Args:
            ask: Sends a call; returns the rows of the answer.
            now_ns: Stamps answers when they come.

        """
        self._ask = ask
        self._now_ns = now_ns

    async def server_time_ns(self) -> int:
        """Return the venue's time."""
        data = await self._ask(Call(Endpoint.SERVER_TIME))
        with understood():
            return codec.decode_server_time_ns(data)

    async def key(self) -> tuple[KeyReport, AccountSettings]:
        """Return what the key may do, and how its account is set up."""
        data = await self._ask(Call(Endpoint.ACCOUNT_CONFIG))
        with understood():
            return keys.decode_key_report(data), keys.decode_settings(data)

    async def instruments(self, symbols: Sequence[str], endpoint: Endpoint) -> dict[str, Instrument]:
        """Return those of `symbols` that exist, by symbol.

        Args:
            symbols: The venue's names.
            endpoint: ACCOUNT_INSTRUMENTS for what this account may trade, or PUBLIC_INSTRUMENTS.

        """
        found: dict[str, Instrument] = {}
        for kind in ("SPOT", "SWAP"):
            wanted = [symbol for symbol in symbols if symbol.endswith("-SWAP") == (kind == "SWAP")]
            questions = [{"instId": symbol} for symbol in wanted] if len(wanted) < _FEW else [{}]
            for question in questions:
                rows = await self._instruments(endpoint, {"instType": kind, **question})
                found |= {symbol: rows[symbol] for symbol in wanted if symbol in rows}
        return found

    async def bars(self, instrument: Instrument, interval: str, count: int) -> list[Bar]:
        """Return the last `count` closed bars, or as many as there are, oldest first."""
        bars: list[Bar] = []
        asked = 0
        older_than: dict[str, str] = {}
        # The first row is the bar that is still being built.
        while len(bars) < count:
            limit = min(_MAX_BARS, count - len(bars) + 1)
            asked += limit
            is_recent = asked <= _RECENT_BARS and interval not in _PAST_ONLY
            endpoint = Endpoint.CANDLES if is_recent else Endpoint.HISTORY_CANDLES
            params = {"instId": instrument.symbol, "bar": codec.bar_name(interval), **older_than}
            data = await self._ask(Call(endpoint, {**params, "limit": str(limit)}))
            with understood():
                page = codec.decode_bars(data, instrument, interval, self._now_ns())
            if not page:
                break
            bars = page + bars
            older_than = {"after": str(page[0].open_ns // NS_PER_MS)}
        return bars[-count:] if count else []

    async def book(self, symbol: str) -> bytes:
        """Return the rows of a whole book, for the session that keeps it."""
        return await self._ask(Call(Endpoint.BOOK, {"instId": symbol, "sz": str(_BOOK_DEPTH)}))

    async def order(self, symbol: str, client_order_id: str) -> OrderRow | None:
        """Return what OKX knows of an order, None if it says that there is none."""
        call = Call(Endpoint.ORDER, {"instId": symbol, "clOrdId": client_order_id}, about=symbol)
        try:
            rows = await self._order_rows(call)
        except VenueRejected as error:
            if error.code == _NO_SUCH_ORDER:
                return None
            raise
        return rows[0] if rows else None

    async def open_orders(self) -> list[OrderRow]:
        """Return every working order of the account, newest first."""
        found: list[OrderRow] = []
        older_than: dict[str, str] = {}
        for _ in range(_MAX_PAGES):
            page = await self._order_rows(Call(Endpoint.OPEN_ORDERS, {**older_than, "limit": str(_PAGE)}))
            found += page
            if len(page) < _PAGE:
                return found
            older_than = {"after": page[-1].ord_id}
        raise VenueUnreachable(f"more than {len(found)} working orders; that is not believed")

    async def past_order(self, symbol: str, client_order_id: str) -> OrderRow | None:
        """Return a finished order from the latest page of the instrument's past, None if it is not there."""
        kind = "SWAP" if symbol.endswith("-SWAP") else "SPOT"
        params = {"instType": kind, "instId": symbol, "limit": str(_PAGE)}
        rows = await self._order_rows(Call(Endpoint.PAST_ORDERS, params))
        return next((row for row in rows if row.cl_ord_id == client_order_id), None)

    async def fills_since(self, since_ns: int, instruments: Mapping[str, Instrument]) -> list[Fill]:
        """Return the fills since `since_ns` of the venue's time, oldest first; OKX keeps three days."""
        return await self._fills({"begin": str(since_ns // NS_PER_MS)}, instruments)

    async def fills_of(self, row: OrderRow, instrument: Instrument) -> list[Fill]:
        """Return the fills of one order, oldest first; OKX keeps three days."""
        return await self._fills({"instId": row.inst_id, "ordId": row.ord_id}, {row.inst_id: instrument})

    async def balances(self) -> list[Balance]:
        """Return what is held of every currency; what is absent is zero."""
        data = await self._ask(Call(Endpoint.BALANCE))
        with understood():
            return account.decode_balances(data, self._now_ns())

    async def positions(self, instruments: Mapping[str, Instrument]) -> list[PositionReport]:
        """Return the swap positions; what is absent is flat."""
        data = await self._ask(Call(Endpoint.POSITIONS, {"instType": "SWAP"}))
        with understood():
            return account.decode_positions(data, instruments, self._now_ns())

    async def cancel(self, cancel: CancelOrder, body: bytes) -> list[OrderUpdate]:
        """Ask for a cancel; return what the answer means."""
        data = await self._ask(Call(Endpoint.CANCEL, body=body, about=cancel.symbol))
        request = orders.Request(Op.CANCEL, cancel)
        with understood():
            return orders.outcome(request, "0", "", orders.decode_acks(data), self._now_ns())

    async def _instruments(self, endpoint: Endpoint, params: dict[str, str]) -> dict[str, Instrument]:
        try:
            data = await self._ask(Call(endpoint, params, about=params["instType"]))
        except VenueRejected as error:
            if error.code in _NO_SUCH_INSTRUMENT:
                return {}
            raise
        with understood():
            return codec.decode_instruments(data)

    async def _order_rows(self, call: Call) -> list[OrderRow]:
        data = await self._ask(call)
        with understood():
            return account.decode_orders(data)

    async def _fills(self, params: dict[str, str], instruments: Mapping[str, Instrument]) -> list[Fill]:
        found: list[Fill] = []
        older_than: dict[str, str] = {}
        for _ in range(_MAX_PAGES):
            data = await self._ask(Call(Endpoint.FILLS, {**params, **older_than, "limit": str(_PAGE)}))
            with understood():
                rows = wire.decode(data, _FILL_ROWS)
                found = account.decode_fills(data, instruments, self._now_ns()) + found
            if len(rows) < _PAGE:
                return found
            older_than = {"after": rows[-1].bill_id}
        raise VenueUnreachable(f"more than {len(found)} fills at once; ask for a shorter time")


@contextmanager
def understood() -> Iterator[None]:
    """Make rows that mean nothing an answer that did not come."""
    try:
        yield
    except ProtocolError as error:
        raise VenueUnreachable(str(error)) from error


_FILL_ROWS: Final = wire.decoder(list[FillRow])
