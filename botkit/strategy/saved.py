"""What a strategy wants to find again after a restart, as the journal keeps it."""

from __future__ import annotations

import msgspec

__all__ = ["StrategyState"]


class StrategyState(msgspec.Struct, frozen=True, tag_field="type", tag="strategy_state", kw_only=True):
    """A strategy's `State`, written whenever a hook changed it.

    Attributes:
        strategy: Name of the strategy.
        payload: The state as JSON text.

    """

    strategy: str
    payload: str
