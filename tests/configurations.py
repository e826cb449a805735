"""Configurations as a person writes them."""

from __future__ import annotations

__all__ = ["CONFIGURATION", "changed"]

CONFIGURATION = """\
[bot]
name = "sample"
state = "state"

[venue]
address = "emulator"

[key]
account = "emulator:trader"

[risk]
max_open_orders = 10

[risk.instruments.BTC-USDT]
max_order_size = "0.05"
max_order_value = 3000
max_position_value = 20000.5

[strategy.ema]
use = "strategies/ema_cross.py"

[strategy.ema.params]
fast = 5
notional = 500.25
"""


def changed(old: str, new: str) -> str:
    """Return the sample configuration with `old`, which must be in it once, replaced."""
    assert CONFIGURATION.count(old) == 1
    return CONFIGURATION.replace(old, new)
