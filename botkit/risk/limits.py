"""Limits: how much one bad order, or many, may cost.

A limit that is not set is not a wide one: what has no limit is refused.
"""

from __future__ import annotations

from decimal import Decimal

import msgspec

__all__ = ["InstrumentLimits", "RiskLimits"]


class InstrumentLimits(msgspec.Struct, frozen=True, kw_only=True):
    """What one instrument may be traded for.

    Attributes:
        max_order_size: Largest order, in base currency.
        max_order_value: Largest order, in quote currency, at its worst price.
        max_position_value: Largest position, in quote currency, if every working order filled.

    """

    max_order_size: Decimal
    max_order_value: Decimal
    max_position_value: Decimal


class RiskLimits(msgspec.Struct, frozen=True, kw_only=True):
    """What one account may be traded for.

    Attributes:
        instruments: The allow-list: what is not named here is not traded.
        max_open_orders: Most orders working at once, unknown ones included.
        max_orders_per_s: New and amended orders of one strategy in any second.
        price_collar_bps: How far from the reference price an order may be priced, in 1/10,000.
        max_data_age_s: How old the reference price may be.

    """

    instruments: dict[str, InstrumentLimits]
    max_open_orders: int = 20
    max_orders_per_s: int = 5
    price_collar_bps: float = 200.0
    max_data_age_s: float = 5.0
