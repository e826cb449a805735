"""What the simulated exchange lists: instruments with the steps and minimums of the real ones in 2026.

The prices that the synthetic market starts at are in `botkit.sim.flow`.
"""

from __future__ import annotations

from decimal import Decimal
from typing import Final

from botkit.model.instrument import Instrument, InstrumentKind

__all__ = ["BTC_USDT", "BTC_USDT_SWAP", "ETH_USDT", "LISTED"]

BTC_USDT: Final = Instrument(
    symbol="BTC-USDT",
    kind=InstrumentKind.SPOT,
    base="BTC",
    quote="USDT",
    tick_size=Decimal("0.1"),
    lot_size=Decimal("0.00000001"),
    min_size=Decimal("0.00001"),
    max_limit_size=Decimal(9999),
    max_market_size=Decimal(100),
    venue_code=1001,
)

ETH_USDT: Final = Instrument(
    symbol="ETH-USDT",
    kind=InstrumentKind.SPOT,
    base="ETH",
    quote="USDT",
    tick_size=Decimal("0.01"),
    lot_size=Decimal("0.000001"),
    min_size=Decimal("0.0001"),
    max_limit_size=Decimal(99999),
    max_market_size=Decimal(1000),
    venue_code=1002,
)

BTC_USDT_SWAP: Final = Instrument(
    symbol="BTC-USDT-SWAP",
    kind=InstrumentKind.SWAP,
    base="BTC",
    quote="USDT",
    tick_size=Decimal("0.1"),
    lot_size=Decimal("0.0001"),  # 0.01 contracts
    min_size=Decimal("0.0001"),
    contract_value=Decimal("0.01"),
    max_limit_size=Decimal(1000),
    max_market_size=Decimal(100),
    venue_code=1003,
)

LISTED: Final = (BTC_USDT, ETH_USDT, BTC_USDT_SWAP)
