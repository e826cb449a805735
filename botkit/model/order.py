"""Orders: what is asked for, what became of it, and the table of what can become of it.

                       ┌──REFUSE──► REFUSED            (our gate; it never left)
    NEW ──► PENDING ───┼──REJECT──► REJECTED           (the venue said no)
               │       ├──ACCEPT──► OPEN ──LAST_FILL──► FILLED
               │       │             └──CANCEL────────► CANCELED
               └──LOSE─► UNKNOWN ──ABSENT─► VOID       (proved: it never existed)
                            └──any sign of life─► as if it had not been lost

A cancel request is not a fact, so it is a flag on the order and not a status.
Partial fills leave an order OPEN. Rows that look odd carry their reason.
The whole of it, drawn from the table: docs/orders.md.
"""

from __future__ import annotations

from decimal import Decimal
from typing import Final

import msgspec

from botkit.errors import InvariantError
from botkit.model.side import Side
from botkit.model.word import Word

__all__ = [
    "TRANSITIONS",
    "AmendOrder",
    "CancelOrder",
    "NewOrder",
    "Order",
    "OrderChange",
    "OrderStatus",
    "OrderType",
    "TimeInForce",
]


class OrderType(Word):
    """Whether an order names its price."""

    LIMIT = "limit"
    MARKET = "market"


class TimeInForce(Word):
    """How long an order waits: until canceled, or not at all."""

    GTC = "gtc"
    IOC = "ioc"
    FOK = "fok"


class OrderStatus(Word):
    """What is known of an order."""

    PENDING = "pending"
    OPEN = "open"
    UNKNOWN = "unknown"
    FILLED = "filled"
    CANCELED = "canceled"
    REJECTED = "rejected"
    REFUSED = "refused"
    VOID = "void"

    @property
    def is_final(self) -> bool:
        """Tell whether nothing more is expected."""
        return self in _FINAL


class OrderChange(Word):
    """What happened to an order.

    AMEND and AMEND_FAIL change terms, not the status. LOSE means that the
    outcome of sending is unknown; ABSENT, that the venue has proved it never
    accepted the order.
    """

    REFUSE = "refuse"
    ACCEPT = "accept"
    REJECT = "reject"
    PARTIAL_FILL = "partial_fill"
    LAST_FILL = "last_fill"
    CANCEL = "cancel"
    CANCEL_FAIL = "cancel_fail"
    AMEND = "amend"
    AMEND_FAIL = "amend_fail"
    LOSE = "lose"
    ABSENT = "absent"


_S, _C = OrderStatus, OrderChange
_FINAL: Final = frozenset({_S.FILLED, _S.CANCELED, _S.REJECTED, _S.REFUSED, _S.VOID})

