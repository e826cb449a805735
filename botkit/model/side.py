"""Buy or sell: the one word that prices, orders, trades and fills share."""

from __future__ import annotations

from botkit.model.word import Word

__all__ = ["Side"]


class Side(Word):
    """Which way an order or trade goes."""

    BUY = "buy"
    SELL = "sell"

    @property
    def sign(self) -> int:
        """Return +1 for a buy and -1 for a sell."""
        return 1 if self is Side.BUY else -1

    @property
    def opposite(self) -> Side:
        """Return the other side."""
        return Side.SELL if self is Side.BUY else Side.BUY
