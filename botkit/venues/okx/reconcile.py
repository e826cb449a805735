"""What became of orders while nobody was listening, and whether a lost one exists at all.

    asked for            found                      not found
    an open order        its fills, then its state  twice, 2 s apart: canceled without a fill
    a lost order         its fills, then its state  before its deadline: asked again
                                                    after it, twice, 2 s apart: ABSENT

Absence proves something only once OKX cannot execute the order any more: after
its deadline, by OKX's clock, and a margin for what may still be on its way. Fills
come before states, so that a state never counts fills that were not told.

Source: https://www.okx.com/docs-v5/en/#order-book-trading-trade-get-order-details
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence
from decimal import Decimal
from typing import Final

from botkit.errors import ConfigError, VenueUnreachable
from botkit.model.duration import NS_PER_S
from botkit.model.events import AnyEvent, OrderUpdate
from botkit.model.instrument import Instrument, InstrumentKind
from botkit.model.order import Order, OrderChange, OrderStatus
from botkit.model.portfolio import Balance, Fill, PositionReport
from botkit.venues.okx import account
from botkit.venues.okx.codec import number
from botkit.venues.okx.rest import Rest, understood
from botkit.venues.okx.skew import Skew
from botkit.venues.okx.wire import OrderRow

__all__ = ["Reconciler"]

_MARGIN_NS: Final = 2 * NS_PER_S
_APART_NS: Final = 2 * NS_PER_S
# Of an order without a deadline: longer than any gateway holds a request.
_NO_DEADLINE_NS: Final = 60 * NS_PER_S
_AGAIN_S: Final = 1.0
# OKX may count a fill on the order before it lists it among the fills.
_FILL_TRIES: Final = 4


class Reconciler:
    """Asks OKX what is true of our orders."""

    def __init__(
        self,
        rest: Rest,
        instruments: Mapping[str, Instrument],
        skew: Skew,
        now_ns: Callable[[], int],
        sleep: Callable[[float], Awaitable[None]],
    ) -> None:
        """Store what it works with.

        Args:
            rest: Asks.
            instruments: Those that are traded, by symbol.
            skew: Between our clock and the venue's.
            now_ns: Returns our time.
            sleep: Waits for so many seconds.

        """
        self._rest = rest
        self._instruments = instruments
        self._skew = skew
        self._now_ns = now_ns
        self._sleep = sleep

    async def reconcile(self, open_orders: Sequence[Order], since_ns: int) -> list[AnyEvent]:
        """Return what happened to the account since `since_ns`, each thing once.

        Working orders that are not among ours are told too. A lost order that OKX does
        not know is left to `resolve`.
        """
        ours = {order.id: order for order in open_orders}
        rows = await self._rest.open_orders()
        fills = await self._rest.fills_since(self._skew.venue_ns(since_ns), self._instruments)
        working = {row.cl_ord_id for row in rows}
        gone: list[AnyEvent] = []
        for order in open_orders:
            self._instrument(order.symbol)
            if order.id not in working:
                row = await self._rest.order(order.symbol, order.id)
                if row is not None:
                    rows.append(row)
                elif order.status is OrderStatus.OPEN:
                    gone += await self.resolve(order)
        told: list[AnyEvent] = []
        for row in rows:
            if row.inst_id in self._instruments:
                known = ours.get(row.cl_ord_id)
                fills += await self._missed_fills(row, known)
                told += self._state(row, known)
        return [*_once(fills), *told, *gone, *await self._balances(), *await self._positions()]

    async def resolve(self, order: Order) -> list[AnyEvent]:
        """Ask about one order until OKX has shown or disproved it; return what that means.

        Nothing is returned when its fate became known in another way meanwhile.
        """
        was_lost = order.status is OrderStatus.UNKNOWN
        missing_ns: int | None = None
        while order.is_open and was_lost == (order.status is OrderStatus.UNKNOWN):
            asked_ns = self._now_ns()
            row = await self._rest.order(order.symbol, order.id)
            if row is None and self._would_be_proof(order, asked_ns):
                row = await self._searched(order)
                if row is None and missing_ns is not None and asked_ns - missing_ns >= _APART_NS:
                    return [self._absence(order)]
                missing_ns = asked_ns if missing_ns is None else missing_ns
            if row is not None:
                return await self._shown(order, row)
            await self._sleep(_AGAIN_S)
        return []

    def _would_be_proof(self, order: Order, asked_ns: int) -> bool:
        """Tell whether an order not found now can never be found."""
        if order.venue_order_id:
            return True
        deadline_ns = order.request.deadline_ns or order.created_ns + _NO_DEADLINE_NS
        return asked_ns > deadline_ns + (self._skew.bound_ns or 0) + _MARGIN_NS

    async def _searched(self, order: Order) -> OrderRow | None:
        """Look where an order may be listed that cannot be asked for."""
        for row in await self._rest.open_orders():
            if row.cl_ord_id == order.id:
                return row
        return await self._rest.past_order(order.symbol, order.id)

    async def _shown(self, order: Order, row: OrderRow) -> list[AnyEvent]:
        fills = await self._missed_fills(row, order)
        updates = self._state(row, order)
        if not updates:
            raise VenueUnreachable(f"OKX calls the state of order {order.id} {row.state!r}, an unknown word")
        return [*_once(fills), *updates]

    def _absence(self, order: Order) -> OrderUpdate:
        was_shown = bool(order.venue_order_id)
        return OrderUpdate(
            recv_ns=self._now_ns(),
            symbol=order.symbol,
            client_order_id=order.id,
            venue_order_id=order.venue_order_id,
            change=OrderChange.CANCEL if was_shown else OrderChange.ABSENT,
            # OKX forgets orders that were canceled without a fill after two hours.
            reason="canceled without a fill, and forgotten by OKX" if was_shown else "OKX never accepted it",
        )

    def _state(self, row: OrderRow, known: Order | None) -> list[OrderUpdate]:
        with understood():
            return account.reconciled(row, self._instrument(row.inst_id), self._now_ns(), known)

    async def _missed_fills(self, row: OrderRow, known: Order | None) -> list[Fill]:
        """Return the order's fills if OKX counts more than we have booked."""
        instrument = self._instrument(row.inst_id)
        with understood():
            filled = instrument.from_contracts(number(row.acc_fill_sz))
        if known is None or filled <= known.filled_size:
            return []
        fills: list[Fill] = []
        for attempt in range(_FILL_TRIES):
            if attempt:
                await self._sleep(_AGAIN_S)
            fills = await self._rest.fills_of(row, instrument)
            if sum((fill.size for fill in fills), Decimal(0)) >= filled:
                break
        return fills

    def _instrument(self, symbol: str) -> Instrument:
        instrument = self._instruments.get(symbol)
        if instrument is None:
            raise ConfigError(
                f"an order of ours works in {symbol}, which is not configured",
                remedy="Configure it, or cancel the order at OKX.",
            )
        return instrument

    async def _balances(self) -> list[Balance]:
        balances = await self._rest.balances()
        named = {balance.currency for balance in balances}
        spot = [one for one in self._instruments.values() if one.kind is InstrumentKind.SPOT]
        wanted = dict.fromkeys([one.quote for one in self._instruments.values()] + [one.base for one in spot])
        none = [
            Balance(recv_ns=self._now_ns(), currency=currency, total=Decimal(0), available=Decimal(0))
            for currency in wanted
            if currency not in named
        ]
        return balances + none

    async def _positions(self) -> list[PositionReport]:
        swaps = [one.symbol for one in self._instruments.values() if one.kind is InstrumentKind.SWAP]
        if not swaps:
            return []
        positions = await self._rest.positions(self._instruments)
        named = {position.symbol for position in positions}
        flat = [
            PositionReport(recv_ns=self._now_ns(), symbol=symbol, size=Decimal(0), average_price=Decimal(0))
            for symbol in swaps
            if symbol not in named
        ]
        return positions + flat


def _once(fills: list[Fill]) -> list[Fill]:
    """Return each fill once, oldest first."""
    by_id = {(fill.symbol, fill.trade_id, fill.venue_order_id): fill for fill in fills}
    # A taker fills many orders in one millisecond; within an instrument the ids count up.
    return sorted(by_id.values(), key=lambda fill: (fill.venue_ns, len(fill.trade_id), fill.trade_id))
