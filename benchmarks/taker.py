"""The strategy of the tick-to-trade benchmark: every trade is answered with an order."""

from __future__ import annotations

import botkit
from botkit import Side, Strategy, TimeInForce, Trade


class Taker(Strategy):
    """Send an immediate-or-cancel order at the price of each trade."""

    class Params(botkit.Params):
        """What to trade."""

        symbols: list[str]

    def on_start(self) -> None:
        """Hear trades."""
        for symbol in self.params.symbols:
            self.subscribe_trades(symbol)

    def on_trade(self, trade: Trade) -> None:
        """Answer."""
        self.limit(trade.symbol, Side.BUY, 0.001, trade.price, time_in_force=TimeInForce.IOC)
