"""Every order of the bot, and the fills booked on them, each exactly once."""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING, Final

from botkit.errors import InvariantError
from botkit.model.order import Order, OrderChange, OrderStatus
from botkit.model.side import Side

if TYPE_CHECKING:
    from botkit.model.events import OrderUpdate
    from botkit.model.order import AmendOrder
    from botkit.model.portfolio import Fill

__all__ = ["Blotter"]

_C = OrderChange
_ENDS: Final = frozenset({_C.LAST_FILL, _C.CANCEL})
_AMEND_ANSWERS: Final = frozenset({_C.AMEND, _C.AMEND_FAIL})


class Blotter:
    """Orders by our id, open ones by instrument, and the ids of the fills booked.

    The venue may tell the same thing twice, late, or in another order: what is
    already known changes nothing. An end that counts fills which were not told
    waits for them, so that what they bought is reserved until it is owned.
    """

    def __init__(self) -> None:
        self._orders: dict[str, Order] = {}
        self._open: dict[str, Order] = {}
        self._open_in: dict[str, dict[str, Order]] = {}
        self._booked: set[tuple[str, str, str]] = set()
        self._ends: dict[str, OrderUpdate] = {}

    def add(self, order: Order) -> None:
        """Take in an order that was just made."""
        self._orders[order.id] = order
        self._file(order)

    def get(self, client_order_id: str) -> Order | None:
        """Return the order, None if it is not ours."""
        return self._orders.get(client_order_id)

    def open_orders(self, symbol: str = "") -> list[Order]:
        """Return what may still trade, oldest first, of one instrument or of all."""
        if symbol:
            return list(self._open_in.get(symbol, {}).values())
        return list(self._open.values())

    @property
    def open_count(self) -> int:
        """Return how many orders may still trade."""
        return len(self._open)

    def working(self, symbol: str, side: Side, excluding: str = "") -> Decimal:
        """Return what open and unknown orders of one side may still fill, in base currency."""
        total = Decimal(0)
        for order in self._open_in.get(symbol, {}).values():
            if order.side is side and order.id != excluding:
                total += max(_largest_size(order) - order.filled_size, Decimal(0))
        return total

    def change(self, order: Order, change: OrderChange, now_ns: int) -> None:
        """Move an order on by the table of `botkit.model.order`."""
        order.change(change, now_ns)
        self._file(order)

    def book(self, fill: Fill) -> Order | None:
        """Book a fill on its order; return the order, None if the fill is known or the order is not ours."""
        order = self._orders.get(fill.client_order_id)
        if order is None or self.is_booked(fill):
            return None
        if (fill.symbol, fill.side) != (order.symbol, order.side):
            raise InvariantError(
                f"{fill.side.value} {fill.symbol} was filled under {order.id}, which is to "
                f"{order.side.value} {order.symbol}: somebody else uses our order ids"
            )
        self._booked.add(_key(fill))
        filled = order.filled_size + fill.size
        order.average_price = (order.average_price * order.filled_size + fill.price * fill.size) / filled
        order.filled_size = filled
        order.venue_order_id = order.venue_order_id or fill.venue_order_id
        if fill.fee_currency:
            order.fees[fill.fee_currency] = order.fees.get(fill.fee_currency, Decimal(0)) + fill.fee
        self.change(order, _C.LAST_FILL if filled >= _largest_size(order) else _C.PARTIAL_FILL, fill.recv_ns)
        end = self._ends.get(order.id)
        if end is not None and filled >= end.cumulative_size:
            del self._ends[order.id]
            self.apply(order, end)
        return order

    def is_booked(self, fill: Fill) -> bool:
        """Tell whether this fill was booked before."""
        return _key(fill) in self._booked

    def remember(self, fill: Fill) -> None:
        """Note the id of a fill on somebody else's order, so that it counts once."""
        self._booked.add(_key(fill))

    def apply(self, order: Order, update: OrderUpdate) -> bool:
        """Apply what the venue says; tell whether fills are missing that it has counted."""
        before = order.status
        order.venue_order_id = order.venue_order_id or update.venue_order_id
        is_short = update.cumulative_size > order.filled_size
        if is_short and update.change in _ENDS:
            self._ends[order.id] = update
            return True
        _take_terms(order, update)
        if update.change is _C.CANCEL_FAIL:
            order.cancel_requested_ns = 0
        self.change(order, update.change, update.recv_ns)
        if update.change in _AMEND_ANSWERS and order.filled_size >= _largest_size(order):
            self.change(order, _C.LAST_FILL, update.recv_ns)
        if order.status is not before and update.reason:
            order.reason = update.reason
        return is_short

    def request_amendment(self, order: Order, amendment: AmendOrder) -> None:
        """Note that new terms are under way; those before them, if never answered, stay in doubt."""
        if order.amending is not None:
            order.doubtful_size = max(order.doubtful_size, order.amending.size)
        order.amending = amendment

    def lose_pending(self, now_ns: int) -> list[Order]:
        """Make every order UNKNOWN whose sending was not confirmed; return them."""
        lost = [order for order in self._orders.values() if order.status is OrderStatus.PENDING]
        for order in lost:
            self.change(order, _C.LOSE, now_ns)
        return lost

    def _file(self, order: Order) -> None:
        working = self._open_in.setdefault(order.symbol, {})
        if order.is_open:
            self._open[order.id] = working[order.id] = order
        else:
            self._open.pop(order.id, None)
            working.pop(order.id, None)
            order.amending = None


def _key(fill: Fill) -> tuple[str, str, str]:
    # The order's id belongs to it: a trade of the bot with itself has two fills of one trade id.
    return (fill.symbol, fill.trade_id, fill.venue_order_id or fill.client_order_id)


def _largest_size(order: Order) -> Decimal:
    # While the venue has not answered an amendment, either size may be the one that it works with.
    largest = max(order.size, order.doubtful_size)
    return largest if order.amending is None else max(largest, order.amending.size)


def _take_terms(order: Order, update: OrderUpdate) -> None:
    if update.size is not None:
        order.size = update.size
        order.doubtful_size = Decimal(0)  # the venue shows what it works with
    if update.limit_price is not None:
        order.limit_price = update.limit_price
    wanted = order.amending
    if wanted is not None and update.change in _AMEND_ANSWERS:
        # Whoever cannot name the amendment, a simulator or an answer to a question, shows its terms.
        has_its_terms = (order.size, order.limit_price) == (wanted.size, wanted.limit_price)
        if update.amend_id == wanted.amend_id or (update.change is _C.AMEND and has_its_terms):
            order.amending = None