TRANSITIONS: Final[dict[tuple[OrderStatus, OrderChange], OrderStatus]] = {
    (_S.PENDING, _C.REFUSE): _S.REFUSED,
    (_S.PENDING, _C.ACCEPT): _S.OPEN,
    (_S.PENDING, _C.REJECT): _S.REJECTED,
    (_S.PENDING, _C.PARTIAL_FILL): _S.OPEN,  # overtook the acceptance
    (_S.PENDING, _C.LAST_FILL): _S.FILLED,  # overtook the acceptance
    (_S.PENDING, _C.CANCEL): _S.CANCELED,  # IOC, FOK, post-only
    (_S.PENDING, _C.CANCEL_FAIL): _S.PENDING,  # the cancel overtook the order
    (_S.PENDING, _C.AMEND): _S.OPEN,  # overtook the acceptance
    (_S.PENDING, _C.AMEND_FAIL): _S.PENDING,
    (_S.PENDING, _C.LOSE): _S.UNKNOWN,
    (_S.PENDING, _C.ABSENT): _S.VOID,
    (_S.UNKNOWN, _C.ACCEPT): _S.OPEN,
    (_S.UNKNOWN, _C.REJECT): _S.REJECTED,
    (_S.UNKNOWN, _C.PARTIAL_FILL): _S.OPEN,
    (_S.UNKNOWN, _C.LAST_FILL): _S.FILLED,
    (_S.UNKNOWN, _C.CANCEL): _S.CANCELED,
    (_S.UNKNOWN, _C.CANCEL_FAIL): _S.UNKNOWN,  # proves nothing: the order may still be on its way
    (_S.UNKNOWN, _C.AMEND): _S.OPEN,
    (_S.UNKNOWN, _C.AMEND_FAIL): _S.UNKNOWN,
    (_S.UNKNOWN, _C.LOSE): _S.UNKNOWN,
    (_S.UNKNOWN, _C.ABSENT): _S.VOID,
    (_S.OPEN, _C.ACCEPT): _S.OPEN,  # the acknowledgement and the event both say so
    (_S.OPEN, _C.REJECT): _S.OPEN,  # a resent copy was refused; the first one lives
    (_S.OPEN, _C.PARTIAL_FILL): _S.OPEN,
    (_S.OPEN, _C.LAST_FILL): _S.FILLED,
    (_S.OPEN, _C.CANCEL): _S.CANCELED,
    (_S.OPEN, _C.CANCEL_FAIL): _S.OPEN,
    (_S.OPEN, _C.AMEND): _S.OPEN,
    (_S.OPEN, _C.AMEND_FAIL): _S.OPEN,
    (_S.OPEN, _C.LOSE): _S.OPEN,  # a late timeout; the venue has already shown it
    (_S.CANCELED, _C.PARTIAL_FILL): _S.CANCELED,  # a fill told late
    (_S.CANCELED, _C.LAST_FILL): _S.FILLED,  # the cancel lost the race
    (_S.CANCELED, _C.ABSENT): _S.CANCELED,  # venues forget what never filled; OKX after two hours
    (_S.REJECTED, _C.PARTIAL_FILL): _S.OPEN,  # it traded, whatever the answer said
    (_S.REJECTED, _C.LAST_FILL): _S.FILLED,  # it traded, whatever the answer said
    (_S.REJECTED, _C.ABSENT): _S.REJECTED,  # the answer came while the venue was being asked
    **{
        # Told again: duplicates and late answers change nothing that is over.
        (over, change): over
        for over in (_S.FILLED, _S.CANCELED, _S.REJECTED)
        for change in (_C.ACCEPT, _C.REJECT, _C.CANCEL, _C.CANCEL_FAIL, _C.AMEND, _C.AMEND_FAIL, _C.LOSE)
    },
    (_S.FILLED, _C.PARTIAL_FILL): _S.FILLED,  # the word that it is done overtook its fills
    (_S.FILLED, _C.LAST_FILL): _S.FILLED,
    # It was proved absent, yet here it is: believe what is seen. The engine says so, loudly.
    (_S.VOID, _C.ACCEPT): _S.OPEN,
    (_S.VOID, _C.PARTIAL_FILL): _S.OPEN,
    (_S.VOID, _C.LAST_FILL): _S.FILLED,
    (_S.VOID, _C.CANCEL): _S.CANCELED,
    (_S.VOID, _C.AMEND): _S.OPEN,
    (_S.VOID, _C.LOSE): _S.VOID,
    (_S.VOID, _C.ABSENT): _S.VOID,
    (_S.VOID, _C.REJECT): _S.VOID,
    (_S.VOID, _C.CANCEL_FAIL): _S.VOID,  # there was nothing to cancel, or
    (_S.VOID, _C.AMEND_FAIL): _S.VOID,  # to amend
}
"""Every pair that may occur; any other is an `InvariantError`, and trading stops."""


class NewOrder(msgspec.Struct, frozen=True, tag_field="type", tag="new_order", kw_only=True):
    """An order somebody wants, before anybody agreed to it.

    Attributes:
        client_order_id: Ours, unique for ever: prefix, strategy, boot epoch, sequence.
        strategy: Name of the strategy that wants it.
        size: Base currency, a whole number of lots.
        limit_price: Quote currency, on the tick; None for a market order.
        reduce_only: It may only bring the position nearer to zero.
        deadline_ns: The venue must drop it if it arrives later than this.

    """

    client_order_id: str
    strategy: str
    symbol: str
    side: Side
    size: Decimal
    limit_price: Decimal | None = None
    type: OrderType = msgspec.field(default=OrderType.LIMIT, name="order_type")
    time_in_force: TimeInForce = TimeInForce.GTC
    post_only: bool = False
    reduce_only: bool = False
    deadline_ns: int = 0


