"""A market maker: always one bid below the middle of the market and one offer above it.

Whoever is in a hurry trades with us, and we earn the distance between our two
prices. The risk is inventory: after many sales in a row we own what is falling.
So the more we hold, the lower both prices go (the bid becomes shy, the offer
eager), and at the limit the side that would add to it is not quoted at all.
"""

from botkit import Fill, InstrumentKind, Params, Quote, Strategy, TradingState, field


class Quoter(Strategy):
    """Two-sided quotes around the mid price, leaning against inventory."""

    class Params(Params):
        symbol: str = "BTC-USDT"
        half_spread_bps: float = field(1.5, gt=0, le=100, description="each price's distance from the mid")
        skew_bps: float = field(1.0, ge=0, le=100, description="how far a full inventory moves both prices")
        size: float = field(0.01, gt=0, description="of each quote, in base currency")
        max_inventory: float = field(0.05, gt=0, description="most to hold, in base currency")
        tolerance_bps: float = field(1.0, ge=0, le=100, description="an older quote this near stays")

    def on_start(self) -> None:
        self.may_quote = False  # until the bot's books and the venue's are known to agree
        self.subscribe_quotes(self.params.symbol)

    def on_quote(self, quote: Quote) -> None:
        if not (self.may_quote and quote.bid and quote.ask):  # with a side empty there is no middle
            self.cancel_all(quote.symbol)
            return
        p = self.params
        held = float(self.position(p.symbol).size)
        fullness = max(-1.0, min(1.0, held / p.max_inventory))
        middle = quote.mid * (1 - fullness * p.skew_bps / 10_000)
        away = quote.mid * p.half_spread_bps / 10_000
        # On the spot market nobody can sell what he does not have.
        owed_at_most = p.max_inventory if self.instrument(p.symbol).kind is InstrumentKind.SWAP else 0.0
        self.quote(
            p.symbol,
            bid=middle - away,
            ask=middle + away,
            size=(min(p.size, p.max_inventory - held), min(p.size, owed_at_most + held)),
            tolerance_bps=p.tolerance_bps,
        )

    def on_state(self, state: TradingState, reason: str) -> None:
        self.may_quote = state is TradingState.ACTIVE
        if not self.may_quote:
            self.log.warning("quoting stopped", state=state.value, reason=reason)
            self.cancel_all(self.params.symbol)

    def on_fill(self, fill: Fill) -> None:
        held = self.position(fill.symbol).size
        self.log.info("filled", side=fill.side.value, size=fill.size, price=fill.price, held=held)

    def on_stop(self) -> None:
        self.may_quote = False
        self.cancel_all(self.params.symbol)
