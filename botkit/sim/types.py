"""What goes into the simulated exchange and what comes out of it.

Prices are in quote currency and sizes in base currency, both `Decimal` and on
the instrument's grid; contracts exist on the wire only. Fees are signed as the
venue books them: negative is paid.
"""

from __future__ import annotations

from decimal import Decimal
from enum import Enum

import msgspec

from botkit.model.order import OrderType, TimeInForce
from botkit.model.side import Side

__all__ = [
    "BalanceReport",
    "BookChange",
    "CancelCause",
    "Candle",
    "FillReport",
    "FlowEnded",
    "MarkChange",
    "OrderReport",
    "OrderRequest",
    "OrderState",
    "PositionReport",
    "PublicTrade",
    "Report",
    "ReportKind",
    "SelfTradePrevention",
    "SimRefusal",
    "SimRefused",
    "SimStatus",
]

_ZERO = Decimal(0)


class SelfTradePrevention(Enum):
    """What happens when an order meets another of the same account; the taker's choice decides."""

    CANCEL_MAKER = "cancel_maker"
    CANCEL_TAKER = "cancel_taker"
    CANCEL_BOTH = "cancel_both"


class OrderRequest(msgspec.Struct, frozen=True, kw_only=True):
    """An order as it arrives.

    Attributes:
        account: Who asks.
        size: Base currency; quote currency if `size_in_quote`.
        limit_price: None for market orders.
        size_in_quote: The size is money to spend or to earn; spot market orders only.
        client_order_id: Unique among the account's working orders; empty if there is none.

    """

    account: str
    symbol: str
    side: Side
    type: OrderType
    size: Decimal
    limit_price: Decimal | None = None
    time_in_force: TimeInForce = TimeInForce.GTC
    post_only: bool = False
    reduce_only: bool = False
    size_in_quote: bool = False
    client_order_id: str = ""
    tag: str = ""
    stp: SelfTradePrevention = SelfTradePrevention.CANCEL_MAKER


class SimRefusal(Enum):
    """Why the exchange does not do what it is asked; nothing has changed."""

    UNKNOWN_INSTRUMENT = "unknown_instrument"
    NOT_LIVE = "not_live"
    BAD_TERMS = "bad_terms"
    DUPLICATE_CLIENT_ID = "duplicate_client_id"
    NOT_A_LOT = "not_a_lot"
    BELOW_MINIMUM = "below_minimum"
    ABOVE_MAXIMUM = "above_maximum"
    OFF_TICK = "off_tick"
    OUTSIDE_PRICE_LIMIT = "outside_price_limit"
    NO_POSITION = "no_position"
    SAME_SIDE_AS_POSITION = "same_side_as_position"
    LARGER_THAN_POSITION = "larger_than_position"
    TOO_MANY_ORDERS = "too_many_orders"
    INSUFFICIENT_BALANCE = "insufficient_balance"
    INSUFFICIENT_MARGIN = "insufficient_margin"
    UNKNOWN_ORDER = "unknown_order"
    ALREADY_DONE = "already_done"
    NOT_AMENDABLE = "not_amendable"
    NOTHING_TO_AMEND = "nothing_to_amend"
    WOULD_CROSS = "would_cross"
    UNKNOWN_ACCOUNT = "unknown_account"


class SimRefused(Exception):
    """The exchange said no, at once, and nothing has changed.

    Attributes:
        reason: For programs.
        detail: For people.

    """

    def __init__(self, reason: SimRefusal, detail: str = "") -> None:
        self.reason = reason
        self.detail = detail
        super().__init__(reason, detail)

    def __str__(self) -> str:
        words = self.reason.value.replace("_", " ")
        return f"{words}: {self.detail}" if self.detail else words


class CancelCause(Enum):
    """Why an order ended before it was filled."""

    USER = "user"
    IOC = "ioc"
    FOK = "fok"
    POST_ONLY = "post_only"
    SELF_TRADE = "self_trade"
    TOO_MANY_MATCHES = "too_many_matches"
    MARKET_REMAINDER = "market_remainder"
    REDUCE_ONLY = "reduce_only"
    CANCEL_ALL_AFTER = "cancel_all_after"
    SYSTEM = "system"


class SimStatus(Enum):
    """Where an order stands; the values are the words of the wire."""

    LIVE = "live"
    PARTIALLY_FILLED = "partially_filled"
    FILLED = "filled"
    CANCELED = "canceled"

    @property
    def is_final(self) -> bool:
        """Tell whether nothing more will happen to the order."""
        return self in {SimStatus.FILLED, SimStatus.CANCELED}


