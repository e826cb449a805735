"""A strategy that is always in the middle of something: the worst moment to be killed is any moment."""

import botkit
from botkit import Order, OrderStatus, Quote, Side, Strategy, TimeInForce, TradingState


class Restless(Strategy):
    """Orders that wait at the touch, some that take, amendments and cancels, whether the market moves or not."""

    class Params(botkit.Params):
        symbol: str = "BTC-USDT"
        size: float = 0.002
        pause: str = "60ms"

    def on_start(self) -> None:
        self.turn = 0
        self.may_trade = False
        self.subscribe_quotes(self.params.symbol)
        self.every(self.params.pause, "act")

    def on_state(self, state: TradingState, reason: str) -> None:
        self.may_trade = state is TradingState.ACTIVE

    def on_timer(self, name: str) -> None:
        quote = self.last_quote(self.params.symbol)
        if quote is None or not (self.may_trade and quote.bid and quote.ask):
            return
        self.turn += 1
        symbol, size = self.params.symbol, self.params.size
        mine = [order for order in self.open_orders(symbol) if order.status is OrderStatus.OPEN]
        if len(self.open_orders(symbol)) > 6:
            self.cancel_all(symbol)
        elif self.turn % 7 == 3 and mine:
            self.amend(mine[0], size=2 * size)
        elif self.turn % 7 == 5 and mine:
            self.cancel(mine[-1])
        elif self.turn % 7 == 6:
            self.take(quote)
        else:
            side = (Side.BUY, Side.SELL)[self.turn % 2]
            self.limit(symbol, side, size, quote.bid if side is Side.BUY else quote.ask, post_only=True)

    def take(self, quote: Quote) -> Order:
        held = self.position(quote.symbol).size
        side, price = (Side.SELL, quote.bid) if held > 0 else (Side.BUY, quote.ask)
        size = self.params.size
        return self.limit(quote.symbol, side, size, price, time_in_force=TimeInForce.IOC)