class AmendOrder(msgspec.Struct, frozen=True, tag_field="type", tag="amend_order", kw_only=True):
    """New terms for a working order.

    Attributes:
        amend_id: Ours, unique for ever; the answer repeats it.
        size: New total size, the filled part included, in base currency.
        limit_price: New price, in quote currency.
        deadline_ns: The venue must drop it if it arrives later than this.

    """

    client_order_id: str
    amend_id: str
    strategy: str
    symbol: str
    size: Decimal
    limit_price: Decimal
    deadline_ns: int = 0


class CancelOrder(msgspec.Struct, frozen=True, tag_field="type", tag="cancel_order", kw_only=True):
    """A wish to cancel; always allowed, and safe to repeat."""

    client_order_id: str
    strategy: str
    symbol: str


class Order:
    """An order and everything known about it; the engine writes, others read.

    Attributes:
        venue_order_id: The venue's id, empty until it tells.
        filled_size: Base currency, the sum of the fills booked.
        average_price: Of the fills booked; 0 while there are none.
        fees: What the fills cost, signed as the venue books it (negative is paid), by currency.
        reason: Why it was refused, rejected or canceled; empty otherwise.
        cancel_requested_ns: When a cancel was last asked for, 0 if never; a wish, not a fact.
        amending: The amend under way, None if there is none.
        doubtful_size: The largest total size of amends that were given up without an answer: the
            venue may work with it; 0 if there is none.

    """

    __slots__ = (
        "amending",
        "average_price",
        "cancel_requested_ns",
        "created_ns",
        "doubtful_size",
        "fees",
        "filled_size",
        "limit_price",
        "reason",
        "request",
        "size",
        "status",
        "updated_ns",
        "venue_order_id",
    )

    def __init__(self, request: NewOrder, created_ns: int) -> None:
        self.request = request
        self.size = request.size
        self.limit_price = request.limit_price
        self.status = OrderStatus.PENDING
        self.venue_order_id = ""
        self.filled_size = Decimal(0)
        self.average_price = Decimal(0)
        self.fees: dict[str, Decimal] = {}
        self.reason = ""
        self.cancel_requested_ns = 0
        self.amending: AmendOrder | None = None
        self.doubtful_size = Decimal(0)
        self.created_ns = created_ns
        self.updated_ns = created_ns

    def __repr__(self) -> str:
        price = "market" if self.limit_price is None else self.limit_price
        return (
            f"<Order {self.id} {self.side.value} {self.filled_size}/{self.size} {self.symbol} "
            f"@ {price} {self.status.value}>"
        )

    def change(self, change: OrderChange, now_ns: int) -> None:
        """Move to the status that follows.

        Raises:
            InvariantError: If that change cannot happen in this status.

        """
        status = TRANSITIONS.get((self.status, change))
        if status is None:
            raise InvariantError(f"order {self.id} is {self.status.value}, yet {change.value} happened to it")
        self.status = status
        self.updated_ns = now_ns

    @property
    def id(self) -> str:
        """Return our id of the order."""
        return self.request.client_order_id

    @property
    def strategy(self) -> str:
        """Return the name of the strategy that wanted it."""
        return self.request.strategy

    @property
    def symbol(self) -> str:
        """Return the instrument."""
        return self.request.symbol

    @property
    def side(self) -> Side:
        """Return whether it buys or sells."""
        return self.request.side

    @property
    def remaining(self) -> Decimal:
        """Return the size not yet filled, in base currency."""
        return max(self.size - self.filled_size, Decimal(0))

    @property
    def cancel_requested(self) -> bool:
        """Tell whether a cancel was asked for and has not failed."""
        return self.cancel_requested_ns > 0

    @property
    def is_open(self) -> bool:
        """Tell whether it may still trade: pending, open, or not known."""
        return not self.status.is_final