class FillReport(msgspec.Struct, frozen=True, kw_only=True):
    """One match, as one of its two sides books it.

    Attributes:
        trade_id: Unique within the instrument; both sides of a match have the same.
        bill_id: Unique within the exchange, increasing.
        fee: Signed: negative is paid.
        realized_pnl: What the match closed, quote currency, fees not counted; 0 for spot.

    """

    account: str
    symbol: str
    order_id: int
    client_order_id: str
    trade_id: int
    bill_id: int
    side: Side
    price: Decimal
    size: Decimal
    fee: Decimal
    fee_currency: str
    is_maker: bool
    ns: int
    realized_pnl: Decimal = _ZERO
    tag: str = ""


class OrderState(msgspec.Struct, frozen=True, kw_only=True):
    """What an order is at one moment.

    Attributes:
        size: As asked for or amended, in the unit of the request.
        filled: Base currency.
        average_price: Of what is filled; None while nothing is.
        fees: By currency, signed.
        realized_pnl: Quote currency, fees not counted.
        last_fill: The latest match, None before the first.
        cancel_cause: None unless canceled.

    """

    order_id: int
    request: OrderRequest
    size: Decimal
    limit_price: Decimal | None
    status: SimStatus
    filled: Decimal
    average_price: Decimal | None
    fees: dict[str, Decimal]
    realized_pnl: Decimal
    last_fill: FillReport | None
    cancel_cause: CancelCause | None
    created_ns: int
    updated_ns: int


class ReportKind(Enum):
    """What happened to an order.

    DONE is the end of a quote-sized market order, whose last match does not
    show that it is the last.
    """

    ACCEPTED = "accepted"
    FILL = "fill"
    CANCELED = "canceled"
    AMENDED = "amended"
    DONE = "done"


class OrderReport(msgspec.Struct, frozen=True, kw_only=True, tag="order"):
    """Something happened to an order; `order` is what it is since.

    A post-only order that would cross has one report only, CANCELED.
    """

    kind: ReportKind
    order: OrderState
    fill: FillReport | None = None


class BalanceReport(msgspec.Struct, frozen=True, kw_only=True, tag="balance"):
    """What an account has of one currency.

    Attributes:
        cash: Owned, realised profits and fees included.
        frozen: Held by working orders.
        margin: Held by swap positions: their initial margin.
        unrealized_pnl: Of swap positions at the mark price.
        available: Free for new orders.

    """

    account: str
    currency: str
    cash: Decimal
    frozen: Decimal
    margin: Decimal
    unrealized_pnl: Decimal
    available: Decimal
    ns: int


class PositionReport(msgspec.Struct, frozen=True, kw_only=True, tag="position"):
    """A swap position in net mode.

    Attributes:
        position_id: Stays while the exchange lives.
        size: Signed, base currency; negative is short.
        average_price: Of the open part; 0 when flat.
        mark_price: What it is valued at now.
        realized_pnl: Of the closed part since it was last flat, fees not counted.
        fees: Since it was last flat, signed.
        margin: Initial margin at the mark price.
        last_trade_id: Of the match that changed it last; 0 if there is none.

    """

    account: str
    symbol: str
    position_id: int
    size: Decimal
    average_price: Decimal
    mark_price: Decimal
    realized_pnl: Decimal
    unrealized_pnl: Decimal
    fees: Decimal
    leverage: Decimal
    margin: Decimal
    last_trade_id: int
    created_ns: int
    ns: int


class PublicTrade(msgspec.Struct, frozen=True, kw_only=True, tag="trade"):
    """What one taker traded at one price.

    Attributes:
        trade_id: Of its last match; those of the others are the `count` - 1 before it.
        side: The taker's.
        count: How many matches it stands for.

    """

    symbol: str
    trade_id: int
    price: Decimal
    size: Decimal
    side: Side
    ns: int
    count: int = 1


class BookChange(msgspec.Struct, frozen=True, kw_only=True, tag="book"):
    """A price level as it is now; size 0 when it is gone. `side` BUY is the bids."""

    symbol: str
    side: Side
    price: Decimal
    size: Decimal
    order_count: int
    ns: int


class MarkChange(msgspec.Struct, frozen=True, kw_only=True, tag="mark"):
    """The price that positions are valued at has changed."""

    symbol: str
    price: Decimal
    ns: int


class FlowEnded(msgspec.Struct, frozen=True, kw_only=True, tag="flow_ended"):
    """The market that was hosted has no more to say, as a tape at its end; its book stays as it is."""

    symbols: tuple[str, ...]
    ns: int


class Candle(msgspec.Struct, frozen=True, kw_only=True):
    """What was traded in one period.

    Attributes:
        volume: Base currency.
        quote_volume: Quote currency.
        is_closed: The period is over.

    """

    open_ns: int
    open: Decimal
    high: Decimal
    low: Decimal
    close: Decimal
    volume: Decimal
    quote_volume: Decimal
    is_closed: bool


Report = OrderReport | BalanceReport | PositionReport | PublicTrade | BookChange | MarkChange | FlowEnded
