"""What can be traded, and the one border between market floats and money decimals."""

from __future__ import annotations

from decimal import ROUND_CEILING, ROUND_DOWN, ROUND_FLOOR, Decimal, InvalidOperation
from typing import Final

import msgspec

from botkit.model.side import Side
from botkit.model.word import Word

__all__ = ["Instrument", "InstrumentKind", "InstrumentState", "decimal"]

_TOWARD_THE_OWNER: Final = {Side.BUY: ROUND_FLOOR, Side.SELL: ROUND_CEILING}


class InstrumentKind(Word):
    """What owning the instrument means."""

    SPOT = "spot"
    SWAP = "swap"


class InstrumentState(Word):
    """What the venue lets one do with an instrument now."""

    LIVE = "live"
    POST_ONLY = "post_only"
    SUSPENDED = "suspended"


class Instrument(msgspec.Struct, frozen=True, tag="instrument", kw_only=True):
    """A tradable pair or linear perpetual swap.

    Sizes are in base currency, also for swaps: contracts exist on the wire only.

    Attributes:
        symbol: The venue's name, such as `BTC-USDT` or `BTC-USDT-SWAP`.
        kind: Spot or swap.
        base: Currency of sizes.
        quote: Currency of prices and of order value.
        tick_size: Smallest price step, in quote currency.
        lot_size: Smallest size step, in base currency.
        min_size: Smallest order, in base currency.
        contract_value: Base currency per contract on the wire; 1 for spot.
        max_limit_size: Largest limit order, in base currency; None if the venue names none.
        max_market_size: Largest market order, in base currency; None if the venue names none in base.
        state: What the venue allows now.
        venue_code: The venue's numeric id, where it has one (OKX `instIdCode`).

    """

    symbol: str
    kind: InstrumentKind
    base: str
    quote: str
    tick_size: Decimal
    lot_size: Decimal
    min_size: Decimal
    contract_value: Decimal = Decimal(1)
    max_limit_size: Decimal | None = None
    max_market_size: Decimal | None = None
    state: InstrumentState = InstrumentState.LIVE
    venue_code: int | None = None

    def price(self, value: float | Decimal | str, side: Side) -> Decimal:
        """Return the tick nearest `value` that is no worse for `side`.

        A buyer never pays more than asked for, a seller never gets less: bids
        round down, offers round up.

        Raises:
            ValueError: If `value` is not a finite number.

        """
        return _to_grid(decimal(value), self.tick_size, _TOWARD_THE_OWNER[side])

    def size(self, value: float | Decimal | str) -> Decimal:
        """Return the largest whole number of lots that is no more than `value`, in base currency.

        Raises:
            ValueError: If `value` is not a finite number.

        """
        return _to_grid(decimal(value), self.lot_size, ROUND_DOWN)

    def contracts(self, size: Decimal) -> Decimal:
        """Return `size` in contracts, the unit of the wire; for spot the size itself."""
        return size if self.contract_value == 1 else size / self.contract_value

    def from_contracts(self, contracts: Decimal) -> Decimal:
        """Return the base-currency size of so many contracts; for spot the number itself."""
        return contracts * self.contract_value


def decimal(value: float | Decimal | str) -> Decimal:
    """Return the number that was meant by `value`.

    Raises:
        ValueError: If `value` is not a finite number.

    """
    # repr() gives the shortest text that reads back as the same float, which is
    # what the venue sent; Decimal(0.1) would give 55 digits of binary noise. It is
    # float's own, because numpy's floats, which are floats, write `np.float64(0.1)`.
    try:
        number = Decimal(float.__repr__(value)) if isinstance(value, float) else Decimal(value)
    except InvalidOperation as error:
        raise ValueError(f"not a number: {value!r}") from error
    if not number.is_finite():
        raise ValueError(f"not a finite number: {value!r}")
    return number


def _to_grid(value: Decimal, step: Decimal, rounding: str) -> Decimal:
    return (value / step).quantize(Decimal(1), rounding=rounding) * step
