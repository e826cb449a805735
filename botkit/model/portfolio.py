"""What is owned: fills as they were booked, balances, positions. All Decimal."""

from __future__ import annotations

from decimal import Decimal

from botkit.model.instrument import Instrument
from botkit.model.market import Event
from botkit.model.side import Side
from botkit.model.word import Word

__all__ = ["Balance", "Fill", "Liquidity", "Position", "PositionReport"]

_ZERO = Decimal(0)


class Liquidity(Word):
    """Which side of the trade was waiting."""

    MAKER = "maker"
    TAKER = "taker"
    UNKNOWN = "unknown"


class Fill(Event, frozen=True, kw_only=True, tag="fill"):
    """Part of an order that traded.

    Attributes:
        client_order_id: Ours; empty when the venue made the order itself.
        trade_id: The venue's, unique within the instrument.
        price: Quote currency.
        size: Base currency.
        fee: Signed as the venue books it: negative is paid.
        cumulative_size: The order's filled size after this fill, as the venue says; 0 if it does not.

    """

    symbol: str
    client_order_id: str
    venue_order_id: str
    trade_id: str
    side: Side
    price: Decimal
    size: Decimal
    fee: Decimal = _ZERO
    fee_currency: str = ""
    liquidity: Liquidity = Liquidity.UNKNOWN
    cumulative_size: Decimal = _ZERO


class Balance(Event, frozen=True, kw_only=True, tag="balance"):
    """What the account holds of one currency.

    Attributes:
        total: Owned.
        available: Free for new orders.

    """

    currency: str
    total: Decimal
    available: Decimal


class PositionReport(Event, frozen=True, kw_only=True, tag="position"):
    """The venue's word on a swap position: signed base-currency size, and average price."""

    symbol: str
    size: Decimal
    average_price: Decimal


class Position:
    """What one owner holds in one instrument, by its own fills.

    For spot it is a holding of base currency, less the fees taken in it; for a
    swap, a signed position.

    Attributes:
        size: Signed base currency; negative is short.
        average_price: Of the open part, in quote currency; 0 when flat.
        realized_pnl: Of the closed part, in quote currency, fees not counted.
        fees: Paid in quote currency, positive; fees in base at the price of their fill.

    """

    __slots__ = ("average_price", "fees", "instrument", "realized_pnl", "size")

    def __init__(self, instrument: Instrument) -> None:
        self.instrument = instrument
        self.size = _ZERO
        self.average_price = _ZERO
        self.realized_pnl = _ZERO
        self.fees = _ZERO

    def book(self, fill: Fill) -> None:
        """Add a fill."""
        change = fill.size * fill.side.sign
        in_base = fill.fee_currency == self.instrument.base
        self.fees -= fill.fee * fill.price if in_base else fill.fee
        self._move(change, fill.price)
        if in_base:
            # OKX takes the fee of a spot buy out of what was bought. It leaves as if it had been sold
            # at the price of the fill to pay for itself, so that what it cost is counted once.
            self._move(fill.fee, fill.price)

    def unrealized_pnl(self, price: Decimal) -> Decimal:
        """Return what closing at `price` would add, in quote currency, fees not counted."""
        return (price - self.average_price) * self.size

    @property
    def is_flat(self) -> bool:
        """Tell whether nothing is held that an order could close."""
        return abs(self.size) < self.instrument.min_size

    @property
    def is_long(self) -> bool:
        """Tell whether base currency is held."""
        return self.size >= self.instrument.min_size

    @property
    def is_short(self) -> bool:
        """Tell whether base currency is owed."""
        return -self.size >= self.instrument.min_size

    def _move(self, change: Decimal, price: Decimal) -> None:
        before = self.size
        after = before + change
        if before * change >= 0:
            held = abs(before) + abs(change)
            if held:
                self.average_price = (self.average_price * abs(before) + price * abs(change)) / held
        else:
            closed = min(abs(before), abs(change)) * (1 if before > 0 else -1)
            self.realized_pnl += (price - self.average_price) * closed
            if after * before <= 0:
                self.average_price = price if after else _ZERO
        self.size = after
