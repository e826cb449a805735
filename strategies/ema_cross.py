"""A trend follower: two averages of the closing price, a fast one and a slow one.

While the fast one is above the slow one the price has been rising, and the
strategy owns the coin; when it falls below, it sells what it has. It makes money
in trends and pays for it, in fees and small losses, while the price goes sideways.
"""

from botkit import Bar, Fill, Params, Strategy, field
from botkit.indicators import EMA


class EmaCross(Strategy):
    """Long while the fast average is above the slow one."""

    class Params(Params):
        symbol: str = "BTC-USDT"
        interval: str = "1m"
        fast: int = field(10, ge=2, le=100, description="bars in the fast average")
        slow: int = field(30, ge=5, le=400, description="bars in the slow average")
        notional: float = field(500.0, gt=0, description="what to buy for, in quote currency")

    def on_start(self) -> None:
        self.fast, self.slow = EMA(self.params.fast), EMA(self.params.slow)
        self.subscribe_bars(self.params.symbol, self.params.interval, warmup=self.params.slow)

    def on_bar(self, bar: Bar) -> None:
        fast, slow = self.fast.update(bar.close), self.slow.update(bar.close)
        # Past bars only warm the averages up, and an order that is still working decides first.
        if not self.slow.ready or bar.is_history or self.open_orders(bar.symbol):
            return
        position = self.position(bar.symbol)
        if fast > slow and position.is_flat:
            self.note("the trend turned up", fast=fast, slow=slow)
            self.buy(bar.symbol, self.params.notional / bar.close)
        elif fast < slow and position.is_long:
            self.note("the trend turned down", fast=fast, slow=slow)
            self.close(bar.symbol)

    def on_fill(self, fill: Fill) -> None:
        self.log.info("filled", side=fill.side.value, size=fill.size, price=fill.price)
