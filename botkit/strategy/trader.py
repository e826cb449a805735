"""What a strategy does: orders, and two quotes kept where they should be.

Every verb returns at once. What becomes of an order arrives in `on_order` and
`on_fill`; one that the risk gate did not let through comes back REFUSED, with
the reason in `order.reason`.
"""

from __future__ import annotations

from decimal import Decimal
from typing import Final

from botkit.model.duration import NS_PER_S
from botkit.model.instrument import InstrumentKind, decimal
from botkit.model.order import Order, OrderStatus, TimeInForce
from botkit.model.side import Side
from botkit.strategy.desk import Desk, Number
from botkit.strategy.watcher import Watcher

__all__ = ["Trader"]

_BPS: Final = Decimal(10_000)
_LARGER_BY: Final = Decimal("1.1")


class Trader(Watcher):
    """A desk's hands. Sizes are in base currency, prices in quote currency, rounded to lot and tick."""

    def __init__(self, desk: Desk) -> None:
        super().__init__(desk)
        self._quotes_rest_until_ns: dict[tuple[str, Side], int] = {}

    def buy(self, symbol: str, size: Number, *, limit_price: Number | None = None) -> Order:
        """Buy at the market, or at `limit_price` and better until canceled."""
        return self._place(symbol, Side.BUY, size, limit_price=limit_price)

    def sell(self, symbol: str, size: Number, *, limit_price: Number | None = None) -> Order:
        """Sell at the market, or at `limit_price` and better until canceled."""
        return self._place(symbol, Side.SELL, size, limit_price=limit_price)

    def limit(
        self,
        symbol: str,
        side: Side,
        size: Number,
        limit_price: Number,
        *,
        time_in_force: TimeInForce = TimeInForce.GTC,
        post_only: bool = False,
        reduce_only: bool = False,
    ) -> Order:
        """Place a limit order.

        Args:
            symbol: Instrument.
            side: Buy or sell.
            size: Base currency, rounded down to the lot.
            limit_price: Quote currency, rounded to the tick in the owner's favour.
            time_in_force: How long it waits.
            post_only: The venue cancels it rather than letting it take liquidity.
            reduce_only: It may only bring a swap position nearer to zero.

        """
        return self._desk.place(
            symbol,
            side,
            size,
            limit_price=limit_price,
            time_in_force=time_in_force,
            post_only=post_only,
            reduce_only=reduce_only,
        )

    def amend(self, order: Order, *, size: Number | None = None, limit_price: Number | None = None) -> bool:
        """Ask for a new price or total size (filled part included); tell whether the gate let it through."""
        return self._desk.amend(order, size=size, limit_price=limit_price)

    def cancel(self, order: Order) -> None:
        """Ask for an order to be canceled; it may still fill until the venue says that it is."""
        self._desk.cancel(order)

    def cancel_all(self, symbol: str = "") -> None:
        """Ask for all open orders of this strategy to be canceled, of one instrument or of all."""
        for order in self.open_orders(symbol):
            self.cancel(order)

    def close(self, symbol: str) -> Order | None:
        """Close this strategy's position at the market; None if there is nothing left to close.

        What a market order that is still on its way will close is not sent again.
        """
        position = self.position(symbol)
        side = Side.SELL if position.size > 0 else Side.BUY
        instrument = self.instrument(symbol)
        size = instrument.size(abs(position.size) - self._on_its_way(symbol, side))
        if size < instrument.min_size:
            return None
        return self._place(symbol, side, size, reduce_only=instrument.kind is InstrumentKind.SWAP)

    def quote(
        self,
        symbol: str,
        *,
        bid: Number | None,
        ask: Number | None,
        size: Number | tuple[Number, Number],
        tolerance_bps: float = 0.0,
    ) -> None:
        """Keep one bid and one offer working, post-only: place what is missing, move what is off.

        To be called as often as the wanted prices change. While the venue has
        not answered the last request of a side, that side waits for a later
        call, so there is never more than one quote on it. A partly filled quote
        is topped up when it is next moved. One that the gate does not let move
        is canceled, and its side rests for a second.

        Every open post-only order of this strategy in the instrument counts as
        its quote, so that a restart finds them again: place no others there.

        Args:
            symbol: Instrument.
            bid: Price to buy at; None to cancel the bid.
            ask: Price to sell at; None to cancel the offer.
            size: Of each, in base currency, or a pair: of the bid, of the offer. A side
                whose size is below the venue's minimum is canceled.
            tolerance_bps: A price this near to the wanted one is left alone, in 1/10,000.

        """
        bid_size, ask_size = size if isinstance(size, tuple) else (size, size)
        tolerance = decimal(tolerance_bps) / _BPS
        quotes = [order for order in self.open_orders(symbol) if order.request.post_only]
        for side, price, wanted in ((Side.BUY, bid, bid_size), (Side.SELL, ask, ask_size)):
            working = [order for order in quotes if order.side is side]
            self._keep(working, symbol, side, price, wanted, tolerance=tolerance)

    def _place(
        self,
        symbol: str,
        side: Side,
        size: Number,
        *,
        limit_price: Number | None = None,
        reduce_only: bool = False,
    ) -> Order:
        return self._desk.place(
            symbol,
            side,
            size,
            limit_price=limit_price,
            time_in_force=TimeInForce.IOC if limit_price is None else TimeInForce.GTC,
            post_only=False,
            reduce_only=reduce_only,
        )

    def _on_its_way(self, symbol: str, side: Side) -> Decimal:
        return sum(
            (
                order.remaining
                for order in self.open_orders(symbol)
                if order.side is side and order.limit_price is None
            ),
            Decimal(0),
        )

    def _keep(
        self,
        working: list[Order],
        symbol: str,
        side: Side,
        price: Number | None,
        size: Number,
        *,
        tolerance: Decimal,
    ) -> None:
        instrument = self.instrument(symbol)
        lots = instrument.size(size)
        if price is None or lots < instrument.min_size:
            self._pull(working)
        elif not working:
            self._show(symbol, side, lots, price)
        else:
            self._pull(working[1:])
            self._move(working[0], instrument.price(price, side), lots, tolerance)

    def _show(self, symbol: str, side: Side, size: Decimal, price: Number) -> None:
        if self.now_ns >= self._quotes_rest_until_ns.get((symbol, side), 0):
            order = self.limit(symbol, side, size, price, post_only=True)
            if order.status is OrderStatus.REFUSED:
                self._rest(order)

    def _move(self, order: Order, price: Decimal, size: Decimal, tolerance: Decimal) -> None:
        if order.cancel_requested:
            self.cancel(order)  # asked for again, in case it got lost
            return
        if order.status is not OrderStatus.OPEN or self._is_being_amended(order):
            return
        before = order.limit_price or price
        is_off = abs(price - before) > before * tolerance
        if not is_off and order.remaining <= size * _LARGER_BY:
            return
        if not self.amend(order, size=order.filled_size + size, limit_price=price):
            # It stands where it should not, and may not move.
            self.cancel(order)
            self._rest(order)

    def _is_being_amended(self, order: Order) -> bool:
        return order.amending is not None and self.now_ns <= order.amending.deadline_ns

    def _pull(self, orders: list[Order]) -> None:
        for order in orders:
            self.cancel(order)

    def _rest(self, order: Order) -> None:
        # The gate counts orders by the second, and would refuse the next try like this one.
        self._quotes_rest_until_ns[order.symbol, order.side] = self.now_ns + NS_PER_S
