"""What an account owns, what its orders hold of it, and what fills do to it.

Spot: a working buy holds quote currency at its limit price, a sell holds base
currency; the fee of a buy is taken out of what was bought, that of a sell out
of what was earned. Linear swaps: positions in net mode, cross margin, profit
settled to quote currency when realised; orders hold the initial margin by
which they could raise that of the position. There is no liquidation.

Every amount is exact: all roundings cancel out, so that cash and fees add up.

Source of fees and margin: OKX v5 documentation, and its schedule for regular users.
"""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from typing import Final

import msgspec

from botkit.model.instrument import Instrument, InstrumentKind
from botkit.model.side import Side

__all__ = ["DEFAULT_LEVERAGE", "Account", "FeeSchedule", "SwapPosition"]

DEFAULT_LEVERAGE: Final = Decimal(3)
_ZERO: Final = Decimal(0)
_COST_STEP: Final = Decimal("1e-12")


class FeeSchedule(msgspec.Struct, frozen=True, kw_only=True):
    """What trading costs, as a fraction of the amount; negative is paid, positive a rebate."""

    spot_maker: Decimal = Decimal("-0.0008")
    spot_taker: Decimal = Decimal("-0.001")
    swap_maker: Decimal = Decimal("-0.0002")
    swap_taker: Decimal = Decimal("-0.0005")

    def rate(self, kind: InstrumentKind, *, is_maker: bool) -> Decimal:
        """Return the fraction for one side of a match."""
        if kind is InstrumentKind.SPOT:
            return self.spot_maker if is_maker else self.spot_taker
        return self.swap_maker if is_maker else self.swap_taker


class SwapPosition:
    """A swap position and what working orders could make of it.

    Attributes:
        size: Signed base currency.
        cost: Signed quote currency paid for it, so that `size` times a price less `cost` is the profit.
        buys: Value of the working buys, quote currency.
        sells: Value of the working sells, quote currency.
        realized_pnl: Since it was last flat, fees not counted.
        fees: Since it was last flat, signed.

    """

    def __init__(self, instrument: Instrument, position_id: int) -> None:
        self.instrument = instrument
        self.position_id = position_id
        self.leverage = DEFAULT_LEVERAGE
        self.size = _ZERO
        self.cost = _ZERO
        self.buys = _ZERO
        self.sells = _ZERO
        self.realized_pnl = _ZERO
        self.fees = _ZERO
        self.last_trade_id = 0
        self.created_ns = 0
        self.updated_ns = 0

    @property
    def average_price(self) -> Decimal:
        """Return what the open part was entered at; 0 when flat."""
        return self.cost / self.size if self.size else _ZERO

    def unrealized_pnl(self, mark: Decimal) -> Decimal:
        """Return the profit of the open part at that price."""
        return self.size * mark - self.cost

    def position_margin(self, mark: Decimal) -> Decimal:
        """Return the initial margin of the open part."""
        return abs(self.size * mark) / self.leverage

    def margin(self, mark: Decimal, *, buying: Decimal = _ZERO, selling: Decimal = _ZERO) -> Decimal:
        """Return the initial margin of the position and its orders, and of orders of these values besides.

        It is that of the worst that fills could make of the position.
        """
        notional = self.size * mark
        long = abs(notional + self.buys + buying)
        short = abs(notional - self.sells - selling)
        return max(long, short) / self.leverage

    def book(self, change: Decimal, price: Decimal) -> Decimal:
        """Add a signed size at a price; return the profit that it realises."""
        if not self.size:
            self.realized_pnl = self.fees = _ZERO
        if self.size * change >= 0:
            self.size += change
            self.cost += change * price
            return _ZERO
        closed = -change if abs(change) <= abs(self.size) else self.size
        entry = self.cost
        if closed != self.size:
            entry = (self.cost * closed / self.size).quantize(_COST_STEP)
        realized = closed * price - entry
        self.size -= closed
        self.cost -= entry
        opened = change + closed
        if opened:
            self.size, self.cost = opened, opened * price
        self.realized_pnl += realized
        return realized


class Account:
    """Cash, holds and positions of one account."""

    def __init__(self, name: str, balances: Mapping[str, Decimal]) -> None:
        self.name = name
        self.cash: dict[str, Decimal] = dict(balances)
        self.frozen: dict[str, Decimal] = {}
        self.positions: dict[str, SwapPosition] = {}

    def hold(self, instrument: Instrument, side: Side, size: Decimal, price: Decimal) -> None:
        """Hold what an order of this size at this price needs; negative sizes release it."""
        if instrument.kind is InstrumentKind.SWAP:
            position = self.positions[instrument.symbol]
            if side is Side.BUY:
                position.buys += size * price
            else:
                position.sells += size * price
            return
        currency, amount = spot_need(instrument, side, size, price)
        self.frozen[currency] = self.frozen.get(currency, _ZERO) + amount

    def book_spot(
        self, instrument: Instrument, side: Side, size: Decimal, price: Decimal, rate: Decimal
    ) -> tuple[Decimal, str]:
        """Exchange base for quote currency; return the fee and its currency."""
        got, amount = (instrument.base, size) if side is Side.BUY else (instrument.quote, size * price)
        paid, cost = (instrument.quote, size * price) if side is Side.BUY else (instrument.base, size)
        fee = amount * rate
        self.cash[got] = self.cash.get(got, _ZERO) + amount + fee
        self.cash[paid] = self.cash.get(paid, _ZERO) - cost
        return fee, got

    def book_swap(
        self, instrument: Instrument, side: Side, size: Decimal, price: Decimal, rate: Decimal
    ) -> tuple[Decimal, Decimal]:
        """Move the position, settle what that realises; return the fee in quote currency and the profit."""
        position = self.positions[instrument.symbol]
        realized = position.book(size * side.sign, price)
        fee = size * price * rate
        position.fees += fee
        self.cash[instrument.quote] = self.cash.get(instrument.quote, _ZERO) + realized + fee
        return fee, realized


def spot_need(instrument: Instrument, side: Side, size: Decimal, price: Decimal) -> tuple[str, Decimal]:
    """Return the currency and the amount that a spot order could take."""
    if side is Side.BUY:
        return instrument.quote, size * price
    return instrument.base, size
